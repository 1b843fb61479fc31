// Package outbound is the transport for requests to addresses that somebody else has chosen: [PublicOnly] reaches hosts on the public
// Internet and nothing else.
//
// Whether an address is public is decided when the connection is made, about the very address that is dialed ([IsPublic]). A look at
// the name beforehand would prove nothing: its owner can let it name another address a moment later.
package outbound
