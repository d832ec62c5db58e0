package otp

import (
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
// plus and nothing but digits: to the same result as the library, for a tenth of what reading any spelling costs there.
type numbering struct {
	code    int32
	region  string         // whose numbers they are; empty: several countries share the code
	mobile  int            // digits of a mobile number; 0: not known
	trunk   *regexp.Regexp // what begins a number that is written as it is dialled at home; nil: nothing
	formats []format       // the first that fits is taken
}

// format is one way to write numbers at home.
type format struct {
	leading *regexp.Regexp // what the numbers begin with; nil: anything
	whole   *regexp.Regexp
	dialled string // digits and groups of whole
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
	if trunk := plan.GetNationalPrefixForParsing(); trunk != "" {
		n.trunk = regexp.MustCompile("^(?:" + trunk + ")")
	}
	for _, f := range plan.GetNumberFormat() {
		made := format{whole: regexp.MustCompile("^(?:" + f.GetPattern() + ")$"), dialled: dialled(f)}
		if leading := f.GetLeadingDigitsPattern(); len(leading) > 0 {
			made.leading = regexp.MustCompile("^(?:" + leading[len(leading)-1] + ")") // the last tells most
		}
		n.formats = append(n.formats, made)
	}
	return n
}

// dialled is a format without what only the eye needs: "(0$1) $2" becomes "0${1}${2}".
func dialled(f *phonenumbers.NumberFormat) string {
	text := f.GetFormat()
	if first := strings.IndexByte(text, '$'); first >= 0 && f.GetNationalPrefixFormattingRule() != "" {
		text = text[:first] + f.GetNationalPrefixFormattingRule() + text[first+len("$1"):]
	}
	var b strings.Builder
	for i := range len(text) {
		switch {
		case text[i] < '0' || text[i] > '9':
		case i > 0 && text[i-1] == '$':
			b.WriteString("${" + text[i:i+1] + "}")
		default:
			b.WriteByte(text[i])
		}
	}
	return b.String()
}

// read reads a plus and digits. Where they do not tell everything, ok is false: then only the library knows.
func (all numberings) read(text string) (r providers.Recipient, ok bool) {
	const shortest, longest = 8, 16 // with the plus
	if len(text) < shortest || len(text) > longest || text[0] != '+' || !providers.Numeric.Admits(text[1:]) {
		return r, false
	}
	n, significant := all.split(text[1:])
	if n == nil || significant[0] == '0' || n.trunk != nil && n.trunk.MatchString(significant) {
		return r, false
	}
	region, ok := n.place(significant)
	if !ok {
		return r, false
	}
	return providers.NewPhone(text, region, n.national(significant)), true
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

// place tells whose number it is, if it is plausible.
func (n *numbering) place(significant string) (region string, ok bool) {
	if n.region != "" && len(significant) == n.mobile {
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

// national is the number as it is dialled at home.
func (n *numbering) national(significant string) string {
	for i := range n.formats {
		f := &n.formats[i]
		if f.leading != nil && !f.leading.MatchString(significant) {
			continue
		}
		if groups := f.whole.FindStringSubmatchIndex(significant); groups != nil {
			return string(f.whole.ExpandString(make([]byte, 0, 32), f.dialled, significant, groups))
		}
	}
	return significant
}
