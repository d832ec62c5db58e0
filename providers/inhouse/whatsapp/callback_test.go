package whatsapp_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/inhouse/transport"
	"github.com/otpgate/otpgate/providers/inhouse/whatsapp"
	"github.com/otpgate/otpgate/providers/inhouse/whatsapp/whatsapptwin"
	"github.com/otpgate/otpgate/providers/twin"
)

// hearer is a transport of options that hears of its messages.
func hearer(t testing.TB, o *whatsapp.Options) parser {
	t.Helper()
	p, ok := build(t, o).(parser)
	if !ok {
		t.Fatal("the transport takes no callbacks")
	}
	return p
}

const anywhere = "https://graph.facebook.com"

// signed is a callback with a right signature.
func signed(body []byte) providers.Callback {
	one := whatsapptwin.New(whatsapptwin.Options{AppSecret: canarySecret})
	return providers.Callback{
		Method: http.MethodPost, Body: body, Header: http.Header{"X-Hub-Signature-256": {one.Signature(body)}},
	}
}

func file(t testing.TB, name string) []byte {
	t.Helper()
	body, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func TestCallbackTellsOfMessages(t *testing.T) {
	t.Parallel()
	at := func(seconds int64) time.Time { return time.Unix(seconds, 0).UTC() }
	p := hearer(t, options(anywhere))
	for name, want := range map[string][]transport.Report{
		"sent.json":   {{ID: "wamid.1", State: providers.DeliverySent, At: at(1750030073)}},
		"failed.json": {{ID: "wamid.1", State: providers.DeliveryUndelivered, Code: "131026", At: at(1750030073)}},
		"mixed.json": {
			{ID: "wamid.1", State: providers.DeliveryDelivered, At: at(1750030075)},
			{ID: "wamid.2", State: providers.DeliveryDelivered, At: at(1750030076)},
			{ID: "wamid.3"},
			{ID: "wamid.4", State: providers.DeliveryUndelivered},
		},
	} {
		got, err := p.ParseCallback(signed(file(t, name)))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// What is genuine and about other things is no mistake: Meta would send it again for days.
func TestCallbackAboutOtherThings(t *testing.T) {
	t.Parallel()
	p := hearer(t, options(anywhere))
	for _, body := range []string{
		`{}`, `{"object":"page","entry":[]}`, `{"entry":[{"changes":[{"field":"account_alerts","value":{}}]}]}`,
		`{"entry":[{"changes":[{"field":"messages","value":{"metadata":{"phone_number_id":"` + number + `"}}}]}]}`,
	} {
		if got, err := p.ParseCallback(signed([]byte(body))); err != nil || len(got) != 0 {
			t.Errorf("%s: %v, %v", body, got, err)
		}
	}
}

func TestForgedCallbacksAreRefused(t *testing.T) {
	t.Parallel()
	p := hearer(t, options(anywhere))
	body := file(t, "failed.json")
	right := signed(body).Header.Get("X-Hub-Signature-256")
	other := whatsapptwin.New(whatsapptwin.Options{AppSecret: "another secret"})
	for name, signature := range map[string][]string{
		"none":                  nil,
		"empty":                 {""},
		"no digits":             {"sha256="},
		"without its name":      {strings.TrimPrefix(right, "sha256=")},
		"another name":          {strings.Replace(right, "sha256", "sha1", 1)},
		"of another secret":     {other.Signature(body)},
		"of another body":       {other.Signature([]byte("{}"))},
		"cut":                   {right[:len(right)-2]},
		"a digit changed":       {right[:len(right)-1] + map[bool]string{true: "1", false: "0"}[right[len(right)-1] == '0']},
		"behind a wrong one":    {"sha256=00", right},
		"white space around it": {" " + right},
	} {
		c := providers.Callback{Method: http.MethodPost, Body: body, Header: http.Header{"X-Hub-Signature-256": signature}}
		if got, err := p.ParseCallback(c); !errors.Is(err, providers.ErrForged) || got != nil {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	changed := signed(body)
	changed.Body = append([]byte(" "), body...) // JSON all the same, and not what was signed
	if _, err := p.ParseCallback(changed); !errors.Is(err, providers.ErrForged) {
		t.Errorf("a body with a byte more: %v", err)
	}
}

// Only who knows the secret learns that a body makes no sense.
func TestCallbackThatMakesNoSense(t *testing.T) {
	t.Parallel()
	p := hearer(t, options(anywhere))
	for _, body := range []string{
		"", "[]", "null{}", "{", `{"entry":{}}`, `{"entry":[{"changes":[{"value":{"statuses":[{"id":7}]}}]}]}`,
		string(file(t, "failed.json")[:200]), "\xff",
	} {
		if got, err := p.ParseCallback(signed([]byte(body))); !errors.Is(err, providers.ErrMalformed) || got != nil {
			t.Errorf("%q: %v, %v", body, got, err)
		}
		unsigned := providers.Callback{Method: http.MethodPost, Body: []byte(body)}
		if _, err := p.ParseCallback(unsigned); !errors.Is(err, providers.ErrForged) {
			t.Errorf("%q, not signed: %v", body, err)
		}
	}
}

func TestNoSecretNoCallbacks(t *testing.T) {
	t.Parallel()
	o := options(anywhere)
	o.AppSecret, o.VerifyToken = secret(""), secret("")
	tr, err := o.Build(providers.Environment{Name: "inhouse"})
	if err != nil {
		t.Fatal(err)
	}
	p := tr.(parser)
	if _, err := p.ParseCallback(signed([]byte("{}"))); !errors.Is(err, providers.ErrNoCallbacks) {
		t.Errorf("got %v", err)
	}
	if answer, ok := p.Challenge(challenge("subscribe", "", "123")); ok {
		t.Errorf("answered %q", answer)
	}
}

func challenge(mode, token, text string) providers.Callback {
	return providers.Callback{Method: http.MethodGet, Query: url.Values{
		"hub.mode": {mode}, "hub.verify_token": {token}, "hub.challenge": {text},
	}}
}

func TestChallenge(t *testing.T) {
	t.Parallel()
	p := hearer(t, options(anywhere))
	posted := challenge("subscribe", canaryVerify, "1158201444")
	posted.Method = http.MethodPost
	for name, test := range map[string]struct {
		c  providers.Callback
		ok bool
	}{
		"right":            {challenge("subscribe", canaryVerify, "1158201444"), true},
		"another token":    {challenge("subscribe", "canary", "1158201444"), false},
		"no token":         {challenge("subscribe", "", "1158201444"), false},
		"another mode":     {challenge("unsubscribe", canaryVerify, "1158201444"), false},
		"no challenge":     {challenge("subscribe", canaryVerify, ""), false},
		"no word":          {challenge("subscribe", canaryVerify, "two words"), false},
		"a long one":       {challenge("subscribe", canaryVerify, strings.Repeat("1", 257)), false},
		"by POST":          {posted, false},
		"nothing at all":   {providers.Callback{Method: http.MethodGet}, false},
		"a genuine report": {signed(file(t, "sent.json")), false},
	} {
		answer, ok := p.Challenge(test.c)
		if ok != test.ok || ok && answer != "1158201444" || !ok && answer != "" {
			t.Errorf("%s: %q, %v", name, answer, ok)
		}
	}
	if _, err := p.ParseCallback(challenge("subscribe", "canary", "1")); !errors.Is(err, providers.ErrForged) {
		t.Errorf("a challenge with a wrong token: %v", err)
	}
}

// The twin calls back as Meta does, and the transport believes it.
func TestTwinTellsWhatBecomesOfMessages(t *testing.T) {
	t.Parallel()
	s := start(t, whatsapptwin.Options{})
	p := s.carrier.(parser)
	var mu sync.Mutex
	told := map[string][]providers.DeliveryState{}
	callee := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := providers.Callback{Method: r.Method, Header: r.Header, Query: r.URL.Query(), Body: read(r)}
		if answer, ok := p.Challenge(c); ok {
			_, _ = w.Write([]byte(answer))
			return
		}
		reports, err := p.ParseCallback(c)
		if err != nil {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		mu.Lock()
		defer mu.Unlock()
		for _, one := range reports {
			told[one.ID] = append(told[one.ID], one.State)
		}
	}))
	defer callee.Close()
	if err := s.Subscribe(t.Context(), callee.URL); err != nil {
		t.Fatal(err)
	}
	s.CallTo(callee.URL)
	want := map[string][]providers.DeliveryState{}
	for n, states := range map[int][]providers.DeliveryState{
		1: {providers.DeliverySent, providers.DeliveryDelivered}, 9908: {providers.DeliveryUndelivered},
	} {
		receipt, err := s.carrier.Deliver(t.Context(), message(n))
		if err != nil {
			t.Fatal(err)
		}
		want[receipt.ID] = states
	}
	s.Wait()
	mu.Lock()
	defer mu.Unlock()
	if diff := cmp.Diff(want, told); diff != "" {
		t.Error(diff)
	}
	if n := len(s.Inbox.Messages("", "")); n != 1 || twin.TraitOf("9908") != twin.NeverArrives {
		t.Errorf("%d messages arrived", n)
	}
}

func read(r *http.Request) []byte {
	body, _ := io.ReadAll(r.Body) // what is missing shows in the signature
	return body
}

// FuzzCallback states what holds for every body that Meta might sign: no panic, and what is told names a message.
func FuzzCallback(f *testing.F) {
	for _, name := range []string{"sent.json", "failed.json", "mixed.json"} {
		f.Add(file(f, name))
	}
	f.Add([]byte(`{"entry":[{"changes":[{"field":"messages","value":{"metadata":{"phone_number_id":"` + number +
		`"},"statuses":[{"id":"","status":"failed","timestamp":"-1","errors":[{"code":-9223372036854775808}]}]}}]}]}`))
	p := hearer(f, options(anywhere))
	f.Fuzz(func(t *testing.T, body []byte) {
		reports, err := p.ParseCallback(signed(body))
		if err != nil && (!errors.Is(err, providers.ErrMalformed) || reports != nil) {
			t.Errorf("%v, %v", reports, err)
		}
		for _, one := range reports {
			if one.At.Before(time.Time{}) || !one.At.IsZero() && one.At.Unix() <= 0 || len(one.Code) > 20 {
				t.Errorf("%+v", one)
			}
		}
		unsigned := providers.Callback{Method: http.MethodPost, Body: body}
		if _, err := p.ParseCallback(unsigned); !errors.Is(err, providers.ErrForged) {
			t.Errorf("not signed: %v", err)
		}
	})
}
