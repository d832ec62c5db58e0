package pdu

import (
	"slices"
	"strings"

	"github.com/otpgate/otpgate/providers/inhouse/gsm"
)

// State is how far a message came (message_state, §5.2.28). Zero: not told, or a word of the vendor's own.
type State byte

// The states of a message.
const (
	Enroute       State = 1
	Delivered     State = 2
	Expired       State = 3
	Deleted       State = 4
	Undeliverable State = 5
	Accepted      State = 6 // read by hand on behalf of the recipient: it is out of the SMSC's hands
	StateUnknown  State = 7
	Rejected      State = 8
)

// Receipt is what an SMSC tells of a message that it took before.
type Receipt struct {
	ID    string // as in the response to the submit_sm, give or take its notation
	State State
	Stat  string // the SMSC's own word: "DELIVRD"
	Err   string // its number of the error: "001"
}

// Receipt reads m as a receipt: from the parameters where they are there, and else from the text of Appendix B, whose
// form vendors share by habit alone:
//
//	id:0123456789 sub:001 dlvrd:001 submit date:2611210930 done date:2611210931 stat:DELIVRD err:000 text:Your code
//
// It returns false for what people have sent. The parameters make a receipt even where esm_class does not say so, if
// both are there: one alone is known to come with other messages.
func (m *Message) Receipt() (Receipt, bool) {
	kind := m.ESMClass & classKind
	told := m.TLVs.Get(TagReceiptedID) != nil && m.TLVs.Get(TagState) != nil
	if kind != ClassReceipt && kind != ClassIntermediate && !told {
		return Receipt{}, false
	}
	content, _ := m.Content()
	text := string(content)
	if m.Coding == CodingUCS2 {
		text = gsm.DecodeUCS2(content)
	}
	r := parseReceipt(text)
	if id := Identifier(m.TLVs.text(TagReceiptedID)); id != "" {
		r.ID = id
	}
	if state := m.TLVs.number(TagState); state != 0 && state <= uint16(Rejected) {
		r.State = State(state)
	}
	return r, r.ID != "" && (r.State != 0 || r.Stat != "")
}

// parseReceipt reads the text of a receipt. Nothing behind "text:" counts: it is what somebody wrote.
func parseReceipt(text string) Receipt {
	var r Receipt
	for token := range strings.FieldsSeq(text) {
		name, value, found := strings.Cut(token, ":")
		if !found {
			continue
		}
		switch strings.ToLower(name) {
		case "id":
			r.ID = Identifier(value)
		case "stat":
			r.Stat = strings.ToUpper(word(value))
			r.State = stateOf(r.Stat)
		case "err":
			r.Err = word(value)
		case "text":
			return r
		}
	}
	return r
}

// Identifier is s if it can be the id of a message, else empty: at most 64 visible characters of ASCII (§5.2.23).
func Identifier(s string) string {
	const most = 64
	if len(s) > most || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return ""
	}
	return s
}

// word is s if it is a short word of letters and digits, else empty. Receipts are foreign, and words of them end in
// logs.
func word(s string) string {
	const most = 16
	strange := func(r rune) bool { return (r < '0' || r > '9') && (r|0x20 < 'a' || r|0x20 > 'z') }
	if len(s) > most || strings.ContainsFunc(s, strange) {
		return ""
	}
	return s
}

// stateOf reads the words of Appendix B, in the order of their numbers.
func stateOf(stat string) State {
	words := []string{"ENROUTE", "DELIVRD", "EXPIRED", "DELETED", "UNDELIV", "ACCEPTD", "UNKNOWN", "REJECTD"}
	return State(slices.Index(words, stat) + 1)
}
