package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"sync"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/otpgate/otpgate/gateway/config"
	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/gateway/store/redis"
	"github.com/otpgate/otpgate/gateway/store/sqlite"
	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/builtin"
)

// closingStore is a store of this process.
type closingStore interface {
	otp.Store
	Close() error
}

// inHouse is a generator that tells its codes.
type inHouse interface {
	providers.Provider
	providers.CodeReader
}

// seeder makes verifications.
type seeder struct {
	ctx       context.Context
	cfg       *config.Config
	store     closingStore
	generator inHouse
	people    int // that were written to
}

func newSeeder(ctx context.Context, file string) (*seeder, error) {
	cfg, report := config.Load(file, config.Sources{Kinds: builtin.Kinds()})
	if err := report.Err(); err != nil {
		return nil, err
	}
	built, err := cfg.Providers[inHouseName].With.Build(providers.Environment{
		Name: inHouseName, Timeout: time.Second, CodeKeys: cfg.ProviderKeys(), Phone: nobody{},
		Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return nil, err
	}
	generator, ok := built.(inHouse)
	if !ok {
		return nil, errors.New("the provider does not tell its codes")
	}
	store, err := openStore(ctx, cfg.Store)
	return &seeder{ctx: ctx, cfg: cfg, store: store, generator: generator}, err
}

func openStore(ctx context.Context, s config.Store) (closingStore, error) {
	if s.Driver == config.DriverSQLite {
		return sqlite.Open(ctx, sqlite.Options{
			Path: s.SQLite.Path, Retention: s.Retention.Verifications, Events: s.Retention.Events,
		})
	}
	at, err := goredis.ParseURL(s.Redis.URL)
	if err != nil {
		return nil, err
	}
	return redis.Open(ctx, redis.Options{
		Addresses: []string{at.Addr}, Prefix: s.Redis.Prefix, PoolSize: seeders, Timeout: 5 * time.Second,
		Retention: s.Retention.Verifications, Track: true,
	})
}

// follow has the history take in what was filled, as it would have long ago if a gateway had sent it. A store in a file
// writes its history with each step.
func (s *seeder) follow() error {
	shared, ok := s.store.(*redis.Store)
	if !ok {
		return nil
	}
	past := shared.History(s.cfg.Store.Retention.Events)
	for {
		if n, err := past.Follow(s.ctx); n == 0 || err != nil {
			return err
		}
	}
}

// seeders is how many verifications are made at once: a store writes them in groups.
const seeders = 256

// fill makes n verifications of as many people. Where guesses is not nil it has room for n of them, each a reference
// and its code.
func (s *seeder) fill(n int, guesses []string) error {
	var all sync.WaitGroup
	failures := make([]error, seeders)
	for w := range seeders {
		all.Go(func() {
			for i := w; i < n && failures[w] == nil; i += seeders {
				var guess string
				if guess, failures[w] = s.one(s.people + i); guesses != nil {
					guesses[i] = guess
				}
			}
		})
	}
	all.Wait()
	s.people += n
	return errors.Join(failures...)
}

// one makes a verification and returns its reference and code.
func (s *seeder) one(person int) (guess string, err error) {
	begin := s.begin(providers.NewEmail("p"+strconv.Itoa(person)+"@example.com"), time.Now().UTC())
	if _, err := s.store.Begin(s.ctx, begin); err != nil {
		return "", err
	}
	v := begin.Verification
	handle, err := s.generator.Send(s.ctx, providers.SendRequest{
		Reference: string(v.Reference), App: v.App, To: v.To, Channel: v.Channel, Wish: v.Wish,
		Message: v.Message, Locale: v.Locale,
	})
	if err != nil {
		return "", err
	}
	code, err := s.generator.Code(handle)
	if err != nil {
		return "", err
	}
	_, err = s.store.Deliver(s.ctx, s.deliver(begin, handle))
	return string(v.Reference) + " " + code.Reveal(), err
}

func (s *seeder) begin(to providers.Recipient, now time.Time) otp.Begin {
	d := s.cfg.Defaults
	v := otp.Verification{
		Reference: otp.NewReference(now, to), App: appName, To: to, Channel: providers.Email,
		Message: "{code}", Locale: d.Locale,
		Wish: providers.CodeWish{
			Length: d.Code.Length, Alphabet: d.Code.Alphabet, Expiry: d.ExpiresIn, Attempts: d.MaxAttempts,
		},
		Status: otp.StatusPending, CreatedAt: now, ExpiresAt: now.Add(d.ExpiresIn),
		MaxAttempts: d.MaxAttempts, MaxResends: d.MaxResends, ResendAfter: d.ResendAfter, ResendAt: now.Add(d.ResendAfter),
	}
	person := to.Address()
	v.Key = string(v.Reference)
	sum := sha256.Sum256([]byte(v.Key))
	b := otp.Begin{Verification: v, Now: now, Once: &otp.Once{
		Key: hex.EncodeToString(sum[:]), Fingerprint: sum, Lease: time.Minute, Keep: 24 * time.Hour,
	}}
	for _, limit := range s.cfg.Limits.Recipient {
		key := "recipient " + limit.String() + " " + person
		b.Claims = append(b.Claims, otp.Claim{Name: "recipient", Key: key, Limit: limit, Person: person})
	}
	return b
}

func (s *seeder) deliver(b otp.Begin, handle providers.Handle) otp.Dispatch {
	v := b.Verification
	// The answer that is kept for the idempotency key is as long as a real one.
	body := fmt.Appendf(nil, `{"reference":%q,"status":"pending","padding":"%0400d"}`, v.Reference, 0)
	return otp.Dispatch{
		Reference: v.Reference, Now: b.Now,
		Deliveries: []otp.Delivery{{
			ID: string(v.Reference), Provider: inHouseName, Channel: v.Channel, To: v.To, Status: otp.DeliverySent,
			At: b.Now, Rule: "rest", Place: 1, Handle: handle, Checkable: true,
			ExpiresAt: b.Now.Add(cmp.Or(handle.Granted.Expiry, v.Wish.Expiry)),
		}},
		Done: &otp.Done{
			Key: b.Once.Key, Answer: &otp.Answer{Status: http.StatusCreated, ContentType: "application/json", Body: body},
		},
	}
}
