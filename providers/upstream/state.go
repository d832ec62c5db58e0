package upstream

import (
	"github.com/goccy/go-json/v2"

	"github.com/otpgate/otpgate/providers"
)

// WriteState writes what an adapter keeps in [providers.Handle.State]: a struct of texts and numbers, which can always
// be written.
func WriteState(s any) []byte {
	b, _ := json.Marshal(s)
	return b
}

// ReadState reads what [WriteState] wrote. whole tells whether it is of the adapter's version and names a session. A
// handle that the adapter did not make is class [providers.Gone]: no code can be checked with it, here or later. The
// error comes with the zero state.
func ReadState[S any](c *Client, op string, h providers.Handle, whole func(S) bool) (S, error) {
	var s, none S
	if err := Decode(h.State, &s); err != nil || !whole(s) {
		return none, c.Refusal(op, providers.Gone, "handle is not one of this kind")
	}
	return s, nil
}
