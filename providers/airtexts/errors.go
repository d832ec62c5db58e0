package airtexts

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/upstream"
)

const right, wrong, over, failed = "verified", "invalid", "expired", "failed" // over: no code can be right any more

// meaning knows words that are plain, should AirTexts say them: it documents none. Every other word means itself.
func (w word) meaning() string {
	switch said := strings.NewReplacer(" ", "_", "-", "_").Replace(strings.ToLower(string(w))); said {
	case "verified", "approved", "valid":
		return right
	case "invalid", "invalid_code", "invalid_otp", "incorrect_code", "incorrect_otp", "wrong_code", "wrong_otp":
		return wrong
	case "expired", "code_expired", "otp_expired", "already_used", "already_verified", "otp_not_found",
		"verification_not_found", "max_attempts_reached", "max_attempts_exceeded":
		return over
	case "failed", "error", "rejected":
		return failed
	default:
		return said
	}
}

// words are those of the answer, "data" first: the top may speak of the request alone.
func (a answer) words() []word {
	return []word{a.Data.Error.word, a.Data.Code, a.Data.Status, a.Error.word, a.Code, a.Status}
}

// means tells whether a word of the answer has one of the meanings.
func (a answer) means(either ...string) bool {
	return slices.ContainsFunc(a.words(), func(w word) bool { return slices.Contains(either, w.meaning()) })
}

// code is the first word that operators may see: a digit could belong to a code, and a sentence could quote anything.
func (a answer) code() string {
	for _, w := range a.words() {
		if w != "" && !strings.ContainsAny(string(w), " 0123456789") {
			return string(w)
		}
	}
	return ""
}

// A flag that is not there says neither yes nor no.
func (a answer) verified(so bool) bool { return is(so, a.Verified) || is(so, a.Data.Verified) }
func (a answer) success(so bool) bool  { return is(so, a.Success) || is(so, a.Data.Success) }
func is(so bool, flag *bool) bool      { return flag != nil && *flag == so }

func other(id, told string) bool { return told != "" && told != id }

// done tells whether what was asked for was done, as far as status, flag and "error" tell.
func (a answer) done() bool {
	return upstream.Success(a.from.Status) && !a.success(false) && !a.Error.there && !a.Data.Error.there
}

// failure is the error of an answer that is not the one hoped for.
func (a answer) failure() error {
	if a.means(over) {
		return a.from.Failure(providers.Gone, a.code(), nil)
	}
	return a.from.Failure(providers.Unknown, a.code(), nil)
}

// opened reads the answer to a send, and to a resend of s. A 2xx of any shape may mean that a message is under way.
func (a answer) opened(s state, granted providers.Granted) (providers.Handle, error) {
	if !a.done() || a.means(over, failed) {
		return providers.Handle{}, a.failure()
	}
	id := cmp.Or(a.VerificationID, a.Data.VerificationID)
	if a.success(true) {
		id = cmp.Or(id, s.VerificationID)
	}
	if !upstream.Visible(id) {
		return providers.Handle{}, a.from.Failure(providers.Ambiguous, a.code(), errors.New("granted without an id"))
	}
	s.VerificationID = id
	return providers.Handle{UpstreamID: id, State: upstream.WriteState(s), Granted: granted}, nil
}

// judge reads the answer to a verify of id. An answer that says yes and no is nobody's judgement, and so is one about
// another id, or "success": false alone: it may be about the request, the account or the server.
func (a answer) judge(id string) (providers.Verdict, error) {
	approved := a.Status.meaning() == right || a.Data.Status.meaning() == right
	yes := a.verified(true) || a.success(true) && approved
	no := a.verified(false) || a.success(false) && a.means(wrong)
	switch {
	case other(id, a.VerificationID), other(id, a.Data.VerificationID):
	case yes && !no && a.done() && !a.means(wrong, over, failed, "pending"):
		return upstream.Right(), nil
	case no && !yes && !a.means(over):
		return upstream.Wrong(cmp.Or(a.AttemptsRemaining.Told(), a.Data.AttemptsRemaining.Told())), nil
	}
	return providers.Verdict{}, a.failure()
}

// report reads the answer to a status. "pending" and "failed" may be about the guess: they tell nothing of the message.
func (a answer) report() (providers.DeliveryReport, error) {
	status := cmp.Or(a.Data.Status, a.Status)
	told := status.meaning()
	stage, known := map[string]providers.DeliveryState{
		"sent": providers.DeliverySent, "delivered": providers.DeliveryDelivered, right: providers.DeliveryDelivered,
		"pending": "", failed: "", over: "",
	}[told]
	if !known || !a.done() {
		return providers.DeliveryReport{}, a.failure()
	}
	return providers.DeliveryReport{State: stage, Code: string(status), Final: told == right || told == over}, nil
}
