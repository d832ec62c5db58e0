package config

import (
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nyaruka/phonenumbers"

	"github.com/otpgate/otpgate/gateway/otp"
	"github.com/otpgate/otpgate/providers"
)

// validator holds what the parts of a configuration say against each other.
type validator struct {
	config    *Config
	report    *Report
	countries map[string]bool
}

func validate(c *Config, r *Report) {
	v := validator{config: c, report: r, countries: phonenumbers.GetSupportedRegions()}
	v.listeners()
	v.store()
	v.codeKeys()
	v.telemetry()
	v.defaults(c.Defaults, path{"defaults"})
	v.limits()
	v.templates(c.Templates, path{"templates"})
	v.apps()
	v.providers()
	v.routes()
}

// refuse reports a mistake; format and arguments must not quote a value, but for what [validator.say] returns.
func (v validator) refuse(at path, format string, arguments ...any) {
	v.report.Refuse(fmt.Sprintf(format, arguments...), at...)
}

func (v validator) warn(at path, format string, arguments ...any) {
	v.report.Warn(fmt.Sprintf(format, arguments...), at...)
}

func (v validator) node(at path) *node { return v.report.tree.find(at) }

// say names the value at a path in a sentence.
func (v validator) say(at path) string { return v.node(at).say() }

// given tells whether the file has a value at a path.
func (v validator) given(at path) bool { return v.node(at) != nil }

// names lists the keys of a section in the order of the file, so that of two that clash the later one is blamed.
func (v validator) names(section ...string) []string {
	var all []string
	if n := v.node(section); n != nil {
		for _, key := range n.keys {
			all = append(all, key.name)
		}
	}
	return all
}

// minRequest is the least time that a request gets.
const minRequest = time.Second

func (v validator) listeners() {
	public, console := path{"server", "listen"}, path{"console", "listen"}
	s := v.config.Server
	both := v.address(s.Listen, public)
	both = v.address(v.config.Console.Listen, console) && both
	if both && sameListener(s.Listen, v.config.Console.Listen) {
		v.refuse(console, "the console would listen where the public server does; give it a port of its own")
	}
	v.between(path{"server", "request_timeout"}, s.RequestTimeout, minRequest, 5*time.Minute)
	v.between(path{"server", "shutdown_grace"}, s.ShutdownGrace, 0, 10*time.Minute)
	if s.ShutdownGrace < s.RequestTimeout {
		v.warn(path{"server", "shutdown_grace"}, "it is shorter than request_timeout: a stop may cut off running requests")
	}
	for i, proxy := range s.TrustedProxies {
		if _, err := ParseNetwork(proxy); err != nil {
			at := path{"server", "trusted_proxies", index(i)}
			v.refuse(at, "%s is no address or network; write such as 10.0.0.7 or 10.0.0.0/8", v.say(at))
		}
	}
	v.consoleToken()
}

func (v validator) consoleToken() {
	at, token := path{"console", "token"}, v.config.Console.Token
	host, _, _ := net.SplitHostPort(v.config.Console.Listen)
	switch {
	case token.Empty() && !loopback(host):
		v.refuse(at, "a console that other machines can reach needs a token; set one, or listen on 127.0.0.1")
	case !token.Empty() && len(token.Reveal()) < 16:
		v.warn(at, "the token is easy to guess; use at least 16 random characters")
	}
}

// address checks host:port.
func (v validator) address(text string, at path) bool {
	host, port, err := net.SplitHostPort(text)
	_, badPort := strconv.ParseUint(port, 10, 16)
	if err != nil || badPort != nil || strings.ContainsAny(host, " /") {
		v.refuse(at, "%s is no address to listen on; write address and port, such as 127.0.0.1:8080", v.say(at))
		return false
	}
	return true
}

// sameListener tells whether two addresses cannot be listened on at the same time. Port 0 is a new one each time.
func sameListener(a, b string) bool {
	hostA, portA, _ := net.SplitHostPort(a)
	hostB, portB, _ := net.SplitHostPort(b)
	return portA == portB && portA != "0" && (hostA == hostB || wildcard(hostA) || wildcard(hostB) ||
		loopback(hostA) && loopback(hostB) && (hostA == "localhost" || hostB == "localhost"))
}

func wildcard(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "" || err == nil && ip.IsUnspecified()
}

func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

func (v validator) store() {
	s := v.config.Store
	switch s.Driver {
	case DriverSQLite:
		if s.SQLite.Path == "" {
			v.refuse(path{"store", "sqlite", "path"}, "the database needs a file; write such as data/otpgate.db")
		}
	case DriverRedis:
		v.redis(s.Redis)
	}
	// A verification lives for a day at most, and a reference must outlive it.
	v.between(path{"store", "retention", "verifications"}, s.Retention.Verifications, day, 3650*day)
	v.between(path{"store", "retention", "events"}, s.Retention.Events, day, 3650*day)
}

// minKey is the least length of a key of the in-house generator, in bytes.
const minKey = 32

func (v validator) codeKeys() {
	first := map[string]int{}
	for i, key := range v.config.CodeKeys {
		at := path{"code_keys", index(i)}
		v.name(key.ID, at.in("id"))
		if earlier, twice := first[key.ID]; twice {
			v.refuse(at.in("id"), "code_keys[%d] has the same id; give every key an id of its own", earlier)
		} else {
			first[key.ID] = i
		}
		switch raw, err := keyBytes(key.Key); {
		case err != nil:
			v.refuse(at.in("key"), "the key is not base64; make one with `openssl rand -base64 32`")
		case len(raw) < minKey:
			v.refuse(at.in("key"), "the key has %d bytes; it needs at least %d random ones", len(raw), minKey)
		}
	}
}

// keyBytes decodes base64 of either alphabet, with padding or without.
func keyBytes(key providers.Secret) ([]byte, error) {
	text := strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(key.Reveal(), "="))
	return base64.RawStdEncoding.DecodeString(text)
}

// ProviderKeys are the keys of the in-house generator, decoded. The first one signs.
func (c *Config) ProviderKeys() []providers.CodeKey {
	keys := make([]providers.CodeKey, len(c.CodeKeys))
	for i, key := range c.CodeKeys {
		raw, _ := keyBytes(key.Key) // was validated
		keys[i] = providers.CodeKey{ID: key.ID, Key: providers.NewSecret(string(raw))}
	}
	return keys
}

var (
	plainName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$`)
	locale    = regexp.MustCompile(`^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$`)
)

const badName = "a name has letters, digits, - and _ only, begins with a letter or digit and is at most 64 long"

// CheckName tells what is wrong with a name that logs, metrics and URLs will use.
func CheckName(name string) error {
	switch {
	case name == "":
		return errors.New("it is missing; " + badName)
	case !plainName.MatchString(name):
		return errors.New(badName)
	}
	return nil
}

// name checks what logs, metrics and URLs will call something.
func (v validator) name(name string, at path) {
	if err := CheckName(name); err != nil {
		v.refuse(at, "%s", err)
	}
}

// between checks a duration.
func (v validator) between(at path, d, least, most time.Duration) {
	if d < least || d > most {
		v.refuse(at, "%s is out of range; write %s to %s", v.say(at), otp.FormatDuration(least), otp.FormatDuration(most))
	}
}

// country checks an ISO 3166-1 alpha-2 code: one that numbers can belong to.
func (v validator) country(code string, at path) { v.countryNamed(code, v.say(at), at) }

// countryKey is country for a code that is a key.
func (v validator) countryKey(code string, at path) { v.countryNamed(code, strconv.Quote(code), at) }

func (v validator) countryNamed(code, said string, at path) {
	switch {
	case v.countries[code]:
	case v.countries[strings.ToUpper(code)]:
		v.refuse(at, "a country is written in capitals, such as GH")
	default:
		v.refuse(at, "%s is no country with numbers of its own; write the two letters of ISO 3166-1, such as GH", said)
	}
}

// countriesAt checks a list of countries.
func (v validator) countriesAt(codes []string, at path) {
	for i, code := range codes {
		v.country(code, at.in(index(i)))
	}
	unique(v, codes, at)
}

// unique refuses what stands in a list twice.
func unique[T comparable](v validator, items []T, at path) {
	for i, item := range items {
		if first := slices.Index(items, item); first < i {
			v.refuse(at.in(index(i)), "it stands in the list twice; remove one of them")
		}
	}
}

// dangling refuses a name that nothing bears.
func dangling[T any](v validator, what, name string, all map[string]T, at path) {
	if _, ok := all[name]; !ok {
		v.refuse(at, "%s names no %s; %s", v.say(at), what, choose(v.node(at), slices.Sorted(maps.Keys(all))))
	}
}
