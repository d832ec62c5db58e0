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

// hosted is a kind of hosted provider, and the twin of its upstream.
type hosted struct {
	kind providers.Kind
	twin twin.Stand
}

// upstreams is every kind of hosted provider with the twin of its upstream, in the order in which people are shown them.
// A new one is a line here and nothing elsewhere.
func upstreams() []hosted {
	return []hosted{
		{hubtel.Kind(), hubteltwin.Stand()},
		{sendexa.Kind(), sendexatwin.Stand()},
		{zend.Kind(), zendtwin.Stand()},
		{hisend.Kind(), hisendtwin.Stand()},
		{airtexts.Kind(), airtextstwin.Stand()},
	}
}

// Kinds returns every kind.
func Kinds() []providers.Kind {
	var kinds []providers.Kind
	for _, u := range upstreams() {
		kinds = append(kinds, u.kind)
	}
	return append(kinds, inhouse.Kind())
}

// Twins returns every twin.
func Twins() []twin.Stand {
	var twins []twin.Stand
	for _, u := range upstreams() {
		twins = append(twins, u.twin)
	}
	return twins
}
