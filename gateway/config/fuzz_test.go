package config_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/otpgate/otpgate/gateway/config"
)

// Whatever a file holds, loading it neither panics nor shows what came from outside of the file, and what is accepted
// can be printed.
func FuzzParse(f *testing.F) {
	for _, pattern := range []string{"testdata/*.yaml", "testdata/bad/*.yaml"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			f.Fatal(pattern, err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(string(text))
		}
	}
	from := sources()
	from.ReadFile = func(path string) ([]byte, error) {
		if strings.HasSuffix(path, "nowhere") {
			return nil, errors.New("no such file")
		}
		return []byte(canary + "\n"), nil
	}
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Contains(text, canary[:8]) {
			t.Skip("the secret stands in the file itself")
		}
		c, report := config.Parse("config.yaml", []byte(text), from)
		if (c == nil) != (report.Err() != nil) {
			t.Fatal("a configuration beside an error, or neither")
		}
		said := fmt.Sprint(report.Err(), report.Warnings)
		if c != nil {
			if _, err := c.Redacted(); err != nil {
				t.Fatal(err)
			}
		}
		if strings.Contains(said, canary) {
			t.Errorf("a secret is shown:\n%s", said)
		}
	})
}
