package redis_test

import (
	"bytes"
	"errors"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/gateway/store/redis"
	"github.com/otpgate/otpgate/providers"
)

// What a gateway remembers of a verification may be behind. It neither undoes what others did, nor refuses anything.
func TestWhatOthersDidMeanwhileIsSeen(t *testing.T) {
	t.Parallel()
	t.Run("by a delivery", func(t *testing.T) {
		t.Parallel()
		both := two(t)
		v := draft(somebody())
		if _, err := both[0].Begin(t.Context(), otp.Begin{Verification: v, Now: v.CreatedAt}); err != nil {
			t.Fatal(err)
		}
		if _, err := both[1].Reserve(t.Context(), guess(v, "c1")); err != nil {
			t.Fatal(err)
		}
		got, err := both[0].Deliver(t.Context(), otp.Dispatch{
			Reference: v.Reference, Deliveries: []otp.Delivery{delivery(v, "up-"+string(v.Reference))}, Now: v.CreatedAt,
		})
		if err != nil || got.Attempts != 1 || len(got.Checks) != 1 || len(got.Deliveries) != 1 {
			t.Errorf("%d attempts, %d checks, %d deliveries: %v", got.Attempts, len(got.Checks), len(got.Deliveries), err)
		}
	})
	t.Run("by a success", func(t *testing.T) {
		t.Parallel()
		both := two(t)
		v := sent(t, both[0])
		for i, s := range both {
			if _, err := s.Reserve(t.Context(), guess(v, strconv.Itoa(i))); err != nil {
				t.Fatal(err)
			}
		}
		var codes []otp.Code
		for i, s := range both {
			_, err := s.Settle(t.Context(), otp.Settlement{
				Match: guess(v, "").Match, Status: otp.StatusVerified, Check: strconv.Itoa(i), Now: time.Now().UTC(),
			})
			if refusal, ok := errors.AsType[*otp.Error](err); ok {
				codes = append(codes, refusal.Code)
			} else if err != nil {
				t.Error(err)
			}
		}
		if !slices.Equal(codes, []otp.Code{otp.AlreadyVerified}) {
			t.Errorf("refused with %v", codes)
		}
	})
	t.Run("by a resend", func(t *testing.T) {
		t.Parallel()
		both := two(t)
		v := sent(t, both[0])
		for n := range 3 {
			if _, err := both[0].Reserve(t.Context(), guess(v, strconv.Itoa(n))); err != nil {
				t.Fatal(err)
			}
		}
		release := otp.Release{Reference: v.Reference, Check: "1", Outcome: otp.OutcomeUnavailable, Now: v.CreatedAt}
		if _, err := both[1].Release(t.Context(), release); err != nil {
			t.Fatal(err)
		}
		begun, err := both[0].Renew(t.Context(), otp.Renewal{Match: guess(v, "").Match, Now: v.ResendAt})
		if err != nil || begun.Verification.Attempts != 2 || begun.Verification.Resends != 1 {
			t.Errorf("%d attempts, %d resends: %v", begun.Verification.Attempts, begun.Verification.Resends, err)
		}
	})
}

// A guess that is given back leaves the window of the person's wrong guesses, whoever remembers what.
func TestAGuessIsGivenBackOnce(t *testing.T) {
	t.Parallel()
	both := two(t)
	v := sent(t, both[0])
	g := guess(v, "c1")
	if _, err := both[0].Reserve(t.Context(), g); err != nil {
		t.Fatal(err)
	}
	release := otp.Release{Reference: v.Reference, Check: "c1", Outcome: otp.OutcomeUnavailable, Failures: g.Failures, Now: g.Now}
	for _, s := range both {
		if got, err := s.Release(t.Context(), release); err != nil || got.Attempts != 0 {
			t.Errorf("%d attempts: %v", got.Attempts, err)
		}
	}
	levels, err := both[1].Levels(t.Context(), []otp.Claim{otp.FailureClaim(v.To, *g.Failures)}, g.Now)
	if err != nil || levels[0].Used != 0 {
		t.Errorf("%+v, %v", levels, err)
	}
}

// One verification that cannot be read keeps nobody else from being ended, and is told of.
func TestADamagedVerificationIsPassedOver(t *testing.T) {
	t.Parallel()
	var lines bytes.Buffer
	var ended []otp.Reference
	s := open(t, func(o *redis.Options) {
		o.Log = slog.New(slog.NewTextHandler(&lines, nil))
		o.Expired = func(all []otp.Verification) {
			for _, v := range all {
				ended = append(ended, v.Reference)
			}
		}
	})
	broken, gone, sound := sent(t, s), sent(t, s), sent(t, s)
	c := shared.Client()
	defer c.Close()
	key := func(v otp.Verification) string {
		return s.Prefix() + ":{" + strings.ToLower(strconv.FormatInt(int64(v.Reference.Shard())+0x100, 16)[1:]) + "}:v:" +
			string(v.Reference)
	}
	c.Set(t.Context(), key(broken), "2 and nothing more", time.Hour)
	c.Del(t.Context(), key(gone))
	late := sound.ExpiresAt.Add(2 * time.Minute)
	for range 2 { // what is gone is looked for once
		if err := s.Sweep(t.Context(), late); err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(ended, []otp.Reference{sound.Reference}) {
		t.Errorf("%v ended, want %s", ended, sound.Reference)
	}
	if !strings.Contains(lines.String(), string(broken.Reference)) || strings.Contains(lines.String(), string(gone.Reference)) {
		t.Errorf("told:\n%s", lines.String())
	}
	for _, err := range []error{
		second(s.Get(t.Context(), broken.Reference)),
		second(s.Deliver(t.Context(), otp.Dispatch{Reference: broken.Reference, Now: late})),
		second(s.Reserve(t.Context(), guess(broken, "c"))),
	} {
		if refusal, ok := errors.AsType[*otp.Error](err); err == nil || ok {
			t.Errorf("a damaged verification: %v, %v", err, refusal)
		}
	}
}

func second[T any](_ T, err error) error { return err }

// A name with two lines would be read as two names.
func TestANameWithTwoLinesIsNotStored(t *testing.T) {
	t.Parallel()
	s := open(t)
	v := draft(providers.NewEmail("ama@example.com"))
	v.Purpose = "login\nshop"
	if _, err := s.Begin(t.Context(), otp.Begin{Verification: v, Now: v.CreatedAt}); err == nil {
		t.Error("it is stored")
	}
}

func TestAClosedStoreAnswersAtOnce(t *testing.T) {
	t.Parallel()
	s, err := redis.Open(t.Context(), redis.Options{Addresses: []string{shared.Address}, Prefix: "closed"})
	if err != nil {
		t.Fatal(err)
	}
	v := draft(somebody())
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if _, err := s.Begin(t.Context(), otp.Begin{Verification: v, Now: v.CreatedAt}); err == nil || time.Since(began) > answerIn {
		t.Errorf("%v after %v", err, time.Since(began))
	}
}
