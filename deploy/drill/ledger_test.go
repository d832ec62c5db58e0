package main

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	logs "go.opentelemetry.io/proto/otlp/logs/v1"
	"google.golang.org/protobuf/proto"
)

// answering is a client of a server that says one thing.
func answering(t *testing.T, status int, body string) *client {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}))
	t.Cleanup(server.Close)
	return (&stage{ctx: t.Context()}).newClient(server.URL)
}

func TestGuessesAreNotedAsTheyWereAnswered(t *testing.T) {
	t.Parallel()
	const ok, mistaken = `{"code":{"length":8}}`, `{"code":"wrong_code"}`
	for name, c := range map[string]struct {
		status   int
		body     string
		entered  string
		before   told
		after    told
		wrong    string
		answered string
	}{
		"a success counts": {
			200, ok, "12345678", told{code: "12345678"}, told{code: "12345678", attempts: 1, verified: true}, "", verifiedNow,
		},
		"a mistake counts": {
			422, mistaken, "1", told{code: "12345678"}, told{code: "12345678", attempts: 1}, "", wrongCode,
		},
		"without a store nothing counts": {
			503, `{"code":"store_unavailable"}`, "1", told{}, told{}, "", "verify " + storeAway,
		},
		"a second success is wrong": {
			200, ok, "1", told{code: "1", verified: true, attempts: 1}, told{code: "1", verified: true, attempts: 1},
			"codes that succeeded twice", verifiedNow,
		},
		"a success of another code is wrong": {
			200, ok, "2", told{code: "1"}, told{code: "1"}, "wrong codes that were approved", verifiedNow,
		},
		"a right code that is refused is wrong": {
			422, mistaken, "1", told{code: "1"}, told{code: "1"}, "right codes judged wrong", wrongCode,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := (&stage{ctx: t.Context()}).newLedger()
			person := c.before
			if err := l.guess(&person, c.entered, answering(t, c.status, c.body)); err != nil {
				t.Fatal(err)
			}
			if person != c.after {
				t.Errorf("got %+v", person)
			}
			if l.answers.of(c.answered) != 1 {
				t.Errorf("answers: %v", l.answers.counts)
			}
			if c.wrong != "" && l.wrong.of(c.wrong) != 1 || c.wrong == "" && len(l.wrong.counts) > 0 {
				t.Errorf("wrong: %v", l.wrong.counts)
			}
		})
	}
}

func TestOnlyWhatIsAllowedIsNoOtherAnswer(t *testing.T) {
	t.Parallel()
	answers := []string{
		"verify 500 internal", "send 201", "send 503 store_unavailable", "verify 503 store_unavailable", "send 200",
	}
	got := otherwise(answers, []string{sent, storeAway})
	if diff := cmp.Diff([]string{"send 200", "verify 500 internal"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestLostReferencesAreSeen(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status int
		body   string
		person told
		wrong  string
	}{
		"unknown":       {404, `{"code":"not_found"}`, told{}, "references that are lost"},
		"fewer guesses": {200, `{"status":"pending","attempts":1}`, told{attempts: 2}, "guesses that went back"},
		"not verified": {
			200, `{"status":"pending","attempts":2}`, told{attempts: 2, verified: true}, "successes that went back",
		},
		"more guesses": {200, `{"status":"pending","attempts":3}`, told{attempts: 2}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := (&stage{ctx: t.Context()}).newLedger()
			l.told = []*told{&c.person}
			l.look(answering(t, c.status, c.body))
			if c.wrong != "" && l.wrong.of(c.wrong) != 1 || c.wrong == "" && len(l.wrong.counts) > 0 {
				t.Errorf("wrong: %v", l.wrong.counts)
			}
		})
	}
}

func TestABalancerLeavesOutWhatIsDown(t *testing.T) {
	t.Parallel()
	first, second := &client{url: "first"}, &client{url: "second"}
	f := newFleet(first, second)
	seen := map[string]int{}
	for range 4 {
		seen[f.any().url]++
	}
	f.down[0].Store(true)
	for range 4 {
		seen[f.any().url]++
	}
	if seen["first"] != 2 || seen["second"] != 6 {
		t.Errorf("%v", seen)
	}
}

func TestExportsAreSearchedForCodes(t *testing.T) {
	t.Parallel()
	text := &common.AnyValue{Value: &common.AnyValue_StringValue{StringValue: "48213377"}}
	body, err := proto.Marshal(&logs.LogsData{ResourceLogs: []*logs.ResourceLogs{{
		ScopeLogs: []*logs.ScopeLogs{{LogRecords: []*logs.LogRecord{{Body: text}}}},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	c := &collector{}
	server := httptest.NewServer(c)
	t.Cleanup(server.Close)
	resp, err := http.Post(server.URL+"/v1/logs", "application/x-protobuf", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	s := newSearch(&stage{})
	s.seen.add("48213377")
	n, err := s.exports(c)
	if err != nil || n != 1 || s.found.of(inSent) != 1 {
		t.Errorf("%d exports, %v, found %v", n, err, s.found.counts)
	}
}

func TestFilesAndPagesAreSearched(t *testing.T) {
	t.Parallel()
	s := newSearch(&stage{ctx: t.Context()})
	s.seen.add("48213377")
	folder := t.TempDir()
	for name, text := range map[string]string{"a.db": "xx 48213377 yy", "b.log": "48213377"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	size, err := s.files(filepath.Join(folder, "*.db"))
	if err != nil || size != 14 || s.found.of(inFiles) != 1 {
		t.Errorf("%d bytes, %v, found %v", size, err, s.found.counts)
	}
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		_, _ = w.Write([]byte(`{"text":"48213377"}`))
	}))
	t.Cleanup(server.Close)
	if err := s.console(server.URL, []*told{{reference: "r", to: "+1"}}); err != nil {
		t.Fatal(err)
	}
	if s.pages != 7 || asked.Load() != 7 || s.found.of(inPages) != 7 {
		t.Errorf("%d pages, found %v", s.pages, s.found.counts)
	}
	if diff := cmp.Diff([]string{inFiles, inPages}, s.where); diff != "" {
		t.Error(diff)
	}
	if s.expect(); s.failed != 2 {
		t.Errorf("%d expectations failed, where two places hold a code", s.failed)
	}
}
