package storetest

import (
	"testing"
	"time"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/providers"
)

// RunTimers runs the part of the suite that stores with timers pass. open is that of [Run].
func RunTimers(t *testing.T, open func(t *testing.T) otp.Store) {
	for rule, test := range timerTests() {
		t.Run(rule, func(t *testing.T) {
			t.Parallel()
			store := open(t)
			timers, ok := store.(otp.Timers)
			if !ok {
				t.Fatalf("%T has no timers", store)
			}
			test(fixture{t: t, store: store}, timers)
		})
	}
}

const lease = time.Minute

// scheduled is a verification whose next step is due at the time given.
func (f fixture) scheduled(due time.Time) otp.Verification {
	f.t.Helper()
	v := f.begun(after(0))
	return f.deliver(otp.Dispatch{
		Reference: v.Reference, Deliveries: []otp.Delivery{delivery(v, "own", "up-1", after(0))}, Now: after(0),
		Next: &otp.Schedule{At: due, Steps: []otp.Step{{Channel: providers.WhatsApp, To: v.To, After: time.Minute}}},
	})
}

// due fails unless exactly want are handed out at now.
func (f fixture) due(timers otp.Timers, now time.Time, want ...otp.Verification) {
	f.t.Helper()
	got, err := timers.Due(f.t.Context(), now, lease, 10)
	if err != nil {
		f.t.Fatalf("Due: %v", err)
	}
	if len(got) != len(want) {
		f.t.Fatalf("%d are due, want %d", len(got), len(want))
	}
	for i := range want {
		f.same(want[i], got[i])
	}
}

func timerTests() map[string]func(fixture, otp.Timers) {
	return map[string]func(fixture, otp.Timers){
		"a step is handed out once it is due, and to one caller": func(f fixture, timers otp.Timers) {
			v := f.scheduled(after(30 * time.Second))
			f.due(timers, after(29*time.Second))
			f.due(timers, after(30*time.Second), v)
			f.due(timers, after(30*time.Second))
		},
		"a step whose holder died is handed out again": func(f fixture, timers otp.Timers) {
			v := f.scheduled(after(30 * time.Second))
			f.due(timers, after(30*time.Second), v)
			f.due(timers, after(30*time.Second+lease-time.Second))
			f.due(timers, after(30*time.Second+lease), v)
		},
		"a new schedule takes the place of the lease": func(f fixture, timers otp.Timers) {
			v := f.scheduled(after(30 * time.Second))
			f.due(timers, after(30*time.Second), v)
			next := f.deliver(otp.Dispatch{
				Reference: v.Reference, Now: after(31 * time.Second),
				Next: &otp.Schedule{At: after(40 * time.Second), Steps: v.Next.Steps},
			})
			f.due(timers, after(39*time.Second))
			f.due(timers, after(40*time.Second), next)
		},
		"an answer that comes late does not touch the lease": func(f fixture, timers otp.Timers) {
			v := f.scheduled(after(30 * time.Second))
			f.due(timers, after(30*time.Second), v)
			f.deliver(otp.Dispatch{
				Reference: v.Reference, Deliveries: []otp.Delivery{delivery(v, "other", "up-2", after(0))}, Now: after(31 * time.Second),
			})
			f.due(timers, after(32*time.Second))
		},
		"a step is handed out as soon as a report makes it due, and to one caller": func(f fixture, timers otp.Timers) {
			v := f.hurried("up-1")
			f.due(timers, after(time.Second))
			f.report(after(time.Second), told("up-1", providers.DeliveryUndelivered, after(time.Second)))
			f.due(timers, after(time.Second), f.get(v.Reference))
			f.due(timers, after(time.Second))
			f.due(timers, after(31*time.Second))
		},
		"a step is handed out when its report came before the delivery": func(f fixture, timers otp.Timers) {
			f.report(after(0), told("up-1", providers.DeliveryUndelivered, after(0)))
			v := f.hurried("up-1")
			f.due(timers, after(0), v)
		},
		"reports about a step that is under way do not hand it out again": func(f fixture, timers otp.Timers) {
			v := f.hurried("up-1", "up-2")
			f.due(timers, after(30*time.Second), v)
			for n, id := range []string{"up-2", "up-1", "up-2"} {
				now := after(31*time.Second + time.Duration(n)*time.Second)
				f.report(now, told(id, providers.DeliveryUndelivered, now))
				f.due(timers, now)
			}
		},
		"of a crowd of reports one step follows": func(f fixture, timers otp.Timers) {
			const crowd = 50
			f.hurried("up-1")
			handed := make(chan int, crowd)
			for range crowd {
				go func() {
					f.report(after(time.Second), told("up-1", providers.DeliveryUndelivered, after(time.Second)))
					due, err := timers.Due(f.t.Context(), after(time.Second), lease, 10)
					if err != nil {
						f.t.Error(err)
					}
					handed <- len(due)
				}()
			}
			total := 0
			for range crowd {
				total += <-handed
			}
			if total != 1 {
				f.t.Errorf("the step was handed out %d times", total)
			}
		},
		"what has ended is not due": func(f fixture, timers otp.Timers) {
			v := f.scheduled(after(30 * time.Second))
			_, err := f.store.Settle(f.t.Context(), otp.Settlement{
				Match: otp.Match{Reference: v.Reference, App: v.App}, Status: otp.StatusCanceled, Now: after(time.Second),
			})
			if err != nil {
				f.t.Fatal(err)
			}
			f.due(timers, after(30*time.Second))
			late := f.scheduled(after(30 * time.Second))
			f.due(timers, late.ExpiresAt)
			f.due(timers, after(30*time.Second)) // forgotten, not put off
		},
		"the oldest are handed out first, and no more than asked for": func(f fixture, timers otp.Timers) {
			second, first := f.scheduled(after(2*time.Second)), f.scheduled(after(time.Second))
			got, err := timers.Due(f.t.Context(), after(time.Minute), lease, 1)
			if err != nil || len(got) != 1 || got[0].Reference != first.Reference {
				f.t.Fatalf("%v, %v", got, err)
			}
			f.due(timers, after(time.Minute), second)
		},
	}
}
