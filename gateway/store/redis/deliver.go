package redis

import (
	"context"
	"time"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/gateway/store"
)

// Deliver implements [otp.Store]. The upstream ids of the deliveries stand in slots of their own and are noted in the
// same round trip; another one is needed only when a report had come before its delivery, or when an id was given up.
func (s *Store) Deliver(ctx context.Context, d otp.Dispatch) (otp.Verification, error) {
	if ctx.Err() != nil {
		return otp.Verification{}, ctx.Err()
	}
	ctx, cancel := s.bound(ctx)
	defer cancel()
	main, err := s.dispatch(ctx, d)
	if err != nil {
		return otp.Verification{}, err
	}
	links := s.links(ctx, d.Reference, d.Deliveries)
	calls := append([]*command{main}, links...)
	if d.Done != nil {
		calls = append(calls, s.answer(ctx, *d.Done, d.Reference))
	}
	if err := s.run(ctx, calls...); err != nil {
		return otp.Verification{}, err
	}
	r := main.reply()
	switch r.word {
	case "ok":
	case "missing":
		if err := s.unlink(ctx, d.Reference, linked(d.Deliveries)); err != nil {
			return otp.Verification{}, err
		}
		return otp.Verification{}, store.NotFound()
	default:
		return otp.Verification{}, errReply
	}
	if err := s.unlink(ctx, d.Reference, pairs(r.list(1))); err != nil {
		return otp.Verification{}, err
	}
	lines, err := s.meetParked(ctx, d, links)
	if err != nil {
		return otp.Verification{}, err
	}
	if lines == "" {
		lines = text(r.at(0))
	}
	return join(lines)
}

func (s *Store) dispatch(ctx context.Context, d otp.Dispatch) (*command, error) {
	p, err := partsOf(otp.Verification{Deliveries: d.Deliveries})
	if err != nil {
		return nil, err
	}
	replaced, err := ids(d.Replaced)
	if err != nil {
		return nil, err
	}
	next := []any{"", "", ""}
	if d.Next != nil {
		schedule, err := partsOf(otp.Verification{Next: *d.Next})
		if err != nil {
			return nil, err
		}
		next = []any{"1", string(schedule.Steps), ""}
		if schedule.NextAt != 0 {
			next[2] = schedule.NextAt
		}
	}
	args := append([]any{string(p.Deliveries), replaced, flag(d.Failed), flag(d.Refund)}, next...)
	return s.step(ctx, s.scripts.deliver, d.Reference, d.Now, nil, args...), nil
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

// pairs reads providers and ids that a script told in turn.
func pairs(told []any) []upstream {
	var all []upstream
	for i := 0; i+1 < len(told); i += 2 {
		all = append(all, upstream{text(told[i]), text(told[i+1])})
	}
	return all
}

// links are the calls that note the upstream ids of deliveries. They are kept as long as any verification may be.
func (s *Store) links(ctx context.Context, ref otp.Reference, deliveries []otp.Delivery) []*command {
	var calls []*command
	for _, u := range linked(deliveries) {
		refs, parked := s.keys.upstream(u.provider, u.id)
		calls = append(calls, newCommand(ctx, s.scripts.link, []string{refs, parked}, string(ref), s.kept().Milliseconds()))
	}
	return calls
}

// kept is the longest time that a verification is kept from its beginning on.
func (s *Store) kept() time.Duration { return otp.MaxExpiry + s.options.Retention }

// unlink forgets ids that are none of the verification's any more.
func (s *Store) unlink(ctx context.Context, ref otp.Reference, gone []upstream) error {
	if len(gone) == 0 {
		return nil
	}
	pipe := s.client.Pipeline()
	for _, u := range gone {
		refs, _ := s.keys.upstream(u.provider, u.id)
		pipe.ZRem(ctx, refs, string(ref))
	}
	_, err := pipe.Exec(ctx)
	return explain(err)
}
