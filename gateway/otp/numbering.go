package otp

import (
	"cmp"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"github.com/nyaruka/phonenumbers"

	"github.com/otpgate/otpgate/providers"
)

// numberings are the numberings of the world by calling code ("233"). Each is made ready when its first number comes.
type numberings map[string]func() *numbering

// numbering is what the numbers below one calling code have in common. It reads those that are written as most are, a
// plus and nothing but digits: to the same result as the library, for a thirtieth of what any spelling costs there.
type numbering struct {
	code    int32
	region  string         // whose numbers they are; empty: several countries share the code
	mobile  int            // digits of a mobile number; 0: not known
	trunk   *regexp.Regexp // what begins a number that is written as it is dialled at home; nil: nothing
	formats []format       // the first that fits is taken
}

// format is one way to write numbers at home: all their digits, behind what is dialled before them.
type format struct {
	leading     *regexp.Regexp // what the numbers begin with; nil: anything
	least, most int            // digits that they have
	prefix      string
	odd         bool // it is not of that kind: only the library can write it
}

func newNumberings() (numberings, error) {
	known, err := phonenumbers.MetadataCollection()
	if err != nil {
		return nil, err
	}
	all := numberings{}
	for _, plan := range known.GetMetadata() {
		code := int(plan.GetCountryCode())
		if plan.GetId() == phonenumbers.GetRegionCodeForCountryCode(code) { // of those that share it, the one that speaks for all
			all[strconv.Itoa(code)] = sync.OnceValue(func() *numbering { return newNumbering(plan) })
		}
	}
	return all, nil
}

func newNumbering(plan *phonenumbers.PhoneMetadata) *numbering {
	n := &numbering{code: plan.GetCountryCode()}
	if len(phonenumbers.GetRegionCodesForCountryCode(int(n.code))) == 1 {
		n.region = plan.GetId()
		n.mobile = lengthOfMobile(n.region)
	}
	if trunk := plan.GetNationalPrefixForParsing(); trunk != "" && trunk != "0" { // a 0 is never read by digits alone
		n.trunk = regexp.MustCompile("^(?:" + trunk + ")")
	}
	for _, f := range plan.GetNumberFormat() {
		made := newFormat(f)
		if leading := f.GetLeadingDigitsPattern(); len(leading) > 0 {
			made.leading = regexp.MustCompile("^(?:" + leading[len(leading)-1] + ")") // the last tells most
		}
		n.formats = append(n.formats, made)
	}
	return n
}

// newFormat takes a format apart whose pattern is groups of any digits, such as (\d{2})(\d{3,4}), and that writes each of
// them once and in order. Nearly all are.
func newFormat(f *phonenumbers.NumberFormat) format {
	var made format
	var pattern, groups string
	for i, g := range regexp.MustCompile(`\(\\d(?:\{(\d+)(?:,(\d+))?\})?\)`).FindAllStringSubmatch(f.GetPattern(), -1) {
		pattern += g[0]
		groups += "$" + strconv.Itoa(i+1)
		least, _ := strconv.Atoi(cmp.Or(g[1], "1")) // digits, by the pattern
		most, _ := strconv.Atoi(cmp.Or(g[2], g[1], "1"))
		made.least, made.most = made.least+least, made.most+most
	}
	prefix, inOrder := strings.CutSuffix(dialled(f), groups)
	made.prefix, made.odd = prefix, pattern != f.GetPattern() || !inOrder || strings.Contains(prefix, "$")
	return made
}

// dialled is a format without what only the eye needs: "(0$1) $2" becomes "0$1$2".
func dialled(f *phonenumbers.NumberFormat) string {
	text := f.GetFormat()
	if first := strings.IndexByte(text, '$'); first >= 0 && f.GetNationalPrefixFormattingRule() != "" {
		text = text[:first] + f.GetNationalPrefixFormattingRule() + text[first+len("$1"):]
	}
	return strings.Map(func(r rune) rune {
		if r == '$' || '0' <= r && r <= '9' {
			return r
		}
		return -1
	}, text)
}

// find returns the numbering of a plus and digits, and what follows the calling code; nil: only the library can read it.
func (all numberings) find(text string) (n *numbering, significant string) {
	const shortest, longest = 8, 16 // with the plus
	if len(text) < shortest || len(text) > longest || text[0] != '+' || !providers.Numeric.Admits(text[1:]) {
		return nil, ""
	}
	n, significant = all.split(text[1:])
	if n == nil || significant[0] == '0' || n.trunk != nil && n.trunk.MatchString(significant) {
		return nil, ""
	}
	return n, significant
}

// split parts a calling code of one to three digits from what follows it. None begins with another.
func (all numberings) split(digits string) (n *numbering, significant string) {
	for i := 1; i <= 3; i++ {
		if ready, ok := all[digits[:i]]; ok {
			return ready(), digits[i:]
		}
	}
	return nil, ""
}

// recipient is the number text, whose digits after the calling code are significant. Where they do not tell everything,
// ok is false: then only the library knows.
func (n *numbering) recipient(text, significant string) (r providers.Recipient, ok bool) {
	region, ok := n.place(significant)
	if !ok {
		return r, false
	}
	national, ok := n.national(significant)
	return providers.NewPhone(text, region, national), ok
}

// tells reports whether the calling code and the count of digits tell everything, so that the library is not asked.
func (n *numbering) tells(significant string) bool {
	return n.region != "" && len(significant) == n.mobile
}

// place tells whose number it is, if it is plausible.
func (n *numbering) place(significant string) (region string, ok bool) {
	if n.tells(significant) {
		return n.region, true
	}
	value, err := strconv.ParseUint(significant, 10, 64)
	if err != nil {
		return "", false
	}
	number := &phonenumbers.PhoneNumber{CountryCode: &n.code, NationalNumber: &value}
	region = phonenumbers.GetRegionCodeForNumber(number)
	return region, placed(region) && plausible(number, region)
}

// national is the number as it is dialled at home; ok is false where only the library knows.
func (n *numbering) national(significant string) (national string, ok bool) {
	for i := range n.formats {
		f := &n.formats[i]
		if f.leading != nil && !f.leading.MatchString(significant) {
			continue
		}
		if f.odd {
			return "", false
		}
		if f.least <= len(significant) && len(significant) <= f.most {
			return f.prefix + significant, true
		}
	}
	return significant, true
}
