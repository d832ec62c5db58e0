package pdu_test

import (
	"strings"
	"testing"

	"github.com/otpgate/otpgate/providers/inhouse/gsm"
	"github.com/otpgate/otpgate/providers/inhouse/smpp/pdu"
)

func TestContent(t *testing.T) {
	t.Parallel()
	sar := func(ref, total, number string) pdu.TLVs {
		return pdu.TLVs{
			{Tag: pdu.TagSegmentRef, Value: []byte(ref)},
			{Tag: pdu.TagSegmentTotal, Value: []byte(total)},
			{Tag: pdu.TagSegmentNumber, Value: []byte(number)},
		}
	}
	for name, c := range map[string]struct {
		m    pdu.Message
		text string
		part gsm.Part
	}{
		"a short message": {pdu.Message{Text: []byte("text")}, "text", gsm.Part{}},
		"a payload": {
			pdu.Message{TLVs: pdu.TLVs{{Tag: pdu.TagPayload, Value: []byte("text")}}}, "text", gsm.Part{},
		},
		"a header": {
			pdu.Message{ESMClass: pdu.ClassHeader, Text: []byte("\x05\x00\x03\x2a\x02\x01text")},
			"text", gsm.Part{Ref: 42, Total: 2, Number: 1},
		},
		"a header that is none": {
			pdu.Message{ESMClass: pdu.ClassHeader, Text: []byte("text")}, "text", gsm.Part{},
		},
		"octets like a header": {
			pdu.Message{Text: []byte("\x05\x00\x03\x2a\x02\x01text")}, "\x05\x00\x03\x2a\x02\x01text", gsm.Part{},
		},
		"sar parameters": {
			pdu.Message{Text: []byte("text"), TLVs: sar("\x01\x02", "\x03", "\x02")},
			"text", gsm.Part{Ref: 258, Total: 3, Number: 2},
		},
		"sar parameters of a wrong size": {
			pdu.Message{Text: []byte("text"), TLVs: sar("\x01\x02\x03", "\x01\x03", "\x02")},
			"text", gsm.Part{Total: 255, Number: 2},
		},
		"a segment beyond the last": {
			pdu.Message{Text: []byte("text"), TLVs: sar("\x01\x02", "\x03", "\x04")}, "text", gsm.Part{},
		},
	} {
		text, part := c.m.Content()
		if string(text) != c.text || part != c.part {
			t.Errorf("%s: got %q %+v, want %q %+v", name, text, part, c.text, c.part)
		}
	}
}

const usual = "id:0a1B sub:001 dlvrd:001 submit date:2611210930 done date:2611210931 stat:DELIVRD err:000 " +
	"text:Your code"

func TestReceipts(t *testing.T) {
	t.Parallel()
	params := func(id, state string) pdu.TLVs {
		return pdu.TLVs{{Tag: pdu.TagReceiptedID, Value: []byte(id)}, {Tag: pdu.TagState, Value: []byte(state)}}
	}
	delivered := pdu.Receipt{ID: "0a1B", State: pdu.Delivered, Stat: "DELIVRD", Err: "000"}
	for name, c := range map[string]struct {
		m    pdu.Message
		want pdu.Receipt
		ok   bool
	}{
		"the usual form": {pdu.Message{ESMClass: pdu.ClassReceipt, Text: []byte(usual)}, delivered, true},
		"in UCS-2": {
			pdu.Message{ESMClass: pdu.ClassReceipt, Coding: pdu.CodingUCS2, Text: gsm.EncodeUCS2(usual)},
			delivered, true,
		},
		"in a payload": {
			pdu.Message{ESMClass: pdu.ClassReceipt, TLVs: pdu.TLVs{{Tag: pdu.TagPayload, Value: []byte(usual)}}},
			delivered, true,
		},
		"with other bits in the class": {
			pdu.Message{ESMClass: 0x80 | pdu.ClassReceipt | 3, Text: []byte(usual)}, delivered, true,
		},
		"on the way": {
			pdu.Message{ESMClass: pdu.ClassIntermediate, Text: []byte("id:7 stat:ENROUTE")},
			pdu.Receipt{ID: "7", State: pdu.Enroute, Stat: "ENROUTE"}, true,
		},
		"in capitals and without blanks": {
			pdu.Message{ESMClass: pdu.ClassReceipt, Text: []byte("ID:7 SUBMITDATE:26 DONEDATE:26 STAT:undeliv ERR:1f")},
			pdu.Receipt{ID: "7", State: pdu.Undeliverable, Stat: "UNDELIV", Err: "1f"}, true,
		},
		"a text that imitates": {
			pdu.Message{ESMClass: pdu.ClassReceipt, Text: []byte("id:7 stat:REJECTD err:9 text:id:8 stat:DELIVRD")},
			pdu.Receipt{ID: "7", State: pdu.Rejected, Stat: "REJECTD", Err: "9"}, true,
		},
		"a state of the vendor's own": {
			pdu.Message{ESMClass: pdu.ClassReceipt, Text: []byte("id:7 stat:SPAM")},
			pdu.Receipt{ID: "7", Stat: "SPAM"}, true,
		},
		"parameters alone": {
			pdu.Message{ESMClass: pdu.ClassReceipt, TLVs: params("7\x00", "\x03")},
			pdu.Receipt{ID: "7", State: pdu.Expired}, true,
		},
		"parameters without their end": {
			pdu.Message{ESMClass: pdu.ClassReceipt, TLVs: params("7", "\x04")},
			pdu.Receipt{ID: "7", State: pdu.Deleted}, true,
		},
		"parameters before the text": {
			pdu.Message{ESMClass: pdu.ClassReceipt, Text: []byte(usual), TLVs: params("7\x00", "\x06")},
			pdu.Receipt{ID: "7", State: pdu.Accepted, Stat: "DELIVRD", Err: "000"}, true,
		},
		"a state that is none": {
			pdu.Message{ESMClass: pdu.ClassReceipt, Text: []byte(usual), TLVs: params("\x00", "\x09")}, delivered, true,
		},
		"parameters without the class": {
			pdu.Message{TLVs: params("7\x00", "\x07")}, pdu.Receipt{ID: "7", State: pdu.StateUnknown}, true,
		},
		"a message of a person": {pdu.Message{Text: []byte(usual)}, pdu.Receipt{}, false},
		"a message of a person with an id": {
			pdu.Message{Text: []byte(usual), TLVs: params("7\x00", "")[:1]}, pdu.Receipt{}, false,
		},
		"no id":        {pdu.Message{ESMClass: pdu.ClassReceipt, Text: []byte("stat:DELIVRD")}, pdu.Receipt{}, false},
		"no state":     {pdu.Message{ESMClass: pdu.ClassReceipt, Text: []byte("id:7")}, pdu.Receipt{}, false},
		"no text":      {pdu.Message{ESMClass: pdu.ClassReceipt}, pdu.Receipt{}, false},
		"another form": {pdu.Message{ESMClass: pdu.ClassReceipt, Text: []byte("7 was DELIVRD")}, pdu.Receipt{}, false},
		"words that are none": {
			pdu.Message{ESMClass: pdu.ClassReceipt, Text: []byte(
				"id:" + strings.Repeat("7", 65) + " stat:DELIVRD;x err:\x1b[31m")},
			pdu.Receipt{}, false,
		},
	} {
		got, ok := c.m.Receipt()
		if ok != c.ok || ok && got != c.want {
			t.Errorf("%s: got %+v %v, want %+v %v", name, got, ok, c.want, c.ok)
		}
	}
}

// checkMessage holds what is true of every message, however foreign.
func checkMessage(t *testing.T, m *pdu.Message) {
	t.Helper()
	_, part := m.Content()
	if part != (gsm.Part{}) && (part.Number == 0 || part.Number > part.Total) {
		t.Errorf("a place that cannot be: %+v", part)
	}
	r, ok := m.Receipt()
	if !ok {
		return
	}
	for what, text := range map[string]string{"id": r.ID, "stat": r.Stat, "err": r.Err} {
		if len(text) > 64 || strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' }) {
			t.Errorf("%s is %q", what, text)
		}
	}
	if r.State > pdu.Rejected {
		t.Errorf("state is %d", r.State)
	}
}

func FuzzReceipt(f *testing.F) {
	f.Add(pdu.ClassReceipt, pdu.CodingDefault, []byte(usual), []byte("7\x00"), []byte{2})
	f.Add(pdu.ClassReceipt|pdu.ClassHeader, pdu.CodingUCS2, []byte("\x00id: stat:text:"), []byte{}, []byte{0, 2})
	f.Fuzz(func(t *testing.T, class, coding byte, text, id, state []byte) {
		checkMessage(t, &pdu.Message{ESMClass: class, Coding: coding, Text: text, TLVs: pdu.TLVs{
			{Tag: pdu.TagReceiptedID, Value: id}, {Tag: pdu.TagState, Value: state}, {Tag: pdu.TagSegmentTotal, Value: id},
		}})
	})
}
