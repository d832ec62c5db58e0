package redis_test

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/gateway/store/redis"
)

// answerIn is how long any verb may take, whatever happens to Redis.
const answerIn = time.Second

func TestEveryVerbFailsWithinASecondAndRecoversAlone(t *testing.T) {
	t.Parallel()
	for harm, do := range map[string]struct{ start, end func(*proxy) }{
		"nothing comes back": {
			func(p *proxy) { p.set(func() { p.hole = true }) },
			func(p *proxy) { p.set(func() { p.hole = false }); p.cut() },
		},
		"too slow": {
			func(p *proxy) { p.set(func() { p.delay = 2 * time.Second }) },
			func(p *proxy) { p.set(func() { p.delay = 0 }); p.cut() },
		},
		"connections are refused": {
			func(p *proxy) { p.set(func() { p.gone = true }); p.cut() },
			func(p *proxy) { p.set(func() { p.gone = false }) },
		},
	} {
		t.Run(harm, func(t *testing.T) {
			t.Parallel()
			p := newProxy(t, shared.Address)
			s := open(t, func(o *redis.Options) { o.Addresses, o.Timeout = []string{p.address()}, 400*time.Millisecond })
			v := sent(t, s)
			do.start(p)
			for verb, err := range timed(t, s, v) {
				if err == nil {
					t.Errorf("%s succeeded", verb)
				}
				if refusal, ok := errors.AsType[*otp.Error](err); ok {
					t.Errorf("%s was refused with %v", verb, refusal)
				}
			}
			do.end(p)
			eventually(t, 5*time.Second, func() bool { return s.Ping(t.Context()) == nil })
			got, err := s.Reserve(t.Context(), guess(v, "after"))
			if err != nil || got.Attempts < 1 {
				t.Errorf("afterwards: %d attempts, %v", got.Attempts, err)
			}
		})
	}
}

// timed takes every step, and fails when one takes longer than answerIn.
func timed(t *testing.T, s *redis.Store, v otp.Verification) map[string]error {
	t.Helper()
	fresh := draft(somebody())
	steps := map[string]func() error{
		"Begin": func() error {
			_, err := s.Begin(t.Context(), otp.Begin{Verification: fresh, Now: fresh.CreatedAt})
			return err
		},
		"Renew": func() error {
			_, err := s.Renew(t.Context(), otp.Renewal{Match: guess(v, "").Match, Now: v.ResendAt})
			return err
		},
		"Deliver": func() error {
			_, err := s.Deliver(t.Context(), otp.Dispatch{Reference: v.Reference, Now: v.CreatedAt})
			return err
		},
		"Reserve": func() error { _, err := s.Reserve(t.Context(), guess(v, "c1")); return err },
		"Release": func() error {
			_, err := s.Release(t.Context(), otp.Release{Reference: v.Reference, Check: "c1", Now: v.CreatedAt})
			return err
		},
		"Settle": func() error {
			_, err := s.Settle(t.Context(), otp.Settlement{
				Match: guess(v, "").Match, Status: otp.StatusPending, Now: v.CreatedAt,
			})
			return err
		},
		"Get":  func() error { _, err := s.Get(t.Context(), v.Reference); return err },
		"Find": func() error { _, err := s.Find(t.Context(), "own", "up-1"); return err },
		"Open": func() error { _, err := s.Open(t.Context(), v.To.Address(), v.CreatedAt); return err },
		"Levels": func() error {
			_, err := s.Levels(t.Context(), []otp.Claim{recipient(v.To, otp.Limit{Max: 1, Window: time.Minute})}, v.CreatedAt)
			return err
		},
		"Due":  func() error { _, err := s.Due(t.Context(), v.CreatedAt, time.Minute, 10); return err },
		"Ping": func() error { return s.Ping(t.Context()) },
	}
	errs := map[string]error{}
	var mu sync.Mutex
	var all sync.WaitGroup
	for verb, step := range steps {
		all.Go(func() {
			began := time.Now()
			err := step()
			if took := time.Since(began); took > answerIn {
				t.Errorf("%s took %v", verb, took)
			}
			mu.Lock()
			defer mu.Unlock()
			errs[verb] = err
		})
	}
	all.Wait()
	return errs
}

// A step whose answer was lost has been made once or not at all.
func TestNothingIsDoneTwice(t *testing.T) {
	t.Parallel()
	p := newProxy(t, shared.Address)
	sure := open(t)
	s := open(t, func(o *redis.Options) {
		o.Addresses, o.Timeout, o.Prefix = []string{p.address()}, 400*time.Millisecond, sure.Prefix()
	})
	v := sent(t, sure)
	p.set(func() { p.delay = 100 * time.Millisecond })
	done := make(chan error)
	go func() { _, err := s.Reserve(t.Context(), guess(v, "c1")); done <- err }()
	eventually(t, 5*time.Second, func() bool {
		got, err := sure.Get(t.Context(), v.Reference)
		return err == nil && got.Attempts == 1
	})
	p.cut()
	if err := <-done; err == nil {
		t.Error("the answer was not lost")
	}
	p.set(func() { p.delay = 0 })
	if got, err := sure.Get(t.Context(), v.Reference); err != nil || got.Attempts != 1 {
		t.Errorf("%d guesses are counted, %v", got.Attempts, err)
	}
}

func TestScriptsAreSentAgainWhenRedisForgotThem(t *testing.T) {
	t.Parallel()
	server := launched(t)
	s := open(t, func(o *redis.Options) { o.Addresses = []string{server.Address} })
	flush := func() {
		c := server.Client()
		defer c.Close()
		if err := c.ScriptFlush(t.Context()).Err(); err != nil {
			t.Fatal(err)
		}
	}
	v := sent(t, s)
	flush()
	if got, err := s.Reserve(t.Context(), guess(v, "c1")); err != nil || got.Attempts != 1 {
		t.Errorf("%d attempts, %v", got.Attempts, err)
	}
	flush()
	to := somebody()
	claims := []otp.Claim{
		recipient(to, otp.Limit{Max: 5, Window: time.Hour}),
		{Name: "app", Key: "app shop", Limit: otp.Limit{Max: 5, Window: time.Hour}},
	}
	fresh := draft(to)
	begun, err := s.Begin(t.Context(), otp.Begin{Verification: fresh, Claims: claims, Now: fresh.CreatedAt})
	if err != nil || begun.Levels[0].Used != 1 || begun.Levels[1].Used != 1 {
		t.Errorf("%+v, %v", begun.Levels, err)
	}
}

// Redis is killed under load and comes back: what was answered is there, and all else failed in time.
func TestWhatWasAnsweredOutlivesAKilledRedis(t *testing.T) {
	t.Parallel()
	server := launched(t, "--appendonly", "yes", "--appendfsync", "always")
	s := open(t, func(o *redis.Options) { o.Addresses, o.Timeout = []string{server.Address}, 500*time.Millisecond })
	var mu sync.Mutex
	answered := map[otp.Reference]int{} // guesses
	failed := 0
	var stop atomic.Bool
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for !stop.Load() {
				began := time.Now()
				v := draft(somebody())
				_, err := s.Begin(t.Context(), otp.Begin{Verification: v, Now: v.CreatedAt})
				guesses := 0
				if err == nil {
					if _, err = s.Reserve(t.Context(), guess(v, "c1")); err == nil {
						guesses = 1
					}
				}
				if took := time.Since(began); took > 2*answerIn {
					t.Errorf("two steps took %v", took)
				}
				mu.Lock()
				if err != nil {
					failed++
				}
				if err == nil || guesses > 0 {
					answered[v.Reference] = guesses
				}
				mu.Unlock()
			}
		})
	}
	many := func(n int) func() bool {
		return func() bool {
			mu.Lock()
			defer mu.Unlock()
			return len(answered) >= n
		}
	}
	eventually(t, 20*time.Second, many(200))
	server.Kill()
	eventually(t, 20*time.Second, func() bool {
		mu.Lock()
		defer mu.Unlock()
		return failed >= 50
	})
	if err := server.Launch(); err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	before := len(answered)
	mu.Unlock()
	eventually(t, 20*time.Second, many(before+200))
	stop.Store(true)
	all.Wait()
	for ref, guesses := range answered {
		if got, err := s.Get(t.Context(), ref); err != nil || got.Attempts < guesses {
			t.Fatalf("%d attempts, %v", got.Attempts, err)
		}
	}
}

// A Redis whose memory is full refuses whole steps: nothing is granted, and nothing is half done.
func TestAFullRedisRefusesWholeSteps(t *testing.T) {
	t.Parallel()
	server := launched(t, "--maxmemory-policy", "noeviction")
	s := open(t, func(o *redis.Options) { o.Addresses = []string{server.Address} })
	v := sent(t, s)
	before, err := s.Reserve(t.Context(), guess(v, "c1"))
	if err != nil {
		t.Fatal(err)
	}
	failures := []otp.Claim{otp.FailureClaim(v.To, *guess(v, "").Failures)}
	c := server.Client()
	defer c.Close()
	limit := func(memory string) {
		if err := c.ConfigSet(t.Context(), "maxmemory", memory).Err(); err != nil {
			t.Fatal(err)
		}
	}
	limit("1mb")
	for verb, err := range timed(t, s, v) {
		switch verb {
		case "Get", "Find", "Open", "Levels", "Due":
			if err != nil && verb != "Find" {
				t.Errorf("%s: %v", verb, err)
			}
		default:
			if refusal, ok := errors.AsType[*otp.Error](err); err == nil || ok {
				t.Errorf("%s: %v, %v", verb, err, refusal)
			}
		}
	}
	limit("0")
	after, err := s.Get(t.Context(), v.Reference)
	if err != nil || after.Attempts != before.Attempts || after.Status != before.Status {
		t.Errorf("%d attempts, %s, %v", after.Attempts, after.Status, err)
	}
	levels, err := s.Levels(t.Context(), failures, time.Now().UTC())
	if err != nil || levels[0].Used != 1 {
		t.Errorf("%+v, %v", levels, err)
	}
}
