package sendexatwin

import (
	"math"
	"net/http"
	"time"

	"github.com/otpgate/otpgate/providers/twin"
)

// refusal is a no, without its envelope.
type refusal struct {
	status       int
	reason, text string
	data         data
}

// data is what stands in a refusal beside its reason.
type data map[string]any

func (no refusal) byPhone(w http.ResponseWriter) {
	twin.JSON(w, no.status, answer{Message: no.text, Type: no.reason, Data: no.data})
}

func (no refusal) byID(w http.ResponseWriter) {
	twin.JSON(w, no.status, answer{Message: no.text, Code: no.reason, Data: no.data})
}

// fail answers with the envelope of the pages that all products share.
func fail(w http.ResponseWriter, status int, code, text string) {
	twin.JSON(w, status, struct {
		Status  string `json:"status"`
		Code    string `json:"code"`
		Message string `json:"message"`
	}{"error", code, text})
}

func badNumber() refusal {
	return refusal{status: http.StatusBadRequest, text: "Invalid phone number format"}
}

func notApproved(sender string) refusal {
	return refusal{http.StatusBadRequest, "SENDER_ID_NOT_APPROVED", "The sender ID waits for approval", data{
		"name": sender, "status": "pending",
	}}
}

func tooMany() refusal {
	return refusal{http.StatusTooManyRequests, "RATE_LIMIT_EXCEEDED", "Rate limit exceeded", data{
		"retryAfter": 30, "limit": 60, "window": "1 hour",
	}}
}

// inTheWay has no reason in the vendor's sample, though the vendor's table names one.
func inTheWay(one *session, now time.Time) *refusal {
	return &refusal{http.StatusTooManyRequests, "", "There is a live OTP for this number", data{
		"retryAfter": seconds(one.until.Sub(now)), "expiresAt": one.until.UTC(),
	}}
}

func notFound() *refusal {
	return &refusal{http.StatusNotFound, "OTP_NOT_FOUND", "There is no such OTP", nil}
}

func alreadyUsed(one *session) *refusal {
	return &refusal{http.StatusBadRequest, "OTP_ALREADY_USED", "The OTP was used", data{"usedAt": one.used.UTC()}}
}

func expired(one *session) *refusal {
	return &refusal{http.StatusBadRequest, "EXPIRED_OTP", "The OTP has expired", data{"expiredAt": one.until.UTC()}}
}

func exhausted(one *session) *refusal {
	return &refusal{http.StatusBadRequest, "MAX_ATTEMPTS_EXCEEDED", "There are no tries left", data{
		"maxAttempts": one.in.Attempts, "attemptsMade": one.wrong, "blockedUntil": one.until.UTC(),
	}}
}

func invalid(one *session) *refusal {
	return &refusal{http.StatusBadRequest, "INVALID_OTP", "The OTP is wrong", data{
		"attemptsRemaining": one.in.Attempts - one.wrong, "maxAttempts": one.in.Attempts,
	}}
}

func nothingToResend() *refusal {
	return &refusal{http.StatusBadRequest, "NO_PREVIOUS_OTP", "There is no OTP to send again", nil}
}

func tooSoon(until, now time.Time) *refusal {
	return &refusal{http.StatusTooManyRequests, "RESEND_COOLDOWN", "It is too soon to send again", data{
		"retryAfter": seconds(until.Sub(now)), "cooldownEndsAt": until.UTC(),
	}}
}

func noMoreResends(one *session) *refusal {
	return &refusal{http.StatusBadRequest, "MAX_RESENDS_EXCEEDED", "It was sent again too often", data{
		"maxResends": mostResends, "resendCount": one.resends,
	}}
}

// seconds are told whole, and never too few.
func seconds(d time.Duration) int { return int(math.Ceil(d.Seconds())) }
