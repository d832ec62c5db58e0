package httpapi_test

import (
	"context"
	"net/http"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/otpgate/otpgate/gateway/httpapi"
	"github.com/otpgate/otpgate/gateway/otp"
)

type observedKey struct{}

// watcher remembers what it was told.
type watcher struct {
	mu    sync.Mutex
	began []string
	ended []httpapi.Exchange
	in    []any // what Ended found in its context
}

func (w *watcher) Began(ctx context.Context, method, route, traceparent string) context.Context {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.began = append(w.began, method+" "+route+" "+traceparent)
	return context.WithValue(ctx, observedKey{}, route)
}

func (w *watcher) Ended(ctx context.Context, e httpapi.Exchange) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ended = append(w.ended, e)
	w.in = append(w.in, ctx.Value(observedKey{}))
}

func TestAnObserverIsToldOfEveryRequest(t *testing.T) {
	t.Parallel()
	const header = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	granted := &fakeOTP{result: otp.Result{Verification: pending()}}
	refused := &fakeOTP{err: &otp.Error{Code: otp.ProviderUnavailable, Detail: "d", Reference: reference}}
	defect := &fakeOTP{during: func(context.Context) { panic("defect") }}
	const send = "/v1/otp/send"
	for _, test := range []struct {
		name  string
		fake  *fakeOTP
		req   *http.Request
		began []string
		want  httpapi.Exchange
	}{
		{"a success", granted, post(send, `{"to":"x"}`, "Traceparent", header), []string{"POST " + send + " " + header},
			httpapi.Exchange{Method: "POST", Route: send, App: "shop", Status: 201}},
		{"a refusal", refused, post(send, `{"to":"x"}`), []string{"POST " + send + " "},
			httpapi.Exchange{Method: "POST", Route: send, App: "shop", Status: 503, Code: "provider_unavailable"}},
		{"a defect", defect, post(send, `{"to":"x"}`), []string{"POST " + send + " "},
			httpapi.Exchange{Method: "POST", Route: send, App: "shop", Status: 500, Code: "internal"}},
		{"a stranger", granted, anonymous(post(send, `{"to":"x"}`)), []string{"POST " + send + " "},
			httpapi.Exchange{Method: "POST", Route: send, Status: 401, Code: "unauthenticated"}},
		{"a probe", granted, get("/healthz"), nil, httpapi.Exchange{Method: "GET", Route: "/healthz", Status: 200}},
		{"no such path", granted, get("/canary?canary"), nil, httpapi.Exchange{Method: "GET", Status: 404, Code: "not_found"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := new(watcher)
			do(t, newApp(t, test.fake, func(o *httpapi.Options) { o.Observer = w }), test.req)
			test.want.Peer = "0.0.0.0"
			if diff := cmp.Diff([]httpapi.Exchange{test.want}, w.ended); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(test.began, w.began); diff != "" {
				t.Error(diff)
			}
			if begun := w.in[0] != nil; begun != (test.began != nil) {
				t.Error("Ended did not get the context of Began")
			}
		})
	}
}

func TestSeveralTraceparentsNameNoTrace(t *testing.T) {
	t.Parallel()
	w := new(watcher)
	req := post("/v1/otp/send", `{"to":"x"}`)
	req.Header["Traceparent"] = []string{"00-a", "00-b"}
	do(t, newApp(t, &fakeOTP{result: otp.Result{Verification: pending()}}, func(o *httpapi.Options) { o.Observer = w }), req)
	if w.began[0] != "POST /v1/otp/send " {
		t.Errorf("told %q", w.began)
	}
}
