package twin

import (
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
)

// FaultKind is a way to fail.
type FaultKind string

// The ways to fail.
const (
	Refused    FaultKind = "refused"     // the connection is closed, the request is not even read
	Reset      FaultKind = "reset"       // the connection is reset in place of an answer
	Hang       FaultKind = "hang"        // no answer ever begins
	HangBody   FaultKind = "hang_body"   // an answer begins and never ends
	Drip       FaultKind = "drip"        // an answer comes a byte at a time and never ends
	Cut        FaultKind = "cut"         // the connection closes in the middle of a body
	Status     FaultKind = "status"      // another status, perhaps with Retry-After
	Truncated  FaultKind = "truncated"   // half of a JSON text, sent as if it were whole
	WrongTypes FaultKind = "wrong_types" // JSON whose values are of other types
	OtherJSON  FaultKind = "other_json"  // JSON of some other API
	HTML       FaultKind = "html"        // a page in place of JSON
	Huge       FaultKind = "huge"        // a body of 10 MB
	Empty      FaultKind = "empty"       // no body
	Duplicate  FaultKind = "duplicate"   // all is well, but what is delivered is delivered twice
	Redirect   FaultKind = "redirect"    // to another host
)

// FaultKinds lists every kind.
func FaultKinds() []FaultKind {
	return []FaultKind{
		Refused, Reset, Hang, HangBody, Drip, Cut, Status, Truncated, WrongTypes, OtherJSON, HTML, Huge, Empty,
		Duplicate, Redirect,
	}
}

// Fault is a way to fail that can be switched on.
type Fault struct {
	Endpoint string    `json:"endpoint,omitzero"` // "send", "verify", …; empty: those without a fault of their own
	Kind     FaultKind `json:"fault"`
	// After lets the request take effect before its answer fails: a code is created and delivered, a session is used
	// up.
	After       bool    `json:"after,omitzero"`
	Status      int     `json:"status,omitzero"`      // of [Status]; 0: 500
	RetryAfter  string  `json:"retry_after,omitzero"` // header of [Status]; empty: none
	Location    string  `json:"location,omitzero"`    // of [Redirect]; empty: a host that does not exist
	Probability float64 `json:"probability,omitzero"` // of striking, in (0, 1]; 0: always
	Seed        uint64  `json:"seed,omitzero"`        // the same seed strikes at the same requests
	Times       int     `json:"times,omitzero"`       // how often it strikes before it is off again; 0: for ever
	Hits        int     `json:"hits,omitzero"`        // how often it struck; told, not taken
}

// Faults are the faults of one twin, at most one for each endpoint. The zero Faults are none. It is safe for concurrent
// use.
type Faults struct {
	mu sync.Mutex
	on []*fault
}

type fault struct {
	Fault
	dice *rand.Rand
}

// Set switches a fault on, in place of the one that its endpoint had.
func (f *Faults) Set(next Fault) error {
	switch {
	case !slices.Contains(FaultKinds(), next.Kind):
		return errors.New("fault is not known")
	case next.Probability < 0 || next.Probability > 1:
		return errors.New("probability lies outside 0 to 1")
	case next.Times < 0:
		return errors.New("times is negative")
	case next.Status != 0 && (next.Status < 200 || next.Status > 599):
		return errors.New("status lies outside 200 to 599")
	case next.Kind == Refused && next.After:
		return errors.New("what is refused has no effect: use reset")
	}
	next.Hits = 0
	f.mu.Lock()
	defer f.mu.Unlock()
	f.off(func(old *fault) bool { return old.Endpoint == next.Endpoint })
	f.on = append(f.on, &fault{Fault: next, dice: rand.New(rand.NewPCG(next.Seed, 0))})
	return nil
}

// List tells the faults that are on.
func (f *Faults) List() []Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	list := make([]Fault, 0, len(f.on))
	for _, one := range f.on {
		list = append(list, one.Fault)
	}
	return list
}

// Clear switches the fault of one endpoint off; with an empty endpoint, all of them.
func (f *Faults) Clear(endpoint string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.off(func(old *fault) bool { return endpoint == "" || old.Endpoint == endpoint })
}

// strike tells which fault, if any, a request to endpoint meets.
func (f *Faults) strike(endpoint string) (Fault, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	one := f.of(endpoint)
	if one == nil || one.Probability > 0 && one.dice.Float64() >= one.Probability {
		return Fault{}, false
	}
	one.Hits++
	if one.Times > 0 && one.Hits >= one.Times {
		f.off(func(old *fault) bool { return old == one })
	}
	return one.Fault, true
}

// of is the fault for endpoint: its own, else the general one.
func (f *Faults) of(endpoint string) *fault {
	var general *fault
	for _, one := range f.on {
		switch one.Endpoint {
		case endpoint:
			return one
		case "":
			general = one
		}
	}
	return general
}

func (f *Faults) off(which func(*fault) bool) { f.on = slices.DeleteFunc(f.on, which) }
