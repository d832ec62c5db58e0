package pdu

import "fmt"

// Command says what a PDU is (§5.1.2.1).
type Command uint32

// The commands that this package knows. The response to one is [Command.Response].
const (
	SubmitSM          Command = 0x00000004
	DeliverSM         Command = 0x00000005
	Unbind            Command = 0x00000006
	BindTransceiver   Command = 0x00000009
	Outbind           Command = 0x0000000b // has no response
	EnquireLink       Command = 0x00000015
	AlertNotification Command = 0x00000102 // has no response
	GenericNack       Command = 0x80000000 // is a response itself
)

const responseBit = 0x80000000

// Response is the command that answers c.
func (c Command) Response() Command { return c | responseBit }

// IsResponse tells an answer from a request.
func (c Command) IsResponse() bool { return c&responseBit != 0 }

// String names the command as the specification does.
func (c Command) String() string {
	if c == GenericNack {
		return "generic_nack"
	}
	name := ""
	switch c &^ responseBit {
	case SubmitSM:
		name = "submit_sm"
	case DeliverSM:
		name = "deliver_sm"
	case Unbind:
		name = "unbind"
	case BindTransceiver:
		name = "bind_transceiver"
	case Outbind:
		name = "outbind"
	case EnquireLink:
		name = "enquire_link"
	case AlertNotification:
		name = "alert_notification"
	default:
		return fmt.Sprintf("command 0x%08x", uint32(c))
	}
	if c.IsResponse() {
		name += "_resp"
	}
	return name
}
