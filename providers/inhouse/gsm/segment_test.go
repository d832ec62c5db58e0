package gsm_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/otpgate/otpgate/providers/inhouse/gsm"
)

func TestCountOfSegments(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text string
		ucs2 bool
		want []int // octets of each segment
	}{
		"nothing":                          {"", false, []int{0}},
		"one character":                    {"a", false, []int{1}},
		"160 of the alphabet":              {strings.Repeat("a", 160), false, []int{160}},
		"161 of the alphabet":              {strings.Repeat("a", 161), false, []int{153, 8}},
		"306 of the alphabet":              {strings.Repeat("a", 306), false, []int{153, 153}},
		"307 of the alphabet":              {strings.Repeat("a", 307), false, []int{153, 153, 1}},
		"80 extended":                      {strings.Repeat("€", 80), false, []int{160}},
		"81 extended, pairs kept":          {strings.Repeat("€", 81), false, []int{152, 10}},
		"a pair that just fits":            {"a" + strings.Repeat("€", 80), false, []int{153, 8}},
		"a pair at the very end":           {strings.Repeat("a", 159) + "€", false, []int{153, 8}},
		"70 beyond":                        {strings.Repeat("你", 70), true, []int{140}},
		"71 beyond":                        {strings.Repeat("你", 71), true, []int{134, 8}},
		"134 beyond":                       {strings.Repeat("你", 134), true, []int{134, 134}},
		"one beyond among the alphabet":    {strings.Repeat("a", 69) + "你", true, []int{140}},
		"35 emoji":                         {strings.Repeat("😀", 35), true, []int{140}},
		"36 emoji, pairs kept":             {strings.Repeat("😀", 36), true, []int{132, 12}},
		"emoji that just fit":              {"a" + strings.Repeat("😀", 35), true, []int{134, 8}},
		"a sign that is no half of a pair": {strings.Repeat("你", 66) + "\uFFFD你你你你", true, []int{134, 8}},
	} {
		got := gsm.Split(c.text)
		var sizes []int
		for _, s := range got.Segments {
			sizes = append(sizes, len(s))
		}
		if got.UCS2 != c.ucs2 || !slices.Equal(sizes, c.want) || gsm.Count(c.text) != len(c.want) {
			t.Errorf("%s: got %v %v, want %v %v", name, got.UCS2, sizes, c.ucs2, c.want)
		}
	}
}

// texts are those of one alphabet as often as those that need the other.
func texts() *rapid.Generator[string] {
	letters := []rune{}
	for r := range alphabet() {
		letters = append(letters, r)
	}
	extended := []rune("\f^{}\\[~]|€")
	return rapid.OneOf(
		rapid.StringOfN(rapid.SampledFrom(letters), 0, 400, -1),
		rapid.StringOfN(rapid.SampledFrom(append(extended, 'a')), 0, 400, -1),
		rapid.StringOfN(rapid.SampledFrom([]rune("a你😀é")), 0, 400, -1),
		rapid.StringN(0, 400, -1),
	)
}

func TestSplitKeepsEveryCharacter(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) { checkSplit(t, texts().Draw(t, "text")) })
}

// failer is what *rapid.T and *testing.T have in common here.
type failer interface {
	Fatalf(format string, args ...any)
}

// checkSplit holds what is true of every text: each segment is whole characters, they add up, none is too long, and
// none could have taken the next character.
func checkSplit(t failer, text string) {
	got := gsm.Split(text)
	if _, plain := gsm.Encode(text); plain == got.UCS2 {
		t.Fatalf("UCS-2 is %v, although the alphabet suffices is %v", got.UCS2, plain)
	}
	whole, part, half, read := 160, 153, 1, gsm.Decode
	if got.UCS2 {
		whole, part, half, read = 140, 134, 2, gsm.DecodeUCS2
	}
	limit := whole
	if len(got.Segments) > 1 {
		limit = part
		if len(got.Whole()) <= whole {
			t.Fatalf("cut, although it fits")
		}
	}
	var joined strings.Builder
	for i, s := range got.Segments {
		if len(s) > limit {
			t.Fatalf("segment %d has %d octets", i, len(s))
		}
		if last := i == len(got.Segments)-1; !last && len(s) < limit-half {
			t.Fatalf("segment %d has only %d octets", i, len(s))
		}
		joined.WriteString(read(s))
	}
	want := strings.ToValidUTF8(text, "\uFFFD")
	if utf8.ValidString(text) && joined.String() != want {
		t.Fatalf("read as %q, want %q", joined.String(), want)
	}
	if read(got.Whole()) != joined.String() {
		t.Fatalf("the whole differs from its segments")
	}
}

func FuzzSplit(f *testing.F) {
	f.Add("Your code is 739164")
	f.Add(strings.Repeat("€", 100) + "😀")
	f.Fuzz(func(t *testing.T, text string) { checkSplit(t, text) })
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte("1\x1b\x652\x1b"))
	f.Fuzz(func(t *testing.T, octets []byte) {
		if text := gsm.Decode(octets); !utf8.ValidString(text) || utf8.RuneCountInString(text) > len(octets) {
			t.Errorf("%x is read as %q", octets, text)
		}
		if text := gsm.DecodeUCS2(octets); !utf8.ValidString(text) || utf8.RuneCountInString(text) > len(octets)/2 {
			t.Errorf("%x is read as %q", octets, text)
		}
	})
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	second := gsm.Part{Ref: 42, Total: 3, Number: 2}
	long := gsm.Part{Ref: 258, Total: 3, Number: 2}
	first := gsm.Part{Ref: 42, Total: 2, Number: 1}
	for name, c := range map[string]struct {
		data string
		want gsm.Part
		rest string
		ok   bool
	}{
		"short reference":           {"\x05\x00\x03\x2a\x03\x02text", second, "text", true},
		"long reference":            {"\x06\x08\x04\x01\x02\x03\x02text", long, "text", true},
		"after another element":     {"\x09\x05\x02ab\x00\x03\x2a\x02\x01t", first, "t", true},
		"before another element":    {"\x09\x00\x03\x2a\x02\x01\x05\x02abt", first, "t", true},
		"another element only":      {"\x04\x05\x02abt", gsm.Part{}, "t", true},
		"empty header":              {"\x00text", gsm.Part{}, "text", true},
		"header and no text":        {"\x05\x00\x03\x2a\x03\x02", second, "", true},
		"number zero":               {"\x05\x00\x03\x2a\x03\x00t", gsm.Part{}, "t", true},
		"number beyond the total":   {"\x05\x00\x03\x2a\x03\x04t", gsm.Part{}, "t", true},
		"element of a wrong size":   {"\x04\x00\x02\x2a\x03t", gsm.Part{}, "t", true},
		"nothing":                   {"", gsm.Part{}, "", false},
		"header beyond the end":     {"\x05\x00\x03", gsm.Part{}, "", false},
		"element beyond the header": {"\x03\x00\x03\x2a\x03\x02", gsm.Part{}, "", false},
		"an octet too many":         {"\x06\x00\x03\x2a\x03\x02\x00t", gsm.Part{}, "", false},
	} {
		p, rest, ok := gsm.ParseHeader([]byte(c.data))
		if p != c.want || string(rest) != c.rest || ok != c.ok {
			t.Errorf("%s: got %+v %q %v, want %+v %q %v", name, p, rest, ok, c.want, c.rest, c.ok)
		}
	}
}

func TestHeaderIsReadBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		total := rapid.Uint8Min(1).Draw(t, "total")
		want := gsm.Part{
			Ref: uint16(rapid.Uint8().Draw(t, "ref")), Total: total, Number: rapid.Uint8Range(1, total).Draw(t, "number"),
		}
		text := rapid.SliceOf(rapid.Byte()).Draw(t, "text")
		header := want.Header()
		got, rest, ok := gsm.ParseHeader(append(header, text...))
		if !ok || got != want || !bytes.Equal(rest, text) || len(header) != gsm.HeaderSize {
			t.Fatalf("got %+v %x %v, want %+v %x", got, rest, ok, want, text)
		}
	})
}

func FuzzParseHeader(f *testing.F) {
	f.Add([]byte("\x05\x00\x03\x2a\x03\x02text"))
	f.Add([]byte("\x06\x08\x04\x01\x02\x03\x02text"))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, rest, ok := gsm.ParseHeader(data)
		if len(rest) > len(data) || p != (gsm.Part{}) && (p.Number == 0 || p.Number > p.Total) {
			t.Errorf("got %+v %x %v", p, rest, ok)
		}
	})
}
