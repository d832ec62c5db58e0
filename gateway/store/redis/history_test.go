package redis_test

import (
	"context"
	"testing"
	"time"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/gateway/store/redis"
	"github.com/otpgate/otpgate/gateway/store/redis/history"
	"github.com/otpgate/otpgate/gateway/store/storetest"
)

// The suite knows of every step, so each is followed at once here. Several in one go are the business of the package
// history.
func TestHistory(t *testing.T) {
	t.Parallel()
	storetest.RunHistory(t, func(t *testing.T) storetest.Past {
		s := open(t, func(o *redis.Options) { o.Track = true })
		f := followed{s, s.History(24 * time.Hour)}
		return storetest.Past{Store: f, History: f.history, Follow: f.follow}
	})
}

// followed is a store whose history follows every step.
type followed struct {
	otp.Store
	history *history.History
}

func (f followed) follow(ctx context.Context) error {
	for {
		if n, err := f.history.Follow(ctx); err != nil || n == 0 {
			return err
		}
	}
}

func then[T any](ctx context.Context, f followed, answer T, err error) (T, error) {
	if err != nil {
		return answer, err
	}
	return answer, f.follow(ctx)
}

func (f followed) Begin(ctx context.Context, b otp.Begin) (otp.Begun, error) {
	answer, err := f.Store.Begin(ctx, b)
	return then(ctx, f, answer, err)
}

func (f followed) Renew(ctx context.Context, r otp.Renewal) (otp.Begun, error) {
	answer, err := f.Store.Renew(ctx, r)
	return then(ctx, f, answer, err)
}

func (f followed) Deliver(ctx context.Context, d otp.Dispatch) (otp.Verification, error) {
	answer, err := f.Store.Deliver(ctx, d)
	return then(ctx, f, answer, err)
}

func (f followed) Reserve(ctx context.Context, g otp.Guess) (otp.Verification, error) {
	answer, err := f.Store.Reserve(ctx, g)
	return then(ctx, f, answer, err)
}

func (f followed) Release(ctx context.Context, r otp.Release) (otp.Verification, error) {
	answer, err := f.Store.Release(ctx, r)
	return then(ctx, f, answer, err)
}

func (f followed) Settle(ctx context.Context, s otp.Settlement) (otp.Verification, error) {
	answer, err := f.Store.Settle(ctx, s)
	return then(ctx, f, answer, err)
}

func (f followed) Report(ctx context.Context, r otp.Reporting) error {
	if err := f.Store.Report(ctx, r); err != nil {
		return err
	}
	return f.follow(ctx)
}
