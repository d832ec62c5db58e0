package zend_test

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/zend"
)

const (
	id   = "otp_64f8a1b2c3d4e5f6"
	html = "<html><body>Not found</body></html>"
)

// reply is an answer of an upstream that always gives the same.
type reply struct {
	status int
	body   string
}

// asked is what such an upstream was asked, as "METHOD path body".
type asked struct {
	mu  sync.Mutex
	all []string
}

func (a *asked) requests() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.all
}

// canned makes a provider whose upstream answers every POST with one reply, and every GET with another.
func canned(t *testing.T, post, get reply) (*zend.Provider, *asked) {
	t.Helper()
	seen := new(asked)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		seen.mu.Lock()
		seen.all = append(seen.all, strings.TrimSpace(r.Method+" "+r.URL.EscapedPath()+" "+string(body)))
		seen.mu.Unlock()
		answer := post
		if r.Method == http.MethodGet {
			answer = get
		}
		w.WriteHeader(answer.status)
		_, _ = io.WriteString(w, answer.body)
	}))
	t.Cleanup(s.Close)
	return build(t, providers.Environment{Name: "zend", Log: slog.New(slog.DiscardHandler)}, s.URL, ""), seen
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
		UpstreamID: id,
		State:      []byte(`{"v":1,"id":"` + id + `"}`),
		Granted:    providers.Granted{Length: 6, Alphabet: providers.Numeric, Expiry: 10 * time.Minute},
	}
}

func request() providers.SendRequest {
	return providers.SendRequest{
		Reference: "01jtdre6ga9vqk1ce154p0jjwr", App: "shop", Channel: providers.SMS,
		To: providers.NewPhone("+233201234567", "GH", "0201234567"),
	}
}

func refused(t *testing.T, err error, op string, class providers.Class, code string) {
	t.Helper()
	e, ok := errors.AsType[*providers.Error](err)
	if !ok || e.Provider != "zend" || e.Op != op || e.Class != class || e.Code != code {
		t.Errorf("got %v, want %s: %v (%s)", err, op, class, code)
	}
}

func TestSendReadsTheVendorsSample(t *testing.T) {
	t.Parallel()
	for _, status := range []int{200, 201, 202} {
		p, _ := canned(t, reply{status, sample(t, "send.json")}, reply{})
		h, err := p.Send(t.Context(), request())
		if diff := cmp.Diff(handle(), h); err != nil || diff != "" {
			t.Errorf("%d: %v\n%s", status, err, diff)
		}
	}
}

func TestGrantedIsWhatWasTold(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]providers.Granted{
		`{"id":"x"}`:                                  {},
		`{"id":"x","status":"queued"}`:                {},
		`{"id":"x","length":8}`:                       {Length: 8},
		`{"id":"x","expiry_minutes":1440}`:            {Expiry: 24 * time.Hour},
		`{"id":"x","length":null,"expiry_minutes":0}`: {},
	} {
		want.Alphabet = providers.Numeric
		p, _ := canned(t, reply{201, body}, reply{})
		req := request()
		req.Wish.Length = 6
		h, err := p.Send(t.Context(), req)
		if diff := cmp.Diff(want, h.Granted); err != nil || diff != "" {
			t.Errorf("%s: %v\n%s", body, err, diff)
		}
	}
}

func TestSendOnTheWire(t *testing.T) {
	t.Parallel()
	const open, end = `{"phone_number":"+233201234567","app":"shop","channel":"sms"`, `}`
	tests := map[string]struct {
		change func(*providers.SendRequest)
		app    string
		want   string
	}{
		"no wish":  {func(*providers.SendRequest) {}, "", open + end},
		"length":   {func(r *providers.SendRequest) { r.Wish.Length = 8 }, "", open + `,"length":8}`},
		"minutes":  {func(r *providers.SendRequest) { r.Wish.Expiry = 5 * time.Minute }, "", open + `,"expiry":5}`},
		"rounded":  {func(r *providers.SendRequest) { r.Wish.Expiry = 10*time.Minute - 1 }, "", open + `,"expiry":9}`},
		"a day":    {func(r *providers.SendRequest) { r.Wish.Expiry = 24 * time.Hour }, "", open + `,"expiry":1440}`},
		"attempts": {func(r *providers.SendRequest) { r.Wish.Attempts = 5 }, "", open + end},
		"sender":   {func(r *providers.SendRequest) { r.Sender = "MyBrand" }, "", open + end},
		"all, on WhatsApp, for an app of the option": {
			func(r *providers.SendRequest) {
				r.Channel, r.Wish = providers.WhatsApp, providers.CodeWish{Length: 6, Expiry: 10 * time.Minute}
			}, "my_ecommerce_app",
			`{"phone_number":"+233201234567","app":"my_ecommerce_app","channel":"whatsapp","expiry":10,"length":6}`,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var body []byte
			s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				body, _ = io.ReadAll(r.Body)
			}))
			defer s.Close()
			req := request()
			test.change(&req)
			_, _ = build(t, providers.Environment{}, s.URL, test.app).Send(t.Context(), req)
			if string(body) != test.want {
				t.Errorf("got %s, want %s", body, test.want)
			}
		})
	}
}

// TestWhatIsGrantedInOddWords: the code is out and can be checked, so what cannot be meant was not told.
func TestWhatIsGrantedInOddWords(t *testing.T) {
	t.Parallel()
	const ten = 10 * time.Minute
	for said, want := range map[string]providers.Granted{
		`"length":"8","expiry_minutes":"10"`: {Length: 8, Expiry: ten},
		`"length":8.0,"expiry_minutes":10.0`: {Length: 8, Expiry: ten},
		`"length":-8,"expiry_minutes":10`:    {Expiry: ten},
		`"length":99999999999999999999`:      {},
		`"length":6,"expiry_minutes":1e11`:   {Length: 6},
		`"length":6,"expiry_minutes":0`:      {Length: 6},
		`"length":null,"expiry_minutes":""`:  {},
	} {
		p, _ := canned(t, reply{201, `{"id":"otp_1",` + said + `}`}, reply{})
		h, err := p.Send(t.Context(), request())
		want.Alphabet = providers.Numeric
		if diff := cmp.Diff(want, h.Granted); err != nil || diff != "" || h.UpstreamID != "otp_1" {
			t.Errorf("%s: %v\n%s", said, err, diff)
		}
	}
}

func TestRefusedSends(t *testing.T) {
	t.Parallel()
	said := func(message string) string { return `{"message":"` + message + `"}` }
	listed := func(message string) string { return `{"message":["` + message + `"]}` }
	tests := map[string]struct {
		status int
		body   string
		class  providers.Class
		code   string
	}{
		"recipient, as the SDK shows it": {422, sample(t, "error.json"), providers.Rejected, "validation_error"},
		"recipient, in a text unknown":   {422, `{"statusCode":422,"message":"No"}`, providers.Rejected, "422"},
		"parameter, 422":                 {422, listed("channel must be one of sms"), providers.Rejected, "422"},
		"parameters, as a list":          {400, sample(t, "errors.json"), providers.Unknown, "400"},
		"recipient, without a text":      {422, "", providers.Rejected, "422"},
		"number as a bad parameter":      {400, listed("phone_number must match the form"), providers.Rejected, "400"},
		"number in plain words":          {400, said("Invalid phone number"), providers.Rejected, "400"},
		"number is no field any more":    {400, listed("property phone_number should not exist"), providers.Unknown, "400"},
		"number must wait":               {400, said("Phone number must be confirmed first"), providers.Unknown, "400"},
		"balance, 422":                   {422, said("Insufficient wallet balance"), providers.Exhausted, "422"},
		"balance, 400":                   {400, said("Insufficient credits"), providers.Exhausted, "400"},
		"balance, in a list":             {422, listed("Insufficient credits"), providers.Exhausted, "422"},
		"text of no use":                 {400, `{"message":{"a":1}}`, providers.Unknown, "400"},
		"word of no use":                 {400, `{"error":7}`, providers.Unknown, "400"},
		"word that is an object":         {400, `{"error":{"code":"x"}}`, providers.Unknown, "400"},
		"own status as a text":           {200, `{"statusCode":"422","message":"no","id":"x"}`, providers.Rejected, "200"},
		"own status that is none":        {200, `{"statusCode":700,"id":"x"}`, providers.Unknown, "200"},
		"something of 400":               {400, `{"statusCode":400,"error":"Bad Request"}`, providers.Unknown, "400"},
		"blank 400":                      {400, "", providers.Unknown, "400"},
		"number in a 404":                {404, said("Invalid phone number"), providers.Unknown, "404"},
		"page, 404":                      {404, html, providers.Transient, "404"},
		"key":                            {401, `{"statusCode":401,"error":"no_key"}`, providers.Credentials, "no_key"},
		"key, page":                      {403, html, providers.Credentials, "403"},
		"balance":                        {402, "", providers.Exhausted, "402"},
		"rate":                           {429, "", providers.Throttled, "429"},
		"server":                         {500, sample(t, "error.json"), providers.Transient, "validation_error"},
		"redirect":                       {302, html, providers.Unknown, "302"},
		"own status in a 200":            {200, `{"statusCode":422,"message":"no","id":"x"}`, providers.Rejected, "200"},
		"own fault in a 200":             {200, `{"statusCode":429,"id":"x"}`, providers.Throttled, "200"},
		"own fault in a 400":             {400, `{"statusCode":503}`, providers.Transient, "400"},
		"own success in a 400":           {400, `{"statusCode":200,"id":"x"}`, providers.Unknown, "400"},
		"success false in a 200":         {200, `{"success":false,"message":"no","id":"x"}`, providers.Unknown, "200"},
		"granted without id":             {201, `{"status":"sent"}`, providers.Ambiguous, "sent"},
		"granted with an empty id":       {201, `{"id":"","status":"sent"}`, providers.Ambiguous, "sent"},
		"granted with a break in the id": {201, `{"id":"a\nb"}`, providers.Ambiguous, "201"},
		"granted with a space in the id": {201, `{"id":"a b"}`, providers.Ambiguous, "201"},
		"granted with a foreign id":      {201, `{"id":"ä"}`, providers.Ambiguous, "201"},
		"nothing":                        {200, `{}`, providers.Transient, "200"},
		"null":                           {200, `null`, providers.Transient, "200"},
		"JSON of another API":            {200, `{"result":"done"}`, providers.Transient, "200"},
		"length as a list":               {200, `{"id":"x","length":[8]}`, providers.Transient, "200"},
		"id as a number":                 {200, `{"id":7}`, providers.Transient, "200"},
		"two ids":                        {200, `{"id":"a","id":"b"}`, providers.Transient, "200"},
		"blank":                          {200, " \r\n", providers.Transient, "200"},
		"page":                           {200, html, providers.Transient, "200"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, _ := canned(t, reply{test.status, test.body}, reply{})
			h, err := p.Send(t.Context(), request())
			refused(t, err, "send", test.class, test.code)
			if h.State != nil {
				t.Error("a handle stands beside the error")
			}
		})
	}
}

// TestFailedSendKeepsItsHandle: where an id was given, the code can be checked if the message arrives after all.
func TestFailedSendKeepsItsHandle(t *testing.T) {
	t.Parallel()
	p, _ := canned(t, reply{201, `{"id":"` + id + `","status":"failed","length":6,"expiry_minutes":10}`}, reply{})
	h, err := p.Send(t.Context(), request())
	refused(t, err, "send", providers.Ambiguous, "failed")
	if diff := cmp.Diff(handle(), h); diff != "" {
		t.Error(diff)
	}
}

func TestOtherChannelsAreRefusedUnasked(t *testing.T) {
	t.Parallel()
	p, seen := canned(t, reply{201, sample(t, "send.json")}, reply{})
	req := request()
	req.Channel = providers.Voice
	if _, err := p.Send(t.Context(), req); providers.ClassOf(err) != providers.Unsupported || len(seen.requests()) != 0 {
		t.Errorf("got %v after %q", err, seen.requests())
	}
}

func TestInfo(t *testing.T) {
	t.Parallel()
	coverage := providers.Coverage{
		Length: providers.Range[int]{Min: 4, Max: 10}, Alphabets: []providers.Alphabet{providers.Numeric},
		Expiry: providers.Range[time.Duration]{Min: time.Minute, Max: 24 * time.Hour},
	}
	sms, whatsapp := coverage, coverage
	sms.Channel, whatsapp.Channel = providers.SMS, providers.WhatsApp
	want := providers.Info{Name: "zend", Kind: "zend", Coverage: []providers.Coverage{sms, whatsapp}}
	p, _ := canned(t, reply{}, reply{})
	if diff := cmp.Diff(want, p.Info()); diff != "" {
		t.Error(diff)
	}
}
