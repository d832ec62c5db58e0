package otp

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/otpgate/otpgate/providers"
)

// sendClaims lists the limits that a send or resend counts, those of short windows apart.
func (s *Service) sendClaims(app string, to []providers.Recipient, ip string) (short, long []Claim) {
	limits, own := &s.policy.Limits, s.policy.AppLimits[app]
	add := func(name string, all []Limit, who, person string) {
		for _, l := range all {
			c := claim(name, l, who)
			c.Person = person
			// What bears on a person is never forgotten with the process, however short its window.
			if l.Window <= memoryWindow && person == "" && !limits.Shared {
				short = append(short, c)
			} else {
				long = append(long, c)
			}
		}
	}
	recipient, among := bearing(own.Recipient, limits.Recipient, app)
	for _, one := range people(to) {
		add("recipient", recipient, among+one, one)
	}
	requests, _ := bearing(own.App, limits.App, app)
	add("app", requests, app, "")
	if ip != "" {
		addresses, among := bearing(own.IP, limits.IP, app)
		add("ip", addresses, among+network(ip), "")
	}
	for _, country := range countries(to) {
		add("country", limits.Countries[country], country, "")
		if all := own.Countries[country]; len(all) > 0 {
			add("country", all, app+" "+country, "")
		}
	}
	return short, long
}

// bearing are the limits that bear on an app, and among whom their events are counted: its own among those of the app.
func bearing(own, shared []Limit, app string) (limits []Limit, among string) {
	if own == nil {
		return shared, ""
	}
	return own, app + " "
}

// countries are those of the numbers among the recipients, each once.
func countries(to []providers.Recipient) []string {
	var all []string
	for _, one := range to {
		if c := one.Country(); c != "" && !slices.Contains(all, c) {
			all = append(all, c)
		}
	}
	return all
}

const recipientFailures = "recipient_failures"

// FailureClaim is what a wrong guess at a code sent to to counts against.
func FailureClaim(to providers.Recipient, l Limit) Claim {
	who := PersonOf(to)
	c := claim(recipientFailures, l, who)
	c.Person = who
	return c
}

func claim(name string, l Limit, who string) Claim {
	const usual = 96
	key := append(append(make([]byte, 0, usual), name...), ' ')
	key = append(l.appendTo(key), ' ')
	return Claim{Name: name, Key: string(append(key, who...)), Limit: l}
}

// people are the persons behind the recipients, each once.
func people(to []providers.Recipient) []string {
	var all []string
	for _, one := range to {
		if p := PersonOf(one); !slices.Contains(all, p) {
			all = append(all, p)
		}
	}
	return all
}

// PersonOf is the key of whoever reads messages at to. Mail hosts ignore the case of a mailbox.
func PersonOf(to providers.Recipient) string { return strings.ToLower(to.Address()) }

// network is what one household or server holds: an IPv4 address, or a /64 of IPv6.
func network(ip string) string {
	addr, err := netip.ParseAddr(ip)
	if err != nil || addr.Is4() {
		return ip
	}
	prefix, err := addr.Prefix(64)
	if err != nil {
		return ip
	}
	return prefix.String()
}
