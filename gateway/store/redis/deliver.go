package redis

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/otpgate/otpgate/gateway/otp"
)

// Deliver implements [otp.Store]. The upstream ids of the deliveries stand in slots of their own and are noted in the
// same round trip; another one is needed only when a report had come before its delivery, or when an id was given up.
func (s *Store) Deliver(ctx context.Context, d otp.Dispatch) (otp.Verification, error) {
	if ctx.Err() != nil {
		return otp.Verification{}, ctx.Err()
	}
	ctx, cancel := s.bound(ctx)
	defer cancel()
	links := s.links(ctx, d.Reference, d.Deliveries)
	c := &change{name: "deliver", ref: d.Reference, now: d.Now, rule: func(v *otp.Verification) (bool, error) {
		v.Deliver(d)
		return true, nil
	}}
	if d.Done != nil && d.Done.Answer != nil {
		c.answers = d.Done
	}
	if err := s.change(ctx, c, links...); err != nil {
		if isNotFound(err) {
			err = errors.Join(err, s.unlink(ctx, d.Reference, linked(d.Deliveries)))
		}
		return otp.Verification{}, err
	}
	if err := s.unlink(ctx, d.Reference, missing(linked(c.was.Deliveries), linked(c.is.Deliveries))); err != nil {
		return otp.Verification{}, err
	}
	if d.Done != nil && d.Done.Answer == nil {
		if err := s.free(ctx, d.Done.Key, d.Reference); err != nil {
			return otp.Verification{}, err
		}
	}
	if c.is.Status == otp.StatusPending {
		s.rest(d.Reference, c.text)
	}
	return s.meetParked(ctx, d, c, links)
}

// missing are those of all that stand not among left.
func missing(all, left []upstream) []upstream {
	return slices.DeleteFunc(all, func(u upstream) bool { return slices.Contains(left, u) })
}

// upstream is what a provider calls a delivery.
type upstream struct{ provider, id string }

func linked(deliveries []otp.Delivery) []upstream {
	var all []upstream
	for _, d := range deliveries {
		if d.Handle.UpstreamID != "" {
			all = append(all, upstream{d.Provider, d.Handle.UpstreamID})
		}
	}
	return all
}

// links are the calls that note the upstream ids of deliveries, one for each. They are kept as long as any verification may
// be. Each tells what stood there before: reports that came first.
func (s *Store) links(ctx context.Context, ref otp.Reference, deliveries []otp.Delivery) []*command {
	var calls []*command
	for _, u := range linked(deliveries) {
		key := s.keys.upstream(u.provider, u.id)
		calls = append(calls, newNative(ctx, "link", "set", key, string(ref), "px", s.kept().Milliseconds(), "get"))
	}
	return calls
}

// kept is the longest time that a verification is kept from its beginning on.
func (s *Store) kept() time.Duration { return otp.MaxExpiry + s.options.Retention }

// unlink forgets ids that are none of the verification's any more, but for those that are somebody else's now.
func (s *Store) unlink(ctx context.Context, ref otp.Reference, gone []upstream) error {
	if len(gone) == 0 {
		return nil
	}
	calls := make([]*command, len(gone))
	for i, u := range gone {
		key := s.keys.upstream(u.provider, u.id)
		calls[i] = newCommand(ctx, "unlink", s.scripts.exchange, []string{key}, string(ref), "", 1)
	}
	return s.run(ctx, calls...)
}
