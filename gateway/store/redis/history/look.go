package history

import (
	"context"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/otpgate/otpgate/gateway/otp"
)

// rememberedAtMost is how many states are remembered, of some 400 bytes each. The collector looks at each of them.
const rememberedAtMost = 10_000

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
func (h *History) look(ctx context.Context, app string, changes []*Change) ([]*state, error) {
	states := make([]*state, len(changes))
	var unknown, doubtful []int
	for i, c := range changes {
		text, ok := h.memory.Get(c.Reference)
		if !ok {
			unknown = append(unknown, i)
			continue
		}
		if states[i] = h.decode(c.Reference, text); c.Unread {
			doubtful = append(doubtful, i)
		}
	}
	if len(unknown) > 0 {
		found, err := h.fetch(ctx, app, changes, states, unknown)
		if err != nil {
			return nil, err
		}
		doubtful = append(doubtful, found...)
	}
	return states, h.doubt(ctx, changes, states, doubtful)
}

// fetch reads states that are not remembered, and tells which there are. Where there is none, the verification is new, or so
// old that what was told of it has had its time: then it is in the list.
func (h *History) fetch(
	ctx context.Context, app string, changes []*Change, states []*state, unknown []int,
) (found []int, err error) {
	keys, none := make([]string, len(unknown)), new(state)
	var old []int
	score := []any{"ZMSCORE", h.list(app)} // the library's own call takes a score of 0 for none
	for k, i := range unknown {
		keys[k] = h.told(app, changes[i].Reference)
		states[i] = none
		if time.Since(changes[i].CreatedAt) > h.KeepEvents/2 {
			old, score = append(old, i), append(score, string(changes[i].Reference))
		}
	}
	var texts *redis.SliceCmd
	var scores *redis.Cmd
	_, err = h.Client.Pipelined(ctx, func(p redis.Pipeliner) error {
		if texts = p.MGet(ctx, keys...); len(old) > 0 {
			scores = p.Do(ctx, score...)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(old) > 0 {
		listed, err := scores.Slice()
		if err != nil {
			return nil, err
		}
		for k, i := range old {
			if listed[k] != nil {
				states[i] = &state{forgotten: true}
			}
		}
	}
	for k, i := range unknown {
		if text, ok := texts.Val()[k].(string); ok {
			states[i] = h.decode(changes[i].Reference, text)
			found = append(found, i)
		}
	}
	return found, nil
}

// decode reads a state. One that cannot be read is told of and passed over.
func (h *History) decode(ref otp.Reference, text string) *state {
	s, err := decodeState(ref, text)
	if err != nil {
		h.Log.Error("the history of a verification cannot be read and goes no further", "reference", ref, "error", err)
	}
	return s
}

// doubt marks states that may be newer than the change: after the record was read, and before the state was, somebody
// else may have taken in the next change; and what is remembered of a record may be older than any state. A record that is
// still the same was not overtaken.
func (h *History) doubt(ctx context.Context, changes []*Change, states []*state, found []int) error {
	if len(found) == 0 {
		return nil
	}
	doubtful := make([]*Change, len(found))
	for k, i := range found {
		doubtful[k] = changes[i]
	}
	still, err := h.Source.Still(ctx, doubtful)
	if err != nil {
		return err
	}
	for k, i := range found {
		states[i].newer = !still[k]
	}
	return nil
}
