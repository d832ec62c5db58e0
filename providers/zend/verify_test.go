package zend_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/otpgate/otpgate/providers"
)

// stands is the answer to a status: where a session stands.
func stands(status string) reply {
	return reply{200, fmt.Sprintf(`{"id":%q,"status":%q,"attempts":1}`, id, status)}
}

func verify(t *testing.T, post, get reply) (v providers.Verdict, asked []string, err error) {
	t.Helper()
	p, seen := canned(t, post, get)
	v, err = p.Verify(t.Context(), handle(), providers.NewSecret("471100"))
	return v, seen.requests(), err
}

// TestYes: only the documented one is.
func TestYes(t *testing.T) {
	t.Parallel()
	for name, post := range map[string]reply{
		"the vendor's sample": {200, sample(t, "verified.json")},
		"201":                 {201, `{"success":true}`},
		"its own status too":  {200, `{"success":true,"statusCode":201}`},
		"its own id too":      {200, `{"success":true,"id":"` + id + `"}`},
	} {
		v, asked, err := verify(t, post, reply{500, ""})
		if want := (providers.Verdict{Match: true, AttemptsLeft: -1, Final: true}); err != nil || v != want {
			t.Errorf("%s: got %+v, %v", name, v, err)
		}
		if diff := cmp.Diff([]string{"POST /otp/" + id + `/verify {"code":"471100"}`}, asked); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// TestFaultsOfVerify are answers that judge nothing. The session is not looked at.
func TestFaultsOfVerify(t *testing.T) {
	t.Parallel()
	wrong := sample(t, "wrong.json")
	const bareNo = `{"success":false,"message":"no"}`
	const own402 = `{"success":false,"statusCode":402,"attempts_remaining":1}`
	tests := map[string]struct {
		status int
		body   string
		class  providers.Class
		code   string
	}{
		"success as a text":        {200, `{"success":"true"}`, providers.Transient, "200"},
		"success as a number":      {200, `{"success":1}`, providers.Transient, "200"},
		"success twice":            {200, `{"success":false,"success":true}`, providers.Transient, "200"},
		"success in another case":  {200, `{"Success":true}`, providers.Unknown, "200"},
		"success null":             {200, `{"success":null}`, providers.Unknown, "200"},
		"no success":               {200, `{"message":"OTP verified successfully"}`, providers.Unknown, "200"},
		"a list":                   {200, `[{"success":true}]`, providers.Transient, "200"},
		"text after it":            {200, `{"success":true} {"success":true}`, providers.Transient, "200"},
		"blank":                    {200, "", providers.Transient, "200"},
		"204":                      {204, "", providers.Transient, "204"},
		"page":                     {200, html, providers.Transient, "200"},
		"yes with 400":             {400, `{"success":true}`, providers.Unknown, "400"},
		"yes with its own 400":     {200, `{"success":true,"statusCode":400}`, providers.Unknown, "200"},
		"yes with its own 401":     {200, `{"success":true,"statusCode":401}`, providers.Credentials, "200"},
		"yes with 400 made good":   {400, `{"success":true,"statusCode":200}`, providers.Unknown, "400"},
		"yes with 500":             {500, `{"success":true}`, providers.Transient, "500"},
		"yes with 302":             {302, `{"success":true}`, providers.Unknown, "302"},
		"yes for another id":       {200, `{"success":true,"id":"otp_other"}`, providers.Unknown, "200"},
		"bare no with 401":         {401, bareNo, providers.Credentials, "401"},
		"bare no with 403":         {403, bareNo, providers.Credentials, "403"},
		"bare no with 429":         {429, bareNo, providers.Throttled, "429"},
		"no with its own 402":      {200, own402, providers.Exhausted, "200"},
		"no with 408":              {408, wrong, providers.Transient, "408"},
		"no with 402":              {402, wrong, providers.Exhausted, "402"},
		"no with 503":              {503, wrong, providers.Transient, "503"},
		"no with its own 500":      {200, `{"success":false,"statusCode":500}`, providers.Transient, "200"},
		"no with list for a count": {200, `{"success":false,"attempts_remaining":[2]}`, providers.Transient, "200"},
		"error of bad input":       {400, `{"statusCode":400,"message":["no code"]}`, providers.Unknown, "400"},
		"the guess sent back":      {400, `{"statusCode":400,"error":"471100"}`, providers.Unknown, "400"},
		"404":                      {404, `{"statusCode":404,"error":"not_found"}`, providers.Gone, "not_found"},
		"404, blank":               {404, "", providers.Gone, "404"},
		"404 and no":               {404, wrong, providers.Gone, "404"},
		"404 and yes":              {404, `{"success":true}`, providers.Gone, "404"},
		"404 and a page":           {404, html, providers.Transient, "404"},
		"410":                      {410, "", providers.Unknown, "410"},
		"its own 404 in a 200":     {200, `{"statusCode":404,"success":false}`, providers.Gone, "200"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v, asked, err := verify(t, reply{test.status, test.body}, stands("pending"))
			refused(t, err, "verify", test.class, test.code)
			if v != (providers.Verdict{}) || len(asked) != 1 {
				t.Errorf("got %+v after %q", v, asked)
			}
		})
	}
}

// TestNo is what a "no" means together with the session that is looked at after it.
func TestNo(t *testing.T) {
	t.Parallel()
	told := func(left string) reply { return reply{200, `{"success":false,"attempts_remaining":` + left + `}`} }
	as := func(status int, r reply) reply { return reply{status, r.body} }
	left := func(n int) providers.Verdict { return providers.Verdict{AttemptsLeft: n, Final: n == 0} }
	bare := reply{200, `{"success":false,"message":"Invalid OTP code","error":"otp_invalid"}`}
	own400 := reply{200, `{"success":false,"attempts_remaining":1,"statusCode":400}`}
	samples := []reply{{200, sample(t, "wrong.json")}, {200, sample(t, "status.json")}}
	down := reply{500, html}
	tests := map[string]struct {
		post, get reply
		want      providers.Verdict
		class     providers.Class // of the error, where there is no verdict
		code      string
	}{
		"the vendor's samples":   {post: samples[0], get: samples[1], want: left(2)},
		"with 201":               {post: as(201, told("1")), get: stands("sent"), want: left(1)},
		"with 400":               {post: as(400, told("1")), get: stands("pending"), want: left(1)},
		"with 422":               {post: as(422, told("1")), get: stands("pending"), want: left(1)},
		"with its own 400":       {post: own400, get: down, want: left(1)},
		"with 409":               {post: as(409, told("1")), get: stands("pending"), want: left(1)},
		"with 401":               {post: as(401, told("2")), get: stands("pending"), want: left(2)},
		"with 403":               {post: as(403, told("1")), get: stands("pending"), want: left(1)},
		"with 429, none left":    {post: as(429, told("0")), get: stands("failed"), want: left(0)},
		"with 401, expired":      {post: as(401, told("2")), get: stands("expired"), class: providers.Gone, code: "expired"},
		"count as a text":        {post: told(`"2"`), get: stands("pending"), want: left(2)},
		"count of another type":  {post: told("2.0"), get: stands("pending"), want: left(2)},
		"session of another id":  {post: told("2"), get: reply{200, `{"id":"otp_other","status":"expired"}`}, want: left(2)},
		"none left":              {post: told("0"), get: stands("pending"), want: left(0)},
		"less than none left":    {post: told("-1"), get: stands("pending"), want: left(0)},
		"session failed":         {post: told("2"), get: stands("failed"), want: left(2)},
		"failed, none left":      {post: told("0"), get: stands("failed"), want: left(0)},
		"session expired":        {post: told("2"), get: stands("expired"), class: providers.Gone, code: "expired"},
		"expired, none left":     {post: told("0"), get: stands("expired"), class: providers.Gone, code: "expired"},
		"session used up":        {post: told("2"), get: stands("verified"), class: providers.Gone, code: "verified"},
		"session down":           {post: told("2"), get: down, want: left(2)},
		"session refused":        {post: told("0"), get: reply{401, ""}, want: left(0)},
		"session not found":      {post: told("2"), get: reply{404, `{}`}, want: left(2)},
		"session bad input":      {post: told("2"), get: as(400, stands("expired")), want: left(2)},
		"session unreadable":     {post: told("2"), get: reply{200, html}, want: left(2)},
		"session without status": {post: told("2"), get: reply{200, `{}`}, want: left(2)},
		"session in a new word":  {post: told("2"), get: stands("sleeping"), want: left(2)},

		"no count, pending":       {post: bare, get: stands("pending"), class: providers.Unknown, code: "otp_invalid"},
		"no count, failed":        {post: as(400, bare), get: stands("failed"), want: left(0)},
		"no count, expired":       {post: as(400, bare), get: stands("expired"), class: providers.Gone, code: "expired"},
		"no count, not found":     {post: as(400, bare), get: reply{404, ""}, class: providers.Gone, code: "404"},
		"no count, used up":       {post: bare, get: stands("verified"), class: providers.Gone, code: "verified"},
		"no count, down":          {post: bare, get: down, class: providers.Transient, code: "500"},
		"no count, in a new word": {post: bare, get: stands("sleeping"), class: providers.Unknown, code: "sleeping"},
		"no count, guess echoed":  {post: bare, get: stands("471100"), class: providers.Unknown, code: "200"},
		"null for a count, down":  {post: told("null"), get: down, class: providers.Transient, code: "500"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, asked, err := verify(t, test.post, test.get)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
			if test.code == "" && err != nil {
				t.Error(err)
			} else if test.code != "" {
				refused(t, err, "verify", test.class, test.code)
			}
			want := []string{"POST /otp/" + id + `/verify {"code":"471100"}`, "GET /otp/" + id + "/status"}
			if diff := cmp.Diff(want, asked); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// hanging makes an upstream that says no to a verify and never answers a status. asked is told of each status.
func hanging(t *testing.T, no string, asked func()) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			asked()
			<-r.Context().Done()
			return
		}
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, no)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// TestNoOutlivesASessionThatHangs: the look aside takes neither all of the caller's time nor the verdict with it.
func TestNoOutlivesASessionThatHangs(t *testing.T) {
	t.Parallel()
	p := build(t, providers.Environment{Name: "zend"}, hanging(t, sample(t, "wrong.json"), func() {}), "")
	v, err := p.Verify(t.Context(), handle(), providers.NewSecret("471100"))
	if want := (providers.Verdict{AttemptsLeft: 2}); err != nil || v != want {
		t.Errorf("got %+v, %v", v, err)
	}
}

// TestCallerWhoLeavesIsNoFault of the provider: the error still tells.
func TestCallerWhoLeavesIsNoFault(t *testing.T) {
	t.Parallel()
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	p := build(t, providers.Environment{Name: "zend"}, hanging(t, `{"success":false}`, leave), "")
	_, err := p.Verify(ctx, handle(), providers.NewSecret("471100"))
	refused(t, err, "verify", providers.Ambiguous, "")
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// TestIDsAreEscaped: an id comes from an answer and must stay one segment of the path.
func TestIDsAreEscaped(t *testing.T) {
	t.Parallel()
	for given, escaped := range map[string]string{
		"a/b":         "a%2Fb",
		"a?b=c":       "a%3Fb=c",
		"a#b":         "a%23b",
		"../messages": "..%2Fmessages",
		"a%2Fb":       "a%252Fb",
		"a;b":         "a%3Bb",
		`a\b`:         "a%5Cb",
		"otp_1":       "otp_1",
	} {
		t.Run(given, func(t *testing.T) {
			t.Parallel()
			quoted := strings.ReplaceAll(given, `\`, `\\`)
			p, seen := canned(t, reply{201, `{"id":"` + quoted + `","success":false,"attempts_remaining":2}`}, stands("pending"))
			opener, _ := canned(t, reply{201, `{"id":"` + quoted + `"}`}, reply{})
			h, err := opener.Send(t.Context(), request())
			if err != nil || h.UpstreamID != given {
				t.Fatalf("got %+v, %v", h, err)
			}
			if _, err := p.Verify(t.Context(), h, providers.NewSecret("471100")); err != nil {
				t.Error(err)
			}
			want := []string{"POST /otp/" + escaped + `/verify {"code":"471100"}`, "GET /otp/" + escaped + "/status"}
			if diff := cmp.Diff(want, seen.requests()); diff != "" {
				t.Error(diff)
			}
		})
	}
}
