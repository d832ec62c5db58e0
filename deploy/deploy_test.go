// Package deploy_test holds the examples of this folder against the program that they start: files that nobody runs
// here would otherwise go stale.
package deploy_test

import (
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"github.com/otpgate/otpgate/api"
	"github.com/otpgate/otpgate/gateway"
	"github.com/otpgate/otpgate/gateway/config"
	"github.com/otpgate/otpgate/providers/builtin"
)

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func decode(t *testing.T, file string, into any) {
	t.Helper()
	if err := yaml.Unmarshal([]byte(read(t, file)), into); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

// secrets are what secrets.sh makes, by the name of the file.
func secrets(t *testing.T) map[string]string {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "secrets")
	if out, err := exec.CommandContext(t.Context(), "bash", "secrets.sh", folder).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	made := map[string]string{}
	for _, entry := range entries {
		made[entry.Name()] = read(t, filepath.Join(folder, entry.Name()))
	}
	return made
}

// load reads a configuration as a gateway would that has this environment and these files, by path, and no others.
// Every file must be needed. Warnings are mistakes here.
func load(t *testing.T, file string, env, files map[string]string) *config.Config {
	t.Helper()
	used := map[string]bool{}
	loaded, report := config.Load(file, config.Sources{
		Kinds:  builtin.Kinds(),
		Lookup: func(name string) (string, bool) { value, ok := env[name]; return value, ok },
		ReadFile: func(path string) ([]byte, error) {
			text, ok := files[path]
			if !ok {
				return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
			}
			used[path] = true
			return []byte(text), nil
		},
	})
	if loaded != nil {
		gateway.Review(loaded, report)
	}
	for _, problem := range append(report.Errors, report.Warnings...) {
		t.Error(problem)
	}
	if loaded == nil {
		t.FailNow()
	}
	for _, path := range slices.Sorted(maps.Keys(files)) {
		if !used[path] {
			t.Errorf("%s is mounted, and %s does not read it", path, file)
		}
	}
	return loaded
}

// port is what an address listens on.
func port(address string) string { return address[strings.LastIndex(address, ":")+1:] }

// paths are those of the API's document.
func paths(t *testing.T) map[string]any {
	t.Helper()
	var document struct{ Paths map[string]any }
	if err := yaml.Unmarshal([]byte(api.Document()), &document); err != nil || len(document.Paths) == 0 {
		t.Fatalf("the API's document has no paths (%v)", err)
	}
	return document.Paths
}

// What was made once is never made anew: a new code key would end every code that is under way.
func TestSecretsAreMadeOnce(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "secrets")
	var first string
	for round := range 2 {
		if out, err := exec.CommandContext(t.Context(), "bash", "secrets.sh", folder).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		key := read(t, filepath.Join(folder, "code_key"))
		if round == 0 {
			first = key
		}
		if key != first || len(strings.TrimSpace(key)) < 43 {
			t.Errorf("round %d: the key has %d characters and is another: %t", round, len(key), key != first)
		}
	}
	if info, err := os.Stat(folder); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("others may look into the folder: %v (%v)", info.Mode(), err)
	}
}
