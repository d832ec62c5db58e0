package hubtel_test

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/hubtel"
	"github.com/otpgate/otpgate/providers/providertest"
)

const (
	requestID = "707ebf1408f149ff826a556c5b2caba0"
	html      = "<html><body>Not found</body></html>"
)

// canned makes a provider whose upstream gives the same answer to everything.
func canned(t *testing.T, status int, body string) *hubtel.Provider {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(s.Close)
	return build(t, providers.Environment{Name: "hubtel-gh", Log: slog.New(slog.DiscardHandler)}, s.URL)
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
		UpstreamID: requestID,
		Prefix:     "ZDSQ",
		State:      []byte(`{"v":1,"request_id":"` + requestID + `","prefix":"ZDSQ"}`),
		Granted:    providers.Granted{Length: 4, Alphabet: providers.Numeric},
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
	for _, name := range []string{"send.json", "send_pascal.json"} {
		h, err := canned(t, 200, sample(t, name)).Send(t.Context(), request())
		if diff := cmp.Diff(handle(), h); err != nil || diff != "" {
			t.Errorf("%s: %v\n%s", name, err, diff)
		}
	}
}

// TestRequestIDsMayBeNumbers, as the vendor's table types them. A verify sends them as texts, as written.
func TestRequestIDsMayBeNumbers(t *testing.T) {
	t.Parallel()
	p := canned(t, 201, `{"code":"0000","data":{"requestId":7071408149e3,"prefix":"ZDSQ"}}`)
	h, err := p.Send(t.Context(), request())
	want := handle()
	want.UpstreamID, want.State = "7071408149e3", []byte(`{"v":1,"request_id":"7071408149e3","prefix":"ZDSQ"}`)
	if diff := cmp.Diff(want, h); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
}

func TestResendChangesIDAndPrefix(t *testing.T) {
	t.Parallel()
	h, err := canned(t, 200, sample(t, "resend.json")).Resend(t.Context(), handle(), request())
	if err != nil || h.UpstreamID != "255f692e56f2437ebf26965de5784ad1" || h.Prefix != "TZBH" {
		t.Errorf("got %+v, %v", h, err)
	}
}

func TestRefusedSendsAndResends(t *testing.T) {
	t.Parallel()
	const ambiguous, gone, transient, unknown = providers.Ambiguous, providers.Gone, providers.Transient, providers.Unknown
	tests := map[string]struct {
		status       int
		body         string
		send, resend providers.Class
		code         string
	}{
		"request failed":         {200, sample(t, "failed.json"), transient, gone, "2001"},
		"request failed, 400":    {400, sample(t, "failed.json"), transient, gone, "2001"},
		"granted without id":     {200, `{"code":"0000","data":{"prefix":"ZDSQ"}}`, ambiguous, ambiguous, "0000"},
		"granted without prefix": {200, `{"code":"0000","data":{"requestId":"x"}}`, ambiguous, ambiguous, "0000"},
		"granted without data":   {200, `{"code":"0000"}`, ambiguous, ambiguous, "0000"},
		"granted with an unfit prefix": {
			200, `{"code":"0000","data":{"requestId":"x","prefix":"a b"}}`, ambiguous, ambiguous, "0000",
		},
		"another code":              {200, `{"code":"4000","data":{"requestId":"x","prefix":"y"}}`, unknown, unknown, "4000"},
		"no code":                   {200, `{"data":{"requestId":"x","prefix":"y"}}`, unknown, unknown, "200"},
		"success refused by status": {400, sample(t, "send.json"), unknown, unknown, "0000"},
		"granted with a list": {
			200, `{"code":"0000","data":[{"requestId":"x","prefix":"y"}]}`, ambiguous, ambiguous, "0000",
		},
		"granted with two ids": {
			200, `{"code":"0000","data":{"requestId":"x","RequestId":"y","prefix":"z"}}`, ambiguous, ambiguous, "0000",
		},
		"request failed, a number": {400, `{"code":2001,"data":""}`, transient, gone, "2001"},
		"blank":                    {200, " \r\n", transient, transient, "200"},
		"nothing":                  {200, `{}`, transient, transient, "200"},
		"page":                     {200, html, transient, transient, "200"},
		"page, 404":                {404, html, transient, transient, "404"},
		"no session":               {404, "", unknown, gone, "404"},
		"session over":             {410, "{}", unknown, gone, "410"},
		"bad request":              {400, "", unknown, unknown, "400"},
		"key":                      {401, html, providers.Credentials, providers.Credentials, "401"},
		"balance":                  {402, `{"code":"4002"}`, providers.Exhausted, providers.Exhausted, "4002"},
		"rate":                     {429, "", providers.Throttled, providers.Throttled, "429"},
		"server":                   {503, html, transient, transient, "503"},
		"redirect":                 {302, html, unknown, unknown, "302"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := canned(t, test.status, test.body)
			h, err := p.Send(t.Context(), request())
			refused(t, err, "send", test.send, test.code)
			again, errAgain := p.Resend(t.Context(), handle(), request())
			refused(t, errAgain, "resend", test.resend, test.code)
			if h.State != nil || again.State != nil {
				t.Error("a handle stands beside the error")
			}
		})
	}
}

func TestVerdicts(t *testing.T) {
	t.Parallel()
	yes := providers.Verdict{Match: true, AttemptsLeft: -1, Final: true}
	no := providers.Verdict{AttemptsLeft: -1}
	tests := map[string]struct {
		status int
		body   string
		want   providers.Verdict
		class  providers.Class // of the error, where there is no verdict
		code   string
	}{
		"200":                       {status: 200, want: yes},
		"200, white space":          {status: 200, body: "\r\n", want: yes},
		"200 and 0000":              {status: 200, body: `{"message":"success","code":"0000","data":null}`, want: yes},
		"200 and 0000, in capitals": {status: 200, body: `{"Message":"success","Code":"0000"}`, want: yes},
		"200 and 2001":              {status: 200, body: sample(t, "failed.json"), class: providers.Gone, code: "2001"},
		"200 and another code":      {status: 200, body: `{"code":"4000"}`, class: providers.Unknown, code: "4000"},
		"200 and two codes": {
			status: 200, body: `{"code":"2001","Code":"0000"}`, class: providers.Transient, code: "200",
		},
		"200 and the word":       {status: 200, body: `{"message":"success","data":null}`, want: yes},
		"200 and nothing":        {status: 200, body: ` {} `, want: yes},
		"200 and null":           {status: 200, body: `null`, want: yes},
		"200 and an empty text":  {status: 200, body: `""`, want: yes},
		"200 and another word":   {status: 200, body: `{"message":"Invalid code"}`, class: providers.Unknown, code: "200"},
		"200 and a refusal":      {status: 200, body: `{"success":false}`, class: providers.Unknown, code: "200"},
		"200 and a text":         {status: 200, body: `Invalid code`, class: providers.Transient, code: "200"},
		"200 and a list":         {status: 200, body: `[]`, class: providers.Transient, code: "200"},
		"200 and 2001, a number": {status: 200, body: `{"code":2001}`, class: providers.Gone, code: "2001"},
		"200 and 0 for 0000":     {status: 200, body: `{"code":0}`, class: providers.Unknown, code: "0"},
		"200, the word, code true": {
			status: 200, body: `{"message":"success","code":true}`, class: providers.Transient, code: "200",
		},
		"200, the word, code empty": {
			status: 200, body: `{"message":"success","code":""}`, class: providers.Unknown, code: "200",
		},
		"200 and the guess as code": {status: 200, body: `{"code":"4711"}`, class: providers.Unknown, code: "200"},
		"200 and a page":            {status: 200, body: html, class: providers.Transient, code: "200"},
		"201":                       {status: 201, class: providers.Unknown, code: "201"},
		"204":                       {status: 204, class: providers.Unknown, code: "204"},
		"400":                       {status: 400, want: no},
		"400 and a code":            {status: 400, body: `{"message":"Invalid code","code":"4000"}`, want: no},
		"400 and 0000":              {status: 400, body: `{"code":"0000"}`, want: no},
		"400 and a number":          {status: 400, body: `{"code":4000,"data":[]}`, want: no},
		"400 and a text":            {status: 400, body: "Invalid code", want: no},
		"400 and a page":            {status: 400, body: "\n" + html, class: providers.Transient, code: "400"},
		"400 and 2001":              {status: 400, body: sample(t, "failed.json"), class: providers.Gone, code: "2001"},
		"400 and 2001, a number":    {status: 400, body: `{"code":2001,"data":""}`, class: providers.Gone, code: "2001"},
		"404":                       {status: 404, want: no},
		"404 and a page":            {status: 404, body: html, class: providers.Transient, code: "404"},
		"410":                       {status: 410, want: no},
		"422":                       {status: 422, want: no},
		"401, perhaps a wrong code": {status: 401, class: providers.Credentials, code: "401"},
		"403":                       {status: 403, class: providers.Credentials, code: "403"},
		"402":                       {status: 402, class: providers.Exhausted, code: "402"},
		"429":                       {status: 429, class: providers.Throttled, code: "429"},
		"409":                       {status: 409, class: providers.Unknown, code: "409"},
		"302":                       {status: 302, class: providers.Unknown, code: "302"},
		"500 and 0000":              {status: 500, body: `{"code":"0000"}`, class: providers.Transient, code: "0000"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := canned(t, test.status, test.body).Verify(t.Context(), handle(), providers.NewSecret("4711"))
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
			if test.code == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			refused(t, err, "verify", test.class, test.code)
		})
	}
}

func refused(t *testing.T, err error, op string, class providers.Class, code string) {
	t.Helper()
	e, ok := errors.AsType[*providers.Error](err)
	if !ok || e.Provider != "hubtel-gh" || e.Op != op || e.Class != class || e.Code != code {
		t.Errorf("got %v, want %s: %v (%s)", err, op, class, code)
	}
}

func TestSenderOfTheRequestGoesFirst(t *testing.T) {
	t.Parallel()
	for sender, class := range map[string]providers.Class{
		"Shop": providers.Ambiguous, "": providers.Ambiguous, "elevenchars": providers.Ambiguous,
		"twelve12char": providers.Unsupported, "My Brand": providers.Unsupported, "Café": providers.Unsupported,
	} {
		req := request()
		req.Sender = sender
		_, err := canned(t, 200, `{"code":"0000"}`).Send(t.Context(), req)
		if got := providers.ClassOf(err); got != class {
			t.Errorf("%q: got %v", sender, err)
		}
	}
}

func TestSenderOnTheWire(t *testing.T) {
	t.Parallel()
	var body []byte
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ = io.ReadAll(r.Body)
	}))
	defer s.Close()
	req := request()
	req.Sender = "Shop"
	_, _ = build(t, providers.Environment{}, s.URL).Send(t.Context(), req)
	if want := `{"senderId":"Shop","phoneNumber":"+233201234567","countryCode":"GH"}`; string(body) != want {
		t.Errorf("got %s", body)
	}
}

func TestInfo(t *testing.T) {
	t.Parallel()
	want := providers.Info{
		Name: "hubtel-gh", Kind: "hubtel", USSD: "*713*90#",
		Coverage: []providers.Coverage{{
			Channel: providers.SMS, Countries: providers.Countries{"GH"}, Length: providers.Range[int]{Min: 4, Max: 4},
			Alphabets: []providers.Alphabet{providers.Numeric},
		}},
	}
	if diff := cmp.Diff(want, canned(t, 200, "").Info()); diff != "" {
		t.Error(diff)
	}
}

func TestOptionsAreChecked(t *testing.T) {
	t.Parallel()
	key := providers.NewSecret("canary")
	tests := map[string]struct {
		change func(*hubtel.Options)
		want   []string // starts
	}{
		"good":      {func(*hubtel.Options) {}, nil},
		"no sender": {func(o *hubtel.Options) { o.Sender = "" }, []string{"sender: warning: is empty"}},
		"everything": {
			func(o *hubtel.Options) { *o = hubtel.Options{BaseURL: "http://api.example.com", Sender: "My Brand"} },
			[]string{
				"base_url: is plain http", "client_id: is missing", "client_secret: is missing", "sender: is no sender ID",
			},
		},
		"a secret with a line's end": {
			func(o *hubtel.Options) { o.ClientSecret = providers.NewSecret("canary\n") },
			[]string{"client_secret: is missing or holds white space"},
		},
		"meant to be insecure": {
			func(o *hubtel.Options) { o.BaseURL, o.Insecure = "http://api.example.com", true }, nil,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := hubtel.Kind().Options().(*hubtel.Options)
			o.ClientID, o.ClientSecret, o.Sender = key, key, "MyBrand"
			test.change(o)
			var b providertest.Block
			o.Check(&b)
			if len(b) != len(test.want) {
				t.Fatalf("got %q", b)
			}
			for i, start := range test.want {
				if !strings.HasPrefix(b[i], start) || strings.Contains(b[i], "canary") {
					t.Errorf("got %q, want %q", b[i], start)
				}
			}
		})
	}
}

func TestKindHasTheVendorsAddress(t *testing.T) {
	t.Parallel()
	k := hubtel.Kind()
	o, ok := k.Options().(*hubtel.Options)
	if k.Name != "hubtel" || !ok || o.BaseURL != "https://api-otp.hubtel.com" {
		t.Errorf("got %q, %+v", k.Name, o)
	}
	if k.Options() == k.Options() {
		t.Error("two providers would share their options")
	}
}

func TestBuildRefusesWhatCheckWould(t *testing.T) {
	t.Parallel()
	if p, err := (&hubtel.Options{}).Build(providers.Environment{}); err == nil || p != nil {
		t.Errorf("got %v, %v", p, err)
	}
}
