package apps_test

import (
	"crypto/sha256"
	"strings"
	"testing"
	"time"

	"github.com/otpgate/otpgate/gateway/apps"
)

func hash(secret string) apps.SecretHash {
	return apps.SecretHash{SHA256: sha256.Sum256([]byte(secret))}
}

func between(secret string, from, until time.Time) apps.SecretHash {
	h := hash(secret)
	h.NotBefore, h.NotAfter = from, until
	return h
}

func TestAuthenticate(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 15, 10, 20, 0, 0, time.UTC)
	shop, bank := &apps.App{ID: "shop"}, &apps.App{ID: "bank"}
	ring, err := apps.NewKeyring([]apps.Key{
		{ID: "shop-key", App: shop, Secrets: []apps.SecretHash{hash("s1"), hash("s2")}, Scopes: apps.Scopes()},
		{ID: "bank-key", App: bank, Scopes: []apps.Scope{apps.ScopeRead}, Secrets: []apps.SecretHash{
			between("old", time.Time{}, now),
			between("current", now.Add(-time.Hour), now.Add(time.Nanosecond)),
			between("next", now.Add(time.Nanosecond), time.Time{}),
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, id, secret string
		want             *apps.App
	}{
		{"the first secret", "shop-key", "s1", shop},
		{"another secret of the same key", "shop-key", "s2", shop},
		{"a secret within its dates", "bank-key", "current", bank},
		{"a secret ends at the instant of not_after", "bank-key", "old", nil},
		{"a secret begins at the instant of not_before", "bank-key", "next", nil},
		{"a wrong secret", "shop-key", "s3", nil},
		{"the secret of another key", "shop-key", "current", nil},
		{"no secret", "shop-key", "", nil},
		{"a secret with more behind it", "shop-key", "s1 ", nil},
		{"an unknown key", "nobody", "s1", nil},
		{"a key in another case", "Shop-key", "s1", nil},
		{"nothing at all", "", "", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, ok := ring.Authenticate(tt.id, tt.secret, apps.Visit{At: now})
			if ok != (tt.want != nil) || got.App != tt.want {
				t.Errorf("Authenticate = %v, %v; want app %v", got, ok, tt.want)
			}
			if ok && got.KeyID != tt.id {
				t.Errorf("key = %q, want %q", got.KeyID, tt.id)
			}
		})
	}
}

func TestMay(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		has  []apps.Scope
		may  []apps.Scope
	}{
		{"a scope allows itself", []apps.Scope{apps.ScopeVerify}, []apps.Scope{apps.ScopeVerify}},
		{"two scopes", []apps.Scope{apps.ScopeSend, apps.ScopeRead}, []apps.Scope{apps.ScopeSend, apps.ScopeRead}},
		{"admin implies all", []apps.Scope{apps.ScopeAdmin}, apps.Scopes()},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			ring, err := apps.NewKeyring([]apps.Key{
				{ID: "k", App: &apps.App{}, Secrets: []apps.SecretHash{hash("s")}, Scopes: tt.has},
			})
			if err != nil {
				t.Fatal(err)
			}
			got, _ := ring.Authenticate("k", "s", apps.Visit{At: time.Now()})
			allowed := map[apps.Scope]bool{}
			for _, s := range tt.may {
				allowed[s] = true
			}
			for _, s := range apps.Scopes() {
				if got.May(s) != allowed[s] {
					t.Errorf("May(%s) = %v", s, got.May(s))
				}
			}
		})
	}
	if (apps.Identity{}).May(apps.ScopeRead) {
		t.Error("nobody may read")
	}
}

func TestNewKeyringReportsEveryMistake(t *testing.T) {
	t.Parallel()
	app := &apps.App{ID: "shop"}
	good := []apps.SecretHash{hash("s")}
	send := []apps.Scope{apps.ScopeSend}
	_, err := apps.NewKeyring([]apps.Key{
		{ID: "twice", App: app, Secrets: good, Scopes: send},
		{ID: "twice", App: app, Secrets: good, Scopes: send},
		{ID: "", App: app, Secrets: good, Scopes: send},
		{ID: "a:b", App: app, Secrets: good, Scopes: send},
		{ID: "orphan", Secrets: good, Scopes: send},
		{ID: "open", App: app, Scopes: send},
		{ID: "blank", App: app, Secrets: []apps.SecretHash{{}}, Scopes: send},
		{ID: "idle", App: app, Secrets: good},
		{ID: "root", App: app, Secrets: good, Scopes: []apps.Scope{"root"}},
	})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{
		`key "twice" stands twice`, `key "": the id`, `key "a:b": the id`, `key "orphan" belongs to no app`,
		`key "open" has no secret, and trusts no token`, `key "blank" has an empty secret hash`,
		`key "idle" has no scope`, `has the scope "root"`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("not reported: %s\nin: %v", want, err)
		}
	}
}

func TestEmptyKeyringKnowsNobody(t *testing.T) {
	t.Parallel()
	ring, err := apps.NewKeyring(nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := ring.Authenticate("", "", apps.Visit{At: time.Now()}); ok {
		t.Error("an empty keyring let somebody in")
	}
}

func BenchmarkAuthenticate(b *testing.B) {
	ring, err := apps.NewKeyring([]apps.Key{
		{ID: "shop-key", App: &apps.App{}, Secrets: []apps.SecretHash{hash("right"), hash("next")}, Scopes: apps.Scopes()},
	})
	if err != nil {
		b.Fatal(err)
	}
	now := time.Now()
	for name, c := range map[string][2]string{
		"right": {"shop-key", "right"}, "wrong": {"shop-key", "wrong"}, "unknown": {"nobody", "right"},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				ring.Authenticate(c[0], c[1], apps.Visit{At: now})
			}
		})
	}
}
