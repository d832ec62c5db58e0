package smpp_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/inhouse/smpp"
)

// authority makes a certificate for the host at an address of its own authority, whose PEM it returns as well.
func authority(t *testing.T, host string) (config *tls.Config, ca string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	own := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: host},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	if ip := net.ParseIP(host); ip != nil {
		own.IPAddresses = []net.IP{ip}
	} else {
		own.DNSNames = []string{host}
	}
	der, err := x509.CreateCertificate(rand.Reader, own, own, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{
		MinVersion:   tls.VersionTLS12,
		Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}},
	}, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

func TestEncryptedBind(t *testing.T) {
	t.Parallel()
	config, ca := authority(t, "127.0.0.1")
	s := startSMSC(t, func(s *smsc) { s.tls = config })
	encrypted := build(t, s, func(o *smpp.Options) { o.TLS, o.CA = true, ca })
	if err := deliver(t, encrypted, 1); err != nil || len(s.submitted()) != 1 {
		t.Errorf("got %v", err)
	}
}

func TestUntrustedSMSCLearnsNothing(t *testing.T) {
	t.Parallel()
	config, _ := authority(t, "127.0.0.1")
	_, other := authority(t, "127.0.0.1")
	for name, s := range map[string]*smsc{
		"of another authority": startSMSC(t, func(s *smsc) { s.tls = config }),
		"in the clear":         startSMSC(t, nil),
	} {
		tr := build(t, s, func(o *smpp.Options) { o.TLS, o.CA = true, other })
		err := deliver(t, tr, 1)
		class, _ := refusal(t, err)
		if class != providers.Transient || !strings.Contains(err.Error(), "encrypting: ") {
			t.Errorf("%s: got %v", name, err)
		}
		if len(s.bound()) != 0 {
			t.Errorf("%s: it was told the password", name)
		}
	}
}
