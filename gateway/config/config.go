package config

import (
	"time"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/providers"
)

// The comments in this file are shown to operators: the schema and the reference are made of them. The tag `jsonschema`
// holds what a single value must satisfy, for the decoder and for the schema alike.

// Config is the whole configuration, complete with defaults. It is never changed after it was loaded.
type Config struct {
	// The public listener.
	Server Server `yaml:"server"`
	// The operators' listener, for console and metrics.
	Console Console `yaml:"console"`
	// Where verifications and events are kept.
	Store Store `yaml:"store"`
	// Keys of the in-house generator. The first one signs, all of them verify; keep an old one for the longest
	// `expires_in` after it was replaced.
	CodeKeys []CodeKey `yaml:"code_keys"`
	// What the gateway tells about itself.
	Telemetry Telemetry `yaml:"telemetry"`
	// What a request gets that does not say otherwise, in every app. These are soft wishes: they leave no provider out.
	Defaults Defaults `yaml:"defaults"`
	// How much is allowed before requests are refused.
	Limits Limits `yaml:"limits"`
	// Client applications, by id.
	Apps map[string]App `yaml:"apps" jsonschema:"required"`
	// Texts, by name and then by locale (BCP 47). Each holds {code} and perhaps {app}, {amount}, {duration} and {prefix}.
	Templates map[string]Template `yaml:"templates"`
	// Upstreams, by the name that logs, metrics and answers use for them.
	Providers map[string]Provider `yaml:"providers" jsonschema:"required"`
	// Which providers are tried for a request. The first route that matches wins.
	Routes []Route `yaml:"routes" jsonschema:"required"`

	source source
}

// Server is the public listener.
type Server struct {
	// Address and port to listen on.
	Listen string `yaml:"listen"`
	// Longest time that a request may take, all tries of all providers together.
	RequestTimeout time.Duration `yaml:"request_timeout"`
	// How long running requests get to finish when the gateway is stopped.
	ShutdownGrace time.Duration `yaml:"shutdown_grace"`
	// Addresses and networks (CIDR) of proxies whose X-Forwarded-For is believed.
	TrustedProxies []string `yaml:"trusted_proxies"`
}

// Console is the operators' listener. It is never the public one.
type Console struct {
	// Address and port to listen on; best a loopback address.
	Listen string `yaml:"listen"`
	// What operators must present. It may be empty on a loopback address only.
	Token providers.Secret `yaml:"token"`
}

// Store is where verifications and events are kept.
type Store struct {
	// sqlite keeps them in a file on this machine, redis serves many gateways.
	Driver string `yaml:"driver" jsonschema:"enum=sqlite,enum=redis"`
	// Settings of the driver sqlite.
	SQLite SQLite `yaml:"sqlite"`
	// Settings of the driver redis.
	Redis Redis `yaml:"redis"`
	// How long what has ended is kept.
	Retention Retention `yaml:"retention"`
}

// The store drivers.
const (
	DriverSQLite = "sqlite"
	DriverRedis  = "redis"
)

// SQLite are the settings of the embedded store.
type SQLite struct {
	// Database file. Its folder is made when it does not exist.
	Path string `yaml:"path"`
	// normal survives a crash of the program, full also a power cut.
	Synchronous string `yaml:"synchronous" jsonschema:"enum=normal,enum=full"`
}

// Redis are the settings of the shared store.
type Redis struct {
	// How Redis is laid out: one server, a master that sentinels appoint, or a Cluster.
	Mode string `yaml:"mode" jsonschema:"enum=single,enum=sentinel,enum=cluster"`
	// Where the one server is: redis://[user:password@]host:port/database, or rediss:// for TLS. For mode single.
	URL string `yaml:"url"`
	// host:port of the sentinels, or of some nodes of the Cluster. For the modes sentinel and cluster.
	Addresses []string `yaml:"addresses,omitempty"`
	// Name that the sentinels know the master by. For mode sentinel.
	Master string `yaml:"master,omitempty"`
	// ACL user, where it is not in the url.
	Username string `yaml:"username,omitempty"`
	// Its password, where it is not in the url.
	Password providers.Secret `yaml:"password,omitempty"`
	// What the sentinels themselves ask for. For mode sentinel.
	SentinelPassword providers.Secret `yaml:"sentinel_password,omitempty"`
	// Encrypts the connections, with {} for the system's certificate authorities. rediss:// in the url does too.
	TLS *RedisTLS `yaml:"tls,omitempty"`
	// Connections to each server; 0 is ten for each processor.
	PoolSize int `yaml:"pool_size" jsonschema:"minimum=0,maximum=10000"`
	// How long one step may take before requests are answered store_unavailable.
	Timeout time.Duration `yaml:"timeout"`
	// What every key begins with. Gateways with the same prefix are one.
	Prefix string `yaml:"prefix"`
}

// RedisTLS is how connections to Redis are encrypted.
type RedisTLS struct {
	// PEM file with the certificate authorities that are believed, in place of the system's.
	CAFile string `yaml:"ca_file,omitempty"`
	// Name that the server's certificate must have, where it is not the host that is dialled.
	ServerName string `yaml:"server_name,omitempty"`
}

// The ways to lay out Redis.
const (
	RedisSingle   = "single"
	RedisSentinel = "sentinel"
	RedisCluster  = "cluster"
)

// Retention is how long things are kept.
type Retention struct {
	// Verifications, counted from their end.
	Verifications time.Duration `yaml:"verifications"`
	// Events, which logs and reports are made of.
	Events time.Duration `yaml:"events"`
}

// CodeKey is one key of the in-house generator.
type CodeKey struct {
	// Name of the key, kept with every code that it made.
	ID string `yaml:"id" jsonschema:"required"`
	// Base64 of at least 32 random bytes.
	Key providers.Secret `yaml:"key" jsonschema:"required"`
}

// Telemetry is what the gateway tells about itself. A change takes effect with the next start.
type Telemetry struct {
	// Name under which collectors know the gateway.
	Service string `yaml:"service"`
	// Traces, sent by OTLP over HTTP.
	Traces Traces `yaml:"traces"`
	// Metrics, sent by OTLP over HTTP. Prometheus reads the same ones from the console's listener, at /metrics.
	Metrics Metrics `yaml:"metrics"`
	// Logs, written to the standard error output, and sent by OTLP over HTTP besides.
	Logs Logs `yaml:"logs"`
}

// Collector takes OTLP over HTTP.
type Collector struct {
	// Base URL of the collector, such as http://127.0.0.1:4318; empty is off.
	Endpoint string `yaml:"endpoint"`
	// Headers of every request to the collector, by name; for credentials.
	Headers map[string]providers.Secret `yaml:"headers,omitempty"`
}

// Traces are sent by OTLP over HTTP.
type Traces struct {
	Collector `yaml:",inline"`
	// Share of requests that are traced, from 0 to 1.
	Sample float64 `yaml:"sample" jsonschema:"minimum=0,maximum=1"`
}

// Metrics are sent by OTLP over HTTP.
type Metrics struct {
	Collector `yaml:",inline"`
	// How often they are sent.
	Every time.Duration `yaml:"every"`
}

// Logs are written to the standard error output, and sent by OTLP over HTTP besides.
type Logs struct {
	Collector `yaml:",inline"`
	// Least level that is written.
	Level string `yaml:"level" jsonschema:"enum=debug,enum=info,enum=warn,enum=error"`
	// json for machines, text for people.
	Format string `yaml:"format" jsonschema:"enum=json,enum=text"`
}

// Defaults are what a request gets that does not say otherwise. Those of an app are complete: what its block leaves out
// stands there as in the file's own defaults.
type Defaults struct {
	// Channel of a request that names none and goes to a number.
	Channel providers.Channel `yaml:"channel"`
	// Country (ISO 3166-1 alpha-2) of numbers that are written without one.
	Country string `yaml:"country"`
	// What codes look like.
	Code Code `yaml:"code"`
	// How long a code lives: 1m to 24h.
	ExpiresIn time.Duration `yaml:"expires_in"`
	// How many guesses a verification allows.
	MaxAttempts int `yaml:"max_attempts" jsonschema:"minimum=1,maximum=10"`
	// How many resends a verification allows.
	MaxResends int `yaml:"max_resends" jsonschema:"minimum=0,maximum=10"`
	// How long a message must be old before it may be resent.
	ResendAfter time.Duration `yaml:"resend_after"`
	// What a resend by the in-house generator carries: the same code again, or a new one, and then the one before is of no
	// more use. Upstreams with codes of their own do as they do.
	ResendCode string `yaml:"resend_code" jsonschema:"enum=same,enum=new"`
	// How the app wants to be seen by recipients; empty: as the provider is set.
	Sender string `yaml:"sender"`
	// Name of the text; empty: the provider's own text.
	Template string `yaml:"template"`
	// Language of the text (BCP 47), where neither the request nor the country of the number tells.
	Locale string `yaml:"locale"`
}

// What a resend carries.
const (
	ResendSame = "same"
	ResendNew  = "new"
)

// Code is what codes look like.
type Code struct {
	// Number of characters.
	Length int `yaml:"length" jsonschema:"minimum=4,maximum=10"`
	// Characters that codes are made of.
	Alphabet providers.Alphabet `yaml:"alphabet"`
}

// Limits are counts in spans of time, such as 5/10m or 200/s. An empty list sets no limit.
type Limits struct {
	// Sends and resends to one person.
	Recipient LimitList `yaml:"recipient"`
	// Wrong guesses of one person, over all verifications. What is past it is refused as recipient_locked.
	RecipientFailures otp.Limit `yaml:"recipient_failures"`
	// Sends and resends of one app.
	App LimitList `yaml:"app"`
	// Sends for one client address, as far as apps tell it.
	IP LimitList `yaml:"ip"`
	// Sends and resends to numbers of single countries (ISO 3166-1 alpha-2), by all apps together.
	Countries map[string]LimitList `yaml:"countries,omitempty"`
	// Requests from one address that show no good key. What is past it is refused as rate_limited; a good key is let in
	// even then.
	FailedAuth otp.Limit `yaml:"failed_auth"`
}

// AppLimits are limits of one app's own.
type AppLimits struct {
	// Sends and resends to one person by this app, in place of limits.recipient. Left out: as there, where all apps count
	// together.
	Recipient *LimitList `yaml:"recipient,omitempty"`
	// Sends and resends of this app, in place of limits.app.
	App *LimitList `yaml:"app,omitempty"`
	// Sends of this app for one client address, in place of limits.ip. Left out: as there, where all apps count together.
	IP *LimitList `yaml:"ip,omitempty"`
	// Sends and resends of this app to numbers of single countries, beside limits.countries.
	Countries map[string]LimitList `yaml:"countries,omitempty"`
}

// LimitList is one limit or several that hold together.
type LimitList []otp.Limit

// App is one client application.
type App struct {
	// How people are told who sends: it stands for {app} in texts. Empty: the app's id.
	Name string `yaml:"name"`
	// What the app identifies itself with.
	Keys []Key `yaml:"keys" jsonschema:"required"`
	// What this app's requests get that do not say otherwise.
	Defaults Defaults `yaml:"defaults"`
	// Channels that the app may use; empty: all.
	Channels []providers.Channel `yaml:"channels"`
	// Countries (ISO 3166-1 alpha-2) that the app may send to. Anything else is refused before it costs money; empty: all.
	Countries []string `yaml:"countries"`
	// Limits of the app's own. What is left out is as in the file's limits.
	Limits AppLimits `yaml:"limits,omitempty"`
	// Texts of the app's own, as in templates. They win over the file's of the same name.
	Templates map[string]Template `yaml:"templates"`
	// Domain of the website that may fill the code in by itself (WebOTP), such as example.com. The in-house generator
	// writes the line for it below its texts by SMS.
	WebOTP string `yaml:"webotp"`
	// Hash of the Android app that may read the code by itself (SMS Retriever), 11 characters. The in-house generator
	// writes it below its texts by SMS.
	AndroidHash string `yaml:"android_hash"`
	// The in-house generator writes below the texts of requests and templates, in their language, that the code is not to
	// be shared. Its built-in texts say so anyway.
	DoNotShare bool `yaml:"do_not_share"`
}

// Template is one text in several languages, by locale.
type Template map[string]Text

// Text is a text in one language: a single text for all channels, or one for each.
type Text struct {
	// For every channel that has none of its own here.
	Default string `yaml:"default" jsonschema:"required"`
	// By SMS, in place of default.
	SMS string `yaml:"sms,omitempty"`
	// By WhatsApp, in place of default.
	WhatsApp string `yaml:"whatsapp,omitempty"`
	// By e-mail, in place of default.
	Email string `yaml:"email,omitempty"`
	// By a call, in place of default.
	Voice string `yaml:"voice,omitempty"`
}

// Key is what an app identifies itself with.
type Key struct {
	// Public part of the key, unique in the whole file.
	ID string `yaml:"id" jsonschema:"required"`
	// SHA-256 of the secret part, as 64 hex digits. `otpgate keys new` makes both.
	SecretSHA256 providers.Secret `yaml:"secret_sha256"`
	// Secrets with dates, beside or in place of secret_sha256, so that a secret can be changed without an outage.
	Secrets []KeySecret `yaml:"secrets"`
	// What the key may do.
	Scopes []string `yaml:"scopes" jsonschema:"required,enum=send,enum=verify,enum=read,enum=admin"`
	// Addresses and networks (CIDR) that the key is good in; empty: everywhere.
	Networks []string `yaml:"networks,omitempty"`
	// What JSON Web Tokens of the key are checked with, beside or in place of secrets.
	JWT JWT `yaml:"jwt,omitempty"`
}

// JWT is what JSON Web Tokens are checked with: one of the first three.
type JWT struct {
	// Secret that tokens are signed with by HS256, at least 32 bytes; its bytes are taken as they stand.
	HS256Secret providers.Secret `yaml:"hs256_secret,omitempty"`
	// Public key in PEM that the tokens' signatures fit: RSA of 2048 bits or more (RS256), P-256 (ES256), Ed25519 (EdDSA).
	PublicKey string `yaml:"public_key,omitempty"`
	// File with a JWK Set of such keys; the kid of a token picks one. A relative path begins at the folder of this file. A
	// change of it is picked up like one of this file.
	JWKSFile string `yaml:"jwks_file,omitempty"`
	// What must stand in the aud of a token; empty: only tokens without aud are taken.
	Audience string `yaml:"audience,omitempty"`

	keySet []byte // what JWKSFile holds
}

// KeySecret is a secret with the time in which it is good.
type KeySecret struct {
	// SHA-256 of the secret, as 64 hex digits.
	SHA256 providers.Secret `yaml:"sha256" jsonschema:"required"`
	// It is refused before this time (RFC 3339); left out: it is good already.
	NotBefore time.Time `yaml:"not_before,omitempty"`
	// It is refused from this time on (RFC 3339); left out: it is good for ever.
	NotAfter time.Time `yaml:"not_after,omitempty"`
}

// Provider is one configured upstream.
type Provider struct {
	// Sort of the upstream.
	Kind string `yaml:"kind" jsonschema:"required"`
	// Settings of the kind.
	With providers.Options `yaml:"with"`
	// Longest time that one call may take.
	Timeout time.Duration `yaml:"timeout"`
	// Calls in a second, 0.5 is one in two seconds; 0: no bound.
	MaxPerSecond float64 `yaml:"max_per_second" jsonschema:"minimum=0"`
	// Calls at the same time.
	MaxInFlight int `yaml:"max_in_flight" jsonschema:"minimum=1,maximum=100000"`
	// When the provider is left alone because it fails.
	Breaker Breaker `yaml:"breaker"`
	// The upstream is told the trace that a call belongs to, in the header traceparent (W3C Trace Context).
	PropagateTrace bool `yaml:"propagate_trace"`
	// What a delivery costs, by channel; for the strategy cheapest and for reports.
	Price Price `yaml:"price"`
}

// Breaker is when a provider is left alone because it fails.
type Breaker struct {
	// It opens at so many failures …
	Failures int `yaml:"failures" jsonschema:"minimum=1,maximum=1000"`
	// … among so many last calls.
	Of int `yaml:"of" jsonschema:"minimum=1,maximum=1000"`
	// How long it stays open before the provider is tried again.
	OpenFor time.Duration `yaml:"open_for"`
	// So many calls try whether the provider is back; all of them must succeed.
	Probes int `yaml:"probes" jsonschema:"minimum=1,maximum=100"`
	// A call that takes longer counts as a failure. Left out: three quarters of the provider's timeout; 0s: never.
	SlowCall time.Duration `yaml:"slow_call"`
}

// Price is what a delivery costs, by channel.
type Price struct {
	Prices `yaml:",inline"`
	// Currency of all of them (ISO 4217).
	Currency string `yaml:"currency,omitempty"`
	// Prices in single countries (ISO 3166-1 alpha-2), in place of those above.
	Countries map[string]Prices `yaml:"countries,omitempty"`
}

// Prices are what a delivery costs on each channel.
type Prices struct {
	// One delivery by SMS.
	SMS *float64 `yaml:"sms,omitempty" jsonschema:"minimum=0"`
	// One delivery by WhatsApp.
	WhatsApp *float64 `yaml:"whatsapp,omitempty" jsonschema:"minimum=0"`
	// One delivery by e-mail.
	Email *float64 `yaml:"email,omitempty" jsonschema:"minimum=0"`
	// One delivery by a call.
	Voice *float64 `yaml:"voice,omitempty" jsonschema:"minimum=0"`
	// One delivery by USSD.
	USSD *float64 `yaml:"ussd,omitempty" jsonschema:"minimum=0"`
}

// Route says which providers are tried for the requests that it matches.
type Route struct {
	// How logs and plans call the route.
	Name string `yaml:"name" jsonschema:"required"`
	// Which requests it matches: every key that is given must match. A route without it is the default and stands last.
	When *When `yaml:"when,omitempty"`
	// Providers, each by its name or, for the strategy weighted, as {provider, weight}.
	Use []Use `yaml:"use" jsonschema:"required"`
	// How the providers are ordered: as written, by weight, by price, or by the share of codes that were verified.
	Strategy string `yaml:"strategy" jsonschema:"enum=priority,enum=weighted,enum=cheapest,enum=best"`
	// Other channels, for verifications that are still open after a while.
	Fallback []Fallback `yaml:"fallback"`
	// What happens after a try that timed out and may have taken effect: next asks the next provider, stop asks nobody.
	OnAmbiguous string `yaml:"on_ambiguous" jsonschema:"enum=next,enum=stop"`
	// Longest time that all tries of a request may take together. Left out: four fifths of server.request_timeout.
	Deadline time.Duration `yaml:"deadline"`
}

// The strategies of a route.
const (
	StrategyPriority = "priority"
	StrategyWeighted = "weighted"
	StrategyCheapest = "cheapest"
	StrategyBest     = "best"
)

// What a route does when a try may have taken effect.
const (
	AmbiguousNext = "next"
	AmbiguousStop = "stop"
)

// When is what a route matches. A key that is left out matches everything.
type When struct {
	// Countries of the number (ISO 3166-1 alpha-2).
	Country []string `yaml:"country,omitempty"`
	// Channels.
	Channel []providers.Channel `yaml:"channel,omitempty"`
	// Ids of apps.
	App []string `yaml:"app,omitempty"`
	// Purposes, as requests name them.
	Purpose []string `yaml:"purpose,omitempty"`
	// Beginnings of numbers in international form, such as +23324.
	Prefix []string `yaml:"prefix,omitempty"`
}

// Use is one provider of a route.
type Use struct {
	// Name of the provider.
	Provider string `yaml:"provider" jsonschema:"required"`
	// Share of the requests, in proportion to the weights beside it; for the strategy weighted only.
	Weight int `yaml:"weight,omitempty" jsonschema:"minimum=1,maximum=10000"`
}

// Fallback is another channel for a verification that is still open.
type Fallback struct {
	// Channel of the next delivery.
	Channel providers.Channel `yaml:"channel" jsonschema:"required"`
	// How long after the delivery before it.
	After time.Duration `yaml:"after" jsonschema:"required"`
}
