package redis_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/providers"
)

var people atomic.Int64

// somebody is a person whom no other test knows.
func somebody() providers.Recipient {
	n := people.Add(1)
	return providers.NewPhone(fmt.Sprintf("+23320%07d", n), "GH", fmt.Sprintf("020%07d", n))
}

// draft is a verification of five minutes and three guesses, as send begins it now.
func draft(to providers.Recipient) otp.Verification {
	now := time.Now().UTC()
	return otp.Verification{
		Reference: otp.NewReference(now, to), App: "shop", To: to, Channel: providers.SMS, Purpose: "login",
		Wish:   providers.CodeWish{Length: 6, Alphabet: providers.Numeric, Expiry: 5 * time.Minute, Attempts: 3},
		Sender: "Shop", Message: "{app}: your code is {code}. It expires in {amount} {duration}.", Locale: "en",
		ClientIP: "203.0.113.7", Status: otp.StatusPending, CreatedAt: now, ExpiresAt: now.Add(5 * time.Minute),
		MaxAttempts: 3, MaxResends: 3, ResendAfter: 30 * time.Second, ResendAt: now.Add(30 * time.Second),
	}
}

func delivery(v otp.Verification, upstreamID string) otp.Delivery {
	return otp.Delivery{
		ID: "d-" + upstreamID, Provider: "own", Channel: v.Channel, To: v.To, Status: otp.DeliverySent, At: v.CreatedAt,
		Took: 40 * time.Millisecond, Rule: "rest", Place: 1, Checkable: true, ExpiresAt: v.ExpiresAt,
		Handle: providers.Handle{UpstreamID: upstreamID, State: make([]byte, 48)},
	}
}

// recipient is what sends of a person count against.
func recipient(to providers.Recipient, limit otp.Limit) otp.Claim {
	return otp.Claim{
		Name: "recipient", Key: "recipient " + limit.String() + " " + to.Address(), Limit: limit, Person: to.Address(),
	}
}

// sent is a verification with one live delivery.
func sent(t *testing.T, s otp.Store) otp.Verification {
	t.Helper()
	v := draft(somebody())
	if _, err := s.Begin(t.Context(), otp.Begin{Verification: v, Now: v.CreatedAt}); err != nil {
		t.Fatal(err)
	}
	got, err := s.Deliver(t.Context(), otp.Dispatch{
		Reference: v.Reference, Deliveries: []otp.Delivery{delivery(v, "up-"+string(v.Reference))}, Now: v.CreatedAt,
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func guess(v otp.Verification, id string) otp.Guess {
	return otp.Guess{
		Match: otp.Match{Reference: v.Reference, App: v.App}, ID: id, Now: time.Now().UTC(),
		Failures: &otp.Limit{Max: 20, Window: 24 * time.Hour},
	}
}

// eventually waits until ready tells true.
func eventually(t *testing.T, within time.Duration, ready func() bool) {
	t.Helper()
	for deadline := time.Now().Add(within); !ready(); {
		if time.Now().After(deadline) {
			t.Fatalf("it did not happen within %v", within)
		}
		time.Sleep(10 * time.Millisecond) // a server of its own process has no condition to wait on
	}
}
