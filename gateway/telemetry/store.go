package telemetry

import (
	"context"
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/otpgate/otpgate/gateway/otp"
)

// store measures the verbs of another one. It changes nothing of what they do.
type store struct {
	otp.Store
	begin, renew, deliver, report, reserve, release, settle, get, find, open, levels verb
}

// verb is what is measured of one verb.
type verb struct {
	took  prometheus.Observer
	fails prometheus.Counter
}

func newStore(s otp.Store, m *metrics) *store {
	of := func(name string) verb { return verb{m.store.of(name), m.storeFails.of(name)} }
	return &store{
		Store: s, begin: of("begin"), renew: of("renew"), deliver: of("deliver"), report: of("report"), reserve: of("reserve"),
		release: of("release"), settle: of("settle"), get: of("get"), find: of("find"), open: of("open"), levels: of("levels"),
	}
}

// measured runs a verb with what it is asked.
func measured[Q, A any](ctx context.Context, v verb, do func(context.Context, Q) (A, error), ask Q) (A, error) {
	began := time.Now()
	answer, err := do(ctx, ask)
	v.took.Observe(time.Since(began).Seconds())
	v.note(err)
	return answer, err
}

// note counts what kept the store from its work: every error but a refusal, and the refusal of a store that has too much
// to do.
func (v verb) note(err error) {
	if err == nil {
		return
	}
	refusal, ok := errors.AsType[*otp.Error](err)
	if !ok || refusal.Code == otp.Overloaded || refusal.Code == otp.StoreUnavailable {
		v.fails.Inc()
	}
}

// Begin implements [otp.Store].
func (s *store) Begin(ctx context.Context, b otp.Begin) (otp.Begun, error) {
	return measured(ctx, s.begin, s.Store.Begin, b)
}

// Renew implements [otp.Store].
func (s *store) Renew(ctx context.Context, r otp.Renewal) (otp.Begun, error) {
	return measured(ctx, s.renew, s.Store.Renew, r)
}

// Deliver implements [otp.Store].
func (s *store) Deliver(ctx context.Context, d otp.Dispatch) (otp.Verification, error) {
	return measured(ctx, s.deliver, s.Store.Deliver, d)
}

// Report implements [otp.Store].
func (s *store) Report(ctx context.Context, r otp.Reporting) error {
	_, err := measured(ctx, s.report, func(ctx context.Context, r otp.Reporting) (struct{}, error) {
		return struct{}{}, s.Store.Report(ctx, r)
	}, r)
	return err
}

// Reserve implements [otp.Store].
func (s *store) Reserve(ctx context.Context, g otp.Guess) (otp.Verification, error) {
	return measured(ctx, s.reserve, s.Store.Reserve, g)
}

// Release implements [otp.Store].
func (s *store) Release(ctx context.Context, r otp.Release) (otp.Verification, error) {
	return measured(ctx, s.release, s.Store.Release, r)
}

// Settle implements [otp.Store].
func (s *store) Settle(ctx context.Context, t otp.Settlement) (otp.Verification, error) {
	return measured(ctx, s.settle, s.Store.Settle, t)
}

// Get implements [otp.Store].
func (s *store) Get(ctx context.Context, ref otp.Reference) (otp.Verification, error) {
	return measured(ctx, s.get, s.Store.Get, ref)
}

// Find implements [otp.Store].
func (s *store) Find(ctx context.Context, provider, upstreamID string) (otp.Verification, error) {
	return measured(ctx, s.find, func(ctx context.Context, id string) (otp.Verification, error) {
		return s.Store.Find(ctx, provider, id)
	}, upstreamID)
}

// Open implements [otp.Store].
func (s *store) Open(ctx context.Context, address string, now time.Time) ([]otp.Verification, error) {
	return measured(ctx, s.open, func(ctx context.Context, address string) ([]otp.Verification, error) {
		return s.Store.Open(ctx, address, now)
	}, address)
}

// Levels implements [otp.Store].
func (s *store) Levels(ctx context.Context, claims []otp.Claim, now time.Time) ([]otp.Level, error) {
	return measured(ctx, s.levels, func(ctx context.Context, claims []otp.Claim) ([]otp.Level, error) {
		return s.Store.Levels(ctx, claims, now)
	}, claims)
}
