package sqlite

import (
	"database/sql/driver"
	"time"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/gateway/store"
)

// meet answers from an earlier request with the same idempotency key, or refuses; nil and nil: the request is new.
func (t tx) meet(once *otp.Once, now time.Time) (*otp.Answer, error) {
	if once == nil {
		return nil, nil
	}
	key, found, err := t.key(once.Key)
	if err != nil || !found {
		return nil, err
	}
	return key.Meet(*once, now)
}

// hold keeps the key for the request that begins at now.
func (t tx) hold(once *otp.Once, ref otp.Reference, now time.Time) error {
	if once == nil {
		return nil
	}
	k := store.NewKey(*once, ref, now)
	_, err := t.exec(saveKey,
		once.Key, k.Fingerprint[:], string(ref), k.LeaseUntil.UnixMilli(), k.KeepUntil.UnixMilli())
	t.keys.Add(once.Key, k)
	return err
}

// finish keeps the answer of the request that began or renewed ref, or sets its key free.
func (t tx) finish(done *otp.Done, ref otp.Reference) error {
	if done == nil {
		return nil
	}
	key, found, err := t.key(done.Key)
	if err != nil || !found || !key.Finish(*done, ref) {
		return err
	}
	t.keys.Remove(done.Key)
	if done.Answer == nil {
		_, err = t.exec(deleteKey, done.Key)
		return err
	}
	_, err = t.exec(answerKey, int64(done.Answer.Status), done.Answer.ContentType, done.Answer.Body, done.Key)
	return err
}

func (t tx) key(name string) (store.Key, bool, error) {
	if k, ok := t.keys.Get(name); ok {
		return k, true, nil
	}
	var row [7]driver.Value
	found, err := t.row(row[:], selectKey, name)
	if err != nil || !found {
		return store.Key{}, false, err
	}
	fingerprint, _ := row[0].([]byte)
	ref, _ := row[1].(string)
	k := store.Key{Reference: otp.Reference(ref), LeaseUntil: instant(row[2]), KeepUntil: instant(row[3])}
	copy(k.Fingerprint[:], fingerprint)
	if status, answered := row[4].(int64); answered {
		contentType, _ := row[5].(string)
		body, _ := row[6].([]byte)
		k.Answer = &otp.Answer{Status: int(status), ContentType: contentType, Body: body}
	}
	return k, true, nil
}
