package ratelimit

import "net/netip"

// nat64 is the well-known prefix of IPv4 addresses behind a translator (RFC 6052, section 2.1). Its last 32 bits are
// the IPv4 address.
var nat64 = netip.MustParsePrefix("64:ff9b::/96")

// Network returns what is counted as one client: an IPv4 address, or the /64 of an IPv6 address, because every site has
// at least that many addresses (RFC 6177). An IPv4 address that is written as IPv6 is that IPv4 address. A zone does not
// count. A text that is no address is returned as it is.
func Network(address string) string {
	addr, err := netip.ParseAddr(address)
	if err != nil {
		return address
	}
	addr = addr.Unmap().WithZone("")
	if nat64.Contains(addr) {
		b := addr.As16()
		addr = netip.AddrFrom4([4]byte(b[12:]))
	}
	if addr.Is4() {
		return addr.String()
	}
	return netip.PrefixFrom(addr, 64).Masked().String()
}
