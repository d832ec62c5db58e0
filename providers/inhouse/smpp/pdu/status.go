package pdu

import "fmt"

// Status is how a request fared (command_status, §5.1.3). Requests carry OK.
type Status uint32

// The statuses that a client can meet. Those from 0x400 to 0x4ff belong to vendors.
const (
	OK                Status = 0x00
	InvalidLength     Status = 0x01 // of the message
	InvalidCommandLen Status = 0x02
	InvalidCommand    Status = 0x03
	WrongBindStatus   Status = 0x04 // the command does not suit the state of the session
	AlreadyBound      Status = 0x05
	InvalidPriority   Status = 0x06
	InvalidRegistered Status = 0x07
	SystemError       Status = 0x08
	InvalidSource     Status = 0x0a
	InvalidDest       Status = 0x0b
	BindFailed        Status = 0x0d
	InvalidPassword   Status = 0x0e
	InvalidSystemID   Status = 0x0f
	QueueFull         Status = 0x14
	InvalidService    Status = 0x15
	InvalidESMClass   Status = 0x43
	SubmitFailed      Status = 0x45
	InvalidSourceTON  Status = 0x48
	InvalidSourceNPI  Status = 0x49
	InvalidDestTON    Status = 0x50
	InvalidDestNPI    Status = 0x51
	InvalidSystemType Status = 0x53
	Throttled         Status = 0x58
	InvalidSchedule   Status = 0x61
	InvalidExpiry     Status = 0x62
	ReceiverRejects   Status = 0x66 // what a client says of a deliver_sm that it will never take
	InvalidParams     Status = 0xc0 // optional parameters that cannot be read
	ParamNotAllowed   Status = 0xc1
	InvalidParamLen   Status = 0xc2
	MissingParam      Status = 0xc3
	InvalidParam      Status = 0xc4
	DeliveryFailure   Status = 0xfe
	UnknownError      Status = 0xff
)

// String is the number, as vendors list it, with the name that the specification gives it.
func (s Status) String() string {
	if name := statusNames()[s]; name != "" {
		return fmt.Sprintf("0x%02x %s", uint32(s), name)
	}
	return fmt.Sprintf("0x%02x", uint32(s))
}

func statusNames() map[Status]string {
	return map[Status]string{
		OK:                "ESME_ROK",
		InvalidLength:     "ESME_RINVMSGLEN",
		InvalidCommandLen: "ESME_RINVCMDLEN",
		InvalidCommand:    "ESME_RINVCMDID",
		WrongBindStatus:   "ESME_RINVBNDSTS",
		AlreadyBound:      "ESME_RALYBND",
		InvalidPriority:   "ESME_RINVPRTFLG",
		InvalidRegistered: "ESME_RINVREGDLVFLG",
		SystemError:       "ESME_RSYSERR",
		InvalidSource:     "ESME_RINVSRCADR",
		InvalidDest:       "ESME_RINVDSTADR",
		BindFailed:        "ESME_RBINDFAIL",
		InvalidPassword:   "ESME_RINVPASWD",
		InvalidSystemID:   "ESME_RINVSYSID",
		QueueFull:         "ESME_RMSGQFUL",
		InvalidService:    "ESME_RINVSERTYP",
		InvalidESMClass:   "ESME_RINVESMCLASS",
		SubmitFailed:      "ESME_RSUBMITFAIL",
		InvalidSourceTON:  "ESME_RINVSRCTON",
		InvalidSourceNPI:  "ESME_RINVSRCNPI",
		InvalidDestTON:    "ESME_RINVDSTTON",
		InvalidDestNPI:    "ESME_RINVDSTNPI",
		InvalidSystemType: "ESME_RINVSYSTYP",
		Throttled:         "ESME_RTHROTTLED",
		InvalidSchedule:   "ESME_RINVSCHED",
		InvalidExpiry:     "ESME_RINVEXPIRY",
		ReceiverRejects:   "ESME_RX_R_APPN",
		InvalidParams:     "ESME_RINVOPTPARSTREAM",
		ParamNotAllowed:   "ESME_ROPTPARNOTALLWD",
		InvalidParamLen:   "ESME_RINVPARLEN",
		MissingParam:      "ESME_RMISSINGOPTPARAM",
		InvalidParam:      "ESME_RINVOPTPARAMVAL",
		DeliveryFailure:   "ESME_RDELIVERYFAILURE",
		UnknownError:      "ESME_RUNKNOWNERR",
	}
}
