package sqlite

import (
	"github.com/hashicorp/golang-lru/v2/simplelru"

	"github.com/otpgate/otpgate/gateway/otp"
)

// How much is remembered of what was written last. What is not remembered is read from the file.
const (
	hotRecords = 8192
	hotPeople  = 16384
	hotKeys    = 16384
)

// hot remembers what the writer wrote last: most steps follow close upon another one of the same verification, and need
// not read and decode what that has written. It belongs to one connection and is given up with it, so it never outlives
// a transaction that failed. That it stays true rests on the lock of the file: nobody else writes.
type hot struct {
	records  *simplelru.LRU[otp.Reference, *otp.Verification] // which nobody changes
	memories *simplelru.LRU[string, memory]                   // by who limits bear on
	keys     *simplelru.LRU[string, heldKey]                  // of requests that are not finished
	lastKey  int64                                            // id of the newest; 0: nobody has looked yet
	sums     sums                                             // of the group that is being written
	marks    marks                                            // that were written
	filling  filling

	noneParked bool // no report waits for its delivery; false: there may be some
}

func newHot() (*hot, error) {
	records, err := simplelru.NewLRU[otp.Reference, *otp.Verification](hotRecords, nil)
	if err != nil {
		return nil, err
	}
	memories, err := simplelru.NewLRU[string, memory](hotPeople, nil)
	if err != nil {
		return nil, err
	}
	keys, err := simplelru.NewLRU[string, heldKey](hotKeys, nil)
	return &hot{records: records, memories: memories, keys: keys, sums: sums{}, marks: marks{}}, err
}
