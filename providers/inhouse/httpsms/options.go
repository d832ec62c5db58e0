// Package httpsms is the transport for every API that takes a text by one HTTP request: described in the configuration,
// or known as a preset.
package httpsms

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/inhouse/spoken"
	"github.com/otpgate/otpgate/providers/inhouse/transport"
	"github.com/otpgate/otpgate/providers/upstream"
)

// Options are the settings of one API.
type Options struct {
	Kind     string `yaml:"kind"`   // httpsms
	Preset   string `yaml:"preset"` // an API that is known; empty: the contract says it all
	Account  `yaml:",inline"`
	Contract `yaml:",inline"`
	Callback Callback `yaml:"callback"` // of a preset: tells what became of messages

	Recordings string            `yaml:"recordings"` // folder of folders, one for each language, with what {audio} says
	Voices     map[string]string `yaml:"voices"`     // of a preset that is asked what to say: the vendor's, by language

	Sender   string        `yaml:"sender"`   // for messages that name none
	Country  string        `yaml:"country"`  // ISO 3166-1 alpha-2, whose people are reached; empty: everybody
	Speak    bool          `yaml:"speak"`    // the API reads texts out: {spoken} is known
	Timeout  time.Duration `yaml:"timeout"`  // of one delivery; 0: that of the provider, or 10s
	Insecure bool          `yaml:"insecure"` // allows plain http to other machines
}

// Kind is the transport as operators configure it.
func Kind() transport.Kind {
	return transport.Kind{
		Channels: []providers.Channel{providers.SMS, providers.WhatsApp, providers.Voice},
		Options:  func() transport.Options { return new(Options) },
	}
}

// Narrow implements [transport.Narrower]: a preset serves one channel, and some carry the bare code alone.
func (o *Options) Narrow(c providers.Coverage) (providers.Coverage, error) {
	p, known := presets()[o.Preset]
	switch {
	case !known && o.Recordings != "": // of digits, and of nothing else
		c.Length, c.Alphabets = recorded(), []providers.Alphabet{providers.Numeric}
		c.Message, c.Prefix = false, false
		return c, nil
	case !known:
		return c, nil
	case p.serves() != c.Channel:
		return c, fmt.Errorf("the preset %s serves %s only; describe the API with url and body", o.Preset, p.serves())
	case !p.digits.Zero():
		c.Length, c.Alphabets = p.digits, []providers.Alphabet{providers.Numeric}
		c.Message, c.Prefix = false, false
	}
	return c, nil
}

// Check reports every mistake to b.
func (o *Options) Check(b providers.Block) {
	if o.Timeout < 0 {
		b.Refuse("a timeout is positive, such as 10s", "timeout")
	}
	if c := o.Country; c != "" && (len(c) != 2 || strings.Trim(c, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "") {
		b.Refuse("is no country: write its two letters, such as GH", "country")
	}
	r, _ := o.recipe(b.Refuse)
	switch {
	case r.longest > 0 && utf8.RuneCountInString(o.Sender) > r.longest:
		b.Refuse("is too long: "+strconv.Itoa(r.longest)+" characters are the most", "sender")
	case o.Sender == "" && r.body.has(placeSender) && len(r.unsigned) == 0:
		b.Warn("is empty: requests and apps that name no sender will not be carried", "sender")
	}
	o.Callback.check(presets()[o.Preset].notices, o.Insecure, b.Refuse)
	o.checkVoices(b)
	if o.Preset == "" && len(o.Accept) == 0 && len(o.Success) == 0 {
		b.Warn("is empty: every answer with status 200, 201 or 202 counts as taken, whatever it says", "success")
	}
}

// Build makes the transport.
func (o *Options) Build(env providers.Environment) (transport.Transport, error) {
	r, good := o.recipe(func(string, ...string) {})
	if !good {
		return nil, errors.New("kind httpsms has settings that do not pass its check")
	}
	client, err := upstream.New(upstream.Config{
		Provider: env.Name, BaseURL: r.origin, Timeout: cmp.Or(o.Timeout, env.Timeout),
	})
	if err != nil {
		return nil, err
	}
	s := &sender{recipe: r, client: client, callback: o.Callback, notices: presets()[o.Preset].notices}
	if s.notices.asks {
		return &caller{sender: s, voices: o.Voices}, nil
	}
	return s, nil
}

// checkVoices refuses voices that nobody would hear.
func (o *Options) checkVoices(b providers.Block) {
	if len(o.Voices) > 0 && !presets()[o.Preset].notices.asks {
		b.Refuse("are for presets that are asked what to say, such as africastalking-voice", "voices")
	}
	for _, language := range slices.Sorted(maps.Keys(o.Voices)) {
		if language != spoken.Language(language) || language == "" {
			b.Refuse("voices go by languages, such as en or fr", "voices", language)
		}
		if !upstream.Visible(o.Voices[language]) {
			b.Refuse("is no voice: write one as the vendor calls it, such as woman", "voices", language)
		}
	}
}

// dialable tells whether s is a telephone number, with a plus or without.
func dialable(s string) bool {
	digits := strings.TrimPrefix(s, "+")
	return len(digits) >= 3 && len(digits) <= 15 && strings.Trim(digits, "0123456789") == ""
}

// recipe compiles the API that the options speak of; good is false when something was refused.
func (o *Options) recipe(refuse func(text string, path ...string)) (r recipe, good bool) {
	good = true
	wrong := func(text string, path ...string) { good = false; refuse(text, path...) }
	if a, ok := o.api(wrong); ok {
		if o.Recordings != "" {
			a.spoken = readRecordings(o.Recordings, func(text string) { wrong(text, "recordings") })
		}
		r = a.compile(wrong)
	}
	return r, good
}

// api is the API that the options speak of; ok is false when they do not say which.
func (o *Options) api(refuse func(text string, path ...string)) (a api, ok bool) {
	if o.Preset == "" {
		for _, name := range o.given() {
			refuse("belongs to a preset: name one, or write the value where it is sent", name)
		}
		a = api{Contract: o.Contract, speaks: o.Speak}
	} else if a, ok = o.preset(refuse); !ok {
		return api{}, false
	}
	a.sender, a.country, a.insecure = o.Sender, o.Country, o.Insecure
	return a, true
}

// preset is the API that a preset describes.
func (o *Options) preset(refuse func(text string, path ...string)) (a api, ok bool) {
	p, ok := presets()[o.Preset]
	if !ok {
		known := strings.Join(slices.Sorted(maps.Keys(presets())), ", ")
		refuse("there is no such preset; use one of: "+known+"; or none, and url and body", "preset")
		return api{}, false
	}
	for _, name := range o.described() {
		refuse("is what the preset knows: leave it out, or the preset", name)
	}
	if !o.complete(p, refuse) {
		return api{}, false
	}
	account := o.Account
	account.calledAt = o.Callback.address()
	account.BaseURL = strings.TrimRight(cmp.Or(account.BaseURL, p.baseURL), "/")
	if len(p.routes) > 0 {
		account.Route = cmp.Or(account.Route, p.routes[0])
	}
	a = p.api(account)
	if a.line && !dialable(o.Sender) && (a.asked || o.Sender != "") {
		refuse("is the number that calls: write it as the vendor gave it to you, such as +254711082000", "sender")
	}
	a.known, a.channel, a.digits = account.values(), p.serves(), p.digits
	return a, true
}

// complete tells whether the account is what p takes.
func (o *Options) complete(p preset, refuse func(text string, path ...string)) bool {
	good := true
	wrong := func(text, name string) { good = false; refuse(text, name) }
	values, takes := o.values(), append([]string{"base_url"}, p.takes...)
	if len(p.routes) > 0 {
		takes = append(takes, "channel")
	}
	for _, name := range o.given() {
		if !slices.Contains(takes, name) {
			wrong("is nothing that the preset takes: it wants "+strings.Join(p.takes, " and "), name)
		}
	}
	for _, name := range p.takes {
		switch {
		case values[name] == "":
			wrong("is missing: the preset wants "+strings.Join(p.takes, " and "), name)
		case !upstream.Visible(values[name]):
			wrong("holds a space, a line break or a character beyond ASCII: copy it anew", name)
		}
	}
	if address := cmp.Or(o.BaseURL, p.baseURL); address == "" {
		wrong("is missing: it differs from account to account, and stands on the vendor's dashboard", "base_url")
	} else {
		upstream.CheckBaseURL(about{"base_url", wrong}, address, o.Insecure)
	}
	if o.Route != "" && len(p.routes) > 0 && !slices.Contains(p.routes, o.Route) {
		wrong("is not known: write "+strings.Join(p.routes, " or "), "channel")
	}
	return good
}

// described are the settings that describe an API and are set.
func (o *Options) described() []string {
	var set []string
	for name, is := range map[string]bool{
		"method": o.Method != "", "url": !o.URL.Empty(), "headers": len(o.Headers) > 0, "query": len(o.Query) > 0,
		"body": !o.Body.Empty(), "form": len(o.Form) > 0, "multipart": len(o.Multipart) > 0,
		"basic":  !o.Basic.Username.Empty() || !o.Basic.Password.Empty(),
		"accept": len(o.Accept) > 0, "success": len(o.Success) > 0, "id_path": o.IDPath != "",
		"errors": len(o.Errors) > 0, "speak": o.Speak,
	} {
		if is {
			set = append(set, name)
		}
	}
	slices.Sort(set)
	return set
}
