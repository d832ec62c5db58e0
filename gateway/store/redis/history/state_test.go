package history

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/providers"
)

// ended is a verification with all that events and sums look at.
func ended(status otp.Status) otp.Verification {
	at := time.Date(2026, time.March, 3, 10, 50, 0, 0, time.UTC)
	phone, mail := providers.NewPhone("+233201234567", "GH", "0201234567"), providers.NewEmail("ama@example.com")
	return otp.Verification{
		Reference: otp.NewReference(at, phone), To: phone, Channel: providers.Email, Purpose: "login",
		Message: "your code is {code}", Metadata: map[string]string{"cart": "17"}, ClientIP: "203.0.113.7",
		Status: status, CreatedAt: at, ExpiresAt: at.Add(5 * time.Minute), EndedAt: at.Add(90 * time.Second),
		Attempts: 2, Resends: 1,
		Deliveries: []otp.Delivery{
			{ID: "d1", Provider: "zend", Channel: providers.SMS, To: phone, Status: otp.DeliveryFailed, Reason: "refused", Place: 1},
			{
				ID: "d2", Provider: "hisend", Channel: providers.SMS, To: phone, Status: otp.DeliverySent, Place: 2,
				Cost: otp.Cost{Micros: 35, Currency: "USD", OnDelivery: true},
			},
			{
				ID: "d3", Provider: "own", Channel: providers.Email, To: mail, Status: otp.DeliveryUnknown, Place: 1,
				Cost: otp.Cost{Micros: 7, Currency: "GHS"},
			},
		},
		Checks: []otp.Check{
			{ID: "c1", Outcome: otp.OutcomeUnavailable, Provider: "own", IP: "203.0.113.7"},
			{ID: "c2", Outcome: otp.OutcomeRight, Counted: true, Provider: "own"},
		},
	}
}

func TestAStateHasAllThatHistoryLooksAt(t *testing.T) {
	t.Parallel()
	for _, status := range []otp.Status{
		otp.StatusPending, otp.StatusVerified, otp.StatusExpired, otp.StatusFailed, otp.StatusCanceled,
	} {
		v := ended(status)
		text, err := encodeState(&Change{Verification: v, Version: "v7"})
		if err != nil {
			t.Fatal(err)
		}
		s, err := decodeState(v.Reference, text)
		if err != nil || s.line != "v7\n" || s.damaged {
			t.Fatal(s.line, err)
		}
		if events := otp.Changes(s.Verification, v, v.EndedAt); len(events) > 0 {
			t.Errorf("%s: from its state to itself it has events: %v", status, events)
		}
		next := v.Clone()
		next.Checks[1].Counted, next.Deliveries[1].Status, next.Deliveries[2].Reason = false, otp.DeliveryDelivered, "seen"
		next.Resends++
		diff := cmp.Diff(otp.Changes(v, next, v.EndedAt), otp.Changes(s.Verification, next, v.EndedAt),
			cmp.AllowUnexported(providers.Recipient{}))
		if diff != "" {
			t.Errorf("%s: %s", status, diff)
		}
		if diff := cmp.Diff(otp.Account(v), otp.Account(s.Verification)); diff != "" {
			t.Errorf("%s: %s", status, diff)
		}
		if !s.ExpiresAt.Equal(v.ExpiresAt) {
			t.Errorf("%s: it ends at %v", status, s.ExpiresAt)
		}
	}
}

func TestAStateHasNothingElse(t *testing.T) {
	t.Parallel()
	text, err := encodeState(&Change{Verification: ended(otp.StatusVerified), Version: "v7"})
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"201234567", "ama@", "your code", "cart", "203.0.113.7"} {
		if strings.Contains(text, secret) {
			t.Errorf("%q stands in %s", secret, text)
		}
	}
}

func TestStatesOfOtherLayoutsAreRefused(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"v7\n{\"v\":4}", "v7\n{", "v7", "v7\n{\"v\":2}", "v7\n{\"v\":3,\"d\":7}", "v7\n{}"} {
		if s, err := decodeState("r", text); err == nil || !s.damaged {
			t.Errorf("%q is a state", text)
		}
	}
}
