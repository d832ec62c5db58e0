package main

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"path"
	"strings"
	"sync"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/hubtel/hubteltwin"
	"github.com/otpgate/otpgate/providers/twin"
)

// upstream is a twin at an address of its own, which counts what it is asked.
type upstream struct {
	*twin.Twin
	url string

	mu    sync.Mutex
	asked map[string]int // by the last part of the path
}

// ServeHTTP implements [http.Handler].
func (u *upstream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	u.mu.Lock()
	u.asked[path.Base(r.URL.Path)]++
	u.mu.Unlock()
	u.Twin.ServeHTTP(w, r)
}

func (u *upstream) count(operation string) int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.asked[operation]
}

// upstream serves t until the drill is over.
func (s *stage) upstream(t *twin.Twin) (*upstream, error) {
	u := &upstream{Twin: t, asked: map[string]int{}}
	var err error
	u.url, err = s.listen(u)
	s.atEnd(t.Close)
	return u, err
}

// hubtel serves a twin of Hubtel whose messages bear name.
func (s *stage) hubtel(name string, inbox *twin.Inbox) (*upstream, error) {
	return s.upstream(hubteltwin.New(hubteltwin.Options{Name: name, Inbox: inbox}))
}

// hubtelBlock is the configuration of a provider that such a twin serves; more begins with a comma, or is empty.
func hubtelBlock(name, url, more string) string {
	return fmt.Sprintf("  %s: {kind: hubtel, with: {base_url: %q, client_id: %s, client_secret: %s, sender: Shop}%s}\n",
		name, url, hubteltwin.ClientID, hubteltwin.ClientSecret, more)
}

// phones is an API that carries the texts of the in-house generator into inbox.
func phones(inbox *twin.Inbox) *twin.Twin {
	t := twin.New("phones", inbox)
	t.Handle("send", "POST /send", func(w http.ResponseWriter, r *http.Request) {
		var in struct {
			To   string `json:"to"`
			Text string `json:"text"`
		}
		if err := twin.Read(r, &in); err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		t.Deliver(r, providers.SMS, in.To, "Shop", in.Text)
		w.WriteHeader(http.StatusAccepted)
	})
	return t
}

// inhouseBlock is the configuration of an in-house generator whose texts go to such an API.
func inhouseBlock(name, url string) string {
	return fmt.Sprintf(`  %s: {kind: inhouse, with: {transports: {sms: `+
		`{kind: httpsms, url: "%s/send", body: '{"to":"{to}","text":"{text}"}', sender: Shop}}}}`+"\n", name, url)
}

// codes are those in the messages to a person, newest first; from is the twin that delivered them, empty any.
func codes(inbox *twin.Inbox, to, from string) []string {
	var found []string
	for _, m := range inbox.Messages(to, "") {
		if m.Channel != providers.USSD && (from == "" || m.Twin == from) {
			found = append(found, codeIn(m.Text))
		}
	}
	return found
}

// codeIn is the code in a text: the first word of four digits or more.
func codeIn(text string) string {
	for word := range strings.FieldsFuncSeq(text, func(r rune) bool { return r < '0' || r > '9' }) {
		if len(word) >= 4 {
			return word
		}
	}
	return ""
}

// wrong is a code of the same shape that is none of those.
func wrong(codes []string) string {
	guess := []byte(codes[0])
	for at := 0; ; at = (at + 1) % len(guess) {
		guess[at] = '0' + (guess[at]-'0'+1)%10
		if !contains(codes, string(guess)) {
			return string(guess)
		}
	}
}

func contains(codes []string, guess string) bool {
	for _, code := range codes {
		if code == guess {
			return true
		}
	}
	return false
}

// ghanaian is the number of the n-th person in Ghana. No number ends like one that a twin treats in its own way.
func ghanaian(n int) string { return fmt.Sprintf("+23324%03d%04d", n/9000%1000, n%9000) }

// nigerian is the number of the n-th person in Nigeria.
func nigerian(n int) string { return fmt.Sprintf("+2348034%02d%04d", n/9000%100, n%9000) }

func silent() *log.Logger { return log.New(io.Discard, "", 0) }
