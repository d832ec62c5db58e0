package sendexatwin

import (
	"cmp"
	"strconv"
	"strings"
	"time"
)

// request is the body of POST /v1/otp/request.
type request struct {
	Phone    string         `json:"phone"`
	From     string         `json:"from"`
	Message  string         `json:"message"`
	Length   int            `json:"pinLength"`
	Type     string         `json:"pinType"`
	Expiry   expiry         `json:"expiry"`
	Attempts int            `json:"maxAmountOfValidationRetries"`
	Metadata map[string]any `json:"metadata"`
}

type expiry struct {
	Amount   int    `json:"amount"`
	Duration string `json:"duration"`
}

func (x expiry) span() time.Duration {
	if x.Duration == "hours" {
		return time.Duration(x.Amount) * time.Hour
	}
	return time.Duration(x.Amount) * time.Minute
}

// complete puts the vendor's defaults where nothing was asked for, and tells whether all of it can be had.
func (in *request) complete() bool {
	in.Message = cmp.Or(in.Message, "Your code is {code}. It expires in {amount} {duration}.")
	in.Length, in.Attempts = cmp.Or(in.Length, 6), cmp.Or(in.Attempts, 3)
	in.Type = cmp.Or(in.Type, "NUMERIC")
	in.Expiry.Amount, in.Expiry.Duration = cmp.Or(in.Expiry.Amount, 10), cmp.Or(in.Expiry.Duration, "minutes")
	longest := map[string]int{"minutes": 1440, "hours": 24}[in.Expiry.Duration]
	return in.Phone != "" && in.From != "" && strings.Contains(in.Message, "{code}") &&
		4 <= in.Length && in.Length <= 10 && 1 <= in.Attempts && in.Attempts <= 10 && alphabet(in.Type) != "" &&
		1 <= in.Expiry.Amount && in.Expiry.Amount <= longest
}

// alphabet is the set of characters of a pinType; empty: there is no such type.
func alphabet(pinType string) string {
	const digits, letters = "0123456789", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	switch pinType {
	case "NUMERIC":
		return digits
	case "ALPHABETIC":
		return letters
	case "ALPHANUMERIC":
		return letters + digits
	}
	return ""
}

// The vendor's sandbox numbers, as they are answered.
const (
	sandboxGood    = "233555539152"
	sandboxInvalid = "233555539153"
	sandboxSlow    = "233555539154"
)

// number is phone as it is dialled from abroad.
func number(phone string) (string, bool) {
	if rest, ok := strings.CutPrefix(phone, "0"); ok {
		phone = "233" + rest
	}
	_, err := strconv.ParseUint(phone, 10, 64)
	return phone, err == nil && len(phone) == len(sandboxGood) && strings.HasPrefix(phone, "233")
}

// answer is an envelope of the OTP pages.
type answer struct {
	Success bool   `json:"success"`
	Message string `json:"message"`
	Type    string `json:"errorType,omitempty"` // by number
	Code    string `json:"code,omitempty"`      // by id
	Data    any    `json:"data,omitempty"`
}

type sessionData struct {
	ID       string         `json:"id"`
	Phone    string         `json:"phone"`
	Channel  string         `json:"channel"`
	Length   int            `json:"pinLength"`
	Type     string         `json:"pinType"`
	Expiry   ends           `json:"expiry"`
	Attempts int            `json:"maxValidationAttempts"`
	Metadata map[string]any `json:"metadata,omitempty"`
	Resends  int            `json:"resendCount,omitzero"`
}

type ends struct {
	expiry
	ExpiresAt time.Time `json:"expiresAt"`
}

func (one session) data() sessionData {
	return sessionData{
		ID: one.id, Phone: one.to, Channel: "SMS", Length: one.in.Length, Type: one.in.Type,
		Expiry: ends{one.in.Expiry, one.until.UTC()}, Attempts: one.in.Attempts, Metadata: one.in.Metadata,
		Resends: one.resends,
	}
}

type verified struct {
	Verified bool           `json:"verified"`
	Phone    string         `json:"phone,omitempty"`
	At       time.Time      `json:"verifiedAt,omitzero"`
	ID       string         `json:"id,omitempty"`
	Metadata map[string]any `json:"metadata,omitempty"`
}

func (one session) verified() verified {
	return verified{Verified: true, Phone: one.to, At: one.used.UTC(), ID: one.id, Metadata: one.in.Metadata}
}

// text is what the SMS reads.
func (one session) text() string {
	return strings.NewReplacer(
		"{code}", one.code, "{amount}", strconv.Itoa(one.in.Expiry.Amount), "{duration}", one.in.Expiry.Duration,
	).Replace(one.in.Message)
}
