package httpapi

import (
	"net/http"

	"github.com/goccy/go-json/v2"

	"github.com/otpgate/otpgate/gateway/otp"
)

func (r *call) send() (otp.Answer, error) {
	var in otp.SendInput
	if err := r.readSend(&in); err != nil {
		return otp.Answer{}, err
	}
	result, err := r.snapshot.OTP.Send(r.ctx, r.caller.App, in)
	return r.outcome(result, err, http.StatusCreated)
}

// readSend reads the request. It is apart from what waits for the answer, so that nothing of the reading waits too.
func (r *call) readSend(in *otp.SendInput) error {
	body, err := decode[sendRequest](r)
	if err != nil {
		return err
	}
	*in = body.input()
	in.Once, err = r.once(http.StatusCreated)
	return err
}

func (r *call) resend() (otp.Answer, error) {
	body, err := decode[resendRequest](r)
	if err != nil {
		return otp.Answer{}, err
	}
	in := otp.ResendInput{Reference: body.Reference, Channel: body.Channel}
	if in.Once, err = r.once(http.StatusOK); err != nil {
		return otp.Answer{}, err
	}
	result, err := r.snapshot.OTP.Resend(r.ctx, r.caller.App, in)
	return r.outcome(result, err, http.StatusOK)
}

// outcome answers a send or resend: with the first answer where there was one, byte for byte.
func (r *call) outcome(result *otp.Result, err error, status int) (otp.Answer, error) {
	if result.Replayed && result.Answer != nil {
		return r.replay(result), nil
	}
	r.limits(result.Levels)
	if err != nil {
		return otp.Answer{}, err
	}
	r.reference = result.Verification.Reference
	if result.Answer != nil {
		return *result.Answer, nil
	}
	return answer(status, newVerification(result.Verification)), nil
}

// replay repeats the first answer. What it says about itself goes into header and log again.
func (r *call) replay(result *otp.Result) otp.Answer {
	r.fiber.Set("Idempotency-Replayed", "true")
	var first struct {
		Code       any           `json:"code"` // an object in a verification
		Reference  otp.Reference `json:"reference"`
		RetryAfter int           `json:"retry_after"`
	}
	if json.Unmarshal(result.Answer.Body, &first) == nil {
		r.reference = first.Reference
		r.retryAfter(first.RetryAfter)
	}
	if code, refused := first.Code.(string); refused {
		r.code = otp.Code(code)
	}
	return *result.Answer
}

func (r *call) verify() (otp.Answer, error) {
	body, err := decode[verifyRequest](r)
	if err != nil {
		return otp.Answer{}, err
	}
	v, err := r.snapshot.OTP.Verify(r.ctx, r.caller.App, body.input())
	if err != nil {
		return otp.Answer{}, err
	}
	r.reference = v.Reference
	if v.Status != otp.StatusVerified {
		return otp.Answer{}, errNotVerified
	}
	return answer(http.StatusOK, verified{newVerification(v), true}), nil
}

func (r *call) cancel() (otp.Answer, error) {
	body, err := decode[cancelRequest](r)
	if err != nil {
		return otp.Answer{}, err
	}
	v, err := r.snapshot.OTP.Cancel(r.ctx, r.caller.App, body.Reference)
	return r.one(v, err)
}

func (r *call) status() (otp.Answer, error) {
	in, err := r.statusInput()
	if err != nil {
		return otp.Answer{}, err
	}
	v, err := r.snapshot.OTP.Status(r.ctx, r.caller.App, in)
	return r.one(v, err)
}

func (r *call) one(v otp.Verification, err error) (otp.Answer, error) {
	if err != nil {
		return otp.Answer{}, err
	}
	r.reference = v.Reference
	return answer(http.StatusOK, newVerification(v)), nil
}

func (r *call) limits(levels []otp.Level) {
	if len(levels) == 0 {
		return
	}
	policy, level := rateLimits(levels, r.Now())
	r.fiber.Set("RateLimit-Policy", policy)
	r.fiber.Set("RateLimit", level)
}
