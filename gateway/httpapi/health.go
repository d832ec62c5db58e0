package httpapi

import (
	"net/http"

	"github.com/otpgate/otpgate/gateway/otp"
)

type health struct {
	Status string `json:"status"`
}

// healthz tells that the process answers, and nothing else.
func (r *call) healthz() (otp.Answer, error) { return answer(http.StatusOK, health{"ok"}), nil }

// readyz tells whether requests can be served. Why not is for the log.
func (r *call) readyz() (otp.Answer, error) {
	if err := r.Ready(r.ctx); err != nil {
		return otp.Answer{}, &otp.Error{Code: notReady, Detail: "the gateway cannot serve requests now", Err: err}
	}
	return answer(http.StatusOK, health{"ready"}), nil
}
