package storetest

import (
	"fmt"
	"slices"
	"time"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/providers"
)

// keep is how long reports are parked in these tests.
const keep = time.Minute

// told is a report about the delivery that is called id upstream.
func told(id string, state providers.DeliveryState, at time.Time) providers.Report {
	return providers.Report{UpstreamID: id, State: state, Reason: "131026", At: at}
}

// report takes in what the provider hubtel-gh tells.
func (f fixture) report(now time.Time, reports ...providers.Report) {
	f.t.Helper()
	step := otp.Reporting{Provider: "hubtel-gh", Reports: reports, Keep: keep, Now: now}
	if err := f.store.Report(f.t.Context(), step); err != nil {
		f.t.Fatalf("Report: %v", err)
	}
}

// undelivered is d after a report that it did not arrive.
func undelivered(d otp.Delivery, at time.Time) otp.Delivery {
	d.Status, d.Reason, d.Class, d.Code, d.ReportedAt = otp.DeliveryUndelivered, "undeliverable", "", "131026", at
	return d
}

// delivered is d after a report that it arrived.
func delivered(d otp.Delivery, at time.Time) otp.Delivery {
	d.Status, d.Reason, d.Class, d.Code, d.ReportedAt = otp.DeliveryDelivered, "", "", "", at
	return d
}

// newest is the newest delivery of a verification, as it is stored.
func (f fixture) newest(v otp.Verification) otp.Delivery {
	f.t.Helper()
	now := f.get(v.Reference)
	return now.Deliveries[len(now.Deliveries)-1]
}

// afterReports fails unless the delivery of a fresh verification is want after reports in this order.
func (f fixture) afterReports(want func(otp.Delivery) otp.Delivery, states ...providers.DeliveryState) {
	f.t.Helper()
	v := f.sent()
	for i, state := range states {
		now := after(time.Minute + time.Duration(i)*time.Second)
		f.report(now, told(v.Deliveries[0].Handle.UpstreamID, state, after(time.Minute)))
	}
	v.Deliveries[0] = want(v.Deliveries[0])
	f.same(v, f.get(v.Reference))
}

func reportTests() map[string]func(fixture) {
	const yes, no = providers.DeliveryDelivered, providers.DeliveryUndelivered
	arrived := func(d otp.Delivery) otp.Delivery { return delivered(d, after(time.Minute)) }
	lost := func(d otp.Delivery) otp.Delivery { return undelivered(d, after(time.Minute)) }
	same := func(d otp.Delivery) otp.Delivery { return d }
	return map[string]func(fixture){
		"a report says what became of a delivery, and nothing else": func(f fixture) {
			f.afterReports(arrived, yes)
			f.afterReports(lost, no)
		},
		"a report that comes again changes nothing": func(f fixture) {
			f.afterReports(arrived, yes, yes, yes)
			f.afterReports(lost, no, no)
		},
		"what arrived has arrived, in whichever order that is told": func(f fixture) {
			f.afterReports(arrived, no, yes)
			f.afterReports(arrived, yes, no)
			f.afterReports(arrived, yes, no, yes, no)
		},
		"a report of no end changes nothing": func(f fixture) {
			for _, state := range []providers.DeliveryState{"", providers.DeliveryPending, providers.DeliverySent, "eaten"} {
				f.afterReports(same, state)
				f.afterReports(arrived, yes, state)
			}
		},
		"the time of a report is the upstream's, unless that makes no sense": func(f fixture) {
			v := f.sent()
			id := v.Deliveries[0].Handle.UpstreamID
			f.report(after(time.Minute), told(id, no, time.Time{}))
			if got := f.newest(v).ReportedAt; !got.Equal(after(time.Minute)) {
				f.t.Errorf("not told: %v", got)
			}
			f.report(after(2*time.Minute), told(id, yes, after(time.Hour)))
			if got := f.newest(v).ReportedAt; !got.Equal(after(2 * time.Minute)) {
				f.t.Errorf("ahead of its time: %v", got)
			}
		},
		"a report is about the delivery of its provider": func(f fixture) {
			v := f.sent()
			step := otp.Reporting{Provider: "rival", Keep: keep, Now: after(time.Minute), Reports: []providers.Report{
				told(v.Deliveries[0].Handle.UpstreamID, no, after(time.Minute)),
			}}
			if err := f.store.Report(f.t.Context(), step); err != nil {
				f.t.Fatal(err)
			}
			f.same(v, f.get(v.Reference))
		},
		"a delivery that was refused stays so": func(f fixture) {
			v := f.begin()
			d := delivery(v, "hubtel-gh", "up-1", after(0))
			d.Status, d.Class = otp.DeliveryFailed, "rejected"
			v = f.deliver(otp.Dispatch{Reference: v.Reference, Deliveries: []otp.Delivery{d}, Now: after(0)})
			f.report(after(time.Minute), told("up-1", yes, after(time.Minute)))
			f.same(v, f.get(v.Reference))
		},
		"no report changes how a verification ended": func(f fixture) {
			for _, end := range f.ends() {
				before := f.get(end.v.Reference)
				if len(before.Deliveries) == 0 {
					continue
				}
				f.report(end.now, told(before.Deliveries[0].Handle.UpstreamID, no, end.now))
				if before.Deliveries[0].Status == otp.DeliverySent { // some end twice
					before.Deliveries[0] = undelivered(before.Deliveries[0], end.now)
				}
				f.same(before, f.get(before.Reference))
			}
		},
		"a code is as good as before": func(f fixture) {
			v := f.sent()
			f.report(after(time.Minute), told(v.Deliveries[0].Handle.UpstreamID, no, after(time.Minute)))
			g := f.reserve(guess(v, "c1", nil, after(time.Minute)))
			if len(g.Live(after(time.Minute))) != 1 {
				f.t.Error("the delivery cannot be checked any more")
			}
			if got := f.settle(settlement(v, otp.StatusVerified, "c1", after(time.Minute))); got.Status != otp.StatusVerified {
				f.t.Errorf("the verification is %s", got.Status)
			}
		},
		"of verifications that share an id the newest is meant": func(f fixture) {
			var all []otp.Verification
			for n := range 3 {
				v := f.begun(after(time.Duration(n) * time.Second))
				all = append(all, f.deliver(otp.Dispatch{
					Reference: v.Reference, Deliveries: []otp.Delivery{delivery(v, "hubtel-gh", "up-1", after(0))}, Now: after(0),
				}))
			}
			f.report(after(time.Minute), told("up-1", yes, after(time.Minute)))
			all[2].Deliveries[0] = arrived(all[2].Deliveries[0])
			for _, v := range all {
				f.same(v, f.get(v.Reference))
			}
		},
		"many reports are one step": func(f fixture) {
			first, second := f.sent(), f.sent()
			one, other := first.Deliveries[0].Handle.UpstreamID, second.Deliveries[0].Handle.UpstreamID
			now := after(time.Minute)
			f.report(now, told(one, no, now), told("unknown", no, now), told(other, yes, now), told(one, yes, now),
				told(other, no, now))
			first.Deliveries[0], second.Deliveries[0] = arrived(first.Deliveries[0]), arrived(second.Deliveries[0])
			f.same(first, f.get(first.Reference))
			f.same(second, f.get(second.Reference))
		},
		"a report of nothing is fine": func(f fixture) { f.report(after(0)) },
	}
}

// hurried is a verification with deliveries, and a step that is due in half a minute.
func (f fixture) hurried(ids ...string) otp.Verification {
	f.t.Helper()
	v := f.begun(after(0))
	d := otp.Dispatch{Reference: v.Reference, Now: after(0), Next: &otp.Schedule{
		At: after(30 * time.Second), Steps: []otp.Step{{Channel: providers.Voice, To: v.To, After: 30 * time.Second}},
	}}
	for _, id := range ids {
		d.Deliveries = append(d.Deliveries, delivery(v, "hubtel-gh", id, after(0)))
	}
	return f.deliver(d)
}

// dueAt fails unless the next step of v is due at want.
func (f fixture) dueAt(v otp.Verification, want time.Time) {
	f.t.Helper()
	if got := f.get(v.Reference).Next; len(got.Steps) != 1 || !got.At.Equal(want) {
		f.t.Errorf("the next step is due at %v, want %v", got.At, want)
	}
}

func hurryTests() map[string]func(fixture) {
	const no = providers.DeliveryUndelivered
	usual := after(30 * time.Second)
	return map[string]func(fixture){
		"when the newest delivery does not arrive, the next step is due": func(f fixture) {
			v := f.hurried("up-1")
			f.report(after(2*time.Second), told("up-1", no, after(time.Second)))
			f.dueAt(v, after(2*time.Second))
		},
		"it stays due since the first report": func(f fixture) {
			v := f.hurried("up-1")
			for n := range 3 {
				f.report(after(time.Duration(n+2)*time.Second), told("up-1", no, after(time.Second)))
			}
			f.dueAt(v, after(2*time.Second))
		},
		"a delivery that arrived hurries nobody": func(f fixture) {
			v := f.hurried("up-1")
			f.report(after(time.Second), told("up-1", providers.DeliveryDelivered, after(time.Second)))
			f.dueAt(v, usual)
		},
		"a newer delivery is waited for": func(f fixture) {
			v := f.hurried("up-1", "up-2")
			f.report(after(time.Second), told("up-1", no, after(time.Second)))
			f.dueAt(v, usual)
			f.report(after(2*time.Second), told("up-2", no, after(time.Second)))
			f.dueAt(v, after(2*time.Second))
		},
		"a newer delivery that was refused is not": func(f fixture) {
			v := f.hurried("up-1")
			refused := delivery(v, "rival", "", after(time.Second))
			refused.Status = otp.DeliveryFailed
			f.deliver(otp.Dispatch{Reference: v.Reference, Deliveries: []otp.Delivery{refused}, Now: after(time.Second)})
			f.report(after(2*time.Second), told("up-1", no, after(time.Second)))
			f.dueAt(v, after(2*time.Second))
		},
		"a step that is due already keeps its time": func(f fixture) {
			v := f.hurried("up-1")
			f.report(after(40*time.Second), told("up-1", no, after(time.Second)))
			f.dueAt(v, usual)
		},
		"a verification that ran out has no step": func(f fixture) {
			v := f.hurried("up-1")
			before := v.ExpiresAt.Add(-time.Second)
			f.deliver(otp.Dispatch{
				Reference: v.Reference, Now: before, Next: &otp.Schedule{At: v.ExpiresAt.Add(time.Hour), Steps: v.Next.Steps},
			})
			f.report(v.ExpiresAt, told("up-1", no, before))
			f.dueAt(v, v.ExpiresAt.Add(time.Hour))
		},
	}
}

func parkTests() map[string]func(fixture) {
	const yes, no = providers.DeliveryDelivered, providers.DeliveryUndelivered
	bring := func(f fixture, v otp.Verification, provider, id string, now time.Time) otp.Verification {
		return f.deliver(otp.Dispatch{
			Reference: v.Reference, Deliveries: []otp.Delivery{delivery(v, provider, id, now)}, Now: now,
		})
	}
	return map[string]func(fixture){
		"a report that comes before its delivery meets it": func(f fixture) {
			v := f.begin()
			f.report(after(time.Second), told("up-1", no, after(time.Second)))
			d := delivery(v, "hubtel-gh", "up-1", after(2*time.Second))
			steps := []otp.Step{{Channel: providers.Voice, To: v.To, After: 30 * time.Second}}
			got := f.deliver(otp.Dispatch{
				Reference: v.Reference, Deliveries: []otp.Delivery{d}, Now: after(2 * time.Second),
				Next: &otp.Schedule{At: after(32 * time.Second), Steps: steps},
			})
			v.Deliveries = []otp.Delivery{undelivered(d, after(time.Second))}
			v.Next = otp.Schedule{At: after(2 * time.Second), Steps: steps}
			f.same(v, got)
			f.same(v, f.get(v.Reference))
		},
		"a report that comes before a late answer meets it": func(f fixture) {
			v := f.begin()
			d := delivery(v, "hubtel-gh", "", after(time.Second))
			d.Status, d.Checkable, d.Class = otp.DeliveryUnknown, false, "ambiguous"
			f.deliver(otp.Dispatch{Reference: v.Reference, Deliveries: []otp.Delivery{d}, Now: after(time.Second)})
			f.report(after(2*time.Second), told("up-1", yes, after(2*time.Second)))
			late := delivery(v, "hubtel-gh", "up-1", after(time.Second))
			late.ID = d.ID
			f.deliver(otp.Dispatch{Reference: v.Reference, Deliveries: []otp.Delivery{late}, Now: after(3 * time.Second)})
			v.Deliveries = []otp.Delivery{delivered(late, after(2*time.Second))}
			f.same(v, f.get(v.Reference))
		},
		"all that was told before is minded": func(f fixture) {
			v := f.begin()
			f.report(after(time.Second), told("up-1", no, after(time.Second)), told("up-2", yes, after(time.Second)))
			f.report(after(time.Second), told("up-1", yes, after(time.Second)))
			if got := bring(f, v, "hubtel-gh", "up-1", after(2*time.Second)); got.Deliveries[0].Status != otp.DeliveryDelivered {
				f.t.Errorf("the delivery is %s", got.Deliveries[0].Status)
			}
		},
		"a parked report meets one delivery": func(f fixture) {
			first, second := f.begin(), f.begin()
			f.report(after(time.Second), told("up-1", no, after(time.Second)))
			bring(f, first, "hubtel-gh", "up-1", after(2*time.Second))
			if got := bring(f, second, "hubtel-gh", "up-1", after(3*time.Second)); got.Deliveries[0].Status != otp.DeliverySent {
				f.t.Errorf("the second delivery is %s", got.Deliveries[0].Status)
			}
		},
		"a parked report is for its provider, and for its id": func(f fixture) {
			v := f.begin()
			f.report(after(time.Second), told("up-1", no, after(time.Second)))
			for _, d := range [][2]string{{"rival", "up-1"}, {"hubtel-gh", "up-2"}, {"hubtel-gh", ""}} {
				v = bring(f, v, d[0], d[1], after(2*time.Second))
			}
			if slices.ContainsFunc(v.Deliveries, func(d otp.Delivery) bool { return d.Status != otp.DeliverySent }) {
				f.t.Errorf("deliveries %+v", v.Deliveries)
			}
		},
		"a parked report has an end": func(f fixture) {
			for late, want := range map[time.Duration]otp.DeliveryStatus{
				keep - time.Millisecond: otp.DeliveryUndelivered, keep: otp.DeliverySent,
			} {
				v, id := f.begin(), fmt.Sprint("up-", late)
				f.report(after(0), told(id, no, after(0)))
				if got := bring(f, v, "hubtel-gh", id, after(late)).Deliveries[0].Status; got != want {
					f.t.Errorf("after %v the delivery is %s, want %s", late, got, want)
				}
			}
		},
		"no more than so many reports are parked, and the oldest go": func(f fixture) {
			f.report(after(0), told("oldest", no, after(0)), told("second", no, after(0)))
			const batch = 100
			for n := 1; n < otp.MaxParked; n += batch {
				var some []providers.Report
				for i := n; i < min(n+batch, otp.MaxParked); i++ {
					some = append(some, told(fmt.Sprint("up-", i), no, after(0)))
				}
				f.report(after(0), some...)
			}
			for id, want := range map[string]otp.DeliveryStatus{
				"oldest": otp.DeliverySent, "second": otp.DeliveryUndelivered, "up-1": otp.DeliveryUndelivered,
				fmt.Sprint("up-", otp.MaxParked-1): otp.DeliveryUndelivered,
			} {
				if got := bring(f, f.begin(), "hubtel-gh", id, after(time.Second)).Deliveries[0].Status; got != want {
					f.t.Errorf("%s: the delivery is %s, want %s", id, got, want)
				}
			}
		},
		"a report that is no news is not parked": func(f fixture) {
			v := f.sent()
			id := v.Deliveries[0].Handle.UpstreamID
			f.report(after(time.Second), told(id, no, after(time.Second)), told(id, no, after(time.Second)))
			if got := bring(f, f.begin(), "hubtel-gh", id, after(2*time.Second)).Deliveries[0].Status; got != otp.DeliverySent {
				f.t.Errorf("the delivery of another verification is %s", got)
			}
		},
	}
}
