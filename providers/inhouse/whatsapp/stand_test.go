package whatsapp_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/inhouse/transport"
	"github.com/otpgate/otpgate/providers/inhouse/whatsapp"
	"github.com/otpgate/otpgate/providers/inhouse/whatsapp/whatsapptwin"
	"github.com/otpgate/otpgate/providers/twin"
)

// Credentials of every test. No error and no print may show them.
const (
	canaryToken  = "canary-token-of-the-account"
	canarySecret = "canary-secret-of-the-app"
	canaryVerify = "canary-verify-token"
)

const (
	number   = whatsapptwin.PhoneNumberID
	patience = 10 * time.Second
)

func secret(s string) providers.Secret { return providers.NewSecret(s) }

// options are those of a number with one template.
func options(url string) *whatsapp.Options {
	o := whatsapp.Kind().Options().(*whatsapp.Options)
	o.BaseURL, o.PhoneNumberID, o.Template = url, number, "otp_login"
	o.Token, o.AppSecret, o.VerifyToken = secret(canaryToken), secret(canarySecret), secret(canaryVerify)
	return o
}

// build makes a transport of options that pass their check.
func build(t testing.TB, o *whatsapp.Options) transport.Transport {
	t.Helper()
	var b block
	if o.Check(&b); len(b) != 0 {
		t.Fatalf("the options are refused: %q", b)
	}
	tr, err := o.Build(providers.Environment{Name: "inhouse", Timeout: patience})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if c, ok := tr.(io.Closer); !ok || c.Close() != nil {
			t.Error("the transport cannot be closed")
		}
	})
	return tr
}

// stand is a transport and the twin that it talks to.
type stand struct {
	*whatsapptwin.Twin
	server  *twin.Server
	carrier transport.Transport
}

func start(t *testing.T, o whatsapptwin.Options) *stand {
	t.Helper()
	o.Token, o.AppSecret, o.VerifyToken = canaryToken, canarySecret, canaryVerify
	one := whatsapptwin.New(o)
	server, err := twin.Start(one.Twin, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &stand{Twin: one, server: server, carrier: build(t, options(server.URL))}
	t.Cleanup(func() { _ = s.server.Close(); one.Wait() })
	return s
}

// canned is a transport toward an upstream that gives the same answer to everything.
func canned(t *testing.T, status int, body string) transport.Transport {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(s.Close)
	return build(t, options(s.URL))
}

func person(n int) providers.Recipient {
	tail := fmt.Sprintf("%04d", n)
	return providers.NewPhone("+23320123"+tail, "GH", "020123"+tail)
}

// message is one for the person of number n.
func message(n int) transport.Message {
	return transport.Message{
		Reference: "01jtdre6ga9vqk1ce154p0jjwr", Channel: providers.WhatsApp, To: person(n), App: "shop",
		Text: secret("739146 is your code."), Code: secret("739146"), Locale: "en",
	}
}

// refusal is what err says, and it fails when that is too much.
func refusal(t *testing.T, err error) *providers.Error {
	t.Helper()
	e, ok := errors.AsType[*providers.Error](err)
	if !ok {
		t.Fatalf("got %T %v, want a *providers.Error", err, err)
	}
	said := fmt.Sprintf("%v %+v %#v %v %#v", e, e, e, e.Err, e.Err)
	for _, hidden := range []string{"canary", "739146", "0201230", "33201230", "127.0.0.1", "http:"} {
		if strings.Contains(said, hidden) {
			t.Errorf("the error shows %q: %s", hidden, said)
		}
	}
	return e
}

// block keeps what is said about options.
type block []string

func (b *block) Refuse(text string, path ...string) {
	*b = append(*b, strings.Join(path, ".")+": "+text)
}
func (b *block) Warn(text string, path ...string) { b.Refuse("warning: "+text, path...) }
func (b *block) Decode(any, ...string) bool       { return false }
