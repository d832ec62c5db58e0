package httpapi_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/otpgate/otpgate/gateway/apps"
	"github.com/otpgate/otpgate/gateway/httpapi"
	"github.com/otpgate/otpgate/gateway/otp"
)

// TestNothingPointsIntoBuffersOfFiber keeps what many requests gave to the use cases and compares it after all of them:
// fiber uses the same buffers again and again.
func TestNothingPointsIntoBuffersOfFiber(t *testing.T) {
	t.Parallel()
	const workers, rounds = 4, 25
	fake := &fakeOTP{result: otp.Result{Verification: pending()}, verification: ended(otp.StatusVerified)}
	log := new(logBuffer)
	address := listen(t, newApp(t, fake, log.record))
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			client := &http.Client{Transport: &http.Transport{}, Timeout: patience}
			defer client.CloseIdleConnections()
			for i := range rounds {
				for _, req := range requestsOf(fmt.Sprintf("%d-%d", w, i)) {
					req.RequestURI, req.URL.Scheme, req.URL.Host = "", "http", address
					resp, err := client.Do(req)
					if err != nil {
						t.Error(err)
						return
					}
					if a := read(t, req, resp); a.status >= 300 || a.header.Get("X-Request-Id") != req.Header.Get("X-Request-Id") {
						t.Errorf("status %d, %v", a.status, a.header)
					}
				}
			}
		})
	}
	wg.Wait()
	checkKept(t, fake, workers, rounds)
	for w := range workers {
		for i := range rounds {
			if !strings.Contains(log.String(), fmt.Sprintf(`"request_id":"status-%d-%d"`, w, i)) {
				t.Errorf("request %d-%d is not in the log", w, i)
			}
		}
	}
}

// requestsOf makes one request to each call, all of whose texts hold id.
func requestsOf(id string) []*http.Request {
	return []*http.Request{
		post("/v1/otp/send", `{"to":"to-`+id+`","metadata":{"k-`+id+`":"v-`+id+`"},"fallback":[{"channel":"ch-`+id+`"}]}`,
			"Idempotency-Key", "key-"+id, "X-Request-Id", "send-"+id),
		post("/v1/otp/verify", `{"reference":"ref-`+id+`","code":"code-`+id+`"}`, "X-Request-Id", "verify-"+id),
		post("/v1/otp/resend", `{"reference":"ref-`+id+`"}`, "Idempotency-Key", "key-"+id, "X-Request-Id", "resend-"+id),
		post("/v1/otp/cancel", `{"reference":"ref-`+id+`"}`, "X-Request-Id", "cancel-"+id),
		get("/v1/otp/status?provider=p-"+id+"&provider_reference=r-"+id, "X-Request-Id", "status-"+id),
	}
}

func checkKept(t *testing.T, fake *fakeOTP, workers, rounds int) {
	t.Helper()
	got, want := map[string]int{}, map[string]int{}
	for _, in := range fake.sends {
		a := in.Once.Render(pending(), &otp.Error{Code: otp.NoRoute})
		instance := strings.Contains(string(a.Body), `"/v1/otp/send#send-`+strings.TrimPrefix(in.To, "to-")+`"`)
		got[fmt.Sprint(in.To, in.Metadata, in.Fallback[0].Channel, in.Once.Key, instance)]++
	}
	for _, in := range fake.verifies {
		got[in.Reference+in.Code]++
	}
	for _, in := range fake.resends {
		got[in.Reference+in.Once.Key]++
	}
	for _, in := range fake.cancels {
		got[in]++
	}
	for _, in := range fake.statuses {
		got[in.Provider+in.ProviderReference]++
	}
	for w := range workers {
		for i := range rounds {
			id := fmt.Sprintf("%d-%d", w, i)
			want[fmt.Sprint("to-"+id, map[string]string{"k-" + id: "v-" + id}, "ch-"+id, "key-"+id, true)]++
			want["ref-"+id+"code-"+id]++
			want["ref-"+id+"key-"+id]++
			want["ref-"+id]++
			want["p-"+id+"r-"+id]++
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestRequestsPastTheBoundAreRefusedAtOnce(t *testing.T) {
	t.Parallel()
	const bound = 3
	inside, release := make(chan struct{}, bound), make(chan struct{})
	fake := &fakeOTP{verification: pending(), during: func(context.Context) {
		inside <- struct{}{}
		<-release
	}}
	app := newApp(t, fake, func(o *httpapi.Options) { o.MaxInFlight = bound })
	var wg sync.WaitGroup
	for range bound {
		wg.Go(func() {
			if a := do(t, app, get("/v1/otp/status?reference=x")); a.status != http.StatusOK {
				t.Errorf("status %d within the bound", a.status)
			}
		})
	}
	for range bound {
		<-inside
	}
	for range 2 { // a refusal takes no place
		a := do(t, app, post("/v1/otp/send", `{"to":"x"}`))
		if a.status != http.StatusServiceUnavailable || a.text(t, "code") != "overloaded" ||
			a.header.Get("Retry-After") != "1" {
			t.Errorf("past the bound: status %d, %s", a.status, a.body)
		}
	}
	if a := do(t, app, get("/healthz")); a.status != http.StatusOK {
		t.Errorf("healthz: status %d", a.status)
	}
	close(release)
	wg.Wait()
	fake.during = nil
	for range bound + 1 {
		if a := do(t, app, get("/v1/otp/status?reference=x")); a.status != http.StatusOK {
			t.Errorf("afterwards: status %d", a.status)
		}
	}
}

func TestPanicsFreeTheirPlace(t *testing.T) {
	t.Parallel()
	fake := &fakeOTP{verification: pending(), during: func(context.Context) { panic("x") }}
	app := newApp(t, fake, func(o *httpapi.Options) { o.MaxInFlight = 1 })
	for range 3 {
		if a := do(t, app, get("/v1/otp/status?reference=x")); a.status != http.StatusInternalServerError {
			t.Errorf("status %d", a.status)
		}
	}
}

// TestWhatBeganIsFinished states that neither a client that leaves nor a server that stops ends a request's context:
// its deadline does.
func TestWhatBeganIsFinished(t *testing.T) {
	t.Parallel()
	inside, leave, seen := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	fake := &fakeOTP{result: otp.Result{Verification: pending()}, during: func(ctx context.Context) {
		close(inside)
		<-leave
		deadline, ok := ctx.Deadline()
		if left := time.Until(deadline); !ok || left <= 0 || left > 10*time.Second {
			seen <- fmt.Errorf("%v are left until the deadline", left)
			return
		}
		seen <- ctx.Err()
	}}
	app := newApp(t, fake)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go app.Listener(ln)
	body := `{"to":"x"}`
	conn := dial(t, ln.Addr().String())
	fmt.Fprintf(conn, "POST /v1/otp/send HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nX-API-Key: %s\r\n"+
		"X-API-Secret: %s\r\nContent-Length: %d\r\n\r\n%s", shopKey, shopSecret, len(body), body)
	<-inside
	conn.Close()
	stopped := make(chan error, 1)
	go func() { stopped <- app.ShutdownWithTimeout(patience) }()
	for { // until the listener is closed
		probe, err := net.DialTimeout("tcp", ln.Addr().String(), time.Second)
		if err != nil {
			break
		}
		probe.Close()
	}
	close(leave)
	if err := <-seen; err != nil {
		t.Errorf("the context of the use case: %v", err)
	}
	if err := <-stopped; err != nil {
		t.Errorf("shutdown: %v", err)
	}
}

func TestARequestKeepsTheSnapshotThatItBeganWith(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var current httpapi.Snapshot
	swap := func(s httpapi.Snapshot) { mu.Lock(); current = s; mu.Unlock() }
	locked, err := apps.NewKeyring(nil)
	if err != nil {
		t.Fatal(err)
	}
	second := httpapi.Snapshot{OTP: &fakeOTP{}, Keyring: locked, RequestTimeout: time.Second}
	first := &fakeOTP{verification: pending(), during: func(context.Context) { swap(second) }}
	app := newApp(t, first, func(o *httpapi.Options) {
		swap(o.Snapshot())
		o.Snapshot = func() httpapi.Snapshot { mu.Lock(); defer mu.Unlock(); return current }
	})
	if a := do(t, app, get("/v1/otp/status?reference=x")); a.status != http.StatusOK {
		t.Errorf("the request during which the configuration changed: status %d", a.status)
	}
	if a := do(t, app, get("/v1/otp/status?reference=x")); a.status != http.StatusUnauthorized {
		t.Errorf("the next one: status %d", a.status)
	}
}
