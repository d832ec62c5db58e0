package whatsapp_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/inhouse/transport"
	"github.com/otpgate/otpgate/providers/inhouse/whatsapp"
	"github.com/otpgate/otpgate/providers/inhouse/whatsapp/whatsapptwin"
)

var (
	_ transport.CallbackParser = parser(nil)
	_ providers.Challenger     = parser(nil)
)

// parser is what a transport is that hears of its messages.
type parser interface {
	transport.Transport
	transport.CallbackParser
	providers.Challenger
}

// The request is byte for byte that of Meta's page.
func TestRequest(t *testing.T) {
	t.Parallel()
	s := start(t, whatsapptwin.Options{Templates: []string{"otp_login en_US"}})
	receipt, err := s.carrier.Deliver(t.Context(), message(1))
	if err != nil || !strings.HasPrefix(receipt.ID, "wamid.") {
		t.Fatalf("receipt %q, error %v", receipt.ID, err)
	}
	const want = `{"messaging_product":"whatsapp","recipient_type":"individual","to":"233201230001","type":"template",` +
		`"template":{"name":"otp_login","language":{"code":"en_US"},"components":[` +
		`{"type":"body","parameters":[{"type":"text","text":"739146"}]},` +
		`{"type":"button","sub_type":"url","index":"0","parameters":[{"type":"text","text":"739146"}]}]}}`
	got := s.Requests("send")[0]
	if got.Body != want {
		t.Errorf("body\n%s, want\n%s", got.Body, want)
	}
	if got.Method != http.MethodPost || got.Path != "/v21.0/"+number+"/messages" || got.Query != "" {
		t.Errorf("%s %s?%s", got.Method, got.Path, got.Query)
	}
	if got.Header.Get("Authorization") != "Bearer "+canaryToken || got.Header.Get("Content-Type") != "application/json" {
		t.Errorf("header %v", got.Header)
	}
}

func TestTemplateGoesByLocale(t *testing.T) {
	t.Parallel()
	templates := map[string]whatsapp.Template{
		"fr": {Name: "otp_fr"}, "pt-BR": {}, "en_GB": {Name: "otp_uk", Language: "en"}, "sw": {Language: "sw"},
	}
	for locale, want := range map[string]string{
		"": "otp_login en_US", "en": "otp_login en_US", "tw": "otp_login en_US", "fr": "otp_fr fr", "fr-CI": "otp_fr fr",
		"FR_ci": "otp_fr fr", "pt-br": "otp_login pt_BR", "pt": "otp_login en_US", "en-GB": "otp_uk en", "en-GB-x": "otp_login en_US",
		"sw-KE": "otp_login sw",
	} {
		s := start(t, whatsapptwin.Options{Templates: []string{want}})
		o := options(s.server.URL)
		o.Templates = templates
		m := message(1)
		m.Locale = locale
		if _, err := build(t, o).Deliver(t.Context(), m); err != nil {
			t.Errorf("%q: %v, want %s in %s", locale, err, want, s.Requests("send")[0].Body)
		}
	}
}

func TestLocaleWithoutATemplate(t *testing.T) {
	t.Parallel()
	s := start(t, whatsapptwin.Options{})
	o := options(s.server.URL)
	o.Template, o.Templates = "", map[string]whatsapp.Template{"fr": {Name: "otp"}}
	tr, err := o.Build(providers.Environment{Name: "inhouse"})
	if err != nil {
		t.Fatal(err)
	}
	_, err = tr.Deliver(t.Context(), message(1))
	if e := refusal(t, err); e.Class != providers.Unsupported || len(s.Requests("send")) != 0 {
		t.Errorf("got %v after %d requests", e, len(s.Requests("send")))
	}
	m := message(1)
	m.Locale = "fr"
	if _, err := tr.Deliver(t.Context(), m); err != nil {
		t.Error(err)
	}
}

func TestWhatCannotBeCarriedIsNotSent(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(*transport.Message)
		class  providers.Class
	}{
		"an address":     {func(m *transport.Message) { m.To = providers.NewEmail("ama@example.com") }, providers.Rejected},
		"nobody":         {func(m *transport.Message) { m.To = providers.Recipient{} }, providers.Rejected},
		"no code":        {func(m *transport.Message) { m.Code = secret("") }, providers.Unsupported},
		"a long code":    {func(m *transport.Message) { m.Code = secret(strings.Repeat("7", 16)) }, providers.Unsupported},
		"a link as code": {func(m *transport.Message) { m.Code = secret("bit.ly/739146") }, providers.Unsupported},
		"a smile":        {func(m *transport.Message) { m.Code = secret("7391😀") }, providers.Unsupported},
	} {
		s := start(t, whatsapptwin.Options{})
		m := message(1)
		test.change(&m)
		_, err := s.carrier.Deliver(t.Context(), m)
		if e := refusal(t, err); e.Class != test.class || len(s.Requests("send")) != 0 {
			t.Errorf("%s: got %v after %d requests", name, e, len(s.Requests("send")))
		}
	}
	s := start(t, whatsapptwin.Options{})
	m := message(1)
	m.Code = secret(strings.Repeat("Z", 15))
	if _, err := s.carrier.Deliver(t.Context(), m); err != nil {
		t.Errorf("the longest code: %v", err)
	}
}

func TestDocumentedAnswers(t *testing.T) {
	t.Parallel()
	const taken = "wamid.HBgLMTY1MDM4Nzk0MzkVAgARGBI4Qzk5RDlENzAxRjNGQkU0RkUA"
	for name, test := range map[string]struct {
		status int
		file   string
		id     string
		class  providers.Class
		code   string
	}{
		"accepted":             {200, "accepted.json", taken, 0, ""},
		"accepted, it says so": {200, "accepted_status.json", taken, 0, ""},
		"no template":          {404, "no_template.json", "", providers.Unsupported, "132001"},
		"too many messages":    {400, "rate.json", "", providers.Throttled, "130429"},
		"token has expired":    {401, "token.json", "", providers.Credentials, "190"},
		"a refusal with 200":   {200, "no_template.json", "", providers.Unsupported, "132001"},
		"a success with 500":   {500, "accepted.json", "", providers.Transient, "500"},
		"a success with 302":   {302, "accepted.json", "", providers.Unknown, "302"},
	} {
		body, err := os.ReadFile(filepath.Join("testdata", test.file))
		if err != nil {
			t.Fatal(err)
		}
		receipt, err := canned(t, test.status, string(body)).Deliver(t.Context(), message(1))
		if test.id != "" {
			if err != nil || receipt.ID != test.id {
				t.Errorf("%s: %q, %v", name, receipt.ID, err)
			}
			continue
		}
		if e := refusal(t, err); e.Class != test.class || e.Code != test.code {
			t.Errorf("%s: got %v", name, e)
		}
	}
}

func TestMeaningOfCodes(t *testing.T) {
	t.Parallel()
	for class, codes := range map[providers.Class][]int{
		providers.Credentials: {0, 3, 10, 190, 200, 230, 299, 33, 368, 131005, 131031, 131037, 131045, 133010},
		providers.Throttled:   {4, 80007, 130429, 131048},
		providers.Busy:        {131049, 131056},
		providers.Exhausted:   {131042},
		providers.Rejected:    {131021, 131026},
		providers.Unsupported: {130497, 131030, 132000, 132001, 132005, 132007, 132012, 132015, 132016},
		providers.Transient:   {2, 131000, 131016, 131057, 133004},
		providers.Unknown:     {1, 100, 131008, 131009, 131047, 131051, 300, 199, -1, 1 << 40},
	} {
		for _, code := range codes {
			body := fmt.Sprintf(`{"error":{"message":"to +233201230001: 739146","code":%d,"type":"OAuthException"}}`, code)
			_, err := canned(t, http.StatusBadRequest, body).Deliver(t.Context(), message(1))
			if e := refusal(t, err); e.Class != class {
				t.Errorf("%d is %v, want %v", code, e.Class, class)
			}
		}
	}
}

// An answer that is not as documented is no success, and where its status says success the message may be under way.
func TestAnswersThatAreNone(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"empty":             "",
		"null":              "null",
		"a page":            "<html>sign in</html>",
		"cut":               `{"messages":[{"id":"wamid.1"`,
		"no messages":       `{"messaging_product":"whatsapp"}`,
		"none of messages":  `{"messages":[]}`,
		"two messages":      `{"messages":[{"id":"a"},{"id":"b"}]}`,
		"no id":             `{"messages":[{}]}`,
		"a blank id":        `{"messages":[{"id":" "}]}`,
		"an id of no use":   `{"messages":[{"id":"` + strings.Repeat("x", 257) + `"}]}`,
		"an id as a number": `{"messages":[{"id":17}]}`,
		"an error and more": `{"messages":[{"id":"wamid.1"}],"error":{"message":"no code"}}`,
		"doubled":           `{"messages":[{"id":"a"}],"messages":[{"id":"b"}]}`,
	} {
		for status, class := range map[int]providers.Class{
			200: providers.Ambiguous, 201: providers.Ambiguous, 400: providers.Unknown, 401: providers.Credentials,
			429: providers.Throttled, 503: providers.Transient,
		} {
			receipt, err := canned(t, status, body).Deliver(t.Context(), message(1))
			if e := refusal(t, err); e.Class != class || receipt.ID != "" {
				t.Errorf("%s with %d: got %v, %q", name, status, e, receipt.ID)
			}
		}
	}
}

func TestOptionsPrintNoSecret(t *testing.T) {
	t.Parallel()
	o := options("https://graph.facebook.com")
	if printed := fmt.Sprintf("%+v %#v %v", o, o, *o); strings.Contains(printed, "canary") {
		t.Error(printed)
	}
}
