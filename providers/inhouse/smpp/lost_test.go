package smpp_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/inhouse/smpp"
	"github.com/otpgate/otpgate/providers/inhouse/smpp/pdu"
)

// TestSilence shows what an unanswered message leads to: its sender learns that it may have arrived, and the SMSC is
// asked at once whether it is still there.
func TestSilence(t *testing.T) {
	for name, c := range map[string]struct {
		silent      []pdu.Command
		connections int
	}{
		"of one message": {[]pdu.Command{pdu.SubmitSM}, 1},
		"of everything":  {[]pdu.Command{pdu.SubmitSM, pdu.EnquireLink}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, s *smsc) {
				tr := build(t, s, func(o *smpp.Options) { o.Timeout = 5 * time.Second })
				s.follow(func(_ *peer, request pdu.PDU) bool {
					for _, command := range c.silent {
						if request.Command == command {
							return true
						}
					}
					return false
				})
				got := <-begin(t.Context(), tr, 1)
				class, _ := refusal(t, got.err)
				if class != providers.Ambiguous || !got.written || !errors.Is(got.err, context.DeadlineExceeded) {
					t.Errorf("got %+v", got)
				}
				if got.took != 5*time.Second {
					t.Errorf("took %v, want 5s", got.took)
				}
				time.Sleep(6 * time.Second) // the enquiry has its answer, or a bind took the place of the old one
				s.follow(nil)
				if got := <-begin(t.Context(), tr, 1); got.err != nil {
					t.Errorf("does not recover: %v", got.err)
				}
				if accepted, open := s.connections(); accepted != c.connections || open != 1 {
					t.Errorf("%d connections were made, %d are open; want %d and 1", accepted, open, c.connections)
				}
			})
		})
	}
}

func TestLostAfterTheMessageWasWritten(t *testing.T) {
	bubble(t, func(t *testing.T, s *smsc) {
		for name, lose := range map[string]func(p *peer){
			"hung up":                  (*peer).hangUp,
			"a size that cannot be":    func(p *peer) { p.sendOctets([]byte("HTTP/1.1 400 Bad Request\r\n\r\n")) },
			"a PDU of nothing":         func(p *peer) { p.sendOctets(make([]byte, 16)) },
			"half a PDU, then silence": func(p *peer) { p.sendOctets([]byte{0, 0, 0, 20, 0}); p.hangUp() },
			"unbound":                  func(p *peer) { p.send(pdu.PDU{Command: pdu.Unbind, Sequence: 9}) },
		} {
			s.follow(func(p *peer, request pdu.PDU) bool {
				if request.Command == pdu.SubmitSM {
					lose(p)
				}
				return request.Command == pdu.SubmitSM
			})
			tr := build(t, s, nil)
			got := <-begin(t.Context(), tr, 1)
			if class, _ := refusal(t, got.err); class != providers.Ambiguous || !got.written {
				t.Errorf("%s: got %+v", name, got)
			}
			s.follow(nil)
			if got := <-begin(t.Context(), tr, 1); got.err != nil || got.took > time.Second {
				t.Errorf("%s: does not recover: %+v", name, got)
			}
		}
		if got := len(s.told(pdu.Unbind.Response())); got != 1 {
			t.Errorf("%d unbinds were answered, want 1", got)
		}
	})
}

func TestPartsAreUnreadBeforeTheLast(t *testing.T) {
	bubble(t, func(t *testing.T, s *smsc) {
		n := 0
		s.follow(func(p *peer, request pdu.PDU) bool {
			if request.Command == pdu.SubmitSM {
				if n++; n == 2 {
					p.hangUp()
					return true
				}
			}
			return false
		})
		ctx, progress := providers.WithProgress(t.Context())
		_, err := build(t, s, nil).Deliver(ctx, message(1, strings.Repeat("x", 400)))
		if class, _ := refusal(t, err); class != providers.Transient || progress.Written() {
			t.Errorf("got %v, written %v", err, progress.Written())
		}
	})
}

func TestLaterPartIsRefused(t *testing.T) {
	bubble(t, func(t *testing.T, s *smsc) {
		n := 0
		s.follow(func(p *peer, request pdu.PDU) bool {
			if request.Command == pdu.SubmitSM {
				if n++; n == 2 {
					p.answer(request, pdu.QueueFull, nil)
					return true
				}
			}
			return false
		})
		_, err := build(t, s, nil).Deliver(t.Context(), message(1, strings.Repeat("x", 400)))
		if class, _ := refusal(t, err); class != providers.Throttled || n != 2 {
			t.Errorf("got %v after %d parts", err, n)
		}
	})
}

// TestNobodyReads has an SMSC that takes nothing off the line.
func TestNobodyReads(t *testing.T) {
	bubble(t, func(t *testing.T, s *smsc) {
		tr := build(t, s, nil)
		smpp.DialWith(tr, func(context.Context, string, string) (net.Conn, error) {
			client, server := net.Pipe()
			s.serving.Go(func() {
				takeBind(server)
				time.Sleep(time.Minute)
				_ = server.Close()
			})
			return client, nil
		})
		first := begin(t.Context(), tr, 1)
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		second := begin(ctx, tr, 2) // has to wait until the first is written
		third := begin(t.Context(), tr, 3)
		for name, c := range map[string]struct {
			got  outcome
			took time.Duration
		}{
			"the one who writes":         {<-first, 2 * time.Second},
			"one whose time is up":       {<-second, time.Second},
			"one who waits for his turn": {<-third, 2 * time.Second},
		} {
			class, _ := refusal(t, c.got.err)
			if class != providers.Transient || c.got.written || c.got.took != c.took {
				t.Errorf("%s: got %+v, want transient after %v", name, c.got, c.took)
			}
		}
	})
}

func TestSessionThatTheSMSCDoesNotKnow(t *testing.T) {
	bubble(t, func(t *testing.T, s *smsc) {
		tr := build(t, s, nil)
		s.follow(refuse(pdu.SubmitSM, pdu.WrongBindStatus))
		if got := <-begin(t.Context(), tr, 1); providers.ClassOf(got.err) != providers.Transient {
			t.Errorf("got %v", got.err)
		}
		s.follow(nil)
		if got := <-begin(t.Context(), tr, 1); got.err != nil || len(s.bound()) != 2 {
			t.Errorf("got %v after %d binds", got.err, len(s.bound()))
		}
	})
}
