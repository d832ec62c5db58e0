package smpp

import (
	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/inhouse/smpp/pdu"
)

// classify says what a status means (SMPP 3.4 §5.1.3). What concerns one number alone must not count against the SMSC;
// what concerns our account opens the breaker. What a vendor means by a status of its own is not guessed.
func classify(status pdu.Status) providers.Class {
	switch status {
	case pdu.Throttled, pdu.QueueFull:
		return providers.Throttled
	case pdu.InvalidDest:
		return providers.Rejected
	case pdu.InvalidPassword, pdu.InvalidSystemID, pdu.BindFailed, pdu.InvalidSystemType:
		return providers.Credentials
	case pdu.SystemError, pdu.SubmitFailed, pdu.DeliveryFailure, pdu.WrongBindStatus, pdu.AlreadyBound:
		return providers.Transient
	case pdu.InvalidSource, pdu.InvalidSourceTON, pdu.InvalidSourceNPI: // our sender
		return providers.Unsupported
	case pdu.InvalidDestTON, pdu.InvalidDestNPI: // our settings, not the number
		return providers.Unsupported
	case pdu.InvalidLength, pdu.InvalidESMClass, pdu.InvalidExpiry, pdu.InvalidRegistered, pdu.InvalidService,
		pdu.InvalidPriority, pdu.InvalidSchedule: // the form of our messages
		return providers.Unsupported
	case pdu.InvalidParams, pdu.ParamNotAllowed, pdu.InvalidParamLen, pdu.MissingParam, pdu.InvalidParam:
		return providers.Unsupported
	default:
		return providers.Unknown
	}
}
