package smpp_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/inhouse/smpp"
	"github.com/otpgate/otpgate/providers/inhouse/smpp/pdu"
)

func TestWindowIsKept(t *testing.T) {
	bubble(t, func(t *testing.T, s *smsc) {
		open, most := map[*peer]int{}, 0
		s.follow(func(p *peer, request pdu.PDU) bool {
			if request.Command != pdu.SubmitSM {
				return false
			}
			s.mu.Lock()
			open[p]++
			most = max(most, open[p])
			s.mu.Unlock()
			s.serving.Go(func() {
				time.Sleep(time.Second)
				s.mu.Lock()
				open[p]--
				s.mu.Unlock()
				p.usual(request)
			})
			return true
		})
		tr := build(t, s, func(o *smpp.Options) { o.Binds, o.Window = 2, 3 })
		var all []<-chan outcome
		for n := range 60 {
			all = append(all, begin(t.Context(), tr, n))
		}
		var last time.Duration
		for _, done := range all {
			got := <-done
			if got.err != nil {
				t.Error(got.err)
			}
			last = max(last, got.took)
		}
		if most != 3 || len(open) != 2 || last != 10*time.Second {
			t.Errorf("%d unanswered at a time on %d binds, %v in all; want 3 on 2, 10s", most, len(open), last)
		}
	})
}

func TestWaitForAPlaceEnds(t *testing.T) {
	bubble(t, func(t *testing.T, s *smsc) {
		s.follow(s.hold(pdu.SubmitSM))
		tr := build(t, s, func(o *smpp.Options) { o.Window = 1 })
		first := begin(t.Context(), tr, 1)
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		second, third := begin(ctx, tr, 2), begin(t.Context(), tr, 3)
		got := <-second
		class, _ := refusal(t, got.err)
		if class != providers.Transient || got.written || !errors.Is(got.err, context.DeadlineExceeded) {
			t.Errorf("got %+v", got)
		}
		s.follow(nil)
		s.release()
		for _, done := range []<-chan outcome{first, third} {
			if got := <-done; got.err != nil {
				t.Errorf("the place of the one who left is lost: %v", got.err)
			}
		}
	})
}

func TestPlaceGrantedToOneWhoLeavesGoesBack(t *testing.T) {
	bubble(t, func(t *testing.T, s *smsc) {
		tr := build(t, s, func(o *smpp.Options) { o.Window = 1 })
		for n := range 200 { // the answer and the end of patience come in the same moment, in either order
			s.follow(func(p *peer, request pdu.PDU) bool {
				if request.Command != pdu.SubmitSM {
					return false
				}
				s.serving.Go(func() {
					time.Sleep(time.Second)
					p.usual(request)
				})
				return true
			})
			first := begin(t.Context(), tr, n)
			synctest.Wait()
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			second := begin(ctx, tr, n)
			<-first
			<-second
			cancel()
			s.follow(nil)
			if got := <-begin(t.Context(), tr, n); got.err != nil {
				t.Fatalf("round %d: %v", n, got.err)
			}
		}
	})
}

func TestOneOfSeveralBindsSuffices(t *testing.T) {
	bubble(t, func(t *testing.T, s *smsc) {
		s.follow(func(p *peer, request pdu.PDU) bool {
			if request.Command != pdu.BindTransceiver || len(s.bound()) == 0 {
				return false
			}
			p.answer(request, pdu.BindFailed, nil)
			return true
		})
		tr := build(t, s, func(o *smpp.Options) { o.Binds = 3 })
		for n := range 20 {
			if got := <-begin(t.Context(), tr, n); got.err != nil || got.took > 0 {
				t.Fatalf("got %+v", got)
			}
		}
	})
}

func TestBindThatIsFreeForAMomentLater(t *testing.T) {
	bubble(t, func(t *testing.T, s *smsc) {
		began := time.Now()
		s.follow(func(p *peer, request pdu.PDU) bool {
			if request.Command != pdu.BindTransceiver || time.Since(began) > 200*time.Millisecond {
				return false
			}
			p.answer(request, pdu.AlreadyBound, nil)
			return true
		})
		if got := <-begin(t.Context(), build(t, s, nil), 1); got.err != nil || got.took > time.Second {
			t.Errorf("got %+v", got)
		}
	})
}

// TestOutage shows that nobody waits for an SMSC that is away for long, and that it is found when it is back.
func TestOutage(t *testing.T) {
	bubble(t, func(t *testing.T, s *smsc) {
		var tries []time.Time
		down := true
		tr := build(t, s, nil)
		smpp.DialWith(tr, func(ctx context.Context, network, address string) (net.Conn, error) {
			s.mu.Lock()
			tries = append(tries, time.Now())
			away := down
			s.mu.Unlock()
			if away {
				return nil, &net.OpError{Op: "dial", Net: network, Err: errors.New("refused")}
			}
			return s.dial(ctx, network, address)
		})
		for range 100 {
			got := <-begin(t.Context(), tr, 1)
			if class, _ := refusal(t, got.err); class != providers.Transient || got.took > time.Second {
				t.Fatalf("got %+v", got)
			}
			time.Sleep(3 * time.Second)
		}
		s.mu.Lock()
		down = false
		if len(tries) < 14 || len(tries) > 28 { // 7 pauses up to the longest, then one each 15 to 30 seconds
			t.Errorf("%d attempts in five minutes", len(tries))
		}
		s.mu.Unlock()
		time.Sleep(30 * time.Second)
		if got := <-begin(t.Context(), tr, 1); got.err != nil || got.took != 0 {
			t.Errorf("does not recover: %+v", got)
		}
	})
}

func TestPauses(t *testing.T) {
	t.Parallel()
	after := smpp.PauseAfter()
	for i, most := range []time.Duration{
		500 * time.Millisecond, time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 16 * time.Second,
		30 * time.Second, 30 * time.Second,
	} {
		if got := after(0); got < most/2 || got > most {
			t.Errorf("pause %d is %v, want up to half less than %v", i, got, most)
		}
	}
	if got := after(time.Second); got < 15*time.Second {
		t.Errorf("a session of a second shortens the pause to %v", got)
	}
	if got := after(time.Minute); got > 500*time.Millisecond {
		t.Errorf("after a session of a minute the pause is %v", got)
	}
	seen := map[time.Duration]bool{}
	for range 20 {
		seen[smpp.PauseAfter()(0)] = true
	}
	if len(seen) < 2 {
		t.Error("nothing is left to chance")
	}
}

// TestReconnect loses the bind with messages waiting for a place on it.
func TestReconnect(t *testing.T) {
	bubble(t, func(t *testing.T, s *smsc) {
		s.follow(s.hold(pdu.SubmitSM))
		tr := build(t, s, func(o *smpp.Options) { o.Window = 2 })
		var written, waiting []<-chan outcome
		for n := range 2 {
			written = append(written, begin(t.Context(), tr, n))
		}
		synctest.Wait()
		for n := range 5 {
			waiting = append(waiting, begin(t.Context(), tr, n))
		}
		synctest.Wait()
		s.follow(nil)
		s.hangUp()
		for _, done := range written {
			if got := <-done; providers.ClassOf(got.err) != providers.Ambiguous {
				t.Errorf("a message that was written: %+v", got)
			}
		}
		for _, done := range waiting {
			if got := <-done; got.err != nil || got.took > time.Second {
				t.Errorf("a message that waited: %+v", got)
			}
		}
	})
}

func TestWhatIsLogged(t *testing.T) {
	bubble(t, func(t *testing.T, s *smsc) {
		var b bytes.Buffer
		o := options(t, "127.0.0.1:2775", func(o *smpp.Options) { o.Timeout = time.Second })
		tr, err := o.Build(providers.Environment{Name: "own", Log: slog.New(slog.NewTextHandler(&b, nil))})
		if err != nil {
			t.Fatal(err)
		}
		smpp.DialWith(tr, s.dial)
		<-begin(t.Context(), tr, 1)
		s.follow(refuse(pdu.BindTransceiver, pdu.InvalidPassword))
		s.hangUp()
		time.Sleep(600 * time.Millisecond)
		s.follow(s.hold(pdu.BindTransceiver))
		time.Sleep(3 * time.Second)
		shut(t, tr)
		for _, want := range []string{
			`level=INFO msg="bound to the SMSC" provider=own transport=smpp host=127.0.0.1 bind=1`,
			`level=WARN msg="lost the bind to the SMSC" provider=own transport=smpp host=127.0.0.1 bind=1 class=transient`,
			`level=ERROR msg="the SMSC refuses our account" provider=own transport=smpp host=127.0.0.1 bind=1 ` +
				`class=credentials code="0x0e ESME_RINVPASWD"`,
			`level=WARN msg="cannot bind to the SMSC" provider=own transport=smpp host=127.0.0.1 bind=1 class=transient`,
		} {
			if !strings.Contains(b.String(), want) {
				t.Errorf("%s\nis missing in\n%s", want, b.String())
			}
		}
		for _, secret := range []string{testPassword, testSystem, "739101", "23320123"} {
			if strings.Contains(b.String(), secret) {
				t.Errorf("the log tells %q", secret)
			}
		}
	})
}
