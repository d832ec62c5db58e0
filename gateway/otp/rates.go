package otp

import (
	"context"

	"github.com/otpgate/otpgate/gateway/apps"
	"github.com/otpgate/otpgate/providers"
)

// Rates is how far the limits are used up that bear on an app, and on a recipient where one is named.
type Rates struct {
	To     *providers.Recipient // nil: none is named
	Levels []Level
}

// RateLimits tells how far limits are used up, and counts nothing. What bears on an address of the people that an app
// serves is not told: no such address is named.
func (s *Service) RateLimits(ctx context.Context, app *apps.App, to string) (Rates, error) {
	var rates Rates
	var people []providers.Recipient
	if to != "" {
		recipient, err := s.numbers.Recipient(to, app.Defaults.Country)
		if err != nil {
			return Rates{}, invalid("to", err.Error())
		}
		rates.To, people = &recipient, []providers.Recipient{recipient}
	}
	short, long := s.sendClaims(app.ID, people, "")
	if failures := s.policy.Limits.RecipientFailures; failures != nil && rates.To != nil {
		long = append(long, FailureClaim(*rates.To, *failures))
	}
	now := s.now()
	rates.Levels = s.memory.Levels(short, now)
	if len(long) == 0 {
		return rates, nil
	}
	kept, err := s.store.Levels(ctx, long, now)
	if err != nil {
		return Rates{}, storeError(err)
	}
	rates.Levels = append(rates.Levels, kept...)
	return rates, nil
}
