package config

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/providers"
)

// templates checks the file's texts, or those of an app.
func (v validator) templates(all map[string]Template, section path) {
	for _, name := range v.names(section...) {
		at, template := section.in(name), all[name]
		v.name(name, at)
		if len(template) == 0 {
			v.refuse(at, "the template has no text; write one for each locale, such as en")
		}
		for _, key := range slices.Sorted(maps.Keys(template)) {
			if !locale.MatchString(key) {
				v.refuse(at.in(key), "the key is no locale; write such as en or pt-BR")
			}
			v.text(template[key], at.in(key))
		}
	}
}

// text checks a text, or those of each channel.
func (v validator) text(t Text, at path) {
	n := v.node(at)
	if n == nil || n.kind != mapping {
		v.placeholders(t.Default, at)
		return
	}
	if n.child("default") == nil {
		v.refuse(at, "there is no default, which every channel without a text of its own takes; write one")
	}
	texts := t.On()
	texts["default"] = t.Default
	for _, key := range n.keys {
		v.placeholders(texts[providers.Channel(key.name)], at.in(key.name))
	}
}

func (v validator) placeholders(text string, at path) {
	if err := otp.CheckText(text); err != nil {
		v.refuse(at, "%s", err)
	}
}

// On are the texts of the channels that have one of their own.
func (t Text) On() map[providers.Channel]string {
	texts := map[providers.Channel]string{
		providers.SMS: t.SMS, providers.WhatsApp: t.WhatsApp, providers.Email: t.Email, providers.Voice: t.Voice,
	}
	maps.DeleteFunc(texts, func(_ providers.Channel, text string) bool { return text == "" })
	return texts
}

// templatesFor are those that defaults may name: the file's, and for an app's defaults its own beside them.
func (v validator) templatesFor(defaults path) map[string]Template {
	all := maps.Clone(v.config.Templates)
	if len(defaults) == 1 {
		return all
	}
	if all == nil {
		all = map[string]Template{}
	}
	maps.Copy(all, v.config.Apps[defaults[1]].Templates)
	return all
}

var (
	domain      = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])$`)
	androidHash = regexp.MustCompile(`^[A-Za-z0-9+/]{11}$`)
)

const (
	maxAppName = 64  // characters
	maxDomain  = 253 // RFC 1035
)

// appTexts checks what an app brings into texts.
func (v validator) appTexts(app App, at path) {
	v.templates(app.Templates, at.in("templates"))
	odd := strings.ContainsFunc(app.Name, func(r rune) bool { return unicode.IsControl(r) || r == '{' || r == '}' })
	if odd || utf8.RuneCountInString(app.Name) > maxAppName {
		v.refuse(at.in("name"), "the name stands in texts: at most %d characters, without line breaks and curly brackets",
			maxAppName)
	}
	if app.WebOTP != "" && (!domain.MatchString(app.WebOTP) || len(app.WebOTP) > maxDomain) {
		v.refuse(at.in("webotp"), "this is no domain; write it in small letters and alone, such as example.com")
	}
	if app.AndroidHash != "" && !androidHash.MatchString(app.AndroidHash) {
		v.refuse(at.in("android_hash"), "a hash has 11 characters of base64, such as FA+9qCX9VSu")
	}
}
