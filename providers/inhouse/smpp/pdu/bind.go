package pdu

import "github.com/otpgate/otpgate/providers"

// Version is the interface version that a client names: 3.4 (§5.2.4).
const Version = 0x34

// Bind opens a session (bind_transceiver, §4.1.5).
type Bind struct {
	SystemID     string
	Password     providers.Secret
	SystemType   string
	Version      byte
	TON, NPI     byte // of AddressRange
	AddressRange string
}

func (b *Bind) write(w *writer) {
	w.text(b.SystemID)
	w.text(b.Password.Reveal())
	w.text(b.SystemType)
	w.octets(b.Version, b.TON, b.NPI)
	w.text(b.AddressRange)
}

func readBind(r *reader) *Bind {
	return &Bind{
		SystemID:     r.text(),
		Password:     providers.NewSecret(r.text()),
		SystemType:   r.text(),
		Version:      r.octet(),
		TON:          r.octet(),
		NPI:          r.octet(),
		AddressRange: r.text(),
	}
}

// BindResp answers a [Bind] (bind_transceiver_resp, §4.1.6). What follows the name is not read: the status decides,
// and SMSCs cut their answers in many ways.
type BindResp struct{ SystemID string }

func (b *BindResp) write(w *writer) { w.text(b.SystemID) }

func readBindResp(r *reader) *BindResp { return &BindResp{SystemID: r.lenientText()} }
