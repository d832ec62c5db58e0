package httpapi

import (
	"net/netip"
	"strings"

	"github.com/gofiber/fiber/v2"
)

// peer is the address that a request came from, for log and spans.
func (r *call) peer() string {
	if r.from == "" {
		if addr, ok := r.source(); ok {
			r.from = addr.String()
		}
	}
	return r.from
}

// source is the address that a request came from. X-Forwarded-For is read from its end, where the nearest proxy wrote,
// and only as far as trusted proxies wrote it; what stands before that anybody may have invented.
func (r *call) source() (netip.Addr, bool) {
	trusted := r.snapshot.TrustedProxies
	addr, ok := netip.AddrFromSlice(r.fiber.Context().RemoteIP())
	addr = addr.Unmap()
	if !ok || !contains(trusted, addr) {
		return addr, ok
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
	return addr, true
}

func contains(networks []netip.Prefix, addr netip.Addr) bool {
	for _, n := range networks {
		if n.Contains(addr) {
			return true
		}
	}
	return false
}
