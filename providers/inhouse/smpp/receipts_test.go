package smpp_test

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/inhouse/smpp"
	"github.com/otpgate/otpgate/providers/inhouse/smpp/pdu"
	"github.com/otpgate/otpgate/providers/inhouse/transport"
)

// reports collects what a transport reports.
type reports struct {
	mu  sync.Mutex
	all []transport.Report
}

// listen collects the reports of tr.
func listen(t *testing.T, tr transport.Transport) *reports {
	t.Helper()
	r := new(reports)
	reporter, ok := tr.(transport.Reporter)
	if !ok {
		t.Fatal("the transport reports nothing")
	}
	reporter.OnReport(func(one transport.Report) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.all = append(r.all, one)
	})
	return r
}

// expect waits until nothing moves, compares what was reported since the last call, and forgets it.
func (r *reports) expect(t *testing.T, name string, want ...transport.Report) {
	t.Helper()
	synctest.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	if diff := cmp.Diff(want, r.all); diff != "" {
		t.Errorf("%s: %s", name, diff)
	}
	r.all = nil
}

const reference = "01jtdre6ga9vqk1ce154p0jjwr" // of all messages of the suite

// receipt is a deliver_sm as vendors write it.
func receipt(id, stat, code string) *pdu.Message {
	return &pdu.Message{ESMClass: pdu.ClassReceipt, Text: []byte(
		"id:" + id + " sub:001 dlvrd:001 submit date:2611210930 done date:2611210931 stat:" + stat + " err:" + code +
			" text:Your code is 739101")}
}

func (p *peer) deliver(m *pdu.Message) {
	p.send(pdu.PDU{Command: pdu.DeliverSM, Sequence: 77, Body: m})
}

func TestReceiptsAreAskedForIfSomebodyListens(t *testing.T) {
	bubble(t, func(t *testing.T, s *smsc) {
		deaf, keen := build(t, s, nil), build(t, s, nil)
		heard := listen(t, keen)
		for _, tr := range []transport.Transport{deaf, keen} {
			if err := deliver(t, tr, 1); err != nil {
				t.Fatal(err)
			}
		}
		all := s.submitted()
		if all[0].Registered != 0 || all[1].Registered != pdu.RegisteredFinal {
			t.Errorf("asked for %d and %d, want 0 and 1", all[0].Registered, all[1].Registered)
		}
		for _, p := range s.all() { // the deaf one takes it and thinks no more of it
			p.deliver(receipt("0000000002", "DELIVRD", "000"))
		}
		heard.expect(t, "heard", transport.Report{
			Reference: reference, ID: "0000000002", State: providers.DeliveryDelivered, Code: "DELIVRD 000",
		})
	})
}

func TestReceipts(t *testing.T) {
	bubble(t, func(t *testing.T, s *smsc) {
		tr := build(t, s, func(o *smpp.Options) { o.Binds = 2 })
		heard := listen(t, tr)
		for n, c := range []struct {
			stat string
			want providers.DeliveryState
		}{
			{"DELIVRD", providers.DeliveryDelivered},
			{"UNDELIV", providers.DeliveryUndelivered},
			{"EXPIRED", providers.DeliveryUndelivered},
			{"DELETED", providers.DeliveryUndelivered},
			{"REJECTD", providers.DeliveryUndelivered},
			{"ENROUTE", providers.DeliverySent},
			{"ACCEPTD", providers.DeliverySent},
			{"UNKNOWN", ""},
			{"SPAM", ""},
		} {
			if err := deliver(t, tr, n); err != nil {
				t.Fatal(err)
			}
			id := fmt.Sprintf("%010X", n+1)
			said := receipt(strings.ToLower(strings.TrimLeft(id, "0")), c.stat, "01")
			want := transport.Report{Reference: reference, ID: id, State: c.want, Code: c.stat + " 01"}
			peers := s.all()
			peers[0].deliver(said) // by whichever bind
			heard.expect(t, c.stat, want)
			peers[1].deliver(said)
			if c.want == providers.DeliveryDelivered || c.want == providers.DeliveryUndelivered {
				heard.expect(t, c.stat+", said again")
			} else {
				heard.expect(t, c.stat+", said again", want)
			}
		}
	})
}

func TestReceiptBeforeTheAnswer(t *testing.T) {
	bubble(t, func(t *testing.T, s *smsc) {
		want := transport.Report{Reference: reference, ID: "7", State: providers.DeliveryDelivered, Code: "DELIVRD 000"}
		alone := want
		alone.Reference = "" // nobody knew the message when it was told of
		for name, c := range map[string]struct {
			early []*pdu.Message
			wait  time.Duration
			want  []transport.Report
		}{
			"a moment before":   {[]*pdu.Message{receipt("7", "DELIVRD", "000")}, 0, []transport.Report{want}},
			"59 seconds before": {[]*pdu.Message{receipt("7", "DELIVRD", "000")}, 59 * time.Second, []transport.Report{want}},
			"61 seconds before": {[]*pdu.Message{receipt("7", "DELIVRD", "000")}, 61 * time.Second, []transport.Report{alone}},
			"after another, and before a late one": {
				[]*pdu.Message{
					receipt("7", "ACCEPTD", "000"), receipt("7", "DELIVRD", "000"), receipt("7", "ENROUTE", "000"),
				}, 0, []transport.Report{want},
			},
		} {
			s.follow(func(p *peer, request pdu.PDU) bool {
				if request.Command != pdu.SubmitSM {
					return false
				}
				s.serving.Go(func() {
					for _, m := range c.early {
						p.deliver(m)
					}
					time.Sleep(c.wait)
					p.answer(request, pdu.OK, &pdu.MessageResp{ID: "7"})
				})
				return true
			})
			tr := build(t, s, func(o *smpp.Options) { o.Timeout = 2 * time.Minute })
			heard := listen(t, tr)
			if err := deliver(t, tr, 1); err != nil {
				t.Fatal(err)
			}
			heard.expect(t, name, c.want...)
		}
	})
}

func TestReceiptsOfParts(t *testing.T) {
	bubble(t, func(t *testing.T, s *smsc) {
		tr := build(t, s, nil)
		heard := listen(t, tr)
		long := message(1, strings.Repeat("x", 400)) // three parts
		report := func(first string, state providers.DeliveryState, code string) transport.Report {
			return transport.Report{Reference: reference, ID: first, State: state, Code: code}
		}
		send := func() *peer {
			if _, err := tr.Deliver(t.Context(), long); err != nil {
				t.Fatal(err)
			}
			return s.all()[0]
		}
		p := send()
		p.deliver(receipt("1", "DELIVRD", "000"))
		p.deliver(receipt("1", "DELIVRD", "000"))
		p.deliver(receipt("3", "DELIVRD", "000"))
		heard.expect(t, "two of three parts")
		p.deliver(receipt("2", "DELIVRD", "000"))
		heard.expect(t, "all parts", report("0000000001", providers.DeliveryDelivered, "DELIVRD 000"))
		p = send()
		p.deliver(receipt("4", "DELIVRD", "000"))
		p.deliver(receipt("5", "UNDELIV", "001"))
		heard.expect(t, "one part is lost", report("0000000004", providers.DeliveryUndelivered, "UNDELIV 001"))
		p.deliver(receipt("6", "EXPIRED", "002"))
		heard.expect(t, "another part is lost")
	})
}

func TestNotationOfIDs(t *testing.T) {
	bubble(t, func(t *testing.T, s *smsc) {
		for name, c := range map[string]struct {
			notation, given, said string
			want                  string // id; empty: the receipt is for another message
		}{
			"the same":                   {"same", "4c1F", "4C1f", "4c1F"},
			"zeros in front":             {"same", "00042", "42", "00042"},
			"zeros alone":                {"same", "000", "000", "000"},
			"another number":             {"same", "1F", "31", ""},
			"in decimal":                 {"decimal", "1F", "0031", "31"},
			"in decimal, no hexadecimal": {"decimal", "xyz", "xyz", "xyz"},
			"in hexadecimal":             {"hex", "31", "1F", "1f"},
			"in hexadecimal, no number":  {"hex", "1-F", "1-f", "1-f"},
		} {
			s.follow(func(p *peer, request pdu.PDU) bool {
				if request.Command == pdu.SubmitSM {
					p.answer(request, pdu.OK, &pdu.MessageResp{ID: c.given})
				}
				return request.Command == pdu.SubmitSM
			})
			tr := build(t, s, func(o *smpp.Options) { o.ReceiptIDs = c.notation })
			heard := listen(t, tr)
			if err := deliver(t, tr, 1); err != nil {
				t.Fatal(err)
			}
			for _, p := range s.all() {
				p.deliver(receipt(c.said, "DELIVRD", "0"))
			}
			var want []transport.Report
			if c.want != "" {
				want = append(want, transport.Report{
					Reference: reference, ID: c.want, State: providers.DeliveryDelivered, Code: "DELIVRD 0",
				})
			}
			heard.expect(t, name, want...)
		}
	})
}

// After a restart or a reload nobody here remembers the message. The receipt is told of by the id that the message was
// given then, once it is clear that it did not overtake a response.
func TestReceiptOfAMessageFromBefore(t *testing.T) {
	bubble(t, func(t *testing.T, s *smsc) {
		for name, c := range map[string]struct{ notation, given, said string }{
			"the same":       {"same", "4c1F", "4c1F"},
			"in decimal":     {"decimal", "001F", "0031"},
			"in hexadecimal": {"hex", "31", "001F"},
		} {
			s.follow(func(p *peer, request pdu.PDU) bool {
				if request.Command == pdu.SubmitSM {
					p.answer(request, pdu.OK, &pdu.MessageResp{ID: c.given})
				}
				return request.Command == pdu.SubmitSM
			})
			notation := func(o *smpp.Options) { o.ReceiptIDs = c.notation }
			before := build(t, s, notation)
			sent, err := before.Deliver(t.Context(), message(1, "{code}"))
			if err != nil {
				t.Fatal(err)
			}
			if err := before.(io.Closer).Close(); err != nil {
				t.Fatal(err)
			}
			s.follow(nil)
			tr := build(t, s, notation)
			heard := listen(t, tr)
			if err := deliver(t, tr, 2); err != nil {
				t.Fatal(err)
			}
			for _, p := range s.all() {
				p.deliver(receipt(c.said, "ACCEPTD", "000"))
				p.deliver(receipt(c.said, "DELIVRD", "000"))
			}
			heard.expect(t, name+", at once")
			time.Sleep(time.Minute)
			heard.expect(t, name, transport.Report{
				ID: sent.ID, State: providers.DeliveryDelivered, Code: "DELIVRD 000",
			})
			time.Sleep(time.Minute)
			heard.expect(t, name+", later")
		}
	})
}

func TestReceiptsOfNoAvail(t *testing.T) {
	bubble(t, func(t *testing.T, s *smsc) {
		s.follow(func(p *peer, request pdu.PDU) bool {
			if request.Command == pdu.SubmitSM {
				p.answer(request, pdu.OK, &pdu.MessageResp{}) // no id to wait for
			}
			return request.Command == pdu.SubmitSM
		})
		tr := build(t, s, nil)
		heard := listen(t, tr)
		if err := deliver(t, tr, 1); err != nil {
			t.Fatal(err)
		}
		p := s.all()[0]
		p.deliver(receipt("0", "DELIVRD", "000"))
		p.deliver(receipt("42", "DELIVRD", "000"))
		p.deliver(&pdu.Message{ESMClass: pdu.ClassReceipt, Text: []byte("garbage")})
		p.deliver(&pdu.Message{Text: []byte("id:1 stat:DELIVRD")})
		heard.expect(t, "nothing")
		if got := len(s.told(pdu.GenericNack)); got != 0 || len(s.acks) != 4 {
			t.Errorf("%d were taken, want 4", len(s.acks))
		}
	})
}

func TestReceiptADayLater(t *testing.T) {
	bubble(t, func(t *testing.T, s *smsc) {
		tr := build(t, s, nil)
		heard := listen(t, tr)
		for n := range 2 {
			if err := deliver(t, tr, n); err != nil {
				t.Fatal(err)
			}
		}
		p := s.all()[0]
		time.Sleep(24*time.Hour - time.Second)
		p.deliver(receipt("1", "DELIVRD", "000"))
		heard.expect(t, "on the day", transport.Report{
			Reference: reference, ID: "0000000001", State: providers.DeliveryDelivered, Code: "DELIVRD 000",
		})
		time.Sleep(2 * time.Second)
		p.deliver(receipt("0000000002", "DELIVRD", "000"))
		heard.expect(t, "later")
		time.Sleep(time.Minute)
		heard.expect(t, "as if it were from before", transport.Report{
			ID: "0000000002", State: providers.DeliveryDelivered, Code: "DELIVRD 000",
		})
	})
}
