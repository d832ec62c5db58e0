package sandbox

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"text/template"

	"github.com/goccy/go-json/v2"

	"github.com/otpgate/otpgate/gateway"
	"github.com/otpgate/otpgate/providers/builtin"
)

// demoKey is the public part of the demo app's key.
const demoKey = "demo-key"

// demo is what a sandbox makes at its first start and keeps.
type demo struct {
	Secret  string `json:"secret"`   // of the demo app's key
	CodeKey string `json:"code_key"` // of the in-house generator, base64
}

// loadDemo reads the secrets of the sandbox in folder, or makes them.
func loadDemo(folder string) (demo, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return demo{}, fmt.Errorf("the sandbox's folder cannot be made: %w", err)
	}
	file := filepath.Join(folder, "secrets.json")
	text, err := os.ReadFile(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return newDemo(file)
	case err != nil:
		return demo{}, err
	}
	var d demo
	if err := json.Unmarshal(text, &d); err != nil || d.Secret == "" || d.CodeKey == "" {
		return demo{}, fmt.Errorf("%s is damaged; remove it, and the sandbox makes new secrets", file)
	}
	return d, nil
}

func newDemo(file string) (demo, error) {
	d := demo{Secret: base64.RawURLEncoding.EncodeToString(random(32)), CodeKey: base64.StdEncoding.EncodeToString(random(32))}
	text, err := json.Marshal(d)
	if err != nil {
		return demo{}, err
	}
	return d, os.WriteFile(file, text, 0o600)
}

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails: crypto/rand ends the program first
	return b
}

//go:embed config.yaml.tmpl
var configTemplate string

// yaml is the sandbox's configuration.
func (d demo) yaml(o Options, twins, database string) []byte {
	hash := sha256.Sum256([]byte(d.Secret))
	var b bytes.Buffer
	// The template is part of the program and is run by every test of the sandbox: it cannot fail.
	_ = template.Must(template.New("config").Parse(configTemplate)).Execute(&b, map[string]string{
		"Listen": o.Listen, "Console": o.Console, "Twins": "http://" + twins, "Database": database,
		"Key": demoKey, "SecretHash": hex.EncodeToString(hash[:]), "CodeKey": d.CodeKey,
	})
	return b.Bytes()
}

func kindList() string {
	var kinds []string
	for _, one := range builtin.Twins() {
		kinds = append(kinds, one.Kind)
	}
	return strings.Join(kinds, ", ")
}

// greet prints commands that work as they stand.
func greet(out io.Writer, g *gateway.Gateway, twins string, d demo, folder string) {
	_, _ = fmt.Fprintf(out, `otpgate sandbox: nothing here costs money or reaches anybody.

  API     http://%[1]s        documentation at http://%[1]s/docs
  console http://%[6]s  what is sent, how the providers stand, and the inbox
  phones  http://%[2]s/inbox  what everybody's phone and mailbox would have received
  files   %[4]s (configuration, database, secrets)

1. Send a code:
   curl -s http://%[1]s/v1/otp/send -u '%[5]s:%[3]s' -H 'Content-Type: application/json' -d '{"to":"+233201234567"}'

2. Read it on the phone:
   curl -s 'http://%[2]s/inbox?to=%%2B233201234567'

3. Verify it, with the reference of 1 and the code of 2:
   curl -s http://%[1]s/v1/otp/verify -u '%[5]s:%[3]s' -H 'Content-Type: application/json' -d '{"reference":"REFERENCE","code":"CODE"}'

4. Break Hubtel, and send again: the next provider takes over. DELETE mends it.
   curl -s -X PUT http://%[2]s/hubtel/faults -d '{"endpoint":"send","fault":"status","status":500}'

Ctrl-C stops it.
`, g.Address(), twins, d.Secret, folder, demoKey, g.ConsoleAddress())
}
