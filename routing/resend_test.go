package routing

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/otpgate/otpgate/providers"
)

// road is what a chain did: provider, operation and outcome of each call, in order.
func road(w *witness) []string {
	var steps []string
	for i, call := range w.began {
		steps = append(steps, call.Op+" "+w.ended[i])
	}
	return steps
}

func TestAResend(t *testing.T) {
	t.Parallel()
	resent := func(context.Context, providers.Handle) (providers.Handle, error) { return handleOf("renewed"), nil }
	fails := func(class providers.Class) func(context.Context, providers.Handle) (providers.Handle, error) {
		return func(context.Context, providers.Handle) (providers.Handle, error) {
			return providers.Handle{}, &providers.Error{Class: class}
		}
	}
	outOfOrder := func(name string) func(*rig, *Delivered, *Request) {
		return func(r *rig, _ *Delivered, _ *Request) { r.trip(name) }
	}
	tests := []struct {
		rule   string
		resend func(context.Context, providers.Handle) (providers.Handle, error) // nil: b has none of its own
		change func(r *rig, prev *Delivered, req *Request)
		want   []string
	}{
		{"by its own resend", resent, nil, []string{"resend b ok"}},
		{"without one, the plan keeps its order", nil, nil, []string{"send a ok"}},
		{
			"when its own fails, the others follow", fails(providers.Transient), nil,
			[]string{"resend b transient", "send a ok"},
		},
		{
			"when its own fails, it is not asked again", fails(providers.Transient), outOfOrder("a"),
			[]string{"resend b transient", "send c ok"},
		},
		{
			"when the session is gone, it has its place in the plan", fails(providers.Gone), outOfOrder("a"),
			[]string{"resend b gone", "send b ok"},
		},
		{
			"when it cannot resend, it has its place in the plan", fails(providers.Unsupported), outOfOrder("a"),
			[]string{"resend b unsupported", "send b ok"},
		},
		{"a refused recipient ends it", fails(providers.Rejected), nil, []string{"resend b rejected"}},
		{"it failed before", resent, func(_ *rig, prev *Delivered, req *Request) {
			req.Failed = []Spot{prev.Spot}
		}, []string{"send a ok"}},
		{"its answer is unknown", resent, func(_ *rig, prev *Delivered, req *Request) {
			req.Spent = []Spot{prev.Spot}
		}, []string{"send a ok"}},
		{"its breaker is open", resent, outOfOrder("b"), []string{"send a ok"}},
		{"it cools down", resent, func(r *rig, _ *Delivered, _ *Request) {
			r.post(Spot{"b", providers.SMS}).coolDown(time.Now(), time.Second)
		}, []string{"send a ok"}},
		{"its limit is used up", resent, func(r *rig, _ *Delivered, _ *Request) {
			r.units["b"].limiter.configure(0, 1)
			r.units["b"].limiter.join(time.Now())
		}, []string{"send a ok"}},
		{"another channel", resent, func(_ *rig, prev *Delivered, _ *Request) {
			prev.Channel = providers.Voice
		}, []string{"send a ok"}},
		{"it is configured no more", resent, func(_ *rig, prev *Delivered, _ *Request) {
			prev.Provider = "old"
		}, []string{"send a ok"}},
	}
	for _, tt := range tests {
		t.Run(tt.rule, func(t *testing.T) {
			t.Parallel()
			w := new(witness)
			var b providers.Provider = newFake("b")
			if tt.resend != nil {
				b = resending{newFake("b"), func(ctx context.Context, h providers.Handle) (providers.Handle, error) {
					if h.UpstreamID != "b-1" {
						t.Errorf("the handle is %+v", h)
					}
					return tt.resend(ctx, h)
				}}
			}
			r := newRig(t, w, nil, newFake("a"), b, newFake("c"))
			prev, req := Delivered{Spot: Spot{"b", providers.SMS}, Handle: handleOf("b")}, smsRequest()
			if tt.change != nil {
				tt.change(r, &prev, &req)
			}
			out, err := r.Resend(t.Context(), prev, req, nil)
			if diff := cmp.Diff(tt.want, road(w)); diff != "" {
				t.Error(diff)
			}
			for i, try := range out.Tries {
				own := i == 0 && tt.want[0] == "resend b ok"
				if try.Resent != own {
					t.Errorf("the try at %s is marked as resent: %v", try.Provider, try.Resent)
				}
			}
			if first := out.Tries[0]; first.Place != 1 || out.Rule != "all" {
				t.Errorf("the first try is %+v", first)
			}
			if last := out.Tries[len(out.Tries)-1]; (last.Err == nil) != (err == nil) {
				t.Errorf("the last try is %+v, and the error %v", last, err)
			}
		})
	}
}

func TestAfterAResendThePlanFollowsFromPlaceTwo(t *testing.T) {
	t.Parallel()
	b := resending{newFake("b"), func(context.Context, providers.Handle) (providers.Handle, error) {
		return providers.Handle{}, &providers.Error{Class: providers.Transient}
	}}
	r := newRig(t, nil, nil, failing("a", transient), b, newFake("c"))
	out, err := r.Resend(t.Context(), Delivered{Spot{"b", providers.SMS}, handleOf("b")}, smsRequest(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var places []int
	for _, try := range out.Tries {
		places = append(places, try.Place)
	}
	if diff := cmp.Diff([]int{1, 2, 4}, places); diff != "" {
		t.Error(diff)
	}
}

func TestAResendThatAnswersLateReplacesTheHandle(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := resending{newFake("b"), func(ctx context.Context, _ providers.Handle) (providers.Handle, error) {
			providers.MarkWritten(ctx)
			time.Sleep(10 * time.Second)
			return handleOf("renewed"), nil
		}}
		r := newRig(t, nil, nil, newFake("a"), b)
		var late []Try
		out, err := r.Resend(t.Context(), Delivered{Spot{"b", providers.SMS}, handleOf("b")}, smsRequest(),
			func(try Try) { late = append(late, try) })
		if diff := cmp.Diff([]string{"b", "a"}, providersOf(out.Tries)); diff != "" || err != nil || out.Tries[0].Resent {
			t.Error(diff, err)
		}
		elapse(time.Minute)
		if len(late) != 1 || !late[0].Resent || late[0].Handle.UpstreamID != "renewed-1" {
			t.Errorf("late: %+v", late)
		}
	})
}
