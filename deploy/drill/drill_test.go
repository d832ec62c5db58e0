package main

import (
	"context"
	"encoding/base64"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/otpgate/otpgate/gateway/config"
	"github.com/otpgate/otpgate/providers/builtin"
	"github.com/otpgate/otpgate/providers/twin"
)

func TestDrillsCanBeChosenByName(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, d := range drills() {
		if seen[d.name] || d.what == "" || d.most <= 0 || d.run == nil {
			t.Errorf("the drill %q is incomplete, or its name is taken twice", d.name)
		}
		seen[d.name] = true
		chosen, err := (runCommand{Only: []string{d.name}}).choose()
		if err != nil || len(chosen) != 1 || chosen[0].name != d.name {
			t.Errorf("%s: %v %v", d.name, chosen, err)
		}
	}
	if _, err := (runCommand{Only: []string{"none"}}).choose(); err == nil {
		t.Error("a drill that does not exist was found")
	}
}

func TestConfigurationsAreGood(t *testing.T) {
	t.Parallel()
	urls := map[string]string{}
	for _, one := range builtin.Twins() {
		urls[one.Kind] = "http://127.0.0.1:1"
	}
	s := &stage{folder: t.TempDir()}
	for name, set := range map[string]settings{
		"every hosted kind": {Providers: everyKind(urls), Routes: everyRoute(), Timeout: "3s", Length: chaosLength},
		"on Redis, with a collector": {
			Providers: inhouseBlock("own", "http://127.0.0.1:1"), Routes: "  - {name: rest, use: [own]}",
			Store:     (&redisServer{address: "127.0.0.1:1"}).store(),
			Telemetry: (&collector{url: "http://127.0.0.1:2"}).settings(),
		},
		"in-house": {
			Providers: inhouseBlock("own", "http://127.0.0.1:1"), Routes: "  - {name: rest, use: [own]}", Limits: "ip: 3/1m",
		},
	} {
		file, err := s.write(&set, "test")
		if err != nil {
			t.Fatal(err)
		}
		cfg, report := config.Load(file, config.Sources{Kinds: builtin.Kinds()})
		if err := report.Err(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if name == "every hosted kind" && len(cfg.Providers) != len(builtin.Twins()) {
			t.Errorf("%d providers for %d twins", len(cfg.Providers), len(builtin.Twins()))
		}
	}
}

func TestNumbersAreOrdinaryAndApart(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for n := range 30_000 {
		for _, to := range []string{ghanaian(n), nigerian(n)} {
			if seen[to] || twin.TraitOf(to) != twin.Ordinary {
				t.Fatalf("%s is taken twice, or magic", to)
			}
			seen[to] = true
		}
	}
}

func TestCodesInTexts(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"Your code is ZDSQ-1234": "1234", "shop: 48213377 is good for 5 minutes.": "48213377", "no code, 123": "", "": "",
	} {
		if got := codeIn(text); got != want {
			t.Errorf("%q: got %q", text, got)
		}
	}
	held := []string{"1999", "2999"}
	if guess := wrong(held); len(guess) != 4 || slices.Contains(held, guess) {
		t.Errorf("the wrong code is %q", guess)
	}
}

func TestCanariesAreFoundInLogs(t *testing.T) {
	t.Parallel()
	c := newCanaries()
	c.add("4821")
	c.add("48213377")
	for l, want := range map[string][]string{
		`{"msg":"request","code":"4821"}`:                        {"4821"},
		`{"msg":"guess-48213377"}`:                               {"48213377"},
		`{"list":[{"deep":"it is 4821"}]}`:                       {"4821"},
		`a trace with 4821 in it`:                                {"4821"},
		`{"msg":"` + base64Of("state of 48213377 there") + `"}`:  {"48213377"},
		`{"time":"2026-11-21T10:00:00.4821Z","took_ms":4821.5}`:  nil,
		`{"peer":"127.0.0.1:4821","address":"127.0.0.1:4821"}`:   nil,
		`{"request_id":"A4821B","reference":"01jtdre4821ga9vq"}`: nil,
		`{"msg":"a longer number 14821 than the code"}`:          nil,
	} {
		if diff := cmp.Diff(want, c.inLog([]byte(l))); diff != "" {
			t.Errorf("%s: %s", l, diff)
		}
	}
}

func TestCredentialsAreFoundInEveryForm(t *testing.T) {
	t.Parallel()
	for _, secret := range credentials() {
		for _, id := range []string{"id", "ids", "some"} {
			plain, basic := []byte("x"+secret+"x"), []byte(base64Of(id+":"+secret))
			if len(credentialsIn(plain)) == 0 || len(credentialsIn(basic)) == 0 {
				t.Errorf("%s is not found behind %s", secret, id)
			}
		}
	}
	if found := credentialsIn([]byte("nothing of the sort")); found != nil {
		t.Errorf("found %v", found)
	}
}

func base64Of(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }

func TestJournalReadsWholeLinesOnce(t *testing.T) {
	t.Parallel()
	j, err := newJournal(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer j.file.Close()
	var read []string
	for _, text := range []string{
		`{"msg":"serving","address":"a"}` + "\n" + `{"msg":"st`, `opping"}` + "\n", "no JSON\n",
	} {
		write(t, j.file, text)
		j.read(func(l line) { read = append(read, l.Msg+l.Address) })
	}
	if diff := cmp.Diff([]string{"servinga", "stopping", ""}, read); diff != "" {
		t.Error(diff)
	}
}

func write(t *testing.T, f *os.File, text string) {
	t.Helper()
	if _, err := f.WriteString(text); err != nil {
		t.Fatal(err)
	}
}

func TestLoadIsPacedWhateverItsRequestsTake(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &stage{ctx: t.Context()}
		var times timings
		began := time.Now()
		stop := s.pace(10, func(_ int, due time.Time) {
			time.Sleep(3 * time.Second)
			times.done(due)
		})
		time.Sleep(950 * time.Millisecond)
		stop()
		found := times.between(began, time.Now())
		if len(found) != 10 || found.quantile(0.99) != 3*time.Second {
			t.Errorf("%s", found)
		}
	})
}

func TestBurstsAreBoundedAndEndWithTheDrill(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
		defer cancel()
		s := &stage{ctx: ctx}
		var begun atomic.Int64
		s.burst(5, 10, func(int) { begun.Add(1) })
		if begun.Load() != 5 {
			t.Errorf("%d of 5", begun.Load())
		}
		s.burst(1000, 10, func(int) { begun.Add(1) })
		if n := begun.Load(); n > 20 || ctx.Err() == nil {
			t.Errorf("it went on to %d", n)
		}
	})
}

func TestQuantiles(t *testing.T) {
	t.Parallel()
	var s spans
	if s.quantile(0.5) != 0 {
		t.Error("nothing took some time")
	}
	for n := range 100 {
		s = append(s, time.Duration(n))
	}
	for q, want := range map[float64]time.Duration{0: 0, 0.5: 50, 0.99: 99, 1: 99} {
		if got := s.quantile(q); got != want {
			t.Errorf("%v: got %v", q, got)
		}
	}
}

func TestNumbersOfAProcess(t *testing.T) {
	t.Parallel()
	status := []byte("Name:\totpgate\nVmRSS:\t   35012 kB\nThreads:\t8\n")
	if number(status, "VmRSS") != 35012 || number(status, "Threads") != 8 || number(status, "VmSwap") != 0 {
		t.Error(strings.ReplaceAll(string(status), "\t", " "))
	}
}
