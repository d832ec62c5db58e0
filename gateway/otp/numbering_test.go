package otp

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/nyaruka/phonenumbers"

	"github.com/otpgate/otpgate/providers"
)

// TestDigitsAreReadAsTheLibraryReadsThem compares both readers for numbers below every calling code: such as there are,
// and such as there are not.
func TestDigitsAreReadAsTheLibraryReadsThem(t *testing.T) {
	t.Parallel()
	plans, err := newNumberings()
	if err != nil {
		t.Fatal(err)
	}
	chance := rand.New(rand.NewPCG(1, 2))
	read := 0
	for code := range plans {
		for range 20 {
			digits := fmt.Sprintf("%012d", chance.IntN(1e12))
			read += compare(t, plans, "+"+code+digits[:4+chance.IntN(9)])
		}
	}
	for region := range phonenumbers.GetSupportedRegions() {
		for kind := phonenumbers.FIXED_LINE; kind <= phonenumbers.VOICEMAIL; kind++ {
			example := phonenumbers.GetExampleNumberForType(region, kind)
			if example == nil {
				continue
			}
			text := phonenumbers.Format(example, phonenumbers.E164)
			for range 4 {
				read += compare(t, plans, text)
				kept := text[:len(text)-5] // the beginning decides how a number is written
				text = kept + fmt.Sprintf("%05d", chance.IntN(1e5))
			}
		}
	}
	if read < 4_000 {
		t.Errorf("only %d numbers were read by their digits alone", read)
	}
}

// read reads a plus and digits.
func (all numberings) read(text string) (r providers.Recipient, ok bool) {
	n, significant := all.find(text)
	if n == nil {
		return r, false
	}
	return n.recipient(text, significant)
}

// compare returns 1 when text was read by its digits alone.
func compare(t *testing.T, plans numberings, text string) int {
	t.Helper()
	got, ok := plans.read(text)
	if !ok {
		return 0
	}
	want, err := phone(text, "")
	if err != nil || got != want {
		t.Errorf("%s is %q %q %q, the library has %q %q %q, %v", text, got.Address(), got.Country(), got.National(),
			want.Address(), want.Country(), want.National(), err)
	}
	return 1
}

func FuzzDigits(f *testing.F) {
	f.Add("+233201234567")
	f.Add("+5491123456789")
	f.Add("+390612345678")
	plans, err := newNumberings()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) { compare(t, plans, text) })
}

func BenchmarkDigits(b *testing.B) {
	plans, err := newNumberings()
	if err != nil {
		b.Fatal(err)
	}
	benchmarkReading(b, func(text string) bool { _, ok := plans.read(text); return ok })
}

func BenchmarkAnySpelling(b *testing.B) {
	benchmarkReading(b, func(text string) bool { _, err := phone(text, ""); return err == nil })
}

func benchmarkReading(b *testing.B, read func(text string) bool) {
	b.ReportAllocs()
	text := []byte("+233200000000")
	for n := 0; b.Loop(); n++ {
		if !read(string(fmt.Appendf(text[:6], "%07d", n%10_000_000))) {
			b.Fatal("it was not read")
		}
	}
}

func TestOnlyWhatTheLibraryHadToReadIsRemembered(t *testing.T) {
	t.Parallel()
	for text, remembered := range map[string]int{
		"+233201234567": 0, "020 123 4567": 1, "+233 20 123 4567": 1,
		"+12025550123": 1, // whose country the calling code does not tell
		"+2332":        0, // not possible
	} {
		numbers, err := NewNumbers(10)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			_, _ = numbers.Recipient(text, "GH")
		}
		if n := numbers.read.Len(); n != remembered {
			t.Errorf("%s: %d are remembered, want %d", text, n, remembered)
		}
	}
}
