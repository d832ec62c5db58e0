package otp

import (
	"context"

	"github.com/otpgate/otpgate/gateway/apps"
)

// Cancel ends a verification at the app's wish. Canceling twice is granted twice.
func (s *Service) Cancel(ctx context.Context, app *apps.App, text string) (Verification, error) {
	ref, err := reference(text)
	if err != nil {
		return Verification{}, err
	}
	v, err := s.store.Settle(ctx, Settlement{
		Match: Match{Reference: ref, App: app.ID}, Status: StatusCanceled, Now: s.now(),
	})
	return v, storeError(err)
}
