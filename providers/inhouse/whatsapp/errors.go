package whatsapp

import (
	"cmp"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/upstream"
)

// classOf is what a code of Meta's means; where nobody knows the code, what the status means. Source: Meta's page
// "Cloud API error codes". Codes are added here as logs show them.
func classOf(code, status int) providers.Class {
	if code >= 200 && code <= 299 {
		return providers.Credentials // a permission is missing
	}
	return cmp.Or(meaning(code), upstream.ClassOfStatus(status))
}

func meaning(code int) providers.Class {
	switch code {
	case 0, 3, 10, 190: // the token is worth nothing, or lacks the permission
		return providers.Credentials
	case 33, 368, 131005, 131031, 131037, 131045, 133010: // number or account may not send: a person has to mend it
		return providers.Credentials
	case 4, 80007, 130429, 131048: // calls of the app, of the account; messages of the number
		return providers.Throttled
	case 131049, 131056: // this person has had enough for now
		return providers.Busy
	case 131042: // no means of payment
		return providers.Exhausted
	case 131021, 131026: // the number is the sender's own, or not one of WhatsApp's
		return providers.Rejected
	case 130497, 131030: // a country, or all but a few numbers, are closed to the account
		return providers.Unsupported
	case 132000, 132001, 132005, 132007, 132012, 132015, 132016: // the template does not exist, does not fit or is paused
		return providers.Unsupported
	case 2, 131000, 131016, 131057, 133004:
		return providers.Transient
	}
	return providers.Unknown
}
