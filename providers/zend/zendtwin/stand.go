package zendtwin

import "github.com/otpgate/otpgate/providers/twin"

// Stand offers the twin to people.
func Stand() twin.Stand {
	return twin.Stand{
		Kind:        "zend",
		New:         func(inbox *twin.Inbox) *twin.Twin { return New(Options{Inbox: inbox}) },
		Credentials: "api_key " + APIKey,
	}
}
