package hisend_test

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/hisend"
)

const (
	reference = "01jtdre6ga9vqk1ce154p0jjwr"
	html      = "<html><body>Not found</body></html>"
)

func asGiven(*hisend.Options) {}

// canned makes a provider whose upstream gives the same answer to everything.
func canned(t *testing.T, status int, body string) *hisend.Provider {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(s.Close)
	return build(t, environment(), s.URL, asGiven)
}

func environment() providers.Environment {
	return providers.Environment{Name: "hisend", Log: slog.New(slog.DiscardHandler)}
}

func sample(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func handle() providers.Handle {
	return providers.Handle{
		UpstreamID: reference,
		State:      []byte(`{"v":1,"reference":"` + reference + `"}`),
		Granted:    providers.Granted{Length: 6, Alphabet: providers.Numeric, Expiry: 5 * time.Minute},
	}
}

func request() providers.SendRequest {
	return providers.SendRequest{
		Reference: "01k0000000000000000000000", App: "shop", Channel: providers.Email,
		To: providers.NewEmail("example@hunnovate.com"),
	}
}

// asked keeps the last request that the provider made.
func asked(t *testing.T, change func(*hisend.Options)) (*hisend.Provider, *http.Request) {
	t.Helper()
	last := new(http.Request)
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		*last = *r.Clone(t.Context())
	}))
	t.Cleanup(s.Close)
	return build(t, environment(), s.URL+"/api/v1/", change), last
}

func TestSendOnTheWire(t *testing.T) {
	t.Parallel()
	const key = "api_key=" + escaped + "&"
	phone := providers.NewPhone("+2348031234567", "NG", "08031234567")
	tests := map[string]struct {
		change  func(*hisend.Options)
		to      providers.Recipient
		channel providers.Channel
		wish    providers.CodeWish
		want    string
	}{
		"no wish": {
			asGiven, phone, providers.SMS, providers.CodeWish{},
			key + "channel=sms&customer_identifier=%2B2348031234567&expiry=5&length=6",
		},
		"every wish": {
			asGiven, phone, providers.SMS,
			providers.CodeWish{Length: 8, Alphabet: providers.Numeric, Expiry: 10 * time.Minute, Attempts: 3},
			key + "channel=sms&customer_identifier=%2B2348031234567&expiry=10&length=8",
		},
		"minutes are rounded down": {
			asGiven, phone, providers.SMS, providers.CodeWish{Expiry: 2*time.Minute - time.Nanosecond},
			key + "channel=sms&customer_identifier=%2B2348031234567&expiry=1&length=6",
		},
		"a day at most": {
			asGiven, phone, providers.SMS, providers.CodeWish{Expiry: 72 * time.Hour},
			key + "channel=sms&customer_identifier=%2B2348031234567&expiry=1440&length=6",
		},
		"an address that would add parameters": {
			asGiven, providers.NewEmail("a+b&channel=sms#?@example.com"), providers.Email, providers.CodeWish{},
			key + "channel=email&customer_identifier=a%2Bb%26channel%3Dsms%23%3F%40example.com&expiry=5&length=6",
		},
		"WhatsApp": {
			func(o *hisend.Options) { o.WhatsApp = true }, phone, providers.WhatsApp, providers.CodeWish{},
			key + "channel=whatsapp&customer_identifier=%2B2348031234567&expiry=5&length=6",
		},
		"key in the header": {
			func(o *hisend.Options) { o.Auth = "header" }, phone, providers.SMS, providers.CodeWish{},
			"channel=sms&customer_identifier=%2B2348031234567&expiry=5&length=6",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, last := asked(t, test.change)
			req := request()
			req.To, req.Channel, req.Wish = test.to, test.channel, test.wish
			req.Sender, req.Message, req.Locale = "Shop", "{code} it is", "fr"
			_, _ = p.Send(t.Context(), req)
			if last.URL == nil || last.URL.Path != "/api/v1/otp/send" || last.URL.RawQuery != test.want {
				t.Errorf("got %v, want %s", last.URL, test.want)
			}
			if inHeader := last.Header.Get("Api-Key") == apiKey; inHeader != (name == "key in the header") {
				t.Errorf("the header holds %q", last.Header.Get("Api-Key"))
			}
		})
	}
}

func TestVerifyOnTheWire(t *testing.T) {
	t.Parallel()
	for names, want := range map[string]string{
		"both":          "otp=98%264205&otp_reference=" + reference + "&reference=" + reference,
		"reference":     "otp=98%264205&reference=" + reference,
		"otp_reference": "otp=98%264205&otp_reference=" + reference,
	} {
		p, last := asked(t, func(o *hisend.Options) { o.ReferenceNames = names })
		_, _ = p.Verify(t.Context(), handle(), providers.NewSecret("98&4205"))
		if want = "api_key=" + escaped + "&" + want; last.URL.Path != "/api/v1/otp/validate" || last.URL.RawQuery != want {
			t.Errorf("%s: got %v, want %s", names, last.URL, want)
		}
	}
}

func TestGrantedIsWhatWasAskedFor(t *testing.T) {
	t.Parallel()
	p := canned(t, 200, sample(t, "send.json"))
	for wish, want := range map[providers.CodeWish]providers.Granted{
		{}:                         {Length: 6, Alphabet: "numeric", Expiry: 5 * time.Minute},
		{Length: 10, Attempts: 3}:  {Length: 10, Alphabet: "numeric", Expiry: 5 * time.Minute},
		{Expiry: 90 * time.Second}: {Length: 6, Alphabet: "numeric", Expiry: time.Minute},
		{Expiry: 48 * time.Hour}:   {Length: 6, Alphabet: "numeric", Expiry: 24 * time.Hour},
	} {
		req := request()
		req.Wish = wish
		h, err := p.Send(t.Context(), req)
		if err != nil || h.Granted != want {
			t.Errorf("%+v: got %+v, %v", wish, h.Granted, err)
		}
	}
}

func TestWhatHisendCannotDoIsNotAsked(t *testing.T) {
	t.Parallel()
	nigeria := providers.NewPhone("+2348031234567", "NG", "08031234567")
	ghana := providers.NewPhone("+233201234567", "GH", "0201234567")
	email := providers.NewEmail("ada@example.com")
	tests := map[string]struct {
		to      providers.Recipient
		channel providers.Channel
		wish    providers.CodeWish
	}{
		"SMS to Ghana":             {ghana, providers.SMS, providers.CodeWish{}},
		"SMS to an address":        {email, providers.SMS, providers.CodeWish{}},
		"e-mail to a number":       {nigeria, providers.Email, providers.CodeWish{}},
		"WhatsApp that is not on":  {nigeria, providers.WhatsApp, providers.CodeWish{}},
		"voice":                    {nigeria, providers.Voice, providers.CodeWish{}},
		"three digits":             {nigeria, providers.SMS, providers.CodeWish{Length: 3}},
		"eleven digits":            {nigeria, providers.SMS, providers.CodeWish{Length: 11}},
		"letters":                  {nigeria, providers.SMS, providers.CodeWish{Alphabet: providers.Alphanumeric}},
		"less than a minute":       {email, providers.Email, providers.CodeWish{Expiry: 59 * time.Second}},
		"an expiry that is behind": {email, providers.Email, providers.CodeWish{Expiry: -time.Minute}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, last := asked(t, asGiven)
			req := request()
			req.To, req.Channel, req.Wish = test.to, test.channel, test.wish
			_, err := p.Send(t.Context(), req)
			e, ok := errors.AsType[*providers.Error](err)
			if !ok || e.Class != providers.Unsupported || e.Err == nil || last.URL != nil {
				t.Errorf("got %v, asked %v", err, last.URL)
			}
		})
	}
}

func TestInfo(t *testing.T) {
	t.Parallel()
	on := func(channel providers.Channel, countries providers.Countries) providers.Coverage {
		return providers.Coverage{
			Channel: channel, Countries: countries, Length: providers.Range[int]{Min: 4, Max: 10},
			Alphabets: []providers.Alphabet{providers.Numeric},
			Expiry:    providers.Range[time.Duration]{Min: time.Minute, Max: 24 * time.Hour},
		}
	}
	nigeria := providers.Countries{"NG"}
	want := providers.Info{
		Name: "hisend", Kind: "hisend",
		Coverage:       []providers.Coverage{on(providers.SMS, nigeria), on(providers.Email, nil)},
		PaidOnDelivery: true,
	}
	if diff := cmp.Diff(want, canned(t, 200, "").Info()); diff != "" {
		t.Error(diff)
	}
	want.Coverage = append(want.Coverage, on(providers.WhatsApp, nigeria))
	p, _ := asked(t, func(o *hisend.Options) { o.WhatsApp = true })
	if diff := cmp.Diff(want, p.Info()); diff != "" {
		t.Error(diff)
	}
}
