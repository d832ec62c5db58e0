package otp

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Limit allows Max events in any span of Window.
type Limit struct {
	Max    int
	Window time.Duration
}

// ParseLimit reads "5/10m", "200/s", "20/24h" and "3/7d".
func ParseLimit(s string) (Limit, error) {
	bad := fmt.Errorf("%q is not a limit: write a count, a slash and a span of time, such as 5/10m or 200/s", s)
	count, span, ok := strings.Cut(s, "/")
	if !ok {
		return Limit{}, bad
	}
	n, err := strconv.Atoi(count)
	if err != nil || n < 1 {
		return Limit{}, bad
	}
	if span != "" && (span[0] < '0' || span[0] > '9') {
		span = "1" + span
	}
	window, err := ParseDuration(span)
	if err != nil || window < time.Second {
		return Limit{}, bad
	}
	return Limit{Max: n, Window: window}, nil
}

// String writes l as [ParseLimit] reads it.
func (l Limit) String() string { return string(l.appendTo(make([]byte, 0, 32))) }

func (l Limit) appendTo(b []byte) []byte {
	b = strconv.AppendInt(b, int64(l.Max), 10)
	return appendDuration(append(b, '/'), l.Window)
}

// Claim counts one event against a limit.
type Claim struct {
	Name  string // of the limit: "recipient", "recipient_failures", "app", "ip", "country"
	Key   string // what is counted, with the limit in it: "recipient 5/10m +233201234567"
	Limit Limit
	// Person whom the limit protects, so that a store can keep it beside the person's verifications; empty: nobody.
	Person string
}

// Level is how far a limit is used up.
type Level struct {
	Name     string
	Limit    Limit
	Used     int
	ResetsAt time.Time // when an event leaves the window and Used falls; zero when nothing is used
}

// Remaining is how many events are left now.
func (l Level) Remaining() int { return max(0, l.Limit.Max-l.Used) }

// slots is how finely a window is divided. An event is forgotten when its slot has wholly left the window, so a limit is
// never exceeded in any span, and an event counts at most Window/slots longer than it must. The memory of a window is
// bounded whatever the limit.
const slots = 64

// Window is the memory of one limit for one key: how many events fell into each slot of time, oldest first.
type Window struct{ counts []slotCount }

type slotCount struct {
	slot int64 // number of the span of Window/slots since the epoch
	n    int
}

// Add counts one event at now.
func (w *Window) Add(l Limit, now time.Time) {
	w.forget(l, now)
	slot := l.Slot(now)
	for i := range w.counts {
		if w.counts[i].slot == slot {
			w.counts[i].n++
			return
		}
	}
	w.counts = append(w.counts, slotCount{slot, 1})
}

// TakeBack uncounts one event: the one at the time at, if it is still remembered.
func (w *Window) TakeBack(l Limit, at time.Time) {
	for i := range w.counts {
		if w.counts[i].slot == l.Slot(at) && w.counts[i].n > 0 {
			w.counts[i].n--
			return
		}
	}
}

// Level tells how far the limit is used up at now.
func (w *Window) Level(name string, l Limit, now time.Time) Level {
	w.forget(l, now)
	level := Level{Name: name, Limit: l}
	for _, c := range w.counts {
		if level.Used += c.n; c.n > 0 && level.ResetsAt.IsZero() {
			level.ResetsAt = time.Unix(0, (c.slot+1)*int64(l.SlotSize())).Add(l.Window).UTC()
		}
	}
	return level
}

func (w *Window) forget(l Limit, now time.Time) {
	oldest := l.Slot(now.Add(-l.Window))
	kept := w.counts[:0]
	for _, c := range w.counts {
		if c.slot >= oldest && c.n > 0 {
			kept = append(kept, c)
		}
	}
	w.counts = kept
}

// SlotSize is the length of the slots that a [Window] counts in.
func (l Limit) SlotSize() time.Duration { return l.Window / slots }

// Slot is the number of the slot that holds t, counted from the epoch.
func (l Limit) Slot(t time.Time) int64 { return t.UnixNano() / int64(l.SlotSize()) }

// MarshalBinary writes the window for a store.
func (w *Window) MarshalBinary() ([]byte, error) {
	b := make([]byte, 0, 12*len(w.counts))
	for _, c := range w.counts {
		b = binary.AppendVarint(b, c.slot)
		b = binary.AppendUvarint(b, uint64(max(0, c.n)))
	}
	return b, nil
}

// UnmarshalBinary reads what MarshalBinary wrote.
func (w *Window) UnmarshalBinary(b []byte) error {
	w.counts = w.counts[:0]
	for len(b) > 0 {
		slot, n := binary.Varint(b)
		if n <= 0 {
			return errWindow
		}
		count, m := binary.Uvarint(b[n:])
		if m <= 0 {
			return errWindow
		}
		w.counts = append(w.counts, slotCount{slot, int(count)})
		b = b[n+m:]
	}
	return nil
}

var errWindow = fmt.Errorf("a stored limit window is damaged")
