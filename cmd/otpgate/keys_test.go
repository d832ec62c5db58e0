package main

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/otpgate/otpgate/gateway/config"
	"github.com/otpgate/otpgate/providers/builtin"
)

const keyed = `apps:
  shop:
    keys:
KEYS
providers:
  hubtel-gh: {kind: hubtel, with: {client_id: a, client_secret: b, sender: Shop}}
routes:
  - {name: rest, use: [hubtel-gh]}
`

// keyedFile is a configuration with these lines below the app's keys.
func keyedFile(t *testing.T, lines string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(file, []byte(strings.Replace(keyed, "KEYS", lines, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func loadKey(t *testing.T, file, id string) config.Key {
	t.Helper()
	loaded, report := config.Load(file, config.Sources{Kinds: builtin.Kinds()})
	if err := report.Err(); err != nil {
		t.Fatal(err)
	}
	key, err := keyOf(loaded, id)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

var shownSecret = regexp.MustCompile(`X-API-Secret: (\S+)`)

// shown is the secret in what a command printed, and the hash that the file should have of it.
func shown(t *testing.T, out string) (secret, hash string) {
	t.Helper()
	found := shownSecret.FindAllStringSubmatch(out, -1)
	if len(found) != 1 || strings.Count(out, found[0][1]) != 1 || len(found[0][1]) < 43 {
		t.Fatalf("not one long secret, once: %s", out)
	}
	sum := sha256.Sum256([]byte(found[0][1]))
	return found[0][1], hex.EncodeToString(sum[:])
}

// What is printed is what the file takes.
func TestKeysNew(t *testing.T) {
	t.Parallel()
	code, out, errs := otpgate(t, nil,
		"keys", "new", "shop-key", "--scopes", "send,read", "--networks", "10.0.0.7/8,2001:db8::/32")
	if code != 0 || errs != "" {
		t.Fatal(code, errs)
	}
	_, hash := shown(t, out)
	line := "    " + out[strings.LastIndex(out, "  - {"):] // further in, where keys stand
	key := loadKey(t, keyedFile(t, line), "shop-key")
	if key.SecretSHA256.Reveal() != hash || strings.Join(key.Scopes, " ") != "send read" ||
		strings.Join(key.Networks, " ") != "10.0.0.0/8 2001:db8::/32" {
		t.Error(out)
	}
	_, again, _ := otpgate(t, nil, "keys", "new", "shop-key")
	if other, _ := shown(t, again); strings.Contains(out, other) {
		t.Error("the same secret twice")
	}
}

func TestKeysNewRefuses(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][]string{
		"a colon in the id": {"a:b"}, "no id": {""},
		"an unknown scope": {"a", "--scopes", "root"}, "no network": {"a", "--networks", "x"},
	} {
		code, out, errs := otpgate(t, nil, append([]string{"keys", "new"}, args...)...)
		if code == 0 || strings.Contains(out, "X-API-Secret:") || !strings.HasPrefix(errs, "otpgate: ") {
			t.Errorf("%s: %d %s %s", name, code, out, errs)
		}
	}
}

// After a rotation the old secrets and the new one are good, and the old ones end by themselves.
func TestKeysRotate(t *testing.T) {
	t.Parallel()
	plain, ended := strings.Repeat("aa", 32), strings.Repeat("bb", 32)
	soon, later := strings.Repeat("cc", 32), strings.Repeat("dd", 32)
	in := func(d time.Duration) string { return time.Now().Add(d).UTC().Format(time.RFC3339) }
	file := keyedFile(t, `      - id: shop-key
        scopes: [send]
        secret_sha256: "`+plain+`"
        secrets:
          - {sha256: "`+ended+`", not_after: "`+in(-time.Hour)+`"}
          - {sha256: "`+soon+`", not_after: "`+in(time.Hour)+`"}
          - {sha256: "`+later+`", not_before: "`+in(200*time.Hour)+`"}`)
	code, out, errs := otpgate(t, nil, "keys", "rotate", "shop-key", "--keep", "48h", "--config", file)
	if code != 0 || errs != "" {
		t.Fatal(code, errs)
	}
	_, hash := shown(t, out)
	pasted := out[strings.LastIndex(out, "  secrets:"):]
	pasted = "      - id: shop-key\n        scopes: [send]\n      " + strings.ReplaceAll(pasted, "\n", "\n      ")
	secrets := loadKey(t, keyedFile(t, strings.TrimRight(pasted, " \n")), "shop-key").All()
	if len(secrets) != 4 || secrets[0].SHA256.Reveal() != hash || strings.Contains(out, ended) {
		t.Fatal(out)
	}
	now := time.Now()
	about := func(at time.Time, d time.Duration) bool { return at.Sub(now.Add(d)).Abs() < time.Minute }
	if !about(secrets[0].NotBefore, 0) || !secrets[0].NotAfter.IsZero() {
		t.Error("the new secret is not good from now on:", out)
	}
	if secrets[1].SHA256.Reveal() != plain || !about(secrets[1].NotAfter, 48*time.Hour) {
		t.Error("a secret without end does not end:", out)
	}
	if secrets[2].SHA256.Reveal() != soon || !about(secrets[2].NotAfter, time.Hour) {
		t.Error("a secret that ends sooner lives longer:", out)
	}
	if last := secrets[3]; last.SHA256.Reveal() != later || !about(last.NotBefore, 200*time.Hour) || !last.NotAfter.IsZero() {
		t.Error("a secret that has not begun was changed:", out)
	}
}

func TestKeysRotateRefuses(t *testing.T) {
	t.Parallel()
	file := keyedFile(t, `      - {id: shop-key, scopes: [send], secret_sha256: "`+strings.Repeat("aa", 32)+`"}
      - {id: signed, scopes: [send], jwt: {hs256_secret: "0123456789abcdef0123456789abcdef"}}`)
	for want, args := range map[string][]string{
		"no app has the key nobody":                                 {"nobody", "--config", file},
		"--keep cannot be less":                                     {"shop-key", "--keep=-1h", "--config", file},
		"the key signed has no secret to change":                    {"signed", "--config", file},
		"none.yaml: the file cannot be read: there is no such file": {"shop-key", "--config", "none.yaml"},
	} {
		code, out, errs := otpgate(t, nil, append([]string{"keys", "rotate"}, args...)...)
		if code != 1 || out != "" || !strings.Contains(errs, want) {
			t.Errorf("%s: %d %s %s", want, code, out, errs)
		}
	}
}

var columns = regexp.MustCompile(` {2,}`)

func TestKeysList(t *testing.T) {
	t.Parallel()
	hash := strings.Repeat("aa", 32)
	file := keyedFile(t, `      - id: shop-key
        scopes: [send, read]
        secret_sha256: "`+hash+`"
        networks: [10.0.0.0/8, 203.0.113.7]
      - id: dated
        scopes: [admin]
        secrets:
          - {sha256: "`+hash+`", not_after: "2001-01-01T00:00:00Z"}
          - {sha256: "`+hash+`", not_before: "2001-01-01T00:00:00Z", not_after: "2901-01-01T00:00:00Z"}
          - {sha256: "`+hash+`", not_before: "2801-01-01T00:00:00Z", not_after: "2901-01-01T00:00:00Z"}
      - {id: signed, scopes: [send], jwt: {hs256_secret: "0123456789abcdef0123456789abcdef", audience: otpgate}}`)
	code, out, errs := otpgate(t, nil, "keys", "list", "--config", file)
	want := `APP  KEY  SCOPES  SECRETS  TOKENS  NETWORKS
shop  shop-key  send, read  always  none  10.0.0.0/8, 203.0.113.7
shop  dated  admin  ended 2001-01-01T00:00:00Z, until 2901-01-01T00:00:00Z, from 2801-01-01T00:00:00Z until 2901-01-01T00:00:00Z  none  all
shop  signed  send  none  HS256 for otpgate  all
`
	if code != 0 || errs != "" || columns.ReplaceAllString(out, "  ") != want {
		t.Errorf("%d %s\n%s", code, errs, out)
	}
	if strings.Contains(out, "aaaa") || strings.Contains(out, "0123456789") {
		t.Error("a hash or a secret is listed")
	}
}
