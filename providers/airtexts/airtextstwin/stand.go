package airtextstwin

import "github.com/otpgate/otpgate/providers/twin"

// Stand offers the twin to people.
func Stand() twin.Stand {
	return twin.Stand{
		Kind:        "airtexts",
		New:         func(inbox *twin.Inbox) *twin.Twin { return New(Options{Inbox: inbox}) },
		Credentials: "app_id " + AppID + ", api_key " + APIKey + ", api_secret " + APISecret,
	}
}
