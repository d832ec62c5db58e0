package main

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"text/template"
)

//go:embed config.yaml.tmpl
var configTemplate string

// codeKey is the key of the in-house generator, base64 of 32 bytes.
const codeKey = "ZHJpbGwtY29kZS1rZXktdGhhdC1tdXN0LW5vdC1iZS0="

// settings are what drills differ in.
type settings struct {
	Folder    string // of configuration and database; empty: a new one
	Store     string // members of store; empty: a database in Folder
	Telemetry string // members of telemetry; empty: the log
	Timeout   string // of a request; empty: 10s
	Length    int    // of codes, where a provider lets one choose; 0: 6
	Limits    string // members of limits; empty: none that a drill could meet
	Providers string // as blocks
	Routes    string
}

// write makes the configuration file, in one step: a gateway may be reading it. note is a comment in it.
func (s *stage) write(set *settings, note string) (file string, err error) {
	set.Timeout = cmp.Or(set.Timeout, "10s")
	set.Length = cmp.Or(set.Length, 6)
	set.Limits = cmp.Or(set.Limits, "recipient: [], recipient_failures: 1000/24h, ip: [], app: []")
	if set.Folder == "" {
		if set.Folder, err = os.MkdirTemp(s.folder, "gateway"); err != nil {
			return "", err
		}
	}
	set.Store = cmp.Or(set.Store, fmt.Sprintf("sqlite: {path: %q}", filepath.Join(set.Folder, "otpgate.db")))
	set.Telemetry = cmp.Or(set.Telemetry, "logs: {level: info, format: json}")
	hash := sha256.Sum256([]byte(apiSecret))
	var text bytes.Buffer
	text.WriteString("# " + note + "\n")
	err = template.Must(template.New("config").Parse(configTemplate)).Execute(&text, struct {
		settings
		Key, SecretHash, CodeKey string
	}{*set, apiKey, hex.EncodeToString(hash[:]), codeKey})
	if err != nil {
		return "", err
	}
	file = filepath.Join(set.Folder, "config.yaml")
	if err := os.WriteFile(file+".next", text.Bytes(), 0o600); err != nil {
		return "", err
	}
	return file, os.Rename(file+".next", file)
}
