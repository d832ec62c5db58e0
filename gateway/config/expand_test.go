package config_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/otpgate/otpgate/gateway/config"
)

func TestExpansion(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, text, want string }{
		{"variable", "${NUMBER}", "50"},
		{"within a text", "a${NUMBER}b", "a50b"},
		{"several", "${NUMBER}-${PORT}", "50-2525"},
		{"default of a missing one", "${NONE:-x}", "x"},
		{"default of an empty one", "${EMPTY:-x}", "x"},
		{"default that is not needed", "${NUMBER:-x}", "50"},
		{"empty default", "${NONE:-}", ""},
		{"set but empty", "${EMPTY}", ""},
		{"default with colons", "${NONE:-a:-b}", "a:-b"},
		{"escaped", "$${NUMBER}", "${NUMBER}"},
		{"two escapes", "$$$$", "$$"},
		{"escape before a variable", "$$${NUMBER}", "$50"},
		{"dollar alone", "5$ or $5", "5$ or $5"},
		{"dollar at the end", "cost$", "cost$"},
		{"file", "${file:secret}", "s3cret: #1"},
		{"file by its whole path", "${file:/run/secret}", "whole"},
		{"what was inserted is not expanded", "${file:dollar}", "${NUMBER}"},
		{"only one line end is cut", "${file:lines}", "a\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			from := sources()
			from.ReadFile = func(path string) ([]byte, error) {
				text, ok := map[string]string{
					"/etc/otpgate/secret": "s3cret: #1\r\n", "/run/secret": "whole", "/etc/otpgate/dollar": "${NUMBER}",
					"/etc/otpgate/lines": "a\n\n",
				}[path]
				if !ok {
					return nil, errors.New("read an unexpected path " + path)
				}
				return []byte(text), nil
			}
			text := small + "defaults: {sender: '" + test.text + "'}\n"
			c, report := config.Parse("/etc/otpgate/config.yaml", []byte(text), from)
			if err := report.Err(); err != nil {
				t.Fatal(err)
			}
			if c.Defaults.Sender != test.want {
				t.Errorf("got %q, want %q", c.Defaults.Sender, test.want)
			}
		})
	}
}

func TestSecretFileThatIsTooLarge(t *testing.T) {
	t.Parallel()
	from := sources()
	from.ReadFile = func(string) ([]byte, error) { return make([]byte, 65<<10), nil }
	_, report := config.Parse("config.yaml", []byte(small+"defaults: {sender: '${file:x}'}\n"), from)
	if err := report.Err(); err == nil || !strings.Contains(err.Error(), "larger than 64 KiB") {
		t.Error(err)
	}
}

func TestKeysAreNotExpanded(t *testing.T) {
	t.Parallel()
	_, report := config.Parse("config.yaml", []byte(small+"${NUMBER}: 1\n"), sources())
	if err := report.Err(); err == nil || !strings.Contains(err.Error(), "${NUMBER}: unknown key") {
		t.Error(err)
	}
}

func TestNoEnvironment(t *testing.T) {
	t.Parallel()
	_, report := config.Parse("config.yaml", []byte(small), config.Sources{Kinds: kinds()})
	if invalid, ok := errors.AsType[config.Invalid](report.Err()); !ok || len(invalid) != 3 {
		t.Error(report.Err())
	}
}
