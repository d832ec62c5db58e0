package sqlite

import (
	"database/sql/driver"
	"fmt"
	"slices"
	"time"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/gateway/store"
)

// tx reads and writes within the transaction of a group. An operation reads everything, decides, and only then writes,
// so that one that is refused has changed nothing.
type tx struct {
	*conn
	*hot
}

func newTx(c *conn) (tx, error) {
	h, err := newHot()
	return tx{c, h}, err
}

// stored is a verification as it was read.
type stored struct {
	otp.Verification
	before    otp.Verification // as it was read; what a step does does not reach it
	expiresAt int64            // what the indexes and the upstreams were written by
	upstreams []upstream
	due       time.Time // of the next step
	damaged   error     // the record cannot be read, and nothing but the reference is known; the sweep meets such
}

type upstream struct{ provider, id string }

// load reads a verification; a reference that nobody has is refused with NotFound.
func (t tx) load(ref otp.Reference) (*stored, error) {
	if s, ok := t.record(ref); ok {
		return s, nil
	}
	v, err := read(t.conn, selectRecord, string(ref))
	if err != nil {
		return nil, err
	}
	return newStored(v), nil
}

func newStored(v otp.Verification) *stored {
	return &stored{
		Verification: v.Clone(), before: v, expiresAt: v.ExpiresAt.UnixMilli(), upstreams: upstreamsOf(v), due: v.Next.At,
	}
}

// read decodes the one record that a query finds.
func read(c *conn, sql string, args ...driver.Value) (otp.Verification, error) {
	var row [1]driver.Value
	found, err := c.row(row[:], sql, args...)
	if err != nil {
		return otp.Verification{}, err
	}
	if !found {
		return otp.Verification{}, store.NotFound()
	}
	record, _ := row[0].([]byte)
	return otp.DecodeRecord(record)
}

// insert writes a new verification, whose record the caller has encoded.
func (t tx) insert(v otp.Verification, record []byte, now time.Time) error {
	inserted, err := t.exec(insertVerification,
		string(v.Reference), v.App, string(v.Status), string(v.Channel), providerOf(v), v.To.Country(), v.To.Address(),
		v.Purpose, v.CreatedAt.UnixMilli(), v.ExpiresAt.UnixMilli(), endedAt(v), record)
	if err != nil {
		return err
	}
	if inserted == 0 {
		return fmt.Errorf("there is a verification %s already", v.Reference)
	}
	t.keep(v)
	if err := t.saveTimer(time.Time{}, v); err != nil {
		return err
	}
	if err := t.saveUpstreams(v.Reference, nil, upstreamsOf(v)); err != nil {
		return err
	}
	return t.note(otp.Verification{}, v, now)
}

// save writes what a step at now made of a verification. What the index holds is written only when it has changed.
func (t tx) save(s *stored, now time.Time) error {
	record, err := otp.EncodeRecord(s.Verification)
	if err != nil {
		return err
	}
	ref := string(s.Reference)
	var saved int64
	if s.Status == otp.StatusPending && s.ExpiresAt.UnixMilli() == s.expiresAt {
		saved, err = t.exec(updateVerification, string(s.Channel), providerOf(s.Verification), record, ref)
	} else {
		saved, err = t.exec(endVerification, string(s.Channel), providerOf(s.Verification), record,
			string(s.Status), s.ExpiresAt.UnixMilli(), endedAt(s.Verification), ref)
	}
	if err != nil {
		return err
	}
	if saved == 0 {
		return t.fail(fmt.Errorf("the verification %s was taken out of the file behind the store's back", ref))
	}
	t.keep(s.Verification)
	if err := t.saveTimer(s.due, s.Verification); err != nil {
		return err
	}
	if err := t.saveUpstreams(s.Reference, s.upstreams, upstreamsOf(s.Verification)); err != nil {
		return err
	}
	return t.note(s.before, s.Verification, now)
}

func (t tx) delete(s *stored) error {
	if err := t.saveUpstreams(s.Reference, s.upstreams, nil); err != nil {
		return err
	}
	if err := t.deleteLabels(s.Verification); err != nil {
		return err
	}
	t.records.Remove(s.Reference)
	_, err := t.exec(deleteVerification, string(s.Reference))
	return err
}

// saveUpstreams writes the difference between what providers called the deliveries before and what they call them now.
func (t tx) saveUpstreams(ref otp.Reference, before, now []upstream) error {
	for _, u := range without(before, now) {
		if _, err := t.exec(deleteUpstream, u.provider, u.id, string(ref)); err != nil {
			return err
		}
	}
	for _, u := range without(now, before) {
		if _, err := t.exec(insertUpstream, u.provider, u.id, string(ref)); err != nil {
			return err
		}
	}
	return nil
}

func upstreamsOf(v otp.Verification) []upstream {
	var all []upstream
	for _, d := range v.Deliveries {
		if d.Handle.UpstreamID != "" {
			all = append(all, upstream{d.Provider, d.Handle.UpstreamID})
		}
	}
	return all
}

func without(all, some []upstream) []upstream {
	var rest []upstream
	for _, u := range all {
		if !slices.Contains(some, u) {
			rest = append(rest, u)
		}
	}
	return rest
}

// providerOf is the provider of the newest delivery; empty when there is none.
func providerOf(v otp.Verification) string {
	if len(v.Deliveries) == 0 {
		return ""
	}
	return v.Deliveries[len(v.Deliveries)-1].Provider
}

func endedAt(v otp.Verification) driver.Value {
	if v.EndedAt.IsZero() {
		return nil
	}
	return v.EndedAt.UnixMilli()
}

func instant(ms driver.Value) time.Time {
	n, _ := ms.(int64)
	return time.UnixMilli(n)
}
