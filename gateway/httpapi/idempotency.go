package httpapi

import (
	"crypto/sha256"

	"github.com/otpgate/otpgate/gateway/otp"
)

const (
	idempotencyKey    = "Idempotency-Key"
	maxIdempotencyKey = 255
)

// once reads the Idempotency-Key of a request that answers with status; nil when there is none.
func (r *call) once(status int) (*otp.OnceInput, error) {
	keys := r.header(idempotencyKey)
	if len(keys) == 0 {
		return nil, nil
	}
	key := keys[0]
	if len(keys) > 1 || !visible(key) || len(key) > maxIdempotencyKey {
		return nil, invalid(otp.Field{Field: idempotencyKey, Message: "must be one key of 1 to 255 visible ASCII characters"})
	}
	return &otp.OnceInput{
		Key:         key,
		Fingerprint: fingerprint(r.route, r.fiber.Request().Body()),
		Render:      r.render(status),
	}, nil
}

// render makes the answer that is kept for a repeat. It is handed to the use case, so it reads nothing of fiber's.
func (r *call) render(status int) func(otp.Verification, error) otp.Answer {
	problems, id, at := r.problems, r.id, r.route.path
	return func(v otp.Verification, err error) otp.Answer {
		if err != nil {
			return problems.answer(err, id, at)
		}
		return answer(status, newVerification(v))
	}
}

// fingerprint tells one request from another under the same key. Equal requests are equal byte for byte.
func fingerprint(r route, body []byte) [sha256.Size]byte {
	const usual = 512
	text := make([]byte, 0, usual)
	text = append(append(append(append(text, r.method...), ' '), r.path...), '\n')
	return sha256.Sum256(append(text, body...))
}

func visible(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return s != ""
}
