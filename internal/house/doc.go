// Package house holds the rules that all of this module keeps, as tests that read its sources: which package may import which and what
// it links, which dependencies may be required, where the clock and randomness come from and how secrets are compared. It has no code to
// import.
package house
