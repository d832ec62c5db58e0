package upstream_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/upstream"
)

const canary = "canary-7f3a"

// newClient makes a client whose every secret is the canary.
func newClient(t *testing.T, baseURL string) *upstream.Client {
	t.Helper()
	c, err := upstream.New(upstream.Config{
		Provider: "one", BaseURL: baseURL, Timeout: 10 * time.Second,
		Authorize: func(r *http.Request) { r.Header.Set("X-Api-Key", canary) },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// call is a call that holds the canary wherever a secret can be.
func call(method string) upstream.Call {
	c := upstream.Call{
		Op: "send", Method: method, Path: []string{"otp", "send"}, Query: url.Values{"api_key": {canary}},
		Guess: providers.NewSecret(canary),
	}
	if method == http.MethodPost {
		c.Body = struct {
			Code string `json:"code"`
		}{canary}
	}
	return c
}

// failure checks that err is a clean failure and returns it.
func failure(t *testing.T, err error) *providers.Error {
	t.Helper()
	e, ok := errors.AsType[*providers.Error](err)
	if !ok {
		t.Fatalf("the error is %T: %v", err, err)
	}
	if e.Provider != "one" || e.Op != "send" {
		t.Errorf("the error names %q and %q", e.Provider, e.Op)
	}
	for cause := err; cause != nil; cause = errors.Unwrap(cause) {
		if text := fmt.Sprintf("%v %+v %#v", cause, cause, cause); strings.Contains(text, canary) ||
			strings.Contains(text, "127.0.0.1") || strings.Contains(text, "http://") {
			t.Errorf("the error shows what must stay hidden: %s", text)
		}
	}
	return e
}

func serve(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

// talk serves every connection with one function, below HTTP.
func talk(t *testing.T, speak func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = conn.Close() }()
				speak(conn)
			}()
		}
	}()
	return "http://" + l.Addr().String()
}

// listen reads one whole request.
func listen(in *bufio.Reader) bool {
	r, err := http.ReadRequest(in)
	if err != nil {
		return false
	}
	_, err = io.Copy(io.Discard, r.Body)
	return err == nil
}

func TestRequestIsExact(t *testing.T) {
	t.Parallel()
	var got string
	base := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = strings.Join([]string{
			r.Method, r.URL.EscapedPath(), r.URL.RawQuery, r.Header.Get("X-Api-Key"), r.Header.Get("X-More"),
			r.Header.Get("Content-Type"), r.Header.Get("Accept"), r.Header.Get("User-Agent"),
			r.Header.Get("Accept-Encoding"), string(body),
		}, "|")
	})
	c := newClient(t, base+"/api/v1/")
	_, err := c.Do(t.Context(), upstream.Call{
		Op: "verify", Method: http.MethodPost, Path: []string{"otp", "a/b ?ä", "verify"},
		Query: url.Values{"b": {"2 &"}, "a": {"1"}}, Header: http.Header{"x-more": {"yes"}},
		Body: struct {
			Z string            `json:"z"`
			A int               `json:"a"`
			M map[string]string `json:"m"`
		}{"<&>", 1, map[string]string{"d": "4", "b": "2", "c": "3", "a": "1"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := `POST|/api/v1/otp/a%2Fb%20%3F%C3%A4/verify|a=1&b=2+%26|canary-7f3a|yes|application/json|application/json|` +
		`otpgate||{"z":"<&>","a":1,"m":{"a":"1","b":"2","c":"3","d":"4"}}`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestTextIsSentAsItStandsToAnyAddress(t *testing.T) {
	t.Parallel()
	var got string
	base := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = strings.Join([]string{
			r.Method, r.URL.EscapedPath(), r.URL.RawQuery, r.Header.Get("Content-Type"), r.Header.Get("Accept"), string(body),
		}, "|")
	})
	address, err := url.Parse(base + "/a%2Fb/?b=2&a=1")
	if err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(*upstream.Call){
		"PUT|/a%2Fb/|b=2&a=1|text/xml|application/json|<to>1</to>": func(*upstream.Call) {},
		"PUT|/a%2Fb/|b=2&a=1|text/xml; charset=utf-8|text/html|<to>1</to>": func(c *upstream.Call) {
			c.Header = http.Header{"content-type": {"text/xml; charset=utf-8"}, "accept": {"text/html"}}
		},
		"GET|/a%2Fb/|b=2&a=1||application/json|": func(c *upstream.Call) { c.Method, c.Body = http.MethodGet, nil },
	} {
		c := upstream.Call{
			Op: "send", Method: http.MethodPut, URL: address, Path: []string{"no"}, Query: url.Values{"no": {"no"}},
			Body: upstream.Text{MediaType: "text/xml", Body: "<to>1</to>"},
		}
		change(&c)
		if _, err := newClient(t, base+"/base").Do(t.Context(), c); err != nil || got != want {
			t.Errorf("got\n%s, %v, want\n%s", got, err, want)
		}
	}
}

func TestHeadIsToldBesideABodyThatCannotBeRead(t *testing.T) {
	t.Parallel()
	large := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusCreated)
		_, _ = w.Write(make([]byte, 1<<20+1))
	})
	for base, status := range map[string]int{cutBody(t, "202 Taken"): 202, large: 201} {
		r, err := newClient(t, base).Do(t.Context(), call(http.MethodPost))
		if failure(t, err); r.Status != status || r.Body != nil {
			t.Errorf("got %d with %d bytes, want %d with none", r.Status, len(r.Body), status)
		}
	}
}

func TestSegmentsThatWalkUpAreRefused(t *testing.T) {
	t.Parallel()
	base := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("the upstream was asked") })
	for _, segment := range []string{"", ".", ".."} {
		_, err := newClient(t, base).Do(t.Context(), upstream.Call{
			Op: "send", Method: http.MethodGet, Path: []string{"otp", segment},
		})
		if e := failure(t, err); e.Class != providers.Unknown {
			t.Errorf("segment %q failed with %v", segment, e)
		}
	}
}

func TestWhatCannotBeWrittenIsNotSent(t *testing.T) {
	t.Parallel()
	base := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("the upstream was asked") })
	for name, broken := range map[string]upstream.Call{
		"body":   {Op: "send", Method: http.MethodPost, Body: map[string]any{canary: func() {}}},
		"method": {Op: "send", Method: "no method"},
	} {
		_, err := newClient(t, base).Do(t.Context(), broken)
		if e := failure(t, err); e.Class != providers.Unknown {
			t.Errorf("%s failed with %v", name, e)
		}
	}
}

func TestAnswerIsWholeWhateverItsStatus(t *testing.T) {
	t.Parallel()
	for _, status := range []int{200, 201, 204, 307, 400, 404, 500} {
		base := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "http://elsewhere.invalid/")
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(status)
			if status != http.StatusNoContent {
				_, _ = io.WriteString(w, "body")
			}
		})
		r, err := newClient(t, base).Do(t.Context(), call(http.MethodPost))
		if err != nil {
			t.Fatal(err)
		}
		if r.Status != status || r.RetryAfter != 7*time.Second || status != 204 && string(r.Body) != "body" {
			t.Errorf("%d: got %d, %q, %v", status, r.Status, r.Body, r.RetryAfter)
		}
	}
}

func TestFailuresOfTheRoad(t *testing.T) {
	t.Parallel()
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = gone.Close()
	tls := httptest.NewUnstartedServer(http.NotFoundHandler())
	tls.Config.ErrorLog = log.New(io.Discard, "", 0)
	tls.StartTLS()
	t.Cleanup(tls.Close)
	tests := map[string]struct {
		base    string
		class   providers.Class
		code    string
		written bool
		text    string
	}{
		"nobody listens": {
			"http://" + gone.Addr().String(), providers.Transient, "", false, "connection refused",
		},
		"certificate of an unknown authority": {
			tls.URL, providers.Transient, "", false, "certificate is not trusted: its authority is unknown",
		},
		"closed before the answer": {
			talk(t, func(c net.Conn) { listen(bufio.NewReader(c)) }),
			providers.Ambiguous, "", true, "connection closed before the answer was whole",
		},
		"not HTTP": {
			talk(t, func(c net.Conn) {
				listen(bufio.NewReader(c))
				_, _ = io.WriteString(c, canary+" http://127.0.0.1/\r\n\r\n")
			}),
			providers.Ambiguous, "", true, "connection failed",
		},
		"body of a success cut": {
			cutBody(t, "200 OK"), providers.Ambiguous, "200", true, "connection closed before the answer was whole",
		},
		"body of a server fault cut": {
			cutBody(t, "503 Busy"), providers.Transient, "503", true, "connection closed before the answer was whole",
		},
		"body of a refusal cut": {
			cutBody(t, "400 No"), providers.Unknown, "400", true, "connection closed before the answer was whole",
		},
		"body too large": {
			serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 1<<20+1)) }),
			providers.Transient, "200", true, "answer is larger than 1 MiB",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, progress := providers.WithProgress(t.Context())
			_, err := newClient(t, test.base).Do(ctx, call(http.MethodPost))
			e := failure(t, err)
			if e.Class != test.class || e.Code != test.code || progress.Written() != test.written {
				t.Errorf("got %v, written %v", e, progress.Written())
			}
			if e.Err == nil || e.Err.Error() != test.text {
				t.Errorf("the cause is %v, want %s", e.Err, test.text)
			}
		})
	}
}

func cutBody(t *testing.T, status string) string {
	return talk(t, func(c net.Conn) {
		listen(bufio.NewReader(c))
		_, _ = io.WriteString(c, "HTTP/1.1 "+status+"\r\nContent-Length: 100\r\n\r\n"+canary)
	})
}

func TestLargestAnswerIsTaken(t *testing.T) {
	t.Parallel()
	base := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 1<<20)) })
	r, err := newClient(t, base).Do(t.Context(), call(http.MethodPost))
	if err != nil || len(r.Body) != 1<<20 {
		t.Errorf("got %d bytes, %v", len(r.Body), err)
	}
}

func TestTimeIsUp(t *testing.T) {
	t.Parallel()
	asked := make(chan struct{}, 2)
	base := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		<-r.Context().Done()
	})
	tests := map[string]struct {
		context func(context.Context) (context.Context, context.CancelFunc)
		cause   error
	}{
		"deadline": {
			func(ctx context.Context) (context.Context, context.CancelFunc) {
				return context.WithTimeout(ctx, 300*time.Millisecond)
			}, context.DeadlineExceeded,
		},
		"cancel": {
			func(ctx context.Context) (context.Context, context.CancelFunc) {
				ctx, cancel := context.WithCancel(ctx)
				go func() { <-asked; cancel() }()
				return ctx, cancel
			}, context.Canceled,
		},
	}
	for name, test := range tests {
		ctx, cancel := test.context(t.Context())
		_, err := newClient(t, base).Do(ctx, upstream.Call{Op: "send", Method: http.MethodGet, Path: []string{"otp"}})
		if name == "deadline" {
			<-asked
		}
		cancel()
		if e := failure(t, err); e.Class != providers.Ambiguous || !errors.Is(err, test.cause) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestOwnTimeoutBoundsACall(t *testing.T) {
	t.Parallel()
	base := serve(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	c, err := upstream.New(upstream.Config{Provider: "one", BaseURL: base, Timeout: 100 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	_, err = c.Do(t.Context(), upstream.Call{Op: "send", Method: http.MethodGet, Path: []string{"otp"}})
	if failure(t, err); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

// TestNothingIsRepeated lets the first request of a connection pass and closes the connection on the second: the case
// in which net/http sends again by itself.
func TestNothingIsRepeated(t *testing.T) {
	t.Parallel()
	keyed := call(http.MethodPost)
	keyed.Header = http.Header{"Idempotency-Key": {"k"}}
	tests := map[string]struct {
		call     upstream.Call
		requests int64
		fails    bool
	}{
		"GET never meets a used connection": {call(http.MethodGet), 2, false},
		"nor does a POST with a key":        {keyed, 2, false},
		"nor a PUT":                         {call(http.MethodPut), 2, false},
		"POST is asked once and fails":      {call(http.MethodPost), 2, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var requests atomic.Int64
			base := talk(t, func(c net.Conn) {
				in := bufio.NewReader(c)
				if !listen(in) {
					return
				}
				requests.Add(1)
				_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
				if listen(in) {
					requests.Add(1)
				}
			})
			client := newClient(t, base)
			if _, err := client.Do(t.Context(), test.call); err != nil {
				t.Fatal(err)
			}
			_, err := client.Do(t.Context(), test.call)
			if (err != nil) != test.fails {
				t.Errorf("the second call ended with %v", err)
			}
			if n := requests.Load(); n != test.requests {
				t.Errorf("the upstream saw %d requests", n)
			}
		})
	}
}

func TestNewForTakesNameAndTimeOfTheProvider(t *testing.T) {
	t.Parallel()
	keys := make(chan string, 1)
	base := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		keys <- r.Header.Get("X-Api-Key")
		<-r.Context().Done()
	})
	env := providers.Environment{Name: "one", Timeout: 100 * time.Millisecond}
	c, err := upstream.NewFor(env, base, func(r *http.Request) { r.Header.Set("X-Api-Key", canary) })
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	_, err = c.Do(t.Context(), call(http.MethodGet))
	if key := <-keys; !errors.Is(failure(t, err), context.DeadlineExceeded) || key != canary {
		t.Errorf("got %v with the key %q", err, key)
	}
}

func TestNewRefusesWhatIsNoAddress(t *testing.T) {
	t.Parallel()
	for _, base := range []string{"", "canary-7f3a", "http://[" + canary, "://" + canary} {
		if _, err := upstream.New(upstream.Config{BaseURL: base}); err == nil || strings.Contains(err.Error(), canary) {
			t.Errorf("%q: got %v", base, err)
		}
	}
}

func TestAskReadsJSON(t *testing.T) {
	t.Parallel()
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = gone.Close()
	tests := map[string]struct {
		base, want string
		status     int
		class      providers.Class // of the error; not looked at where want is there
	}{
		"an answer": {
			serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(http.StatusBadRequest)
				_, _ = io.WriteString(w, `{"id":"x"}`)
			}), "x", 400, providers.Unknown,
		},
		"a page": {
			serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<"+canary) }),
			"", 200, providers.Transient,
		},
		"nobody": {"http://" + gone.Addr().String(), "", 0, providers.Transient},
	}
	for name, test := range tests {
		var into struct {
			ID string `json:"id"`
		}
		r, err := newClient(t, test.base).Ask(t.Context(), call(http.MethodPost), &into)
		if r.Status != test.status || into.ID != test.want || (err == nil) != (test.want != "") {
			t.Errorf("%s: got %d, %+v, %v", name, r.Status, into, err)
		}
		if test.want == "" && failure(t, err).Class != test.class {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
