package history

import (
	"context"

	"github.com/redis/go-redis/v9"

	"github.com/otpgate/otpgate/gateway/otp"
)

// rememberedAtMost is how many states are remembered, of some 400 bytes each.
const rememberedAtMost = 30_000

// remember keeps the state that an item leads to, unless the verification has ended: then little can follow on it. So it
// need not be read again, only compared.
func (h *History) remember(one *item) {
	if one.change.Status == otp.StatusPending {
		h.memory.Add(one.change.Reference, one.state)
	} else {
		h.memory.Remove(one.change.Reference)
	}
}

// look returns the states in which verifications were last taken in. A remembered one may be behind.
func (h *History) look(ctx context.Context, app string, changes []Change) ([]state, error) {
	states := make([]state, len(changes))
	var unknown []looked
	for i, c := range changes {
		if text, ok := h.memory.Get(c.Reference); ok {
			states[i] = h.decode(c.Reference, text)
		} else {
			unknown = append(unknown, looked{c, &states[i]})
		}
	}
	if len(unknown) == 0 {
		return states, nil
	}
	return states, h.fetch(ctx, app, unknown)
}

// looked is a change, and where the state before it belongs.
type looked struct {
	change Change
	state  *state
}

// fetch reads states that are not remembered.
func (h *History) fetch(ctx context.Context, app string, unknown []looked) error {
	var keys []string
	score := []any{"ZMSCORE", h.list(app)} // the library's own call takes a score of 0 for none
	for _, one := range unknown {
		keys, score = append(keys, h.seen(app, one.change.Reference)), append(score, string(one.change.Reference))
	}
	var texts *redis.SliceCmd
	var scores *redis.Cmd
	_, err := h.Client.Pipelined(ctx, func(p redis.Pipeliner) error {
		texts, scores = p.MGet(ctx, keys...), p.Do(ctx, score...)
		return nil
	})
	if err != nil {
		return err
	}
	listed, err := scores.Slice()
	if err != nil {
		return err
	}
	var found []looked
	for i, one := range unknown {
		if text, ok := texts.Val()[i].(string); ok {
			*one.state = h.decode(one.change.Reference, text)
			found = append(found, one)
		}
		one.state.listed = listed[i] != nil
	}
	return h.doubt(ctx, found)
}

// decode reads a state. One that cannot be read is told of and passed over.
func (h *History) decode(ref otp.Reference, text string) state {
	s, err := decodeState(ref, text)
	if err != nil {
		h.Log.Error("the history of a verification cannot be read and goes no further", "reference", ref, "error", err)
	}
	return s
}

// doubt marks states that may be newer than the change: after the record was read, and before the state was, somebody
// else may have taken in the next change. A record that is still the same was not overtaken.
func (h *History) doubt(ctx context.Context, found []looked) error {
	if len(found) == 0 {
		return nil
	}
	changes := make([]Change, len(found))
	for i, one := range found {
		changes[i] = one.change
	}
	still, err := h.Source.Still(ctx, changes)
	if err != nil {
		return err
	}
	for i, one := range found {
		one.state.newer = !still[i]
	}
	return nil
}
