package hisend_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/hisend"
)

const guess = "984205"

// TestAddressIsNeverShown breaks every road in turn. The address of a call holds key, recipient, reference and code,
// and the errors of net/http quote addresses.
func TestAddressIsNeverShown(t *testing.T) {
	t.Parallel()
	transient, ambiguous := []providers.Class{providers.Transient}, []providers.Class{providers.Ambiguous}
	roads := map[string]struct {
		base    func(*testing.T) string
		classes []providers.Class
	}{
		"nobody listens":                       {nobody, transient},
		"certificate of an unknown authority":  {untrusted, transient},
		"TLS expected, plain spoken":           {plain, transient},
		"closed before the answer":             {closing, ambiguous},
		"no answer in time":                    {silent, ambiguous},
		"redirect that repeats the address":    {redirecting, []providers.Class{providers.Unknown}},
		"answer that repeats the address":      {echoing(422), []providers.Class{providers.Unknown}},
		"page that repeats the address":        {echoing(500), transient},
		"answer that is not HTTP":              {babbling, ambiguous},
		"key refused, repeating the address":   {echoing(401), []providers.Class{providers.Credentials}},
		"too many, repeating the address":      {echoing(429), []providers.Class{providers.Throttled}},
		"malformed grant, repeating the words": {echoing(200), []providers.Class{providers.Unknown, providers.Transient}},
	}
	for name, road := range roads {
		for _, auth := range []string{"query", "header"} {
			t.Run(name+", key in the "+auth, func(t *testing.T) {
				t.Parallel()
				env := environment()
				if name == "no answer in time" {
					env.Timeout = 500 * time.Millisecond
				}
				p := build(t, env, road.base(t), func(o *hisend.Options) { o.Auth = auth })
				_, err := p.Send(t.Context(), request())
				hides(t, err, "send", road.classes)
				_, err = p.Verify(t.Context(), handle(), providers.NewSecret(guess))
				hides(t, err, "verify", road.classes)
			})
		}
	}
}

// hides looks into every corner of err for a piece of an address.
func hides(t *testing.T, err error, op string, classes []providers.Class) {
	t.Helper()
	e, ok := errors.AsType[*providers.Error](err)
	if !ok || e.Op != op || !slices.Contains(classes, e.Class) {
		t.Fatalf("got %v, want one of %v", err, classes)
	}
	shown := fmt.Sprintf("%v %+v %#v", err, err, *e)
	for cause := err; cause != nil; cause = errors.Unwrap(cause) {
		shown += fmt.Sprintf(" %v %+v %#v", cause, cause, cause)
	}
	for _, piece := range []string{
		apiKey, escaped, "canary", "api_key", "customer_identifier", "hunnovate", "example", reference, guess, "otp=",
		"127.0.0.1", "http:", "https:", "/otp/",
	} {
		if strings.Contains(shown, piece) {
			t.Errorf("%q is shown: %s", piece, shown)
		}
	}
}

func nobody(t *testing.T) string {
	l := listen(t)
	_ = l.Close()
	return "http://" + l.Addr().String()
}

func untrusted(t *testing.T) string {
	s := httptest.NewUnstartedServer(http.NotFoundHandler())
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	return s.URL
}

func plain(t *testing.T) string {
	return strings.Replace(serve(t, func(http.ResponseWriter, *http.Request) {}), "http:", "https:", 1)
}

func closing(t *testing.T) string {
	return serve(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
}

func silent(t *testing.T) string {
	return serve(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
}

// redirecting sends to another host, where nobody may be sent.
func redirecting(t *testing.T) string {
	elsewhere := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("a redirect was followed") })
	return serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere+r.URL.RequestURI(), http.StatusTemporaryRedirect)
	})
}

// echoing answers with the address in every place that an adapter could pass on.
func echoing(status int) func(t *testing.T) string {
	return func(t *testing.T) string {
		return serve(t, func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(status)
			_, _ = fmt.Fprintf(w, `{"message":%q,"code":%q,"error":%[1]q}`, r.URL.String()+" "+apiKey, guess)
		})
	}
}

// babbling answers with what it read.
func babbling(t *testing.T) string {
	l := listen(t)
	var all sync.WaitGroup
	all.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() {
				defer conn.Close()
				b := make([]byte, 4096)
				n, _ := conn.Read(b)
				_, _ = conn.Write(b[:n])
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		all.Wait()
	})
	return "http://" + l.Addr().String()
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func serve(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.Start()
	t.Cleanup(s.Close)
	return s.URL
}

// TestNothingIsReplayed answers one call and then breaks every connection off: on a connection that was used before,
// net/http would send a GET again by itself, which sends a second message or spends a code unseen.
func TestNothingIsReplayed(t *testing.T) {
	t.Parallel()
	tests := map[string]func(context.Context, *hisend.Provider) error{
		"send": func(ctx context.Context, p *hisend.Provider) error {
			_, err := p.Send(ctx, request())
			return err
		},
		"verify": func(ctx context.Context, p *hisend.Provider) error {
			_, err := p.Verify(ctx, handle(), providers.NewSecret(guess))
			return err
		},
	}
	for name, call := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var requests atomic.Int64
			granted := sample(t, "send.json")
			base := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if !r.Close {
					t.Error("the connection would be used again")
				}
				if requests.Add(1) > 1 {
					panic(http.ErrAbortHandler)
				}
				_, _ = io.WriteString(w, granted)
			})
			p := build(t, environment(), base, asGiven)
			if _, err := p.Send(t.Context(), request()); err != nil {
				t.Fatal(err)
			}
			if err := call(t.Context(), p); providers.ClassOf(err) != providers.Ambiguous {
				t.Errorf("got %v", err)
			}
			if n := requests.Load(); n != 2 {
				t.Errorf("two calls made %d requests", n)
			}
		})
	}
}
