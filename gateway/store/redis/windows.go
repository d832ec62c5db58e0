package redis

import (
	"context"
	"encoding/binary"
	"slices"
	"strings"
	"time"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/providers"
)

// group are claims that are counted in one place: windows of one person, or a window that many people share.
type group struct {
	key     string // empty: there are no claims
	person  string // empty: a window that many people share
	windows []counted
	now     time.Time
}

// counted is a window in which claims are counted: one, as a rule.
type counted struct {
	name   string // among the windows of its person
	limit  otp.Limit
	claims []int // places in the list of all claims
}

func (g *group) add(place int, c otp.Claim) {
	name := nameOf(c)
	at := slices.IndexFunc(g.windows, func(w counted) bool { return w.name == name })
	if at < 0 {
		at = len(g.windows)
		g.windows = append(g.windows, counted{name: name, limit: c.Limit})
	}
	w := &g.windows[at]
	w.limit.Max = min(w.limit.Max, c.Limit.Max)
	w.claims = append(w.claims, place)
}

// nameOf is how the window of a claim is called among those of its person.
func nameOf(c otp.Claim) string { return strings.TrimSuffix(c.Key, c.Person) }

// groups parts the claims: those of the person whose verification it is, who is of that shard, and all others.
func (s *Store) groups(claims []otp.Claim, shard byte, now time.Time) (own *group, others []*group) {
	own = &group{now: now}
	for i, c := range claims {
		s.groupOf(c, shard, own, &others).add(i, c)
	}
	return own, others
}

func (s *Store) groupOf(c otp.Claim, shard byte, own *group, others *[]*group) *group {
	key := s.place(c)
	if c.Person != "" && otp.ShardOf(c.Person) == shard && (own.key == "" || own.key == key) {
		own.key, own.person = key, c.Person
		return own
	}
	for _, g := range *others {
		if g.key == key {
			return g
		}
	}
	g := &group{key: key, person: c.Person, now: own.now}
	*others = append(*others, g)
	return g
}

// place is the key of a claim's window, or of all windows of its person.
func (s *Store) place(c otp.Claim) string {
	if c.Person == "" {
		return s.keys.window(c.Key)
	}
	return s.keys.person(otp.ShardOf(c.Person), c.Person)
}

// keys are those of a script that counts the claims besides something else.
func (g *group) keys() []string {
	if g.key == "" {
		return nil
	}
	return []string{g.key}
}

// args tell a script of the claims of a person.
func (g *group) args() []any {
	var args []any
	for _, w := range g.windows {
		args = appendClaim(args, w.name, w.limit, g.now, len(w.claims))
	}
	return args
}

// appendClaim adds what a script needs of claims in a window. Numbers stand in one place: each by itself would be allocated.
func appendClaim(args []any, name string, l otp.Limit, now time.Time, events int) []any {
	n := &[...]int64{int64(l.Max), l.Slot(now), oldest(l, now), keep(l), int64(events)}
	return append(args, name, &n[0], &n[1], &n[2], &n[3], &n[4])
}

// charge is the call that counts the claims.
func (g *group) charge(ctx context.Context, s *Store) *command {
	if g.person != "" {
		return newCommand(ctx, "limit", s.scripts.limit, g.keys(), g.args()...)
	}
	c := newCommand(ctx, "charge", s.scripts.charge, g.keys(), g.args()[1:]...) // its name is in its key
	w := &g.windows[0]
	c.charge = &charging{
		window: window{key: g.key, limit: w.limit, slot: w.limit.Slot(g.now), oldest: oldest(w.limit, g.now)},
		events: len(w.claims),
	}
	return c
}

// uncharge is the call that takes them back.
func (g *group) uncharge(ctx context.Context, s *Store) *command {
	var args []any
	for _, w := range g.windows {
		args = append(args, w.name, w.limit.Slot(g.now), len(w.claims))
	}
	if g.person != "" {
		return newCommand(ctx, "unlimit", s.scripts.unlimit, g.keys(), args...)
	}
	return newCommand(ctx, "uncharge", s.scripts.uncharge, g.keys(), args[1:]...)
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
	for i, counted := range g.windows {
		if 2*i+1 >= len(told) {
			return errReply
		}
		w, err := windowOf(number(told[2*i]), number(told[2*i+1]))
		if err != nil {
			return err
		}
		for _, place := range counted.claims {
			l.windows[place] = w
		}
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

// failureName is how the window of wrong guesses is called among those of a person.
func failureName(l otp.Limit) string { return nameOf(otp.FailureClaim(providers.Recipient{}, l)) }
