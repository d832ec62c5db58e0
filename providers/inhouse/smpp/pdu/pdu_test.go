package pdu_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/inhouse/smpp/pdu"
)

// frame reads hexadecimal digits, however they are spaced, and puts the size in front.
func frame(t *testing.T, digits string) []byte {
	t.Helper()
	rest, err := hex.DecodeString(strings.Join(strings.Fields(digits), ""))
	if err != nil {
		t.Fatal(err)
	}
	return append(binary.BigEndian.AppendUint32(nil, uint32(4+len(rest))), rest...)
}

func sameSecrets() cmp.Option {
	return cmp.Comparer(func(a, b providers.Secret) bool { return a.Equal(b) })
}

// layout is a PDU and its octets behind the size, put together by hand from the tables of the specification.
type layout struct {
	octets string
	pdu    pdu.PDU
}

func layouts() map[string]layout {
	return map[string]layout{
		"bind_transceiver": {
			"00000009 00000000 00000001 73797300 707700 4f545000 34 01 02 3200",
			pdu.PDU{Command: pdu.BindTransceiver, Sequence: 1, Body: &pdu.Bind{
				SystemID: "sys", Password: providers.NewSecret("pw"), SystemType: "OTP", Version: pdu.Version,
				TON: 1, NPI: 2, AddressRange: "2",
			}},
		},
		"bind_transceiver_resp": {
			"80000009 00000000 00000001 736d7300",
			pdu.PDU{Command: pdu.BindTransceiver.Response(), Sequence: 1, Body: &pdu.BindResp{SystemID: "sms"}},
		},
		"submit_sm": {
			`00000004 00000000 00000002 4100 05 00 53686f7000 01 01 32333300 40 01 02 3100 303000 01 00 08 03 02 abcd
			 0424 0003 010203`,
			pdu.PDU{Command: pdu.SubmitSM, Sequence: 2, Body: &pdu.Message{
				ServiceType: "A",
				Source:      pdu.Address{TON: pdu.TONAlphanumeric, NPI: pdu.NPIUnknown, Text: "Shop"},
				Dest:        pdu.Address{TON: pdu.TONInternational, NPI: pdu.NPIISDN, Text: "233"},
				ESMClass:    pdu.ClassHeader, ProtocolID: 1, Priority: 2, Schedule: "1", Validity: "00",
				Registered: pdu.RegisteredFinal, Coding: pdu.CodingUCS2, DefaultID: 3, Text: []byte{0xab, 0xcd},
				TLVs: pdu.TLVs{{Tag: pdu.TagPayload, Value: []byte{1, 2, 3}}},
			}},
		},
		"submit_sm_resp": {
			"80000004 00000000 00000002 616200",
			pdu.PDU{Command: pdu.SubmitSM.Response(), Sequence: 2, Body: &pdu.MessageResp{ID: "ab"}},
		},
		"submit_sm_resp, throttled": {
			"80000004 00000058 00000002 00",
			pdu.PDU{
				Command: pdu.SubmitSM.Response(), Status: pdu.Throttled, Sequence: 2, Body: &pdu.MessageResp{},
			},
		},
		"deliver_sm with a receipt": {
			`00000005 00000000 00000003 00 01 01 32333300 03 00 3400 04 00 00 00 00 00 00 00 00 00
			 001e 0003 616200 0427 0001 02`,
			pdu.PDU{Command: pdu.DeliverSM, Sequence: 3, Body: &pdu.Message{
				Source:   pdu.Address{TON: pdu.TONInternational, NPI: pdu.NPIISDN, Text: "233"},
				Dest:     pdu.Address{TON: pdu.TONShortCode, Text: "4"},
				ESMClass: pdu.ClassReceipt,
				Text:     []byte{},
				TLVs: pdu.TLVs{
					{Tag: pdu.TagReceiptedID, Value: []byte("ab\x00")}, {Tag: pdu.TagState, Value: []byte{2}},
				},
			}},
		},
		"deliver_sm_resp": {
			"80000005 00000000 00000003 00",
			pdu.PDU{Command: pdu.DeliverSM.Response(), Sequence: 3, Body: &pdu.MessageResp{}},
		},
		"enquire_link":      {"00000015 00000000 00000004", pdu.PDU{Command: pdu.EnquireLink, Sequence: 4}},
		"enquire_link_resp": {"80000015 00000000 00000004", pdu.PDU{Command: pdu.EnquireLink.Response(), Sequence: 4}},
		"unbind":            {"00000006 00000000 00000005", pdu.PDU{Command: pdu.Unbind, Sequence: 5}},
		"unbind_resp":       {"80000006 00000000 00000005", pdu.PDU{Command: pdu.Unbind.Response(), Sequence: 5}},
		"generic_nack": {
			"80000000 00000003 00000006", pdu.PDU{Command: pdu.GenericNack, Status: pdu.InvalidCommand, Sequence: 6},
		},
	}
}

func TestLayouts(t *testing.T) {
	t.Parallel()
	for name, l := range layouts() {
		want := frame(t, l.octets)
		got, err := l.pdu.Append(nil)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s is written with %v: %s", name, err, diff)
		}
		read, err := pdu.Read(iotest.OneByteReader(bytes.NewReader(want)))
		if diff := cmp.Diff(l.pdu, read, sameSecrets()); err != nil || diff != "" {
			t.Errorf("%s is read with %v: %s", name, err, diff)
		}
	}
}

func TestWhatIsReadLeniently(t *testing.T) {
	t.Parallel()
	for name, l := range map[string]layout{
		"a refused bind without body": {
			"80000009 0000000e 00000001",
			pdu.PDU{
				Command: pdu.BindTransceiver.Response(), Status: pdu.InvalidPassword, Sequence: 1, Body: &pdu.BindResp{},
			},
		},
		"a bind's answer with parameters": {
			"80000009 00000000 00000001 736d7300 0210 0001 34",
			pdu.PDU{Command: pdu.BindTransceiver.Response(), Sequence: 1, Body: &pdu.BindResp{SystemID: "sms"}},
		},
		"a refused message without body": {
			"80000004 0000000b 00000001",
			pdu.PDU{
				Command: pdu.SubmitSM.Response(), Status: pdu.InvalidDest, Sequence: 1, Body: &pdu.MessageResp{},
			},
		},
		"an id without its end": {
			"80000004 00000000 00000001 6162",
			pdu.PDU{Command: pdu.SubmitSM.Response(), Sequence: 1, Body: &pdu.MessageResp{ID: "ab"}},
		},
		"a body where none belongs": {
			"80000006 00000000 00000001 abcdef", pdu.PDU{Command: pdu.Unbind.Response(), Sequence: 1},
		},
		"an unknown command": {
			"00000103 00000000 00000001 abcdef", pdu.PDU{Command: 0x103, Sequence: 1},
		},
	} {
		read, err := pdu.Read(bytes.NewReader(frame(t, l.octets)))
		if diff := cmp.Diff(l.pdu, read, sameSecrets()); err != nil || diff != "" {
			t.Errorf("%s is read with %v: %s", name, err, diff)
		}
	}
}

// TestBrokenBodiesKeepTheStreamInStep cuts the requests after each octet: all are refused, and the next PDU is read.
func TestBrokenBodiesKeepTheStreamInStep(t *testing.T) {
	t.Parallel()
	next := frame(t, "00000015 00000000 00000004")
	for _, name := range []string{"bind_transceiver", "submit_sm", "deliver_sm with a receipt"} {
		l := layouts()[name]
		whole := frame(t, l.octets)
		for size := 16; size < len(whole); size++ {
			cut := slices.Clone(whole[:size])
			binary.BigEndian.PutUint32(cut, uint32(size))
			stream := bytes.NewReader(append(cut, next...))
			p, err := pdu.Read(stream)
			if whole, ok := l.pdu.Body.(*pdu.Message); ok && err == nil && endsBetweenParameters(whole, p) {
				continue
			}
			if !errors.Is(err, pdu.ErrBody) || p.Command != l.pdu.Command || p.Sequence != l.pdu.Sequence || p.Body != nil {
				t.Fatalf("%s cut to %d octets: got %+v %v", name, size, p, err)
			}
			if p, err := pdu.Read(stream); err != nil || p.Command != pdu.EnquireLink {
				t.Fatalf("%s cut to %d octets: the next one is %+v %v", name, size, p, err)
			}
		}
	}
}

// endsBetweenParameters tells whether cut is whole but for its last parameters.
func endsBetweenParameters(whole *pdu.Message, cut pdu.PDU) bool {
	m, ok := cut.Body.(*pdu.Message)
	return ok && len(m.TLVs) < len(whole.TLVs)
}

func TestSizesThatCannotBe(t *testing.T) {
	t.Parallel()
	for size, want := range map[uint32]error{
		0: pdu.ErrSize, 15: pdu.ErrSize, pdu.MaxSize + 1: pdu.ErrSize, 0xffffffff: pdu.ErrSize,
		17: io.ErrUnexpectedEOF, pdu.MaxSize: io.ErrUnexpectedEOF,
	} {
		header := append(binary.BigEndian.AppendUint32(nil, size), make([]byte, 12)...)
		if _, err := pdu.Read(bytes.NewReader(header)); !errors.Is(err, want) {
			t.Errorf("%d: got %v, want %v", size, err, want)
		}
	}
	for octets, want := range map[int]error{0: io.EOF, 1: io.ErrUnexpectedEOF, 15: io.ErrUnexpectedEOF} {
		if _, err := pdu.Read(bytes.NewReader(make([]byte, octets))); !errors.Is(err, want) {
			t.Errorf("a stream of %d octets: got %v, want %v", octets, err, want)
		}
	}
}

func TestWhatCannotBeWritten(t *testing.T) {
	t.Parallel()
	long := make([]byte, pdu.MaxSize)
	for name, c := range map[string]struct {
		body pdu.Body
		want error
	}{
		"a field that would begin the next": {&pdu.Bind{SystemID: "a\x00b"}, pdu.ErrText},
		"a password with a NUL":             {&pdu.Bind{Password: providers.NewSecret("canary\x00")}, pdu.ErrText},
		"a short message of 256 octets":     {&pdu.Message{Text: long[:256]}, pdu.ErrText},
		"a parameter of 64 KiB":             {&pdu.Message{TLVs: pdu.TLVs{{Tag: 1, Value: long}}}, pdu.ErrText},
		"parameters that add up":            {&pdu.Message{TLVs: pdu.TLVs{{Tag: 1, Value: long[1:]}}}, pdu.ErrSize},
	} {
		before := []byte("before")
		got, err := pdu.PDU{Command: pdu.SubmitSM, Body: c.body}.Append(before)
		if !errors.Is(err, c.want) || !bytes.Equal(got, before) {
			t.Errorf("%s: got %d octets, %v", name, len(got), err)
		}
	}
	if _, err := (pdu.PDU{Body: &pdu.Message{Text: long[:255]}}).Append(nil); err != nil {
		t.Errorf("255 octets: %v", err)
	}
}

func TestPasswordIsNotPrinted(t *testing.T) {
	t.Parallel()
	p := pdu.PDU{Body: &pdu.Bind{Password: providers.NewSecret("canary")}}
	if said := fmt.Sprintf("%v %+v %#v %+v", p, p, p, p.Body); strings.Contains(said, "canary") {
		t.Error(said)
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	for want, got := range map[string]fmt.Stringer{
		"generic_nack":               pdu.GenericNack,
		"submit_sm":                  pdu.SubmitSM,
		"submit_sm_resp":             pdu.SubmitSM.Response(),
		"deliver_sm":                 pdu.DeliverSM,
		"unbind_resp":                pdu.Unbind.Response(),
		"bind_transceiver":           pdu.BindTransceiver,
		"outbind":                    pdu.Outbind,
		"enquire_link":               pdu.EnquireLink,
		"alert_notification":         pdu.AlertNotification,
		"command 0x80000103":         pdu.Command(0x80000103),
		"0x58 ESME_RTHROTTLED":       pdu.Throttled,
		"0x00 ESME_ROK":              pdu.OK,
		"0xff ESME_RUNKNOWNERR":      pdu.UnknownError,
		"0x400":                      pdu.Status(0x400),
		"0xc2 ESME_RINVPARLEN":       pdu.InvalidParamLen,
		"0x0b ESME_RINVDSTADR":       pdu.InvalidDest,
		"0x66 ESME_RX_R_APPN":        pdu.ReceiverRejects,
		"0x07 ESME_RINVREGDLVFLG":    pdu.InvalidRegistered,
		"0x43 ESME_RINVESMCLASS":     pdu.InvalidESMClass,
		"0x62 ESME_RINVEXPIRY":       pdu.InvalidExpiry,
		"0x04 ESME_RINVBNDSTS":       pdu.WrongBindStatus,
		"0x0d ESME_RBINDFAIL":        pdu.BindFailed,
		"0x10":                       pdu.Status(0x10),
		"0xfe ESME_RDELIVERYFAILURE": pdu.DeliveryFailure,
	} {
		if got.String() != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// FuzzRead holds that whatever can be read can be written, and then reads the same.
func FuzzRead(f *testing.F) {
	for _, l := range layouts() {
		b, err := l.pdu.Append(nil)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
		f.Add(append(b, b...))
	}
	f.Fuzz(func(t *testing.T, stream []byte) {
		p, err := pdu.Read(bytes.NewReader(stream))
		if err != nil {
			if p.Body != nil {
				t.Error("a body beside an error")
			}
			return
		}
		_ = p.Command.String() + p.Status.String()
		written, err := p.Append(nil)
		if err != nil {
			t.Fatalf("%+v cannot be written: %v", p, err)
		}
		again, err := pdu.Read(bytes.NewReader(written))
		if diff := cmp.Diff(p, again, sameSecrets()); err != nil || diff != "" {
			t.Errorf("read again with %v: %s", err, diff)
		}
		if m, ok := p.Body.(*pdu.Message); ok {
			checkMessage(t, m)
		}
	})
}
