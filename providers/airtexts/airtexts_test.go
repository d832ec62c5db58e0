package airtexts_test

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-json/jsontext"
	"github.com/google/go-cmp/cmp"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/airtexts"
)

const (
	verificationID = "otp_67890abcdef12345" // of the vendor's sample
	number         = "+5511999888777"
	html           = "<html><body>Not found</body></html>"
)

// canned makes a provider whose upstream gives the same answer to everything, and the last request that it got.
func canned(t *testing.T, status int, body string) (*airtexts.Provider, *string) {
	t.Helper()
	var request string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		request = fmt.Sprintf("%s %s %s", r.Method, r.URL, b)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(s.Close)
	env := providers.Environment{Name: "airtexts-br", Log: slog.New(slog.DiscardHandler)}
	return build(t, env, s.URL, func(o *airtexts.Options) { o.AppID = "your_app_id" }), &request
}

// sample is a request of the vendor's pages in one line.
func sample(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	v := jsontext.Value(b)
	if err := v.Compact(); err != nil {
		t.Fatal(err)
	}
	return string(v)
}

func handleOf(id string) providers.Handle {
	return providers.Handle{
		UpstreamID: id,
		State:      fmt.Appendf(nil, `{"v":1,"verification_id":%q,"recipient":%q}`, id, number),
		Granted:    providers.Granted{Length: 6, Alphabet: providers.Numeric},
	}
}

func request() providers.SendRequest {
	return providers.SendRequest{
		Reference: "01jtdre6ga9vqk1ce154p0jjwr", App: "shop", Channel: providers.SMS,
		To: providers.NewPhone(number, "BR", "11999888777"),
	}
}

func TestRequestsAreTheVendorsSamples(t *testing.T) {
	t.Parallel()
	p, got := canned(t, 200, "{}")
	sms, whatsapp := request(), request()
	sms.Sender = "YourApp"
	whatsapp.Sender, whatsapp.Channel = "YourCompany", providers.WhatsApp
	calls := []struct {
		make func()
		want string
	}{
		{func() { _, _ = p.Send(t.Context(), sms) }, "POST /otp/send " + sample(t, "send_sms.json")},
		{func() { _, _ = p.Send(t.Context(), whatsapp) }, "POST /otp/send " + sample(t, "send_whatsapp.json")},
		{
			func() { _, _ = p.Verify(t.Context(), handleOf(verificationID), providers.NewSecret("123456")) },
			"POST /otp/verify " + sample(t, "verify.json"),
		},
		{
			func() { _, _ = p.Resend(t.Context(), handleOf(verificationID), sms) },
			`POST /otp/resend {"appid":"your_app_id","recipient":"+5511999888777","verification_id":"otp_67890abcdef12345"}`,
		},
		{
			func() { _, _ = p.Status(t.Context(), handleOf("otp/1&2")) },
			"GET /otp/status?appid=your_app_id&verification_id=otp%2F1%262 ",
		},
	}
	for _, call := range calls {
		call.make()
		if *got != call.want {
			t.Errorf("got  %s\nwant %s", *got, call.want)
		}
	}
}

func TestEveryWishIsOnTheWire(t *testing.T) {
	t.Parallel()
	var body []byte
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ = io.ReadAll(r.Body)
		_, _ = io.WriteString(w, `{"verification_id":"x"}`)
	}))
	defer s.Close()
	p := build(t, providers.Environment{}, s.URL, func(o *airtexts.Options) { o.TemplateID, o.Sender = 123, "Mine" })
	tests := map[string]struct {
		sender, locale string
		length         int
		want           string // after the channel
		granted        int
	}{
		"nothing":                {want: `"from":"Mine","templateId":123}`, granted: 6},
		"everything":             {"YourApp", "pt-BR", 4, `"from":"YourApp","otp_length":4,"templateId":123,"lang":"pt"}`, 4},
		"longest code":           {length: 8, want: `"from":"Mine","otp_length":8,"templateId":123}`, granted: 8},
		"language of three":      {locale: "swa", want: `"from":"Mine","templateId":123,"lang":"swa"}`, granted: 6},
		"language in upper case": {locale: "PT", want: `"from":"Mine","templateId":123,"lang":"pt"}`, granted: 6},
	}
	for name, test := range tests {
		req := request()
		req.Sender, req.Locale, req.Wish.Length = test.sender, test.locale, test.length
		h, err := p.Send(t.Context(), req)
		want := `{"appid":"myapp_123","recipient":"+5511999888777","channel":"sms",` + test.want
		if err != nil || string(body) != want {
			t.Errorf("%s: got %s, %v", name, body, err)
		}
		if diff := cmp.Diff(providers.Granted{Length: test.granted, Alphabet: providers.Numeric}, h.Granted); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestSendFindsTheID(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{"verification_id":"otp_67890abcdef12345"}`:                                    verificationID,
		`{"success":true,"message":"sent","data":{"verification_id":"otp_1","x":[{}]}}`: "otp_1",
		`{"verification_id":"top","data":{"verification_id":"inner"}}`:                  "top",
		`{"verification_id":null,"data":{"verification_id":"inner"}}`:                   "inner",
		`{"verification_id":"","data":{"verification_id":"inner"}}`:                     "inner",
		`{"verification_id":"otp_1","status":"pending","verified":false,"error":null}`:  "otp_1",
		`{"verification_id":"otp_1","data":null,"error":"","code":200}`:                 "otp_1",
		`{"verification_id":"otp_1","status":true,"error":false,"code":"123456"}`:       "otp_1",
		`{"verification_id":"otp_1","error":{},"code":{"a":7},"status":["sent"]}`:       "otp_1",
		`{"verification_id":"otp_1","error":[],"data":{"error":0}}`:                     "otp_1",
	} {
		p, _ := canned(t, 201, body)
		h, err := p.Send(t.Context(), request())
		if diff := cmp.Diff(handleOf(want), h); err != nil || diff != "" {
			t.Errorf("%s: %v\n%s", body, err, diff)
		}
	}
}

func TestResendTakesOverANewIDAndKeepsTheOldOne(t *testing.T) {
	t.Parallel()
	old := handleOf(verificationID)
	old.Granted.Length = 4
	for body, want := range map[string]string{
		`{"success":true}`: verificationID,
		`{"success":true,"data":{"verification_id":"otp_2"}}`: "otp_2",
		`{"verification_id":"otp_2"}`:                         "otp_2",
		`{"success":true,"data":{"verification_id":null}}`:    verificationID,
	} {
		p, _ := canned(t, 200, body)
		h, err := p.Resend(t.Context(), old, request())
		wanted := handleOf(want)
		wanted.Granted.Length = 4
		if diff := cmp.Diff(wanted, h); err != nil || diff != "" {
			t.Errorf("%s: %v\n%s", body, err, diff)
		}
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
		"granted without id":    {200, `{"message":"OTP sent"}`, ambiguous, ambiguous, "200"},
		"another API":           {200, `{"result":"done"}`, ambiguous, ambiguous, "200"},
		"nothing":               {200, `{}`, ambiguous, ambiguous, "200"},
		"id that cannot be one": {200, `{"verification_id":"a b"}`, ambiguous, ambiguous, "200"},
		"id that is too long": {
			200, `{"verification_id":"` + strings.Repeat("x", 4097) + `"}`, ambiguous, ambiguous, "200",
		},
		"a word, no id":       {200, `{"status":"sent"}`, ambiguous, ambiguous, "sent"},
		"id of another type":  {200, `{"verification_id":true}`, transient, transient, "200"},
		"id by another name":  {200, `{"verificationId":"x"}`, ambiguous, ambiguous, "200"},
		"id that is a number": {200, `{"verification_id":7}`, transient, transient, "200"},
		"two ids":             {200, `{"verification_id":"a","verification_id":"b"}`, transient, transient, "200"},
		"unusable new id": {
			200, `{"success":true,"verification_id":"a b"}`, ambiguous, ambiguous, "200",
		},
		"success of another type": {
			200, `{"success":"true","verification_id":"x"}`, transient, transient, "200",
		},
		"success false":       {200, `{"success":false,"verification_id":"x"}`, unknown, unknown, "200"},
		"inner success false": {200, `{"data":{"success":false,"verification_id":"x"}}`, unknown, unknown, "200"},
		"error object, an id": {200, `{"verification_id":"x","error":{"code":"no_route"}}`, unknown, unknown, "no_route"},
		"error beside an id":  {200, `{"verification_id":"x","error":"no_route"}`, unknown, unknown, "no_route"},
		"inner error":         {200, `{"verification_id":"x","data":{"error":"no_route"}}`, unknown, unknown, "no_route"},
		"status says failed":  {200, `{"verification_id":"x","status":"FAILED"}`, unknown, unknown, "FAILED"},
		"refused":             {400, `{"success":false,"error":"bad_sender"}`, unknown, unknown, "bad_sender"},
		"granted, but 400":    {400, `{"success":true,"verification_id":"x"}`, unknown, unknown, "400"},
		"a sentence":          {400, `{"error":"Sender MyBrand of key abc is unknown"}`, unknown, unknown, "400"},
		"a word in place of a sentence": {
			422, `{"error":"Some words","code":"no-route","status":"error"}`, unknown, unknown, "no-route",
		},
		"the code, told to us": {200, `{"code":"123456","message":"sent"}`, ambiguous, ambiguous, "200"},
		"the code in a word":   {400, `{"error":"otp_1234"}`, unknown, unknown, "400"},
		"session over":         {400, `{"success":false,"error":"otp_expired"}`, gone, gone, "otp_expired"},
		"session over, 200":    {200, `{"success":true,"status":"expired"}`, gone, gone, "expired"},
		"session used":         {409, `{"data":{"status":"Already-Verified"}}`, gone, gone, "Already-Verified"},
		"no such path":         {404, `{"statusCode":404,"error":"Not Found"}`, unknown, unknown, "404"},
		"page":                 {200, html, transient, transient, "200"},
		"page, 404":            {404, html, transient, transient, "404"},
		"blank":                {200, " \r\n", transient, transient, "200"},
		"null":                 {200, "null", ambiguous, ambiguous, "200"},
		"list":                 {200, `[{"verification_id":"x"}]`, transient, transient, "200"},
		"data is a list":       {200, `{"verification_id":"x","data":[]}`, transient, transient, "200"},
		"more than an object":  {200, `{"verification_id":"x"}{}`, transient, transient, "200"},
		"key":                  {401, html, providers.Credentials, providers.Credentials, "401"},
		"forbidden":            {403, `{"error":"blocked"}`, providers.Credentials, providers.Credentials, "blocked"},
		"balance":              {402, `{"error":"no_funds"}`, providers.Exhausted, providers.Exhausted, "no_funds"},
		"rate":                 {429, "", providers.Throttled, providers.Throttled, "429"},
		"server, with an id":   {503, `{"verification_id":"x"}`, transient, transient, "503"},
		"redirect":             {302, html, unknown, unknown, "302"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, _ := canned(t, test.status, test.body)
			h, err := p.Send(t.Context(), request())
			failed(t, err, "send", test.send, test.code)
			again, errAgain := p.Resend(t.Context(), handleOf(verificationID), request())
			failed(t, errAgain, "resend", test.resend, test.code)
			if h.State != nil || again.State != nil {
				t.Error("a handle stands beside the error")
			}
		})
	}
}

func TestCodesThatAreApproved(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		`{"verified":true}`,
		`{"success":true,"verified":true,"message":"OTP verified"}`,
		`{"data":{"verified":true}}`,
		`{"success":true,"data":{"verified":true,"attempts_remaining":0}}`,
		`{"success":true,"status":"verified"}`,
		`{"success":true,"status":"APPROVED"}`,
		`{"success":true,"data":{"status":"valid"}}`,
		`{"success":true,"status":"success","data":{"status":"verified"}}`,
		`{"data":{"success":true,"status":"approved"},"error":null,"code":200}`,
		`{"verified":true,"error":"","data":{}}`,
		`{"verified":true,"error":{},"data":{"error":[],"verification_id":"` + verificationID + `"}}`,
	} {
		for status, approved := range map[int]bool{200: true, 201: true, 299: true, 302: false, 400: false, 500: false} {
			p, _ := canned(t, status, body)
			v, err := p.Verify(t.Context(), handleOf(verificationID), providers.NewSecret("471147"))
			want := providers.Verdict{}
			if approved {
				want = providers.Verdict{Match: true, AttemptsLeft: -1, Final: true}
			}
			if v != want || approved != (err == nil) {
				t.Errorf("%d %s was judged %+v, %v", status, body, v, err)
			}
		}
	}
}

func TestCodesThatAreWrong(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		body string
		left int
	}{
		"verified false":                {`{"verified":false}`, -1},
		"inner verified false":          {`{"success":true,"data":{"verified":false}}`, -1},
		"verified false, whatever else": {`{"success":false,"verified":false,"error":"no clue"}`, -1},
		"word in error":                 {`{"success":false,"error":"invalid_code"}`, -1},
		"two words in error":            {`{"success":false,"error":"Invalid OTP"}`, -1},
		"word in code":                  {`{"success":false,"code":"WRONG-CODE"}`, -1},
		"word in status":                {`{"success":false,"status":"invalid"}`, -1},
		"inner word":                    {`{"success":false,"data":{"status":"incorrect_otp"}}`, -1},
		"word in an object":             {`{"success":false,"error":{"code":"INVALID_OTP","message":"x"}}`, -1},
		"this id":                       {`{"verified":false,"verification_id":"` + verificationID + `"}`, -1},
		"attempts left, as a text":      {`{"verified":false,"attempts_remaining":"2"}`, 2},
		"attempts left":                 {`{"verified":false,"attempts_remaining":2}`, 2},
		"attempts left, inner":          {`{"success":false,"error":"invalid_otp","data":{"attempts_remaining":3}}`, 3},
		"no attempts left":              {`{"verified":false,"attempts_remaining":0}`, 0},
		"fewer than none":               {`{"verified":false,"attempts_remaining":-4}`, 0},
	}
	for name, test := range tests {
		for _, status := range []int{200, 400, 404, 422} {
			p, _ := canned(t, status, test.body)
			v, err := p.Verify(t.Context(), handleOf(verificationID), providers.NewSecret("471147"))
			if want := (providers.Verdict{AttemptsLeft: test.left, Final: test.left == 0}); v != want || err != nil {
				t.Errorf("%s, %d: was judged %+v, %v", name, status, v, err)
			}
		}
	}
}

// TestAnswersThatAreNoJudgement: neither yes nor a wrong code.
func TestAnswersThatAreNoJudgement(t *testing.T) {
	t.Parallel()
	const gone, transient, unknown = providers.Gone, providers.Transient, providers.Unknown
	tests := map[string]struct {
		status int
		body   string
		class  providers.Class
		code   string
	}{
		"nothing":                        {200, `{}`, unknown, "200"},
		"success alone":                  {200, `{"success":true}`, unknown, "200"},
		"success and a message":          {200, `{"success":true,"message":"OTP verified"}`, unknown, "200"},
		"status alone":                   {200, `{"status":"verified"}`, unknown, "verified"},
		"success and another status":     {200, `{"success":true,"status":"success"}`, unknown, "success"},
		"success and a status of a kind": {200, `{"success":true,"status":"unverified"}`, unknown, "unverified"},
		"success and a list of statuses": {200, `{"success":true,"status":["verified"]}`, unknown, "200"},
		"success and a word in code":     {200, `{"success":true,"code":"verified"}`, unknown, "verified"},
		"verified as text":               {200, `{"verified":"true"}`, transient, "200"},
		"verified as number":             {200, `{"verified":1}`, transient, "200"},
		"inner verified as text":         {200, `{"success":true,"data":{"verified":"true"}}`, transient, "200"},
		"verified in a list":             {200, `{"success":true,"data":[{"verified":true}]}`, transient, "200"},
		"verified by another name":       {200, `{"Verified":true}`, unknown, "200"},
		"verified null":                  {200, `{"success":true,"verified":null}`, unknown, "200"},
		"verified deeper":                {200, `{"data":{"data":{"verified":true}}}`, unknown, "200"},
		"two answers":                    {200, `{"verified":true,"verified":false}`, transient, "200"},
		"yes below, no above":            {200, `{"verified":false,"data":{"verified":true}}`, unknown, "200"},
		"yes, but inner success false":   {200, `{"verified":true,"data":{"success":false}}`, unknown, "200"},
		"yes above, no below":            {200, `{"verified":true,"data":{"verified":false}}`, unknown, "200"},
		"yes, but success false":         {200, `{"verified":true,"success":false}`, unknown, "200"},
		"yes, but an error":              {200, `{"verified":true,"error":"invalid_otp"}`, unknown, "invalid_otp"},
		"yes, but an error of any kind":  {200, `{"verified":true,"error":"no_clue"}`, unknown, "no_clue"},
		"yes, but expired":               {200, `{"verified":true,"status":"expired"}`, gone, "expired"},
		"yes, but pending":               {200, `{"verified":true,"status":"pending"}`, unknown, "pending"},
		"yes, but failed": {
			200, `{"success":true,"status":"verified","data":{"status":"failed"}}`, unknown, "failed",
		},
		"yes, but already":             {200, `{"verified":true,"code":"already_verified"}`, gone, "already_verified"},
		"yes, but wrong":               {200, `{"success":true,"status":"valid","code":"wrong_otp"}`, unknown, "wrong_otp"},
		"yes, but 400":                 {400, `{"verified":true}`, unknown, "400"},
		"failure alone":                {400, `{"success":false}`, unknown, "400"},
		"failure alone, 200":           {200, `{"success":false,"message":"Invalid OTP"}`, unknown, "200"},
		"failure, attempts told":       {400, `{"success":false,"attempts_remaining":2}`, unknown, "400"},
		"failure of something else":    {400, `{"success":false,"error":"invalid_appid"}`, unknown, "invalid_appid"},
		"a word without success false": {400, `{"error":"invalid_otp"}`, unknown, "invalid_otp"},
		"a word beside success true":   {200, `{"success":true,"status":"invalid"}`, unknown, "invalid"},
		"400 and nothing":              {400, ``, transient, "400"},
		"the guess in place of a word": {400, `{"success":false,"error":"471147"}`, unknown, "400"},
		"the right code in place of a word": {
			400, `{"success":false,"error":"E935501"}`, unknown, "400",
		},
		"attempts as a list":      {400, `{"verified":false,"attempts_remaining":[3]}`, transient, "400"},
		"yes for another id":      {200, `{"verified":true,"verification_id":"otp_other"}`, unknown, "200"},
		"no for another id":       {200, `{"verified":false,"data":{"verification_id":"otp_other"}}`, unknown, "200"},
		"yes, error is an object": {200, `{"verified":true,"error":{"message":"no clue"}}`, unknown, "200"},
		"yes, inner error object": {200, `{"verified":true,"data":{"error":{"code":"invalid_otp"}}}`, unknown, "invalid_otp"},
		"yes, error is true":      {200, `{"verified":true,"error":true}`, unknown, "200"},
		"yes, error is a number":  {200, `{"verified":true,"error":7}`, unknown, "200"},
		"yes, error is a list":    {200, `{"verified":true,"error":["x"]}`, unknown, "200"},
		"error object, expired":   {400, `{"success":false,"error":{"type":"otp_expired"}}`, gone, "otp_expired"},
		"no such path":            {404, `{"statusCode":404,"error":"Not Found"}`, unknown, "404"},
		"expired":                 {200, `{"status":"expired"}`, gone, "expired"},
		"expired, as wrong":       {400, `{"success":false,"verified":false,"error":"OTP_EXPIRED"}`, gone, "OTP_EXPIRED"},
		"used":                    {409, `{"success":false,"error":"already_used"}`, gone, "already_used"},
		"exhausted":               {400, `{"success":false,"code":"max_attempts_reached"}`, gone, "max_attempts_reached"},
		"not known":               {404, `{"success":false,"error":"otp_not_found"}`, gone, "otp_not_found"},
		"page":                    {200, html, transient, "200"},
		"page, 404":               {404, html, transient, "404"},
		"blank":                   {200, "", transient, "200"},
		"null":                    {200, "null", unknown, "200"},
		"true":                    {200, "true", transient, "200"},
		"key":                     {401, `{"verified":false}`, providers.Credentials, "401"},
		"forbidden":               {403, `{"success":false,"error":"invalid_otp"}`, providers.Credentials, "invalid_otp"},
		"balance":                 {402, `{"verified":false}`, providers.Exhausted, "402"},
		"rate":                    {429, `{"verified":false}`, providers.Throttled, "429"},
		"server":                  {500, `{"verified":false}`, transient, "500"},
		"redirect with a verdict": {307, `{"verified":false}`, unknown, "307"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, _ := canned(t, test.status, test.body)
			v, err := p.Verify(t.Context(), handleOf(verificationID), providers.NewSecret("471147"))
			failed(t, err, "verify", test.class, test.code)
			if v != (providers.Verdict{}) {
				t.Errorf("was judged %+v", v)
			}
		})
	}
}

func TestStatus(t *testing.T) {
	t.Parallel()
	const sent, delivered = providers.DeliverySent, providers.DeliveryDelivered
	for body, want := range map[string]providers.DeliveryReport{
		`{"status":"Sent"}`:      {State: sent, Code: "Sent"},
		`{"status":"delivered"}`: {State: delivered, Code: "delivered"},
		`{"success":true,"status":"success","data":{"status":"sent"}}`: {State: sent, Code: "sent"},
		`{"data":{"status":"verified"}}`:                               {State: delivered, Code: "verified", Final: true},
		`{"status":"pending"}`:                                         {Code: "pending"},
		`{"status":"failed"}`:                                          {Code: "failed"},
		`{"success":true,"data":{"status":"expired"}}`:                 {Code: "expired", Final: true},
	} {
		p, _ := canned(t, 200, body)
		got, err := p.Status(t.Context(), handleOf(verificationID))
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v\n%s", body, err, diff)
		}
	}
}

func TestStatusThatIsNone(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		status int
		body   string
		class  providers.Class
		code   string
	}{
		"no status":         {200, `{"success":true}`, providers.Unknown, "200"},
		"status is a list":  {200, `{"status":["sent"]}`, providers.Unknown, "200"},
		"status is a code":  {200, `{"status":"123456"}`, providers.Unknown, "200"},
		"another status":    {200, `{"status":"whatever"}`, providers.Unknown, "whatever"},
		"refused":           {200, `{"success":false,"status":"sent"}`, providers.Unknown, "sent"},
		"refused by status": {400, `{"status":"sent"}`, providers.Unknown, "sent"},
		"not known":         {404, `{"success":false,"error":"otp_not_found"}`, providers.Gone, "otp_not_found"},
		"no such path":      {404, `{"error":"Not Found"}`, providers.Unknown, "404"},
		"page":              {200, html, providers.Transient, "200"},
		"key":               {401, `{"status":"sent"}`, providers.Credentials, "sent"},
		"server":            {502, html, providers.Transient, "502"},
	}
	for name, test := range tests {
		p, _ := canned(t, test.status, test.body)
		got, err := p.Status(t.Context(), handleOf(verificationID))
		failed(t, err, "status", test.class, test.code)
		if got != (providers.DeliveryReport{}) {
			t.Errorf("%s: got %+v", name, got)
		}
	}
}

// failed looks at an error, and for the number in it.
func failed(t *testing.T, err error, op string, class providers.Class, code string) {
	t.Helper()
	e, ok := errors.AsType[*providers.Error](err)
	if !ok || e.Provider != "airtexts-br" || e.Op != op || e.Class != class || e.Code != code {
		t.Errorf("got %v, want %s: %v (%s)", err, op, class, code)
	}
	if text := fmt.Sprintf("%v %+v %#v", err, err, err); strings.Contains(text, number[1:]) {
		t.Errorf("the error shows the number: %s", text)
	}
}

func TestForeignHandlesAreGone(t *testing.T) {
	t.Parallel()
	p, asked := canned(t, 200, `{"success":true,"verified":true,"status":"sent"}`)
	for _, state := range []string{
		"", "{}", `{"v":2,"verification_id":"x","recipient":"+1"}`, `{"v":1,"verification_id":"x"}`,
		`{"v":1,"recipient":"+1"}`, `{"v":1,"verification_id":"a b","recipient":"+1"}`,
		`{"v":1,"request_id":"x","prefix":"y"}`,
	} {
		h := providers.Handle{State: []byte(state)}
		_, err := p.Verify(t.Context(), h, providers.NewSecret("471147"))
		failed(t, err, "verify", providers.Gone, "")
		_, err = p.Resend(t.Context(), h, request())
		failed(t, err, "resend", providers.Gone, "")
		_, err = p.Status(t.Context(), h)
		failed(t, err, "status", providers.Gone, "")
	}
	if *asked != "" {
		t.Errorf("the upstream was asked: %s", *asked)
	}
}

func TestInfo(t *testing.T) {
	t.Parallel()
	want := providers.Info{Name: "airtexts-br", Kind: "airtexts"}
	for _, channel := range []providers.Channel{providers.SMS, providers.WhatsApp} {
		want.Coverage = append(want.Coverage, providers.Coverage{
			Channel: channel, Length: providers.Range[int]{Min: 4, Max: 8}, Alphabets: []providers.Alphabet{providers.Numeric},
		})
	}
	p, _ := canned(t, 200, "")
	if diff := cmp.Diff(want, p.Info()); diff != "" {
		t.Error(diff)
	}
}
