package userpool

import "net/netip"

// network returns what an address is counted as: the block of addresses that one customer of a network may have at their hand, and that not
// many share. It is a /24 of IPv4 and a /48 of IPv6. Sites get a /48 and homes a /56 (RFC 6177, RIPE-690): to count a /64, as is often
// done, would give each of them 256 to 65,536 counters. Both blocks hold about as many customers. An IPv4 address in the form of IPv6 is
// the same as without, and a zone is left out. It returns false for the zero Addr.
func network(addr netip.Addr) (netip.Prefix, bool) {
	addr = addr.Unmap().WithZone("")
	bits := 48
	if addr.Is4() {
		bits = 24
	}
	prefix, err := addr.Prefix(bits)
	return prefix, err == nil && addr.IsValid()
}

// network names the network that a request came from, or is empty.
func (c UserContextData) network() string {
	prefix, ok := network(c.IPAddress)
	if !ok {
		return ""
	}
	return prefix.String()
}
