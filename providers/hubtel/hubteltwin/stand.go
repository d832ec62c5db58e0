package hubteltwin

import "github.com/otpgate/otpgate/providers/twin"

// Stand offers the twin to people.
func Stand() twin.Stand {
	return twin.Stand{
		Kind:        "hubtel",
		New:         func(inbox *twin.Inbox) *twin.Twin { return New(Options{Inbox: inbox}) },
		Credentials: "client_id " + ClientID + ", client_secret " + ClientSecret,
	}
}
