package otp

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/otpgate/otpgate/gateway/apps"
	"github.com/otpgate/otpgate/providers"
)

// Bounds of what a request may ask for; they are part of the public contract.
const (
	MinLength        = 4
	MaxLength        = 10
	MinExpiry        = time.Minute
	MaxExpiry        = 24 * time.Hour
	MinAttempts      = 1
	MaxAttempts      = 10
	maxMetadataKeys  = 20
	maxMetadataBytes = 4 << 10
	maxSteps         = 4
	maxName          = 64 // bytes of a purpose, sender or device
)

// draft is a request on its way to become a verification: it gathers every mistake before anything is counted.
type draft struct {
	app    *apps.App
	in     *SendInput
	fields []Field
	v      *Verification
}

func (d *draft) refuse(field, message string) {
	d.fields = append(d.fields, Field{Field: field, Message: message})
}

// draft makes v of a request, with the app's defaults in the gaps. Its error lists every mistake.
func (s *Service) draft(v *Verification, app *apps.App, in *SendInput, now time.Time) error {
	d := draft{app: app, in: in, v: v}
	*v = Verification{
		App: app.ID, Status: StatusPending, CreatedAt: now,
		MaxResends: app.Defaults.MaxResends, ResendAfter: app.Defaults.ResendAfter, ResendAt: now.Add(app.Defaults.ResendAfter),
	}
	d.address(s.numbers)
	d.code()
	d.text(s.policy)
	d.labels()
	d.steps(s.numbers)
	d.size(s)
	if len(d.fields) > 0 {
		return &Error{
			Code: InvalidRequest, Detail: "the request has mistakes; errors names each field and what would be right", Fields: d.fields,
		}
	}
	v.Reference, v.ExpiresAt = NewReference(now, v.To), now.Add(v.Wish.Expiry)
	return nil
}

func (d *draft) address(numbers *Numbers) {
	in, app := d.in, d.app
	country := strings.ToUpper(in.Country)
	if in.Country != "" && !isCountry(in.Country) {
		d.refuse("country", "this is not a country; write an ISO 3166-1 code of two letters, such as GH")
		country = ""
	}
	if in.To == "" {
		d.refuse("to", "the recipient is missing; name a phone number or an e-mail address")
		return
	}
	home := country
	if home == "" {
		home = app.Defaults.Country
	}
	to, err := numbers.Recipient(in.To, home)
	if err != nil {
		d.refuse("to", err.Error())
		return
	}
	if !to.IsEmail() && country != "" && to.Country() != country {
		d.refuse("country", "the number belongs to "+to.Country()+"; leave country out or name that one")
	}
	d.v.To = to
	d.v.Channel = d.channel(to)
	d.allowed("to", "channel", d.v.Channel, to)
}

func (d *draft) channel(to providers.Recipient) providers.Channel {
	switch {
	case d.in.Channel != "":
		return providers.Channel(d.in.Channel)
	case to.IsEmail():
		return providers.Email
	case d.app.Defaults.Channel != "" && d.app.Defaults.Channel != providers.Email:
		return d.app.Defaults.Channel
	default:
		return providers.SMS
	}
}

// allowed checks that channel exists, reaches this sort of address, and is open to the app, as is the country.
func (d *draft) allowed(toField, channelField string, channel providers.Channel, to providers.Recipient) {
	switch {
	case !channel.Known():
		d.refuse(channelField, "there is no such channel; use sms, whatsapp, email, voice or ussd")
	case (channel == providers.Email) != to.IsEmail():
		d.refuse(channelField, "this channel does not reach such an address; email takes an e-mail address, the others a phone number")
	case !d.app.Allows(channel):
		d.refuse(channelField, "this app may not use the channel "+string(channel)+"; the gateway's operator can allow it")
	}
	if !to.IsEmail() && !d.app.Countries.Has(to.Country()) {
		d.refuse(toField, "this app may not send to "+to.Country()+"; the gateway's operator can allow it")
	}
}

func (d *draft) code() {
	in, def := d.in, d.app.Defaults
	wish := providers.CodeWish{Length: def.Length, Alphabet: def.Alphabet, Expiry: def.ExpiresIn, Attempts: def.MaxAttempts}
	if in.Length != nil {
		d.v.Hard.Length, wish.Length = true, *in.Length
		if *in.Length < MinLength || *in.Length > MaxLength {
			d.refuse("code.length", "a code has 4 to 10 characters")
		}
	}
	if in.Alphabet != "" {
		d.v.Hard.Alphabet, wish.Alphabet = true, providers.Alphabet(in.Alphabet)
		if !wish.Alphabet.Known() {
			d.refuse("code.alphabet", "there is no such alphabet; use numeric, alphabetic or alphanumeric")
		}
	}
	if in.ExpiresIn != "" {
		expiry, err := ParseDuration(in.ExpiresIn)
		if err != nil || expiry < MinExpiry || expiry > MaxExpiry {
			d.refuse("expires_in", "a code lives from 1m to 24h; write a duration such as 90s, 10m or 24h")
		}
		wish.Expiry = expiry
	}
	if in.MaxAttempts != nil {
		wish.Attempts = *in.MaxAttempts
		if wish.Attempts < MinAttempts || wish.Attempts > MaxAttempts {
			d.refuse("max_attempts", "1 to 10 guesses can be allowed")
		}
	}
	d.v.Wish, d.v.MaxAttempts = wish, wish.Attempts
}

func (d *draft) labels() {
	in := d.in
	d.v.Sender = first(in.Sender, d.app.Defaults.Sender)
	d.v.Purpose, d.v.Metadata = in.Purpose, in.Metadata
	for _, label := range []struct{ field, value string }{
		{"sender", in.Sender}, {"purpose", in.Purpose}, {"client.device_id", in.DeviceID},
	} {
		if len(label.value) > maxName || hasControl(label.value) {
			d.refuse(label.field, "at most "+strconv.Itoa(maxName)+" bytes without control characters are allowed")
		}
	}
	if in.ClientIP != "" {
		ip, err := netip.ParseAddr(in.ClientIP)
		if err != nil || ip.Zone() != "" {
			d.refuse("client.ip", "this is not an IP address; send the address of the person, such as 203.0.113.7")
		}
		d.v.ClientIP = ip.Unmap().String()
	}
	if in.Once != nil {
		d.v.Key = in.Once.Key
	}
	d.metadata()
}

func (d *draft) metadata() {
	size := 0
	for key, value := range d.in.Metadata {
		size += len(key) + len(value)
		if key == "" || hasControl(key) || hasControl(value) {
			d.refuse("metadata", "keys must not be empty, and neither keys nor values may hold control characters")
			break
		}
	}
	if len(d.in.Metadata) > maxMetadataKeys || size > maxMetadataBytes {
		d.refuse("metadata", "at most 20 keys and 4 KiB of keys and values are allowed")
	}
}

// steps reads the fallback that the request names.
func (d *draft) steps(numbers *Numbers) {
	if len(d.in.Fallback) > maxSteps {
		d.refuse("fallback", "at most 4 steps are allowed")
		return
	}
	for i, in := range d.in.Fallback {
		field := "fallback[" + strconv.Itoa(i) + "]"
		step := Step{Channel: providers.Channel(in.Channel), To: d.v.To}
		after, err := ParseDuration(in.After)
		if err != nil || after < time.Second || after > MaxExpiry {
			d.refuse(field+".after", "a step follows after 1s to 24h; write a duration such as 30s or 2m")
		}
		step.After = after
		if in.To != "" {
			step.To, err = numbers.Recipient(in.To, first(strings.ToUpper(d.in.Country), d.app.Defaults.Country))
			if err != nil {
				d.refuse(field+".to", err.Error())
				continue
			}
		}
		if step.To.Address() != "" {
			d.allowed(field+".to", field+".channel", step.Channel, step.To)
		}
		d.v.Next.Steps = append(d.v.Next.Steps, step)
	}
}

func first(values ...string) string {
	at := slices.IndexFunc(values, func(s string) bool { return s != "" })
	if at < 0 {
		return ""
	}
	return values[at]
}

func hasControl(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
}

func isCountry(s string) bool {
	return len(s) == 2 && isLetter(s[0]) && isLetter(s[1])
}

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

// isLocale takes every text with the shape of a BCP 47 tag, and the empty one.
func isLocale(s string) bool {
	if s == "" {
		return true
	}
	for i, part := range strings.Split(s, "-") {
		if part == "" || len(part) > 8 || i == 0 && len(part) < 2 || !providers.Alphanumeric.Admits(part) {
			return false
		}
	}
	return len(s) <= 35
}
