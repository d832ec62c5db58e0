package sqlite

import (
	"encoding/hex"
	"time"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/gateway/store"
)

// heldKey is an idempotency key and the id of its rows.
type heldKey struct {
	store.Key
	id int64
}

// keySize is how much of a hash tells one key from all others.
const keySize = 16

// brief is how a key stands in the file: of a hash in hexadecimal, which is what the gateway's keys are, the beginning.
func brief(key string) []byte {
	if hash, err := hex.DecodeString(key); err == nil && len(hash) >= keySize {
		return hash[:keySize]
	}
	return []byte(key)
}

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

// hold keeps the key for the request that begins at now. Whoever had it before is forgotten.
func (t tx) hold(once *otp.Once, ref otp.Reference, now time.Time) error {
	if once == nil {
		return nil
	}
	id, err := t.nextKey()
	if err != nil {
		return err
	}
	k := store.NewKey(*once, ref, now)
	_, err = t.exec(saveKey, id, brief(once.Key), k.Fingerprint[:], string(ref), k.LeaseUntil.UnixMilli(),
		k.KeepUntil.UnixMilli())
	t.keys.Add(once.Key, heldKey{k, id})
	return err
}

// nextKey is an id that no key has had whose answer may be left.
func (t tx) nextKey() (int64, error) {
	if t.lastKey == 0 {
		last, err := t.number(lastKey)
		if err != nil {
			return 0, err
		}
		t.lastKey = last
	}
	t.lastKey++
	return t.lastKey, nil
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
		_, err = t.exec(deleteKey, key.id)
		return err
	}
	_, err = t.exec(saveAnswer, key.id, int64(done.Answer.Status), done.Answer.ContentType, done.Answer.Body)
	return err
}

func (t tx) key(name string) (heldKey, bool, error) {
	if k, ok := t.keys.Get(name); ok {
		return k, true, nil
	}
	var row [8]any
	found, err := t.row(row[:], selectKey, brief(name))
	if err != nil || !found {
		return heldKey{}, false, err
	}
	id, _ := row[0].(int64)
	fingerprint, _ := row[1].([]byte)
	ref, _ := row[2].(string)
	k := store.Key{Reference: otp.Reference(ref), LeaseUntil: instant(row[3]), KeepUntil: instant(row[4])}
	copy(k.Fingerprint[:], fingerprint)
	if status, answered := row[5].(int64); answered {
		contentType, _ := row[6].(string)
		body, _ := row[7].([]byte)
		k.Answer = &otp.Answer{Status: int(status), ContentType: contentType, Body: body}
	}
	return heldKey{k, id}, true, nil
}
