package zend_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/otpgate/otpgate/providers"
)

func TestStatus(t *testing.T) {
	t.Parallel()
	pending := reply{200, sample(t, "status.json")}
	verified := providers.DeliveryReport{State: providers.DeliveryDelivered, Code: "verified", Final: true}
	tests := map[string]struct {
		get   reply
		want  providers.DeliveryReport
		class providers.Class // of the error, where there is no report
		code  string
	}{
		"the vendor's sample": {get: pending, want: providers.DeliveryReport{State: "sent", Code: "pending"}},
		"sent":                {get: stands("sent"), want: providers.DeliveryReport{State: "sent", Code: "sent"}},
		"verified":            {get: stands("verified"), want: verified},
		"expired":             {get: stands("expired"), want: providers.DeliveryReport{Code: "expired", Final: true}},
		"failed":              {get: stands("failed"), want: providers.DeliveryReport{Code: "failed", Final: true}},
		"a new word":          {get: stands("sleeping"), class: providers.Unknown, code: "sleeping"},
		"a number for a word": {get: stands("+233201234567"), class: providers.Unknown, code: "200"},
		"another id":          {get: reply{200, `{"id":"otp_other","status":"sent"}`}, class: providers.Unknown, code: "200"},
		"no word":             {get: reply{200, `{}`}, class: providers.Unknown, code: "200"},
		"blank":               {get: reply{200, ""}, class: providers.Transient, code: "200"},
		"page":                {get: reply{200, html}, class: providers.Transient, code: "200"},
		"not found":           {get: reply{404, `{"error":"not_found"}`}, class: providers.Gone, code: "not_found"},
		"its own 404":         {get: reply{200, `{"statusCode":404,"status":"sent"}`}, class: providers.Gone, code: "200"},
		"bad input":           {get: reply{400, `{"status":"sent"}`}, class: providers.Unknown, code: "400"},
		"key":                 {get: reply{401, ""}, class: providers.Credentials, code: "401"},
		"server":              {get: reply{502, html}, class: providers.Transient, code: "502"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, seen := canned(t, reply{}, test.get)
			got, err := p.Status(t.Context(), handle())
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
			if test.code == "" && err != nil {
				t.Error(err)
			} else if test.code != "" {
				refused(t, err, "status", test.class, test.code)
			}
			if diff := cmp.Diff([]string{"GET /otp/" + id + "/status"}, seen.requests()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestStatusOfAForeignHandleAsksNobody(t *testing.T) {
	t.Parallel()
	p, seen := canned(t, reply{}, stands("sent"))
	for _, state := range []string{
		"", "null", `{"v":2,"id":"x"}`, `{"v":1,"id":""}`, `{"v":1,"id":"a b"}`, `{"v":1,"id":"a\tb"}`,
	} {
		h := handle()
		h.State = []byte(state)
		_, err := p.Status(t.Context(), h)
		refused(t, err, "status", providers.Gone, "")
	}
	if asked := seen.requests(); len(asked) != 0 {
		t.Errorf("the upstream was asked %q", asked)
	}
}
