package config_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/otpgate/otpgate/gateway/config"
)

func TestRedactedGolden(t *testing.T) {
	t.Parallel()
	text, err := load(t, "testdata/good.yaml").Redacted()
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{
		canary, "from-a-file-7741", "user:pass", "Bearer", "t0ken", "p4ssw0rd", "k3y", "9f86d0",
		"bm90LW", "that-nobody-guesses",
	} {
		if strings.Contains(string(text), secret) {
			t.Errorf("%q is shown", secret)
		}
	}
	golden(t, "testdata/good.redacted", string(text))
}

// What is printed is a configuration again, but for its secrets.
func TestRedactedIsAConfiguration(t *testing.T) {
	t.Parallel()
	text, err := parse(t, small).Redacted()
	if err != nil {
		t.Fatal(err)
	}
	again := strings.ReplaceAll(string(text), "secret_sha256: '[secret]'", `secret_sha256: "${HASH}"`)
	c, report := config.Parse("printed.yaml", []byte(again), sources())
	if err := report.Err(); err != nil {
		t.Fatalf("%v\n%s", err, again)
	}
	slow := c.Providers["hubtel-gh"].Breaker.SlowCall
	if want := parse(t, small); !cmp.Equal(want.Limits, c.Limits) || slow != 3*time.Second {
		t.Error(again)
	}
}
