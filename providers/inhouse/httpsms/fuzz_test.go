package httpsms

import (
	stdjson "encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/inhouse/transport"
)

// samples are the answers of all vendors, and such as no vendor gives.
func samples(f *testing.F) []string {
	f.Helper()
	files, err := filepath.Glob("testdata/*/*.json")
	if err != nil || len(files) == 0 {
		f.Fatal("there are no samples", err)
	}
	all := []string{
		"", " ", "null", "[]", "{}", `{"status":0}`, `{"status":0,"status":1}`, `{"code":2000}`, "\x00", "\xff", "\uFEFF{}",
		strings.Repeat("[", 4096), `{"data":[[[{"id":1}]]]}`, `{"SMSMessageData":{"Recipients":[]}}`,
	}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		all = append(all, string(b))
	}
	return all
}

// FuzzPath: whatever path and document are, reading ends, and what is found stands in the document.
func FuzzPath(f *testing.F) {
	for _, text := range []string{
		"", "a", "a.b", "a[0]", "a[*].b", "[*]", "a|b", "a | b[0][*]", "data[*].invalid numbers[*]", "a..b", "[", "a[1", "||",
	} {
		for _, doc := range []string{document1, "null", "[]", `{"a":{"b":[1,"x",true]}}`, `{"a":`} {
			f.Add(text, doc)
		}
	}
	f.Fuzz(func(t *testing.T, text, doc string) {
		p, ok := parsePath(text)
		if !ok && p != nil {
			t.Fatalf("%q is no path and is read as %v", text, p)
		}
		for _, value := range p.find(document([]byte(doc))) {
			if !holdsValue(doc, value) {
				t.Errorf("%q in %q leads to %q", text, doc, value)
			}
		}
	})
}

// holdsValue tells whether one of the simple values in doc is value, by a reader of another make.
func holdsValue(doc, value string) bool {
	d := stdjson.NewDecoder(strings.NewReader(strings.TrimPrefix(doc, "\uFEFF")))
	d.UseNumber()
	for {
		token, err := d.Token()
		if err != nil {
			return false
		}
		switch one := token.(type) {
		case string:
			if one == value {
				return true
			}
		case stdjson.Number:
			if one.String() == value {
				return true
			}
		case bool:
			if strconv.FormatBool(one) == value {
				return true
			}
		case stdjson.Delim:
			if strings.HasPrefix(value, one.String()) && len(value) == 2 {
				return true
			}
		}
	}
}

// FuzzAnswer: whatever an API answers, only what its vendor documents counts as taken, and no error tells the code.
func FuzzAnswer(f *testing.F) {
	names := []string{"hubtel-sms", "sendexa-sms", "zend-messages", "arkesel", "mnotify", "termii", "africastalking"}
	for i := range names {
		for _, body := range samples(f) {
			f.Add(i, 200, body)
			f.Add(i, 400, body)
		}
	}
	var status int
	var body string
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	f.Cleanup(upstream.Close)
	var presets []transport.Transport
	for _, name := range names {
		presets = append(presets, presetFor(f, name, upstream.URL))
	}
	f.Fuzz(func(t *testing.T, which, code int, answer string) {
		if which < 0 || which >= len(names) || code < 200 || code > 599 {
			return
		}
		status, body = code, answer
		receipt, err := presets[which].Deliver(t.Context(), fuzzMessage())
		if err == nil {
			if !documentedSuccess(names[which], code, answer) {
				t.Fatalf("%s: %d %q counts as taken", names[which], code, answer)
			}
			return
		}
		e, ok := errors.AsType[*providers.Error](err)
		if !ok || receipt.ID != "" || strings.Contains(err.Error(), "739146") || strings.Contains(err.Error(), "3320123") {
			t.Errorf("%s: %d %q: got %q, %v", names[which], code, answer, receipt.ID, err)
		}
		if e.Class == providers.Transient && success(code) && e.Code == strconv.Itoa(code) {
			t.Errorf("%s: %d %q: got %v, though the message may be under way", names[which], code, answer, err)
		}
	})
}

func presetFor(f *testing.F, name, url string) transport.Transport {
	f.Helper()
	p, key := presets()[name], providers.NewSecret("key")
	o := Options{Preset: name, Sender: "Shop", Account: Account{BaseURL: url}}
	for setting, at := range map[string]*providers.Secret{
		"api_key": &o.APIKey, "api_secret": &o.APISecret, "client_id": &o.ClientID, "client_secret": &o.ClientSecret,
		"username": &o.Username,
	} {
		if slices.Contains(p.takes, setting) {
			*at = key
		}
	}
	tr, err := o.Build(providers.Environment{Name: "one"})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = tr.(io.Closer).Close() })
	return tr
}

func fuzzMessage() transport.Message {
	return transport.Message{
		Channel: providers.SMS, To: providers.NewPhone("+233201230001", "GH", "0201230001"),
		Text: providers.NewSecret("739146 is your code."), Code: providers.NewSecret("739146"),
	}
}

// documentedSuccess is what the vendors' pages say, written once more and read by a reader of another make.
func documentedSuccess(preset string, status int, body string) bool {
	var doc any
	d := stdjson.NewDecoder(strings.NewReader(strings.TrimPrefix(body, "\uFEFF")))
	d.UseNumber()
	if status < 200 || status > 202 || d.Decode(&doc) != nil {
		return false
	}
	switch preset {
	case "hubtel-sms":
		return said(doc, "messageId")+said(doc, "data", "messageId") != "" &&
			slices.Contains([]string{"", "0"}, said(doc, "data", "status"))
	case "sendexa-sms":
		return said(doc, "success") == "true" &&
			slices.Contains([]string{"queued", "sent", "delivered"}, said(doc, "data", "status"))
	case "zend-messages":
		return said(doc, "id") != "" &&
			slices.Contains([]string{"pending", "queued", "processing", "sent", "delivered"}, said(doc, "status"))
	case "arkesel":
		data, _ := member(doc, "data").([]any)
		return said(doc, "status") == "success" &&
			slices.ContainsFunc(data, func(one any) bool { return said(one, "id") != "" })
	case "mnotify":
		sent, err := strconv.ParseFloat(said(doc, "summary", "total_sent"), 64)
		return said(doc, "code") == "2000" && said(doc, "status") == "success" && err == nil && sent >= 1
	case "termii":
		return said(doc, "message_id") != "" && slices.Contains([]string{"", "ok"}, said(doc, "code"))
	case "africastalking":
		list, _ := member(member(doc, "SMSMessageData"), "Recipients").([]any)
		return len(list) > 0 && slices.Contains([]string{"100", "101", "102"}, said(list[0], "statusCode"))
	}
	return false
}

func member(doc any, name string) any {
	m, _ := doc.(map[string]any)
	return m[name]
}

// said is the simple value at the end of names, as a text.
func said(doc any, names ...string) string {
	for _, name := range names {
		doc = member(doc, name)
	}
	switch v := doc.(type) {
	case string:
		return v
	case stdjson.Number:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	}
	return ""
}

// FuzzValues: whatever a message holds, it comes out of each kind of body as it went in, and nothing else with it.
func FuzzValues(f *testing.F) {
	for _, text := range []string{
		"", "739146", `","to":"`, "\\", "\"\n\r\t\x00", "{to}{text}{x}", "&to=1", "%0d%0a", "</text><to>", "]]>",
		"é😀\u2028", "\xff",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		values := map[string]string{placeTo: "+233201230001", placeText: text}
		var got struct {
			XMLName xml.Name `json:"-" xml:"sms"`
			To      string   `json:"to" xml:"to,attr"`
			Text    string   `json:"text" xml:"text"`
		}
		body := parse(`{"to":"{to}","text":"{text}"}`).fill(values, inJSON)
		if err := stdjson.Unmarshal([]byte(body), &got); err != nil || got.To != values[placeTo] {
			t.Errorf("%s: %v", body, err)
		}
		if utf8.ValidString(text) && got.Text != text {
			t.Errorf("%q came out as %q", text, got.Text)
		}
		body = parse(`<sms to="{to}"><text>{text}</text></sms>`).fill(values, inXML)
		if err := xml.Unmarshal([]byte(body), &got); err != nil || got.To != values[placeTo] {
			t.Errorf("%s: %v", body, err)
		}
		body = parse("to={to}&text={text}").fill(values, url.QueryEscape)
		form, err := url.ParseQuery(body)
		if err != nil || len(form) != 2 || form.Get("to") != values[placeTo] || form.Get("text") != text {
			t.Errorf("%s: %v", body, err)
		}
	})
}

// FuzzCall: whatever is posted about a call, it is refused or read, and the reason in a report is letters alone; what is
// said to the vendor is XML with the text in it.
func FuzzCall(f *testing.F) {
	for _, body := range []string{
		"isActive=1&sessionId=ATVId_1&callerNumber=%2B256701234567&destinationNumber=%2B254711082000&direction=Outbound",
		"isActive=0&sessionId=ATVId_1&status=NotAnswered&durationInSeconds=0&hangupCause=SUBSCRIBER_ABSENT",
		"isActive=0&sessionId=ATVId_1&status=Completed&durationInSeconds=14", "isActive=1&sessionId=", "a=%zz", "", "1, 2 <&>",
	} {
		f.Add(body)
	}
	token := providers.NewSecret("canary-token-of-the-calls")
	c := &caller{sender: &sender{callback: Callback{Token: token}, notices: presets()["africastalking-voice"].notices}}
	f.Fuzz(func(t *testing.T, body string) {
		call, err := c.ParseCall(providers.Callback{Method: http.MethodPost, Token: token, Body: []byte(body)})
		r := call.Report
		switch {
		case err != nil && !errors.Is(err, providers.ErrMalformed):
			t.Error(err)
		case err == nil && (call.ID == "" || len(call.ID) > longestID):
			t.Errorf("an id of %d bytes", len(call.ID))
		case (r.UpstreamID != "") != (err == nil && call.Stage == providers.CallEnded), strings.ContainsAny(r.Reason, "+0123456789 "):
			t.Errorf("stage %d has the report %+v", call.Stage, r)
		}
		_, said := c.Say(providers.NewSecret(body), "en")
		var heard struct{ Say string }
		if err := xml.Unmarshal(said, &heard); err != nil || utf8.ValidString(body) && !strings.ContainsAny(body, "\r") &&
			!strings.ContainsFunc(body, unspeakable) && heard.Say != body {
			t.Errorf("%q is said as %q: %v", body, said, err)
		}
	})
}

// unspeakable are the characters that XML 1.0 does not have (§2.2).
func unspeakable(r rune) bool {
	return r < ' ' && r != '\t' && r != '\n' || r == 0xfffe || r == 0xffff
}
