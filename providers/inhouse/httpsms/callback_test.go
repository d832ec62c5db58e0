package httpsms_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"hash"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/inhouse/httpsms"
	"github.com/otpgate/otpgate/providers/inhouse/transport"
)

const (
	canaryToken  = "canary-token-0123456789"
	canarySecret = "canary-webhook-secret"
	callbackURL  = "https://otp.example.com/v1/callbacks/inhouse"
)

// heard are the presets that take callbacks, with what that needs.
func heard() map[string]httpsms.Callback {
	return map[string]httpsms.Callback{
		"africastalking": {Token: secret(canaryToken)},
		"arkesel":        {URL: callbackURL, Token: secret(canaryToken)},
		"sendexa-sms":    {Secret: secret(canarySecret)},
		"termii":         {Secret: secret(canarySecret)},
		"zend-messages":  {URL: callbackURL, Secret: secret(canarySecret)},
	}
}

// signature is how a vendor signs: the header, and the hash of the HMAC in it.
type signature struct {
	header string
	hash   func() hash.Hash
}

// signatures are those of the presets whose vendors sign.
func signatures() map[string]signature {
	return map[string]signature{
		"sendexa-sms":   {"X-Sendexa-Signature", sha256.New},
		"termii":        {"X-Termii-Signature", sha512.New},
		"zend-messages": {"X-Zend-Signature", sha256.New},
	}
}

// hearing is the transport of a preset that takes callbacks.
func hearing(t testing.TB, name string) transport.CallbackParser {
	t.Helper()
	o := models()[name].toward(t, "https://sms.example.com")
	o.Callback = heard()[name]
	tr, err := o.Build(providers.Environment{Name: "inhouse"})
	if err != nil {
		t.Fatal(err)
	}
	return tr.(transport.CallbackParser)
}

// notice is a genuine callback of a preset.
func notice(name, id, status string) providers.Callback {
	c := providers.Callback{Method: http.MethodPost, Header: http.Header{}, Token: secret(canaryToken)}
	switch name {
	case "arkesel":
		c.Method, c.Query = http.MethodGet, url.Values{"sms_id": {id}, "status": {status}}
	case "africastalking":
		c.Body = []byte(url.Values{
			"id": {id}, "status": {status}, "phoneNumber": {"+254711000111"}, "networkCode": {"63902"},
			"failureReason": {"UserInBlackList"},
		}.Encode())
	case "termii":
		return signedWith(name, canarySecret, `{"type":"outbound","id":"x","message_id":"`+id+`",`+
			`"receiver":"2348031234567","sender":"Shop","message":"739146 is your code","sent_at":"2026-01-15 10:20:00","cost":3,"status":"`+status+`","channel":"dnd"}`)
	case "sendexa-sms":
		return signedWith(name, canarySecret, `{"messageId":"`+id+`","recipient":"233201230001",`+
			`"status":"`+status+`","cost":1,"providerStatus":"DELIVRD"}`)
	case "zend-messages":
		return signedWith(name, canarySecret, `{"event":"message.sent","message_id":"`+id+`",`+
			`"status":"`+status+`","channel":"sms","recipient":"+233201230001","timestamp":"2026-01-15T10:20:00Z","cost":0.02}`)
	}
	return c
}

// signedWith is a signed callback of a preset with this body.
func signedWith(name, key, body string) providers.Callback {
	how := signatures()[name]
	mac := hmac.New(how.hash, []byte(key))
	mac.Write([]byte(body))
	header := http.Header{}
	header.Set(how.header, hex.EncodeToString(mac.Sum(nil)))
	return providers.Callback{Method: http.MethodPost, Body: []byte(body), Header: header}
}

func TestCallbackTellsOfMessages(t *testing.T) {
	t.Parallel()
	const yes, no = providers.DeliveryDelivered, providers.DeliveryUndelivered
	words := map[string]map[string]providers.DeliveryState{
		"africastalking": {
			"Success": yes, "Failed": no, "Rejected": no, "Expired": no, "AbsentSubscriber": no,
			"Sent": "", "Submitted": "", "Buffered": "", "": "", "+254711000111": "",
		},
		"arkesel": {"DELIVERED": yes, "NOT_DELIVERED": no, "REJECTED": no, "SUBMITTED": "", "whatever": ""},
		"termii": {
			"Delivered": yes, "DELIVERED": yes, "Message Failed": no, "DND Active on Phone Number": no, "Rejected": no, "Expired": no,
			"Message Sent": "", "Received": "",
		},
		"sendexa-sms": {"DELIVERED": yes, "delivered": yes, "failed": no, "EXPIRED": no, "QUEUED": "", "sent": ""},
		"zend-messages": {
			"delivered": yes, "failed": no, "pending": "", "queued": "", "processing": "", "sent": "", "cancelled": "",
		},
	}
	for name, states := range words {
		p := hearing(t, name)
		for word, want := range states {
			got, err := p.ParseCallback(notice(name, "m-1", word))
			if err != nil || len(got) != 1 || got[0].ID != "m-1" || got[0].State != want {
				t.Errorf("%s, %q: %+v, %v", name, word, got, err)
				continue
			}
			if strings.ContainsAny(got[0].Code, "0123456789+ ") || want == "" && got[0].Code != "" {
				t.Errorf("%s, %q: shown as %q", name, word, got[0].Code)
			}
		}
	}
}

func TestForgedCallbacksAreRefused(t *testing.T) {
	t.Parallel()
	for name := range heard() {
		p := hearing(t, name)
		right := notice(name, "m-1", "Failed")
		for what, change := range map[string]func(*providers.Callback){
			"no token, no signature": func(c *providers.Callback) { c.Token, c.Header = providers.Secret{}, http.Header{} },
			"another one": func(c *providers.Callback) {
				c.Token = secret(canaryToken + "x")
				if how, signed := signatures()[name]; signed {
					c.Header.Set(how.header, signedWith(name, "another", string(c.Body)).Header.Get(how.header))
				}
			},
			"half of it": func(c *providers.Callback) {
				c.Token = secret(canaryToken[:20])
				half := c.Header.Get(signatures()[name].header)
				c.Header = http.Header{}
				c.Header.Set(signatures()[name].header, half[:len(half)/2])
			},
			"a token in place of a signature": func(c *providers.Callback) {
				c.Token, c.Header = secret(canarySecret), http.Header{}
			},
		} {
			c := right
			c.Header = right.Header.Clone()
			change(&c)
			if got, err := p.ParseCallback(c); !errors.Is(err, providers.ErrForged) || got != nil {
				t.Errorf("%s, %s: %v, %v", name, what, got, err)
			}
		}
	}
	for name := range signatures() {
		changed := notice(name, "m-1", "Failed")
		changed.Body = append(changed.Body, ' ')
		if _, err := hearing(t, name).ParseCallback(changed); !errors.Is(err, providers.ErrForged) {
			t.Errorf("%s, a body with a byte more: %v", name, err)
		}
	}
}

// Sendexa's pages and SDKs disagree about header and body of its webhooks. Every form that one of them shows is read.
func TestEveryFormOfSendexasCallbacks(t *testing.T) {
	t.Parallel()
	p := hearing(t, "sendexa-sms")
	for name, body := range map[string]string{
		"flat":               `{"messageId":"m-1","status":"DELIVERED"}`,
		"an event":           `{"event":"message.delivered","data":{"messageId":"m-1"}}`,
		"an event and state": `{"event":"message.status","data":{"messageId":"m-1","status":"delivered"}}`,
		"in an envelope":     `{"id":"evt_1","event":"message.delivered","data":{"messageId":"m-1"},"signature":"x"}`,
		"by its id":          `{"event":"message.delivered","data":{"id":"m-1"}}`,
	} {
		c := signedWith("sendexa-sms", canarySecret, body)
		other := c
		other.Header = http.Header{"X-Signature": {"sha256=" + c.Header.Get("X-Sendexa-Signature")}}
		for _, c := range []providers.Callback{c, other} {
			got, err := p.ParseCallback(c)
			if err != nil || len(got) != 1 || got[0].ID != "m-1" || got[0].State != providers.DeliveryDelivered {
				t.Errorf("%s: %+v, %v", name, got, err)
			}
		}
	}
	const ofACode = `{"event":"otp.failed","id":"otp_1","phone":"0201230001","code":"739146"}`
	got, err := p.ParseCallback(signedWith("sendexa-sms", canarySecret, ofACode))
	if err != nil || len(got) != 1 || got[0].State != "" || got[0].Code != "" {
		t.Errorf("of a code of the vendor's own: %+v, %v", got, err)
	}
}

func TestCallbackThatMakesNoSense(t *testing.T) {
	t.Parallel()
	posted := notice("arkesel", "m-1", "DELIVERED")
	posted.Method = http.MethodPost
	got := notice("africastalking", "m-1", "Success")
	got.Method = http.MethodGet
	broken := notice("africastalking", "m-1", "Success")
	broken.Body = []byte("id=%zz")
	for name, test := range map[string]struct {
		preset string
		c      providers.Callback
	}{
		"by POST":      {"arkesel", posted},
		"by GET":       {"africastalking", got},
		"no form":      {"africastalking", broken},
		"no id":        {"arkesel", notice("arkesel", "", "DELIVERED")},
		"a blank id":   {"africastalking", notice("africastalking", "a b", "Success")},
		"a long id":    {"arkesel", notice("arkesel", strings.Repeat("x", 129), "DELIVERED")},
		"no JSON":      {"termii", signedWith("termii", canarySecret, "status=x")},
		"a list":       {"termii", signedWith("termii", canarySecret, `[{"message_id":"m-1"}]`)},
		"an id within": {"termii", signedWith("termii", canarySecret, `{"message_id":{"a":"m-1"},"status":"Delivered"}`)},
		"nothing":      {"zend-messages", signedWith("zend-messages", canarySecret, "")},
		"truncated":    {"sendexa-sms", signedWith("sendexa-sms", canarySecret, `{"messageId":"m-1","stat`)},
	} {
		reports, err := hearing(t, test.preset).ParseCallback(test.c)
		if !errors.Is(err, providers.ErrMalformed) || reports != nil {
			t.Errorf("%s: %v, %v", name, reports, err)
		}
	}
}

func TestWithoutSettingsNoCallbacks(t *testing.T) {
	t.Parallel()
	for name, m := range models() {
		tr := build(t, m.toward(t, "https://sms.example.com")).(transport.CallbackParser)
		for _, c := range []providers.Callback{{}, notice("arkesel", "m-1", "DELIVERED"), signedWith("termii", "", "{}")} {
			if _, err := tr.ParseCallback(c); !errors.Is(err, providers.ErrNoCallbacks) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

func TestVendorsAreToldWhereToCall(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"arkesel": `{"sender":"MyBrand","recipients":["233201230001"],"message":"739146 is your code.","callback_url":"` +
			callbackURL + "/" + canaryToken + `"}`,
		"zend-messages": `{"to":"+233201230001","body":"739146 is your code.","preferred_channels":["sms"],"webhook_url":"` +
			callbackURL + `","sender_id":"MyBrand"}`,
	} {
		m := models()[name]
		m.options.Callback = heard()[name]
		s := m.start(t, nil)
		if _, err := s.carrier.Deliver(t.Context(), message(1)); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, s.Requests("send")[0].Body); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// Each mistake is refused at its place, and no secret is quoted.
func TestCallbackSettings(t *testing.T) {
	t.Parallel()
	all := httpsms.Callback{URL: callbackURL, Token: secret(canaryToken), Secret: secret(canarySecret)}
	for name, test := range map[string]struct {
		preset   string
		callback httpsms.Callback
		want     []string
	}{
		"africastalking":          {"africastalking", heard()["africastalking"], nil},
		"arkesel":                 {"arkesel", heard()["arkesel"], nil},
		"termii":                  {"termii", heard()["termii"], nil},
		"sendexa-sms":             {"sendexa-sms", heard()["sendexa-sms"], nil},
		"zend-messages":           {"zend-messages", heard()["zend-messages"], nil},
		"none":                    {"arkesel", httpsms.Callback{}, nil},
		"a call that is read out": {"termii-voice", all, []string{"callback: "}},
		"no URL for one who signs": {
			"zend-messages", httpsms.Callback{Secret: secret(canarySecret)}, []string{"callback.url: "},
		},
		"a vendor who does not call": {"mnotify", all, []string{"callback: "}},
		"an API that is described":   {"described, JSON", all, []string{"callback: "}},
		"a short token":              {"africastalking", httpsms.Callback{Token: secret("canary")}, []string{"callback.token: "}},
		"a token with a slash":       {"africastalking", httpsms.Callback{Token: secret("canary/0123456789-0123456789")}, []string{"callback.token: "}},
		"a secret for one who does not sign": {
			"africastalking", httpsms.Callback{Token: secret(canaryToken), Secret: secret(canarySecret)}, []string{"callback.secret: "},
		},
		"a token for one who signs": {
			"termii", httpsms.Callback{Token: secret(canaryToken), Secret: secret(canarySecret)}, []string{"callback.token: "},
		},
		"no secret":       {"termii", httpsms.Callback{Token: secret(canaryToken)}, []string{"callback.secret: "}},
		"a broken secret": {"termii", httpsms.Callback{Secret: secret("canary secret")}, []string{"callback.secret: "}},
		"no URL":          {"arkesel", httpsms.Callback{Token: secret(canaryToken)}, []string{"callback.url: "}},
		"a URL over http": {
			"arkesel", httpsms.Callback{URL: "http://otp.example.com", Token: secret(canaryToken)}, []string{"callback.url: "},
		},
		"a URL for one who has a dashboard": {
			"termii", httpsms.Callback{URL: callbackURL, Secret: secret(canarySecret)}, []string{"callback.url: "},
		},
	} {
		o := models()[test.preset].toward(t, "https://sms.example.com")
		o.Callback = test.callback
		var b block
		o.Check(&b)
		if len(b) != len(test.want) {
			t.Errorf("%s: %q", name, b)
			continue
		}
		for i, said := range b {
			if !strings.HasPrefix(said, test.want[i]) || strings.Contains(said, "canary") {
				t.Errorf("%s: said %q, want %q", name, said, test.want[i])
			}
		}
	}
}

// FuzzSignedCallback states what holds for every body that is signed: no panic, and nothing of the text is kept.
func FuzzSignedCallback(f *testing.F) {
	f.Add(string(notice("termii", "m-1", "Delivered").Body))
	f.Add(string(notice("sendexa-sms", "m-1", "DELIVERED").Body))
	f.Add(string(notice("zend-messages", "m-1", "failed").Body))
	f.Add(`{"message_id":7,"status":true}`)
	f.Add(`{"message_id":"m","message_id":"n"}`)
	f.Add(`{"event":"otp.failed","data":[{"id":"m"}],"id":"n"}`)
	parsers := map[string]transport.CallbackParser{}
	for name := range signatures() {
		parsers[name] = hearing(f, name)
	}
	f.Fuzz(func(t *testing.T, body string) {
		for name, p := range parsers {
			reports, err := p.ParseCallback(signedWith(name, canarySecret, body))
			if err != nil && (!errors.Is(err, providers.ErrMalformed) || reports != nil) {
				t.Errorf("%s: %v, %v", name, reports, err)
			}
			for _, one := range reports {
				if one.ID == "" || len(one.ID) > 128 || len(one.Code) > 32 {
					t.Errorf("%s: %+v", name, one)
				}
			}
			unsigned := providers.Callback{Method: http.MethodPost, Body: []byte(body)}
			if _, err := p.ParseCallback(unsigned); !errors.Is(err, providers.ErrForged) {
				t.Errorf("%s, not signed: %v", name, err)
			}
		}
	})
}
