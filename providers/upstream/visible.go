package upstream

import "github.com/otpgate/otpgate/providers"

// Visible tells whether s could be a key, an id or a reference: 1 to 4096 characters of ASCII that show, none of
// them a space. A path and a query need it escaped all the same, as [Client.Do] does.
func Visible(s string) bool {
	const longest = 4096 // a bearer token can be as long
	for _, c := range []byte(s) {
		if c <= ' ' || c > '~' {
			return false
		}
	}
	return s != "" && len(s) <= longest
}

// CheckVisible checks the setting field, a key or an id that every call needs. from says where an operator finds it.
func CheckVisible(b providers.Block, field, value, from string) {
	if !Visible(value) {
		b.Refuse("is missing or holds white space: "+from, field)
	}
}
