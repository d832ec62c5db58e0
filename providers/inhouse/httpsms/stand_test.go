package httpsms_test

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
	"github.com/otpgate/otpgate/providers/inhouse/httpsms"
	"github.com/otpgate/otpgate/providers/inhouse/httpsms/httpsmstwin"
	"github.com/otpgate/otpgate/providers/inhouse/transport"
	"github.com/otpgate/otpgate/providers/twin"
)

// Credentials of every test. No error and no print may show them.
const (
	canaryUser = "canary-user"
	canaryKey  = "canary-key-of-the-account"
	canaryPair = "Y2FuYXJ5LXVzZXI6Y2FuYXJ5LWtleS1vZi10aGUtYWNjb3VudA==" // both, as Basic authentication writes them
)

const patience = 10 * time.Second

func secret(s string) providers.Secret { return providers.NewSecret(s) }

func person(n int) providers.Recipient {
	tail := fmt.Sprintf("%04d", n)
	return providers.NewPhone("+23320123"+tail, "GH", "020123"+tail)
}

// model is an API that the tests know how to speak to: its settings, and the twin that they lead to.
type model struct {
	twin    func(httpsmstwin.Options) *twin.Twin
	options httpsms.Options // without the address
	at      func(o *httpsms.Options, url string)
	skip    string // why nobody is barred there; empty: somebody is
	calls   bool   // people, and reads codes out in the vendor's own words
	asks    bool   // what to say in its calls
	records bool   // plays recordings
}

// models are the presets, and APIs that are described in the ways that a configuration can.
func models() map[string]model {
	user, key := secret(canaryUser), secret(canaryKey)
	const oneWord = "all that it says to a number that it refuses, it says to other mistakes as well"
	preset := func(new func(httpsmstwin.Options) *twin.Twin, name string, account httpsms.Account, skip string) model {
		return model{
			twin:    new,
			options: httpsms.Options{Preset: name, Account: account, Sender: "MyBrand"},
			at:      func(o *httpsms.Options, url string) { o.BaseURL = url },
			skip:    skip,
		}
	}
	wrapped := func(o httpsmstwin.Options) *twin.Twin { o.Wrapped = true; return httpsmstwin.Hubtel(o) }
	voice := preset(httpsmstwin.TermiiVoice, "termii-voice", httpsms.Account{APIKey: key}, oneWord)
	voice.options.Sender, voice.calls = "", true
	asking := preset(
		httpsmstwin.AfricasTalkingVoice, "africastalking-voice", httpsms.Account{Username: user, APIKey: key}, "",
	)
	asking.options.Sender, asking.options.Callback.Token = voiceLine, secret(callToken)
	asking.options.Voices = map[string]string{"en": "woman"}
	asking.calls, asking.asks = true, true
	recorded := preset(httpsmstwin.ArkeselVoice, "arkesel-voice", httpsms.Account{APIKey: key}, "")
	recorded.options.Sender, recorded.calls, recorded.records = "0540000000", true, true
	played := described(httpsms.Contract{
		Headers:   map[string]providers.Secret{"X-Key": key},
		Multipart: map[string]providers.Secret{"to": secret("{to}"), "from": secret("{sender}"), "file": secret("{audio}")},
	})
	played.calls, played.records = true, true
	client := httpsms.Account{ClientID: user, ClientSecret: key}
	return map[string]model{
		"hubtel-sms":          preset(httpsmstwin.Hubtel, "hubtel-sms", client, ""),
		"hubtel-sms, wrapped": preset(wrapped, "hubtel-sms", client, ""),
		"sendexa-sms": preset(
			httpsmstwin.Sendexa, "sendexa-sms", httpsms.Account{APIKey: user, APISecret: key}, "",
		),
		"zend-messages": preset(httpsmstwin.Zend, "zend-messages", httpsms.Account{APIKey: key}, oneWord),
		"arkesel":       preset(httpsmstwin.Arkesel, "arkesel", httpsms.Account{APIKey: key}, ""),
		"mnotify":       preset(httpsmstwin.MNotify, "mnotify", httpsms.Account{APIKey: key}, ""),
		"termii":        preset(httpsmstwin.Termii, "termii", httpsms.Account{APIKey: key}, oneWord),
		"termii-voice":  voice,
		"africastalking": preset(
			httpsmstwin.AfricasTalking, "africastalking", httpsms.Account{Username: user, APIKey: key}, "",
		),
		"africastalking-voice": asking, "arkesel-voice": recorded, "described, recordings": played,
		"described, JSON": described(httpsms.Contract{
			Headers: map[string]providers.Secret{"X-Key": key},
			Body:    secret(`{"to":"{to}","text":"{text}","from":"{sender}"}`),
		}),
		"described, XML": described(httpsms.Contract{
			Method:  http.MethodPut,
			Headers: map[string]providers.Secret{"X-Key": key, "content-type": secret("text/xml; charset=utf-8")},
			Body:    secret(`<sms to="{to}" from="{sender}"><text>{text}</text></sms>`),
		}),
		"described, form": described(httpsms.Contract{
			Basic: httpsms.Basic{Username: user, Password: key},
			Form:  map[string]providers.Secret{"to": secret("{to}"), "text": secret("{text}"), "from": secret("{sender}")},
		}),
		"described, GET": described(httpsms.Contract{
			Method: http.MethodGet,
			Query:  map[string]providers.Secret{"key": key, "to": secret("{to}"), "text": secret("{text}")},
		}),
		"described, address": described(httpsms.Contract{
			Method: http.MethodGet,
			URL:    secret("/{to}?key=" + canaryKey + "&text={text}"), // below the twin's address
		}),
	}
}

// described is an API that is no preset.
func described(c httpsms.Contract) model {
	c.Accept = []int{http.StatusAccepted}
	c.Success = httpsms.Conditions{{Path: "result.state", Values: []string{"queued"}}}
	c.IDPath = "result.id"
	c.Errors = []httpsms.ErrorRule{
		{Path: "result.reason", Values: []string{"NO_SUCH_NUMBER"}, Class: "rejected"},
		{Path: "result.reason", Values: []string{"NO_SUCH_SENDER"}, Class: "unsupported"},
		{Path: "result.reason", Values: []string{"NO_MONEY"}, Class: "exhausted"},
	}
	return model{
		twin:    anyAPI,
		options: httpsms.Options{Contract: c, Sender: "MyBrand"},
		at:      func(o *httpsms.Options, url string) { o.URL = secret(url + "/send" + o.URL.Reveal()) },
	}
}

// stand is a transport and the twin that it talks to.
type stand struct {
	*twin.Twin
	calls   httpsmstwin.Calls
	model   model
	server  *twin.Server
	carrier transport.Transport
}

// start makes a stand of m whose numbers have the traits that trait gives them.
func (m model) start(t *testing.T, trait func(string) twin.Trait) *stand {
	t.Helper()
	s := &stand{model: m}
	one := m.twin(httpsmstwin.Options{User: canaryUser, Key: canaryKey, Trait: trait, Calls: &s.calls})
	server, err := twin.Start(one, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.Twin, s.server, s.carrier = one, server, build(t, m.toward(t, server.URL))
	if m.asks {
		s.carrier = answering(t, s.carrier, &s.calls)
	}
	t.Cleanup(func() { _ = s.server.Close(); s.calls.Wait() })
	return s
}

// toward are the options with an address.
func (m model) toward(t testing.TB, url string) httpsms.Options {
	t.Helper()
	o := m.options
	if m.records {
		o.Recordings = t.TempDir()
		if err := httpsmstwin.Record(o.Recordings, "en"); err != nil {
			t.Fatal(err)
		}
	}
	m.at(&o, url)
	return o
}

// build makes a transport of options that pass their check; a warning is no refusal.
func build(t *testing.T, o httpsms.Options) transport.Transport {
	t.Helper()
	var b block
	o.Check(&b)
	for _, said := range b {
		if !strings.Contains(said, ": warning: ") {
			t.Fatalf("the options are refused: %s", said)
		}
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

// canned builds m toward an upstream that gives the same answer to everything.
func (m model) canned(t *testing.T, status int, body string) transport.Transport {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(s.Close)
	return build(t, m.toward(t, s.URL))
}

// message is one for the person of number n.
func message(n int) transport.Message {
	return transport.Message{
		Reference: "01jtdre6ga9vqk1ce154p0jjwr", Channel: providers.SMS, To: person(n), App: "shop",
		Text: secret("739146 is your code."), Code: secret("739146"), Locale: "en",
	}
}

// message is one that the API of m carries.
func (m model) message(n int) transport.Message {
	one := message(n)
	if m.calls {
		one.Channel = providers.Voice
	}
	return one
}

// refusal is what err says, and it fails when that is too much.
func refusal(t *testing.T, err error) *providers.Error {
	t.Helper()
	e, ok := errors.AsType[*providers.Error](err)
	if !ok {
		t.Fatalf("got %T %v, want a *providers.Error", err, err)
	}
	said := fmt.Sprintf("%v %+v %#v %v %#v", e, e, e, e.Err, e.Err)
	for _, hidden := range []string{
		canaryUser, canaryKey, canaryPair, "739146", "0201230", "33201230", "127.0.0.1", "http:", "key=",
	} {
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
