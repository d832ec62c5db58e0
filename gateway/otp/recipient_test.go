package otp_test

import (
	"testing"

	"github.com/otpgate/otpgate/gateway/otp"
)

func TestEverySpellingIsOneRecipient(t *testing.T) {
	t.Parallel()
	numbers, err := otp.NewNumbers(10)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		"+233201234567", "0201234567", "00233201234567", "233201234567", "+233 (20) 123-4567", "020 123 4567", "+2330201234567",
	} {
		for range 2 { // afresh, and from memory
			r, err := numbers.Recipient(text, "GH")
			if err != nil || r.Address() != "+233201234567" || r.Country() != "GH" || r.National() != "0201234567" {
				t.Errorf("%s: %s %s %s, %v", text, r.Address(), r.Country(), r.National(), err)
			}
		}
	}
	if r, err := numbers.Recipient("Ama@Example.COM", ""); err != nil || r.Address() != "Ama@example.com" || r.Country() != "" {
		t.Errorf("%s, %v", r.Address(), err)
	}
}

func TestImpossibleRecipients(t *testing.T) {
	t.Parallel()
	numbers, err := otp.NewNumbers(10)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		"", "+", "+233", "+23320123456", "+2332012345678", "12345", "+999123456789", "tel:+233201234567", "+233201234567;ext=1",
		"٠٢٠١٢٣٤٥٦٧", "+1 555 555 0100", "+640000505000", "ama@localhost", "ama@", "@example.com", "Ama <ama@example.com>", "a b@example.com",
		"ama@example.com\r\nbcc:x@example.com", "ama@[127.0.0.1]",
	} {
		if r, err := numbers.Recipient(text, "GH"); err == nil {
			t.Errorf("%q is taken for %s", text, r.Address())
		}
	}
	if _, err := numbers.Recipient("0201234567", ""); err == nil {
		t.Error("a number without a country was placed somewhere")
	}
}

func FuzzRecipient(f *testing.F) {
	f.Add("+233201234567", "GH")
	f.Add("ama@example.com", "")
	f.Add("0201234567;ext=5", "NG")
	numbers, err := otp.NewNumbers(10)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text, country string) {
		r, err := numbers.Recipient(text, country)
		if err != nil {
			return
		}
		again, err := numbers.Recipient(r.Address(), "")
		if err != nil || again.Address() != r.Address() {
			t.Errorf("%q became %q, which is read as %q, %v", text, r.Address(), again.Address(), err)
		}
	})
}
