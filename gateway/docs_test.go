package gateway_test

import (
	"flag"
	"os"
	"testing"

	"github.com/otpgate/otpgate/gateway/config"
	"github.com/otpgate/otpgate/gateway/httpapi"
	"github.com/otpgate/otpgate/providers/builtin"
)

var update = flag.Bool("update", false, "write the generated documents anew")

const errorsHead = `# Errors

Every error is an application/problem+json document (RFC 9457) with the fields type, title, status, detail, instance,
code and request_id, and where they apply reference, attempts_remaining, retry_after (seconds) and errors, a list of
{field, message}. Programs should look at code; it never changes its meaning. This table is generated from the program.

`

const providersHead = `# Providers

What each kind can do, generated from the program and the README of each adapter. Routing leaves a provider out where it cannot grant what a
request names itself; GET /v1/providers shows the same for the providers that are configured, with their health.

`

// Generated documents say what the program does.
func TestDocumentsDoNotDrift(t *testing.T) {
	t.Parallel()
	schema, err := config.Schema(builtin.Kinds())
	if err != nil {
		t.Fatal(err)
	}
	abilities, err := builtin.Abilities(func(kind string) (string, error) {
		text, err := os.ReadFile("../providers/" + kind + "/README.md")
		return string(text), err
	})
	if err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]string{
		"../docs/providers.md":        providersHead + abilities,
		"../docs/config.reference.md": config.Reference(builtin.Kinds()),
		"../docs/errors.md":           errorsHead + httpapi.ErrorTable(),
		"../docs/config.schema.json":  string(schema),
	} {
		if *update {
			if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if got, err := os.ReadFile(file); err != nil || string(got) != want {
			t.Errorf("%s does not tell the truth; `make generate` writes it anew (%v)", file, err)
		}
	}
}
