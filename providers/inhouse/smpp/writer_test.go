package smpp_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/inhouse/gsm"
	"github.com/otpgate/otpgate/providers/inhouse/smpp"
	"github.com/otpgate/otpgate/providers/inhouse/smpp/pdu"
	"github.com/otpgate/otpgate/providers/inhouse/transport"
)

// bubble runs a test with an SMSC and a clock of its own. Whatever happens in it, the SMSC can read what it is told.
func bubble(t *testing.T, f func(t *testing.T, s *smsc)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSMSC(t)
		t.Cleanup(func() {
			if err := s.unreadable(); err != nil {
				t.Errorf("the SMSC was told %v", err)
			}
		})
		f(t, s)
	})
}

// submit delivers m and returns what the SMSC got.
func submit(t *testing.T, s *smsc, m transport.Message, change func(*smpp.Options)) []*pdu.Message {
	t.Helper()
	before := len(s.submitted())
	if _, err := build(t, s, change).Deliver(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	return s.submitted()[before:]
}

func TestWhatIsSubmitted(t *testing.T) {
	bubble(t, func(t *testing.T, s *smsc) {
		m := message(1, "Your code is {code}.")
		m.Expiry = 90 * time.Minute
		want := []*pdu.Message{{
			Source:   pdu.Address{TON: pdu.TONAlphanumeric, NPI: pdu.NPIUnknown, Text: "Shop"},
			Dest:     pdu.Address{TON: pdu.TONInternational, NPI: pdu.NPIISDN, Text: "233201230001"},
			Validity: "000000013000000R",
			Text:     []byte("Your code is 739101."),
		}}
		if diff := cmp.Diff(want, submit(t, s, m, nil)); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(&pdu.Bind{
			SystemID: testSystem, Password: providers.NewSecret(testPassword), Version: 0x34,
		}, s.bound()[0], cmp.Comparer(providers.Secret.Equal)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestLongTexts(t *testing.T) {
	bubble(t, func(t *testing.T, s *smsc) {
		plain, beyond := message(1, "{code}"+strings.Repeat("€", 100)), message(1, "{code}"+strings.Repeat("你", 100))
		whole := func(o *smpp.Options) { o.LongMessages = "payload" }
		for name, c := range map[string]struct {
			m      transport.Message
			change func(*smpp.Options)
			coding byte
			sizes  []int // of the texts, headers included
		}{
			"plain by header":   {plain, nil, pdu.CodingDefault, []int{6 + 152, 6 + 54}},
			"beyond by header":  {beyond, nil, pdu.CodingUCS2, []int{6 + 134, 6 + 78}},
			"plain by payload":  {plain, whole, pdu.CodingDefault, []int{0}},
			"beyond by payload": {beyond, whole, pdu.CodingUCS2, []int{0}},
		} {
			got := submit(t, s, c.m, c.change)
			if len(got) != len(c.sizes) {
				t.Fatalf("%s: %d parts, want %d", name, len(got), len(c.sizes))
			}
			for i, m := range got {
				_, part := m.Content()
				number, class := i+1, pdu.ClassHeader
				if len(got) == 1 {
					number, class = 0, 0
				}
				if len(m.Text) != c.sizes[i] || m.Coding != c.coding || m.ESMClass != class || int(part.Number) != number {
					t.Errorf("%s: part %d is %+v", name, i, m)
				}
			}
			if payload := got[0].TLVs.Get(pdu.TagPayload); (payload != nil) != (c.sizes[0] == 0) {
				t.Errorf("%s: the payload has %d octets", name, len(payload))
			}
		}
	})
}

func TestReferencesOfLongTextsDiffer(t *testing.T) {
	bubble(t, func(t *testing.T, s *smsc) {
		tr := build(t, s, nil)
		for range 3 {
			if _, err := tr.Deliver(t.Context(), message(1, strings.Repeat("x", 200))); err != nil {
				t.Fatal(err)
			}
		}
		seen := map[uint16]int{}
		for _, m := range s.submitted() {
			_, part := m.Content()
			seen[part.Ref]++
		}
		if len(seen) != 3 {
			t.Errorf("three texts of two parts have the references %v", seen)
		}
	})
}

func TestTooLongTextIsNotSubmitted(t *testing.T) {
	bubble(t, func(t *testing.T, s *smsc) {
		for name, c := range map[string]struct {
			size   int
			change func(*smpp.Options)
		}{
			"more parts than can be counted": {gsm.MaxParts*153 + 1, nil},
			"more than a PDU holds":          {pdu.MaxSize, func(o *smpp.Options) { o.LongMessages = "payload" }},
		} {
			_, err := build(t, s, c.change).Deliver(t.Context(), message(1, strings.Repeat("x", c.size)))
			if class, _ := refusal(t, err); class != providers.Unsupported || len(s.submitted()) != 0 {
				t.Errorf("%s: got %v", name, err)
			}
		}
	})
}

func TestSenders(t *testing.T) {
	bubble(t, func(t *testing.T, s *smsc) {
		none := pdu.Address{}
		shop := pdu.Address{TON: 5, NPI: 0, Text: "Shop"}
		five, nine := 5, 9
		for name, c := range map[string]struct {
			app, own string
			ton, npi *int
			want     pdu.Address
			class    providers.Class // of the refusal; 0: none
		}{
			"the app's":                  {"Shop", "Other", nil, nil, shop, 0},
			"our own":                    {"", "Shop", nil, nil, shop, 0},
			"the SMSC's":                 {"", "", nil, nil, none, 0},
			"a number":                   {"+233201234567", "", nil, nil, pdu.Address{TON: 1, NPI: 1, Text: "233201234567"}, 0},
			"a number without plus":      {"233201234567", "", nil, nil, pdu.Address{TON: 1, NPI: 1, Text: "233201234567"}, 0},
			"a short code":               {"1404", "", nil, nil, pdu.Address{TON: 3, NPI: 0, Text: "1404"}, 0},
			"a name with blanks":         {"My Shop 24", "", nil, nil, pdu.Address{TON: 5, NPI: 0, Text: "My Shop 24"}, 0},
			"settings go before":         {"1404", "", &five, &nine, pdu.Address{TON: 5, NPI: 9, Text: "1404"}, 0},
			"a name that is too long":    {"Shop of Shops", "Shop", nil, nil, none, providers.Unsupported},
			"a name in another alphabet": {"Магазин", "Shop", nil, nil, none, providers.Unsupported},
		} {
			tr := build(t, s, func(o *smpp.Options) { o.Sender, o.SourceTON, o.SourceNPI = c.own, c.ton, c.npi })
			m := message(1, "{code}")
			m.Sender = c.app
			_, err := tr.Deliver(t.Context(), m)
			if c.class != 0 {
				if class, _ := refusal(t, err); class != c.class {
					t.Errorf("%s: got %v", name, err)
				}
				continue
			}
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			all := s.submitted()
			if got := all[len(all)-1].Source; got != c.want {
				t.Errorf("%s: got %+v, want %+v", name, got, c.want)
			}
		}
	})
}

func TestOnlyNumbersAreSubmittedTo(t *testing.T) {
	bubble(t, func(t *testing.T, s *smsc) {
		tr := build(t, s, nil)
		for name, to := range map[string]providers.Recipient{
			"an e-mail address": providers.NewEmail("ama@people.test"),
			"nobody":            {},
			"a NUL":             providers.NewPhone("+23320\x00123", "GH", ""),
			"too many digits":   providers.NewPhone("+1234567890123456", "GH", ""),
		} {
			m := message(1, "{code}")
			m.To = to
			_, err := tr.Deliver(t.Context(), m)
			if class, _ := refusal(t, err); class != providers.Rejected {
				t.Errorf("%s: got %v", name, err)
			}
		}
		if accepted, _ := s.connections(); accepted != 0 {
			t.Error("the SMSC was bothered")
		}
	})
}

func TestValidity(t *testing.T) {
	bubble(t, func(t *testing.T, s *smsc) {
		off := func(o *smpp.Options) { o.Validity = false }
		for _, c := range []struct {
			expiry time.Duration
			change func(*smpp.Options)
			want   string
		}{
			{0, nil, ""},
			{5 * time.Minute, off, ""},
			{5 * time.Minute, nil, "000000000500000R"},
			{time.Millisecond, nil, "000000000001000R"},
			{24*time.Hour + 61*time.Second + 1, nil, "000001000102000R"},
			{100 * 24 * time.Hour, nil, "000099000000000R"},
		} {
			m := message(1, "{code}")
			m.Expiry = c.expiry
			if got := submit(t, s, m, c.change)[0].Validity; got != c.want {
				t.Errorf("%v: got %q, want %q", c.expiry, got, c.want)
			}
		}
	})
}
