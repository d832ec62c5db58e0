package redis_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/gateway/store/redis"
	"github.com/otpgate/otpgate/gateway/store/storetest"
)

// personal is a store to which some claims of the suite are those of the person whom most of it is about: they stand
// beside the verifications, and the other claims do not.
type personal struct{ *redis.Store }

func of(claims []otp.Claim) []otp.Claim {
	claims = slices.Clone(claims)
	for i := range claims {
		if strings.HasSuffix(claims[i].Key, "a") || strings.HasSuffix(claims[i].Key, "c") {
			claims[i].Person = "+233201234567"
		}
	}
	return claims
}

func (p personal) Begin(ctx context.Context, b otp.Begin) (otp.Begun, error) {
	b.Claims = of(b.Claims)
	return p.Store.Begin(ctx, b)
}

func (p personal) Renew(ctx context.Context, r otp.Renewal) (otp.Begun, error) {
	r.Claims = of(r.Claims)
	return p.Store.Renew(ctx, r)
}

func (p personal) Levels(ctx context.Context, claims []otp.Claim, now time.Time) ([]otp.Level, error) {
	return p.Store.Levels(ctx, of(claims), now)
}

func TestStoreWithClaimsOfAPerson(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) otp.Store { return personal{open(t)} })
}
