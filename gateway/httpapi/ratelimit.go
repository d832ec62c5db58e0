package httpapi

import (
	"strconv"
	"time"

	"github.com/otpgate/otpgate/gateway/otp"
)

// rateLimits writes the fields RateLimit-Policy and RateLimit of draft-ietf-httpapi-ratelimit-headers: lists whose
// members name a policy, with the quota q in the window w, and with what remains r and the seconds t until more does.
func rateLimits(levels []otp.Level, now time.Time) (policy, level string) {
	const usual = 256
	policies, states := make([]byte, 0, usual), make([]byte, 0, usual)
	for i, l := range levels {
		if i > 0 {
			policies, states = append(policies, ", "...), append(states, ", "...)
		}
		name := policyName(levels[:i], l)
		policies, states = quoted(policies, name), quoted(states, name)
		policies = withParameter(policies, ";q=", l.Limit.Max)
		policies = withParameter(policies, ";w=", seconds(l.Limit.Window))
		states = withParameter(states, ";r=", l.Remaining())
		if !l.ResetsAt.IsZero() {
			states = withParameter(states, ";t=", max(0, seconds(l.ResetsAt.Sub(now))))
		}
	}
	return string(policies), string(states)
}

// quoted appends the name of a limit, a word in which nothing has to be escaped.
func quoted(b []byte, name string) []byte { return append(append(append(b, '"'), name...), '"') }

func withParameter(b []byte, name string, value int) []byte {
	return strconv.AppendInt(append(b, name...), int64(value), 10)
}

// policyName tells two limits of the same name apart by their window: "recipient", "recipient-24h".
func policyName(before []otp.Level, l otp.Level) string {
	for _, b := range before {
		if b.Name == l.Name {
			return l.Name + "-" + otp.FormatDuration(l.Limit.Window)
		}
	}
	return l.Name
}

// seconds rounds up: whoever waits that long has waited long enough.
func seconds(d time.Duration) int { return int((d + time.Second - 1) / time.Second) }
