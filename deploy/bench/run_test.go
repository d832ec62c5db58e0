package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestWhatIsMeasured(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		run  runCommand
		want string
	}{
		"the short form":            {runCommand{}, "sends checks latency flight start binary"},
		"the full form":             {runCommand{Full: true}, "sends checks latency flight million start binary"},
		"some":                      {runCommand{Only: []string{"flight", "sends"}}, "sends flight"},
		"of the full form, by name": {runCommand{Only: []string{"million"}}, "million"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			chosen, err := c.run.chosen()
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, g := range chosen {
				names = append(names, g.name)
			}
			if got := strings.Join(names, " "); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
	if _, err := (runCommand{Only: []string{"sends", "speed"}}).chosen(); err == nil {
		t.Error("a group that does not exist is taken")
	}
}

func TestARunIsPublishedWhereItIsAskedTo(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	page, base := filepath.Join(folder, "page.md"), filepath.Join(folder, "baseline.json")
	if err := os.WriteFile(page, []byte(sectionBegins+"\n"+sectionEnds+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := runCommand{Page: page, Save: base}
	var out strings.Builder
	if err := c.publish(&out, someReport(), nil, false); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(page)
	if err != nil || !strings.Contains(string(text), strings.TrimSpace(out.String())) {
		t.Errorf("the page lacks what was printed: %v\n%s", err, text)
	}
	if before, _ := readBaseline(base); before != nil {
		t.Error("a run that failed in part became the baseline")
	}
	if err := c.publish(&out, someReport(), nil, true); err != nil {
		t.Fatal(err)
	}
	if before, err := readBaseline(base); err != nil || before == nil {
		t.Errorf("no baseline was kept: %v", err)
	}
}
