package twin

import (
	"io"
	"net/http"
	"time"

	"github.com/goccy/go-json/v2"

	"github.com/otpgate/otpgate/providers"
)

// control adds the paths that steer a twin.
func (t *Twin) control() {
	t.mux.HandleFunc("GET /inbox", func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		JSON(w, http.StatusOK, t.Inbox.Messages(q.Get("to"), providers.Channel(q.Get("channel"))))
	})
	t.mux.HandleFunc("DELETE /inbox", func(w http.ResponseWriter, _ *http.Request) {
		t.Inbox.Clear()
		w.WriteHeader(http.StatusNoContent)
	})
	t.mux.HandleFunc("GET /faults", func(w http.ResponseWriter, _ *http.Request) {
		JSON(w, http.StatusOK, t.Faults.List())
	})
	t.mux.HandleFunc("PUT /faults", t.putFault)
	t.mux.HandleFunc("DELETE /faults", func(w http.ResponseWriter, r *http.Request) {
		t.Faults.Clear(r.URL.Query().Get("endpoint"))
		w.WriteHeader(http.StatusNoContent)
	})
	t.mux.HandleFunc("GET /clock", func(w http.ResponseWriter, _ *http.Request) { t.showClock(w) })
	t.mux.HandleFunc("POST /clock", t.advanceClock)
	t.mux.HandleFunc("DELETE /clock", func(w http.ResponseWriter, _ *http.Request) {
		t.Inbox.Clock.Reset()
		t.showClock(w)
	})
	t.mux.HandleFunc("GET /magic", func(w http.ResponseWriter, _ *http.Request) {
		JSON(w, http.StatusOK, MagicNumbers())
	})
}

func (t *Twin) putFault(w http.ResponseWriter, r *http.Request) {
	var f Fault
	if err := Read(r, &f); err != nil {
		refuse(w, "write a JSON object such as {\"endpoint\":\"send\",\"fault\":\"status\",\"status\":500}")
		return
	}
	if err := t.Faults.Set(f); err != nil {
		refuse(w, err.Error())
		return
	}
	JSON(w, http.StatusOK, t.Faults.List())
}

func (t *Twin) advanceClock(w http.ResponseWriter, r *http.Request) {
	var move struct {
		Advance string `json:"advance"`
	}
	err := Read(r, &move)
	d, bad := time.ParseDuration(move.Advance)
	if err != nil || bad != nil {
		refuse(w, "write a JSON object such as {\"advance\":\"5m\"}")
		return
	}
	t.Inbox.Clock.Advance(d)
	t.showClock(w)
}

func (t *Twin) showClock(w http.ResponseWriter) {
	JSON(w, http.StatusOK, struct {
		Now   time.Time `json:"now"`
		Ahead string    `json:"ahead"`
	}{t.Now().UTC(), t.Inbox.Clock.Ahead().String()})
}

func refuse(w http.ResponseWriter, why string) {
	JSON(w, http.StatusBadRequest, struct {
		Message string `json:"message"`
	}{why})
}

// JSON writes an answer.
func JSON(w http.ResponseWriter, status int, body any) {
	b, err := json.Marshal(body)
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	write(w, status, "application/json", string(b))
}

// Read reads a request's JSON strictly: twins complain where their upstreams may not, so that a slip of an adapter
// shows.
func Read(r *http.Request, into any) error {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		return err
	}
	return json.Unmarshal(body, into, json.RejectUnknownMembers(true))
}
