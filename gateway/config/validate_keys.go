package config

import (
	"errors"
	"maps"
	"net/netip"
	"slices"

	"github.com/otpgate/otpgate/gateway/apps"
)

// given tells whether tokens are spoken of at all.
func (j JWT) given() bool {
	return !j.HS256Secret.Empty() || j.PublicKey != "" || j.JWKSFile != "" || j.Audience != ""
}

// Trust is what the tokens of a key are checked with; the zero one when the key says nothing of tokens. The error is a
// sentence that quotes nothing.
func (j JWT) Trust() (apps.Trust, error) {
	trust, _, err := j.trust()
	trust.Audience = j.Audience
	return trust, err
}

// trust also says which key of the block it is made of.
func (j JWT) trust() (trust apps.Trust, from string, err error) {
	switch {
	case !j.HS256Secret.Empty():
		trust, err = apps.TrustSecret(j.HS256Secret)
		return trust, "hs256_secret", err
	case j.PublicKey != "":
		trust, err = apps.TrustPublicKey(j.PublicKey)
		return trust, "public_key", err
	case j.JWKSFile != "":
		trust, err = apps.TrustKeySet(j.keySet)
		return trust, "jwks_file", err
	case j.Audience != "":
		return trust, "audience", errors.New("no token can be checked; write hs256_secret, public_key or jwks_file beside it")
	}
	return trust, "", nil
}

// jwt checks what tokens of a key are checked with.
func (v validator) jwt(j JWT, at path) {
	if v.given(at) && !j.given() {
		v.refuse(at, "no token can be checked; write hs256_secret, public_key or jwks_file")
	}
	_, from, err := j.trust()
	if err != nil && (from != "jwks_file" || j.keySet != nil) { // a file that cannot be read was reported
		v.refuse(at.in(from), "%s", err)
	}
	for _, other := range []string{"public_key", "jwks_file"} {
		if from != other && from != "" && v.given(at.in(other)) {
			v.refuse(at.in(other), "%s stands beside it; keep one of them, and give the other a key of its own", from)
		}
	}
	if from == "jwks_file" && j.Audience == "" {
		v.warn(at.in("jwks_file"), "who signs for several services can let the tokens of another one in; set audience")
	}
}

// networks checks where a key is good.
func (v validator) networks(list []string, at path) {
	for i, text := range list {
		here := at.in(index(i))
		network, err := ParseNetwork(text)
		switch {
		case err != nil:
			v.refuse(here, "%s is no address or network; write such as 10.0.0.7 or 10.0.0.0/8", v.say(here))
		case network.Addr().Is4In6():
			v.refuse(here, "an address of IPv4 is written as one, such as 10.0.0.7 or 10.0.0.0/8")
		case network != network.Masked():
			v.refuse(here, "bits are set behind the network's length; write such as 10.0.0.0/8, or the address alone")
		}
	}
	unique(v, list, at)
}

var errZone = errors.New("an address with a zone")

// ParseNetwork reads a network in CIDR, or an address, which is the network of itself.
func ParseNetwork(text string) (netip.Prefix, error) {
	addr, err := netip.ParseAddr(text)
	switch {
	case err != nil:
		return netip.ParsePrefix(text)
	case addr.Zone() != "":
		return netip.Prefix{}, errZone
	}
	return netip.PrefixFrom(addr, addr.BitLen()), nil
}

// readKeySets reads the files with keys that apps sign their tokens with. They are remembered like secret files, so a
// change of one is a change of the configuration.
func (c *Config) readKeySets(x *expander, report *Report) {
	for _, name := range slices.Sorted(maps.Keys(c.Apps)) { // in this order, which the digest depends on
		for i := range c.Apps[name].Keys {
			j := &c.Apps[name].Keys[i].JWT
			if j.JWKSFile == "" {
				continue
			}
			text, problem := x.file("the file", j.JWKSFile)
			if problem != "" {
				report.Refuse(problem, "apps", name, "keys", index(i), "jwt", "jwks_file")
				continue
			}
			j.keySet = []byte(text)
		}
	}
}
