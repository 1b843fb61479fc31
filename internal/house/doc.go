// Package house holds the rules that all of this module keeps, as tests that read its sources: which package may import which, which
// dependencies may be required, what the README shows and what the module documentation promises. It has no code to import.
package house
