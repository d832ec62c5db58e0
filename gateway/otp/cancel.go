package otp

import (
	"context"

	"github.com/otpgate/otpgate/gateway/apps"
)

// Cancel ends a verification at the app's wish. Canceling twice is granted twice.
func (s *Service) Cancel(ctx context.Context, app *apps.App, text string) (v Verification, err error) {
	ctx, ended := s.observe(ctx, Use{Name: UseCancel, App: app.ID})
	defer func() { ended(v, err) }()
	ref, err := reference(text)
	if err != nil {
		return Verification{}, err
	}
	now := s.now()
	v, err = s.store.Settle(ctx, Settlement{
		Match: Match{Reference: ref, App: app.ID}, Status: StatusCanceled, Now: now,
	})
	s.settled(v, StatusCanceled, now)
	return v, storeError(err)
}
