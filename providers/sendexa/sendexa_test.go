package sendexa_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/sendexa"
)

const (
	html = "<html><body>Cannot POST /v1/otp/resend</body></html>"
	// date is the upstream's clock when it gives the samples.
	date = "Mon, 15 Jan 2024 10:20:00 GMT"
)

// reply is an answer that an upstream gives to everything.
type reply struct {
	status int
	body   string
	header map[string]string // besides the date
}

// canned makes a provider for an upstream that replies and keeps the last request.
func canned(t *testing.T, dialect string, r reply) (*sendexa.Provider, *string) {
	t.Helper()
	last := new(string)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		b, _ := io.ReadAll(req.Body)
		*last = req.URL.EscapedPath() + " " + string(b)
		w.Header().Set("Date", date)
		for name, value := range r.header {
			w.Header().Set(name, value)
		}
		w.WriteHeader(r.status)
		_, _ = io.WriteString(w, r.body)
	}))
	t.Cleanup(s.Close)
	return build(t, environment(), s.URL, dialect), last
}

func environment() providers.Environment {
	return providers.Environment{Name: "sendexa-gh", Log: slog.New(slog.DiscardHandler)}
}

func sample(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func handle() providers.Handle {
	return providers.Handle{
		UpstreamID: "clxyz123abc",
		State:      []byte(`{"v":1,"id":"clxyz123abc","phone":"0201234567"}`),
		Granted: providers.Granted{
			Length: 4, Alphabet: providers.Numeric, Expiry: 12 * time.Minute, Attempts: 3,
		},
	}
}

func request() providers.SendRequest {
	return providers.SendRequest{
		Reference: "01jtdre6ga9vqk1ce154p0jjwr", App: "shop", Channel: providers.SMS,
		To: providers.NewPhone("+233201234567", "GH", "0201234567"),
	}
}

func TestSendReadsTheVendorsSamples(t *testing.T) {
	t.Parallel()
	short := handle()
	short.UpstreamID, short.State = "otp_abc123xyz", []byte(`{"v":1,"id":"otp_abc123xyz","phone":"0201234567"}`)
	short.Granted = providers.Granted{Length: 6, Alphabet: providers.Numeric, Expiry: 10 * time.Minute, Attempts: 3}
	for name, want := range map[string]providers.Handle{"send": handle(), "send_short": short} {
		p, _ := canned(t, "id", reply{status: 200, body: sample(t, name)})
		h, err := p.Send(t.Context(), request())
		if diff := cmp.Diff(want, h); err != nil || diff != "" {
			t.Errorf("%s: %v\n%s", name, err, diff)
		}
	}
}

// TestWhatIsGrantedInOddWords: the code is out and can be checked, so what cannot be read was not told.
func TestWhatIsGrantedInOddWords(t *testing.T) {
	t.Parallel()
	asked := providers.Granted{Length: 6, Alphabet: providers.Numeric, Expiry: 5 * time.Minute, Attempts: 3}
	texts := providers.Granted{Length: 4, Alphabet: providers.Alphabetic, Expiry: 5 * time.Minute, Attempts: 5}
	for data, want := range map[string]providers.Granted{
		`"pinLength":"4","maxValidationAttempts":"5","pinType":"Alphabetic"`:    texts,
		`"pinLength":4000,"maxValidationAttempts":1e30,"pinType":7`:             asked,
		`"pinLength":0,"maxValidationAttempts":-1,"pinType":null`:               asked,
		`"expiry":"12m","expiresAt":7`:                                          asked,
		`"expiry":{"amount":"12","expiresAt":7},"expiresAt":null`:               asked,
		`"expiry":[],"expiresAt":"","email":null,"phone":{},"metadata":[]`:      asked,
		`"expiry":{"amount":"5","expiresAt":"2024-01-15T10:25:00.000+00:00"}`:   asked,
		`"expiry":null,"expiresAt":"2024-01-15T11:25:00+01:00"`:                 asked,
		`"expiry":{"expiresAt":"2024-01-15 10:45:00"},"expiresAt":1705315800e3`: asked,
	} {
		p, _ := canned(t, "id", reply{status: 201, body: `{"success":true,"data":{"id":"clxyz123abc",` + data + `}}`})
		h, err := p.Send(t.Context(), request())
		if diff := cmp.Diff(want, h.Granted); err != nil || diff != "" || h.UpstreamID != "clxyz123abc" {
			t.Errorf("%s: %v\n%s", data, err, diff)
		}
	}
}

func TestSendBodyIsExact(t *testing.T) {
	t.Parallel()
	full := request()
	full.Sender, full.Message = "YourBrand", "Your code is {code}, expires in {amount} {duration} & <soon>"
	full.Wish = providers.CodeWish{Length: 4, Alphabet: providers.Numeric, Expiry: 12 * time.Minute, Attempts: 3}
	full.Metadata = map[string]string{"userId": "12345", "transactionType": "withdrawal", "a": "b"}
	odd := request()
	odd.Wish = providers.CodeWish{
		Length: 10, Alphabet: providers.Alphanumeric, Expiry: 2*time.Minute + 59*time.Second, Attempts: 10,
	}
	odd.Metadata = map[string]string{}
	long := request()
	long.Wish = providers.CodeWish{Alphabet: providers.Alphabetic, Expiry: 24 * time.Hour, Attempts: 1}
	tests := map[string]struct {
		dialect string
		req     providers.SendRequest
		want    string
	}{
		"every field": {"id", full, `{"phone":"0201234567","from":"YourBrand",` +
			`"message":"Your code is {code}, expires in {amount} {duration} & <soon>","pinLength":4,"pinType":"NUMERIC",` +
			`"expiry":{"amount":12,"duration":"minutes"},"maxAmountOfValidationRetries":3,` +
			`"metadata":{"a":"b","transactionType":"withdrawal","userId":"12345"}}`},
		"no wishes": {"phone", request(), `{"phone":"0201234567","from":"MyBrand","pinLength":6,"pinType":"NUMERIC",` +
			`"expiry":{"amount":5,"duration":"minutes"},"maxAmountOfValidationRetries":3}`},
		"rounded down": {"id", odd, `{"phone":"0201234567","from":"MyBrand","pinLength":10,"pinType":"ALPHANUMERIC",` +
			`"expiry":{"amount":2,"duration":"minutes"},"maxAmountOfValidationRetries":10}`},
		"a day": {"id", long, `{"phone":"0201234567","from":"MyBrand","pinLength":6,"pinType":"ALPHABETIC",` +
			`"expiry":{"amount":1440,"duration":"minutes"},"maxAmountOfValidationRetries":1}`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, last := canned(t, test.dialect, reply{status: 200, body: sample(t, "send")})
			for range 8 {
				if _, err := p.Send(t.Context(), test.req); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff("/v1/otp/request "+test.want, *last); diff != "" {
					t.Fatal(diff)
				}
			}
		})
	}
}

func TestWhatCannotBeCarriedIsNotAskedFor(t *testing.T) {
	t.Parallel()
	p, last := canned(t, "id", reply{status: 200, body: sample(t, "send")})
	for name, change := range map[string]func(*providers.SendRequest){
		"channel":        func(r *providers.SendRequest) { r.Channel = providers.WhatsApp },
		"country":        func(r *providers.SendRequest) { r.To = providers.NewPhone("+2348012345678", "NG", "08012345678") },
		"address":        func(r *providers.SendRequest) { r.To = providers.NewEmail("a@example.com") },
		"sender short":   func(r *providers.SendRequest) { r.Sender = "My" },
		"sender long":    func(r *providers.SendRequest) { r.Sender = "twelve12char" },
		"sender signs":   func(r *providers.SendRequest) { r.Sender = "My-Brand" },
		"sender accents": func(r *providers.SendRequest) { r.Sender = "Café" },
		"sender blank":   func(r *providers.SendRequest) { r.Sender = "    " },
	} {
		req := request()
		change(&req)
		h, err := p.Send(t.Context(), req)
		if refused(t, err, "send", failure{class: unsupported}); h.State != nil || *last != "" {
			t.Errorf("%s: got %+v after %q", name, h, *last)
		}
	}
}

func TestSenderOfTheRequestGoesFirst(t *testing.T) {
	t.Parallel()
	for sender, want := range map[string]string{
		"": "MyBrand", "Shop": "Shop", "My Shop": "My Shop", "elevenchars": "elevenchars",
	} {
		p, last := canned(t, "id", reply{status: 200, body: sample(t, "send")})
		req := request()
		req.Sender = sender
		if _, err := p.Send(t.Context(), req); err != nil || !strings.Contains(*last, `"from":"`+want+`"`) {
			t.Errorf("%q: got %v, %s", sender, err, *last)
		}
	}
}

func TestGrantedIsWhatWasSet(t *testing.T) {
	t.Parallel()
	asked := providers.Granted{Length: 6, Alphabet: providers.Numeric, Expiry: 5 * time.Minute, Attempts: 3}
	tests := map[string]struct {
		data string
		date string // of the answer; empty: as ever
		want providers.Granted
	}{
		"nothing told": {data: `{"id":"x"}`, want: asked},
		"all told": {
			data: `{"id":"x","pinLength":8,"pinType":"ALPHANUMERIC","maxValidationAttempts":5,` +
				`"expiry":{"expiresAt":"2024-01-15T11:20:00Z"}}`,
			want: providers.Granted{Length: 8, Alphabet: providers.Alphanumeric, Expiry: time.Hour, Attempts: 5},
		},
		"lost on the way": {data: `{"id":"x","expiresAt":"2024-01-15T10:24:31.000Z"}`, want: asked},
		"by no clock":     {data: `{"id":"x","expiresAt":"2024-01-15T10:27:00Z"}`, date: "yesterday", want: asked},
		"nonsense":        {data: `{"id":"x","pinLength":0,"pinType":"RUNES","expiresAt":"soon"}`, want: asked},
		"over already":    {data: `{"id":"x","expiresAt":"2024-01-15T10:00:00Z"}`, want: asked},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := reply{status: 201, body: `{"success":true,"data":` + test.data + `}`}
			if test.date != "" {
				r.header = map[string]string{"Date": test.date}
			}
			p, _ := canned(t, "id", r)
			h, err := p.Send(t.Context(), request())
			if diff := cmp.Diff(test.want, h.Granted); err != nil || diff != "" {
				t.Errorf("%v\n%s", err, diff)
			}
		})
	}
}

func TestGrantedWithoutAnID(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		`{"success":true}`, `{"success":true,"data":null}`, `{"success":true,"data":{"id":""}}`,
		`{"success":true,"data":{"id":"a b"}}`, `{"success":true,"data":{"id":"` + strings.Repeat("x", 5000) + `"}}`,
	} {
		p, _ := canned(t, "id", reply{status: 200, body: body})
		h, err := p.Send(t.Context(), request())
		if refused(t, err, "send", failure{class: providers.Ambiguous, code: "200"}); h.State != nil {
			t.Errorf("%s: a handle without an id was given", body)
		}
		p, _ = canned(t, "phone", reply{status: 200, body: body})
		h, err = p.Send(t.Context(), request())
		if want := `{"v":1,"phone":"0201234567"}`; err != nil || h.UpstreamID != "" || string(h.State) != want {
			t.Errorf("%s: the number is enough, got %+v, %v", body, h, err)
		}
	}
}

func TestResendReplacesTheIDThatItNames(t *testing.T) {
	t.Parallel()
	moved := handle()
	moved.UpstreamID, moved.State = "clxyz124def", []byte(`{"v":1,"id":"clxyz124def","phone":"0201234567"}`)
	moved.Granted.Expiry = 5 * time.Minute
	tests := map[string]struct {
		dialect, body string
		want          providers.Handle
		path          string
	}{
		"by id":           {"id", sample(t, "resend"), moved, "/v1/otp/resend/clxyz123abc "},
		"by id, no other": {"id", `{"success":true,"message":"sent"}`, handle(), "/v1/otp/resend/clxyz123abc "},
		"by phone": {
			"phone", sample(t, "resend"), moved, `/v1/otp/resend {"phone":"0201234567","id":"clxyz123abc"}`,
		},
		"by phone, no other": {
			"phone", `{"success":true,"data":{}}`, handle(), `/v1/otp/resend {"phone":"0201234567","id":"clxyz123abc"}`,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, last := canned(t, test.dialect, reply{status: 200, body: test.body})
			h, err := p.Resend(t.Context(), handle(), request())
			if diff := cmp.Diff(test.want, h); err != nil || diff != "" || *last != test.path {
				t.Errorf("%v, %s\n%s", err, *last, diff)
			}
		})
	}
}

func TestIDIsEscapedInThePath(t *testing.T) {
	t.Parallel()
	p, last := canned(t, "id", reply{status: 200, body: sample(t, "resend")})
	h := handle()
	h.State = []byte(`{"v":1,"id":"../verify?x=%2f#","phone":"0201234567"}`)
	if _, err := p.Resend(t.Context(), h, request()); err != nil || *last != "/v1/otp/resend/..%2Fverify%3Fx=%252f%23 " {
		t.Errorf("got %v, %s", err, *last)
	}
}

func TestHandleOfTheOtherDialect(t *testing.T) {
	t.Parallel()
	p, last := canned(t, "phone", reply{status: 200, body: sample(t, "verify")})
	if v, err := p.Verify(t.Context(), handle(), providers.NewSecret("4711")); err != nil || !v.Match {
		t.Errorf("a handle with an id was judged %+v, %v", v, err)
	}
	if want := `/v1/otp/verify {"phone":"0201234567","code":"4711","id":"clxyz123abc"}`; *last != want {
		t.Errorf("got %s", *last)
	}
	p, last = canned(t, "id", reply{status: 200, body: sample(t, "verify")})
	h := handle()
	h.State = []byte(`{"v":1,"phone":"0201234567"}`)
	_, err := p.Verify(t.Context(), h, providers.NewSecret("4711"))
	refused(t, err, "verify", failure{class: gone})
	_, err = p.Resend(t.Context(), h, request())
	refused(t, err, "resend", failure{class: gone})
	if *last != "" {
		t.Errorf("the upstream was asked: %s", *last)
	}
}

func TestInfo(t *testing.T) {
	t.Parallel()
	want := providers.Info{
		Name: "sendexa-gh", Kind: "sendexa",
		Coverage: []providers.Coverage{{
			Channel: providers.SMS, Countries: providers.Countries{"GH"}, Length: providers.Range[int]{Min: 4, Max: 10},
			Alphabets: []providers.Alphabet{providers.Numeric, providers.Alphabetic, providers.Alphanumeric},
			Expiry:    providers.Range[time.Duration]{Min: time.Minute, Max: 24 * time.Hour},
			Attempts:  providers.Range[int]{Min: 1, Max: 10}, Message: true,
		}},
	}
	p, _ := canned(t, "id", reply{status: 200})
	if diff := cmp.Diff(want, p.Info()); diff != "" {
		t.Error(diff)
	}
}
