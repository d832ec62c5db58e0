package redis_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/gateway/store/redis"
	"github.com/otpgate/otpgate/gateway/store/redis/history"
)

func TestWhatChangedIsToldUntilItIsTakenIn(t *testing.T) {
	t.Parallel()
	s := open(t, func(o *redis.Options) { o.Track = true })
	v := sent(t, s)
	first := changed(t, s, v.Reference)
	if first.Reference != v.Reference || first.App != "shop" || len(first.Deliveries) != 1 {
		t.Fatalf("%+v", first)
	}
	if _, err := s.Reserve(t.Context(), guess(v, "c1")); err != nil {
		t.Fatal(err)
	}
	if err := s.Followed(t.Context(), []*history.Change{first}); err != nil {
		t.Fatal(err)
	}
	second := changed(t, s, v.Reference) // it changed again, so it is still told
	if second.Attempts != 1 || second.Version == first.Version {
		t.Fatalf("%d attempts, version %s", second.Attempts, second.Version)
	}
	if err := s.Followed(t.Context(), []*history.Change{second}); err != nil {
		t.Fatal(err)
	}
	if rest, err := s.Changed(t.Context(), 100); err != nil || len(rest) != 0 {
		t.Errorf("%d are told again: %v", len(rest), err)
	}
}

func TestHistoryOfAStoreAddsUp(t *testing.T) {
	t.Parallel()
	s := open(t, func(o *redis.Options) { o.Track = true })
	h := s.History(24 * time.Hour)
	var all []otp.Verification
	for n := range 30 {
		v := sent(t, s)
		if n%2 == 0 {
			if _, err := s.Reserve(t.Context(), guess(v, "c1")); err != nil {
				t.Fatal(err)
			}
		}
		if n%4 == 0 {
			g := guess(v, "c1")
			_, err := s.Settle(t.Context(), otp.Settlement{
				Match: g.Match, Status: otp.StatusVerified, Check: "c1", Provider: "own", Now: time.Now().UTC(),
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		if n%10 == 0 {
			if _, err := h.Follow(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		all = append(all, v)
	}
	for n := 1; n > 0; {
		var err error
		if n, err = h.Follow(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	var entries []otp.Entry
	for _, v := range all {
		now, err := s.Get(t.Context(), v.Reference)
		if err != nil {
			t.Fatal(err)
		}
		entries = append(entries, otp.Account(now)...)
	}
	by := []otp.Group{otp.GroupApp, otp.GroupProvider}
	rows, err := h.Report(t.Context(), otp.ReportQuery{
		From: time.Now().Add(-2 * time.Hour), Until: time.Now().Add(time.Hour), By: by, Now: time.Now(),
	})
	if diff := cmp.Diff(otp.Fold(entries, by), rows); err != nil || diff != "" {
		t.Error(err, diff)
	}
	page, err := h.List(t.Context(), otp.Query{App: "shop", Limit: 200, Now: time.Now()})
	if err != nil || len(page.Items) != len(all) {
		t.Errorf("%d of %d are listed: %v", len(page.Items), len(all), err)
	}
}

func changed(t *testing.T, s *redis.Store, ref otp.Reference) *history.Change {
	t.Helper()
	all, err := s.Changed(t.Context(), 100)
	if err != nil || len(all) != 1 || all[0].Reference != ref {
		t.Fatalf("%d changed: %v", len(all), err)
	}
	return all[0]
}

// What a gateway remembers of a verification may be older than what it has taken in of it since another one changed it.
func TestHistoryDoesNotGoBackToWhatAGatewayRemembers(t *testing.T) {
	t.Parallel()
	server := launched(t)
	shared := func(o *redis.Options) { o.Addresses, o.Prefix, o.Track = []string{server.Address}, "shared", true }
	here, there := open(t, shared), open(t, shared)
	c := server.Client()
	defer c.Close()
	v := sent(t, here)
	lists, err := c.Keys(t.Context(), "*:news").Result()
	if err != nil || len(lists) != 1 {
		t.Fatal(lists, err)
	}
	late := c.LIndex(t.Context(), lists[0], -1).Val()
	if _, err := there.Reserve(t.Context(), guess(v, "c1")); err != nil {
		t.Fatal(err)
	}
	h := here.History(24 * time.Hour)
	if _, err := h.Follow(t.Context()); err != nil {
		t.Fatal(err)
	}
	told := func() []otp.Row {
		q := otp.ReportQuery{App: "shop", From: v.CreatedAt.Add(-time.Hour), Until: v.CreatedAt.Add(time.Hour), Now: v.CreatedAt}
		rows, err := h.Report(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		return rows
	}
	before := told()
	if err := c.RPush(t.Context(), lists[0], late).Err(); err != nil { // which a follower reads only now
		t.Fatal(err)
	}
	for range 2 {
		if _, err := h.Follow(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(before, told()); diff != "" || len(before) != 1 {
		t.Errorf("%d rows; %s", len(before), diff)
	}
	if left := c.LLen(t.Context(), lists[0]).Val(); left != 0 {
		t.Errorf("%d entries are kept", left)
	}
}
