package config_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/otpgate/otpgate/gateway/config"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type news struct {
	config *config.Config
	report *config.Report
}

// follow runs a watcher of file until the test ends.
func follow(t *testing.T, file string, from config.Sources) (*config.Watcher, func() news) {
	t.Helper()
	running, _ := config.Load(file, from)
	heard := make(chan news, 100)
	w := config.NewWatcher(file, from, running, func(c *config.Config, r *config.Report) { heard <- news{c, r} })
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return w, func() news {
		t.Helper()
		select {
		case n := <-heard:
			return n
		case <-time.After(20 * time.Second):
			t.Fatal("the watcher said nothing")
			return news{}
		}
	}
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// replace does what editors and package managers do: write beside the file, then rename.
func replace(t *testing.T, file, text string) {
	t.Helper()
	write(t, file+".new", text)
	if err := os.Rename(file+".new", file); err != nil {
		t.Fatal(err)
	}
}

func named(name string) string { return strings.Replace(small, "name: rest", "name: "+name, 1) }

// ready makes sure that the watch stands: what Reload asks for is answered from within Run.
func ready(t *testing.T, w *config.Watcher, next func() news) {
	t.Helper()
	w.Reload()
	if n := next(); n.config == nil {
		t.Fatal(n.report.Err())
	}
}

func TestWatcherSeesAtomicRenames(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "config.yaml")
	write(t, file, named("one"))
	w, next := follow(t, file, sources())
	ready(t, w, next)
	for _, name := range []string{"two", "three"} {
		replace(t, file, named(name))
		if n := next(); n.config == nil || n.config.Routes[0].Name != name {
			t.Fatal("heard of something else than", name)
		}
	}
}

func TestWatcherReportsBadFilesAndRecovers(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "config.yaml")
	write(t, file, named("one"))
	w, next := follow(t, file, sources())
	ready(t, w, next)
	replace(t, file, named("two")+"colour: blue\n")
	if n := next(); n.config != nil || !strings.Contains(n.report.Err().Error(), "colour: unknown key") {
		t.Fatal(n.report.Err())
	}
	replace(t, file, named("two"))
	if n := next(); n.config == nil || n.config.Routes[0].Name != "two" {
		t.Fatal(n.report.Err())
	}
}

// A file that was written again with the same text is no news: the next thing heard is the text after it.
func TestWatcherIgnoresWhatSaysNothingNew(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "config.yaml")
	write(t, file, named("one"))
	w, next := follow(t, file, sources())
	ready(t, w, next)
	write(t, file, named("one"))
	write(t, filepath.Join(filepath.Dir(file), "other.yaml"), "x")
	write(t, file, named("one"))
	replace(t, file, named("two"))
	if n := next(); n.config == nil || n.config.Routes[0].Name != "two" {
		t.Fatal("heard of something else than two")
	}
}

func TestWatcherSeesLinkSwaps(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	version := func(name, text string) {
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, name, "config.yaml"), text)
	}
	link := func(target, name string) {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	version("..2026_01", named("one"))
	link("..2026_01", "..data")
	link("..data/config.yaml", "config.yaml")
	w, next := follow(t, filepath.Join(dir, "config.yaml"), sources())
	ready(t, w, next)

	version("..2026_02", named("two"))
	link("..2026_02", "..data_tmp")
	if err := os.Rename(filepath.Join(dir, "..data_tmp"), filepath.Join(dir, "..data")); err != nil {
		t.Fatal(err)
	}
	if n := next(); n.config == nil || n.config.Routes[0].Name != "two" {
		t.Fatal("the swap of the link was not seen")
	}
}

func TestWatcherSeesNewSecrets(t *testing.T) {
	t.Parallel()
	secret := filepath.Join(t.TempDir(), "client-secret")
	write(t, secret, "old")
	file := filepath.Join(t.TempDir(), "config.yaml")
	write(t, file, strings.Replace(small, "${SECRET}", "${file:"+secret+"}", 1))
	w, next := follow(t, file, sources())
	ready(t, w, next)
	replace(t, secret, "new")
	if n := next(); n.config == nil || n.config.Providers["hubtel-gh"].With.(*hubtel).ClientSecret.Reveal() != "new" {
		t.Fatal("the new secret was not read")
	}
}

// A new set of public keys is taken in; a broken one is reported, and nothing changes until it is mended.
func TestWatcherSeesNewKeySets(t *testing.T) {
	t.Parallel()
	set, err := os.ReadFile("testdata/secrets/keys.json")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "config.yaml")
	keys := filepath.Join(filepath.Dir(file), "keys.json") // relative to the file, as the setting below names it
	write(t, keys, string(set))
	write(t, file, strings.Replace(small, "scopes: [send]", "scopes: [send], jwt: {jwks_file: keys.json, audience: a}", 1))
	w, next := follow(t, file, sources())
	ready(t, w, next)
	replace(t, keys, "{")
	if n := next(); n.config != nil || !strings.Contains(n.report.Err().Error(), "jwks_file: this is no JWK Set") {
		t.Fatal("a broken set was taken", n.report.Err())
	}
	replace(t, keys, strings.ReplaceAll(string(set), "2026-01", "2026-02"))
	n := next()
	if n.config == nil {
		t.Fatal(n.report.Err())
	}
	if trust, err := n.config.Apps["shop"].Keys[0].JWT.Trust(); err != nil || trust.Kind() != "JWKS" {
		t.Error(trust.Kind(), err)
	}
}

// What changed between the load and the watch is seen without an event.
func TestWatcherLooksWhenItBegins(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "config.yaml")
	write(t, file, named("one"))
	running, _ := config.Load(file, sources())
	write(t, file, named("two"))
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var heard []string
	w := config.NewWatcher(file, sources(), running, func(c *config.Config, _ *config.Report) {
		heard = append(heard, c.Routes[0].Name)
		stop()
	})
	if err := w.Run(ctx); err != nil || len(heard) != 1 || heard[0] != "two" {
		t.Error(err, heard)
	}
}

func TestWatcherNeedsAFolder(t *testing.T) {
	t.Parallel()
	w := config.NewWatcher(filepath.Join(t.TempDir(), "none", "config.yaml"), sources(), nil, nil)
	if err := w.Run(t.Context()); err == nil {
		t.Error("a folder that does not exist was watched")
	}
}
