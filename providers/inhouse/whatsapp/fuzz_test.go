package whatsapp_test

import (
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/otpgate/otpgate/providers"
)

// FuzzAnswer states what holds for every answer: there is an id or an error and never both, no status but one of
// success makes an id, and nothing of the answer is quoted.
func FuzzAnswer(f *testing.F) {
	for _, name := range []string{"accepted.json", "no_template.json", "rate.json", "token.json"} {
		f.Add(200, file(f, name))
		f.Add(400, file(f, name))
	}
	f.Add(200, []byte(`{"error":{"code":739146}}`))
	f.Add(599, []byte(`{"messages":[{"id":"wamid.1"}],"error":null}`))
	type canned struct {
		status int
		body   []byte
	}
	var answer atomic.Pointer[canned]
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		a := answer.Load()
		w.WriteHeader(a.status)
		_, _ = w.Write(a.body)
	}))
	f.Cleanup(s.Close)
	tr := build(f, options(s.URL))
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		if status < 200 || status > 599 || status == http.StatusNoContent || status == http.StatusNotModified {
			status = http.StatusOK // others have no body, or end in the HTTP client
		}
		answer.Store(&canned{status, body})
		receipt, err := tr.Deliver(t.Context(), message(1))
		if err == nil {
			if receipt.ID == "" || status > 299 {
				t.Errorf("status %d, taken as %q", status, receipt.ID)
			}
			return
		}
		e := refusal(t, err)
		if receipt.ID != "" || e.Class == providers.Gone || e.Code == "739146" {
			t.Errorf("status %d: %v beside %q", status, e, receipt.ID)
		}
	})
}
