package sqlite

import (
	"strings"
	"time"

	"github.com/otpgate/otpgate/gateway/otp"
)

const (
	insertEventMark        = `INSERT INTO event_marks (app, mark, block) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`
	insertVerificationMark = `INSERT INTO verification_marks (app, mark, slice) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`
)

// sliceLength is how much of a reference names the slice that a verification belongs to: 45 bits of its time, and so
// all that began within 32 milliseconds.
const sliceLength = 9

// maxSeen bounds what is remembered of the marks that were written.
const maxSeen = 1 << 16

// mark says that a stretch of a table may hold something of an app with a value in a field.
type mark struct {
	app, field, value string
	block             int64
	slice             string
}

// text is how a mark stands in its table; that of the app alone is empty.
func (m mark) text() string {
	if m.field == "" {
		return ""
	}
	return m.field + "=" + m.value
}

// marks remembers what was written, so that it is not written again. It forgets everything now and then: that costs a
// write which changes nothing.
type marks map[mark]struct{}

// add tells whether m is new.
func (all marks) add(m mark) bool {
	if m.field != "" && m.value == "" {
		return false
	}
	if _, seen := all[m]; seen {
		return false
	}
	if len(all) >= maxSeen {
		clear(all)
	}
	all[m] = struct{}{}
	return true
}

// markEvent writes the marks of an event. Most are like another one in the same block, which is seen at once.
func (t tx) markEvent(e otp.Event, block int64) error {
	alike := strings.Join([]string{
		string(e.Kind), string(e.Status), string(e.Channel), e.Provider, e.To.Country(), e.Purpose,
	}, " ")
	if !t.marks.add(mark{app: e.App, field: "alike", value: alike, block: block}) {
		return nil
	}
	for _, f := range [...]struct{ field, value string }{
		{}, {"kind", string(e.Kind)}, {"status", string(e.Status)}, {"channel", string(e.Channel)},
		{"provider", e.Provider}, {"country", e.To.Country()}, {"purpose", e.Purpose},
	} {
		m := mark{app: e.App, field: f.field, value: f.value, block: block}
		if !t.marks.add(m) {
			continue
		}
		if _, err := t.exec(insertEventMark, m.app, m.text(), block); err != nil {
			return err
		}
	}
	return nil
}

// markVerification writes the marks of what has changed. What is pending has an index, and needs none.
func (t tx) markVerification(before, after *otp.Verification, now time.Time) error {
	slice := string(after.Reference[:min(len(after.Reference), sliceLength)])
	status := after.At(now).Status // a verification whose guesses are used up has failed, although it is yet to be ended
	if status == otp.StatusPending {
		status = ""
	}
	isNew := before.Reference == ""
	for _, f := range [...]struct {
		field, value string
		changed      bool
	}{
		{"", "", isNew}, {"status", string(status), true},
		{"channel", string(after.Channel), after.Channel != before.Channel},
		{"provider", providerOf(after), isNew || providerOf(after) != providerOf(before)},
		{"country", after.To.Country(), isNew}, {"purpose", after.Purpose, isNew},
	} {
		m := mark{app: after.App, field: f.field, value: f.value, slice: slice}
		if !f.changed || !t.marks.add(m) {
			continue
		}
		if _, err := t.exec(insertVerificationMark, m.app, m.text(), slice); err != nil {
			return err
		}
	}
	return nil
}
