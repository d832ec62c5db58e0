package httpapi_test

import (
	"context"

	"github.com/otpgate/otpgate/gateway/apps"
	"github.com/otpgate/otpgate/gateway/otp"
)

// fakeReads is what [fakeOTP] tells of the past, and what it was asked.
type fakeReads struct {
	list     otp.Page[otp.Verification]
	logs     otp.Page[otp.Event]
	rates    otp.Rates
	sums     otp.Sums
	analysis otp.Analysis

	lists  []otp.ListInput
	events []otp.LogsInput
	asks   []string // of attempts, rate-limits and analytics
	spans  []otp.ReportsInput
}

func (f *fakeOTP) List(ctx context.Context, app *apps.App, in otp.ListInput) (otp.Page[otp.Verification], error) {
	f.asked(ctx, app, func() { f.past.lists = append(f.past.lists, in) })
	return f.past.list, f.err
}

func (f *fakeOTP) Logs(ctx context.Context, app *apps.App, in otp.LogsInput) (otp.Page[otp.Event], error) {
	f.asked(ctx, app, func() { f.past.events = append(f.past.events, in) })
	return f.past.logs, f.err
}

func (f *fakeOTP) Attempts(ctx context.Context, app *apps.App, reference string) (otp.Verification, error) {
	f.asked(ctx, app, func() { f.past.asks = append(f.past.asks, reference) })
	return f.verification, f.err
}

func (f *fakeOTP) RateLimits(ctx context.Context, app *apps.App, to string) (otp.Rates, error) {
	f.asked(ctx, app, func() { f.past.asks = append(f.past.asks, to) })
	return f.past.rates, f.err
}

func (f *fakeOTP) Reports(ctx context.Context, app *apps.App, in otp.ReportsInput) (otp.Sums, error) {
	f.asked(ctx, app, func() { f.past.spans = append(f.past.spans, in) })
	return f.past.sums, f.err
}

func (f *fakeOTP) Analytics(ctx context.Context, app *apps.App, days string) (otp.Analysis, error) {
	f.asked(ctx, app, func() { f.past.asks = append(f.past.asks, days) })
	return f.past.analysis, f.err
}
