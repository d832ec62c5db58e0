package httpsms

import (
	"net/http"
	"slices"
	"strings"

	"github.com/otpgate/otpgate/providers"
)

// The values that a message has for placeholders.
const (
	placeTo       = "to"        // +233201234567
	placeToDigits = "to_digits" // 233201234567
	placeToLocal  = "to_local"  // 0201234567
	placeText     = "text"      // the whole text
	placeCode     = "code"      // the bare code, for APIs that put it into a text of their own
	placeSender   = "sender"    // as the app wants to be seen, else as the options say
	placeRef      = "ref"       // the gateway's reference
	placeSpoken   = "spoken"    // the code as it is read out
	placeAudio    = "audio"     // a file in which the code is read out
)

// api is an HTTP API as a configuration or a preset describes it.
type api struct {
	Contract
	unsigned providers.Secret     // of a preset: the body of a message that names no sender; empty: there must be one
	known    map[string]string    // of a preset: what stands for further placeholders
	sender   string               // for messages that name none
	longest  int                  // sender that is taken, in characters; 0: any
	channel  providers.Channel    // that is served; empty: every one
	digits   providers.Range[int] // of codes that are carried; zero: any code
	country  string               // whose people are reached; empty: everybody
	speaks   bool
	spoken   recordings // what {audio} is put together from; nil: there are none
	asked    bool       // the vendor asks for the text when the person has picked up
	line     bool       // the sender is a telephone line of the account: what apps call themselves does not count
	insecure bool       // plain http to other machines is meant
}

// compiler makes a recipe of an api and reports every mistake on its way.
type compiler struct {
	api
	refuse func(text string, path ...string)
	used   map[string]bool // places that were found
}

// compile takes an api apart. What it returns is worth nothing when something was refused.
func (a api) compile(refuse func(text string, path ...string)) recipe {
	c := compiler{api: a, refuse: refuse, used: map[string]bool{}}
	r := recipe{
		method: c.method(), sender: a.sender, longest: a.longest, channel: a.channel, digits: a.digits, country: a.country,
		line: a.line,
	}
	r.origin, r.address, r.query = c.address()
	r.headers, r.fixed = c.headers()
	r.params = c.fields(a.Query, "query")
	c.body(&r)
	c.audio(&r)
	r.answers = c.answers()
	c.checkPlaces()
	return r
}

// places are the placeholders that may be used.
func (c *compiler) places() []string {
	all := []string{placeTo, placeToDigits, placeToLocal, placeText, placeCode, placeSender, placeRef}
	if c.speaks {
		all = append(all, placeSpoken)
	}
	return all
}

// template takes a text apart in which the given places may be used. Refusals do not quote it: it may hold a key.
func (c *compiler) template(text providers.Secret, e escape, places []string, path ...string) template {
	t := parse(text.Reveal()).bind(c.known, e)
	for _, p := range t {
		switch {
		case p.name == "" || slices.Contains(places, p.name):
			c.used[p.name] = true
		case p.name == placeSpoken && !c.speaks:
			c.refuse("{spoken} is for APIs that read texts out: set speak: true", path...)
		default:
			c.refuse("holds a placeholder that cannot stand here; use {"+strings.Join(places, "} {")+"}", path...)
		}
	}
	return t
}

func (c *compiler) method() string {
	switch m := c.Method; m {
	case "":
		return http.MethodPost
	case http.MethodGet, http.MethodPost, http.MethodPut:
		return m
	default:
		c.refuse("is none of GET, POST and PUT", "method")
		return m
	}
}

// checkPlaces sees to it that a message can be carried at all, and to the right person.
func (c *compiler) checkPlaces() {
	if !c.used[placeText] && !c.used[placeCode] && !c.used[placeSpoken] &&
		!c.used[placeAudio] && !c.asked {
		c.refuse("nothing carries the text: write {text} into body, form, query or url", "body")
	}
	if !c.used[placeTo] && !c.used[placeToDigits] && !c.used[placeToLocal] {
		c.refuse("nothing names the recipient: write {to}, {to_digits} or {to_local} into body, form, query or url", "body")
	}
	if c.speaks && !c.used[placeSpoken] {
		c.refuse("nothing is read out: write {spoken} into body, form, query or url", "speak")
	}
	if c.used[placeToLocal] && c.country == "" {
		c.refuse("is missing: {to_local} is another person's number in every other country, so name the one that is "+
			"served, such as GH", "country")
	}
}
