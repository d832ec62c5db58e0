package history

import (
	"context"
	"errors"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/otpgate/otpgate/gateway/otp"
)

// tries is how often a bite is tried when somebody else was faster. What is left waits for the next round.
const tries = 4

// errOvertaken means that a state is another one than that of which the difference was made.
var errOvertaken = errors.New("somebody else has taken in a change of this verification")

// item is what is taken in of one verification.
type item struct {
	change *Change
	before *state
	state  string   // from now on
	told   []string // the events that were told before
	events [][]byte // what happened since
}

// fresh tells that nothing of the verification was taken in yet.
func (i *item) fresh() bool { return i.before.line == "" }

// usual is how long an event is, in bytes, as a rule.
const usual = 400

// text is what is told of the verification from now on.
func (i *item) text() string {
	var b strings.Builder
	b.Grow(len(i.state) + usual*(len(i.told)+len(i.events)))
	b.WriteString(i.state)
	for _, e := range i.told {
		b.WriteString(e)
		b.WriteByte('\n')
	}
	for _, e := range i.events {
		b.Write(e)
		b.WriteByte('\n')
	}
	return b.String()
}

// takeIn returns the changes that are taken in now, by this call or by an earlier one.
func (h *History) takeIn(ctx context.Context, app string, changes []*Change) ([]*Change, error) {
	for range tries {
		done, items, err := h.differences(ctx, app, changes)
		if err != nil || len(items) == 0 {
			return done, err
		}
		err = h.write(ctx, app, items)
		if err == nil {
			for _, one := range items {
				h.remember(one)
				done = append(done, one.change)
			}
			return done, nil
		}
		for _, one := range items {
			h.memory.Remove(one.change.Reference)
		}
		if !errors.Is(err, errOvertaken) && !errors.Is(err, redis.TxFailedErr) {
			return nil, err
		}
	}
	return nil, nil
}

// differences returns what is to be taken in, and before it the changes that need not be: they were taken in already, or
// cannot be.
func (h *History) differences(ctx context.Context, app string, changes []*Change) ([]*Change, []*item, error) {
	states, err := h.look(ctx, app, changes)
	if err != nil {
		return nil, nil, err
	}
	var done []*Change
	var items []*item
	for i, c := range changes {
		switch before := states[i]; {
		case before.damaged || before.forgotten || before.line == lineOf(c):
			done = append(done, c)
		case !before.newer:
			one, err := difference(c, before)
			if err != nil {
				return nil, nil, err
			}
			items = append(items, one)
		}
	}
	return done, items, nil
}

// difference tells what a verification is now and what it was when it was taken in last.
func difference(c *Change, before *state) (*item, error) {
	one := &item{change: c, before: before}
	var err error
	if one.state, err = encodeState(c); err != nil {
		return nil, err
	}
	for _, e := range otp.Changes(before.Verification, c.Verification, c.At) {
		b, err := otp.EncodeEvent(e)
		if err != nil {
			return nil, err
		}
		one.events = append(one.events, b)
	}
	return one, nil
}
