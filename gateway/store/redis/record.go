package redis

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/goccy/go-json/jsontext"
	"github.com/goccy/go-json/v2"

	"github.com/otpgate/otpgate/gateway/otp"
)

// A verification stands in Redis as the record of gateway/otp, cut into lines, so that a script need not read all of
// it:
//
//	what steps decide by
//	deliveries, checks, steps of the fallback: a list or an empty line each
//	the rest

// pieces are the record in these parts.
type pieces struct {
	head
	Deliveries jsontext.Value `json:"deliveries"`
	Checks     jsontext.Value `json:"checks"`
	Steps      jsontext.Value `json:"steps"`
	Rest       jsontext.Value `json:",embed"`
}

// head are the members that steps decide by. All but person are the record's own.
type head struct {
	Version     jsontext.Value `json:"v,omitzero"`
	Reference   jsontext.Value `json:"ref,omitzero"`
	App         jsontext.Value `json:"app,omitzero"`
	To          jsontext.Value `json:"to,omitzero"`
	Channel     jsontext.Value `json:"channel,omitzero"`
	Purpose     jsontext.Value `json:"purpose,omitzero"`
	Status      jsontext.Value `json:"status,omitzero"`
	ExpiresAt   jsontext.Value `json:"expires_at,omitzero"`
	EndedAt     jsontext.Value `json:"ended_at,omitzero"`
	MaxAttempts jsontext.Value `json:"max_attempts,omitzero"`
	Attempts    jsontext.Value `json:"attempts,omitzero"`
	MaxResends  jsontext.Value `json:"max_resends,omitzero"`
	Resends     jsontext.Value `json:"resends,omitzero"`
	ResendAfter jsontext.Value `json:"resend_after,omitzero"`
	ResendAt    jsontext.Value `json:"resend_at,omitzero"`
	NextAt      jsontext.Value `json:"next_at,omitzero"`
	Person      string         `json:"person"` // by whom wrong guesses are counted
}

var errDamaged = errors.New("a stored verification is damaged")

// split cuts the record of v into lines.
func split(v otp.Verification) (string, error) {
	record, err := otp.EncodeRecord(v)
	if err != nil {
		return "", err
	}
	var p pieces
	if err := json.Unmarshal(record, &p); err != nil {
		return "", err
	}
	p.Person = otp.FailureClaim(v.To, otp.Limit{Max: 1, Window: time.Minute}).Person
	first, err := json.Marshal(p.head)
	lines := []string{string(first), string(p.Deliveries), string(p.Checks), string(p.Steps), string(p.Rest)}
	return strings.Join(lines, "\n"), err
}

// join puts the lines together again.
func join(lines string) (otp.Verification, error) {
	parts := strings.Split(lines, "\n")
	if len(parts) != 5 || !strings.HasSuffix(parts[0], "}") || !strings.HasPrefix(parts[4], "{") {
		return otp.Verification{}, errDamaged
	}
	var b strings.Builder
	b.Grow(len(lines) + 64)
	b.WriteString(parts[0][:len(parts[0])-1])
	for i, name := range []string{"deliveries", "checks", "steps"} {
		if list := parts[i+1]; list != "" {
			b.WriteString(`,"` + name + `":` + list)
		}
	}
	if len(parts[4]) > len("{}") {
		b.WriteString("," + parts[4][1:])
	} else {
		b.WriteString("}")
	}
	return otp.DecodeRecord([]byte(b.String()))
}

// parts are the lists of a record that holds nothing else.
type parts struct {
	Deliveries jsontext.Value `json:"deliveries"`
	Checks     jsontext.Value `json:"checks"`
	Steps      jsontext.Value `json:"steps"`
	NextAt     int64          `json:"next_at"`
}

// partsOf encodes deliveries, checks and the schedule of v.
func partsOf(v otp.Verification) (parts, error) {
	record, err := otp.EncodeRecord(v)
	if err != nil {
		return parts{}, err
	}
	var p parts
	err = json.Unmarshal(record, &p)
	return p, err
}

// step is the call of a script on a verification. windows are of the same shard.
func (s *Store) step(
	ctx context.Context, what script, ref otp.Reference, now time.Time, windows []string, args ...any,
) *command {
	common := []any{now.UnixMilli(), s.options.Retention.Milliseconds(), flag(s.options.Track)}
	return newCommand(ctx, what, append(s.keys.record(ref), windows...), append(common, args...)...)
}

func flag(b bool) string {
	if b {
		return "1"
	}
	return ""
}

// ids is a list of ids as scripts read it; empty when there is none.
func ids(all []string) (string, error) {
	if len(all) == 0 {
		return "", nil
	}
	b, err := json.Marshal(all)
	return string(b), err
}
