package main

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/otpgate/otpgate/gateway"
	"github.com/otpgate/otpgate/gateway/config"
	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/gateway/store/redis"
	"github.com/otpgate/otpgate/gateway/store/redis/redistest"
	"github.com/otpgate/otpgate/gateway/store/sqlite"
	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/builtin"
)

// What is measured on a filled store is worth as much as the store is like one that a gateway has filled.
func TestSeedingLeavesWhatASendLeaves(t *testing.T) {
	t.Parallel()
	for _, store := range []string{onSQLite, onRedis} {
		t.Run(store, func(t *testing.T) {
			t.Parallel()
			set := settingsOn(t, store)
			file, err := set.write()
			if err != nil {
				t.Fatal(err)
			}
			seed := seedCommand{Config: file, Guessed: 1, Files: 1, Guesses: filepath.Join(set.Folder, "guesses")}
			if err := seed.Run(&world{t.Context()}); err != nil {
				t.Fatal(err)
			}
			seeded := leftIn(t, file, "p0@example.com")
			sendThrough(t, file, set.Listen, "p1@example.com")
			followAll(t, file)
			sent := leftIn(t, file, "p1@example.com")
			if diff := cmp.Diff(sent, seeded); diff != "" {
				t.Errorf("sent (-) and seeded (+):\n%s", diff)
			}
		})
	}
}

func settingsOn(t *testing.T, store string) settings {
	t.Helper()
	set := someSettings(t)
	listen, err := freeAddress()
	if err != nil {
		t.Fatal(err)
	}
	set.Listen = listen
	if store == onRedis {
		server, err := redistest.Start(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(server.Kill)
		set.Redis = server.Address
	}
	return set
}

// sendThrough has a gateway send to a person and end in peace.
func sendThrough(t *testing.T, file, listen, to string) {
	t.Helper()
	cfg, report := config.Load(file, config.Sources{Kinds: builtin.Kinds()})
	if err := report.Err(); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	g, err := gateway.Open(ctx, cfg, gateway.Options{Log: slog.New(slog.DiscardHandler), Phone: nobody{}})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- g.Run(ctx) }()
	defer func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()
	if err := untilReady(ctx, "http://"+listen+"/readyz"); err != nil {
		t.Fatal(err)
	}
	body := strings.NewReader(`{"to":"` + to + `"}`)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+listen+"/v1/otp/send", body)
	if err != nil {
		t.Fatal(err)
	}
	req.SetBasicAuth(apiKey, apiSecret)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Idempotency-Key", string(otp.NewReference(time.Now(), providers.NewEmail(to))))
	resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusCreated {
		text, _ := io.ReadAll(resp.Body)
		t.Fatalf("%s %s", resp.Status, text)
	}
}

// followAll has the history take in what the gateway had no time for.
func followAll(t *testing.T, file string) {
	t.Helper()
	s, err := newSeeder(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	defer s.store.Close()
	if err := s.follow(); err != nil {
		t.Fatal(err)
	}
}

// left is what a send leaves of a verification.
type left struct {
	Open   int // verifications of the person
	Record string
	Events []otp.EventKind // the newest first
	Listed int
	Untold int // changes that the history has not taken in
}

// leftIn reads what a send to a person left in the store, without what differs from send to send.
func leftIn(t *testing.T, file, person string) left {
	t.Helper()
	s, err := newSeeder(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	defer s.store.Close()
	now := time.Now()
	open, err := s.store.Open(t.Context(), person, now)
	if err != nil || len(open) == 0 {
		t.Fatalf("%s has %d open verifications, %v", person, len(open), err)
	}
	l := left{Open: len(open), Record: recordOf(t, open[0])}
	past := pastOf(t, s.store, &l)
	q := otp.Query{App: appName, To: person, Until: now.Add(time.Hour), Limit: 10, Now: now}
	listed, err := past.List(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	events, err := past.Events(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events.Items {
		l.Events = append(l.Events, e.Kind)
	}
	l.Listed = len(listed.Items)
	return l
}

// pastOf is the history of a store. It counts what that has not taken in yet.
func pastOf(t *testing.T, s otp.Store, l *left) otp.History {
	t.Helper()
	switch s := s.(type) {
	case *sqlite.Store:
		return s.History()
	case *redis.Store:
		changed, err := s.Changed(t.Context(), 10)
		if err != nil {
			t.Fatal(err)
		}
		l.Untold = len(changed)
		return s.History(time.Hour)
	}
	t.Fatalf("%T has no history", s)
	return nil
}

// recordOf is a verification as it is stored, without the names and times that differ from send to send.
func recordOf(t *testing.T, v otp.Verification) string {
	t.Helper()
	record, err := otp.EncodeRecord(v)
	if err != nil {
		t.Fatal(err)
	}
	text := string(record)
	for _, differs := range []string{
		`("(?:ref|a|id|key|state)":)"[^"]+"`, `("(?:created_at|expires_at|resend_at|at)":)\d+`, `("took":)\d+`,
	} {
		text = regexp.MustCompile(differs).ReplaceAllString(text, "${1}_")
	}
	return strings.ReplaceAll(text, `"took":_,`, "") // it may be none
}
