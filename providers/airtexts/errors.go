package airtexts

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"github.com/goccy/go-json/v2"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/upstream"
)

// meaning is what a word tells.
type meaning uint8

const (
	unclear   meaning = iota
	right             // the code is right
	wrong             // the code is wrong
	over              // no code can be right for this verification any more
	failed            // what was asked for was not done
	pending           // the code is not judged, or the message not sent
	sent              // the message is on its way
	delivered         // the message arrived
)

// meaning knows words of which it is plain what they mean, should AirTexts say them: the vendor promises "detailed
// response codes" and shows none. Words are added here as logs show them.
func (w word) meaning() meaning {
	switch strings.NewReplacer(" ", "_", "-", "_").Replace(strings.ToLower(string(w))) {
	case "verified", "approved", "valid":
		return right
	case "invalid", "invalid_code", "invalid_otp", "incorrect_code", "incorrect_otp", "wrong_code", "wrong_otp":
		return wrong
	case "expired", "code_expired", "otp_expired", "already_used", "already_verified", "otp_not_found",
		"verification_not_found", "max_attempts_reached", "max_attempts_exceeded":
		return over
	case "failed", "error", "rejected":
		return failed
	case "pending":
		return pending
	case "sent":
		return sent
	case "delivered":
		return delivered
	}
	return unclear
}

// words are those of the answer, "data" first: the top may speak of the request alone.
func (a answer) words() []word {
	return []word{a.data.Error, a.data.Code, a.data.Status, a.top.Error, a.top.Code, a.top.Status}
}

// means tells whether a word of the answer has one of the meanings.
func (a answer) means(either ...meaning) bool {
	return slices.ContainsFunc(a.words(), func(w word) bool { return slices.Contains(either, w.meaning()) })
}

// code is the first word that operators may see, empty where there is none: a digit could belong to the code that
// AirTexts tells us, and a sentence could quote anything.
func (a answer) code() string {
	for _, w := range a.words() {
		if w != "" && !strings.ContainsAny(string(w), " 0123456789") {
			return string(w)
		}
	}
	return ""
}

func (a answer) verified(so bool) bool { return says(so, a.top.Verified, a.data.Verified) }
func (a answer) success(so bool) bool  { return says(so, a.top.Success, a.data.Success) }

// says tells whether one of flags is there and set so.
func says(so bool, flags ...*bool) bool {
	return slices.ContainsFunc(flags, func(f *bool) bool { return f != nil && *f == so })
}

// done tells whether what was asked for was done, as far as status, flag and "error" tell.
func (a answer) done() bool {
	return a.Status >= 200 && a.Status <= 299 && !a.success(false) && a.top.Error == "" && a.data.Error == ""
}

// failure is the error of an answer that is not the one hoped for.
func (a answer) failure() error {
	if a.means(over) {
		return a.Failure(providers.Gone, a.code(), nil)
	}
	return a.Failure(providers.Unknown, a.code(), nil)
}

// read takes an answer apart. A fault that the status tells, and a page that cannot be read, are nobody's judgement.
func read(r upstream.Response, err error) (answer, error) {
	if err != nil {
		return answer{}, err
	}
	var in struct {
		level
		Data level `json:"data"`
	}
	malformed := upstream.Decode(r.Body, &in)
	a := answer{Response: r, top: in.level, data: in.Data}
	if malformed != nil {
		return answer{}, cmp.Or[error](r.Fault(""), r.Failure(providers.Transient, "", malformed))
	}
	return a, r.Fault(a.code())
}

// opened reads the answer to a send, and to a resend of s. A success of whatever shape may be how AirTexts says that a
// message is under way; without an id nobody can check its code. A resend keeps its id where the answer says success.
func (a answer) opened(s state, granted providers.Granted) (providers.Handle, error) {
	if !a.done() || a.means(over, failed) {
		return providers.Handle{}, a.failure()
	}
	id := cmp.Or(a.top.VerificationID, a.data.VerificationID)
	if a.success(true) {
		id = cmp.Or(id, s.VerificationID)
	}
	if !upstream.Visible(id) {
		return providers.Handle{}, a.Failure(providers.Ambiguous, a.code(), errors.New("granted without a verification id"))
	}
	s.VerificationID = id
	b, err := json.Marshal(s)
	return providers.Handle{UpstreamID: id, State: b, Granted: granted}, err
}

// judge reads the answer to a verify. An answer that says yes and no is nobody's judgement, and so is "success": false
// alone: it may be about the request, the account or the server.
func (a answer) judge() (providers.Verdict, error) {
	approved := a.top.Status.meaning() == right || a.data.Status.meaning() == right
	yes := a.verified(true) || a.success(true) && approved
	no := a.verified(false) || a.success(false) && a.means(wrong)
	switch {
	case yes && !no && a.done() && !a.means(wrong, over, failed, pending):
		return providers.Verdict{Match: true, AttemptsLeft: -1, Final: true}, nil
	case no && !yes && !a.means(over):
		left := -1
		if told := cmp.Or(a.top.AttemptsRemaining, a.data.AttemptsRemaining); told != nil {
			left = max(0, *told)
		}
		return providers.Verdict{AttemptsLeft: left, Final: left == 0}, nil
	}
	return providers.Verdict{}, a.failure()
}

// report reads the answer to a status. Words that may be about the guess and not the message, such as "pending" and
// "failed", tell nothing of the message.
func (a answer) report() (providers.DeliveryReport, error) {
	status := cmp.Or(a.data.Status, a.top.Status)
	told := status.meaning()
	if told == unclear || !a.done() {
		return providers.DeliveryReport{}, a.failure()
	}
	report := providers.DeliveryReport{Code: string(status), Final: told == right || told == over}
	switch told {
	case sent:
		report.State = providers.DeliverySent
	case delivered, right:
		report.State = providers.DeliveryDelivered
	}
	return report, nil
}
