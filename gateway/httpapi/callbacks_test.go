package httpapi_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/otpgate/otpgate/gateway/httpapi"
	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/providers"
)

const callbackToken = "canary-token-0123456789"

// upstream is a provider that is called back, and remembers by what.
type upstream struct {
	reports []providers.Report
	err     error
	answer  string // to challenges; empty: there are none
	panics  bool

	mu  sync.Mutex
	got []providers.Callback
}

func (u *upstream) ParseCallback(c providers.Callback) ([]providers.Report, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.got = append(u.got, c)
	if u.panics {
		panic("canary " + string(c.Body))
	}
	return u.reports, u.err
}

func (u *upstream) Challenge(c providers.Callback) (string, bool) {
	return u.answer, u.answer != "" && c.Method == http.MethodGet
}

// called gives the API providers that are called back.
func called(parsers map[string]providers.CallbackParser) func(*httpapi.Options) {
	return func(o *httpapi.Options) {
		snapshot := o.Snapshot()
		snapshot.Callbacks = parsers
		o.Snapshot = func() httpapi.Snapshot { return snapshot }
	}
}

// calls makes the API whose provider "own" is u.
func (u *upstream) calls(o *httpapi.Options) {
	called(map[string]providers.CallbackParser{"own": u})(o)
}

// callback is one of an upstream's, which knows no key of ours.
func callback(method, path, body string, headers ...string) *http.Request {
	return with(httptest.NewRequest(method, path, strings.NewReader(body)), headers...)
}

func arrived(id string) providers.Report {
	return providers.Report{UpstreamID: id, State: providers.DeliveryDelivered, At: now()}
}

func TestCallbackReachesItsProviderAsItCame(t *testing.T) {
	t.Parallel()
	const packed = "\x1f\x8b\x08\x00 this is no gzip \x00\xff"
	lost := providers.Report{UpstreamID: "m2", State: providers.DeliveryUndelivered, Reason: "131026"}
	u := &upstream{reports: []providers.Report{arrived("m1"), lost}}
	fake := new(fakeOTP)
	req := callback(http.MethodPost, "/v1/callbacks/own/"+callbackToken+"?a=1&b=%20x&a=2", packed,
		"X-Hub-Signature-256", "sha256=00", "X-Twice", "1", "X-Twice", "2",
		"Content-Encoding", "gzip", "Content-Type", "image/png")
	a := do(t, newApp(t, fake, u.calls), req)
	if a.status != http.StatusOK || len(a.body) != 0 {
		t.Errorf("status %d %q", a.status, a.body)
	}
	if diff := cmp.Diff([]told{{"own", u.reports}}, fake.reports); diff != "" {
		t.Error(diff)
	}
	got := u.got[0]
	if got.Method != http.MethodPost || string(got.Body) != packed {
		t.Errorf("%s, body %q", got.Method, got.Body)
	}
	if got.Token.Reveal() != callbackToken || got.Remote != memoryPeer().Addr() {
		t.Errorf("another token, or from %v", got.Remote)
	}
	if got.Header.Get("X-Hub-Signature-256") != "sha256=00" || len(got.Header["X-Twice"]) != 2 {
		t.Errorf("header %v", got.Header)
	}
	if diff := cmp.Diff(map[string][]string{"a": {"1", "2"}, "b": {" x"}}, map[string][]string(got.Query)); diff != "" {
		t.Error(diff)
	}
	if printed := fmt.Sprintf("%+v %#v", got.Token, got.Token); strings.Contains(printed, "canary") {
		t.Errorf("the token is printed: %s", printed)
	}
}

// Reports may be made of parts of the body, and outlive the request; the server uses its buffers again.
func TestCallbackOutlivesItsRequest(t *testing.T) {
	t.Parallel()
	u := new(upstream)
	app := newApp(t, new(fakeOTP), u.calls)
	want := strings.Repeat("first", 100)
	for _, body := range []string{want, strings.Repeat("other", 100)} {
		do(t, app, callback(http.MethodPost, "/v1/callbacks/own?q="+body, body, "X-Long", body))
	}
	if got := u.got[0]; string(got.Body) != want || got.Query.Get("q") != want || got.Header.Get("X-Long") != want {
		t.Error("the first callback was written over")
	}
}

func TestCallbackByGet(t *testing.T) {
	t.Parallel()
	u := &upstream{reports: []providers.Report{arrived("m1")}}
	fake := new(fakeOTP)
	req := callback(http.MethodGet, "/v1/callbacks/own/"+callbackToken+"?sms_id=m1&status=DELIVERED", "")
	if a := do(t, newApp(t, fake, u.calls), req); a.status != http.StatusOK || len(fake.reports) != 1 {
		t.Errorf("status %d, %+v", a.status, fake.reports)
	}
	if got := u.got[0]; got.Method != http.MethodGet || got.Query.Get("sms_id") != "m1" {
		t.Errorf("%s %v", got.Method, got.Query)
	}
}

// A HEAD is no GET to a provider: what looks at an address does not report.
func TestCallbackByHeadIsToldApart(t *testing.T) {
	t.Parallel()
	u := new(upstream)
	resp, err := newApp(t, new(fakeOTP), u.calls).Test(callback(http.MethodHead, "/v1/callbacks/own", ""), -1)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if len(u.got) != 1 || u.got[0].Method != http.MethodHead {
		t.Errorf("%+v", u.got)
	}
}

func TestChallengeIsAnsweredWordForWord(t *testing.T) {
	t.Parallel()
	u := &upstream{answer: "1158201444"}
	fake := new(fakeOTP)
	a := do(t, newApp(t, fake, u.calls), callback(http.MethodGet, "/v1/callbacks/own?hub.mode=subscribe", ""))
	kind := a.header.Get("Content-Type")
	if a.status != http.StatusOK || string(a.body) != u.answer || kind != "text/plain; charset=utf-8" {
		t.Errorf("status %d %s %q", a.status, kind, a.body)
	}
	if len(u.got) != 0 || fake.calls() != 0 {
		t.Error("a challenge is taken for a report")
	}
}

// A callback that is not taken has no effect, and leaves a line that tells why, without a word of what it said.
func TestCallbacksThatAreNotTaken(t *testing.T) {
	t.Parallel()
	const body = `{"canary":"+233201234567"}`
	for name, test := range map[string]struct {
		err    error
		path   string
		status int
		code   string
		cause  string
	}{
		"forged":             {providers.ErrForged, "own", http.StatusUnauthorized, "unauthenticated", "own: the callback has no right"},
		"a reason of no one": {errors.New("whatever"), "own", http.StatusUnauthorized, "unauthenticated", "own: whatever"},
		"malformed":          {providers.ErrMalformed, "own", http.StatusBadRequest, "invalid_request", ""},
		"unknown provider":   {nil, "nobody", http.StatusNotFound, "not_found", "takes none"},
		"takes none":         {providers.ErrNoCallbacks, "own", http.StatusNotFound, "not_found", "takes none"},
	} {
		for _, method := range []string{http.MethodPost, http.MethodGet} {
			t.Run(name+" "+method, func(t *testing.T) {
				t.Parallel()
				u := &upstream{err: test.err, reports: []providers.Report{arrived("m1")}}
				fake, log := new(fakeOTP), new(logBuffer)
				app := newApp(t, fake, log.record, u.calls)
				path := "/v1/callbacks/" + test.path + "/" + callbackToken + "?q=canary"
				a := do(t, app, callback(method, path, body, "X-Signature", "canary"))
				if a.status != test.status || a.text(t, "code") != test.code || fake.calls() != 0 {
					t.Errorf("status %d, %d calls: %s", a.status, fake.calls(), a.body)
				}
				if line := log.lines(t)[0]; test.cause != "" && !strings.Contains(fmt.Sprint(line["cause"]), test.cause) {
					t.Errorf("logged: %v", line)
				}
				for _, canary := range []string{"canary", "233201234567"} {
					if strings.Contains(log.String(), canary) || strings.Contains(string(a.body), canary) {
						t.Errorf("%s is in the log or the answer: %s %s", canary, log, a.body)
					}
				}
			})
		}
	}
}

// Whether a provider exists is not told to who guesses at names: it is answered like a path that does not exist.
func TestCallbackForNobodyIsLikeNoPath(t *testing.T) {
	t.Parallel()
	app := newApp(t, new(fakeOTP), (&upstream{err: providers.ErrNoCallbacks}).calls)
	nowhere := do(t, app, callback(http.MethodPost, "/nowhere/at/all", "", "X-Request-Id", "same"))
	for _, path := range []string{"own", "nobody", "own/x"} {
		a := do(t, app, callback(http.MethodPost, "/v1/callbacks/"+path, "", "X-Request-Id", "same"))
		if diff := cmp.Diff(string(nowhere.body), string(a.body)); diff != "" || a.status != http.StatusNotFound {
			t.Errorf("%s: status %d\n%s", path, a.status, diff)
		}
	}
}

func TestCallbackThatIsTooLarge(t *testing.T) {
	t.Parallel()
	for size, want := range map[int]int{64 << 10: http.StatusOK, 64<<10 + 1: http.StatusRequestEntityTooLarge} {
		u, fake := new(upstream), new(fakeOTP)
		conn := dial(t, listen(t, newApp(t, fake, u.calls)))
		fmt.Fprintf(conn, "POST /v1/callbacks/own HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n", size)
		if want == http.StatusOK {
			fmt.Fprint(conn, strings.Repeat("x", size))
		}
		a := readRaw(t, conn, http.MethodPost, "/v1/callbacks/own")
		if a.status != want || (len(u.got) == 1) != (want == http.StatusOK) {
			t.Errorf("%d bytes: status %d, %d callbacks", size, a.status, len(u.got))
		}
	}
}

// An upstream that is told 503 calls again later; one that is told 200 does not.
func TestReportThatIsNotKeptIsAskedForAgain(t *testing.T) {
	t.Parallel()
	fake := &fakeOTP{err: &otp.Error{Code: otp.StoreUnavailable, Detail: "down", RetryAfter: time.Second}}
	u := &upstream{reports: []providers.Report{arrived("m1")}}
	a := do(t, newApp(t, fake, u.calls), callback(http.MethodPost, "/v1/callbacks/own", "{}"))
	if a.status != http.StatusServiceUnavailable || a.header.Get("Retry-After") != "1" {
		t.Errorf("status %d, Retry-After %q", a.status, a.header.Get("Retry-After"))
	}
}

func TestParserThatPanicsCostsItsCallback(t *testing.T) {
	t.Parallel()
	fake, log := new(fakeOTP), new(logBuffer)
	app := newApp(t, fake, log.record, (&upstream{panics: true}).calls)
	a := do(t, app, callback(http.MethodPost, "/v1/callbacks/own", "+233201234567"))
	if a.status != http.StatusInternalServerError || fake.calls() != 0 || strings.Contains(log.String(), "233201234567") {
		t.Errorf("status %d, log %s", a.status, log)
	}
}
