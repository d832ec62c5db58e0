package storetest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/gateway/store"
	"github.com/otpgate/otpgate/providers"
)

// model is the plainest store there is: maps under one lock, and the domain's own transitions. It is what a real store
// is compared with.
type model struct {
	mu      sync.Mutex
	records map[otp.Reference][]byte
	windows map[string][]byte
	keys    map[string]store.Key
	parked  []parked // oldest first
}

// parked is a report that waits for its delivery.
type parked struct {
	provider string
	report   providers.Report
	until    time.Time
}

var _ otp.Store = (*model)(nil)

// NewModel makes a store in memory, for tests that need one and do not care which.
func NewModel() otp.Store { return newModel() }

func newModel() *model {
	return &model{
		records: make(map[otp.Reference][]byte), windows: make(map[string][]byte), keys: make(map[string]store.Key),
	}
}

// Begin implements [otp.Store].
func (m *model) Begin(ctx context.Context, b otp.Begin) (otp.Begun, error) {
	return m.enter(ctx, b.Once, b.Claims, b.Now, b.Verification.Reference, func() (otp.Verification, error) {
		if _, taken := m.records[b.Verification.Reference]; taken {
			return otp.Verification{}, fmt.Errorf("%s is taken", b.Verification.Reference)
		}
		return b.Verification, nil
	})
}

// Renew implements [otp.Store].
func (m *model) Renew(ctx context.Context, r otp.Renewal) (otp.Begun, error) {
	return m.enter(ctx, r.Once, r.Claims, r.Now, r.Match.Reference, func() (otp.Verification, error) {
		v, err := m.load(r.Match.Reference)
		if err != nil {
			return v, err
		}
		return v, v.Renew(r)
	})
}

// enter is what Begin and Renew have in common.
func (m *model) enter(
	ctx context.Context, once *otp.Once, claims []otp.Claim, now time.Time, ref otp.Reference,
	step func() (otp.Verification, error),
) (otp.Begun, error) {
	if ctx.Err() != nil {
		return otp.Begun{}, ctx.Err()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if once != nil {
		if key, seen := m.keys[once.Key]; seen {
			if replay, err := key.Meet(*once, now); replay != nil || err != nil {
				return otp.Begun{Replay: replay}, err
			}
		}
	}
	v, err := step()
	if err != nil {
		return otp.Begun{}, err
	}
	windows := make([]*otp.Window, len(claims))
	for i, c := range claims {
		if same := slices.IndexFunc(claims[:i], func(d otp.Claim) bool { return d.Key == c.Key }); same >= 0 {
			windows[i] = windows[same]
		} else {
			windows[i], err = m.window(c.Key)
		}
		if err != nil {
			return otp.Begun{}, err
		}
	}
	levels, err := otp.Charge(claims, windows, now)
	if err != nil {
		return otp.Begun{}, err
	}
	for i, c := range claims {
		if err := m.saveWindow(c.Key, windows[i]); err != nil {
			return otp.Begun{}, err
		}
	}
	if once != nil {
		m.keys[once.Key] = store.NewKey(*once, ref, now)
	}
	return otp.Begun{Verification: v, Levels: levels}, m.save(v)
}

// Deliver implements [otp.Store].
func (m *model) Deliver(ctx context.Context, d otp.Dispatch) (otp.Verification, error) {
	return m.change(ctx, d.Reference, nil, func(v *otp.Verification, _ *otp.Window) error {
		v.Deliver(d)
		for _, one := range d.Deliveries {
			m.unpark(v, one, d.Now)
		}
		if d.Done == nil {
			return nil
		}
		key, seen := m.keys[d.Done.Key]
		switch {
		case !seen || !key.Finish(*d.Done, d.Reference):
		case d.Done.Answer == nil:
			delete(m.keys, d.Done.Key)
		default:
			m.keys[d.Done.Key] = key
		}
		return nil
	})
}

// unpark notes the reports that were parked for d.
func (m *model) unpark(v *otp.Verification, d otp.Delivery, now time.Time) {
	m.parked = slices.DeleteFunc(m.parked, func(p parked) bool {
		met := p.provider == d.Provider && p.report.UpstreamID == d.Handle.UpstreamID && now.Before(p.until)
		if met {
			v.Report(p.provider, p.report, now)
		}
		return met
	})
}

// Report implements [otp.Store].
func (m *model) Report(ctx context.Context, r otp.Reporting) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, one := range r.Reports {
		v, err := m.find(r.Provider, one.UpstreamID)
		if err != nil {
			m.parked = append(m.parked, parked{r.Provider, one, r.Now.Add(r.Keep)})
			m.parked = m.parked[max(0, len(m.parked)-otp.MaxParked):]
			continue
		}
		v.Report(r.Provider, one, r.Now)
		if err := m.save(v); err != nil {
			return err
		}
	}
	return nil
}

// Reserve implements [otp.Store].
func (m *model) Reserve(ctx context.Context, g otp.Guess) (otp.Verification, error) {
	return m.change(ctx, g.Match.Reference, g.Failures, func(v *otp.Verification, failures *otp.Window) error {
		return v.Reserve(g, failures)
	})
}

// Release implements [otp.Store].
func (m *model) Release(ctx context.Context, r otp.Release) (otp.Verification, error) {
	return m.change(ctx, r.Reference, r.Failures, func(v *otp.Verification, failures *otp.Window) error {
		v.Release(r, failures)
		return nil
	})
}

// Settle implements [otp.Store].
func (m *model) Settle(ctx context.Context, s otp.Settlement) (otp.Verification, error) {
	return m.change(ctx, s.Match.Reference, s.Failures, func(v *otp.Verification, failures *otp.Window) error {
		return v.Settle(s, failures)
	})
}

// Get implements [otp.Store].
func (m *model) Get(ctx context.Context, ref otp.Reference) (otp.Verification, error) {
	if ctx.Err() != nil {
		return otp.Verification{}, ctx.Err()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.load(ref)
}

// Find implements [otp.Store].
func (m *model) Find(ctx context.Context, provider, upstreamID string) (otp.Verification, error) {
	if ctx.Err() != nil {
		return otp.Verification{}, ctx.Err()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.find(provider, upstreamID)
}

// find looks at the newest first.
func (m *model) find(provider, upstreamID string) (otp.Verification, error) {
	for _, ref := range slices.Backward(slices.Sorted(maps.Keys(m.records))) {
		v, err := m.load(ref)
		if err != nil {
			return v, err
		}
		for _, d := range v.Deliveries {
			if upstreamID != "" && d.Provider == provider && d.Handle.UpstreamID == upstreamID {
				return v, nil
			}
		}
	}
	return otp.Verification{}, store.NotFound()
}

// Open implements [otp.Store].
func (m *model) Open(ctx context.Context, address string, now time.Time) ([]otp.Verification, error) {
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	var open []otp.Verification
	for _, ref := range slices.Backward(slices.Sorted(maps.Keys(m.records))) {
		v, err := m.load(ref)
		if err != nil {
			return nil, err
		}
		if v.To.Address() == address && v.At(now).Status == otp.StatusPending && len(open) < otp.MaxOpen {
			open = append(open, v)
		}
	}
	return open, nil
}

// Levels implements [otp.Store].
func (m *model) Levels(ctx context.Context, claims []otp.Claim, now time.Time) ([]otp.Level, error) {
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	levels := make([]otp.Level, len(claims))
	for i, c := range claims {
		w, err := m.window(c.Key)
		if err != nil {
			return nil, err
		}
		levels[i] = w.Level(c.Name, c.Limit, now)
	}
	return levels, nil
}

// change runs step on a verification and on the memory of its person's wrong guesses.
func (m *model) change(
	ctx context.Context, ref otp.Reference, limit *otp.Limit, step func(*otp.Verification, *otp.Window) error,
) (otp.Verification, error) {
	if ctx.Err() != nil {
		return otp.Verification{}, ctx.Err()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	v, err := m.load(ref)
	if err != nil {
		return v, err
	}
	if limit == nil {
		if err := step(&v, nil); err != nil {
			return otp.Verification{}, err
		}
		return v, m.save(v)
	}
	key := otp.FailureClaim(v.To, *limit).Key
	failures, err := m.window(key)
	if err != nil {
		return otp.Verification{}, err
	}
	if err := step(&v, failures); err != nil {
		return otp.Verification{}, err
	}
	if err := m.saveWindow(key, failures); err != nil {
		return otp.Verification{}, err
	}
	return v, m.save(v)
}

func (m *model) load(ref otp.Reference) (otp.Verification, error) {
	record, ok := m.records[ref]
	if !ok {
		return otp.Verification{}, store.NotFound()
	}
	return otp.DecodeRecord(record)
}

func (m *model) save(v otp.Verification) error {
	record, err := otp.EncodeRecord(v)
	m.records[v.Reference] = record
	return err
}

func (m *model) window(key string) (*otp.Window, error) {
	w := new(otp.Window)
	return w, w.UnmarshalBinary(m.windows[key])
}

func (m *model) saveWindow(key string, w *otp.Window) error {
	counts, err := w.MarshalBinary()
	m.windows[key] = counts
	return err
}
