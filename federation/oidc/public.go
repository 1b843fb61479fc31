package oidc

import (
	"net/http"

	"github.com/stepwell/stepwell/internal/outbound"
)

// PublicOnly returns a transport for Config.HTTPClient that connects to addresses
// on the public Internet only. Use it where people other than the operator may
// register providers: their metadata names the URLs that this server then
// requests, and without it they could name hosts in the operator's own network.
//
//	HTTPClient: &http.Client{Transport: oidc.PublicOnly()}
//
// The address is judged when it is dialed, after the name was looked up, so a name
// that changes its address gains nothing. Refused are loopback, private,
// link-local, shared (RFC 6598), multicast, reserved and documentation addresses,
// the addresses at which clouds have their metadata, the same inside of IPv6, and
// everything behind NAT64 and 6to4. No proxy is used, whatever the environment
// says. Each call returns a transport of its own, whose fields may be set before
// its first use, except those that dial.
func PublicOnly() *http.Transport { return outbound.PublicOnly() }
