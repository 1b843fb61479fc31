package outbound

import "net/netip"

// refused4 are the IPv4 blocks that are not globally reachable (the IANA special-purpose registry, RFC 6890), are for many receivers, or
// are reached from inside a cloud only.
var refused4 = prefixes(
	"0.0.0.0/8",        // this host
	"10.0.0.0/8",       // private
	"100.64.0.0/10",    // shared address space of carriers (RFC 6598), where some clouds have their metadata
	"127.0.0.0/8",      // loopback
	"168.63.129.16/32", // Azure's own service on every virtual machine
	"169.254.0.0/16",   // link-local, with the metadata of most clouds
	"172.16.0.0/12",    // private
	"192.0.0.0/24",     // protocol assignments
	"192.0.2.0/24",     // documentation
	"192.31.196.0/24",  // AS112
	"192.52.193.0/24",  // AMT
	"192.88.99.0/24",   // 6to4 relays
	"192.168.0.0/16",   // private
	"192.175.48.0/24",  // AS112
	"198.18.0.0/15",    // benchmarks
	"198.51.100.0/24",  // documentation
	"203.0.113.0/24",   // documentation
	"224.0.0.0/4",      // multicast
	"240.0.0.0/4",      // reserved, and broadcast
)

// global6 is all of IPv6 that is given out as global unicast. What is outside of it is not reached: loopback, unique local, link-local,
// multicast, IPv4-compatible and IPv4-mapped addresses, and NAT64 (64:ff9b::/96, 64:ff9b:1::/48), behind which any IPv4 address may be.
var global6 = netip.MustParsePrefix("2000::/3")

// refused6 are the parts of global6 that lead elsewhere.
var refused6 = prefixes(
	"2001::/23",         // protocol assignments: Teredo, benchmarks, ORCHID
	"2001:db8::/32",     // documentation
	"2002::/16",         // 6to4: an IPv4 address is inside
	"2620:4f:8000::/48", // AS112
	"3fff::/20",         // documentation
)

func prefixes(list ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(list))
	for i, text := range list {
		out[i] = netip.MustParsePrefix(text)
	}
	return out
}

// IsPublic reports whether an address is one on the public Internet. An IPv4 address inside of an IPv6 one (::ffff:0:0/96) is judged as
// IPv4; an address with a zone is none.
func IsPublic(address netip.Addr) bool {
	if !address.IsValid() || address.Zone() != "" {
		return false
	}
	address = address.Unmap()
	refused := refused4
	if address.Is6() {
		if !global6.Contains(address) {
			return false
		}
		refused = refused6
	}
	for _, prefix := range refused {
		if prefix.Contains(address) {
			return false
		}
	}
	return true
}
