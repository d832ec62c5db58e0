package twin

import (
	"bytes"
	"cmp"
	"context"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	dripEvery = 100 * time.Millisecond
	hugeSize  = 10 << 20
	elsewhere = "http://elsewhere.invalid/"
	sample    = `{"success":true,"message":"success","code":"0000","data":{"id":"sample","verified":true}}`
	confused  = `{"success":"true","status":7,"code":["0000"],"message":{},"id":{},"verified":"true","data":"verified"}`
	foreign   = `{"result":"done"}`
	page      = "<!doctype html><html><head><title>Welcome</title></head><body>Please sign in.</body></html>\n"
)

// act answers a request as the fault f would have it. h is what would have answered.
func (t *Twin) act(f Fault, h http.HandlerFunc, w http.ResponseWriter, r *http.Request) {
	if f.Kind == Duplicate {
		h(w, r.WithContext(context.WithValue(r.Context(), doubleKey{}, true)))
		return
	}
	body := []byte(sample)
	if f.After {
		if real := perform(h, r); len(real) > 1 {
			body = real
		}
	}
	switch f.Kind {
	case Reset:
		reset(w)
	case Hang:
		t.hold(r)
	case HangBody:
		half(w, body)
		t.hold(r)
	case Cut:
		half(w, body)
		panic(http.ErrAbortHandler)
	case Drip:
		t.drip(w, r)
	default:
		misspeak(f, w, body)
	}
}

// misspeak writes a whole answer that is not the one wanted.
func misspeak(f Fault, w http.ResponseWriter, body []byte) {
	switch f.Kind {
	case Status:
		if f.RetryAfter != "" {
			w.Header().Set("Retry-After", f.RetryAfter)
		}
		status := cmp.Or(f.Status, http.StatusInternalServerError)
		write(w, status, "application/json", `{"message":`+strconv.Quote(http.StatusText(status))+`}`)
	case Truncated:
		write(w, http.StatusOK, "application/json", string(body[:len(body)/2]))
	case WrongTypes:
		write(w, http.StatusOK, "application/json", confused)
	case OtherJSON:
		write(w, http.StatusOK, "application/json", foreign)
	case HTML:
		write(w, http.StatusOK, "text/html; charset=utf-8", page)
	case Huge:
		write(w, http.StatusOK, "application/json", strings.Repeat(" ", hugeSize)+string(body))
	case Empty:
		write(w, http.StatusOK, "application/json", "")
	case Redirect:
		w.Header().Set("Location", cmp.Or(f.Location, elsewhere))
		write(w, http.StatusTemporaryRedirect, "text/html; charset=utf-8", page)
	}
}

func write(w http.ResponseWriter, status int, mediaType, body string) {
	w.Header().Set("Content-Type", mediaType)
	w.WriteHeader(status)
	_, _ = w.Write([]byte(body)) // a client that leaves is no concern of a fault
}

// half writes a head that promises more than the half of body that follows.
func half(w http.ResponseWriter, body []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body[:len(body)/2])
	_ = http.NewResponseController(w).Flush()
}

// hold keeps the request until the client leaves or the twin is closed, and then breaks the connection off.
func (t *Twin) hold(r *http.Request) {
	select {
	case <-r.Context().Done():
	case <-t.closed:
	}
	panic(http.ErrAbortHandler)
}

// drip sends white space that JSON allows before a value, for as long as somebody listens.
func (t *Twin) drip(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	tick := time.NewTicker(dripEvery)
	defer tick.Stop()
	for {
		if _, err := w.Write([]byte(" ")); err != nil {
			return
		}
		_ = http.NewResponseController(w).Flush()
		select {
		case <-tick.C:
		case <-r.Context().Done():
			return
		case <-t.closed:
			panic(http.ErrAbortHandler)
		}
	}
}

// reset ends the connection with a reset rather than in order.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

// perform lets the request take effect and keeps the body of its answer.
func perform(h http.HandlerFunc, r *http.Request) []byte {
	var kept discarded
	h(&kept, r)
	return kept.body.Bytes()
}

// discarded is an answer that nobody gets.
type discarded struct {
	header http.Header
	body   bytes.Buffer
}

// Header implements [http.ResponseWriter].
func (d *discarded) Header() http.Header {
	if d.header == nil {
		d.header = http.Header{}
	}
	return d.header
}

// WriteHeader implements [http.ResponseWriter].
func (d *discarded) WriteHeader(int) {}

// Write implements [http.ResponseWriter].
func (d *discarded) Write(b []byte) (int, error) { return d.body.Write(b) }
