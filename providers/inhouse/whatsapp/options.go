package whatsapp

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/otpgate/otpgate/providers"
	"github.com/otpgate/otpgate/providers/inhouse/transport"
	"github.com/otpgate/otpgate/providers/upstream"
)

const (
	defaultBaseURL  = "https://graph.facebook.com"
	defaultVersion  = "v21.0"
	defaultLanguage = "en_US"
)

// Options are the settings of one business number.
type Options struct {
	Kind          string              `yaml:"kind"`            // whatsapp
	PhoneNumberID string              `yaml:"phone_number_id"` // Meta's id of the number that sends
	Token         providers.Secret    `yaml:"token"`           // with the permission whatsapp_business_messaging
	Template      string              `yaml:"template"`        // name of an authentication template
	Language      string              `yaml:"language"`        // of it, as it was created
	Templates     map[string]Template `yaml:"templates"`       // by locale, in place of template and language
	AppSecret     providers.Secret    `yaml:"app_secret"`      // of the Meta app: signs callbacks; empty: none are taken
	VerifyToken   providers.Secret    `yaml:"verify_token"`    // made up here, and entered where the callbacks are set up
	BaseURL       string              `yaml:"base_url"`
	Version       string              `yaml:"version"`  // of the Graph API
	Insecure      bool                `yaml:"insecure"` // allows plain http to other machines
}

// Template names an authentication template in one of its languages.
type Template struct {
	Name     string `yaml:"name"`     // empty: that of `template`
	Language string `yaml:"language"` // empty: the locale that it stands for
}

// Kind is the transport as operators configure it.
func Kind() transport.Kind {
	return transport.Kind{
		Channels: []providers.Channel{providers.WhatsApp},
		Options: func() transport.Options {
			return &Options{BaseURL: defaultBaseURL, Version: defaultVersion, Language: defaultLanguage}
		},
	}
}

// Narrow implements [transport.Narrower]: an authentication template has Meta's text.
func (*Options) Narrow(c providers.Coverage) (providers.Coverage, error) {
	c.Message, c.Prefix = false, false
	return c, nil
}

// Check reports every mistake to b.
func (o *Options) Check(b providers.Block) {
	upstream.CheckBaseURL(b, o.BaseURL, o.Insecure)
	if o.PhoneNumberID == "" || strings.Trim(o.PhoneNumberID, "0123456789") != "" {
		b.Refuse("is missing or no id: write the digits of the phone number ID, which is not the number", "phone_number_id")
	}
	upstream.CheckVisible(b, "token", o.Token.Reveal(), "it is the access token of a system user")
	if !validVersion(o.Version) {
		b.Refuse("is no version of the Graph API: write such as v21.0", "version")
	}
	o.checkTemplates(b)
	o.checkCallbacks(b)
}

func (o *Options) checkTemplates(b providers.Block) {
	switch {
	case o.Template == "" && len(o.Templates) == 0:
		b.Refuse("is missing: write the name of an authentication template", "template")
	case o.Template == "":
		b.Warn("is empty: requests in other languages than those of templates will not be carried", "template")
	case !validName(o.Template):
		b.Refuse("is no name of a template: those are lower-case letters, digits and _", "template")
	}
	if !validLanguage(o.Language) {
		b.Refuse("is no language of a template: write such as en_US or fr", "language")
	}
	seen := map[string]bool{}
	for _, locale := range slices.Sorted(maps.Keys(o.Templates)) {
		t := o.Templates[locale].filled(locale, o.Template)
		if !validName(t.Name) {
			b.Refuse("is missing or no name of a template: those are lower-case letters, digits and _",
				"templates", locale, "name")
		}
		if !validLanguage(t.Language) {
			b.Refuse("is no language of a template: write such as en_US or fr", "templates", locale, "language")
		}
		if seen[normal(locale)] {
			b.Refuse("stands there twice, in another spelling", "templates", locale)
		}
		seen[normal(locale)] = true
	}
}

func (o *Options) checkCallbacks(b providers.Block) {
	for name, secret := range map[string]providers.Secret{"app_secret": o.AppSecret, "verify_token": o.VerifyToken} {
		if !secret.Empty() && !upstream.Visible(secret.Reveal()) {
			b.Refuse("holds white space or a character beyond ASCII: copy it anew", name)
		}
	}
	switch {
	case o.AppSecret.Empty() && o.VerifyToken.Empty():
		b.Warn("is empty: WhatsApp tells by callback which numbers have no account, and nobody listens", "app_secret")
	case o.AppSecret.Empty():
		b.Refuse("is missing: without it nobody can tell whether callbacks are genuine", "app_secret")
	case o.VerifyToken.Empty():
		b.Warn("is empty: Meta cannot be told that its callbacks are wanted", "verify_token")
	}
}

// Build makes the transport of options that were checked.
func (o *Options) Build(env providers.Environment) (transport.Transport, error) {
	bearer := "Bearer " + o.Token.Reveal()
	client, err := upstream.NewFor(env, o.BaseURL, func(r *http.Request) { r.Header.Set("Authorization", bearer) })
	if err != nil {
		return nil, err
	}
	s := &sender{
		client: client, version: o.Version, number: o.PhoneNumberID, appSecret: o.AppSecret, verifyToken: o.VerifyToken,
		usual: Template{Name: o.Template, Language: o.Language}, templates: make(map[string]Template, len(o.Templates)),
	}
	for locale, t := range o.Templates {
		s.templates[normal(locale)] = t.filled(locale, o.Template)
	}
	return s, nil
}

// filled is t for a locale, where name is what templates are called that have no name of their own.
func (t Template) filled(locale, name string) Template {
	return Template{Name: cmp.Or(t.Name, name), Language: cmp.Or(t.Language, strings.ReplaceAll(locale, "-", "_"))}
}

// validName is Meta's rule for the names of templates.
func validName(s string) bool {
	const longest = 512
	return s != "" && len(s) <= longest && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789_") == ""
}

// validLanguage tells whether s is written as Meta writes languages: "en", "pt_BR", "es_MEX", "fil".
func validLanguage(s string) bool {
	language, region, two := strings.Cut(s, "_")
	part := func(s string) bool { return len(s) >= 2 && len(s) <= 3 && providers.Alphabetic.Admits(s) }
	return part(language) && strings.ToLower(language) == language &&
		(!two || part(region) && strings.ToUpper(region) == region)
}

func validVersion(s string) bool {
	major, minor, ok := strings.Cut(strings.TrimPrefix(s, "v"), ".")
	return ok && strings.HasPrefix(s, "v") && major != "" && minor != "" && strings.Trim(major+minor, "0123456789") == ""
}
