// Package recoverycode has the codes that a person prints and keeps, for the day when their other factors are gone.
//
// [New] makes a set of codes such as "7KQF-93ZW-M0XD-4RTA" to show once. [Normalize] brings back what a person has typed to that form, by
// which a code is then found. A code has 16 symbols of 32, so 80 bits: more than the 64 below which NIST SP 800-63B asks for a limit on
// attempts. Store a MAC of each under a key that is kept elsewhere; with a hash alone NIST asks for a slow one below 112 bits. That a code
// is used once only is for the caller's store to see to.
//
// The symbols are Crockford's base32: digits and capital letters without I, L, O and U. A person who reads 1 as I or L, or 0 as O, is
// understood.
package recoverycode
