package gateway_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/otpgate/otpgate/gateway/store/redis/redistest"
	"github.com/otpgate/otpgate/providers/twin"
)

// certificate writes a certificate for name that vouches for itself, and its key, as PEM files.
func certificate(t *testing.T, name string) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name}, IsCA: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	signed, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	cert, key = filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem")
	for file, block := range map[string]*pem.Block{
		cert: {Type: "CERTIFICATE", Bytes: signed}, key: {Type: "PRIVATE KEY", Bytes: raw},
	} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key
}

// The user has the rights that docs/operations.md names, and no others; its password stands in a file.
func TestRedisOverTLSAsAUserOfItsOwn(t *testing.T) {
	t.Parallel()
	cert, key := certificate(t, "redis.example.com")
	address, err := redistest.FreeAddress()
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(address)
	server, err := redistest.Start(t.TempDir(), "--tls-port", port, "--tls-cert-file", cert, "--tls-key-file", key,
		"--tls-ca-cert-file", cert, "--tls-auth-clients", "no")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Kill)
	c := server.Client()
	defer c.Close()
	err = c.Do(t.Context(), "acl", "setuser", "gate", "on", ">a-password-of-redis", "~otpgate:*", "resetchannels",
		"+@read", "+@write", "+@scripting", "+@transaction", "+@connection", "+info", "+time").Err()
	if err != nil {
		t.Fatal(err)
	}
	password := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(password, []byte("a-password-of-redis\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, url := range map[string]string{"by the scheme": "rediss://", "by the block alone": "redis://"} {
		t.Run(name, func(t *testing.T) {
			store := fmt.Sprintf(`store: {driver: redis, redis: {url: %q, username: gate, password: "${file:%s}",
  tls: {ca_file: %q, server_name: redis.example.com}}}`, url+address, password, cert)
			w := startWith(t, new(twin.Inbox), `store: {sqlite: {path: "FOLDER/otpgate.db"}}`, store)
			sent := w.send(`{"to":"+2348031234567"}`)
			if got := w.verify(sent.Reference, w.code("+2348031234567")); got.status != http.StatusOK {
				t.Errorf("%d %s", got.status, got.body)
			}
		})
	}
}

func TestRedisByPasswordAndDatabaseOfTheURL(t *testing.T) {
	t.Parallel()
	server := startRedis(t)
	c := server.Client()
	defer c.Close()
	if err := c.ConfigSet(t.Context(), "requirepass", "a-password-of-redis").Err(); err != nil {
		t.Fatal(err)
	}
	w := startWith(t, new(twin.Inbox), `store: {sqlite: {path: "FOLDER/otpgate.db"}}`, fmt.Sprintf(
		`store: {driver: redis, redis: {url: "redis://:a-password-of-redis@%s/3", prefix: gate}}`, server.Address))
	w.send(`{"to":"+2348031234567"}`)
	spaces, err := c.Info(t.Context(), "keyspace").Result()
	if err != nil || !strings.Contains(spaces, "db3:") || strings.Contains(spaces, "db0:") {
		t.Errorf("%s, %v", spaces, err)
	}
}
