package otp

import (
	"context"

	"github.com/otpgate/otpgate/gateway/apps"
)

// Attempts returns the verification whose checks an app asks for. Of those that were given back, the oldest may be
// forgotten.
func (s *Service) Attempts(ctx context.Context, app *apps.App, text string) (Verification, error) {
	ref, err := reference(text)
	if err != nil {
		return Verification{}, err
	}
	return s.get(ctx, app, ref)
}
