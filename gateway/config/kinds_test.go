package config_test

import (
	"slices"
	"time"

	"github.com/otpgate/otpgate/gateway/config"
	"github.com/otpgate/otpgate/providers"
)

// The kinds of these tests have the settings of real ones, and do with them what the contract allows.

func kinds() []providers.Kind {
	return []providers.Kind{
		{Name: "hubtel", Options: func() providers.Options { return &hubtel{BaseURL: "https://api-otp.hubtel.com"} }},
		{Name: "inhouse", Options: func() providers.Options { return &inhouse{} }},
		{Name: "bridge", Options: func() providers.Options { return &bridge{} }},
	}
}

type hubtel struct {
	BaseURL      string           `yaml:"base_url"`
	ClientID     providers.Secret `yaml:"client_id"`
	ClientSecret providers.Secret `yaml:"client_secret"`
	Sender       string           `yaml:"sender"`
	Insecure     bool             `yaml:"insecure"`
}

func (o *hubtel) Check(b providers.Block) {
	if o.ClientID.Empty() {
		b.Refuse("it is missing; copy it from the vendor's page", "client_id")
	}
	if o.Sender == "" {
		b.Warn("it is empty; requests without a sender are not carried", "sender")
	}
	if len(o.Sender) > 11 {
		b.Refuse("the sender "+o.Sender+" is too long; write at most 11 characters", "sender") // careless: quotes
	}
}

func (*hubtel) Build(providers.Environment) (providers.Provider, error) { return nil, nil }

// inhouse reads the block of each transport when it knows its kind.
type inhouse struct {
	Transports map[providers.Channel]choice `yaml:"transports"`
	USSD       struct {
		Dial string `yaml:"dial"`
	} `yaml:"ussd"`
}

type choice struct {
	Kind string            `yaml:"kind"`
	Rest map[string]unread `yaml:",inline"`
}

type unread struct{}

func (*unread) UnmarshalYAML(func(any) error) error { return nil }

type smtp struct {
	Kind     string           `yaml:"kind"`
	Host     string           `yaml:"host"`
	Port     int              `yaml:"port" jsonschema:"minimum=1,maximum=65535"`
	TLS      string           `yaml:"tls" jsonschema:"enum=starttls,enum=tls,enum=none"`
	Username string           `yaml:"username"`
	Password providers.Secret `yaml:"password"`
	From     string           `yaml:"from"`
}

type console struct {
	Kind string `yaml:"kind"`
}

func (o *inhouse) Check(b providers.Block) {
	for _, channel := range providers.Channels() {
		choice, ok := o.Transports[channel]
		at := []string{"transports", string(channel)}
		switch {
		case !ok:
		case choice.Kind == "smtp":
			b.Decode(&smtp{Port: 587, TLS: "starttls"}, at...)
		case choice.Kind == "console":
			b.Decode(&console{}, at...)
		default:
			b.Refuse("there is no such transport; write smtp or console", slices.Concat(at, []string{"kind"})...)
		}
	}
}

func (*inhouse) Build(providers.Environment) (providers.Provider, error) { return nil, nil }

// bridge has every other shape that settings may take.
type bridge struct {
	URL      string            `yaml:"url"`
	Headers  map[string]string `yaml:"headers"`
	Accept   []int             `yaml:"accept"`
	Ratio    *float64          `yaml:"ratio,omitempty"`
	Retries  uint              `yaml:"retries"`
	Anything any               `yaml:"anything"`
	Later    any               `yaml:"later"`
	Login    `yaml:",inline"`
	Skipped  string `yaml:"-"`
	Plain    string `yaml:"plain"`
	Word     once   `yaml:"word"`
}

// Login is inlined.
type Login struct {
	User string `yaml:"user"`
}

// once is read as a text and kept as something else.
type once struct{ Text string }

func (o *once) UnmarshalYAML(read func(any) error) error { return read(&o.Text) }

// part is what bridge reads of itself, when its url is there.
type part struct {
	Key providers.Secret `yaml:"key"`
	For time.Duration    `yaml:"for"`
}

func (o *bridge) Check(b providers.Block) {
	if o.URL == "" || o.Later != nil {
		b.Decode(&part{}, "later")
	}
}

func (*bridge) Build(providers.Environment) (providers.Provider, error) { return nil, nil }

// canary is a secret that must never be seen.
const canary = "c4n4ry-in-the-c0al-mine"

func environment(name string) (string, bool) {
	value, ok := map[string]string{
		"CODE_KEY": "bm90LWEtc2VjcmV0LW5vdC1hLXNlY3JldC1ub3QtYS1zZWNyZXQ=",
		"HASH":     "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
		"ID":       canary + "-id",
		"SECRET":   canary,
		"EMPTY":    "",
		"NUMBER":   "50",
		"PORT":     "2525",
	}[name]
	return value, ok
}

func sources() config.Sources { return config.Sources{Kinds: kinds(), Lookup: environment} }
