package httpsms_test

import (
	"testing"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/inhouse/httpsms"
)

func TestAnswersOfDescribedAPIs(t *testing.T) {
	t.Parallel()
	const ambiguous, unknown, rejected = providers.Ambiguous, providers.Unknown, providers.Rejected
	type conditions = httpsms.Conditions
	status := conditions{{Path: "status", Values: []string{"0", "ok"}}}
	code := []httpsms.ErrorRule{
		{Status: 409, Path: "code", Values: []string{"7"}, Class: "busy"},
		{Path: "code", Values: []string{"7", "8"}, Class: "rejected"},
		{Status: 418, Class: "unsupported"},
		{Path: "bad[*]", Class: "rejected"},
	}
	tests := map[string]struct {
		accept  []int
		success httpsms.Conditions
		errors  []httpsms.ErrorRule
		status  int
		body    string
		id      string
		class   providers.Class
		code    string // of the error; empty: there is none
	}{
		"a status is enough where nothing else is said": {status: 202, body: "OK 17"},
		"each status of the default":                    {status: 201},
		"a success that is not accepted":                {status: 204, class: ambiguous, code: "204"},
		"one that is":                                   {accept: []int{204}, status: 204},
		"the default is gone then":                      {accept: []int{204}, status: 200, class: ambiguous, code: "200"},

		"a number for a text":    {success: status, status: 200, body: `{"status":0,"id":17}`, id: "17"},
		"a text for a number":    {success: status, status: 200, body: ` {"status":"0"} `},
		"behind a mark of order": {success: status, status: 200, body: "\uFEFF" + `{"status":"ok"}`},
		"another value": {
			success: status, status: 200, body: `{"status":"queued"}`, class: unknown, code: "queued",
		},
		"a number written apart": {success: status, status: 200, body: `{"status":0.0}`, class: unknown, code: "0.0"},
		"a sentence": {
			success: status, status: 200, body: `{"status":"to 33201230001"}`, class: unknown, code: "200",
		},
		"the number sent back": {
			success: status, status: 200, body: `{"status":"+233201230001"}`, class: unknown, code: "200",
		},
		"the code sent back":  {success: status, status: 200, body: `{"status":"739146"}`, class: unknown, code: "200"},
		"nothing there":       {success: status, status: 200, body: `{}`, class: ambiguous, code: "200"},
		"null there":          {success: status, status: 200, body: `{"status":null}`, class: ambiguous, code: "200"},
		"an empty text there": {success: status, status: 200, body: `{"status":""}`, class: ambiguous, code: "200"},
		"an object there":     {success: status, status: 200, body: `{"status":{"a":1}}`, class: ambiguous, code: "200"},
		"the same name twice": {
			success: status, status: 200, body: `{"status":0,"status":1}`, class: ambiguous, code: "200",
		},
		"two texts": {
			success: status, status: 200, body: `{"status":0}{"status":0}`, class: ambiguous, code: "200",
		},
		"success at another": {success: status, status: 404, body: `{"status":0}`, class: unknown, code: "404"},
		"success at a fault": {
			success: status, status: 500, body: `{"status":0}`, class: providers.Transient, code: "500",
		},
		"a timeout of the server": {success: status, status: 408, class: providers.Transient, code: "408"},

		"every one must be right": {
			success: conditions{{Path: "m[*].s", Values: []string{"ok"}}}, status: 200,
			body: `{"m":[{"s":"ok"},{"s":"failed"}]}`, class: unknown, code: "failed",
		},
		"every one is": {
			success: conditions{{Path: "m[*].s", Values: []string{"ok"}}}, status: 200, body: `{"m":[{"s":"ok"},{"s":"ok"}]}`,
		},
		"a refusal outweighs a doubt": {
			success: conditions{{Path: "a"}, {Path: "b", Values: []string{"ok"}}}, status: 200,
			body: `{"b":"failed"}`, class: unknown, code: "failed",
		},
		"something must be there": {success: conditions{{Path: "a"}}, status: 200, body: `{"a":false}`},
		"an empty list is nothing": {
			success: conditions{{Path: "a"}}, status: 200, body: `{"a":[]}`, class: ambiguous, code: "200",
		},
		"an empty object is nothing": {
			success: conditions{{Path: "a"}}, status: 200, body: `{"a":{}}`, class: ambiguous, code: "200",
		},
		"the least":            {success: conditions{{Path: "n", Min: 1}}, status: 200, body: `{"n":1}`},
		"the least, as a text": {success: conditions{{Path: "n", Min: 1}}, status: 200, body: `{"n":"2.5"}`},
		"less than that": {
			success: conditions{{Path: "n", Min: 1}}, status: 200, body: `{"n":0}`, class: unknown, code: "0",
		},
		"much less": {
			success: conditions{{Path: "n", Min: 1}}, status: 200, body: `{"n":-3}`, class: unknown, code: "-3",
		},
		"no number": {
			success: conditions{{Path: "n", Min: 1}}, status: 200, body: `{"n":"many"}`, class: ambiguous, code: "200",
		},
		"no end of it": {
			success: conditions{{Path: "n", Min: 1}}, status: 200, body: `{"n":"Infinity"}`, class: ambiguous, code: "200",
		},
		"what may be missing": {
			success: conditions{{Path: "a", Values: []string{"ok"}, Optional: true}}, status: 200, body: `{}`,
		},
		"and is wrong": {
			success: conditions{{Path: "a", Values: []string{"ok"}, Optional: true}}, status: 200, body: `{"a":"no"}`,
			class: unknown, code: "no",
		},

		"a rule goes before success": {
			success: status, errors: code, status: 200, body: `{"status":0,"code":8}`, class: rejected, code: "8",
		},
		"the first rule that applies": {errors: code, status: 409, body: `{"code":7}`, class: providers.Busy, code: "7"},
		"the next, at another status": {errors: code, status: 400, body: `{"code":"7"}`, class: rejected, code: "7"},
		"a rule goes before a status": {errors: code, status: 401, body: `{"code":7}`, class: rejected, code: "7"},
		"a rule about a status": {
			errors: code, status: 418, body: `<html>`, class: providers.Unsupported, code: "418",
		},
		"a rule about whatever": {
			errors: code, status: 200, body: `{"bad":["0201230001"]}`, class: rejected, code: "200",
		},
		"about an empty list":       {errors: code, status: 200, body: `{"bad":[]}`},
		"a code that no rule knows": {errors: code, status: 400, body: `{"code":99}`, class: unknown, code: "99"},
		"one at a fault": {
			errors: code, status: 503, body: `{"code":99}`, class: providers.Transient, code: "99",
		},
		"nothing to hold against it":   {errors: code, status: 200, body: `{}`},
		"rules that cannot be applied": {errors: code, status: 200, body: `<html>`, class: ambiguous, code: "200"},
		"an empty list by its name": {
			errors: []httpsms.ErrorRule{{Path: "to", Values: []string{"[]"}, Class: "rejected"}}, status: 200,
			body: `{"to":[ ]}`, class: rejected, code: "200",
		},
		"an id of many words":  {status: 200, body: `{"id":"a b"}`},
		"an id of other signs": {status: 200, body: `{"id":"é"}`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := described(httpsms.Contract{Body: secret(`{"to":"{to}","text":"{text}"}`)})
			c := &m.options.Contract
			c.Accept, c.Success, c.Errors, c.IDPath = test.accept, test.success, test.errors, "id"
			receipt, err := m.canned(t, test.status, test.body).Deliver(t.Context(), message(1))
			if test.code == "" {
				if err != nil || receipt.ID != test.id {
					t.Errorf("got %q, %v; want %q", receipt.ID, err, test.id)
				}
				return
			}
			if e := refusal(t, err); e.Class != test.class || e.Code != test.code || receipt.ID != "" {
				t.Errorf("got %v, want %v (%s)", e, test.class, test.code)
			}
		})
	}
}
