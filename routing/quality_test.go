package routing

import (
	"context"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/otpgate/otpgate/providers"
)

// market sends through a rule that takes the best, and tells what was verified as each provider's true share has it.
type market struct {
	t     *testing.T
	rig   *rig
	luck  *rand.Rand
	truth map[string]float64
}

// send sends n requests, one in 100 ms, and returns each provider's share of them.
func (m *market) send(n int) map[string]float64 {
	m.t.Helper()
	shares := map[string]float64{}
	for range n {
		out, err := m.rig.Send(m.t.Context(), smsRequest(), nil)
		if err != nil {
			m.t.Fatal(err)
		}
		provider := out.Tries[0].Provider
		shares[provider] += 1 / float64(n)
		m.rig.health.Feedback(provider, providers.SMS, "GH", m.luck.Float64() < m.truth[provider])
		time.Sleep(100 * time.Millisecond)
	}
	return shares
}

func TestBestFindsTheBestAndFollowsItsFallAndRecovery(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil, func(s *Settings) { s.Rules[0].Strategy = Best }, newFake("a"), newFake("b"), newFake("c"))
		r.routes[0].turn.Store(0)
		m := &market{t, r, rand.New(rand.NewPCG(1, 2)), map[string]float64{"a": 0.6, "b": 0.8, "c": 0.92}}

		if early := m.send(100)["a"]; early < 0.9 {
			t.Errorf("before anything is known the first in the list gets %.2f", early)
		}
		m.send(2000)
		if share := m.send(2000)["c"]; share < 0.9 || share > 1-exploredShare/2 {
			t.Errorf("the best one gets %.2f", share)
		}
		m.truth["c"] = 0.3
		m.send(1000)
		if share := m.send(1000)["b"]; share < 0.9 {
			t.Errorf("when the best one fails the second gets %.2f", share)
		}
		m.truth["c"] = 0.92
		m.send(20_000)
		if share := m.send(1000)["c"]; share < 0.9 {
			t.Errorf("when it has recovered it gets %.2f", share)
		}
	})
}

func TestVerifiedSharesAreApartByChannelAndCountry(t *testing.T) {
	t.Parallel()
	h := NewHealth(nil)
	h.Feedback("a", providers.SMS, "GH", true)
	h.Feedback("a", providers.SMS, "NG", false)
	h.Feedback("a", providers.Email, "", true)
	rows := h.Export()
	for i := range rows {
		rows[i].At = time.Time{}
	}
	want := []Quality{
		{Provider: "a", Channel: providers.Email, Verified: 1, Total: 1},
		{Provider: "a", Channel: providers.SMS, Country: "GH", Verified: 1, Total: 1},
		{Provider: "a", Channel: providers.SMS, Country: "NG", Total: 1},
	}
	if diff := cmp.Diff(want, rows); diff != "" {
		t.Error(diff)
	}
}

func TestVerifiedSharesSurviveARestartAndDamageIsPassedOver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := NewHealth(nil)
		for i := range 40 {
			h.Feedback("a", providers.SMS, "GH", i%4 != 0)
		}
		again := NewHealth(nil)
		again.Import(append(h.Export(),
			Quality{Provider: "b", Verified: 3, Total: 2}, Quality{Provider: "c", Verified: -1, Total: 2}))
		if diff := cmp.Diff(h.Export(), again.Export()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestOldCodesFade(t *testing.T) {
	t.Parallel()
	now := time.Now()
	q := Quality{Verified: 30, Total: 40, At: now}
	q.fadeTo(now.Add(qualityHalfLife))
	if q.Verified != 15 || q.Total != 20 || q.share() != 0.75 {
		t.Errorf("after a half-life: %+v", q)
	}
	if q.fadeTo(now); q.Total != 20 {
		t.Error("a clock that was set back brought codes to life")
	}
	for range 1000 {
		q.add(false)
	}
	if q.Total > qualityMost || q.share() > 0.01 {
		t.Errorf("after a thousand failures: %+v", q)
	}
	if empty := (&Quality{}); empty.share() != 0 {
		t.Error("no codes have a share")
	}
}

func TestQuantilesAreAccurateToABucketAndOldCallsFade(t *testing.T) {
	t.Parallel()
	now := time.Now()
	m := new(meter)
	if m.quantile(now, 0.5) != 0 {
		t.Error("no calls have a median")
	}
	for i := range 100 {
		m.record(now, i >= 20, time.Duration(i+1)*10*time.Millisecond)
	}
	for q, want := range map[float64]time.Duration{0.5: 500 * time.Millisecond, 0.95: 950 * time.Millisecond} {
		got := m.quantile(now, q)
		if got < want || float64(got) > float64(want)*meterStep {
			t.Errorf("the quantile %.2f is %v, and the truth %v", q, got, want)
		}
	}
	if rate, calls := m.rate(now); rate != 0.8 || calls != 100 {
		t.Errorf("%v of %d worked", rate, calls)
	}
	if _, calls := m.rate(now.Add(meterHalfLife)); calls != 50 {
		t.Errorf("after a half-life %d calls are left", calls)
	}
	if _, calls := m.rate(now.Add(1000 * meterHalfLife)); calls != 0 {
		t.Errorf("much later %d calls are left", calls)
	}
	m.record(now.Add(1000*meterHalfLife), true, time.Hour)
	if got := m.quantile(now.Add(1000*meterHalfLife), 0.5); got < 30*time.Second {
		t.Errorf("an hour is %v", got)
	}
	if bucketOf(time.Microsecond) != 0 {
		t.Error("a short call is not in the first bucket")
	}
}

func TestASnapshotTellsHowEachSpotStands(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newFake("a", everything(providers.WhatsApp), everything(providers.SMS))
		a.send = func(_ context.Context, n int) (providers.Handle, error) {
			time.Sleep(300 * time.Millisecond)
			if n == 1 {
				return providers.Handle{}, &providers.Error{Class: providers.Transient}
			}
			return handleOf("a"), nil
		}
		price := Price{0.02, "USD"}
		r := newRig(t, nil, set("a", func(p *ProviderSettings) {
			p.MaxPerSecond, p.MaxInFlight = 10, 5
			p.Prices = map[Market]Price{{Channel: providers.SMS}: price}
		}), a)
		for range 4 {
			_, _ = r.Send(t.Context(), smsRequest(), nil)
		}
		readings := r.Snapshot()
		if len(readings) != 2 || readings[1].Channel != providers.WhatsApp || readings[1].Calls != 0 {
			t.Fatalf("the snapshot is %+v", readings)
		}
		got := readings[0]
		if got.P50 < 300*time.Millisecond || got.P50 > 420*time.Millisecond || got.P95 != got.P50 {
			t.Errorf("p50 %v, p95 %v", got.P50, got.P95)
		}
		got.P50, got.P95 = 0, 0
		want := Reading{
			Spot: Spot{"a", providers.SMS}, State: Closed, PerSecond: 10, Tokens: 10, MaxInFlight: 5,
			Calls: 4, SuccessRate: 0.75, Price: price, Priced: true,
		}
		got.Tokens = 10 // refilled within a second, to a rounding
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}
