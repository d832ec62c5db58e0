package smpp_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/inhouse/smpp"
	"github.com/otpgate/otpgate/providers/inhouse/smpp/pdu"
)

func TestClose(t *testing.T) {
	bubble(t, func(t *testing.T, s *smsc) {
		tr := build(t, s, func(o *smpp.Options) { o.Binds = 3 })
		if accepted, _ := s.connections(); accepted != 0 {
			t.Fatal("building connects")
		}
		s.follow(s.hold(pdu.SubmitSM))
		done := begin(t.Context(), tr, 1)
		synctest.Wait()
		closed := make(chan struct{})
		go func() {
			shut(t, tr)
			close(closed)
		}()
		synctest.Wait()
		if got := <-begin(t.Context(), tr, 2); providers.ClassOf(got.err) != providers.Transient || got.took != 0 {
			t.Errorf("a delivery after Close: %+v", got)
		}
		if got := len(s.told(pdu.Unbind)); got != 0 {
			t.Error("unbound with a delivery under way")
		}
		s.release()
		if got := <-done; got.err != nil {
			t.Errorf("the delivery under way: %v", got.err)
		}
		<-closed
		synctest.Wait()
		if got := len(s.told(pdu.Unbind)); got != 3 {
			t.Errorf("%d unbinds, want 3", got)
		}
		if _, open := s.connections(); open != 0 {
			t.Errorf("%d connections are left", open)
		}
	})
}

func TestCloseDoesNotWaitForAnSMSC(t *testing.T) {
	bubble(t, func(t *testing.T, s *smsc) {
		for name, c := range map[string]struct {
			silent pdu.Command
			most   time.Duration
		}{
			"that does not answer an unbind":  {pdu.Unbind, time.Second},
			"that does not answer an enquiry": {pdu.EnquireLink, time.Second},
			"that does not answer a bind":     {pdu.BindTransceiver, 0},
		} {
			s.follow(s.hold(c.silent))
			tr := build(t, s, func(o *smpp.Options) { o.EnquireEvery = time.Second })
			ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
			<-begin(ctx, tr, 1)
			<-ctx.Done()
			cancel()
			began := time.Now()
			shut(t, tr)
			if took := time.Since(began); took > c.most {
				t.Errorf("%s: closing took %v", name, took)
			}
		}
	})
}

func TestCloseBeforeTheFirstDelivery(t *testing.T) {
	bubble(t, func(t *testing.T, s *smsc) {
		tr := build(t, s, nil)
		shut(t, tr)
		got := <-begin(t.Context(), tr, 1)
		if class, _ := refusal(t, got.err); class != providers.Transient {
			t.Errorf("got %v", got.err)
		}
		if accepted, _ := s.connections(); accepted != 0 {
			t.Error("connected")
		}
	})
}
