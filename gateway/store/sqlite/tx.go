package sqlite

import (
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

// stored is a verification that was read.
type stored struct {
	*otp.Verification                   // as a step leaves it
	before            *otp.Verification // as it was read; nobody changes it
	damaged           error             // the record cannot be read, so that nothing but the reference is known
}

// load reads a verification; a reference that nobody has is refused with NotFound.
func (t tx) load(ref otp.Reference) (*stored, error) {
	if v, ok := t.records.Get(ref); ok {
		return newStored(v), nil
	}
	v, err := read(t.conn, selectRecord, string(ref))
	if err != nil {
		return nil, err
	}
	return newStored(&v), nil
}

// newStored takes what was read, and a copy for the step to change.
func newStored(before *otp.Verification) *stored {
	v := before.Clone()
	return &stored{Verification: &v, before: before}
}

// read decodes the one record that a query finds.
func read(c *conn, sql string, args ...any) (otp.Verification, error) {
	var row [1]any
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
		string(v.Reference), v.App, string(v.Status), string(v.Channel), providerOf(&v), v.To.Country(), v.To.Address(),
		v.Purpose, v.CreatedAt.UnixMilli(), v.ExpiresAt.UnixMilli(), endedAt(&v), record)
	if err != nil {
		return err
	}
	if inserted == 0 {
		return fmt.Errorf("there is a verification %s already", v.Reference)
	}
	if _, err := t.exec(insertPerson, v.To.Address(), string(v.Reference)); err != nil {
		return err
	}
	v = v.Clone() // the caller's is not to be remembered
	return t.follow(new(otp.Verification), &v, now)
}

// save writes what a step at now made of a verification, which nobody may change from then on. What the index holds is
// written only when it has changed.
func (t tx) save(s *stored, now time.Time) error {
	record, err := otp.EncodeRecord(*s.Verification)
	if err != nil {
		return err
	}
	ref, provider, expires := string(s.Reference), providerOf(s.Verification), s.ExpiresAt.UnixMilli()
	var saved int64
	if s.Status == otp.StatusPending && expires == s.before.ExpiresAt.UnixMilli() {
		saved, err = t.exec(updateVerification, string(s.Channel), provider, record, ref)
	} else {
		saved, err = t.exec(endVerification, string(s.Channel), provider, record, string(s.Status), expires,
			endedAt(s.Verification), ref)
	}
	if err != nil {
		return err
	}
	if saved == 0 {
		return t.fail(fmt.Errorf("the verification %s was taken out of the file behind the store's back", ref))
	}
	return t.follow(s.before, s.Verification, now)
}

// follow writes what goes with a verification that was written, and remembers it. before is the zero verification when
// it is new.
func (t tx) follow(before, after *otp.Verification, now time.Time) error {
	t.records.Add(after.Reference, after)
	if err := t.saveTimer(before.Next.At, after); err != nil {
		return err
	}
	if err := t.saveUpstreams(before, after); err != nil {
		return err
	}
	return t.note(before, after, now)
}

func (t tx) delete(s *stored) error {
	if err := t.saveUpstreams(s.before, new(otp.Verification)); err != nil {
		return err
	}
	if err := t.deleteLabels(s.before); err != nil {
		return err
	}
	t.records.Remove(s.Reference)
	ref := string(s.Reference)
	if _, err := t.exec(deletePerson, ref, ref); err != nil {
		return err
	}
	_, err := t.exec(deleteVerification, ref)
	return err
}

// saveUpstreams writes the difference between what providers called the deliveries before and what they call them now.
func (t tx) saveUpstreams(before, after *otp.Verification) error {
	for _, u := range without(before, after) {
		if _, err := t.exec(deleteUpstream, u.provider, u.id, string(before.Reference)); err != nil {
			return err
		}
	}
	for _, u := range without(after, before) {
		if _, err := t.exec(insertUpstream, u.provider, u.id, string(after.Reference)); err != nil {
			return err
		}
	}
	return nil
}

// upstream is what a provider calls a delivery.
type upstream struct{ provider, id string }

// without are the upstreams of one state of a verification that another one has not.
func without(one, other *otp.Verification) []upstream {
	var rest []upstream
	for i := range one.Deliveries {
		u := upstreamOf(&one.Deliveries[i])
		has := func(d otp.Delivery) bool { return upstreamOf(&d) == u }
		if u.id != "" && !slices.ContainsFunc(other.Deliveries, has) {
			rest = append(rest, u)
		}
	}
	return rest
}

func upstreamOf(d *otp.Delivery) upstream { return upstream{d.Provider, d.Handle.UpstreamID} }

// providerOf is the provider of the newest delivery; empty when there is none.
func providerOf(v *otp.Verification) string {
	if len(v.Deliveries) == 0 {
		return ""
	}
	return v.Deliveries[len(v.Deliveries)-1].Provider
}

func endedAt(v *otp.Verification) any {
	if v.EndedAt.IsZero() {
		return nil
	}
	return v.EndedAt.UnixMilli()
}

func instant(ms any) time.Time {
	n, _ := ms.(int64)
	return time.UnixMilli(n)
}
