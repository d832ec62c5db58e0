package config

import (
	"cmp"
	"slices"

	"github.com/otpgate/otpgate/gateway/otp"
)

func (v validator) limits() {
	l := v.config.Limits
	v.limitList(l.Recipient, path{"limits", "recipient"})
	v.limitList(l.App, path{"limits", "app"})
	v.limitList(l.IP, path{"limits", "ip"})
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
