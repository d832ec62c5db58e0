package inhouse

import (
	"strings"
	"testing"
	"time"

	"github.com/otpgate/otpgate/providers"
)

// asker is a transport whose upstream asks what to say.
type asker struct{ carrier }

func (*asker) ParseCall(c providers.Callback) (providers.Call, error) {
	return providers.Call{ID: string(c.Body)}, nil
}

func (*asker) Say(text providers.Secret, locale string) (mediaType string, body []byte) {
	return "text/plain", []byte(locale + ": " + text.Reveal())
}

func TestCallsGoToTheTransport(t *testing.T) {
	t.Parallel()
	g := newGenerator(t, new(carrier), key("k1", 'a'))
	if g.Calls() {
		t.Error("a transport that carries texts is asked about calls")
	}
	g.transports[providers.Voice] = new(carrier)
	if g.Calls() {
		t.Error("a transport that is told the text is asked about calls")
	}
	g.transports[providers.Voice] = new(asker)
	call, err := g.ParseCall(providers.Callback{Body: []byte("s1")})
	kind, said := g.Say(providers.NewSecret("hello"), "en")
	if !g.Calls() || err != nil || call.ID != "s1" || kind != "text/plain" || string(said) != "en: hello" {
		t.Errorf("%v %+v %v %s %s", g.Calls(), call, err, kind, said)
	}
}

// What is said is the text that was asked for, with the code one digit at a time, and the code once more.
func TestSpeech(t *testing.T) {
	t.Parallel()
	c := new(carrier)
	g := newGenerator(t, c, key("k1", 'a'))
	sent := providers.SendRequest{
		Reference: testReference, App: "shop", To: providers.NewPhone("+233201234567", "GH", "0201234567"), Channel: providers.SMS,
		Message: "{prefix}: {code}",
	}
	h, err := g.Send(t.Context(), sent)
	if err != nil {
		t.Fatal(err)
	}
	slowly := strings.Join(strings.Split(c.last(t).Code.Reveal(), ""), ", ")
	for name, test := range map[string]struct{ message, locale, want string }{
		"our own":       {"", "", slowly + " is your code. It expires in 4 minutes. Do not share it with anyone. I repeat: " + slowly + "."},
		"in French":     {"", "fr", slowly + " est votre code. Il expire dans 4 minutes. Ne le communiquez à personne. Je répète : " + slowly + "."},
		"the app's":     {"Hello from {app},\n{code} for {amount} {duration}.", "en", "Hello from shop, " + slowly + " for 4 minutes. I repeat: " + slowly + "."},
		"with a prefix": {"{prefix} {code}", "en", h.Prefix + " " + slowly + ". I repeat: " + slowly + "."},
		"signs of ours": {"<b>{code}</b> {app", "en", "<b>" + slowly + "</b> {app. I repeat: " + slowly + "."},
	} {
		req := sent
		req.Channel, req.Message, req.Locale, req.Wish.Expiry = providers.Voice, test.message, test.locale, 4*time.Minute+time.Second
		speech, err := g.Speech(h, req)
		if err != nil || speech.Reveal() != test.want {
			t.Errorf("%s: %q %v", name, speech.Reveal(), err)
		}
	}
	if _, err := g.Speech(h, providers.SendRequest{Message: "no code"}); providers.ClassOf(err) != providers.Unsupported {
		t.Errorf("a text without a code: %v", err)
	}
	if _, err := g.Speech(providers.Handle{State: []byte("x")}, sent); providers.ClassOf(err) != providers.Gone {
		t.Errorf("a handle of somebody else: %v", err)
	}
}
