package telemetry_test

import (
	"context"
	"testing"
	"time"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/gateway/telemetry"
	"github.com/otpgate/otpgate/gateway/telemetry/otlptest"
	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/routing"
)

// instant is a store that does nothing.
type instant struct{ otp.Store }

func (instant) Begin(context.Context, otp.Begin) (otp.Begun, error) { return otp.Begun{}, nil }

func (instant) Deliver(context.Context, otp.Dispatch) (otp.Verification, error) {
	return otp.Verification{}, nil
}

// BenchmarkSend is what telemetry adds to one send with one try.
func BenchmarkSend(b *testing.B) {
	for _, test := range []struct {
		name   string
		traces bool
		sample float64
	}{{"off", false, 0}, {"unsampled", true, 0}, {"sampled", true, 1}} {
		b.Run(test.name, func(b *testing.B) {
			o := telemetry.Options{Sample: test.sample}
			if test.traces {
				o.Traces.Endpoint = otlptest.Start(b).URL
			}
			tel := made(b, o)
			requests, uses, calls, store := tel.Requests(), tel.Uses(), tel.Calls(), tel.Store(instant{})
			use := otp.Use{Name: otp.UseSend, App: "shop"}
			call := routing.Call{Spot: routing.Spot{Provider: "hubtel-gh", Channel: providers.SMS}, Op: "send",
				Rule: "ghana", Place: 1}
			v := otp.Verification{App: "shop", To: providers.NewPhone("+233201234567", "GH", "0201234567"),
				Channel: providers.SMS}
			d := otp.Delivery{Provider: "hubtel-gh", Channel: providers.SMS, To: v.To}
			b.ReportAllocs()
			for b.Loop() {
				ctx := requests.Began(context.Background(), "POST", "/v1/otp/send", "")
				within := uses.Began(ctx, use)
				_, _ = store.Begin(within, otp.Begin{})
				try := calls.TryBegan(within, call)
				calls.TryEnded(try, call, time.Millisecond, nil)
				_, _ = store.Deliver(within, otp.Dispatch{})
				uses.Delivered(v, d)
				uses.Ended(within, use, v, nil)
				requests.Ended(ctx, telemetry.Request{Method: "POST", Route: "/v1/otp/send", App: "shop", Status: 201})
			}
		})
	}
}
