package httpsms_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/otpgate/otpgate/providers"
)

// documented is an answer of a vendor and what it means. The bodies stand in testdata, a folder for each preset.
type documented struct {
	preset string
	file   string // without its ending; empty: no body
	status int
	id     string          // of a message that was taken; empty: see class
	class  providers.Class // of a refusal
	code   string
}

func answersOfVendors() []documented {
	const (
		ambiguous, busy, credentials = providers.Ambiguous, providers.Busy, providers.Credentials
		exhausted, rejected          = providers.Exhausted, providers.Rejected
		throttled, transient         = providers.Throttled, providers.Transient
		unknown, unsupported         = providers.Unknown, providers.Unsupported

		at     = "africastalking"
		calls  = "africastalking-voice"
		ark    = "arkesel-voice"
		atID   = "ATXid_b9379ef72fd4ab2c6ab9bf9e5ea0a5a2"
		arkID  = "9b752841-7ee7-4d40-b4fe-768bfb1da4f0"
		hubtel = "hubtel-sms"
		mnote  = "mnotify"
		sexa   = "sendexa-sms"
		zend   = "zend-messages"
	)
	return []documented{
		{hubtel, "flat", 200, "9c5f3edc-529e-4182-959b-aeb17b9ddad4", 0, ""},
		{hubtel, "flat", 201, "9c5f3edc-529e-4182-959b-aeb17b9ddad4", 0, ""},
		{hubtel, "wrapped", 201, "eadbfcd0-94d1-438f-ad32-0013f34042c2", 0, ""},
		{hubtel, "no_status", 201, "eadbfcd0-94d1-438f-ad32-0013f34042c2", 0, ""},
		{hubtel, "no_id", 201, "", ambiguous, "201"},
		{hubtel, "bad_destination", 400, "", rejected, "1"},
		{hubtel, "bad_destination", 200, "", rejected, "1"},
		{hubtel, "bad_source", 400, "", unsupported, "2"},
		{hubtel, "too_long", 400, "", unsupported, "3"},
		{hubtel, "no_route", 400, "", unsupported, "4"},
		{hubtel, "bad_time", 400, "", unknown, "5"},
		{hubtel, "bad_time", 200, "", unknown, "5"},
		{hubtel, "content", 400, "", unsupported, "6"},
		{hubtel, "parameter", 400, "", unknown, "8"},
		{hubtel, "payment", 400, "", exhausted, "12"},
		{hubtel, "", 401, "", credentials, "401"},
		{hubtel, "", 402, "", exhausted, "402"},
		{hubtel, "", 403, "", unsupported, "403"},
		{hubtel, "", 404, "", unknown, "404"},
		{hubtel, "", 429, "", throttled, "429"},
		{hubtel, "", 502, "", transient, "502"},
		{hubtel, "flat", 400, "", unknown, "0"},

		{sexa, "queued", 200, "exa_sms_1a2b3c4d5e6f", 0, ""},
		{sexa, "delivered", 200, "exa_api_123456789_abc123def", 0, ""},
		{sexa, "failed", 200, "", unknown, "failed"},
		{sexa, "refused", 200, "", unknown, "false"},
		{sexa, "refused", 403, "", credentials, "Refused"},
		{sexa, "phone", 400, "", rejected, "400"},
		{sexa, "balance", 402, "", exhausted, "INSUFFICIENT_BALANCE"},
		{sexa, "balance", 403, "", exhausted, "INSUFFICIENT_BALANCE"},
		{sexa, "token", 401, "", credentials, "INVALID_TOKEN"},
		{sexa, "sender", 403, "", unsupported, "SENDER_ID_NOT_REGISTERED"},
		{sexa, "sender_pending", 400, "", unsupported, "SENDER_ID_NOT_APPROVED"},
		{sexa, "duplicate", 409, "", busy, "DUPLICATE_REQUEST"},
		{sexa, "rate", 429, "", throttled, "RATE_LIMIT_EXCEEDED"},
		{sexa, "provider", 502, "", transient, "PROVIDER_ERROR"},
		{sexa, "parameters", 400, "", unknown, "INVALID_PARAMETERS"},

		{zend, "queued", 201, "msg_1a2b3c", 0, ""},
		{zend, "queued", 200, "msg_1a2b3c", 0, ""},
		{zend, "failed", 201, "", unknown, "failed"},
		{zend, "no_id", 201, "", ambiguous, "201"},
		{zend, "validation", 422, "", unsupported, "422"},
		{zend, "key", 401, "", credentials, "401"},
		{zend, "", 402, "", exhausted, "402"},
		{zend, "", 429, "", throttled, "429"},

		{"arkesel", "success", 200, arkID, 0, ""},
		{"arkesel", "mixed", 200, arkID, 0, ""},
		{"arkesel", "invalid", 200, "", rejected, "200"},
		{"arkesel", "nobody", 200, "", ambiguous, "200"},
		{"arkesel", "error", 200, "", unknown, "error"},
		{"arkesel", "error", 402, "", exhausted, "402"},
		{"arkesel", "error", 403, "", credentials, "403"},
		{"arkesel", "error", 422, "", unknown, "422"},
		{"arkesel", "", 429, "", throttled, "429"},

		{ark, "success", 200, arkID, 0, ""},
		{ark, "object", 200, arkID, 0, ""},
		{ark, "invalid", 200, "", rejected, "200"},
		{ark, "no_file", 422, "", unknown, "422"},
		{ark, "error", 200, "", unknown, "error"},
		{ark, "error", 402, "", exhausted, "402"},
		{ark, "error", 403, "", credentials, "403"},
		{ark, "no_status", 200, "", ambiguous, "200"},
		{ark, "", 429, "", throttled, "429"},

		{mnote, "success", 200, "A59CCB70-662D-45AF-9976-1EFAD249793D", 0, ""},
		{mnote, "number", 200, "campaign-1", 0, ""},
		{mnote, "rejected", 200, "", rejected, "1"},
		{mnote, "none_sent", 200, "", unknown, "0"},
		{mnote, "no_summary", 200, "", ambiguous, "200"},
		{mnote, "error", 200, "", unknown, "4001"},
		{mnote, "error", 401, "", credentials, "401"},
		{mnote, "", 402, "", exhausted, "402"},
		{mnote, "", 429, "", throttled, "429"},

		{"termii", "success", 200, "3017544054459083819", 0, ""},
		{"termii", "with_code", 200, "3017544054", 0, ""},
		{"termii", "number", 200, "3017544054459083819", 0, ""},
		{"termii", "other_code", 200, "", unknown, "error"},
		{"termii", "no_id", 200, "", ambiguous, "200"},
		{"termii", "sender", 404, "", unsupported, "404"},
		{"termii", "route", 400, "", unsupported, "400"},
		{"termii", "inactive", 403, "", credentials, "403"},
		{"termii", "balance", 400, "", exhausted, "400"},
		{"termii", "other", 400, "", unknown, "400"},
		{"termii", "", 401, "", credentials, "401"},
		{"termii", "", 422, "", unknown, "422"},
		{"termii", "", 429, "", throttled, "429"},

		{"termii-voice", "success", 200, "3017544054459083819", 0, ""},
		{"termii-voice", "no_id", 200, "", ambiguous, "200"},
		{"termii-voice", "other_code", 200, "", unknown, "error"},
		{"termii-voice", "inactive", 403, "", credentials, "403"},
		{"termii-voice", "balance", 400, "", exhausted, "400"},
		{"termii-voice", "other", 400, "", unknown, "400"},
		{"termii-voice", "", 401, "", credentials, "401"},
		{"termii-voice", "", 429, "", throttled, "429"},

		{at, "100", 201, atID, 0, ""},
		{at, "101", 201, atID, 0, ""},
		{at, "102", 201, atID, 0, ""},
		{at, "401", 201, "", unsupported, "401"},
		{at, "402", 201, "", unsupported, "402"},
		{at, "403", 201, "", rejected, "403"},
		{at, "404", 201, "", unsupported, "404"},
		{at, "405", 201, "", exhausted, "405"},
		{at, "406", 201, "", rejected, "406"},
		{at, "407", 201, "", unsupported, "407"},
		{at, "408", 201, "", unknown, "408"},
		{at, "409", 201, "", unsupported, "409"},
		{at, "500", 201, "", transient, "500"},
		{at, "501", 201, "", transient, "501"},
		{at, "502", 201, "", unsupported, "502"},
		{at, "no_sender", 201, "", unsupported, "InvalidSenderId"},
		{at, "nobody", 201, "", unknown, "201"},
		{at, "no_data", 201, "", ambiguous, "201"},
		{at, "", 401, "", credentials, "401"},
		{at, "", 402, "", exhausted, "402"},
		{at, "", 409, "", unsupported, "409"},
		{at, "", 429, "", throttled, "429"},

		{calls, "queued", 201, "ATVId_11163e2ea9a58f3a7999fecda8eeb43a", 0, ""},
		{calls, "queued", 200, "ATVId_11163e2ea9a58f3a7999fecda8eeb43a", 0, ""},
		{calls, "no_message", 201, "ATVId_11163e2ea9a58f3a7999fecda8eeb43a", 0, ""},
		{calls, "invalid", 201, "", rejected, "InvalidPhoneNumber"},
		{calls, "destination", 201, "", unsupported, "DestinationNotSupported"},
		{calls, "credit", 201, "", exhausted, "InsufficientCredit"},
		{calls, "other", 201, "", unknown, "Aborted"},
		{calls, "contradictory", 201, "", unknown, "Aborted"},
		{calls, "refused", 201, "", unknown, "201"},
		{calls, "no_id", 201, "", ambiguous, "201"},
		{calls, "no_entries", 201, "", ambiguous, "201"},
		{calls, "", 401, "", credentials, "401"},
		{calls, "", 402, "", exhausted, "402"},
		{calls, "", 429, "", throttled, "429"},
	}
}

func TestDocumentedAnswers(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, d := range answersOfVendors() {
		seen[d.preset+"/"+d.file] = true
		t.Run(d.preset+"/"+d.file, func(t *testing.T) {
			t.Parallel()
			m := models()[d.preset]
			receipt, err := m.canned(t, d.status, d.body(t)).Deliver(t.Context(), m.message(1))
			if d.id != "" {
				if err != nil || receipt.ID != d.id {
					t.Errorf("got %q, %v; want %q", receipt.ID, err, d.id)
				}
				return
			}
			if e := refusal(t, err); e.Class != d.class || e.Code != d.code || receipt.ID != "" {
				t.Errorf("%d: got %v, want %v (%s)", d.status, e, d.class, d.code)
			}
		})
	}
	files, err := filepath.Glob("testdata/*/*.json")
	if err != nil || len(files) == 0 {
		t.Fatal("there are no samples", err)
	}
	for _, file := range files {
		name := filepath.Base(filepath.Dir(file)) + "/" + filepath.Base(file[:len(file)-len(".json")])
		if !seen[name] && name != "africastalking/none_id" {
			t.Errorf("%s is used by no test", file)
		}
	}
}

func (d documented) body(t testing.TB) string {
	t.Helper()
	if d.file == "" {
		return ""
	}
	b, err := os.ReadFile(filepath.Join("testdata", d.preset, d.file+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestAnIDThatIsNoneIsLeftOut(t *testing.T) {
	t.Parallel()
	d := documented{preset: "africastalking", file: "none_id", status: 201}
	receipt, err := models()[d.preset].canned(t, d.status, d.body(t)).Deliver(t.Context(), message(1))
	if err != nil || receipt.ID != "" {
		t.Errorf("got %q, %v", receipt.ID, err)
	}
}
