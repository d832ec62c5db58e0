package redis

import (
	"context"
	"encoding/binary"
	"time"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/providers"
)

// group are claims whose windows one script can reach.
type group struct {
	claims []int // places in the list of all claims
	keys   []string
	args   []any // of each claim: limit, slot of now, oldest slot that counts, how long to keep the window
	slots  []any // of each claim: slot of now
}

func (g *group) add(place int, key string, c otp.Claim, now time.Time) {
	slot := c.Limit.Slot(now)
	g.claims = append(g.claims, place)
	g.keys = append(g.keys, key)
	g.slots = append(g.slots, slot)
	g.args = append(g.args, c.Limit.Max, slot, oldest(c.Limit, now), keep(c.Limit))
}

// groups parts the claims: those that stand in the shard of a verification, and all others by their slots.
func (s *Store) groups(claims []otp.Claim, shard byte, now time.Time) (own group, others []*group) {
	known := map[string]*group{}
	for i, c := range claims {
		key := s.keys.window(c)
		if c.Person != "" && otp.ShardOf(c.Person) == shard {
			own.add(i, key, c, now)
			continue
		}
		g, ok := known[key]
		if !ok {
			g = new(group)
			known[key] = g
			others = append(others, g)
		}
		g.add(i, key, c, now)
	}
	return own, others
}

// uncharge takes the claims back.
func (g *group) uncharge(ctx context.Context, s *Store) *command {
	return newCommand(ctx, "uncharge", s.scripts.uncharge, g.keys, g.slots...)
}

func oldest(l otp.Limit, now time.Time) int64 { return l.Slot(now.Add(-l.Window)) }

// keep is after how many milliseconds an event is forgotten for certain: the window, its last slot and some more.
func keep(l otp.Limit) int64 { return (l.Window + l.Window/10 + time.Second).Milliseconds() }

// levels are windows as scripts tell of them, in the order of the claims.
type levels struct {
	claims  []otp.Claim
	windows []*otp.Window
	full    bool
}

func newLevels(claims []otp.Claim) *levels {
	return &levels{claims: claims, windows: make([]*otp.Window, len(claims))}
}

// take reads what a script told of a group. Claims with the same key share a window.
func (l *levels) take(g *group, told []any, full bool) error {
	l.full = l.full || full
	for i, place := range g.claims {
		if 2*i+1 >= len(told) {
			return errReply
		}
		for j := range i {
			if g.keys[j] == g.keys[i] {
				l.windows[place] = l.windows[g.claims[j]]
			}
		}
		if l.windows[place] != nil {
			continue
		}
		w, err := windowOf(number(told[2*i]), number(told[2*i+1]))
		if err != nil {
			return err
		}
		l.windows[place] = w
	}
	return nil
}

// charge counts the claims once more by the rules, for the words and figures of the answer.
func (l *levels) charge(now time.Time) ([]otp.Level, error) {
	all, err := otp.Charge(l.claims, l.windows, now)
	if (err != nil) != l.full {
		return nil, disagreement("charge")
	}
	return all, err
}

// windowOf is a window in which used events count, the oldest of them in the slot first.
func windowOf(used, first int64) (*otp.Window, error) {
	w := new(otp.Window)
	if used <= 0 {
		return w, nil
	}
	return w, w.UnmarshalBinary(binary.AppendUvarint(binary.AppendVarint(nil, first), uint64(used)))
}

// failureArgs tell a script where wrong guesses of the verification's person are counted, and how. The key is told up to
// the person, whom the script finds beside the record.
func (s *Store) failureArgs(g otp.Guess) []any {
	l := g.Failures
	if l == nil {
		return []any{"", 0, 0, 0, 0}
	}
	begin := s.keys.failures(g.Match.Reference.Shard(), otp.FailureClaim(providers.Recipient{}, *l).Key)
	return []any{begin, l.Max, l.Slot(g.Now), oldest(*l, g.Now), keep(*l)}
}
