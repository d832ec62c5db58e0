// Package builtin lists the kinds of providers that this gateway knows, and the twins that stand in for them.
package builtin

import (
	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/hubtel"
	"github.com/otpgate/otpgate/providers/hubtel/hubteltwin"
	"github.com/otpgate/otpgate/providers/inhouse"
	"github.com/otpgate/otpgate/providers/twin"
)

// Kinds returns every kind, in the order in which people are shown them. A new one is added here and nowhere else.
func Kinds() []providers.Kind {
	return []providers.Kind{
		hubtel.Kind(),
		inhouse.Kind(),
	}
}

// Twin is the twin of a kind's upstream.
type Twin struct {
	Kind        string
	New         func(inbox *twin.Inbox) *twin.Twin // that delivers into inbox
	Credentials string                             // what it takes, for people
}

// Twins returns every twin.
func Twins() []Twin {
	return []Twin{
		{
			Kind:        "hubtel",
			New:         func(inbox *twin.Inbox) *twin.Twin { return hubteltwin.New(hubteltwin.Options{Inbox: inbox}) },
			Credentials: "client_id " + hubteltwin.ClientID + ", client_secret " + hubteltwin.ClientSecret,
		},
	}
}
