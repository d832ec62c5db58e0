package upstream

import (
	"net/netip"
	"net/url"

	"github.com/otpgate/otpgate/providers"
)

// CheckBaseURL checks the settings base_url and insecure, which all kinds that speak HTTP share. Plain http shows codes
// and credentials to the road, so it is for this machine only unless the operator says that he means it.
func CheckBaseURL(b providers.Block, baseURL string, insecure bool) {
	const field = "base_url"
	u, err := url.Parse(baseURL)
	switch {
	case err != nil || u.Host == "" || u.Opaque != "":
		b.Refuse("is not an address: write such as https://api.example.com", field)
	case u.User != nil:
		b.Refuse("holds a name or password: credentials have settings of their own", field)
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		b.Refuse("has a query or a fragment: end it with the host or a path", field)
	case u.Scheme == "https":
	case u.Scheme != "http":
		b.Refuse("has an unknown scheme: write https", field)
	case !insecure && !loopback(u.Hostname()):
		b.Refuse("is plain http to another machine: write https, or set insecure: true", field)
	}
}

func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}
