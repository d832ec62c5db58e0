package otp

import (
	"context"

	"github.com/otpgate/otpgate/gateway/apps"
)

// Status returns a verification as it stands now, also after its end.
func (s *Service) Status(ctx context.Context, app *apps.App, in StatusInput) (Verification, error) {
	if in.Reference == "" && (in.Provider == "" || in.ProviderReference == "") {
		return Verification{}, invalid("reference", "name a reference, or a provider and provider_reference")
	}
	if in.Reference == "" {
		v, err := s.store.Find(ctx, in.Provider, in.ProviderReference)
		return s.owned(app, v, err)
	}
	ref, err := reference(in.Reference)
	if err != nil {
		return Verification{}, err
	}
	return s.get(ctx, app, ref)
}

func (s *Service) get(ctx context.Context, app *apps.App, ref Reference) (Verification, error) {
	v, err := s.store.Get(ctx, ref)
	return s.owned(app, v, err)
}

// owned hides other apps' verifications: they are as unknown as those that never were.
func (s *Service) owned(app *apps.App, v Verification, err error) (Verification, error) {
	if err != nil {
		return Verification{}, storeError(err)
	}
	if v.App != app.ID {
		return Verification{}, notFound()
	}
	return v.At(s.now()), nil
}

// reference reads what an app calls a reference. What cannot be one is as unknown as one that never was.
func reference(text string) (Reference, error) {
	if text == "" {
		return "", invalid("reference", "the reference is missing; send the one that send returned")
	}
	ref, err := ParseReference(text)
	if err != nil {
		return "", notFound()
	}
	return ref, nil
}

func invalid(field, message string) *Error {
	return &Error{
		Code: InvalidRequest, Detail: "the request has mistakes; errors names each field and what would be right",
		Fields: []Field{{Field: field, Message: message}},
	}
}
