package routing

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/otpgate/otpgate/providers"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fake is a provider that does what a test tells it.
type fake struct {
	info   providers.Info
	send   func(ctx context.Context, n int) (providers.Handle, error) // n counts from 1; nil: it takes everything
	verify func(ctx context.Context, code providers.Secret) (providers.Verdict, error)

	mu   sync.Mutex
	sent []providers.SendRequest
}

func (f *fake) Info() providers.Info { return f.info }

func (f *fake) Send(ctx context.Context, req providers.SendRequest) (providers.Handle, error) {
	f.mu.Lock()
	f.sent = append(f.sent, req)
	n := len(f.sent)
	f.mu.Unlock()
	if f.send == nil {
		return handleOf(f.info.Name), nil
	}
	return f.send(ctx, n)
}

func (f *fake) Verify(ctx context.Context, _ providers.Handle, code providers.Secret) (providers.Verdict, error) {
	return f.verify(ctx, code)
}

func (f *fake) requests() []providers.SendRequest {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.sent
}

func (f *fake) calls() int { return len(f.requests()) }

// resending is a fake with a resend of its own.
type resending struct {
	*fake
	resend func(ctx context.Context, h providers.Handle) (providers.Handle, error)
}

func (r resending) Resend(
	ctx context.Context, h providers.Handle, _ providers.SendRequest,
) (providers.Handle, error) {
	return r.resend(ctx, h)
}

func handleOf(name string) providers.Handle {
	return providers.Handle{UpstreamID: name + "-1", State: []byte(name)}
}

// everything is a coverage that takes every wish.
func everything(channel providers.Channel) providers.Coverage {
	return providers.Coverage{
		Channel: channel, Length: providers.Range[int]{Min: 4, Max: 10}, Alphabets: providers.Alphabets(), Message: true,
		Expiry:   providers.Range[time.Duration]{Min: time.Minute, Max: time.Hour},
		Attempts: providers.Range[int]{Min: 1, Max: 10},
	}
}

func newFake(name string, coverage ...providers.Coverage) *fake {
	if len(coverage) == 0 {
		coverage = []providers.Coverage{everything(providers.SMS)}
	}
	return &fake{info: providers.Info{Name: name, Kind: "fake", Coverage: coverage}}
}

// failing is a fake whose every send fails.
func failing(name string, err providers.Error) *fake {
	f := newFake(name)
	f.send = func(context.Context, int) (providers.Handle, error) {
		clone := err
		clone.Provider, clone.Op = name, "send"
		return providers.Handle{}, &clone
	}
	return f
}

// hanging is a fake whose every send goes on for so long, whether its context ends or not. It marks the request as
// written at once.
func hanging(name string, d time.Duration) *fake {
	f := newFake(name)
	f.send = func(ctx context.Context, _ int) (providers.Handle, error) {
		providers.MarkWritten(ctx)
		time.Sleep(d)
		return handleOf(name), nil
	}
	return f
}

// elapse lets time pass in a bubble, and all that happens in it.
func elapse(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

var ghana = providers.NewPhone("+233201234567", "GH", "0201234567")

func smsRequest() Request {
	return Request{
		App:  "shop",
		Send: providers.SendRequest{Reference: "01jtdre6ga9vqk1ce154p0jjwr", App: "shop", To: ghana, Channel: providers.SMS},
	}
}

// rig is an engine with one rule over some providers.
type rig struct {
	*Engine
	settings Settings
}

// newRig makes a rig of providers in order of priority. observer and change may be nil.
func newRig(t testing.TB, observer Observer, change func(*Settings), list ...providers.Provider) *rig {
	t.Helper()
	r := new(rig)
	rule := Rule{Name: "all", Line: 7}
	for _, p := range list {
		rule.Use = append(rule.Use, Candidate{Provider: p.Info().Name})
		r.settings.Providers = append(r.settings.Providers, ProviderSettings{Provider: p, Timeout: 4 * time.Second})
	}
	r.settings.Rules = []Rule{rule}
	if change != nil {
		change(&r.settings)
	}
	r.Engine = newTestEngine(t, r.settings, NewHealth(observer))
	return r
}

// newTestEngine makes an engine that is closed when the test ends.
func newTestEngine(t testing.TB, s Settings, health *Health) *Engine {
	t.Helper()
	e, err := NewEngine(s, health)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if err := e.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	return e
}

// set changes the settings of one provider.
func set(name string, change func(*ProviderSettings)) func(*Settings) {
	return func(s *Settings) {
		for i := range s.Providers {
			if s.Providers[i].Provider.Info().Name == name {
				change(&s.Providers[i])
			}
		}
	}
}

func (r *rig) stateOf(name string) State {
	state, _, _ := r.post(Spot{name, providers.SMS}).breaker.look(time.Now())
	return state
}

// trip opens the breaker of a provider's SMS.
func (r *rig) trip(name string) { r.post(Spot{name, providers.SMS}).breaker.blame(fatal) }

func failureOf(t *testing.T, err error) *Failure {
	t.Helper()
	f, ok := errors.AsType[*Failure](err)
	if !ok {
		t.Fatalf("error is %v, want a *Failure", err)
	}
	return f
}

func providersOf(tries []Try) []string {
	var names []string
	for _, t := range tries {
		names = append(names, t.Provider)
	}
	return names
}

// witness is an observer that remembers.
type witness struct {
	mu      sync.Mutex
	began   []Call
	ended   []string // provider and class, "ok" for none
	late    []string
	changes []string
	loud    []string
}

func (w *witness) TryBegan(ctx context.Context, call Call) context.Context {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.began = append(w.began, call)
	return ctx
}

func outcomeOf(call Call, err *providers.Error) string {
	if err == nil {
		return call.Provider + " ok"
	}
	return call.Provider + " " + err.Class.String()
}

func (w *witness) TryEnded(_ context.Context, call Call, _ time.Duration, err *providers.Error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ended = append(w.ended, outcomeOf(call, err))
}

func (w *witness) Late(_ context.Context, call Call, _ time.Duration, err *providers.Error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.late = append(w.late, outcomeOf(call, err))
}

func (w *witness) BreakerChanged(spot Spot, from, to State) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.changes = append(w.changes, spot.Provider+" "+string(from)+" "+string(to))
}

func (w *witness) Loud(_ context.Context, call Call, err *providers.Error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.loud = append(w.loud, outcomeOf(call, err)+" "+err.Error())
}
