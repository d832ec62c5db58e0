package storetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/providers"
)

// testModel takes random steps on the store and on the model, and compares every answer. Each run has people, keys and
// limits of its own, so that all can use one store.
func testModel(t *testing.T, s otp.Store) {
	run := 0
	rapid.Check(t, func(t *rapid.T) {
		run++
		m := &machine{run: run, app: "shop", real: s, model: newModel(), now: after(0)}
		t.Repeat(m.steps())
	})
}

func (m *machine) steps() map[string]func(*rapid.T) {
	return map[string]func(*rapid.T){
		"begin": m.begin, "renew": m.renew, "deliver": m.deliver, "report": m.report, "reserve": m.reserve,
		"release": m.release, "settle": m.settle, "get": m.get, "find": m.find, "open": m.open, "levels": m.levels,
		"wait": m.wait,
	}
}

// machine is one run: what was begun so far, and what time it is.
type machine struct {
	run         int
	app         string // whose verifications are begun
	real, model otp.Store
	now         time.Time
	refs        []otp.Reference
	ids         int // of deliveries and checks made so far
}

// both takes a step on store and model, and fails when they answer differently.
func both[T any](t *rapid.T, m *machine, step func(otp.Store) (T, error)) {
	want, wantErr := step(m.model)
	got, gotErr := step(m.real)
	if diff := difference(refusal(wantErr), refusal(gotErr)); diff != "" {
		t.Fatalf("the store refuses otherwise than the model (-model +store):\n%s", diff)
	}
	if wantErr != nil {
		return
	}
	if diff := difference(want, got); diff != "" {
		t.Fatalf("the store answers otherwise than the model (-model +store):\n%s", diff)
	}
}

// refusal is the refusal in err; every other error is alike.
func refusal(err error) *otp.Error {
	if e, ok := errors.AsType[*otp.Error](err); ok {
		return e
	}
	if err != nil {
		return &otp.Error{Detail: "a failure of the store"}
	}
	return nil
}

func (m *machine) wait(t *rapid.T) {
	steps := []time.Duration{
		time.Millisecond, time.Second, 20 * time.Second, 59 * time.Second, time.Minute, 3 * time.Minute, time.Hour,
	}
	m.now = m.now.Add(rapid.SampledFrom(steps).Draw(t, "wait"))
}

// person is one of two, so that they meet their limits.
func (m *machine) person(t *rapid.T) providers.Recipient {
	n := rapid.IntRange(0, 1).Draw(t, "person")
	return providers.NewPhone(fmt.Sprintf("+2332%07d%d", m.run, n), "GH", fmt.Sprintf("02%07d%d", m.run, n))
}

func (m *machine) claims(t *rapid.T) []otp.Claim {
	var claims []otp.Claim
	for _, name := range rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b"}), 0, 2).Draw(t, "claims") {
		c := claim(name, 3)
		c.Key = fmt.Sprint(m.run, " ", name)
		claims = append(claims, c)
	}
	return claims
}

func (m *machine) once(t *rapid.T) *otp.Once {
	if rapid.Bool().Draw(t, "no key") {
		return nil
	}
	return once(m.key(t), rapid.ByteRange(0, 1).Draw(t, "fingerprint"))
}

func (m *machine) key(t *rapid.T) string {
	return fmt.Sprint(m.run, " key ", rapid.IntRange(0, 1).Draw(t, "key"))
}

func (m *machine) failures(t *rapid.T) *otp.Limit {
	limits := []*otp.Limit{nil, {Max: 4, Window: time.Hour}, {Max: 2, Window: time.Minute}}
	return rapid.SampledFrom(limits).Draw(t, "failures")
}

// ref is one that was begun, or one that was not.
func (m *machine) ref(t *rapid.T) otp.Reference {
	return rapid.SampledFrom(append([]otp.Reference{"unknown"}, m.refs...)).Draw(t, "ref")
}

func (m *machine) match(t *rapid.T) otp.Match {
	return otp.Match{Reference: m.ref(t), App: rapid.SampledFrom([]string{m.app, m.app, m.app, "other"}).Draw(t, "app")}
}

func (m *machine) id(kind string) string {
	m.ids++
	return fmt.Sprint(m.run, kind, m.ids)
}

// earlier is the id of something of a kind that may have been made before.
func (m *machine) earlier(t *rapid.T, kind string) string {
	return fmt.Sprint(m.run, kind, rapid.IntRange(0, m.ids).Draw(t, kind))
}

func (m *machine) begin(t *rapid.T) {
	v := draft(m.now)
	address(&v, m.person(t))
	v.App = m.app
	v.Purpose = rapid.SampledFrom([]string{"login", "payment"}).Draw(t, "purpose")
	v.Metadata = map[string]string{"order": rapid.SampledFrom([]string{"17", "18"}).Draw(t, "order")}
	v.MaxAttempts = rapid.IntRange(1, 4).Draw(t, "attempts")
	v.Wish.Attempts = v.MaxAttempts
	b := otp.Begin{Verification: v, Claims: m.claims(t), Once: m.once(t), Now: m.now}
	both(t, m, func(s otp.Store) (otp.Begun, error) { return s.Begin(t.Context(), b) })
	m.refs = append(m.refs, v.Reference)
}

func (m *machine) renew(t *rapid.T) {
	r := otp.Renewal{Match: m.match(t), Claims: m.claims(t), Once: m.once(t), Now: m.now}
	both(t, m, func(s otp.Store) (otp.Begun, error) { return s.Renew(t.Context(), r) })
}

func (m *machine) deliver(t *rapid.T) {
	d := otp.Dispatch{
		Reference: m.ref(t), Failed: rapid.Bool().Draw(t, "failed"), Refund: rapid.Bool().Draw(t, "refund"),
		Replaced: []string{m.earlier(t, "delivery")}, Now: m.now,
	}
	for range rapid.IntRange(0, 2).Draw(t, "deliveries") {
		d.Deliveries = append(d.Deliveries, m.delivery(t))
	}
	if rapid.Bool().Draw(t, "done") {
		d.Done = &otp.Done{Key: m.key(t), Keep: 24 * time.Hour}
		if rapid.Bool().Draw(t, "answered") {
			d.Done.Answer = &otp.Answer{Status: 201, Body: []byte(m.id("answer"))}
		}
	}
	if rapid.Bool().Draw(t, "next") {
		d.Next = &otp.Schedule{At: m.now.Add(time.Minute), Steps: []otp.Step{{Channel: providers.Voice, To: m.person(t)}}}
	}
	both(t, m, func(s otp.Store) (otp.Verification, error) { return s.Deliver(t.Context(), d) })
}

// delivery is a new one, or one that may take the place of another.
func (m *machine) delivery(t *rapid.T) otp.Delivery {
	d := delivery(draft(m.now), "hubtel-gh", m.id("upstream"), m.now)
	d.ID = m.id("delivery")
	if rapid.Bool().Draw(t, "same delivery") {
		d.ID = m.earlier(t, "delivery")
	}
	statuses := []otp.DeliveryStatus{otp.DeliverySent, otp.DeliveryFailed, otp.DeliveryUnknown}
	d.Status = rapid.SampledFrom(statuses).Draw(t, "status")
	d.Checkable = d.Status != otp.DeliveryFailed
	d.Provider = rapid.SampledFrom([]string{"hubtel-gh", "hubtel-gh", "own"}).Draw(t, "provider")
	d.Place = rapid.IntRange(1, 3).Draw(t, "place")
	d.Cost = rapid.SampledFrom([]otp.Cost{
		{}, {Micros: 35_000, Currency: "USD"}, {Micros: 400_000, Currency: "GHS", OnDelivery: true},
	}).Draw(t, "cost")
	d.Channel = rapid.SampledFrom(providers.Channels()).Draw(t, "channel")
	d.Handle.Granted.Attempts = rapid.IntRange(0, 3).Draw(t, "granted")
	d.ExpiresAt = m.now.Add(rapid.SampledFrom([]time.Duration{time.Minute, 5 * time.Minute}).Draw(t, "lives"))
	return d
}

// report tells of deliveries that were made, and of some that may be made yet.
func (m *machine) report(t *rapid.T) {
	r := otp.Reporting{Provider: "hubtel-gh", Keep: time.Minute, Now: m.now}
	for range rapid.IntRange(0, 3).Draw(t, "reports") {
		r.Reports = append(r.Reports, providers.Report{
			UpstreamID: fmt.Sprint(m.run, "upstream", rapid.IntRange(0, m.ids+4).Draw(t, "upstream")),
			State: rapid.SampledFrom([]providers.DeliveryState{
				providers.DeliveryDelivered, providers.DeliveryUndelivered, providers.DeliverySent,
			}).Draw(t, "state"),
			At: m.now,
		})
	}
	both(t, m, func(s otp.Store) (struct{}, error) { return struct{}{}, s.Report(t.Context(), r) })
}

func (m *machine) reserve(t *rapid.T) {
	g := otp.Guess{Match: m.match(t), ID: m.id("check"), IP: "192.0.2.7", Failures: m.failures(t), Now: m.now}
	status := rapid.SampledFrom([]otp.Status{otp.StatusPending, otp.StatusPending, otp.StatusVerified, otp.StatusFailed}).Draw(t, "judged")
	both(t, m, func(s otp.Store) (otp.Verification, error) {
		if status == otp.StatusPending {
			return s.Reserve(t.Context(), g)
		}
		return tried(t.Context(), s, g, verdict(g, status))
	})
}

func (m *machine) release(t *rapid.T) {
	r := otp.Release{
		Reference: m.ref(t), Check: m.earlier(t, "check"), Outcome: otp.OutcomeUnavailable, Failures: m.failures(t),
		Dead: []string{m.earlier(t, "delivery")}, Now: m.now,
	}
	both(t, m, func(s otp.Store) (otp.Verification, error) { return s.Release(t.Context(), r) })
}

func (m *machine) settle(t *rapid.T) {
	e := otp.Settlement{
		Match: m.match(t), Check: m.earlier(t, "check"), Provider: "hubtel-gh", Failures: m.failures(t), Now: m.now,
		Status: rapid.SampledFrom([]otp.Status{
			otp.StatusPending, otp.StatusPending, otp.StatusVerified, otp.StatusCanceled, otp.StatusFailed,
		}).Draw(t, "status"),
	}
	both(t, m, func(s otp.Store) (otp.Verification, error) { return s.Settle(t.Context(), e) })
}

func (m *machine) get(t *rapid.T) {
	ref := m.ref(t)
	both(t, m, func(s otp.Store) (otp.Verification, error) { return s.Get(t.Context(), ref) })
}

func (m *machine) find(t *rapid.T) {
	id := m.earlier(t, "upstream")
	both(t, m, func(s otp.Store) (otp.Verification, error) { return s.Find(t.Context(), "hubtel-gh", id) })
}

func (m *machine) open(t *rapid.T) {
	person := m.person(t).Address()
	both(t, m, func(s otp.Store) ([]otp.Verification, error) { return s.Open(t.Context(), person, m.now) })
}

func (m *machine) levels(t *rapid.T) {
	claims := m.claims(t)
	if failures := m.failures(t); failures != nil {
		claims = append(claims, otp.FailureClaim(m.person(t), *failures))
	}
	both(t, m, func(s otp.Store) ([]otp.Level, error) { return s.Levels(t.Context(), claims, m.now) })
}
