package otp

import (
	"context"
	"time"
)

// Store keeps verifications. Its verbs are atomic: each is one step that nobody can come between, and what it returned
// without an error is still there after a crash. A refusal is an [*Error] with the code of the public contract; every
// other error means that the store could not do its work.
//
// The rules of each verb are the methods of [Verification] with the same name (transitions.go); a store runs them, or
// does the same in its own language. The suite in gateway/store/storetest tells whether it does.
type Store interface {
	// Begin records a new verification, or answers from an earlier request with the same idempotency key.
	// It refuses with IdempotencyMismatch, IdempotencyInProgress or RateLimited, and then changes nothing.
	Begin(ctx context.Context, b Begin) (Begun, error)
	// Renew counts a resend before it is made. It refuses as Begin does, and with NotFound, AlreadyVerified, Expired,
	// AttemptsExhausted, Canceled, ResendTooSoon and ResendsExhausted.
	Renew(ctx context.Context, r Renewal) (Begun, error)
	// Deliver records what became of a send or resend, and the answer to its idempotency key. Reports that came before
	// their deliveries are noted in the same step, and forgotten.
	Deliver(ctx context.Context, d Dispatch) (Verification, error)
	// Report notes what a provider tells of its deliveries. A report about a delivery that nobody knows is kept for the
	// one that Deliver may bring yet, but no more than [MaxParked] are.
	Report(ctx context.Context, r Reporting) error
	// Reserve counts a guess before it is compared. It refuses with NotFound, AlreadyVerified, Expired,
	// AttemptsExhausted, Canceled and RecipientLocked, and then counts nothing. What [Guess.Judge] says is settled in
	// the same step, or not at all: the verification that is returned shows it.
	Reserve(ctx context.Context, g Guess) (Verification, error)
	// Release gives a guess back that no provider could judge, once.
	Release(ctx context.Context, r Release) (Verification, error)
	// Settle ends a verification. Of all callers exactly one wins; the others are refused with the code that says how
	// it ended. A cancel of what was canceled is granted again.
	Settle(ctx context.Context, s Settlement) (Verification, error)
	// Get returns a verification, whoever it belongs to; NotFound when there is none.
	Get(ctx context.Context, ref Reference) (Verification, error)
	// Find returns the verification with the delivery that a provider calls upstreamID; NotFound when there is none.
	Find(ctx context.Context, provider, upstreamID string) (Verification, error)
	// Open returns the verifications of the person at address that are pending at now, newest first, [MaxOpen] at most.
	Open(ctx context.Context, address string, now time.Time) ([]Verification, error)
	// Levels tells how far the limits of claims are used up at now, and counts nothing.
	Levels(ctx context.Context, claims []Claim, now time.Time) ([]Level, error)
}

// MaxOpen is how many verifications [Store.Open] returns at most.
const MaxOpen = 10

// Begin is the step that starts a verification.
type Begin struct {
	Verification Verification
	Claims       []Claim // all or none are counted
	Once         *Once   // nil: no idempotency key
	Now          time.Time
}

// Renewal is the step that starts a resend.
type Renewal struct {
	Match  Match
	Claims []Claim
	Once   *Once
	Now    time.Time
}

// Begun is what Begin and Renew answer.
type Begun struct {
	Verification Verification
	Levels       []Level // of the claims, after they were counted
	Replay       *Answer // not nil: the request was answered before, and nothing was done
}

// Once makes a request happen once.
type Once struct {
	Key         string   // app, route and the app's key, hashed
	Fingerprint [32]byte // of the whole request
	// Lease is how long an unfinished request holds the key. One that was cut off by a crash gives it up then.
	Lease time.Duration
	Keep  time.Duration // how long the answer is kept
}

// Answer is a finished answer, kept byte for byte.
type Answer struct {
	Status      int
	ContentType string
	Body        []byte
}

// Match names a verification and what has to be true of it. What does not match is NotFound.
type Match struct {
	Reference Reference
	App       string
	To        string // address; empty: any
	Purpose   string // empty: any
}

// Dispatch is the step that records deliveries.
type Dispatch struct {
	Reference  Reference
	Deliveries []Delivery // added, or put in the place of those with the same ID
	Replaced   []string   // IDs of deliveries whose codes are dead now
	Failed     bool       // nobody took the code, and nobody may have: the pending verification ends as StatusFailed
	Refund     bool       // the resend that was counted did not happen
	Next       *Schedule  // what is left of the fallback; nil: as before
	Done       *Done      // nil: no idempotency key
	Now        time.Time
}

// Done finishes a request that an idempotency key guards.
type Done struct {
	Key    string
	Answer *Answer       // nil: the key is free again, so that the request can be repeated
	Keep   time.Duration // how long the answer is kept, as [Once] says
}

// Guess is the step that counts a check.
type Guess struct {
	Match Match
	ID    string // of the check, unique
	IP    string
	// Failures is the limit of wrong guesses that bears on the person; [FailureClaim] tells what it is counted under.
	// Reserve counts one in it, Release and a successful Settle take it back. Nil: unlimited.
	Failures *Limit
	// Judge compares the guess where that needs nobody else: so counting, comparing and settling are one step, of which a
	// crash leaves all or nothing. It is told the verification with the guess counted, and returns what is to be settled.
	// Nil: nothing, the guess stays counted. It does not wait for anybody. A store may call it again when others were
	// faster, and may leave it uncalled; what it said last is about the verification that Reserve returns. Nil: nobody
	// can compare yet.
	Judge func(*Verification) *Settlement
	Now   time.Time
}

// Check is the guess as it is recorded when it is granted.
func (g Guess) Check() Check {
	return Check{ID: g.ID, At: g.Now, Outcome: OutcomeWrong, Counted: true, IP: g.IP}
}

// Release is the step that gives a guess back.
type Release struct {
	Reference Reference
	Check     string // ID
	Outcome   Outcome
	Failures  *Limit
	Dead      []string // IDs of deliveries that cannot be checked any more
	Now       time.Time
}

// Settlement is the step that ends a verification, or that notes a judgement which ends some of its deliveries.
type Settlement struct {
	Match    Match
	Status   Status   // Pending: it goes on, only Dead and the judge are noted
	Check    string   // ID of the check that decided; empty: none did
	Provider string   // that judged it
	Failures *Limit   // taken back when Status is StatusVerified
	Dead     []string // IDs of deliveries that cannot be checked any more
	Now      time.Time
}
