//go:build race

package policy

// slowdown is how many times longer the race detector lets things take.
const slowdown = 10
