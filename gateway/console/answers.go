package console

import (
	"context"
	"errors"
	"net/http"

	"github.com/goccy/go-json/jsontext"
	"github.com/goccy/go-json/v2"

	"github.com/otpgate/otpgate/gateway/otp"
)

// routeAnswers adds what the pages' modules ask for, as JSON.
func (c *Console) routeAnswers(mux *http.ServeMux) {
	mux.HandleFunc("GET /api/overview", c.answer(c.overview))
	mux.HandleFunc("GET /api/providers", c.answer(c.providers))
	mux.HandleFunc("POST /api/verifications", c.answer(c.search)) // a recipient does not belong into a URL
	mux.HandleFunc("GET /api/verifications/{reference}", c.answer(c.story))
	mux.HandleFunc("POST /api/explain", c.answer(c.explain))
	mux.HandleFunc("POST /api/limits", c.answer(c.limits))
	mux.HandleFunc("GET /api/configuration", c.answer(c.configuration))
	if c.Inbox != nil {
		mux.HandleFunc("POST /api/inbox", c.answer(c.inbox))
	}
}

// refusal is what a module gets in place of an answer.
type refusal struct {
	Error  string      `json:"error"`
	Fields []otp.Field `json:"fields,omitempty"`
}

// answer has work done for a module, and writes its outcome.
func (c *Console) answer(work func(*http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), askTime)
		defer cancel()
		status := http.StatusOK
		out, err := work(r.WithContext(ctx))
		if err != nil {
			status, out = c.refuse(r, err)
		}
		body, err := json.Marshal(out, json.Deterministic(true), jsontext.EscapeForHTML(true))
		if err != nil {
			c.Log.Error("the console cannot write an answer", "route", r.Pattern, "error", err)
			http.Error(w, "a defect of the console; the log says more", http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = w.Write(body)
	}
}

func (c *Console) refuse(r *http.Request, err error) (int, refusal) {
	if refused, ok := errors.AsType[*otp.Error](err); ok && refused.Code != otp.StoreUnavailable {
		return statusOf(refused.Code), refusal{refused.Detail, refused.Fields}
	}
	if r.Context().Err() == nil || errors.Is(r.Context().Err(), context.DeadlineExceeded) {
		c.Log.Error("the console cannot answer", "route", r.Pattern, "error", err)
	}
	return http.StatusServiceUnavailable, refusal{Error: "the store does not answer; the gateway's log says why"}
}

func statusOf(code otp.Code) int {
	switch code {
	case otp.NotFound:
		return http.StatusNotFound
	case otp.InvalidRequest:
		return http.StatusBadRequest
	default:
		return http.StatusUnprocessableEntity
	}
}

// read decodes the body of a module's question.
func read[T any](r *http.Request) (T, error) {
	var in T
	if err := json.UnmarshalRead(r.Body, &in, json.RejectUnknownMembers(true)); err != nil {
		return in, mistake("body", "the question cannot be read; reload the page")
	}
	return in, nil
}

func mistake(field, message string) *otp.Error {
	return &otp.Error{Code: otp.InvalidRequest, Detail: message, Fields: []otp.Field{{Field: field, Message: message}}}
}
