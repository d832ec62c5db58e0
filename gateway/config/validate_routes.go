package config

import (
	"regexp"
	"slices"
	"time"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/providers"
)

// generator is the kind that makes codes here and needs keys for it.
const generator = "inhouse"

func (v validator) providers() {
	if len(v.config.Providers) == 0 {
		v.refuse(path{"providers"}, "there is no provider that could carry a code; add one")
	}
	for _, name := range v.names("providers") {
		p, at := v.config.Providers[name], path{"providers", name}
		v.name(name, at)
		if p.Kind == generator && len(v.config.CodeKeys) == 0 {
			v.refuse(at.in("kind"), "the in-house generator needs a key; add one to code_keys")
		}
		v.between(at.in("timeout"), p.Timeout, 100*time.Millisecond, time.Minute)
		v.breaker(p, at.in("breaker"))
		v.price(p.Price, at.in("price"))
	}
}

func (v validator) breaker(p Provider, at path) {
	b := p.Breaker
	if b.Failures > b.Of {
		v.refuse(at.in("failures"), "there cannot be more failures than calls; write at most %d, or raise of", b.Of)
	}
	v.between(at.in("open_for"), b.OpenFor, time.Second, time.Hour)
	if b.SlowCall < 0 || b.SlowCall >= p.Timeout {
		v.refuse(at.in("slow_call"), "no call lasts longer than the provider's timeout; write less than %s, or 0s for never",
			otp.FormatDuration(p.Timeout))
	}
}

var currency = regexp.MustCompile(`^[A-Z]{3}$`)

func (v validator) price(p Price, at path) {
	priced := p.any()
	for country, prices := range p.Countries {
		v.country(country, at.in("countries", country))
		priced = priced || prices.any()
	}
	switch {
	case p.Currency == "" && priced:
		v.refuse(at.in("currency"), "a price needs a currency; write its three letters, such as USD")
	case p.Currency != "" && !currency.MatchString(p.Currency):
		v.refuse(at.in("currency"), "%s is no currency; write its three capitals, such as USD", v.say(at.in("currency")))
	case p.Currency != "" && !priced:
		v.refuse(at.in("currency"), "there is no price beside the currency; write one for each channel, such as sms: 0.035")
	}
}

// any tells whether there is a price at all.
func (p Prices) any() bool {
	return slices.ContainsFunc(providers.Channels(), func(c providers.Channel) bool { _, ok := p.On(c); return ok })
}

// On is the price of a delivery on a channel; false when there is none.
func (p Prices) On(c providers.Channel) (float64, bool) {
	byChannel := map[providers.Channel]*float64{
		providers.SMS: p.SMS, providers.WhatsApp: p.WhatsApp, providers.Email: p.Email, providers.Voice: p.Voice,
		providers.USSD: p.USSD,
	}
	if price := byChannel[c]; price != nil {
		return *price, true
	}
	return 0, false
}

func (v validator) routes() {
	routes := v.config.Routes
	if len(routes) == 0 {
		v.refuse(path{"routes"}, "there is no route, so nothing could be sent; add one with a name and use")
	}
	first := map[string]int{}
	for i, r := range routes {
		at := path{"routes", index(i)}
		v.name(r.Name, at.in("name"))
		if earlier, twice := first[r.Name]; twice && r.Name != "" {
			v.refuse(at.in("name"), "routes[%d] has the same name; give every route a name of its own", earlier)
		} else {
			first[r.Name] = i
		}
		v.when(r, i, at)
		v.use(r, at)
		v.fallback(r, at.in("fallback"))
		if v.given(at.in("deadline")) { // else it follows from request_timeout, and so does what may be wrong with it
			v.between(at.in("deadline"), r.Deadline, time.Second/2, max(v.config.Server.RequestTimeout, minRequest))
		}
	}
}

var (
	dialPrefix = regexp.MustCompile(`^\+[1-9][0-9]{0,14}$`)
	purpose    = regexp.MustCompile(`\S`)
)

func (v validator) when(r Route, i int, at path) {
	when := at.in("when")
	if r.When == nil {
		if i != len(v.config.Routes)-1 && !v.given(when) {
			v.refuse(at, "a route without `when` matches everything and must stand last; move it or give it a `when`")
		}
		return
	}
	w := *r.When
	if len(w.Country)+len(w.Channel)+len(w.App)+len(w.Purpose)+len(w.Prefix) == 0 {
		v.refuse(when, "it names nothing; write such as {country: [GH]}, or remove it to make this the default route")
	}
	v.countriesAt(w.Country, when.in("country"))
	unique(v, w.Channel, when.in("channel"))
	unique(v, w.App, when.in("app"))
	for n, app := range w.App {
		dangling(v, "app", app, v.config.Apps, when.in("app", index(n)))
	}
	for n, p := range w.Purpose {
		if !purpose.MatchString(p) {
			v.refuse(when.in("purpose", index(n)), "the purpose is empty; write it as requests do")
		}
	}
	unique(v, w.Prefix, when.in("prefix"))
	for n, p := range w.Prefix {
		if at := when.in("prefix", index(n)); !dialPrefix.MatchString(p) {
			v.refuse(at, "%s begins no number; write it in international form, such as +23324", v.say(at))
		}
	}
}

func (v validator) use(r Route, at path) {
	if len(r.Use) == 0 {
		v.refuse(at.in("use"), "the route uses no provider; write a list of their names")
	}
	seen := map[string]bool{}
	for i, u := range r.Use {
		at := at.in("use", index(i))
		name := at
		if n := v.node(at); n != nil && n.kind == mapping {
			name = at.in("provider")
		}
		switch {
		case u.Provider == "":
			v.refuse(name, "the name of the provider is missing; write {provider: name, weight: 10}")
		case seen[u.Provider]:
			v.refuse(name, "the provider stands in the list twice; remove one of them")
		default:
			dangling(v, "provider", u.Provider, v.config.Providers, name)
		}
		seen[u.Provider] = true
		v.weight(r, u, at)
	}
	if r.Strategy == StrategyCheapest {
		v.comparable(r, at)
	}
}

func (v validator) weight(r Route, u Use, at path) {
	switch {
	case r.Strategy == StrategyWeighted && u.Weight == 0:
		v.refuse(at, "the strategy weighted needs a weight; write {provider: name, weight: 10}")
	case r.Strategy != StrategyWeighted && u.Weight != 0:
		v.refuse(at.in("weight"), "a weight does nothing here; set strategy to weighted, or remove it")
	}
}

// comparable checks that the prices of a cheapest route can be compared.
func (v validator) comparable(r Route, at path) {
	unit := ""
	for i, u := range r.Use {
		p, known := v.config.Providers[u.Provider]
		switch {
		case !known:
		case !p.Price.on(r):
			v.warn(at.in("use", index(i)), "the provider has no price here, so the strategy cheapest asks it last")
		case unit == "":
			unit = p.Price.Currency
		case unit != p.Price.Currency:
			v.refuse(at.in("use", index(i)), "its price is in another currency than the first one's; give all prices in one")
		}
	}
}

// on tells whether there is a price on a channel that the route matches.
func (p Price) on(r Route) bool {
	channels := providers.Channels()
	if r.When != nil && len(r.When.Channel) > 0 {
		channels = r.When.Channel
	}
	return slices.ContainsFunc(channels, func(c providers.Channel) bool { _, ok := p.On(c); return ok })
}

func (v validator) fallback(r Route, at path) {
	var channels []providers.Channel
	for i, f := range r.Fallback {
		at := at.in(index(i))
		if f.Channel == "" {
			v.refuse(at.in("channel"), "the fallback needs a channel; write one of %s", listed(texts(providers.Channels())))
		} else if slices.Contains(channels, f.Channel) {
			v.refuse(at.in("channel"), "an earlier fallback has the same channel; remove one of them")
		}
		channels = append(channels, f.Channel)
		if !v.given(at.in("after")) {
			v.refuse(at.in("after"), "the fallback needs a time to wait; write 1s to 24h")
			continue
		}
		v.between(at.in("after"), f.After, time.Second, day)
	}
}
