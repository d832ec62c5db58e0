package sqlite

import (
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/otpgate/otpgate/gateway/otp"
)

// memory is how far the limits of one person, or of whoever else they bear on, are used. All of them stand in one row:
// most steps count several of them.
type memory []window

// window is one of them.
type window struct {
	limit  string // the key of its claims without who they bear on
	counts []byte
	end    int64 // milliseconds; nothing in it counts from then on
}

var errMemory = errors.New("a stored row of limit windows is damaged")

// split divides the key of a claim into its last word, which is who the limit bears on, and the rest.
func split(key string) (who, limit string) {
	i := strings.LastIndexByte(key, ' ')
	return key[i+1:], key[:max(i, 0)]
}

// counts are those of a limit; nil when there are none.
func (m memory) counts(limit string) []byte {
	for _, w := range m {
		if w.limit == limit {
			return w.counts
		}
	}
	return nil
}

// with returns m with one window put in its place, and without what nobody needs any more at now.
func (m memory) with(one window, now int64) memory {
	changed := make(memory, 0, len(m)+1)
	for _, w := range m {
		if w.limit != one.limit && w.end > now {
			changed = append(changed, w)
		}
	}
	return append(changed, one)
}

// end is when nothing in m counts any more.
func (m memory) end() int64 {
	var last int64
	for _, w := range m {
		last = max(last, w.end)
	}
	return last
}

// encode writes m as its row holds it: of each window its end, its limit and its counts, the latter two with their
// lengths.
func (m memory) encode() []byte {
	size := 0
	for _, w := range m {
		size += 3*binary.MaxVarintLen64 + len(w.limit) + len(w.counts)
	}
	b := make([]byte, 0, size)
	for _, w := range m {
		b = binary.AppendVarint(b, w.end)
		b = append(binary.AppendUvarint(b, uint64(len(w.limit))), w.limit...)
		b = append(binary.AppendUvarint(b, uint64(len(w.counts))), w.counts...)
	}
	return b
}

func decodeMemory(b []byte) (memory, error) {
	var m memory
	for len(b) > 0 {
		end, n := binary.Varint(b)
		if n <= 0 {
			return nil, errMemory
		}
		limit, rest, whole := piece(b[n:])
		counts, rest, wholeToo := piece(rest)
		if !whole || !wholeToo {
			return nil, errMemory
		}
		m, b = append(m, window{string(limit), counts, end}), rest
	}
	return m, nil
}

// piece cuts a piece with its length before it off b.
func piece(b []byte) (one, rest []byte, whole bool) {
	size, n := binary.Uvarint(b)
	if n <= 0 || size > uint64(len(b)-n) {
		return nil, nil, false
	}
	end := n + int(size)
	return b[n:end:end], b[end:], true
}

// windows reads the memory of each claim. Claims with the same key share one.
func (t tx) windows(claims []otp.Claim) ([]*otp.Window, error) {
	windows := make([]*otp.Window, len(claims))
	for i, c := range claims {
		var err error
		if windows[i] = shared(claims[:i], windows, c.Key); windows[i] == nil {
			windows[i], err = t.window(c.Key)
		}
		if err != nil {
			return nil, err
		}
	}
	return windows, nil
}

func shared(claims []otp.Claim, windows []*otp.Window, key string) *otp.Window {
	for i, c := range claims {
		if c.Key == key {
			return windows[i]
		}
	}
	return nil
}

func (t tx) window(key string) (*otp.Window, error) {
	who, limit := split(key)
	m, err := t.memory(who)
	if err != nil {
		return nil, err
	}
	w := new(otp.Window)
	return w, w.UnmarshalBinary(m.counts(limit))
}

// memory remembers what it reads: whoever reads the windows of somebody is about to write them.
func (t tx) memory(who string) (memory, error) {
	if m, ok := t.memories.Get(who); ok {
		return m, nil
	}
	m, err := readMemory(t.conn, who)
	if err != nil {
		return nil, err
	}
	t.memories.Add(who, m)
	return m, nil
}

// readMemory reads from the file.
func readMemory(c *conn, who string) (memory, error) {
	var row [1]any
	if _, err := c.row(row[:], selectMemory, who); err != nil {
		return nil, err
	}
	windows, _ := row[0].([]byte)
	return decodeMemory(windows)
}

// saveWindows writes windows in which an event was counted at now.
func (t tx) saveWindows(claims []otp.Claim, windows []*otp.Window, now time.Time) error {
	var people []string
	var memories []memory
	for i, c := range claims {
		who, limit := split(c.Key)
		counts, err := windows[i].MarshalBinary()
		if err != nil {
			return err
		}
		at := slices.Index(people, who)
		if at < 0 {
			m, err := t.memory(who)
			if err != nil {
				return err
			}
			at, people, memories = len(people), append(people, who), append(memories, m)
		}
		memories[at] = memories[at].with(window{limit, counts, windowEnd(c.Limit, now)}, now.UnixMilli())
	}
	for i, who := range people {
		if _, err := t.exec(saveMemory, who, memories[i].encode(), memories[i].end()); err != nil {
			return err
		}
		t.memories.Add(who, memories[i])
	}
	return nil
}

// windowEnd is when an event that is counted at now is forgotten for certain. A window forgets by slots of a 64th of
// its length; a tenth is a margin that need not know how many there are.
func windowEnd(l otp.Limit, now time.Time) int64 {
	return now.Add(l.Window + l.Window/10).UnixMilli()
}
