package smpp_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/inhouse/smpp"
	"github.com/otpgate/otpgate/providers/inhouse/smpp/pdu"
	"github.com/otpgate/otpgate/providers/inhouse/transport"
)

// outcome is what became of a delivery.
type outcome struct {
	receipt transport.Receipt
	err     error
	written bool
	took    time.Duration
}

// begin delivers to the person of number n in the background.
func begin(ctx context.Context, tr transport.Transport, n int) <-chan outcome {
	done := make(chan outcome, 1)
	go func() {
		began := time.Now()
		ctx, progress := providers.WithProgress(ctx)
		receipt, err := tr.Deliver(ctx, message(n, "Your code is {code}."))
		done <- outcome{receipt, err, progress.Written(), time.Since(began)}
	}()
	return done
}

func TestAnswersInAnyOrder(t *testing.T) {
	bubble(t, func(t *testing.T, s *smsc) {
		s.follow(s.hold(pdu.SubmitSM))
		tr := build(t, s, nil)
		var all []<-chan outcome
		for n := range 5 {
			all = append(all, begin(t.Context(), tr, n))
			synctest.Wait()
		}
		s.mu.Lock()
		for i, j := 0, len(s.held)-1; i < j; i, j = i+1, j-1 {
			s.held[i], s.held[j] = s.held[j], s.held[i]
		}
		s.mu.Unlock()
		s.release() // the last one is taken, and numbered, first
		for n, done := range all {
			got := <-done
			if want := fmt.Sprintf("%010X", 5-n); got.err != nil || got.receipt.ID != want {
				t.Errorf("message %d: got %q %v, want %q", n, got.receipt.ID, got.err, want)
			}
		}
	})
}

func TestAnswersToOthersAreNotTaken(t *testing.T) {
	bubble(t, func(t *testing.T, s *smsc) {
		s.follow(func(p *peer, request pdu.PDU) bool {
			if request.Command == pdu.SubmitSM {
				resp := pdu.SubmitSM.Response()
				p.send(
					pdu.PDU{Command: resp, Sequence: request.Sequence + 1, Body: &pdu.MessageResp{ID: "later"}},
					pdu.PDU{Command: pdu.EnquireLink.Response(), Sequence: request.Sequence},
					pdu.PDU{Command: resp, Sequence: 0, Status: pdu.Throttled},
					pdu.PDU{Command: pdu.GenericNack, Status: pdu.SystemError},
				)
			}
			return false
		})
		if got := <-begin(t.Context(), build(t, s, nil), 1); got.err != nil || got.receipt.ID != "0000000001" {
			t.Errorf("got %+v", got)
		}
	})
}

func TestAnswerWithoutAnID(t *testing.T) {
	bubble(t, func(t *testing.T, s *smsc) {
		for name, id := range map[string]string{
			"none": "", "one that is none": "\x1b[31m", "one that is too long": strings.Repeat("7", 65),
		} {
			s.follow(func(p *peer, request pdu.PDU) bool {
				if request.Command == pdu.SubmitSM {
					p.answer(request, pdu.OK, &pdu.MessageResp{ID: id})
				}
				return request.Command == pdu.SubmitSM
			})
			if got := <-begin(t.Context(), build(t, s, nil), 1); got.err != nil || got.receipt.ID != "" {
				t.Errorf("%s: got %+v", name, got)
			}
		}
	})
}

func TestSlowSMSC(t *testing.T) {
	bubble(t, func(t *testing.T, s *smsc) {
		s.follow(func(p *peer, request pdu.PDU) bool {
			s.serving.Go(func() {
				time.Sleep(3 * time.Second)
				p.usual(request)
			})
			return true
		})
		got := <-begin(t.Context(), build(t, s, func(o *smpp.Options) { o.Timeout = 10 * time.Second }), 1)
		if got.err != nil || got.took != 6*time.Second {
			t.Errorf("got %+v", got)
		}
	})
}

// TestRequestsOfTheSMSC sends all sorts of requests, whole and broken, and looks at the responses.
func TestRequestsOfTheSMSC(t *testing.T) {
	bubble(t, func(t *testing.T, s *smsc) {
		tr := build(t, s, nil)
		if got := <-begin(t.Context(), tr, 1); got.err != nil {
			t.Fatal(got.err)
		}
		p := s.all()[0]
		broken := func(command pdu.Command, sequence byte) []byte {
			return []byte{0, 0, 0, 17, 0, 0, byte(command >> 8), byte(command), 0, 0, 0, 0, 0, 0, 0, sequence, 'x'}
		}
		p.send(
			pdu.PDU{Command: pdu.EnquireLink, Sequence: 1},
			pdu.PDU{Command: pdu.DeliverSM, Sequence: 2, Body: &pdu.Message{Text: []byte("STOP")}},
			pdu.PDU{Command: pdu.SubmitSM, Sequence: 3, Body: &pdu.Message{}},
			pdu.PDU{Command: 0x103, Sequence: 4},
			pdu.PDU{Command: pdu.Outbind, Sequence: 5},
			pdu.PDU{Command: pdu.AlertNotification, Sequence: 6},
		)
		p.sendOctets(broken(pdu.DeliverSM, 7))
		p.sendOctets(broken(pdu.BindTransceiver, 8))
		p.sendOctets(broken(pdu.EnquireLink, 9))
		synctest.Wait()
		want := []pdu.PDU{
			{Command: pdu.EnquireLink.Response(), Sequence: 1},
			{Command: pdu.GenericNack, Status: pdu.InvalidCommand, Sequence: 3},
			{Command: pdu.GenericNack, Status: pdu.InvalidCommand, Sequence: 4},
			{Command: pdu.GenericNack, Status: pdu.InvalidCommandLen, Sequence: 8},
			{Command: pdu.EnquireLink.Response(), Sequence: 9},
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		if diff := cmp.Diff(want, s.others); diff != "" {
			t.Error(diff)
		}
		acks := []pdu.PDU{
			{Command: pdu.DeliverSM.Response(), Sequence: 2, Body: &pdu.MessageResp{}},
			{Command: pdu.DeliverSM.Response(), Status: pdu.ReceiverRejects, Sequence: 7, Body: &pdu.MessageResp{}},
		}
		if diff := cmp.Diff(acks, s.acks); diff != "" {
			t.Error(diff)
		}
	})
}

func TestEnquiries(t *testing.T) {
	bubble(t, func(t *testing.T, s *smsc) {
		tr := build(t, s, func(o *smpp.Options) { o.EnquireEvery, o.Timeout = 30*time.Second, 10*time.Second })
		if got := <-begin(t.Context(), tr, 1); got.err != nil {
			t.Fatal(got.err)
		}
		time.Sleep(100 * time.Second)
		if got := len(s.told(pdu.EnquireLink)); got != 3 {
			t.Errorf("%d enquiries in 100s, want 3", got)
		}
		s.follow(s.hold(pdu.EnquireLink))
		time.Sleep(35 * time.Second) // 20 until the enquiry, 10 until patience ends, 1 at most until the next bind
		if accepted, open := s.connections(); accepted != 2 || open != 1 {
			t.Errorf("%d connections were made, %d are open; want a second in place of the first", accepted, open)
		}
	})
}
