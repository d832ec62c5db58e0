package redis

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/gateway/store"
)

// Get implements [otp.Store].
func (s *Store) Get(ctx context.Context, ref otp.Reference) (otp.Verification, error) {
	if ctx.Err() != nil {
		return otp.Verification{}, ctx.Err()
	}
	ctx, cancel := s.bound(ctx)
	defer cancel()
	return s.get(ctx, ref)
}

func (s *Store) get(ctx context.Context, ref otp.Reference) (otp.Verification, error) {
	text, err := s.client.Get(ctx, s.keys.record(ref)).Bytes()
	if errors.Is(err, goredis.Nil) {
		return otp.Verification{}, store.NotFound()
	}
	if err != nil {
		return otp.Verification{}, explain(err)
	}
	seen, err := decode(text)
	if err != nil {
		return otp.Verification{}, err
	}
	s.remember(seen)
	return seen.verification, nil
}

// read is what stands in Redis of one verification; an empty text is none.
type read struct {
	text []byte
	err  error
}

// texts reads verifications in one round trip. The error is the first of all.
func (s *Store) texts(ctx context.Context, refs []otp.Reference) ([]read, error) {
	if len(refs) == 0 {
		return nil, nil
	}
	pipe := s.client.Pipeline()
	sent := make([]*goredis.StringCmd, len(refs))
	for i, ref := range refs {
		sent[i] = pipe.Get(ctx, s.keys.record(ref))
	}
	_, _ = pipe.Exec(ctx) // its errors are those of the commands
	all := make([]read, len(refs))
	var first error
	for i, one := range sent {
		text, err := one.Bytes()
		all[i] = read{text, explain(ignoreNil(err))}
		first = cmp.Or(first, all[i].err)
	}
	return all, first
}

// Find implements [otp.Store]. An id that a provider gives to two verifications is that of the later one. Who gave it up
// is not found by it.
func (s *Store) Find(ctx context.Context, provider, upstreamID string) (otp.Verification, error) {
	if ctx.Err() != nil {
		return otp.Verification{}, ctx.Err()
	}
	ctx, cancel := s.bound(ctx)
	defer cancel()
	ref, err := s.client.Get(ctx, s.keys.upstream(provider, upstreamID)).Result()
	if errors.Is(err, goredis.Nil) || isParked(ref) {
		return otp.Verification{}, store.NotFound()
	}
	if err != nil {
		return otp.Verification{}, explain(err)
	}
	v, err := s.get(ctx, otp.Reference(ref))
	if err == nil && !slices.Contains(linked(v.Deliveries), upstream{provider, upstreamID}) {
		return otp.Verification{}, store.NotFound()
	}
	return v, err
}

// glance is how many of a person's verifications are read at once.
const glance = 2 * otp.MaxOpen

// Open implements [otp.Store]. What is pending began no longer ago than anything may live; clocks may differ a little.
func (s *Store) Open(ctx context.Context, address string, now time.Time) ([]otp.Verification, error) {
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	ctx, cancel := s.bound(ctx)
	defer cancel()
	from, before := otp.ReferencesSince(now.Add(-otp.MaxExpiry-time.Minute)), ""
	var open []otp.Verification
	for {
		refs, err := s.To(ctx, address, from, before, glance)
		if err != nil {
			return nil, err
		}
		if open, err = s.pending(ctx, open, refs, now); err != nil || len(open) >= otp.MaxOpen || len(refs) < glance {
			return open[:min(len(open), otp.MaxOpen)], err
		}
		before = string(refs[len(refs)-1])
	}
}

// pending adds those that are pending at now. Some have ended for everybody who looks, and nobody has written that
// down.
func (s *Store) pending(
	ctx context.Context, open []otp.Verification, refs []otp.Reference, now time.Time,
) ([]otp.Verification, error) {
	found, err := s.Records(ctx, refs)
	if err != nil {
		return nil, err
	}
	for _, v := range found {
		if v.At(now).Status == otp.StatusPending {
			open = append(open, v)
		}
	}
	return open, nil
}

// Levels implements [otp.Store].
func (s *Store) Levels(ctx context.Context, claims []otp.Claim, now time.Time) ([]otp.Level, error) {
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	ctx, cancel := s.bound(ctx)
	defer cancel()
	levels := make([]otp.Level, len(claims))
	if len(claims) == 0 {
		return levels, nil
	}
	pipe := s.client.Pipeline()
	shared, personal := make([]*goredis.MapStringStringCmd, len(claims)), make([]*goredis.StringCmd, len(claims))
	for i, c := range claims {
		if c.Person != "" {
			personal[i] = pipe.Get(ctx, s.place(c))
		} else {
			shared[i] = pipe.HGetAll(ctx, s.place(c))
		}
	}
	if _, err := pipe.Exec(ctx); ignoreNil(err) != nil {
		return nil, explain(err)
	}
	for i, c := range claims {
		var w *otp.Window
		var err error
		if personal[i] != nil {
			w, err = windowAmong(personal[i].Val(), nameOf(c))
		} else {
			w, err = wholeWindow(shared[i].Val())
		}
		if err != nil {
			return nil, err
		}
		levels[i] = w.Level(c.Name, c.Limit, now)
	}
	return levels, nil
}

// windowAmong finds a window among those of a person.
func windowAmong(lines, name string) (*otp.Window, error) {
	counts := map[string]string{}
	for line := range strings.Lines(lines) {
		if slots, ok := strings.CutPrefix(line, name+"\t"); ok {
			for pair := range slices.Chunk(strings.Fields(slots), 2) {
				counts[pair[0]] = pair[len(pair)-1]
			}
		}
	}
	return wholeWindow(counts)
}

// wholeWindow is a window by its slots, without what is kept of them together.
func wholeWindow(counts map[string]string) (*otp.Window, error) {
	known := make(map[int64]uint64, len(counts))
	var slots []int64
	for slot, n := range counts {
		if slot == "from" || slot == "sum" || slot == "first" {
			continue
		}
		at, err := strconv.ParseInt(slot, 10, 64)
		if err != nil {
			return nil, err
		}
		if known[at], err = strconv.ParseUint(n, 10, 64); err != nil {
			return nil, err
		}
		slots = append(slots, at)
	}
	slices.Sort(slots)
	var b []byte
	for _, slot := range slots {
		b = binary.AppendUvarint(binary.AppendVarint(b, slot), known[slot])
	}
	w := new(otp.Window)
	return w, w.UnmarshalBinary(b)
}

func ignoreNil(err error) error {
	if errors.Is(err, goredis.Nil) {
		return nil
	}
	return err
}
