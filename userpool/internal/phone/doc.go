// Package phone gives phone numbers one canonical form, that of E.164: a plus sign, the country code and the number, with nothing between
// the digits, such as "+12065550100".
//
// Call [Canonical] on what a person typed before it is stored or looked up, so that all spellings of a number are one alias with one
// lockout. [Mask] makes what may be shown of a number to somebody who has not proved that it is theirs.
//
// Numbers are checked for their form only: that a number is assigned, or has the length that its country uses, is found out by sending
// a code to it. Extensions, which E.164 does not have, are refused.
package phone
