// Package builtin lists the kinds of providers that this gateway knows, and the twins that stand in for them.
package builtin

import (
	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/airtexts"
	"github.com/otpgate/otpgate/providers/airtexts/airtextstwin"
	"github.com/otpgate/otpgate/providers/hisend"
	"github.com/otpgate/otpgate/providers/hisend/hisendtwin"
	"github.com/otpgate/otpgate/providers/hubtel"
	"github.com/otpgate/otpgate/providers/hubtel/hubteltwin"
	"github.com/otpgate/otpgate/providers/inhouse"
	"github.com/otpgate/otpgate/providers/sendexa"
	"github.com/otpgate/otpgate/providers/sendexa/sendexatwin"
	"github.com/otpgate/otpgate/providers/twin"
	"github.com/otpgate/otpgate/providers/zend"
	"github.com/otpgate/otpgate/providers/zend/zendtwin"
)

// Kinds returns every kind, in the order in which people are shown them. A new one is added here and nowhere else.
func Kinds() []providers.Kind {
	return []providers.Kind{
		hubtel.Kind(),
		sendexa.Kind(),
		zend.Kind(),
		hisend.Kind(),
		airtexts.Kind(),
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
		{
			Kind:        "sendexa",
			New:         func(inbox *twin.Inbox) *twin.Twin { return sendexatwin.New(sendexatwin.Options{Inbox: inbox}) },
			Credentials: "api_key " + sendexatwin.APIKey + ", api_secret " + sendexatwin.APISecret,
		},
		{
			Kind:        "zend",
			New:         func(inbox *twin.Inbox) *twin.Twin { return zendtwin.New(zendtwin.Options{Inbox: inbox}) },
			Credentials: "api_key " + zendtwin.APIKey,
		},
		{
			Kind:        "hisend",
			New:         func(inbox *twin.Inbox) *twin.Twin { return hisendtwin.New(hisendtwin.Options{Inbox: inbox}) },
			Credentials: "api_key " + hisendtwin.APIKey + ", below the path /api/v1",
		},
		{
			Kind:        "airtexts",
			New:         func(inbox *twin.Inbox) *twin.Twin { return airtextstwin.New(airtextstwin.Options{Inbox: inbox}) },
			Credentials: "app_id " + airtextstwin.AppID + ", api_key " + airtextstwin.APIKey + ", api_secret " + airtextstwin.APISecret,
		},
	}
}
