package httpapi

import (
	"fmt"
	"slices"
	"time"

	"github.com/goccy/go-json/jsontext"
	"github.com/goccy/go-json/v2"
	"github.com/gofiber/fiber/v2"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/providers"
)

// The bodies of answers, member for member in the order of the contract.

type verification struct {
	Reference         otp.Reference     `json:"reference"`
	Status            otp.Status        `json:"status"`
	To                string            `json:"to"`
	Country           string            `json:"country,omitempty"`
	Channel           providers.Channel `json:"channel"`
	Provider          string            `json:"provider,omitempty"`
	Prefix            string            `json:"prefix,omitempty"`
	Code              codeShape         `json:"code"`
	CreatedAt         string            `json:"created_at"`
	ExpiresAt         string            `json:"expires_at"`
	Attempts          int               `json:"attempts"`
	AttemptsRemaining int               `json:"attempts_remaining"`
	ResendsRemaining  int               `json:"resends_remaining"`
	ResendAt          string            `json:"resend_at,omitempty"`
	USSD              *ussd             `json:"ussd,omitempty"`
	Next              *next             `json:"next,omitempty"`
	Deliveries        []delivery        `json:"deliveries"`
	Purpose           string            `json:"purpose,omitempty"`
	Metadata          map[string]string `json:"metadata,omitempty"`
	VerifiedAt        string            `json:"verified_at,omitempty"`
}

type verified struct {
	verification
	Verified bool `json:"verified"`
}

type codeShape struct {
	Length   int                `json:"length"`
	Alphabet providers.Alphabet `json:"alphabet"`
}

type ussd struct {
	Dial string `json:"dial"`
}

type next struct {
	Channel providers.Channel `json:"channel"`
	At      string            `json:"at"`
}

type delivery struct {
	Provider string             `json:"provider"`
	Channel  providers.Channel  `json:"channel"`
	Status   otp.DeliveryStatus `json:"status"`
	Reason   string             `json:"reason,omitempty"`
	At       string             `json:"at"`
	TookMS   int64              `json:"took_ms"`
	Reported string             `json:"reported_at,omitempty"`
}

func newVerification(v otp.Verification) verification {
	out := verification{
		Reference: v.Reference, Status: v.Status, To: v.To.Address(), Country: v.To.Country(), Channel: v.Channel,
		Code:      codeShape{v.Wish.Length, v.Wish.Alphabet},
		CreatedAt: timestamp(v.CreatedAt), ExpiresAt: timestamp(v.ExpiresAt),
		Attempts: v.Attempts, AttemptsRemaining: v.AttemptsRemaining(), ResendsRemaining: v.ResendsRemaining(),
		Deliveries: make([]delivery, len(v.Deliveries)), Purpose: v.Purpose, Metadata: v.Metadata,
	}
	if v.Status == otp.StatusVerified {
		out.VerifiedAt = timestamp(v.EndedAt)
	}
	if out.ResendsRemaining > 0 {
		out.ResendAt = timestamp(v.ResendAt)
	}
	if steps := v.Next.Steps; len(steps) > 0 && !v.Next.At.IsZero() {
		out.Next = &next{steps[0].Channel, timestamp(v.Next.At)}
	}
	if d, ok := current(v.Deliveries); ok {
		out.describe(d)
	}
	for i, d := range v.Deliveries {
		out.Deliveries[i] = delivery{
			Provider: d.Provider, Channel: d.Channel, Status: d.Status, Reason: d.Reason, At: timestamp(d.At),
			TookMS: d.Took.Milliseconds(),
		}
		if !d.ReportedAt.IsZero() {
			out.Deliveries[i].Reported = timestamp(d.ReportedAt)
		}
	}
	return out
}

// describe tells of the delivery whose code the person most likely holds.
func (v *verification) describe(d otp.Delivery) {
	v.Provider, v.Prefix = d.Provider, d.Handle.Prefix
	if granted := d.Handle.Granted; granted.Length > 0 {
		v.Code.Length = granted.Length
	}
	if granted := d.Handle.Granted; granted.Alphabet != "" {
		v.Code.Alphabet = granted.Alphabet
	}
	if d.USSD != "" {
		v.USSD = &ussd{d.USSD}
	}
}

// current is the newest delivery that was taken and whose code is good; when none is good any more, the newest taken.
func current(all []otp.Delivery) (newest otp.Delivery, ok bool) {
	for _, d := range slices.Backward(all) {
		taken := d.Status == otp.DeliverySent || d.Status == otp.DeliveryDelivered
		if d.Checkable && (taken || d.Status == otp.DeliveryUnknown) {
			return d, true
		}
		if taken && !ok {
			newest, ok = d, true
		}
	}
	return newest, ok
}

// timestamp writes t in UTC to the millisecond, as the contract has all times.
func timestamp(t time.Time) string {
	const usual = 32
	b := t.UTC().AppendFormat(make([]byte, 0, usual), time.RFC3339) // a layout that Go need not read, as it would with .000
	ms := t.Nanosecond() / int(time.Millisecond)
	return string(append(b[:len(b)-len("Z")], '.', digit(ms/100), digit(ms/10), digit(ms), 'Z'))
}

func digit(n int) byte { return byte('0' + n%10) }

// answer encodes body. Maps are sorted, so that equal answers are equal bytes.
func answer(status int, body any) otp.Answer {
	b, err := json.Marshal(body, json.Deterministic(true))
	if err != nil {
		// What an upstream sent is not always valid UTF-8, and must not turn a message that went out into an error. To
		// allow it from the start would double the cost of every answer.
		b, err = json.Marshal(body, json.Deterministic(true), jsontext.AllowInvalidUTF8(true))
	}
	if err != nil {
		panic(fmt.Sprintf("httpapi: %T cannot be encoded: %v", body, err)) // nothing else in our types can fail
	}
	return otp.Answer{Status: status, ContentType: fiber.MIMEApplicationJSON, Body: b}
}
