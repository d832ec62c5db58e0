package config_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/otpgate/otpgate/gateway/config"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares got with a file, or writes it.
func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("differs from %s (-want +got):\n%s", file, diff)
	}
}

// Every file in testdata/bad has one mistake; the file beside it says how it is reported, all lines of it.
func TestBadFilesGolden(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/bad/*.yaml")
	if err != nil || len(files) < 40 {
		t.Fatalf("found %d bad files, %v", len(files), err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".yaml")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, report := config.Load(file, sources())
			err := report.Err()
			if err == nil || c != nil {
				t.Fatalf("%s was accepted", file)
			}
			got := strings.ReplaceAll(err.Error(), "testdata/bad/", "") + "\n"
			if strings.Contains(got, canary) || strings.Contains(got, "hunter2") {
				t.Fatalf("a secret is quoted:\n%s", got)
			}
			if strings.Contains(got, "config.") || strings.Contains(got, "providers.Secret") {
				t.Errorf("a Go type is named:\n%s", got)
			}
			golden(t, "testdata/bad/"+name+".txt", got)
		})
	}
}
