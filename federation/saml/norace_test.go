//go:build !race

package saml_test

const slowdown = 1
