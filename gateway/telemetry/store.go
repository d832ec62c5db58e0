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

// ended takes in what became of a run of the verb that began at a time. It is called by defer: a verb hands over and
// returns values of half a kilobyte, which nobody copies then.
func (v verb) ended(began time.Time, err *error) {
	v.took.Observe(time.Since(began).Seconds())
	v.note(*err)
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
func (s *store) Begin(ctx context.Context, b otp.Begin) (_ otp.Begun, err error) {
	defer s.begin.ended(time.Now(), &err)
	return s.Store.Begin(ctx, b)
}

// Renew implements [otp.Store].
func (s *store) Renew(ctx context.Context, r otp.Renewal) (_ otp.Begun, err error) {
	defer s.renew.ended(time.Now(), &err)
	return s.Store.Renew(ctx, r)
}

// Deliver implements [otp.Store].
func (s *store) Deliver(ctx context.Context, d otp.Dispatch) (_ otp.Verification, err error) {
	defer s.deliver.ended(time.Now(), &err)
	return s.Store.Deliver(ctx, d)
}

// Report implements [otp.Store].
func (s *store) Report(ctx context.Context, r otp.Reporting) (err error) {
	defer s.report.ended(time.Now(), &err)
	return s.Store.Report(ctx, r)
}

// Reserve implements [otp.Store].
func (s *store) Reserve(ctx context.Context, g otp.Guess) (_ otp.Verification, err error) {
	defer s.reserve.ended(time.Now(), &err)
	return s.Store.Reserve(ctx, g)
}

// Release implements [otp.Store].
func (s *store) Release(ctx context.Context, r otp.Release) (_ otp.Verification, err error) {
	defer s.release.ended(time.Now(), &err)
	return s.Store.Release(ctx, r)
}

// Settle implements [otp.Store].
func (s *store) Settle(ctx context.Context, t otp.Settlement) (_ otp.Verification, err error) {
	defer s.settle.ended(time.Now(), &err)
	return s.Store.Settle(ctx, t)
}

// Get implements [otp.Store].
func (s *store) Get(ctx context.Context, ref otp.Reference) (_ otp.Verification, err error) {
	defer s.get.ended(time.Now(), &err)
	return s.Store.Get(ctx, ref)
}

// Find implements [otp.Store].
func (s *store) Find(ctx context.Context, provider, upstreamID string) (_ otp.Verification, err error) {
	defer s.find.ended(time.Now(), &err)
	return s.Store.Find(ctx, provider, upstreamID)
}

// Open implements [otp.Store].
func (s *store) Open(ctx context.Context, address string, now time.Time) (_ []otp.Verification, err error) {
	defer s.open.ended(time.Now(), &err)
	return s.Store.Open(ctx, address, now)
}

// Levels implements [otp.Store].
func (s *store) Levels(ctx context.Context, claims []otp.Claim, now time.Time) (_ []otp.Level, err error) {
	defer s.levels.ended(time.Now(), &err)
	return s.Store.Levels(ctx, claims, now)
}
