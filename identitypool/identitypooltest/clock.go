package identitypooltest

import (
	"sync"
	"testing"
	"time"
)

// Clock stands still until the test moves it. It starts at 2030-01-02 03:04:05 UTC. New makes one; it is safe for concurrent use.
type Clock struct {
	t testing.TB

	mu  sync.Mutex
	now time.Time
	// asked is set by Now, detached if the pool asks another clock.
	asked, detached bool
}

func newClock(t testing.TB) *Clock {
	return &Clock{t: t, now: time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)}
}

// attach finds out whether the pool's Now asks this clock, be it by way of another function.
func (c *Clock) attach(now func() time.Time) {
	c.mu.Lock()
	c.asked = false
	c.mu.Unlock()
	now()
	c.mu.Lock()
	c.detached = !c.asked
	c.mu.Unlock()
}

// Now returns what time it is. Give it to whatever judges the times of signatures and tokens, such as sigv4.Config.Now.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked = true
	return c.now
}

// Advance moves the clock on by d, or back if d is negative. It ends the test if the test replaced Config.Now: nothing would move.
func (c *Clock) Advance(d time.Duration) {
	c.t.Helper()
	c.move(func(now time.Time) time.Time { return now.Add(d) })
}

// Set sets the clock to a time, be it before the one that it shows. It ends the test if the test replaced Config.Now.
func (c *Clock) Set(to time.Time) {
	c.t.Helper()
	c.move(func(time.Time) time.Time { return to })
}

func (c *Clock) move(f func(time.Time) time.Time) {
	c.t.Helper()
	c.mu.Lock()
	c.now = f(c.now)
	detached := c.detached
	c.mu.Unlock()
	if detached {
		c.t.Fatalf("identitypooltest: Config.Now was replaced, so that this clock moves nothing: move the other one")
	}
}
