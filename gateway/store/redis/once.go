package redis

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/gateway/store"
)

// An idempotency key stands in Redis as a string: the reference, the ends of lease and entry (Unix milliseconds) and the
// fingerprint. The answer, once there is one, stands beside the verification, so that one step writes both: a line with its
// status and content type, and its body. What somebody answers who was taken over is about another verification, or the
// first answer about the same.

// hold takes an idempotency key for a request.
type hold struct {
	s        *Store
	once     otp.Once
	now      time.Time
	key      string
	text     string // of the entry
	keep     time.Duration
	sent     *command
	held     bool
	replaced string // the entry of a request that was cut off, and its end
	until    time.Time
}

func (s *Store) newHold(once otp.Once, ref otp.Reference, now time.Time) *hold {
	k := store.NewKey(once, ref, now)
	return &hold{s: s, once: once, now: now, key: s.keys.once(once.Key), text: lineOf(k), keep: k.KeepUntil.Sub(now)}
}

func lineOf(k store.Key) string {
	return strings.Join([]string{
		string(k.Reference), millis(k.LeaseUntil), millis(k.KeepUntil), hex.EncodeToString(k.Fingerprint[:]),
	}, " ")
}

// take is the call that takes the key if nobody has it.
func (h *hold) take(ctx context.Context) *command {
	h.sent = newNative(ctx, "hold", "set", h.key, h.text, "nx", "px", max(1, h.keep.Milliseconds()))
	return h.sent
}

// met is what a request is answered whose key somebody else has; nil and nil: it has the key now.
func (h *hold) met(ctx context.Context) (*otp.Answer, error) {
	for {
		if h.held = h.held || text(h.sent.Val()) == "OK"; h.held {
			return nil, nil
		}
		have, err := h.s.client.Get(ctx, h.key).Result()
		switch {
		case errors.Is(err, goredis.Nil): // it has ended since
			if err := h.s.run(ctx, h.take(ctx)); err != nil {
				return nil, err
			}
			continue
		case err != nil:
			return nil, explain(err)
		}
		k, err := keyOf(have)
		if err != nil {
			return nil, err
		}
		if answer, err := h.s.meet(ctx, k, h.once, h.now); answer != nil || err != nil {
			return answer, err
		}
		if err := h.replace(ctx, have, k.KeepUntil); err != nil {
			return nil, err
		}
		if answer, err := h.s.meet(ctx, k, h.once, h.now); answer != nil || err != nil {
			return answer, err // somebody answered at the last moment, and what was replaced is given back
		}
	}
}

// meet tells what an entry means to a request.
func (s *Store) meet(ctx context.Context, k store.Key, once otp.Once, now time.Time) (answer *otp.Answer, err error) {
	if k.Answer, err = s.answered(ctx, k.Reference, once.Key); err != nil {
		return nil, err
	}
	return k.Meet(once, now)
}

// replace takes the place of an entry that means nothing any more.
func (h *hold) replace(ctx context.Context, have string, until time.Time) error {
	c := h.exchange(ctx, "hold", have, h.text, h.keep)
	if err := h.s.run(ctx, c); err != nil {
		return err
	}
	if c.reply().word == "ok" {
		h.held, h.replaced, h.until = true, have, until
	}
	return nil
}

// giveBack is the call that gives the key back, to the entry that was replaced if there was one.
func (h *hold) giveBack(ctx context.Context) *command {
	before, left := h.replaced, h.until.Sub(h.now)
	if left <= 0 {
		before = ""
	}
	return h.exchange(ctx, "unhold", h.text, before, left)
}

// exchange is the call that puts an entry in the place of another one, or of none: an empty one is deleted.
func (h *hold) exchange(ctx context.Context, name, before, after string, keep time.Duration) *command {
	return newCommand(ctx, name, h.s.scripts.exchange, []string{h.key}, before, after, max(1, keep.Milliseconds()))
}

// keyOf reads an entry.
func keyOf(entry string) (store.Key, error) {
	var k store.Key
	var fingerprint string
	var lease, keep int64
	if _, err := fmt.Sscanf(entry, "%s %d %d %s", &k.Reference, &lease, &keep, &fingerprint); err != nil {
		return k, errDamagedKey
	}
	if n, err := hex.Decode(k.Fingerprint[:], []byte(fingerprint)); err != nil || n != len(k.Fingerprint) {
		return k, errDamagedKey
	}
	k.LeaseUntil, k.KeepUntil = time.UnixMilli(lease), time.UnixMilli(keep)
	return k, nil
}

var errDamagedKey = errors.New("a stored idempotency key is damaged")

// answered is the answer to the request of an idempotency key; nil: there is none yet.
func (s *Store) answered(ctx context.Context, ref otp.Reference, key string) (*otp.Answer, error) {
	text, err := s.client.Get(ctx, s.keys.answer(ref, key)).Result()
	if errors.Is(err, goredis.Nil) {
		return nil, nil
	}
	if err != nil {
		return nil, explain(err)
	}
	first, body, _ := strings.Cut(text, "\n")
	status, contentType, _ := strings.Cut(first, " ")
	code, err := strconv.Atoi(status)
	if err != nil {
		return nil, errDamagedKey
	}
	return &otp.Answer{Status: code, ContentType: contentType, Body: []byte(body)}, nil
}

// textOf is an answer as it is kept.
func textOf(a *otp.Answer) []byte {
	b := make([]byte, 0, len("200 \n")+len(a.ContentType)+len(a.Body))
	b = append(strconv.AppendInt(b, int64(a.Status), 10), ' ')
	b = append(append(b, a.ContentType...), '\n')
	return append(b, a.Body...)
}

// free sets the key of a request free, so that it can be repeated. What was answered stays.
func (s *Store) free(ctx context.Context, key string, ref otp.Reference) error {
	if answer, err := s.answered(ctx, ref, key); answer != nil || err != nil {
		return err
	}
	return s.run(ctx, newCommand(ctx, "free", s.scripts.free, []string{s.keys.once(key)}, string(ref)))
}
