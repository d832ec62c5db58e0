package httpsms

import (
	"context"
	"errors"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/inhouse/transport"
	"github.com/otpgate/otpgate/providers/upstream"
)

// sender implements [transport.Transport], [transport.CallbackParser] and [io.Closer].
type sender struct {
	recipe   recipe
	client   *upstream.Client
	callback Callback
	notices  notices
}

// Deliver makes one request and reads its answer.
func (s *sender) Deliver(ctx context.Context, m transport.Message) (transport.Receipt, error) {
	call, err := s.recipe.call(m)
	if err != nil {
		return transport.Receipt{}, err
	}
	answer, err := s.client.Do(ctx, call)
	if err != nil {
		return transport.Receipt{}, unread(answer, err)
	}
	return s.recipe.answers.read(answer)
}

// Close frees idle connections. Deliveries under way end as usual.
func (s *sender) Close() error { return s.client.Close() }

// unread is the error of an answer that did not come, or not whole. One whose head said success is ambiguous, whatever
// was wrong with the rest: the message may be under way.
func unread(r upstream.Response, err error) error {
	failure, ok := errors.AsType[*providers.Error](err)
	if !ok || !success(r.Status) {
		return err
	}
	return r.Failure(providers.Ambiguous, "", failure.Err)
}
