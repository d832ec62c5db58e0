package inhouse

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/inhouse/console"
	"github.com/otpgate/otpgate/providers/inhouse/httpsms"
	"github.com/otpgate/otpgate/providers/inhouse/smpp"
	"github.com/otpgate/otpgate/providers/inhouse/smtp"
	"github.com/otpgate/otpgate/providers/inhouse/transport"
	"github.com/otpgate/otpgate/providers/inhouse/whatsapp"
)

// kinds maps the names of all transports to what they are. A further transport is one folder and one line here.
func kinds() map[string]transport.Kind {
	return map[string]transport.Kind{
		"console":  console.Kind(),
		"httpsms":  httpsms.Kind(),
		"smpp":     smpp.Kind(),
		"smtp":     smtp.Kind(),
		"whatsapp": whatsapp.Kind(),
	}
}

// Options are the settings of the generator.
type Options struct {
	Transports map[providers.Channel]Choice `yaml:"transports"` // what carries the texts of each channel
	USSD       USSD                         `yaml:"ussd"`

	chosen map[providers.Channel]transport.Options // decoded and checked by Check
}

// Choice names the kind of one transport. The rest of its block is read once the kind is known.
type Choice struct {
	Kind string            `yaml:"kind"`
	Rest map[string]unread `yaml:",inline"`
}

// unread takes a setting of whatever shape and keeps nothing of it: there may be a secret within.
type unread struct{}

// UnmarshalYAML accepts everything.
func (*unread) UnmarshalYAML(func(any) error) error { return nil }

// Check reports every mistake to b and reads the block of each transport.
func (o *Options) Check(b providers.Block) {
	o.chosen = make(map[providers.Channel]transport.Options, len(o.Transports))
	if len(o.Transports) == 0 {
		b.Refuse("there is no transport; name at least one, such as `email: {kind: smtp, …}`", "transports")
	}
	for _, channel := range slices.Sorted(maps.Keys(o.Transports)) {
		if options, ok := o.choose(b, channel); ok {
			o.chosen[channel] = options
		}
	}
	o.USSD.check(b)
}

// choose decodes and checks the transport of one channel.
func (o *Options) choose(b providers.Block, channel providers.Channel) (transport.Options, bool) {
	path := []string{"transports", string(channel)}
	if channel == providers.USSD {
		b.Refuse("ussd needs no transport: people dial what stands in ussd.dial and read the code", path...)
		return nil, false
	}
	if !channel.Known() {
		b.Refuse("there is no such channel; use sms, whatsapp, email or voice", path...)
		return nil, false
	}
	name := o.Transports[channel].Kind
	kind, ok := kinds()[name]
	if !ok {
		known := strings.Join(slices.Sorted(maps.Keys(kinds())), ", ")
		b.Refuse("there is no such kind of transport; use one of: "+known, append(path, "kind")...)
		return nil, false
	}
	if !slices.Contains(kind.Channels, channel) {
		b.Refuse(fmt.Sprintf("%s cannot serve this channel; it serves %v", name, kind.Channels), append(path, "kind")...)
		return nil, false
	}
	options := kind.Options()
	if !b.Decode(options, path...) {
		return nil, false
	}
	options.Check(within{block: b, path: path})
	if _, err := narrow(options, coverage(channel)); err != nil {
		b.Refuse(err.Error(), path...)
	}
	return options, true
}

// narrow is what of c the transport of these options can grant.
func narrow(options transport.Options, c providers.Coverage) (providers.Coverage, error) {
	if n, ok := options.(transport.Narrower); ok {
		return n.Narrow(c)
	}
	return c, nil
}

func dialable(s string) bool {
	const longest = 40
	return len(s) >= 2 && len(s) <= longest && s[0] == '*' && s[len(s)-1] == '#' && strings.Trim(s, "*#0123456789") == ""
}

// Build makes the generator of options that were checked.
func (o *Options) Build(env providers.Environment) (providers.Provider, error) {
	ring, err := newKeyring(env.CodeKeys)
	if err != nil {
		return nil, err
	}
	g := &generator{
		info:       providers.Info{Name: env.Name, Kind: kindName, USSD: o.USSD.Dial, ChecksHere: true},
		keys:       ring,
		transports: make(map[providers.Channel]transport.Transport, len(o.chosen)),
		languages:  builtinLanguages(),
		callback:   o.USSD.callback(),
	}
	for _, channel := range slices.Sorted(maps.Keys(o.chosen)) {
		c, err := narrow(o.chosen[channel], coverage(channel))
		if err != nil {
			return nil, fmt.Errorf("transport for %s: %w", channel, err)
		}
		t, err := o.chosen[channel].Build(env)
		if err != nil {
			return nil, fmt.Errorf("transport for %s: %w", channel, err)
		}
		g.transports[channel] = t
		g.info.Coverage = append(g.info.Coverage, c)
	}
	return g, nil
}

// within is the part of a block that belongs to one transport.
type within struct {
	block providers.Block
	path  []string
}

// Refuse implements [providers.Block].
func (w within) Refuse(text string, path ...string) { w.block.Refuse(text, w.place(path)...) }

// Warn implements [providers.Block].
func (w within) Warn(text string, path ...string) { w.block.Warn(text, w.place(path)...) }

// Decode implements [providers.Block].
func (w within) Decode(into any, path ...string) bool { return w.block.Decode(into, w.place(path)...) }

func (w within) place(path []string) []string { return slices.Concat(w.path, path) }
