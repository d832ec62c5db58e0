package main

import (
	"os"
	"path/filepath"
	"testing"
)

func TestOnlyTheSectionIsWrittenAnew(t *testing.T) {
	t.Parallel()
	page := "by hand\n" + sectionBegins + "\nold\n" + sectionEnds + "\nby hand too\n"
	want := "by hand\n" + sectionBegins + "\n\nnew\n\n" + sectionEnds + "\nby hand too\n"
	once, err := replaceSection(page, "new\n")
	if err != nil || once != want {
		t.Fatalf("got %q, %v", once, err)
	}
	if twice, err := replaceSection(once, "new\n"); err != nil || twice != want {
		t.Errorf("the second time: %q, %v", twice, err)
	}
}

func TestAPageWithoutItsMarkersIsLeftAlone(t *testing.T) {
	t.Parallel()
	for name, page := range map[string]string{
		"none":         "by hand\n",
		"no end":       sectionBegins + "\n",
		"no beginning": sectionEnds + "\n",
		"wrong order":  sectionEnds + "\n" + sectionBegins + "\n",
		"twice":        sectionBegins + sectionEnds + sectionBegins + sectionEnds,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "page.md")
			if err := os.WriteFile(file, []byte(page), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := writeSection(file, "new"); err == nil {
				t.Error("no error")
			}
			if text, _ := os.ReadFile(file); string(text) != page {
				t.Errorf("it holds %q now", text)
			}
		})
	}
}

// The program writes into this page, so the page has to stay fit for that.
func TestThePerformancePageHasTheMarkers(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/performance.md")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := replaceSection(string(page), "new"); err != nil {
		t.Error(err)
	}
}
