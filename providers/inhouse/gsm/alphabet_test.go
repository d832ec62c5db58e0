package gsm_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/otpgate/otpgate/providers/inhouse/gsm"
)

// defaultTable is the default alphabet by code points, in rows of sixteen as the standard prints its columns. The zero
// is the place of the escape.
func defaultTable() [8][16]rune {
	return [8][16]rune{
		{0x40, 0xa3, 0x24, 0xa5, 0xe8, 0xe9, 0xf9, 0xec, 0xf2, 0xc7, 0x0a, 0xd8, 0xf8, 0x0d, 0xc5, 0xe5},
		{0x394, 0x5f, 0x3a6, 0x393, 0x39b, 0x3a9, 0x3a0, 0x3a8, 0x3a3, 0x398, 0x39e, 0, 0xc6, 0xe6, 0xdf, 0xc9},
		{0x20, 0x21, 0x22, 0x23, 0xa4, 0x25, 0x26, 0x27, 0x28, 0x29, 0x2a, 0x2b, 0x2c, 0x2d, 0x2e, 0x2f},
		{0x30, 0x31, 0x32, 0x33, 0x34, 0x35, 0x36, 0x37, 0x38, 0x39, 0x3a, 0x3b, 0x3c, 0x3d, 0x3e, 0x3f},
		{0xa1, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49, 0x4a, 0x4b, 0x4c, 0x4d, 0x4e, 0x4f},
		{0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58, 0x59, 0x5a, 0xc4, 0xd6, 0xd1, 0xdc, 0xa7},
		{0xbf, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x6b, 0x6c, 0x6d, 0x6e, 0x6f},
		{0x70, 0x71, 0x72, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78, 0x79, 0x7a, 0xe4, 0xf6, 0xf1, 0xfc, 0xe0},
	}
}

// extensionTable is the extension table by code points.
func extensionTable() map[byte]rune {
	return map[byte]rune{
		0x0a: 0x0c, 0x14: 0x5e, 0x28: 0x7b, 0x29: 0x7d, 0x2f: 0x5c,
		0x3c: 0x5b, 0x3d: 0x7e, 0x3e: 0x5d, 0x40: 0x7c, 0x65: 0x20ac,
	}
}

// alphabet maps every character of both tables to its septets.
func alphabet() map[rune]string {
	all := map[rune]string{}
	for row, columns := range defaultTable() {
		for column, r := range columns {
			if r != 0 {
				all[r] = string(rune(row*16 + column))
			}
		}
	}
	for code, r := range extensionTable() {
		all[r] = "\x1b" + string(rune(code))
	}
	return all
}

func TestAlphabetIsThatOfTheStandard(t *testing.T) {
	t.Parallel()
	known := alphabet()
	if len(known) != 127+10 {
		t.Fatalf("the table of the test has %d characters", len(known))
	}
	for r := rune(0); r <= 0x1ffff; r++ { // the basic plane and that of the emoji
		if 0xd800 <= r && r < 0xe000 {
			continue // no characters
		}
		got, ok := gsm.Encode(string(r))
		want, exists := known[r]
		if ok != exists || string(got) != want {
			t.Fatalf("%U: got %x %v, want %x %v", r, got, ok, want, exists)
		}
		if exists && gsm.Decode([]byte(want)) != string(r) {
			t.Errorf("%x is read as %q, want %q", want, gsm.Decode([]byte(want)), r)
		}
	}
}

func TestDecodeReadsAsAPhoneWould(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ septets, want string }{
		"nothing":                      {"", ""},
		"text":                         {"\x00 Code 739164", "@ Code 739164"},
		"escape and extension":         {"1\x1b\x652", "1€2"},
		"escape and unknown character": {"1\x1ba2", "1a2"},
		"escape and a low character":   {"\x1b\x00", "@"},
		"escape and escape":            {"1\x1b\x1b2", "1 2"},
		"three escapes, then one":      {"\x1b\x1b\x1b\x65", " €"},
		"escape at the end":            {"1\x1b", "1 "},
		"more than seven bits":         {"1\x802", "1\uFFFD2"},
		"more than seven bits escaped": {"1\x1b\x802", "1\uFFFD2"},
	} {
		if got := gsm.Decode([]byte(c.septets)); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

func TestUCS2(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":       "",
		"A":      "\x00A",
		"ç":      "\x00\xe7",
		"你":      "\x4f\x60",
		"😀":      "\xd8\x3d\xde\x00",
		"a\xffb": "\x00a\xff\xfd\x00b", // what is no UTF-8 shows as such
	} {
		if diff := cmp.Diff(want, string(gsm.EncodeUCS2(text))); diff != "" {
			t.Errorf("%q: %s", text, diff)
		}
		if got := gsm.DecodeUCS2([]byte(want)); got != strings.ToValidUTF8(text, "\uFFFD") {
			t.Errorf("%x is read as %q, want %q", want, got, text)
		}
	}
	for octets, want := range map[string]string{
		"\x00A\x00":        "A",
		"\xd8\x3d\x00A":    "\uFFFDA",
		"\xde\x00\xd8\x3d": "\uFFFD\uFFFD",
	} {
		if got := gsm.DecodeUCS2([]byte(octets)); got != want {
			t.Errorf("%x is read as %q, want %q", octets, got, want)
		}
	}
}
