package httpapi

import (
	"net/netip"
	"strings"

	"github.com/gofiber/fiber/v2"
)

// peer is the address that a request came from, for the log. X-Forwarded-For is read from its end, where the nearest
// proxy wrote, and only as far as trusted proxies wrote it; what stands before that anybody may have invented.
func (r *call) peer() string {
	trusted := r.snapshot.TrustedProxies
	addr, ok := netip.AddrFromSlice(r.fiber.Context().RemoteIP())
	if !ok {
		return ""
	}
	addr = addr.Unmap()
	if !contains(trusted, addr) {
		return addr.String()
	}
	var hops []string
	for _, line := range r.header(fiber.HeaderXForwardedFor) {
		hops = append(hops, strings.Split(line, ",")...)
	}
	for i := len(hops) - 1; i >= 0 && contains(trusted, addr); i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		addr = hop.Unmap().WithZone("")
	}
	return addr.String()
}

func contains(networks []netip.Prefix, addr netip.Addr) bool {
	for _, n := range networks {
		if n.Contains(addr) {
			return true
		}
	}
	return false
}
