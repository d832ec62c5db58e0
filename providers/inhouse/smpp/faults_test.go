package smpp_test

import (
	"testing"
	"time"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/inhouse/smpp"
	"github.com/otpgate/otpgate/providers/inhouse/smpp/pdu"
)

// stray are answers that no SMSC should give, each in place of the one to a request. None says anything about it.
func stray() map[string]func(p *peer, request pdu.PDU) {
	half := func(p *peer, request pdu.PDU) { p.sendOctets(whole(request, pdu.OK)[:9]) }
	return map[string]func(p *peer, request pdu.PDU){
		"hung up": func(p *peer, _ pdu.PDU) { p.hangUp() },
		"nothing": func(*peer, pdu.PDU) {},
		"a page":  func(p *peer, _ pdu.PDU) { p.sendOctets([]byte("HTTP/1.1 200 OK\r\n\r\n<html></html>")) },
		"zeros":   func(p *peer, _ pdu.PDU) { p.sendOctets(make([]byte, 64)) },
		"10 MB": func(p *peer, _ pdu.PDU) {
			p.sendOctets([]byte{0, 0x98, 0x96, 0x80, 0x80, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 2})
		},
		"half, then end":  func(p *peer, request pdu.PDU) { half(p, request); p.hangUp() },
		"half, then none": half,
		"another command": func(p *peer, request pdu.PDU) {
			p.send(pdu.PDU{Command: pdu.EnquireLink.Response(), Sequence: request.Sequence})
		},
		"another number": func(p *peer, request pdu.PDU) {
			request.Sequence += 1000
			p.sendOctets(whole(request, pdu.OK))
		},
	}
}

// whole are the octets of the right answer to a request.
func whole(request pdu.PDU, status pdu.Status) []byte {
	answer := pdu.PDU{Command: request.Command.Response(), Status: status, Sequence: request.Sequence}
	switch request.Command {
	case pdu.BindTransceiver:
		answer.Body = &pdu.BindResp{SystemID: "smsc"}
	case pdu.SubmitSM:
		answer.Body = &pdu.MessageResp{ID: "7"}
	}
	octets, err := answer.Append(nil)
	if err != nil {
		panic(err) // a mistake of the test
	}
	return octets
}

// instead gives another answer to requests of one command.
func instead(command pdu.Command, answer func(p *peer, request pdu.PDU)) script {
	return func(p *peer, request pdu.PDU) bool {
		if request.Command != command {
			return false
		}
		answer(p, request)
		return true
	}
}

// TestStrayAnswers: before a message is written nothing can have happened, after it anything can.
func TestStrayAnswers(t *testing.T) {
	for command, want := range map[pdu.Command]providers.Class{
		pdu.BindTransceiver: providers.Transient, pdu.SubmitSM: providers.Ambiguous,
	} {
		for name, answer := range stray() {
			t.Run(command.String()+", "+name, func(t *testing.T) {
				bubble(t, func(t *testing.T, s *smsc) {
					s.follow(instead(command, answer))
					tr := build(t, s, func(o *smpp.Options) { o.Timeout = 5 * time.Second })
					got := <-begin(t.Context(), tr, 1)
					class, _ := refusal(t, got.err)
					if class != want || got.written != (want == providers.Ambiguous) || got.took > 5*time.Second {
						t.Errorf("got %+v, want %v", got, want)
					}
					s.follow(nil)
					time.Sleep(time.Minute) // the enquiry has no answer, or it is time for another attempt
					if got := <-begin(t.Context(), tr, 1); got.err != nil {
						t.Errorf("does not recover: %v", got.err)
					}
				})
			})
		}
	}
}

// TestSlowAndDoubledAnswers: what is right in the end is right, and nothing of it is taken for the answer to another.
func TestSlowAndDoubledAnswers(t *testing.T) {
	for name, answer := range map[string]func(p *peer, request pdu.PDU){
		"octet by octet": func(p *peer, request pdu.PDU) {
			for _, octet := range whole(request, pdu.OK) {
				p.sendOctets([]byte{octet})
			}
		},
		"twice": func(p *peer, request pdu.PDU) {
			p.sendOctets(whole(request, pdu.OK))
			p.sendOctets(whole(request, pdu.OK))
		},
		"a refusal behind it": func(p *peer, request pdu.PDU) {
			p.sendOctets(whole(request, pdu.OK))
			p.sendOctets(whole(request, pdu.InvalidDest))
		},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, s *smsc) {
				s.follow(instead(pdu.SubmitSM, answer))
				tr := build(t, s, nil)
				for n := range 3 {
					if got := <-begin(t.Context(), tr, n); got.err != nil {
						t.Errorf("delivery %d: %v", n, got.err)
					}
				}
				if accepted, _ := s.connections(); accepted != 1 {
					t.Errorf("%d connections, want 1", accepted)
				}
			})
		})
	}
}
