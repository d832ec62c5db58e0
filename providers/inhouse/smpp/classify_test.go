package smpp_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/inhouse/smpp/pdu"
)

func TestRefusalsMeanWhatTheyMean(t *testing.T) {
	t.Parallel()
	for status, want := range map[pdu.Status]providers.Class{
		pdu.InvalidLength:     providers.Unsupported,
		pdu.InvalidCommandLen: providers.Unknown,
		pdu.InvalidCommand:    providers.Unknown,
		pdu.WrongBindStatus:   providers.Transient,
		pdu.AlreadyBound:      providers.Transient,
		pdu.InvalidPriority:   providers.Unsupported,
		pdu.InvalidRegistered: providers.Unsupported,
		pdu.SystemError:       providers.Transient,
		pdu.InvalidSource:     providers.Unsupported,
		pdu.InvalidDest:       providers.Rejected,
		pdu.BindFailed:        providers.Credentials,
		pdu.InvalidPassword:   providers.Credentials,
		pdu.InvalidSystemID:   providers.Credentials,
		pdu.QueueFull:         providers.Throttled,
		pdu.InvalidService:    providers.Unsupported,
		pdu.InvalidESMClass:   providers.Unsupported,
		pdu.SubmitFailed:      providers.Transient,
		pdu.InvalidSourceTON:  providers.Unsupported,
		pdu.InvalidSourceNPI:  providers.Unsupported,
		pdu.InvalidDestTON:    providers.Unsupported,
		pdu.InvalidDestNPI:    providers.Unsupported,
		pdu.InvalidSystemType: providers.Credentials,
		pdu.Throttled:         providers.Throttled,
		pdu.InvalidSchedule:   providers.Unsupported,
		pdu.InvalidExpiry:     providers.Unsupported,
		pdu.ReceiverRejects:   providers.Unknown,
		pdu.InvalidParams:     providers.Unsupported,
		pdu.ParamNotAllowed:   providers.Unsupported,
		pdu.InvalidParamLen:   providers.Unsupported,
		pdu.MissingParam:      providers.Unsupported,
		pdu.InvalidParam:      providers.Unsupported,
		pdu.DeliveryFailure:   providers.Transient,
		pdu.UnknownError:      providers.Unknown,
		pdu.Status(0x34):      providers.Unknown, // of submit_multi
		pdu.Status(0x400):     providers.Unknown, // of a vendor
	} {
		t.Run(fmt.Sprintf("%v is %v", status, want), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newSMSC(t)
				s.follow(refuse(pdu.SubmitSM, status))
				if class, code := refusal(t, deliver(t, build(t, s, nil), 1)); class != want || code != status.String() {
					t.Errorf("submitting: got %v %q, want %v", class, code, want)
				}
				s.follow(refuse(pdu.BindTransceiver, status))
				if class, code := refusal(t, deliver(t, build(t, s, nil), 1)); class != want || code != status.String() {
					t.Errorf("binding: got %v %q, want %v", class, code, want)
				}
			})
		})
	}
}

func TestNackIsARefusal(t *testing.T) {
	t.Parallel()
	for status, want := range map[pdu.Status]providers.Class{
		pdu.Throttled: providers.Throttled, pdu.InvalidCommand: providers.Unknown, pdu.OK: providers.Unknown,
	} {
		s := startSMSC(t, nil)
		s.follow(func(p *peer, request pdu.PDU) bool {
			if request.Command != pdu.SubmitSM {
				return false
			}
			p.send(pdu.PDU{Command: pdu.GenericNack, Status: status, Sequence: request.Sequence})
			return true
		})
		class, code := refusal(t, deliver(t, build(t, s, nil), 1))
		if class != want || !strings.HasPrefix(code, "0x") {
			t.Errorf("%v: got %v %q, want %v", status, class, code, want)
		}
	}
}
