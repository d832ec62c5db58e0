package main

import (
	"net/http"
	"path"
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
