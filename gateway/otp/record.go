package otp

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-json/v2"

	"github.com/otpgate/otpgate/providers"
)

// recordVersion stands in every record, so that a later gateway can read what this one wrote.
const recordVersion = 1

// record is a verification as a store keeps it.
type record struct {
	V           int                          `json:"v"`
	Reference   Reference                    `json:"ref"`
	App         string                       `json:"app"`
	To          address                      `json:"to"`
	Channel     providers.Channel            `json:"channel"`
	Purpose     string                       `json:"purpose,omitempty"`
	Length      int                          `json:"length,omitzero"`
	Alphabet    providers.Alphabet           `json:"alphabet,omitempty"`
	Expiry      int64                        `json:"expiry,omitzero"` // milliseconds, as all spans here
	Hard        HardWish                     `json:"hard,omitzero"`
	Sender      string                       `json:"sender,omitempty"`
	Message     string                       `json:"message,omitempty"`
	Messages    map[providers.Channel]string `json:"messages,omitempty"`
	Ending      endingRecord                 `json:"ending,omitzero"`
	Locale      string                       `json:"locale,omitempty"`
	Metadata    map[string]string            `json:"metadata,omitempty"`
	ClientIP    string                       `json:"client_ip,omitempty"`
	Key         string                       `json:"key,omitempty"`
	Trace       string                       `json:"trace,omitempty"`
	Status      Status                       `json:"status"`
	CreatedAt   int64                        `json:"created_at"` // Unix milliseconds, as all times here
	ExpiresAt   int64                        `json:"expires_at,omitzero"`
	EndedAt     int64                        `json:"ended_at,omitzero"`
	MaxAttempts int                          `json:"max_attempts"`
	Attempts    int                          `json:"attempts,omitzero"`
	MaxResends  int                          `json:"max_resends,omitzero"`
	Resends     int                          `json:"resends,omitzero"`
	ResendAfter int64                        `json:"resend_after,omitzero"`
	ResendAt    int64                        `json:"resend_at,omitzero"`
	Deliveries  []deliveryRecord             `json:"deliveries,omitempty"`
	Checks      []checkRecord                `json:"checks,omitempty"`
	Steps       []stepRecord                 `json:"steps,omitempty"`
	NextAt      int64                        `json:"next_at,omitzero"`
}

// address is a recipient, whole: it is needed to send and to look up.
type address struct {
	Address  string `json:"a"`
	Country  string `json:"c,omitempty"`
	National string `json:"n,omitempty"`
}

type endingRecord struct {
	DoNotShare bool   `json:"do_not_share,omitzero"`
	Android    string `json:"android,omitempty"`
	WebOTP     string `json:"webotp,omitempty"`
}

type stepRecord struct {
	Channel providers.Channel `json:"channel"`
	To      address           `json:"to"`
	After   int64             `json:"after,omitzero"`
}

type deliveryRecord struct {
	ID        string            `json:"id"`
	Provider  string            `json:"provider"`
	Channel   providers.Channel `json:"channel"`
	To        address           `json:"to"`
	Status    DeliveryStatus    `json:"status"`
	Reason    string            `json:"reason,omitempty"`
	Class     string            `json:"class,omitempty"`
	Code      string            `json:"code,omitempty"`
	At        int64             `json:"at,omitzero"`
	Took      int64             `json:"took,omitzero"`
	Rule      string            `json:"rule,omitempty"`
	Place     int               `json:"place,omitzero"`
	USSD      string            `json:"ussd,omitempty"`
	Handle    handleRecord      `json:"handle"`
	Checkable bool              `json:"checkable,omitzero"`
	ExpiresAt int64             `json:"expires_at,omitzero"`
	Reported  int64             `json:"reported_at,omitzero"`
	Cost      costRecord        `json:"cost,omitzero"`
}

type costRecord struct {
	Micros     int64  `json:"micros,omitzero"`
	Currency   string `json:"currency"`
	OnDelivery bool   `json:"on_delivery,omitzero"`
}

type handleRecord struct {
	UpstreamID string             `json:"id,omitempty"`
	Prefix     string             `json:"prefix,omitempty"`
	State      []byte             `json:"state,omitempty"`
	Length     int                `json:"length,omitzero"`
	Alphabet   providers.Alphabet `json:"alphabet,omitempty"`
	Expiry     int64              `json:"expiry,omitzero"`
	Attempts   int                `json:"attempts,omitzero"`
}

type checkRecord struct {
	ID       string  `json:"id"`
	At       nanos   `json:"at"` // a guess that is given back must be found in its window
	Outcome  Outcome `json:"outcome"`
	Counted  bool    `json:"counted,omitzero"`
	Provider string  `json:"provider,omitempty"`
	IP       string  `json:"ip,omitempty"`
}

// nanos is a time in Unix nanoseconds. It is written as text: a script in a store reads numbers as floating point, which
// loses the last of so many digits.
type nanos int64

// MarshalJSON implements [json.Marshaler].
func (n nanos) MarshalJSON() ([]byte, error) {
	b := append(make([]byte, 0, 24), '"')
	return append(strconv.AppendInt(b, int64(n), 10), '"'), nil
}

// UnmarshalJSON implements [json.Unmarshaler]. It takes a number too, as earlier records have it.
func (n *nanos) UnmarshalJSON(b []byte) error {
	value, err := strconv.ParseInt(strings.Trim(string(b), `"`), 10, 64)
	*n = nanos(value)
	return err
}

// EncodeRecord writes v for a store.
func EncodeRecord(v Verification) ([]byte, error) { return AppendRecord(nil, &v) }

// AppendRecord does as [EncodeRecord], and puts what it writes behind b.
func AppendRecord(b []byte, v *Verification) ([]byte, error) {
	buffer := bytes.NewBuffer(b)
	err := json.MarshalWriteOf(buffer, recordOf(v))
	return buffer.Bytes(), err
}

func recordOf(v *Verification) record {
	r := record{
		V: recordVersion, Reference: v.Reference, App: v.App,
		To:      addressOf(v.To),
		Channel: v.Channel, Purpose: v.Purpose,
		Length: v.Wish.Length, Alphabet: v.Wish.Alphabet, Expiry: v.Wish.Expiry.Milliseconds(), Hard: v.Hard,
		Sender: v.Sender, Message: v.Message, Messages: v.Messages, Ending: endingRecord(v.Ending),
		Locale: v.Locale, Metadata: v.Metadata, ClientIP: v.ClientIP, Key: v.Key, Trace: v.Trace,
		Status: v.Status, CreatedAt: millis(v.CreatedAt), ExpiresAt: millis(v.ExpiresAt), EndedAt: millis(v.EndedAt),
		MaxAttempts: v.MaxAttempts, Attempts: v.Attempts, MaxResends: v.MaxResends, Resends: v.Resends,
		ResendAfter: v.ResendAfter.Milliseconds(), ResendAt: millis(v.ResendAt),
		NextAt: millis(v.Next.At),
	}
	for _, d := range v.Deliveries {
		r.Deliveries = append(r.Deliveries, deliveryRecordOf(d))
	}
	for _, c := range v.Checks {
		r.Checks = append(r.Checks, checkRecordOf(c))
	}
	for _, step := range v.Next.Steps {
		r.Steps = append(r.Steps, stepRecord{Channel: step.Channel, To: addressOf(step.To), After: step.After.Milliseconds()})
	}
	return r
}

// DecodeRecord reads what EncodeRecord wrote.
func DecodeRecord(b []byte) (Verification, error) {
	var r record
	if err := json.UnmarshalOf(b, &r); err != nil {
		return Verification{}, fmt.Errorf("a stored verification is damaged: %w", err)
	}
	if r.V != recordVersion {
		return Verification{}, fmt.Errorf("a stored verification has version %d; this gateway reads version %d", r.V, recordVersion)
	}
	v := Verification{
		Reference: r.Reference, App: r.App, To: r.To.recipient(), Channel: r.Channel, Purpose: r.Purpose,
		Wish: providers.CodeWish{
			Length: r.Length, Alphabet: r.Alphabet, Expiry: span(r.Expiry), Attempts: r.MaxAttempts,
		},
		Hard: r.Hard, Sender: r.Sender, Message: r.Message, Messages: r.Messages, Ending: providers.Ending(r.Ending),
		Locale: r.Locale, Metadata: r.Metadata,
		ClientIP: r.ClientIP, Key: r.Key, Trace: r.Trace,
		Status: r.Status, CreatedAt: instant(r.CreatedAt), ExpiresAt: instant(r.ExpiresAt), EndedAt: instant(r.EndedAt),
		MaxAttempts: r.MaxAttempts, Attempts: r.Attempts, MaxResends: r.MaxResends, Resends: r.Resends,
		ResendAfter: span(r.ResendAfter), ResendAt: instant(r.ResendAt),
		Next: Schedule{At: instant(r.NextAt)},
	}
	for _, d := range r.Deliveries {
		v.Deliveries = append(v.Deliveries, d.delivery())
	}
	for _, c := range r.Checks {
		v.Checks = append(v.Checks, c.check())
	}
	for _, step := range r.Steps {
		v.Next.Steps = append(v.Next.Steps, Step{Channel: step.Channel, To: step.To.recipient(), After: span(step.After)})
	}
	return v, nil
}

// EncodeCheck writes a guess for a store that keeps some of them beside the record.
func EncodeCheck(c Check) ([]byte, error) { return json.MarshalOf(checkRecordOf(c)) }

// DecodeCheck reads what EncodeCheck wrote.
func DecodeCheck(b []byte) (Check, error) {
	var c checkRecord
	if err := json.UnmarshalOf(b, &c); err != nil {
		return Check{}, fmt.Errorf("a stored guess is damaged: %w", err)
	}
	return c.check(), nil
}

func deliveryRecordOf(d Delivery) deliveryRecord {
	return deliveryRecord{
		ID: d.ID, Provider: d.Provider, Channel: d.Channel, To: addressOf(d.To), Status: d.Status, Reason: d.Reason,
		Class: d.Class, Code: d.Code, At: millis(d.At), Took: d.Took.Milliseconds(), Rule: d.Rule, Place: d.Place, USSD: d.USSD, Handle: handleRecordOf(d.Handle),
		Checkable: d.Checkable, ExpiresAt: millis(d.ExpiresAt), Reported: millis(d.ReportedAt),
		Cost: costRecord(d.Cost),
	}
}

func (d deliveryRecord) delivery() Delivery {
	return Delivery{
		ID: d.ID, Provider: d.Provider, Channel: d.Channel, To: d.To.recipient(), Status: d.Status, Reason: d.Reason,
		Class: d.Class, Code: d.Code, At: instant(d.At), Took: span(d.Took), Rule: d.Rule, Place: d.Place, USSD: d.USSD, Handle: d.Handle.handle(),
		Checkable: d.Checkable, ExpiresAt: instant(d.ExpiresAt), ReportedAt: instant(d.Reported),
		Cost: Cost(d.Cost),
	}
}

func checkRecordOf(c Check) checkRecord {
	return checkRecord{
		ID: c.ID, At: nanos(c.At.UnixNano()), Outcome: c.Outcome, Counted: c.Counted, Provider: c.Provider, IP: c.IP,
	}
}

func (c checkRecord) check() Check {
	return Check{
		ID: c.ID, At: time.Unix(0, int64(c.At)).UTC(), Outcome: c.Outcome, Counted: c.Counted, Provider: c.Provider, IP: c.IP,
	}
}

func addressOf(r providers.Recipient) address {
	return address{Address: r.Address(), Country: r.Country(), National: r.National()}
}

func (a address) recipient() providers.Recipient {
	if strings.Contains(a.Address, "@") {
		return providers.NewEmail(a.Address)
	}
	return providers.NewPhone(a.Address, a.Country, a.National)
}

func handleRecordOf(h providers.Handle) handleRecord {
	return handleRecord{
		UpstreamID: h.UpstreamID, Prefix: h.Prefix, State: h.State,
		Length: h.Granted.Length, Alphabet: h.Granted.Alphabet, Expiry: h.Granted.Expiry.Milliseconds(),
		Attempts: h.Granted.Attempts,
	}
}

func (h handleRecord) handle() providers.Handle {
	return providers.Handle{
		UpstreamID: h.UpstreamID, Prefix: h.Prefix, State: h.State,
		Granted: providers.Granted{
			Length: h.Length, Alphabet: h.Alphabet, Expiry: span(h.Expiry), Attempts: h.Attempts,
		},
	}
}

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func instant(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

func span(ms int64) time.Duration { return time.Duration(ms) * time.Millisecond }
