package history

import (
	"context"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/otpgate/otpgate/gateway/otp"
)

const (
	// known is how long after its end the state of a verification is kept. What comes later, such as a very late report,
	// is kept in its record and not told here.
	known = 24 * time.Hour
	// tries is how often a bite is tried when somebody else was faster. What is left waits for the next round.
	tries = 4
)

// errOvertaken means that a state is another one than that of which the difference was made.
var errOvertaken = errors.New("somebody else has taken in a change of this verification")

// item is what is taken in of one verification.
type item struct {
	change Change
	before state
	state  string // from now on
	fresh  bool   // nothing of it was taken in yet
	moved  bool   // its events have to end later than they do
	events [][]byte
	first  int64 // number of the first of them
}

// untold tells of an item that its last state was forgotten: it gets a new one, but its change cannot be told any more.
func (i *item) untold() bool { return i.before.line == "" && !i.fresh }

// takeIn returns the changes that are taken in now, by this call or by an earlier one.
func (h *History) takeIn(ctx context.Context, app string, changes []Change) ([]Change, error) {
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
func (h *History) differences(ctx context.Context, app string, changes []Change) ([]Change, []*item, error) {
	states, err := h.look(ctx, app, changes)
	if err != nil {
		return nil, nil, err
	}
	var done []Change
	var items []*item
	for i, c := range changes {
		switch before := states[i]; {
		case before.damaged || before.line == lineOf(c):
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
func difference(c Change, before state) (*item, error) {
	one := &item{change: c, before: before, fresh: before.line == "" && !before.listed}
	var err error
	if one.state, err = encodeState(c); err != nil || one.untold() {
		return one, err
	}
	for _, e := range otp.Changes(before.Verification, c.Verification, c.At) {
		b, err := otp.EncodeEvent(e)
		if err != nil {
			return nil, err
		}
		one.events = append(one.events, b)
	}
	// Events are told of until long after the end of the verification. So their end moves only when that one does, and
	// with what comes after it.
	one.moved = c.At.After(c.ExpiresAt) || !c.ExpiresAt.Equal(before.ExpiresAt)
	return one, nil
}
