//go:build race

package saml_test

// slowdown is what the race detector costs.
const slowdown = 10
