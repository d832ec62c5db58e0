package gateway_test

import (
	"bytes"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/otpgate/otpgate/gateway/store/redis/redistest"
	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/twin"
)

// onRedis puts a gateway on a Redis.
func onRedis(server *redistest.Server) []string {
	return []string{
		`store: {sqlite: {path: "FOLDER/otpgate.db"}}`,
		fmt.Sprintf(`store: {driver: redis, redis: {url: "redis://%s/0"}}`, server.Address),
	}
}

func startRedis(t *testing.T) *redistest.Server {
	t.Helper()
	server, err := redistest.Start(t.TempDir(), "--appendonly", "yes", "--appendfsync", "always")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Kill)
	return server
}

// pair are two gateways on one Redis, and the phones that both write to.
func pair(t *testing.T, change ...string) (a, b *world) {
	t.Helper()
	server, inbox := startRedis(t), new(twin.Inbox)
	change = append(onRedis(server), change...)
	return startWith(t, inbox, change...), startWith(t, inbox, change...)
}

func TestTwoGatewaysOnOneRedis(t *testing.T) {
	t.Parallel()
	const to = "+2348031234567"
	a, b := pair(t)
	sent := a.send(`{"to":"` + to + `"}`)
	if got := b.verify(sent.Reference, "000"); got.status != 422 || got.AttemptsRemaining != 2 {
		t.Errorf("wrong at the other: %d %s", got.status, got.body)
	}
	if got := a.verify(sent.Reference, "001"); got.status != 422 || got.AttemptsRemaining != 1 {
		t.Errorf("wrong at the first: %d %s", got.status, got.body)
	}
	if got := b.verify(sent.Reference, a.code(to)); got.status != 200 || !got.Verified {
		t.Errorf("right at the other: %d %s", got.status, got.body)
	}
	if got := a.verify(sent.Reference, a.code(to)); got.status != 409 || got.Code != "already_verified" {
		t.Errorf("again at the first: %d %s", got.status, got.body)
	}
}

func TestLimitsHoldOverBothGateways(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ change, body string }{
		"of a person":            {`recipient: ["3/10m"]`, `{"to":"+2348031234567"}`},
		"of an app, short spans": {`recipient: ["1000/10m"], app: 3/1m`, `{"to":"+23480312345%02d"}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, b := pair(t, `recipient: ["1000/10m"]`, c.change, ", app: 100000/s", "")
			for n, w := range []*world{a, b, a, b, a} {
				want := http.StatusCreated
				if n >= 3 {
					want = http.StatusTooManyRequests
				}
				body := c.body
				if strings.Contains(body, "%") {
					body = fmt.Sprintf(body, n)
				}
				if got := w.post("shop-key", "/v1/otp/send", body); got.status != want {
					t.Errorf("send %d: %d %s", n, got.status, got.body)
				}
			}
		})
	}
}

func TestAnIdempotencyKeyHoldsOverBothGateways(t *testing.T) {
	t.Parallel()
	a, b := pair(t)
	send := func(w *world, body string) answer {
		req, err := http.NewRequest(http.MethodPost, w.url+"/v1/otp/send", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Idempotency-Key", "order-17")
		req.SetBasicAuth("shop-key", secret)
		got, err := roundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	first, second := send(a, `{"to":"+2348031234567"}`), send(b, `{"to":"+2348031234567"}`)
	if first.status != http.StatusCreated || second.status != first.status || !bytes.Equal(first.body, second.body) {
		t.Errorf("%d %s\n%d %s", first.status, first.body, second.status, second.body)
	}
	if n := len(a.inbox.Messages("+2348031234567", providers.SMS)); n != 1 {
		t.Errorf("%d messages", n)
	}
	if other := send(b, `{"to":"+2348031234568"}`); other.status != 422 || other.Code != "idempotency_mismatch" {
		t.Errorf("%d %s", other.status, other.body)
	}
}

// A gateway is killed with steps of fallbacks still to come: another one makes each of them, once.
func TestFallbacksOfAKilledGatewayAreMadeOnce(t *testing.T) {
	t.Parallel()
	server, inbox := startRedis(t), new(twin.Inbox)
	file := filepath.Join(t.TempDir(), "config.yaml")
	(&world{t: t, file: file}).write("http://127.0.0.1:1", onRedis(server)...)
	doomed := spawn(t, file)
	const sends = 20
	for n := range sends {
		body := fmt.Sprintf(`{"to":"+23480312345%02d",
			"fallback":[{"channel":"email","to":"p%d@example.com","after":"4s"}]}`, n, n)
		if got, err := call(doomed.url+"/v1/otp/send", "shop-key", body); err != nil || got.status != http.StatusCreated {
			t.Fatalf("%v: %d %s", err, got.status, got.body)
		}
	}
	if err := doomed.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	w := startWith(t, inbox, onRedis(server)...)
	startWith(t, inbox, onRedis(server)...)
	arrived := func() (all int) {
		for n := range sends {
			all += len(inbox.Messages(fmt.Sprintf("p%d@example.com", n), providers.Email))
		}
		return all
	}
	w.await(func() bool { return arrived() == sends })
	for n := range sends {
		if got := len(inbox.Messages(fmt.Sprintf("p%d@example.com", n), providers.Email)); got != 1 {
			t.Errorf("p%d has %d messages", n, got)
		}
	}
}

// Two gateways work on one Redis, and one is killed: the other knows all that was answered, and counts on.
func TestTheOtherGatewayKnowsAllThatWasAnswered(t *testing.T) {
	t.Parallel()
	w := &world{t: t, file: filepath.Join(t.TempDir(), "config.yaml")}
	w.write("http://127.0.0.1:1", onRedis(startRedis(t))...)
	doomed, other := spawn(t, w.file), spawn(t, w.file)
	a := &answered{guesses: map[string]int{}}
	var clients sync.WaitGroup
	for client := range 8 {
		clients.Go(func() { a.load(doomed.url, client) })
		clients.Go(func() { a.load(other.url, 100+client) })
	}
	reached := func(n int) func() bool {
		return func() bool {
			a.mu.Lock()
			defer a.mu.Unlock()
			return len(a.guesses) > n
		}
	}
	w.await(reached(200))
	if err := doomed.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	w.await(reached(300)) // the other one goes on
	last := spawn(t, w.file)
	if err := other.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	clients.Wait()
	a.check(t, last)
}

func TestRequestsWithoutRedisAreAnsweredInTime(t *testing.T) {
	t.Parallel()
	server := startRedis(t)
	w := startWith(t, new(twin.Inbox), onRedis(server)...)
	sent := w.send(`{"to":"+2348031234567"}`)
	server.Kill()
	for path, body := range map[string]string{
		"/v1/otp/send":   `{"to":"+2348031234567"}`,
		"/v1/otp/verify": fmt.Sprintf(`{"reference":%q,"code":"000"}`, sent.Reference),
	} {
		began := time.Now()
		got := w.post("shop-key", path, body)
		if took := time.Since(began); got.status != 503 || got.Code != "store_unavailable" || took > time.Second {
			t.Errorf("%s: %d %s after %v", path, got.status, got.body, took)
		}
	}
	if err := server.Launch(); err != nil {
		t.Fatal(err)
	}
	w.await(func() bool {
		resp, err := http.Get(w.url + "/readyz")
		if err == nil {
			_ = resp.Body.Close()
		}
		return err == nil && resp.StatusCode == http.StatusOK
	})
	if got := w.verify(sent.Reference, w.code("+2348031234567")); got.status != 200 {
		t.Errorf("%d %s", got.status, got.body)
	}
}

// What one gateway did is told by the other, a moment later.
func TestTheOtherGatewayTellsWhatHappened(t *testing.T) {
	t.Parallel()
	a, b := pair(t)
	sent := a.send(`{"to":"+2348031234567"}`)
	if got := a.verify(sent.Reference, a.code("+2348031234567")); got.status != 200 {
		t.Fatalf("%d %s", got.status, got.body)
	}
	for path, want := range map[string]string{
		"/v1/otp/list?status=verified":                 `"reference":"` + sent.Reference + `"`,
		"/v1/otp/logs?reference=" + sent.Reference:     `"event":"verified"`,
		"/v1/otp/reports?group_by=provider":            `"verified":1`,
		"/v1/otp/analytics?days=1":                     `"verified":1`,
		"/v1/otp/attempts?reference=" + sent.Reference: `"outcome":"verified"`,
	} {
		b.await(func() bool {
			got, err := get(b.url+path, "shop-key")
			return err == nil && got.status == http.StatusOK && strings.Contains(string(got.body), want)
		})
	}
}
