package httpsms_test

import (
	"encoding/xml"
	"io"
	"net/http"
	"strings"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/inhouse/httpsms/httpsmstwin"
	"github.com/otpgate/otpgate/providers/twin"
)

// anyAPI is the twin of an API that nobody has a preset for. It takes a message in every way in which one can be
// described.
func anyAPI(o httpsmstwin.Options) *twin.Twin {
	t := twin.New("any", o.Inbox)
	trait := o.Trait
	if trait == nil {
		trait = twin.TraitOf
	}
	answer := func(w http.ResponseWriter, r *http.Request) {
		in, ok := readAny(r)
		_, password, _ := r.BasicAuth()
		switch {
		case r.Header.Get("X-Key") != o.Key && r.URL.Query().Get("key") != o.Key && password != o.Key:
			w.WriteHeader(http.StatusUnauthorized)
		case !ok:
			w.WriteHeader(http.StatusBadRequest)
		default:
			deliverAny(t, w, r, in, trait(in.To))
		}
	}
	t.Handle("send", "/send", answer)
	t.Handle("send", "/send/{to}", answer)
	return t
}

type anyMessage struct {
	To   string `json:"to" xml:"to,attr"`
	From string `json:"from" xml:"from,attr"`
	Text string `json:"text" xml:"text"`
}

func readAny(r *http.Request) (m anyMessage, ok bool) {
	media, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	switch media {
	case "application/json":
		return m, twin.Read(r, &m) == nil
	case "text/xml":
		body, _ := io.ReadAll(r.Body)
		return m, xml.Unmarshal(body, &m) == nil
	}
	err := r.ParseForm()
	if media == "multipart/form-data" {
		return readParts(r)
	}
	m = anyMessage{To: r.Form.Get("to"), From: r.Form.Get("from"), Text: r.Form.Get("text")}
	if m.To == "" {
		m.To = r.PathValue("to")
	}
	return m, err == nil
}

// readParts reads a request with a file.
func readParts(r *http.Request) (m anyMessage, ok bool) {
	if r.ParseMultipartForm(1<<20) != nil {
		return m, false
	}
	part, head, err := r.FormFile("file")
	if err != nil || head.Filename != "code.wav" || head.Header.Get("Content-Type") != "audio/wav" {
		return m, false
	}
	file, err := io.ReadAll(part)
	return anyMessage{r.FormValue("to"), r.FormValue("from"), "Your code is " + httpsmstwin.Listen(file) + "."}, err == nil
}

func deliverAny(t *twin.Twin, w http.ResponseWriter, r *http.Request, in anyMessage, trait twin.Trait) {
	type result struct {
		State  string `json:"state"`
		ID     string `json:"id,omitempty"`
		Reason string `json:"reason,omitempty"`
	}
	say := func(status int, r result) {
		twin.JSON(w, status, struct {
			Result result `json:"result"`
		}{r})
	}
	switch trait {
	case twin.Invalid, twin.Barred:
		say(http.StatusAccepted, result{State: "refused", Reason: "NO_SUCH_NUMBER"})
	case twin.WrongSender:
		say(http.StatusBadRequest, result{State: "refused", Reason: "NO_SUCH_SENDER"})
	case twin.NoBalance:
		say(http.StatusBadRequest, result{State: "refused", Reason: "NO_MONEY"})
	case twin.TooMany:
		w.Header().Set("Retry-After", "30")
		w.WriteHeader(http.StatusTooManyRequests)
	case twin.Broken:
		w.WriteHeader(http.StatusInternalServerError)
	default:
		t.Deliver(r, providers.SMS, in.To, in.From, in.Text)
		say(http.StatusAccepted, result{State: "queued", ID: "m-1"})
	}
}
