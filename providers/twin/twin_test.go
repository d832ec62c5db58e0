package twin_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/twin"
)

// echo is a twin whose only endpoint delivers the body that it gets, to the number in the query.
func echo(t *testing.T) (*twin.Server, *http.Client) {
	t.Helper()
	one := twin.New("echo", nil)
	one.Handle("send", "POST /send", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		one.Deliver(r, providers.SMS, r.URL.Query().Get("to"), "Echo", string(body))
		twin.JSON(w, http.StatusCreated, map[string]string{"delivered": "yes, it was"})
	})
	server, err := twin.Start(one, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	transport := new(http.Transport)
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		_ = server.Close()
	})
	return server, &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

type reply struct {
	status int
	header http.Header
	body   string
	err    error // of the call, or of reading the body
}

func ask(t *testing.T, c *http.Client, method, url, body string) reply {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	return askWithin(ctx, t, c, method, url, body)
}

func askWithin(ctx context.Context, t *testing.T, c *http.Client, method, url, body string) reply {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r, err := c.Do(req)
	if err != nil {
		return reply{err: err}
	}
	defer func() { _ = r.Body.Close() }()
	b, err := io.ReadAll(r.Body)
	return reply{r.StatusCode, r.Header, string(b), err}
}

func TestFaultsAsClientsSeeThem(t *testing.T) {
	t.Parallel()
	const real = `{"delivered":"yes, it was"}`
	tests := map[string]struct {
		fault  string
		status int
		holds  func(reply) bool
	}{
		"refused": {`"fault":"refused"`, 0, func(r reply) bool { return r.err != nil }},
		"reset":   {`"fault":"reset"`, 0, func(r reply) bool { return r.err != nil }},
		"cut":     {`"fault":"cut"`, 200, func(r reply) bool { return errors.Is(r.err, io.ErrUnexpectedEOF) }},
		"status":  {`"fault":"status"`, 500, func(r reply) bool { return strings.Contains(r.body, "Internal") }},
		"retry": {`"fault":"status","status":429,"retry_after":"9"`, 429, func(r reply) bool {
			return r.header.Get("Retry-After") == "9"
		}},
		"truncated": {`"fault":"truncated","after":true`, 200, func(r reply) bool {
			return r.body == real[:len(real)/2] && r.err == nil
		}},
		"wrong types": {`"fault":"wrong_types"`, 200, func(r reply) bool { return strings.Contains(r.body, `"code":[`) }},
		"other JSON":  {`"fault":"other_json"`, 200, func(r reply) bool { return r.body == `{"result":"done"}` }},
		"html": {`"fault":"html"`, 200, func(r reply) bool {
			return strings.HasPrefix(r.header.Get("Content-Type"), "text/html") && strings.HasPrefix(r.body, "<!doctype")
		}},
		"huge":  {`"fault":"huge"`, 200, func(r reply) bool { return len(r.body) > 10<<20 }},
		"empty": {`"fault":"empty"`, 200, func(r reply) bool { return r.body == "" && r.err == nil }},
		"redirect": {`"fault":"redirect"`, 307, func(r reply) bool {
			return r.header.Get("Location") == "http://elsewhere.invalid/"
		}},
		"redirect somewhere": {`"fault":"redirect","location":"http://x.invalid/"`, 307, func(r reply) bool {
			return r.header.Get("Location") == "http://x.invalid/"
		}},
		"duplicate": {`"fault":"duplicate"`, 201, func(r reply) bool { return r.body == real }},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, client := echo(t)
			if r := ask(t, client, "PUT", server.URL+"/faults", `{"endpoint":"send",`+test.fault+`}`); r.status != 200 {
				t.Fatalf("the fault was not taken: %+v", r)
			}
			r := ask(t, client, "POST", server.URL+"/send?to=0201234567", "hello")
			if r.status != test.status || !test.holds(r) {
				t.Errorf("got %d %q, %v", r.status, r.body[:min(len(r.body), 200)], r.err)
			}
			wantMessages := map[string]int{"duplicate": 2, "truncated": 1}[name]
			if n := len(server.Twin.Inbox.Messages("", "")); n != wantMessages {
				t.Errorf("%d messages were delivered, want %d", n, wantMessages)
			}
		})
	}
}

// TestFaultsThatHoldEnd when the client leaves, and when the twin closes.
func TestFaultsThatHoldEnd(t *testing.T) {
	t.Parallel()
	for _, kind := range []twin.FaultKind{twin.Hang, twin.HangBody, twin.Drip} {
		t.Run(string(kind)+" until the client leaves", func(t *testing.T) {
			t.Parallel()
			server, client := echo(t)
			if err := server.Twin.Faults.Set(twin.Fault{Kind: kind, After: true}); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			defer cancel()
			r := askWithin(ctx, t, client, "POST", server.URL+"/send", "hello")
			if !errors.Is(r.err, context.DeadlineExceeded) || (r.status == 200) != (kind != twin.Hang) {
				t.Errorf("got %+v", r)
			}
			if n := len(server.Twin.Inbox.Messages("", "")); n != 1 {
				t.Errorf("%d messages were delivered", n)
			}
		})
		t.Run(string(kind)+" until the twin closes", func(t *testing.T) {
			t.Parallel()
			server, client := echo(t)
			if err := server.Twin.Faults.Set(twin.Fault{Kind: kind}); err != nil {
				t.Fatal(err)
			}
			done := make(chan reply, 1)
			go func() { done <- ask(t, client, "POST", server.URL+"/send", "hello") }()
			tick := time.NewTicker(time.Millisecond)
			defer tick.Stop()
			for len(server.Twin.Requests("send")) == 0 {
				<-tick.C
			}
			server.Twin.Close()
			if r := <-done; r.err == nil || errors.Is(r.err, context.DeadlineExceeded) {
				t.Errorf("got %+v", r)
			}
		})
	}
}

func TestControl(t *testing.T) {
	t.Parallel()
	server, client := echo(t)
	ask(t, client, "POST", server.URL+"/send?to=%2B233201234567", "hello")
	steps := []struct {
		method, path, body string
		status             int
		want               string
	}{
		{"GET", "/inbox?to=0201234567&channel=sms", "", 200, `"text":"hello"`},
		{"GET", "/inbox?to=+233201234567", "", 200, `"to":"+233201234567","channel":"sms","from":"Echo"`},
		{"GET", "/inbox?channel=voice", "", 200, `[]`},
		{"DELETE", "/inbox", "", 204, ""},
		{"GET", "/inbox", "", 200, `[]`},
		{"GET", "/faults", "", 200, `[]`},
		{"PUT", "/faults", `{"endpoint":"verify","fault":"html","probability":0.5}`, 200, `"probability":0.5`},
		{"PUT", "/faults", `{"fault":"empty"}`, 200, `[{"endpoint":"verify"`},
		{"PUT", "/faults", `{"fault":"meteor"}`, 400, `not known`},
		{"PUT", "/faults", `{"falt":"html"}`, 400, `JSON object`},
		{"DELETE", "/faults?endpoint=verify", "", 204, ""},
		{"GET", "/faults", "", 200, `[{"fault":"empty"}]`},
		{"DELETE", "/faults", "", 204, ""},
		{"GET", "/faults", "", 200, `[]`},
		{"GET", "/clock", "", 200, `"ahead":"0s"`},
		{"POST", "/clock", `{"advance":"5m"}`, 200, `"ahead":"5m0s"`},
		{"POST", "/clock", `{"advance":"soon"}`, 400, `JSON object`},
		{"DELETE", "/clock", "", 200, `"ahead":"0s"`},
		{"GET", "/magic", "", 200, `"tail":"9901"`},
		{"GET", "/send", "", 405, ""},
	}
	for _, step := range steps {
		r := ask(t, client, step.method, server.URL+step.path, step.body)
		if r.err != nil || r.status != step.status || !strings.Contains(r.body, step.want) {
			t.Errorf("%+v: got %d %s, %v", step, r.status, r.body, r.err)
		}
	}
}

func TestTraitsOfADelivery(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		to          string
		now, inHour int
	}{
		"ordinary":       {"+233201234567", 1, 1},
		"never arrives":  {"+233201239908", 0, 0},
		"arrives late":   {"+233201239909", 0, 1},
		"arrives double": {"+233201239910", 2, 2},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			one := twin.New("one", nil)
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "/", nil)
			if err != nil {
				t.Fatal(err)
			}
			one.Deliver(r, providers.SMS, test.to, "One", "hello")
			one.Show(providers.USSD, test.to, "One", "hello")
			if n := len(one.Inbox.Messages(test.to, providers.SMS)); n != test.now {
				t.Errorf("%d messages are there, want %d", n, test.now)
			}
			if n := len(one.Inbox.Messages(test.to, providers.USSD)); n != 1 {
				t.Errorf("%d can be looked up", n)
			}
			one.Inbox.Clock.Advance(time.Hour)
			if n := len(one.Inbox.Messages(test.to, providers.SMS)); n != test.inHour {
				t.Errorf("%d messages are there an hour later, want %d", n, test.inHour)
			}
		})
	}
}

func TestSlowNumberTakesItsTime(t *testing.T) {
	t.Parallel()
	for name, cut := range map[string]func(*twin.Twin, context.CancelFunc){
		"to its end":            func(*twin.Twin, context.CancelFunc) {},
		"until the client left": func(_ *twin.Twin, leave context.CancelFunc) { leave() },
		"until the twin closed": func(one *twin.Twin, _ context.CancelFunc) { one.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				one := twin.New("one", nil)
				ctx, leave := context.WithCancel(t.Context())
				defer leave()
				r, err := http.NewRequestWithContext(ctx, http.MethodPost, "/", nil)
				if err != nil {
					t.Fatal(err)
				}
				cut(one, leave)
				began := time.Now()
				one.Deliver(r, providers.SMS, "+233201239907", "One", "hello")
				if took := time.Since(began); (took == twin.SlowBy) != (name == "to its end") || took > twin.SlowBy {
					t.Errorf("it took %v", took)
				}
			})
		})
	}
}

func TestRequestsAreKept(t *testing.T) {
	t.Parallel()
	server, client := echo(t)
	for range 600 {
		ask(t, client, "POST", server.URL+"/send?to=1", "hello")
	}
	kept := server.Twin.Requests("send")
	if len(kept) < 256 || len(kept) > 512 || len(server.Twin.Requests("verify")) != 0 {
		t.Errorf("%d requests are kept", len(kept))
	}
	last := kept[len(kept)-1]
	last.Header = nil
	want := twin.Request{Endpoint: "send", Method: "POST", Path: "/send", Query: "to=1", Body: "hello"}
	if diff := cmp.Diff(want, last); diff != "" {
		t.Error(diff)
	}
}

func TestBodyTooLargeIsRefused(t *testing.T) {
	t.Parallel()
	server, client := echo(t)
	if r := ask(t, client, "POST", server.URL+"/send", strings.Repeat("x", 1<<20+1)); r.status != 400 {
		t.Errorf("got %d", r.status)
	}
}

func TestTwinsShareAnInbox(t *testing.T) {
	t.Parallel()
	var inbox twin.Inbox
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "/", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a", "b"} {
		twin.New(name, &inbox).Deliver(r, providers.SMS, "+233201234567", "One", "hello")
	}
	if m := inbox.Messages("", ""); len(m) != 2 || m[0].Twin != "b" || m[1].Twin != "a" {
		t.Errorf("got %+v", m)
	}
}

func TestServerSaysWhyItCannotStart(t *testing.T) {
	t.Parallel()
	server, _ := echo(t)
	if _, err := twin.Start(twin.New("two", nil), strings.TrimPrefix(server.URL, "http://")); err == nil {
		t.Error("two twins serve one address")
	}
	_ = server.Close()
	_ = server.Close()
}
