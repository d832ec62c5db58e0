package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/twin"
)

// codes are those in the messages to a person, newest first; from is the twin that delivered them, empty any.
func codes(inbox *twin.Inbox, to, from string) []string {
	var found []string
	for _, m := range inbox.Messages(to, "") {
		if m.Channel != providers.USSD && (from == "" || m.Twin == from) {
			found = append(found, codeIn(m.Text))
		}
	}
	return found
}

// codeIn is the code in a text: the first word of four digits or more.
func codeIn(text string) string {
	for word := range strings.FieldsFuncSeq(text, func(r rune) bool { return r < '0' || r > '9' }) {
		if len(word) >= 4 {
			return word
		}
	}
	return ""
}

// wrong is a code of the same shape that is none of those.
func wrong(codes []string) string {
	guess := []byte(codes[0])
	for at := 0; ; at = (at + 1) % len(guess) {
		guess[at] = '0' + (guess[at]-'0'+1)%10
		if !slices.Contains(codes, string(guess)) {
			return string(guess)
		}
	}
}

// ghanaian is the number of the n-th person in Ghana. No number ends like one that a twin treats in its own way.
func ghanaian(n int) string { return fmt.Sprintf("+23324%03d%04d", n/9000%1000, n%9000) }

// nigerian is the number of the n-th person in Nigeria.
func nigerian(n int) string { return fmt.Sprintf("+2348034%02d%04d", n/9000%100, n%9000) }
