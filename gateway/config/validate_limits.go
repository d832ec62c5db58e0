package config

import (
	"cmp"
	"slices"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/providers"
)

func (v validator) limits() {
	l := v.config.Limits
	v.limitList(l.Recipient, path{"limits", "recipient"})
	v.limitList(l.App, path{"limits", "app"})
	v.limitList(l.IP, path{"limits", "ip"})
	v.countryLimits(l.Countries, nil, path{"limits", "countries"})
}

// appLimits checks the limits of an app's own.
func (v validator) appLimits(app App, at path) {
	for key, list := range map[string]*LimitList{
		"recipient": app.Limits.Recipient, "app": app.Limits.App, "ip": app.Limits.IP,
	} {
		if list != nil {
			v.limitList(*list, at.in(key))
		}
	}
	v.countryLimits(app.Limits.Countries, app.Countries, at.in("countries"))
}

// countryLimits checks limits by country. allowed are the countries that can be sent to at all; empty: all.
func (v validator) countryLimits(limits map[string]LimitList, allowed providers.Countries, at path) {
	for _, code := range v.names(at...) {
		here := at.in(code)
		switch v.countryKey(code, here); {
		case len(limits[code]) == 0:
			v.refuse(here, "there is no limit; write one such as 1000/h, or remove the key")
		case !allowed.Has(code):
			v.refuse(here, "the app may not send there, so it is never reached; remove it, or add the country to countries")
		}
		v.limitList(limits[code], here)
	}
}

// limitList refuses limits that can never be reached beside the others in their list: a key that does nothing.
func (v validator) limitList(list LimitList, at path) {
	var order []int // by span; what could not be read was reported
	for i, limit := range list {
		if limit.Window > 0 {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(list[a].Window, list[b].Window) })
	for n := 1; n < len(order); n++ {
		short, long := list[order[n-1]], list[order[n]]
		atShort, atLong := at.in(index(order[n-1])), at.in(index(order[n]))
		switch {
		case short.Window == long.Window:
			v.refuse(atLong, "%s has the same span as %s; keep one of them", v.say(atLong), v.say(atShort))
		case long.Max <= short.Max:
			v.refuse(atShort, "%s cannot be reached beside %s; lower it, raise the other or remove one",
				v.say(atShort), v.say(atLong))
		case long.Max >= most(short, long):
			v.refuse(atLong, "%s cannot be reached beside %s; lower it or remove it", v.say(atLong), v.say(atShort))
		}
	}
}

// most is how many events short lets through in any span as long as that of long.
func most(short, long otp.Limit) int {
	spans := (long.Window + short.Window - 1) / short.Window
	return short.Max * int(spans)
}
