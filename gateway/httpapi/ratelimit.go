package httpapi

import (
	"strconv"
	"strings"
	"time"

	"github.com/otpgate/otpgate/gateway/otp"
)

// rateLimits writes the fields RateLimit-Policy and RateLimit of draft-ietf-httpapi-ratelimit-headers: lists whose
// members name a policy, with the quota q in the window w, and with what remains r and the seconds t until more does.
func rateLimits(levels []otp.Level, now time.Time) (policy, level string) {
	var policies, states strings.Builder
	for i, l := range levels {
		if i > 0 {
			policies.WriteString(", ")
			states.WriteString(", ")
		}
		name := strconv.Quote(policyName(levels[:i], l))
		policies.WriteString(name + ";q=" + strconv.Itoa(l.Limit.Max) + ";w=" + strconv.Itoa(seconds(l.Limit.Window)))
		states.WriteString(name + ";r=" + strconv.Itoa(l.Remaining()))
		if !l.ResetsAt.IsZero() {
			states.WriteString(";t=" + strconv.Itoa(max(0, seconds(l.ResetsAt.Sub(now)))))
		}
	}
	return policies.String(), states.String()
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
