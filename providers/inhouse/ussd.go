package inhouse

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/otpgate/otpgate/providers"
)

// USSD tells how people can have a live code shown on their own phone. Style, token and sources are those of the
// aggregator whose callbacks ask for it; without them somebody else answers the dial string.
type USSD struct {
	Dial         string           `yaml:"dial"`           // such as "*920*7#"; empty: they cannot
	Style        string           `yaml:"style"`          // how the aggregator writes its callbacks
	Token        providers.Secret `yaml:"token"`          // that stands in the callback's URL
	Sources      []string         `yaml:"sources"`        // addresses and networks that callbacks come from
	MaxPerMinute int              `yaml:"max_per_minute"` // callbacks about one number
}

// Callback is how the callbacks of a USSD aggregator are recognised and read.
type Callback struct {
	Style        string // "africastalking", "hubtel" or "arkesel"
	Token        providers.Secret
	Sources      []netip.Prefix
	MaxPerMinute int // callbacks about one number
}

// usualPerMinute leaves room for a menu, a slip and a second look.
const usualPerMinute = 10

// minToken is the shortest token, in characters.
const minToken = 20

func styles() []string { return []string{"africastalking", "hubtel", "arkesel"} }

// wanted tells whether callbacks are taken.
func (u USSD) wanted() bool { return u.Style != "" || !u.Token.Empty() || len(u.Sources) > 0 }

func (u USSD) check(b providers.Block) {
	if u.Dial != "" && !dialable(u.Dial) {
		b.Refuse("a dial string is made of digits, * and #, begins with * and ends with #, such as *920*7#", "ussd", "dial")
	}
	if u.MaxPerMinute < 1 {
		b.Refuse("at least one callback in a minute must be allowed; leave it out for 10", "ussd", "max_per_minute")
	}
	if !u.wanted() {
		return
	}
	if u.Dial == "" {
		b.Warn("nobody is told what to dial; write what leads to the aggregator's service", "ussd", "dial")
	}
	if !slices.Contains(styles(), u.Style) {
		b.Refuse("callbacks need a style; use one of "+strings.Join(styles(), ", "), "ussd", "style")
	}
	u.checkToken(b)
	u.checkSources(b)
}

func (u USSD) checkToken(b providers.Block) {
	token := u.Token.Reveal()
	odd := strings.ContainsFunc(token, func(r rune) bool {
		return !providers.Alphanumeric.Admits(string(r)) && r != '-' && r != '_'
	})
	if len(token) < minToken || odd {
		b.Refuse(fmt.Sprintf("callbacks need a token of at least %d letters, digits, - and _; "+
			"it stands at the end of their URL", minToken), "ussd", "token")
	}
}

func (u USSD) checkSources(b providers.Block) {
	if len(u.Sources) == 0 {
		b.Refuse("callbacks need sources: the addresses or networks (CIDR) that the aggregator calls from", "ussd", "sources")
	}
	for i, text := range u.Sources {
		network, ok := source(text)
		switch {
		case !ok:
			b.Refuse("this is neither an address nor a network; write such as 198.51.100.0/24", "ussd", "sources", fmt.Sprint(i))
		case network.Bits() == 0:
			b.Warn("everybody may call; the token is all that keeps strangers from other people's codes",
				"ussd", "sources", fmt.Sprint(i))
		}
	}
}

// source reads an address or a network.
func source(text string) (netip.Prefix, bool) {
	if addr, err := netip.ParseAddr(text); err == nil && addr.Zone() == "" {
		addr = addr.Unmap()
		return netip.PrefixFrom(addr, addr.BitLen()), true
	}
	network, err := netip.ParsePrefix(text)
	return network.Masked(), err == nil
}

// callback is what was checked; nil: none are taken.
func (u USSD) callback() *Callback {
	if !u.wanted() {
		return nil
	}
	c := &Callback{Style: u.Style, Token: u.Token, MaxPerMinute: u.MaxPerMinute}
	for _, text := range u.Sources {
		if network, ok := source(text); ok {
			c.Sources = append(c.Sources, network)
		}
	}
	return c
}

// Callback tells how a USSD aggregator's callbacks are recognised and read; false: none are taken.
func (g *generator) Callback() (Callback, bool) {
	if g.callback == nil {
		return Callback{}, false
	}
	return *g.callback, true
}
