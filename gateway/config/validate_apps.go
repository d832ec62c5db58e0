package config

import (
	"regexp"
	"slices"
	"time"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/providers"
)

// defaults checks the file's defaults, or an app's; of an app's only what its own block says.
func (v validator) defaults(d Defaults, at path) {
	says := func(keys ...string) bool {
		return len(at) == 1 || slices.ContainsFunc(keys, func(key string) bool { return v.given(at.in(key)) })
	}
	if says("country") {
		v.country(d.Country, at.in("country"))
	}
	if says("expires_in") {
		v.between(at.in("expires_in"), d.ExpiresIn, time.Minute, day)
	}
	if says("resend_after") {
		v.between(at.in("resend_after"), d.ResendAfter, 0, day)
	}
	if says("resend_after", "expires_in", "max_resends") && d.MaxResends > 0 && d.ResendAfter >= d.ExpiresIn {
		v.refuse(at.in("resend_after"), "no resend could be made before the code has expired; write less than expires_in, %s",
			otp.FormatDuration(d.ExpiresIn))
	}
	if says("template") && d.Template != "" {
		dangling(v, "template", d.Template, v.templatesFor(at), at.in("template"))
	}
	if says("locale") && !locale.MatchString(d.Locale) {
		v.refuse(at.in("locale"), "%s is no locale; write such as en or pt-BR", v.say(at.in("locale")))
	}
	v.lock(d, at)
}

// lock holds the guesses of one verification against those of a person.
func (v validator) lock(d Defaults, at path) {
	limit := path{"limits", "recipient_failures"}
	switch {
	case d.MaxAttempts <= v.config.Limits.RecipientFailures.Max:
	case v.given(at.in("max_attempts")):
		v.refuse(at.in("max_attempts"), "limits.recipient_failures locks a person before that; lower it, or raise the limit")
	case len(at) == 1:
		v.refuse(limit, "a person would be locked before max_attempts is used up; raise it, or lower defaults.max_attempts")
	}
}

func (v validator) apps() {
	if len(v.config.Apps) == 0 {
		v.refuse(path{"apps"}, "there is no app that could use the gateway; add one")
	}
	ids := map[string]string{}
	for _, id := range v.names("apps") {
		app, at := v.config.Apps[id], path{"apps", id}
		v.name(id, at)
		if len(app.Keys) == 0 {
			v.refuse(at.in("keys"), "the app has no key; make one with `otpgate keys new`")
		}
		for i, key := range app.Keys {
			v.key(key, id, ids, at.in("keys", index(i)))
		}
		unique(v, app.Channels, at.in("channels"))
		v.countriesAt(app.Countries, at.in("countries"))
		v.appLimits(app, at.in("limits"))
		v.appDefaults(app, at)
		v.appTexts(app, at)
	}
}

// appDefaults checks an app's defaults, and holds them against what the app may do. Where they are the file's, a
// mismatch may be meant: the app names channel and country in every request.
func (v validator) appDefaults(app App, at path) {
	v.defaults(app.Defaults, at.in("defaults"))
	complain := func(key string) func(path, string, ...any) {
		if v.given(at.in("defaults", key)) {
			return v.refuse
		}
		return v.warn
	}
	if len(app.Channels) > 0 && !slices.Contains(app.Channels, app.Defaults.Channel) {
		complain("channel")(at.in("channels"), "the app's default channel is not among them; add it, or change the default")
	}
	if !providers.Countries(app.Countries).Has(app.Defaults.Country) {
		complain("country")(at.in("countries"), "the app's default country is not among them; add it, or change the default")
	}
}

// key checks one key; ids are those seen so far, with their apps.
func (v validator) key(key Key, app string, ids map[string]string, at path) {
	v.name(key.ID, at.in("id"))
	if other, twice := ids[key.ID]; twice && key.ID != "" {
		v.refuse(at.in("id"), "app %s has a key with the same id; ids are unique in the whole file", other)
	}
	ids[key.ID] = app
	if key.SecretSHA256.Empty() && len(key.Secrets) == 0 && !v.given(at.in("jwt")) {
		v.refuse(at.in("secret_sha256"), "it is missing; "+badHash)
	}
	if !key.SecretSHA256.Empty() && !hash.MatchString(key.SecretSHA256.Reveal()) {
		v.refuse(at.in("secret_sha256"), badHash)
	}
	for i, secret := range key.Secrets {
		v.keySecret(secret, at.in("secrets", index(i)))
	}
	if len(key.Scopes) == 0 {
		v.refuse(at.in("scopes"), "the key may do nothing; write some of send, verify, read, admin")
	}
	unique(v, key.Scopes, at.in("scopes"))
	v.networks(key.Networks, at.in("networks"))
	v.jwt(key.JWT, at.in("jwt"))
}

var hash = regexp.MustCompile(`^[0-9a-fA-F]{64}$`)

const badHash = "write the SHA-256 of the secret as 64 hex digits; `otpgate keys new` makes it"

func (v validator) keySecret(secret KeySecret, at path) {
	if !hash.MatchString(secret.SHA256.Reveal()) {
		v.refuse(at.in("sha256"), badHash)
	}
	if !secret.NotAfter.IsZero() && !secret.NotBefore.Before(secret.NotAfter) {
		v.refuse(at.in("not_after"), "the secret ends before it begins; write a time after not_before")
	}
}

// All are the secrets of a key, that of secret_sha256 among them.
func (k Key) All() []KeySecret {
	if k.SecretSHA256.Empty() {
		return k.Secrets
	}
	return append([]KeySecret{{SHA256: k.SecretSHA256}}, k.Secrets...)
}
