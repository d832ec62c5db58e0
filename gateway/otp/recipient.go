package otp

import (
	"errors"
	"net/mail"
	"strings"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/nyaruka/phonenumbers"

	"github.com/otpgate/otpgate/providers"
)

// Numbers reads phone numbers and e-mail addresses. One number has many spellings; all of them become the same
// recipient, so that limits and budgets of a person cannot be doubled by writing a number differently. It remembers the
// numbers last read by the library, which costs a good part of a request's own work. Others are read afresh: what is
// remembered is looked through whenever garbage is collected, and for those that costs more.
type Numbers struct {
	read  *lru.Cache[spelling, providers.Recipient]
	plans numberings
}

type spelling struct{ text, country string }

// maxAddress is the longest address that SMTP knows (RFC 5321, 4.5.3.1.3).
const maxAddress = 254

// NewNumbers makes a reader that remembers size numbers.
func NewNumbers(size int) (*Numbers, error) {
	cache, err := lru.New[spelling, providers.Recipient](size)
	if err != nil {
		return nil, err
	}
	plans, err := newNumberings()
	if err != nil {
		return nil, err
	}
	return &Numbers{read: cache, plans: plans}, nil
}

var (
	errAddress  = errors.New("this is not an e-mail address; write it bare, such as ama@example.com")
	errNumber   = errors.New("no such number is possible; write it in international form, such as +233201234567")
	errNational = errors.New("a number without + needs a country; write it in international form or name the country")
	errCharset  = errors.New("a number is written with digits, an optional + before them, and spaces, dots, hyphens or brackets between them")
)

// Recipient reads text. A number without a country code belongs to country (ISO 3166-1 alpha-2).
func (n *Numbers) Recipient(text, country string) (providers.Recipient, error) {
	if strings.Contains(text, "@") {
		return email(text)
	}
	plan, significant := n.plans.find(text)
	if plan != nil && plan.tells(significant) {
		if r, ok := plan.recipient(text, significant); ok {
			return r, nil
		}
	}
	key := spelling{text, country}
	if r, ok := n.read.Get(key); ok {
		return r, nil
	}
	r, err := anySpelling(plan, significant, text, country)
	if err == nil {
		n.read.Add(key, r)
	}
	return r, err
}

func anySpelling(plan *numbering, significant, text, country string) (providers.Recipient, error) {
	if plan != nil {
		if r, ok := plan.recipient(text, significant); ok {
			return r, nil
		}
	}
	return phone(text, country)
}

func email(text string) (providers.Recipient, error) {
	parsed, err := mail.ParseAddress(text)
	if err != nil || parsed.Address != text || len(text) > maxAddress {
		return providers.Recipient{}, errAddress
	}
	at := strings.LastIndexByte(text, '@')
	domain := strings.ToLower(text[at+1:])
	if !strings.Contains(domain, ".") || strings.ContainsAny(text, "\"\\ \t\r\n[]") {
		return providers.Recipient{}, errAddress
	}
	return providers.NewEmail(text[:at+1] + domain), nil
}

func phone(text, country string) (providers.Recipient, error) {
	if strings.Trim(text, "+0123456789 .-()/") != "" || len(text) > 40 {
		return providers.Recipient{}, errCharset
	}
	if country == "" {
		if !strings.HasPrefix(text, "+") {
			return providers.Recipient{}, errNational
		}
		country = "ZZ"
	}
	parsed, err := phonenumbers.Parse(text, country)
	if err != nil {
		return providers.Recipient{}, errNumber
	}
	region := phonenumbers.GetRegionCodeForNumber(parsed)
	if !placed(region) || !plausible(parsed, region) {
		return providers.Recipient{}, errNumber
	}
	e164 := phonenumbers.Format(parsed, phonenumbers.E164)
	if !settled(e164) {
		return providers.Recipient{}, errNumber
	}
	national := digits(phonenumbers.Format(parsed, phonenumbers.NATIONAL))
	return providers.NewPhone(e164, region, national), nil
}

// settled tells whether a number in international form is read as itself. One with zeros before it that its country does
// not have loses one of them each time it is read, and would be another person at each look.
func settled(e164 string) bool {
	again, err := phonenumbers.Parse(e164, "ZZ")
	return err == nil && phonenumbers.Format(again, phonenumbers.E164) == e164
}

// placed tells whether a region is one that the library knows.
func placed(region string) bool { return region != "" && region != "ZZ" }

// plausible takes every number that is as long as a mobile number of its country, assigned or not: tables of assigned
// prefixes grow old, and refusing a new customer costs more than asking the upstream. A digit too many or too few is a
// slip of the finger.
func plausible(number *phonenumbers.PhoneNumber, region string) bool {
	if phonenumbers.IsValidNumber(number) {
		return true
	}
	return len(phonenumbers.GetNationalSignificantNumber(number)) == lengthOfMobile(region)
}

// lengthOfMobile is how many digits a mobile number of region has, without those that a call from home begins with; 0:
// not known.
func lengthOfMobile(region string) int {
	example := phonenumbers.GetExampleNumberForType(region, phonenumbers.MOBILE)
	if example == nil {
		return 0
	}
	return len(phonenumbers.GetNationalSignificantNumber(example))
}

func digits(s string) string {
	return strings.Map(func(r rune) rune {
		if '0' <= r && r <= '9' {
			return r
		}
		return -1
	}, s)
}
