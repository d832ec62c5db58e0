package otp

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"log/slog"
	"time"

	"github.com/otpgate/otpgate/gateway/apps"
	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/routing"
)

// Router finds a provider for a delivery, and asks the one that holds a code.
type Router interface {
	// Plan tells what Send would do now.
	Plan(req routing.Request) routing.Plan
	// Send hands the request to the first healthy provider that can do what was asked. Its error is a [*routing.Failure].
	// late is called once for each try that timed out and whose answer came after all, perhaps long after Send returned.
	Send(ctx context.Context, req routing.Request, late func(routing.Try)) (routing.Outcome, error)
	// Resend is Send for a code that was delivered before: the upstream's own resend comes first where it has one.
	Resend(ctx context.Context, before routing.Delivered, req routing.Request, late func(routing.Try)) (routing.Outcome, error)
	// Verify asks the provider that holds the code. It never fails over and is never repeated.
	Verify(ctx context.Context, at routing.Spot, h providers.Handle, code providers.Secret) (providers.Verdict, error)
}

// Service is the use cases. It holds one configuration and no state of its own: a reload makes a new service over the
// same store, router state and memory.
type Service struct {
	policy   Policy
	store    Store
	history  History
	router   Router
	memory   *Memory
	numbers  *Numbers
	learner  Learner
	timing   Timing
	now      func() time.Time
	log      *slog.Logger
	observer Observer

	writers  map[string]bool
	judges   map[string]bool
	measure  Measure
	readers  map[string]providers.CodeReader
	speakers map[string]Speaker
	appNames map[string]string
}

// Timing bounds what a service waits for.
type Timing struct {
	Lease   time.Duration // how long an unfinished request holds its idempotency key: longer than any request lasts
	Keep    time.Duration // how long the answer to an idempotency key is kept
	Closing time.Duration // what recording an outcome may take when the request's own time is over
}

// DefaultTiming suits requests of at most requestTimeout.
func DefaultTiming(requestTimeout time.Duration) Timing {
	return Timing{Lease: 2*requestTimeout + 5*time.Second, Keep: day, Closing: 2 * time.Second}
}

// Parts are what a service is made of.
type Parts struct {
	Policy  Policy
	Store   Store
	History History
	Router  Router
	Memory  *Memory
	Numbers *Numbers
	Learner Learner
	Timing  Timing
	Now     func() time.Time
	Log     *slog.Logger
	// Observer is told what happens; nil: nobody is.
	Observer Observer
	// What is known of the providers that make codes and write texts here: their names, and how large their texts are.
	Writers map[string]bool
	Measure Measure
	// Judges are the names of the providers that compare codes by themselves, and ask nobody.
	Judges map[string]bool
	// What only Dial needs: the providers that can show their codes, by name, and how people know the apps, by id.
	Readers  map[string]providers.CodeReader
	AppNames map[string]string
	// What only ReadOut needs: the providers whose upstreams ask what to say, by name.
	Speakers map[string]Speaker
}

// New makes a service.
func New(p Parts) *Service {
	if p.Observer == nil {
		p.Observer = unobserved{}
	}
	return &Service{
		policy: p.Policy, store: p.Store, history: p.History, router: p.Router, memory: p.Memory, numbers: p.Numbers,
		learner: p.Learner, timing: p.Timing, now: p.Now, log: p.Log, observer: p.Observer, writers: p.Writers, measure: p.Measure,
		judges:  p.Judges,
		readers: p.Readers, speakers: p.Speakers, appNames: p.AppNames,
	}
}

// closing is a context for recording what has happened: it outlives a request whose time is over, but not for long.
func (s *Service) closing(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), s.timing.Closing)
}

// once translates an app's idempotency key. Keys of different apps and routes never meet.
func (s *Service) once(app *apps.App, route string, in *OnceInput) *Once {
	if in == nil {
		return nil
	}
	const usual = 384
	text := append(append(make([]byte, 0, usual), app.ID...), 0)
	text = append(append(text, route...), 0)
	sum := sha256.Sum256(append(text, in.Key...))
	var key [2 * sha256.Size]byte
	hex.Encode(key[:], sum[:])
	return &Once{
		Key: string(key[:]), Fingerprint: in.Fingerprint, Lease: s.timing.Lease, Keep: s.timing.Keep,
	}
}

// storeError makes the answer to a store's error: a refusal stays what it is, everything else is the store's fault.
func storeError(err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*Error](err); ok {
		return err
	}
	return &Error{
		Code: StoreUnavailable, Detail: "the gateway cannot reach its store; try again shortly, with an Idempotency-Key where a repeat would cost a message",
		RetryAfter: time.Second, Err: err,
	}
}

// worthRepeating tells whether the same request may succeed later: its idempotency key is then given up with the answer.
func worthRepeating(err error) bool {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		return true
	}
	switch e.Code {
	case ProviderUnavailable, StoreUnavailable, Overloaded, RateLimited, RecipientLocked, ResendTooSoon:
		return true
	default:
		return false
	}
}
