package sqlite

import (
	"time"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/providers"
)

const (
	lastEvent = `SELECT max(ifnull((SELECT max(id) FROM events), 0),
		ifnull((SELECT (max(block) + 1) * ? - 1 FROM event_blocks), 0))`
	insertEvent = `INSERT INTO events
		(id, reference, app, at, kind, status, channel, provider, country, recipient, purpose, detail)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
	insertBlock = `INSERT INTO event_blocks (block, first_at, last_at) VALUES (?, ?, ?)`
	insertLabel = `INSERT INTO labels (app, name, value, reference) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING`
	deleteLabel = `DELETE FROM labels WHERE app = ? AND name = ? AND value = ? AND reference = ?`
)

// note writes down what a step at now made of a verification: what happened, the marks that it is found by, and what it
// counts. before is the zero verification when it is new.
func (t tx) note(before, after *otp.Verification, now time.Time) error {
	t.sums.change(before, after)
	for _, e := range otp.Changes(*before, *after, now) {
		if err := t.noteEvent(e, after.To); err != nil {
			return err
		}
	}
	if before.Reference == "" {
		for name, value := range after.Metadata {
			if _, err := t.exec(insertLabel, after.App, name, value, string(after.Reference)); err != nil {
				return err
			}
		}
	}
	return t.markVerification(before, after, now)
}

func (t tx) deleteLabels(v *otp.Verification) error {
	for name, value := range v.Metadata {
		if _, err := t.exec(deleteLabel, v.App, name, value, string(v.Reference)); err != nil {
			return err
		}
	}
	return nil
}

// noteEvent writes an event of a verification of person. Where a delivery went to somebody else, its detail says so.
func (t tx) noteEvent(e otp.Event, person providers.Recipient) error {
	detail, err := otp.EncodeDetail(e)
	if err != nil {
		return err
	}
	id, err := t.nextEvent()
	if err != nil {
		return err
	}
	at := e.At.UnixMilli()
	_, err = t.exec(insertEvent, id, string(e.Reference), e.App, at, string(e.Kind), string(e.Status), string(e.Channel),
		e.Provider, e.To.Country(), person.Address(), e.Purpose, detail)
	if err != nil {
		return err
	}
	if err := t.markEvent(e, id/blockSize); err != nil {
		return err
	}
	return t.fill(id, at)
}

// blockSize is how many ids make a block of events.
const blockSize = 256

// filling is the block that the next event goes into.
type filling struct {
	next            int64 // id of the next event; 0: nobody has looked yet
	whole           bool  // all that is in the block was written over this connection
	firstAt, lastAt int64
}

// nextEvent is an id that no event has had, also when the newest of them are deleted.
func (t tx) nextEvent() (int64, error) {
	f := &t.filling
	if f.next == 0 {
		last, err := t.number(lastEvent, int64(blockSize))
		if err != nil {
			return 0, err
		}
		f.next, f.whole = last+1, last == 0
	}
	id := f.next
	f.next++
	return id, nil
}

// fill takes in that the event id happened at a time, and writes the times of its block when that is full.
func (t tx) fill(id, at int64) error {
	f := &t.filling
	if id%blockSize == 0 || id == 1 {
		f.whole, f.firstAt, f.lastAt = true, at, at
	}
	f.firstAt, f.lastAt = min(f.firstAt, at), max(f.lastAt, at)
	if id%blockSize != blockSize-1 || !f.whole {
		return nil
	}
	_, err := t.exec(insertBlock, id/blockSize, f.firstAt, f.lastAt)
	return err
}
