package otp_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/otpgate/otpgate/gateway/apps"
	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/routing"
)

// memory is a store in a map, made of the same transitions as the real ones.
type memory struct {
	mu       sync.Mutex
	records  map[otp.Reference]otp.Verification
	windows  map[string]*otp.Window
	answers  map[string]*otp.Answer
	told     []otp.Reporting
	reserved int   // guesses that were granted
	broken   error // every verb answers this
	full     error // so does Deliver
	trips    int   // verbs that were called
}

func newMemory() *memory {
	return &memory{
		records: map[otp.Reference]otp.Verification{}, windows: map[string]*otp.Window{}, answers: map[string]*otp.Answer{},
	}
}

func (m *memory) enter() error {
	m.mu.Lock()
	m.trips++
	return m.broken
}

func (m *memory) window(key string) *otp.Window {
	if m.windows[key] == nil {
		m.windows[key] = new(otp.Window)
	}
	return m.windows[key]
}

func (m *memory) charge(claims []otp.Claim, now time.Time) ([]otp.Level, error) {
	windows := make([]*otp.Window, len(claims))
	for i, c := range claims {
		windows[i] = m.window(c.Key)
	}
	return otp.Charge(claims, windows, now)
}

func (m *memory) failures(v otp.Verification, l *otp.Limit) *otp.Window {
	if l == nil {
		return nil
	}
	return m.window(otp.FailureClaim(v.To, *l).Key)
}

func (m *memory) Begin(_ context.Context, b otp.Begin) (otp.Begun, error) {
	defer m.mu.Unlock()
	if err := m.enter(); err != nil {
		return otp.Begun{}, err
	}
	if b.Once != nil && m.answers[b.Once.Key] != nil {
		return otp.Begun{Replay: m.answers[b.Once.Key]}, nil
	}
	levels, err := m.charge(b.Claims, b.Now)
	if err != nil {
		return otp.Begun{}, err
	}
	m.records[b.Verification.Reference] = b.Verification.Clone()
	return otp.Begun{Verification: b.Verification, Levels: levels}, nil
}

func (m *memory) Renew(_ context.Context, r otp.Renewal) (otp.Begun, error) {
	defer m.mu.Unlock()
	if err := m.enter(); err != nil {
		return otp.Begun{}, err
	}
	v := m.records[r.Match.Reference].Clone()
	if err := v.Renew(r); err != nil {
		return otp.Begun{}, err
	}
	levels, err := m.charge(r.Claims, r.Now)
	if err != nil {
		return otp.Begun{}, err
	}
	m.records[v.Reference] = v
	return otp.Begun{Verification: v.Clone(), Levels: levels}, nil
}

func (m *memory) Deliver(_ context.Context, d otp.Dispatch) (otp.Verification, error) {
	defer m.mu.Unlock()
	if err := m.enter(); err != nil {
		return otp.Verification{}, err
	}
	if m.full != nil {
		return otp.Verification{}, m.full
	}
	v := m.records[d.Reference].Clone()
	v.Deliver(d)
	for _, step := range m.told { // those that were noted before are no news
		for _, r := range step.Reports {
			v.Report(step.Provider, r, d.Now)
		}
	}
	m.records[v.Reference] = v
	if d.Done != nil && d.Done.Answer != nil {
		m.answers[d.Done.Key] = d.Done.Answer
	}
	return v.Clone(), nil
}

func (m *memory) Report(_ context.Context, r otp.Reporting) error {
	defer m.mu.Unlock()
	if err := m.enter(); err != nil {
		return err
	}
	m.told = append(m.told, r)
	for ref, v := range m.records {
		v = v.Clone()
		for _, one := range r.Reports {
			v.Report(r.Provider, one, r.Now)
		}
		m.records[ref] = v
	}
	return nil
}

func (m *memory) Reserve(_ context.Context, g otp.Guess) (otp.Verification, error) {
	defer m.mu.Unlock()
	if err := m.enter(); err != nil {
		return otp.Verification{}, err
	}
	v := m.records[g.Match.Reference].Clone()
	if err := v.Reserve(g, m.failures(v, g.Failures)); err != nil {
		return otp.Verification{}, err
	}
	m.reserved++
	m.records[v.Reference] = v
	return v.Clone(), nil
}

func (m *memory) Release(_ context.Context, r otp.Release) (otp.Verification, error) {
	defer m.mu.Unlock()
	if err := m.enter(); err != nil {
		return otp.Verification{}, err
	}
	v := m.records[r.Reference].Clone()
	v.Release(r, m.failures(v, r.Failures))
	m.records[v.Reference] = v
	return v.Clone(), nil
}

func (m *memory) Settle(_ context.Context, s otp.Settlement) (otp.Verification, error) {
	defer m.mu.Unlock()
	if err := m.enter(); err != nil {
		return otp.Verification{}, err
	}
	v := m.records[s.Match.Reference].Clone()
	if err := v.Settle(s, m.failures(v, s.Failures)); err != nil {
		return otp.Verification{}, err
	}
	m.records[v.Reference] = v
	return v.Clone(), nil
}

func (m *memory) Get(_ context.Context, ref otp.Reference) (otp.Verification, error) {
	defer m.mu.Unlock()
	if err := m.enter(); err != nil {
		return otp.Verification{}, err
	}
	v, ok := m.records[ref]
	if !ok {
		return otp.Verification{}, &otp.Error{Code: otp.NotFound}
	}
	return v.Clone(), nil
}

func (m *memory) Find(_ context.Context, provider, id string) (otp.Verification, error) {
	defer m.mu.Unlock()
	if err := m.enter(); err != nil {
		return otp.Verification{}, err
	}
	for _, v := range m.records {
		for _, d := range v.Deliveries {
			if d.Provider == provider && d.Handle.UpstreamID == id {
				return v.Clone(), nil
			}
		}
	}
	return otp.Verification{}, &otp.Error{Code: otp.NotFound}
}

func (m *memory) Open(_ context.Context, address string, now time.Time) ([]otp.Verification, error) {
	defer m.mu.Unlock()
	if err := m.enter(); err != nil {
		return nil, err
	}
	var open []otp.Verification
	for _, ref := range slices.Backward(slices.Sorted(maps.Keys(m.records))) {
		v := m.records[ref]
		if v.To.Address() == address && v.At(now).Status == otp.StatusPending && len(open) < otp.MaxOpen {
			open = append(open, v.Clone())
		}
	}
	return open, nil
}

func (m *memory) Levels(_ context.Context, claims []otp.Claim, now time.Time) ([]otp.Level, error) {
	defer m.mu.Unlock()
	if err := m.enter(); err != nil {
		return nil, err
	}
	levels := make([]otp.Level, len(claims))
	for i, c := range claims {
		levels[i] = m.window(c.Key).Level(c.Name, c.Limit, now)
	}
	return levels, nil
}

// router answers as its script says. Codes are kept by upstream id.
type router struct {
	mu        sync.Mutex
	script    []step // of the sends and resends, in order; the last one is repeated
	codes     map[string]string
	faults    map[string]error // of a verify at a provider
	final     bool             // a wrong guess is the last one
	sent      []routing.Request
	resent    []routing.Delivered
	asked     []string // providers whose Verify was called
	late      func(routing.Try)
	plans     map[providers.Channel]routing.Plan
	planned   []routing.Request       // that Plan was asked for
	spoken    []providers.SendRequest // whose codes were read out in a call
	whileRead func()                  // happens while a code is read out; nil: nothing does
	meanwhile func()                  // happens while a guess is judged; nil: nothing does
}

// step is what one send does: its tries, and the failure when none was taken.
type step struct {
	tries   []routing.Try
	failure *routing.Failure
}

func (r *router) Plan(req routing.Request) routing.Plan {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.planned = append(r.planned, req)
	return r.plans[req.Send.Channel]
}

func (r *router) next() (routing.Outcome, error) {
	s := r.script[0]
	if len(r.script) > 1 {
		r.script = r.script[1:]
	}
	if s.failure != nil {
		return routing.Outcome{Rule: "rule", Tries: s.tries}, s.failure
	}
	return routing.Outcome{Rule: "rule", Tries: s.tries}, nil
}

func (r *router) Send(_ context.Context, req routing.Request, late func(routing.Try)) (routing.Outcome, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sent, r.late = append(r.sent, req), late
	return r.next()
}

func (r *router) Resend(
	_ context.Context, before routing.Delivered, req routing.Request, late func(routing.Try),
) (routing.Outcome, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sent, r.resent, r.late = append(r.sent, req), append(r.resent, before), late
	return r.next()
}

func (r *router) Verify(
	_ context.Context, at routing.Spot, h providers.Handle, code providers.Secret,
) (providers.Verdict, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked = append(r.asked, at.Provider)
	if r.meanwhile != nil {
		r.meanwhile()
	}
	if err := r.faults[at.Provider]; err != nil {
		return providers.Verdict{}, err
	}
	right := r.codes[h.UpstreamID] == code.Reveal()
	return providers.Verdict{Match: right, AttemptsLeft: -1, Final: r.final && !right}, nil
}

// Code implements [providers.CodeReader].
func (r *router) Code(h providers.Handle) (providers.Secret, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	code, ok := r.codes[h.UpstreamID+string(h.State)]
	if !ok {
		return providers.Secret{}, &providers.Error{Provider: "own", Op: "code", Class: providers.Gone, Code: "key_gone"}
	}
	return providers.NewSecret(code), nil
}

func taken(provider, id string) routing.Try {
	return routing.Try{
		Spot: routing.Spot{Provider: provider, Channel: providers.SMS}, Place: 1, At: time.Now(), Took: time.Millisecond,
		Handle: providers.Handle{
			UpstreamID: id, Prefix: "ZDSQ", State: []byte("s"),
			Granted: providers.Granted{Length: 4, Alphabet: providers.Numeric},
		},
	}
}

func refused(provider string, class providers.Class) routing.Try {
	return routing.Try{
		Spot: routing.Spot{Provider: provider, Channel: providers.SMS}, Place: 1, At: time.Now(),
		Err: &providers.Error{Provider: provider, Op: "send", Class: class},
	}
}

// world is a service with everything around it.
type world struct {
	seen *watcher
	*otp.Service
	store  *memory
	router *router
	app    *apps.App
	policy *otp.Policy
	learnt learner
}

// learner remembers what it is told: provider → of how many codes how many were verified.
type learner map[string][2]int

func (l learner) Feedback(provider string, _ providers.Channel, _ string, verified bool) {
	n := l[provider]
	n[1]++
	if verified {
		n[0]++
	}
	l[provider] = n
}

// measure counts a segment for each ten bytes of a text by SMS, and finds more than thirty too long.
func measure(req providers.SendRequest) (otp.Size, error) {
	n := (len(req.Message) + 9) / 10
	switch {
	case n > 3:
		return otp.Size{}, errors.New("the text is too long")
	case req.Channel != providers.SMS:
		return otp.Size{}, nil
	}
	return otp.Size{Segments: n, Encoding: "gsm7"}, nil
}

func newWorld(t *testing.T, change ...func(*otp.Policy)) *world {
	t.Helper()
	numbers, err := otp.NewNumbers(100)
	if err != nil {
		t.Fatal(err)
	}
	short, err := otp.NewMemory(100)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{
		seen:   new(watcher),
		learnt: learner{},
		store:  newMemory(),
		router: &router{
			codes: map[string]string{"r1": "1234", "r2": "5678"}, faults: map[string]error{},
			script: []step{{tries: []routing.Try{taken("hubtel", "r1")}}},
		},
		app: &apps.App{ID: "shop", Name: "Shop", Defaults: apps.Defaults{
			Channel: providers.SMS, Country: "GH", Length: 6, Alphabet: providers.Numeric, ExpiresIn: 5 * time.Minute,
			MaxAttempts: 3, MaxResends: 2, ResendAfter: 30 * time.Second,
		}},
		policy: &otp.Policy{Templates: map[string]otp.Template{"login": {
			"en": {Default: "{app}: {code}"}, "fr": {Default: "{app} : code {code}"},
		}}},
	}
	for _, f := range change {
		f(w.policy)
	}
	w.Service = otp.New(otp.Parts{
		Policy: *w.policy, Store: w.store, Router: w.router, Memory: short, Numbers: numbers, Learner: w.learnt,
		Timing: otp.DefaultTiming(10 * time.Second), Now: func() time.Time { return time.Now().UTC() },
		Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Observer: w.seen,
		Writers: map[string]bool{"own": true}, Measure: measure, Judges: map[string]bool{"own": true},
		Readers: map[string]providers.CodeReader{"own": w.router}, AppNames: map[string]string{"shop": "Shop", "bank": "Ünion Bank ✓"},
		Speakers: map[string]otp.Speaker{"own": w.router},
	})
	return w
}

func (w *world) send(t *testing.T, change ...func(*otp.SendInput)) otp.Verification {
	t.Helper()
	in := otp.SendInput{To: "0201234567"}
	for _, f := range change {
		f(&in)
	}
	r, err := w.Send(t.Context(), w.app, in)
	if err != nil {
		t.Fatalf("send: %v", err)
	}
	return r.Verification
}

func (w *world) check(t *testing.T, ref otp.Reference, code string) (otp.Verification, error) {
	t.Helper()
	return w.Verify(t.Context(), w.app, otp.VerifyInput{Reference: string(ref), Code: code})
}

func codeOf(t *testing.T, err error) otp.Code {
	t.Helper()
	if err == nil {
		return ""
	}
	e, ok := err.(*otp.Error) //nolint:errorlint // use cases return it bare
	if !ok {
		t.Fatalf("%T is not an *otp.Error: %v", err, err)
	}
	return e.Code
}
