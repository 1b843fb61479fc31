// Package outbound is for requests to addresses that somebody else has chosen. [CheckURL] judges such an address when it is learned,
// [NewClient] makes the client that asks there, and [ReadAtMost] reads the answer: with a longest time and a greatest length, without
// redirects and cookies. With [PublicOnly] as its transport a client reaches hosts on the public Internet and nothing else.
//
// Whether an address is public is decided when the connection is made, about the very address that is dialed ([IsPublic]). A look at
// the name beforehand would prove nothing: its owner can let it name another address a moment later.
package outbound
