package redis

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/gateway/store"
)

// change is a step on one verification. Its rule runs here and not in Redis: what the rule made is written if nobody has
// changed the verification meanwhile; else the rule runs again on what stands there now.
type change struct {
	name string // of the step, for those who observe
	ref  otp.Reference
	now  time.Time
	// rule changes the verification and tells whether there is anything to write. What it refuses is not changed.
	rule     func(*otp.Verification) (news bool, err error)
	failures *otp.Limit // of the wrong guesses of the person, when the rule may give one back
	answers  *otp.Done  // an idempotency key, whose answer is kept with the change

	was, is *otp.Verification // before and after
	refused error             // by the rule, or because the verification is not there or cannot be read
	done    bool
	wrote   bool

	text    []byte // that is to be written
	next    *state
	version string // that it replaces
	sent    *command
}

// change makes one step and sends with in the same round trip. A refusal comes before anything is sent.
func (s *Store) change(ctx context.Context, c *change, with ...*command) error {
	if err := s.make(ctx, []*change{c}, with...); err != nil {
		return err
	}
	return c.refused
}

// make makes steps on several verifications: two round trips for all of them, or one for what is remembered, as long as
// nobody else is at work on one. What hinders one of them stands in its change; the error is that of a round trip.
func (s *Store) make(ctx context.Context, changes []*change, with ...*command) error {
	s.ready(ctx, changes)
	alone := len(changes) == 1
	for queued := false; ; with = nil {
		var calls []*command
		for _, c := range changes {
			if !c.done {
				c.sent = s.replace(ctx, c)
				calls = append(calls, c.sent)
			}
		}
		if len(calls) == 0 {
			return nil
		}
		err := s.run(ctx, append(calls, with...)...)
		if errors.Is(err, errUnanswered) {
			return err
		}
		for _, c := range changes {
			if !c.done {
				c.take()
			}
		}
		switch {
		case err != nil:
			return err
		case queued && changes[0].wrote:
			s.remember(changes[0].next) // for who comes next
		case alone && !queued && !changes[0].done:
			leave, err := s.turns.wait(ctx, changes[0].ref)
			if err != nil {
				return explain(err)
			}
			defer leave()
			queued = true
			s.ready(ctx, changes)
		}
	}
}

// ready runs the rules on what is remembered. What they refuse, or what they do not change, has to be seen as it is now.
func (s *Store) ready(ctx context.Context, changes []*change) {
	var unsure []*change
	for _, c := range changes {
		remembered, ok := s.recall(c.ref)
		if !ok || !c.prepare(remembered) {
			unsure = append(unsure, c)
		}
	}
	s.refresh(ctx, unsure)
}

// refresh reads verifications as they are now and runs the rules on them.
func (s *Store) refresh(ctx context.Context, changes []*change) {
	if len(changes) == 0 {
		return
	}
	refs := make([]otp.Reference, len(changes))
	for i, c := range changes {
		refs[i] = c.ref
	}
	texts, _ := s.texts(ctx, refs) // the error is that of one of them
	for i, c := range changes {
		if texts[i].err != nil {
			c.refused, c.done = texts[i].err, true
			continue
		}
		c.meet(texts[i].text)
	}
}

// meet runs the rule on what stands in Redis; an empty text is none.
func (c *change) meet(text []byte) {
	if len(text) == 0 {
		c.refused, c.done = store.NotFound(), true
		return
	}
	now, err := decode(text)
	if err != nil {
		c.refused, c.done = err, true
		return
	}
	c.prepare(now)
}

// prepare runs the rule on a state and tells whether there is something to write.
func (c *change) prepare(from *state) bool {
	c.next = &state{verification: from.verification.Clone()}
	c.was, c.is = &from.verification, &c.next.verification
	news, err := c.rule(c.is)
	c.refused, c.done = err, err != nil || !news
	if !c.done {
		c.version = from.version()
		c.text, c.refused = c.next.encode(c.now)
		c.done = c.refused != nil
	}
	return !c.done
}

// take reads what became of the step.
func (c *change) take() {
	if err := c.sent.failure(); err != nil {
		c.refused, c.done = explain(err), true
		return
	}
	switch r := c.sent.reply(); r.word {
	case "ok":
		c.wrote, c.done = true, true
	case "missing":
		c.meet(nil)
	case "moved":
		c.meet(r.record())
	default:
		c.refused, c.done = errReply, true
	}
}

// replace is the call that writes what a rule made.
func (s *Store) replace(ctx context.Context, c *change) *command {
	args := c.args()
	if c.answers != nil {
		key := []string{s.keys.answer(c.ref, c.answers.Key)}
		args = append(args, textOf(c.answers.Answer), max(1, c.answers.Keep.Milliseconds()))
		return s.step(ctx, c.name, s.scripts.deliver, c.ref, key, args...)
	}
	at, ok := givenBack(c.was.Checks, c.is.Checks)
	if !ok || c.failures == nil {
		return s.step(ctx, c.name, s.scripts.replace, c.ref, nil, args...)
	}
	person := []string{s.keys.person(c.ref.Shard(), personOf(c.is))}
	args = append(args, failureName(*c.failures), c.failures.Slot(at), 1)
	return s.step(ctx, c.name, s.scripts.replace, c.ref, person, args...)
}

// args are what the scripts need that put a new text in the place of an old one.
func (c *change) args() []any {
	ends, timer := "", ""
	switch {
	case c.was.Status == otp.StatusPending && c.is.Status != otp.StatusPending:
		ends = "-"
	case !c.is.ExpiresAt.Equal(c.was.ExpiresAt):
		ends = millis(c.is.ExpiresAt)
	}
	switch {
	case c.is.Next.At.Equal(c.was.Next.At): // it may be put off for somebody who is at work on that step
	case c.is.Next.At.IsZero():
		timer = "-"
	default:
		timer = millis(c.is.Next.At)
	}
	return []any{c.version, c.text, ends, timer}
}

// givenBack finds the guess that does not count as wrong any more.
func givenBack(before, after []otp.Check) (at time.Time, found bool) {
	for _, c := range after {
		for _, was := range before {
			if was.ID == c.ID && wrong(was) && !wrong(c) {
				return c.At, true
			}
		}
	}
	return time.Time{}, false
}

func wrong(c otp.Check) bool { return c.Counted && c.Outcome != otp.OutcomeRight }

func millis(t time.Time) string { return strconv.FormatInt(t.UnixMilli(), 10) }

// step is the call of a script on a verification. more are other keys of the same shard.
func (s *Store) step(
	ctx context.Context, name string, what script, ref otp.Reference, more []string, args ...any,
) *command {
	shard := &s.shards[ref.Shard()]
	words := make([]any, 0, 10+len(more)+len(args))
	words = append(words, "evalsha", what.hash, 4+len(more), shard.record+string(ref), shard.due, shard.end, shard.news)
	for _, key := range more {
		words = append(words, key)
	}
	words = append(append(words, string(ref)), s.common...)
	return newCall(ctx, name, what, append(words, args...))
}

// isNotFound tells that there is no such verification.
func isNotFound(err error) bool {
	refusal, ok := errors.AsType[*otp.Error](err)
	return ok && refusal.Code == otp.NotFound
}
