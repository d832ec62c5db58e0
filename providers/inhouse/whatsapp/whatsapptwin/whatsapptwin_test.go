package whatsapptwin_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/otpgate/otpgate/providers/inhouse/whatsapp/whatsapptwin"
	"github.com/otpgate/otpgate/providers/twin"
)

const good = `{"messaging_product":"whatsapp","recipient_type":"individual","to":"233201234567","type":"template",` +
	`"template":{"name":"otp","language":{"code":"en_US"},"components":[` +
	`{"type":"body","parameters":[{"type":"text","text":"739146"}]},` +
	`{"type":"button","sub_type":"url","index":"0","parameters":[{"type":"text","text":"739146"}]}]}}`

const path = "/v21.0/" + whatsapptwin.PhoneNumberID + "/messages"

// ask sends a body to a twin, and returns status and answer.
func ask(t *testing.T, one *whatsapptwin.Twin, path, token, body string) (int, string) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+token)
	w := httptest.NewRecorder()
	one.ServeHTTP(w, r)
	one.Wait()
	return w.Code, w.Body.String()
}

func TestTwinTakesWhatIsDocumented(t *testing.T) {
	t.Parallel()
	one := whatsapptwin.New(whatsapptwin.Options{Templates: []string{"otp en_US"}})
	status, answer := ask(t, one, path, whatsapptwin.Token, good)
	has := func(text string) bool { return strings.Contains(answer, text) }
	if status != http.StatusOK || !has(`"id":"wamid.`) || !has(`"wa_id":"233201234567"`) {
		t.Errorf("%d %s", status, answer)
	}
	messages := one.Inbox.Messages("+233201234567", "whatsapp")
	if len(messages) != 1 || messages[0].Text != "739146 is your verification code." {
		t.Errorf("%+v", messages)
	}
}

func TestTwinRefusesTheRest(t *testing.T) {
	t.Parallel()
	but := func(old, new string) string { return strings.ReplaceAll(good, old, new) }
	for name, test := range map[string]struct {
		path, token, body string
		status, code      int
	}{
		"another token":           {path, "x", good, 401, 190},
		"no token":                {path, "", good, 401, 190},
		"another number":          {"/v21.0/1/messages", whatsapptwin.Token, good, 400, 100},
		"no version":              {"/21/" + whatsapptwin.PhoneNumberID + "/messages", whatsapptwin.Token, good, 400, 100},
		"no JSON":                 {path, whatsapptwin.Token, "to=1", 400, 100},
		"a member more":           {path, whatsapptwin.Token, but(`"type":"template",`, `"type":"template","biz":1,`), 400, 100},
		"another product":         {path, whatsapptwin.Token, but(`"whatsapp"`, `"instagram"`), 400, 100},
		"a text":                  {path, whatsapptwin.Token, but(`"type":"template"`, `"type":"text"`), 400, 100},
		"a number with a plus":    {path, whatsapptwin.Token, but(`"233`, `"+233`), 400, 100},
		"no button":               {path, whatsapptwin.Token, but(`"type":"button"`, `"type":"body"`), 400, 100},
		"a body with an index":    {path, whatsapptwin.Token, but(`"type":"body"`, `"type":"body","index":"0"`), 400, 100},
		"two codes":               {path, whatsapptwin.Token, strings.Replace(good, "739146", "739147", 1), 400, 100},
		"a long code":             {path, whatsapptwin.Token, but("739146", strings.Repeat("7", 16)), 400, 100},
		"another template":        {path, whatsapptwin.Token, but(`"otp"`, `"other"`), 404, 132001},
		"another language":        {path, whatsapptwin.Token, but(`en_US`, `fr`), 404, 132001},
		"a number that is barred": {path, whatsapptwin.Token, but("4567", "9902"), 400, 131026},
	} {
		one := whatsapptwin.New(whatsapptwin.Options{Templates: []string{"otp en_US"}})
		status, answer := ask(t, one, test.path, test.token, test.body)
		if status != test.status || !strings.Contains(answer, fmt.Sprintf(`"code":%d`, test.code)) {
			t.Errorf("%s: %d %s", name, status, answer)
		}
		if n := len(one.Inbox.Messages("", "")); n != 0 {
			t.Errorf("%s: %d messages", name, n)
		}
	}
}

// callee keeps what a twin calls, and answers each call as it is told.
type callee struct {
	mu     sync.Mutex
	bodies []string
	answer string
	status int
}

func (c *callee) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	c.mu.Lock()
	defer c.mu.Unlock()
	if r.Method == http.MethodPost {
		c.bodies = append(c.bodies, string(body))
	}
	if c.status != 0 {
		w.WriteHeader(c.status)
	}
	_, _ = io.WriteString(w, c.answer)
}

func TestTwinCallsBack(t *testing.T) {
	t.Parallel()
	for _, hasty := range []bool{false, true} {
		c := &callee{status: http.StatusInternalServerError} // is not called again for that
		server := httptest.NewServer(c)
		one := whatsapptwin.New(whatsapptwin.Options{Hasty: hasty})
		one.CallTo(server.URL)
		for _, to := range []string{"233201234567", "233201239908"} {
			ask(t, one, path, whatsapptwin.Token, strings.ReplaceAll(good, "233201234567", to))
		}
		server.Close()
		var words []string
		for _, body := range c.bodies {
			for _, word := range []string{"sent", "delivered", "failed"} {
				if strings.Contains(body, `"status":"`+word+`"`) {
					words = append(words, word)
				}
			}
		}
		if diff := cmp.Diff([]string{"sent", "delivered", "failed"}, words); diff != "" {
			t.Errorf("hasty %v: %s", hasty, diff)
		}
	}
}

func TestTwinSubscribes(t *testing.T) {
	t.Parallel()
	c := &callee{answer: "1158201444"}
	server := httptest.NewServer(c)
	defer server.Close()
	one := whatsapptwin.New(whatsapptwin.Options{Inbox: new(twin.Inbox)})
	if err := one.Subscribe(t.Context(), server.URL); err != nil {
		t.Error(err)
	}
	for _, answer := range []struct {
		answer string
		status int
	}{{"1", 0}, {"1158201444", http.StatusForbidden}} {
		c.mu.Lock()
		c.answer, c.status = answer.answer, answer.status
		c.mu.Unlock()
		if one.Subscribe(t.Context(), server.URL) == nil {
			t.Errorf("%d %q is taken for a yes", answer.status, answer.answer)
		}
	}
	if one.Subscribe(t.Context(), "http://127.0.0.1:1") == nil || one.Subscribe(t.Context(), "::") == nil {
		t.Error("nobody is taken for a yes")
	}
}
