package gateway_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/otpgate/otpgate/gateway/apps"
	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/gateway/store/sqlite"
	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/routing"
)

// carrier takes every code and remembers when it was sent where.
type carrier struct {
	mu    sync.Mutex
	began time.Time
	sent  []string
	down  map[providers.Channel]bool
}

func (*carrier) Plan(routing.Request) routing.Plan { return routing.Plan{} }

func (c *carrier) Send(_ context.Context, req routing.Request, _ func(routing.Try)) (routing.Outcome, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sent = append(c.sent, fmt.Sprintf("%s %s %v", req.Send.Channel, req.Send.To.Address(), time.Since(c.began).Round(time.Second)))
	if c.down[req.Send.Channel] {
		return routing.Outcome{}, &routing.Failure{Class: providers.Transient, Reason: "down"}
	}
	return routing.Outcome{Tries: []routing.Try{{
		Spot: routing.Spot{Provider: "own", Channel: req.Send.Channel}, At: time.Now(),
		Handle: providers.Handle{State: []byte(req.Send.Channel)},
	}}}, nil
}

func (c *carrier) Resend(
	ctx context.Context, _ routing.Delivered, req routing.Request, late func(routing.Try),
) (routing.Outcome, error) {
	return c.Send(ctx, req, late)
}

func (*carrier) Verify(context.Context, routing.Spot, providers.Handle, providers.Secret) (providers.Verdict, error) {
	return providers.Verdict{Match: true}, nil
}

// soFar is what was sent until now.
func (c *carrier) soFar() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.sent)
}

func (*carrier) Feedback(string, providers.Channel, string, bool) {}

// clocked is a service over a store in a file, and the timers that drive it.
type clocked struct {
	*otp.Service
	store *sqlite.Store
	stop  func()
}

func begin(t *testing.T, path string, c *carrier) clocked {
	t.Helper()
	store, err := sqlite.Open(t.Context(), sqlite.Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	numbers, err := otp.NewNumbers(10)
	if err != nil {
		t.Fatal(err)
	}
	memory, err := otp.NewMemory(10)
	if err != nil {
		t.Fatal(err)
	}
	service := otp.New(otp.Parts{
		Store: store, Router: c, Memory: memory, Numbers: numbers, Learner: c, Timing: otp.DefaultTiming(10 * time.Second),
		Now: func() time.Time { return time.Now().UTC() }, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	ctx, cancel := context.WithCancel(t.Context())
	var loop sync.WaitGroup
	loop.Go(func() {
		for tick := time.NewTicker(250 * time.Millisecond); ctx.Err() == nil; {
			select {
			case <-tick.C:
				if _, err := service.Escalate(ctx, store); err != nil && ctx.Err() == nil {
					t.Error(err)
				}
			case <-ctx.Done():
				tick.Stop()
			}
		}
	})
	return clocked{service, store, func() {
		cancel()
		loop.Wait()
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	}}
}

func shop() *apps.App {
	return &apps.App{ID: "shop", Name: "Shop", Defaults: apps.Defaults{
		Channel: providers.SMS, Country: "GH", Length: 6, Alphabet: providers.Numeric, ExpiresIn: 10 * time.Minute,
		MaxAttempts: 3, MaxResends: 3, ResendAfter: 30 * time.Second,
	}}
}

var threeChannels = otp.SendInput{
	To: "0201234567", Channel: "whatsapp",
	Fallback: []otp.FallbackInput{{Channel: "sms", After: "30s"}, {Channel: "email", To: "ama@example.com", After: "60s"}},
}

func TestFallbackGoesOnAfterARestart(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "otpgate.db")
	synctest.Test(t, func(t *testing.T) {
		c := &carrier{began: time.Now()}
		first := begin(t, path, c)
		sent, err := first.Send(t.Context(), shop(), threeChannels)
		if err != nil {
			t.Fatal(err)
		}
		if next := sent.Verification.Next; len(next.Steps) != 2 || next.At.Sub(sent.Verification.CreatedAt).Round(time.Second) != 30*time.Second {
			t.Errorf("next %+v", next)
		}
		time.Sleep(45 * time.Second)
		first.stop() // between two steps
		time.Sleep(5 * time.Second)
		second := begin(t, path, c)
		defer second.stop()
		time.Sleep(5 * time.Minute)
		want := []string{"whatsapp +233201234567 0s", "sms +233201234567 30s", "email ama@example.com 1m30s"}
		if diff := cmp.Diff(want, c.soFar()); diff != "" {
			t.Error(diff)
		}
		v, err := second.Status(t.Context(), shop(), otp.StatusInput{Reference: string(sent.Verification.Reference)})
		if err != nil || len(v.Deliveries) != 3 || len(v.Next.Steps) != 0 {
			t.Errorf("%+v, %v", v, err)
		}
	})
}

func TestFallbackEndsWithTheVerification(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "otpgate.db")
	synctest.Test(t, func(t *testing.T) {
		c := &carrier{began: time.Now()}
		g := begin(t, path, c)
		defer g.stop()
		sent, err := g.Send(t.Context(), shop(), threeChannels)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Second)
		if _, err := g.Verify(t.Context(), shop(), otp.VerifyInput{Reference: string(sent.Verification.Reference), Code: "123456"}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Minute)
		if sent := c.soFar(); len(sent) != 1 {
			t.Errorf("after the end: %v", sent)
		}
	})
}

func TestStepsThatCannotHelpAreDropped(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "otpgate.db")
	synctest.Test(t, func(t *testing.T) {
		c := &carrier{began: time.Now()}
		g := begin(t, path, c)
		defer g.stop()
		in := threeChannels
		in.ExpiresIn = "1m"
		if _, err := g.Send(t.Context(), shop(), in); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Minute)
		if sent := c.soFar(); len(sent) != 2 { // e-mail would come after 90 s
			t.Errorf("%v", sent)
		}
	})
}

func TestStepWithoutAProviderGivesWayToTheNextAtOnce(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "otpgate.db")
	synctest.Test(t, func(t *testing.T) {
		c := &carrier{began: time.Now(), down: map[providers.Channel]bool{providers.SMS: true}}
		g := begin(t, path, c)
		defer g.stop()
		if _, err := g.Send(t.Context(), shop(), threeChannels); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Minute)
		want := []string{"whatsapp +233201234567 0s", "sms +233201234567 30s", "email ama@example.com 30s"}
		if diff := cmp.Diff(want, c.soFar()); diff != "" {
			t.Error(diff)
		}
	})
}
