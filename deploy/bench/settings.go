package main

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"text/template"

	"github.com/otpgate/otpgate/gateway/config"
	"github.com/otpgate/otpgate/providers/builtin"
)

//go:embed config.yaml.tmpl
var configTemplate string

// What the gateways are configured with; the scripts of the load show the same key.
const (
	appName     = "bench"
	apiKey      = "bench"
	apiSecret   = "bench-secret"
	inHouseName = "inhouse"

	noTransport   = "kind: console"
	realTransport = `kind: smtp, host: 127.0.0.1, port: 25, tls: none, from: "bench@example.com"`
)

// settings are what configurations differ in.
type settings struct {
	Folder, Listen, Upstream, Redis, Transport string
}

func (s settings) write() (file string, err error) {
	sum := sha256.Sum256([]byte(apiSecret))
	var text bytes.Buffer
	err = template.Must(template.New("config").Parse(configTemplate)).Execute(&text, struct {
		settings
		App, Key, SecretHash, InHouse string
	}{s, appName, apiKey, hex.EncodeToString(sum[:]), inHouseName})
	if err != nil {
		return "", err
	}
	file = filepath.Join(s.Folder, "config.yaml")
	return file, os.WriteFile(file, text.Bytes(), 0o600)
}

// accepted tells whether a gateway takes the configuration.
func accepted(file string) error {
	_, report := config.Load(file, config.Sources{Kinds: builtin.Kinds()})
	if err := report.Err(); err != nil {
		first, _, _ := strings.Cut(err.Error(), "\n")
		return missingError{"left out: the gateway refuses the configuration (" + first + ")"}
	}
	return nil
}

// missingError says why something is not measured here.
type missingError struct{ reason string }

// Error implements error.
func (e missingError) Error() string { return e.reason }
