package smpp_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/inhouse/smpp"
	"github.com/otpgate/otpgate/providers/inhouse/smpp/pdu"
)

// FuzzSession has an SMSC say anything at all after the bind, and hang up. The delivery comes to its end, and a message
// is taken for sent only on the exact answer.
func FuzzSession(f *testing.F) {
	answer := pdu.PDU{Command: pdu.SubmitSM.Response(), Sequence: 2, Body: &pdu.MessageResp{ID: "7"}}
	for _, p := range []pdu.PDU{
		answer,
		{Command: pdu.SubmitSM.Response(), Sequence: 2, Status: pdu.Throttled},
		{Command: pdu.GenericNack, Sequence: 2},
		{Command: pdu.DeliverSM, Sequence: 1, Body: receipt("7", "DELIVRD", "000")},
		{Command: pdu.Unbind, Sequence: 1},
	} {
		octets, err := p.Append(nil)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(octets)
	}
	f.Fuzz(func(t *testing.T, said []byte) {
		o := options(t, "127.0.0.1:2775", func(o *smpp.Options) { o.Timeout = time.Second })
		tr, err := o.Build(providers.Environment{})
		if err != nil {
			t.Fatal(err)
		}
		var talks sync.WaitGroup
		smpp.DialWith(tr, func(context.Context, string, string) (net.Conn, error) {
			client, server := net.Pipe()
			talks.Go(func() { babble(server, said) })
			return client, nil
		})
		listen(t, tr)
		if err := deliver(t, tr, 1); err == nil && !saysYes(said) {
			t.Error("taken for sent without the answer that says so")
		}
		shut(t, tr)
		talks.Wait()
	})
}

// saysYes tells whether said has the answer that takes the message: the second request of its session.
func saysYes(said []byte) bool {
	in := bytes.NewReader(said)
	for {
		p, err := pdu.Read(in)
		switch {
		case err != nil && !errors.Is(err, pdu.ErrBody):
			return false
		case p.Command == pdu.SubmitSM.Response() && p.Status == pdu.OK && p.Sequence == 2:
			return true
		}
	}
}

// babble is an SMSC that takes a bind and a message, says what it is told to, and hangs up.
func babble(conn net.Conn, said []byte) {
	defer conn.Close()
	takeBind(conn)
	if _, err := pdu.Read(conn); err != nil {
		return
	}
	go func() { _, _ = io.Copy(io.Discard, conn) }()
	_, _ = conn.Write(said)
}
