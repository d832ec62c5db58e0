package gateway_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"testing"
	"time"
)

const dialToken = "e2e-token-that-must-not-be-seen"

// startDialable is a gateway whose in-house codes can be dialled, by an aggregator of a style that calls from a source.
// more stands behind its settings.
func startDialable(t *testing.T, style, source, more string) *world {
	t.Helper()
	const with = `with: {transports: {sms: {kind: console}, email: {kind: console}}`
	ussd := fmt.Sprintf(`%s, ussd: {dial: "*920*7#", style: %s, token: %s, sources: ["%s"]%s}`, with, style, dialToken, source, more)
	return start(t, with, ussd)
}

// callback posts what an aggregator would, and returns the screen and whether it waits for an answer.
func (w *world) callback(path, body string) (status int, screen string, waits bool) {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, w.url+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	if after, ok := strings.CutPrefix(string(text), "CON "); ok {
		return resp.StatusCode, after, true
	}
	if after, ok := strings.CutPrefix(string(text), "END "); ok {
		return resp.StatusCode, after, false
	}
	var out struct {
		Type            string
		Message         string
		ContinueSession bool
	}
	if err := json.Unmarshal(text, &out); err != nil {
		w.t.Fatalf("%v: %s", err, text)
	}
	return resp.StatusCode, out.Message, out.ContinueSession || out.Type == "Response"
}

// bodies are how the aggregators ask for the screen of a number after it chose from a menu; at first there is no choice.
func bodies() map[string]func(number, choice string) string {
	return map[string]func(number, choice string) string{
		"africastalking": func(number, choice string) string {
			return url.Values{"sessionId": {"s"}, "phoneNumber": {number}, "text": {choice}}.Encode()
		},
		"hubtel": func(number, choice string) string {
			kind := "Response"
			if choice == "" {
				kind, choice = "Initiation", "*920*7#"
			}
			return fmt.Sprintf(`{"Type":%q,"Mobile":%q,"SessionId":"s","Message":%q,"Sequence":1}`, kind, number[1:], choice)
		},
		"arkesel": func(number, choice string) string {
			return fmt.Sprintf(`{"sessionID":"s","newSession":%v,"msisdn":%q,"userData":%q}`, choice == "", number[1:], choice)
		},
	}
}

func TestWhoDialsSeesTheCode(t *testing.T) {
	t.Parallel()
	const number, path = "+2348031234567", "/v1/ussd/inhouse/" + dialToken
	for style, body := range bodies() {
		t.Run(style, func(t *testing.T) {
			t.Parallel()
			w := startDialable(t, style, "127.0.0.0/8", "")
			if _, screen, _ := w.callback(path, body(number, "")); !strings.HasPrefix(screen, "There is no code for this number") {
				t.Errorf("before: %s", screen)
			}
			first := w.send(`{"to":"+2348031234567"}`)
			code := w.code(number)
			status, screen, waits := w.callback(path, body(number, ""))
			if status != http.StatusOK || waits || !strings.HasPrefix(screen, "Shop: your code is "+code+".") {
				t.Errorf("%d %s", status, screen)
			}
			if _, screen, _ := w.callback("/v1/ussd/inhouse?token="+dialToken, body(number, "")); !strings.Contains(screen, code) {
				t.Errorf("with the token in the query: %s", screen)
			}
			if _, screen, _ := w.callback(path, body("+2348031234568", "")); strings.Contains(screen, code) {
				t.Error("another number is shown the code")
			}

			for sent := time.Now().UnixMilli(); time.Now().UnixMilli() == sent; { // the order within a millisecond is open
				runtime.Gosched()
			}
			w.post("rival-key", "/v1/otp/send", `{"to":"+2348031234567"}`)
			rivals := w.code(number)
			if _, screen, waits := w.callback(path, body(number, "")); screen != "Which code?\n1 Rival\n2 Shop" || !waits {
				t.Errorf("menu: %s", screen)
			}
			if _, screen, waits := w.callback(path, body(number, "1")); !strings.HasPrefix(screen, "Rival: your code is "+rivals) || waits {
				t.Errorf("first choice: %s", screen)
			}
			_, screen, _ = w.callback(path, body(number, "2"))
			if !strings.HasPrefix(screen, "Shop: your code is "+code) {
				t.Errorf("second choice: %s", screen)
			}
			if a := w.verify(first.Reference, "000"); a.status != http.StatusUnprocessableEntity {
				t.Errorf("wrong: %d %s", a.status, a.body)
			}
			a := w.verify(first.Reference, digits.FindString(screen))
			if a.status != http.StatusOK || len(a.Deliveries) != 2 || a.Deliveries[1].Status != "delivered" || a.Provider != "inhouse" {
				t.Errorf("right: %d %s", a.status, a.body)
			}
			w.clean(code, rivals, dialToken, number[1:])
		})
	}
}

// clean fails when the log holds one of the texts, but for the messages that the console transport shows on purpose.
func (w *world) clean(texts ...string) {
	w.t.Helper()
	w.logMu.Lock()
	defer w.logMu.Unlock()
	for line := range strings.Lines(w.log.String()) {
		for _, text := range texts {
			if strings.Contains(line, text) && !strings.Contains(line, "sandbox message") {
				w.t.Errorf("%s is in the log: %s", text, line)
			}
		}
	}
}

func TestStrangersFindNothingToDial(t *testing.T) {
	t.Parallel()
	body := bodies()["africastalking"]("+2348031234567", "")
	near, far := startDialable(t, "africastalking", "127.0.0.0/8", ""), startDialable(t, "africastalking", "198.51.100.0/24", "")
	for name, test := range map[string]struct {
		w    *world
		path string
	}{
		"a wrong token":             {near, "/v1/ussd/inhouse/e2e-token-that-must-not-be-seem"},
		"no token":                  {near, "/v1/ussd/inhouse"},
		"a provider without dials":  {near, "/v1/ussd/hubtel-gh/" + dialToken},
		"an unknown provider":       {near, "/v1/ussd/nobody/" + dialToken},
		"a caller from elsewhere":   {far, "/v1/ussd/inhouse/" + dialToken},
		"a gateway without dialing": {start(t), "/v1/ussd/inhouse/" + dialToken},
	} {
		test.w.t = t
		if status, _, _ := test.w.callback(test.path, body); status != http.StatusNotFound {
			t.Errorf("%s: %d", name, status)
		}
	}
}

func TestDialingTooOftenIsPutOff(t *testing.T) {
	t.Parallel()
	w := startDialable(t, "africastalking", "127.0.0.1", ", max_per_minute: 2")
	body := bodies()["africastalking"]("+2348031234567", "")
	for n := range 3 {
		status, screen, _ := w.callback("/v1/ussd/inhouse/"+dialToken, body)
		if often := strings.HasPrefix(screen, "You have asked too often."); often != (n == 2) || status != http.StatusOK {
			t.Errorf("dial %d: %d %s", n, status, screen)
		}
	}
}
