package userpool

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// limit says how often something may be tried: free times at once, and then with a wait that doubles each time, up to longest. A key
// that was not used for idle begins anew.
type limit struct {
	name           string
	free           int64
	first, longest time.Duration
	idle           time.Duration
}

// The limits. Each is counted under a key that stands for an address, whether or not it has an account, so that what is answered tells
// nothing, and before the attempt is looked at, so that attempts in parallel count like attempts in a row.
var (
	// limitSignIn is Cognito's lockout, but that a pause of 15 minutes does not give five more guesses: NIST SP 800-63B-4 wants at most
	// 100 failures in a row, and this allows about 100 a day to who never pauses.
	limitSignIn = limit{name: "sign-in", free: 5, first: time.Second, longest: 15 * time.Minute, idle: day}
	// limitCode bounds the guesses of codes over all codes, beside the five for each.
	limitCode = limit{name: "code", free: 15, first: 30 * time.Second, longest: 15 * time.Minute, idle: day}
	// limitMessage bounds the messages to one address.
	limitMessage = limit{name: "message", free: 5, first: time.Minute, longest: time.Hour, idle: 6 * time.Hour}
)

// count takes one attempt from what the limit allows, or returns LimitExceeded.
func (p *Pool) count(ctx context.Context, l limit, subject string) error {
	return p.changeCounter(ctx, l, subject, func(c *Counter) (bool, error) {
		now := p.now()
		// A longer wait was written by a clock that was wrong. Twice the longest leaves room for clocks that just differ.
		if wait := c.Until.Sub(now); wait > 0 && wait <= 2*l.longest {
			return false, limitExceeded(wait)
		}
		if now.Sub(c.Last) >= l.idle {
			c.N = 0
		}
		c.N++
		c.Last = now
		c.Until = time.Time{}
		if over := c.N - l.free; over >= 0 {
			c.Until = now.Add(min(l.first<<min(over, 20), l.longest))
		}
		return true, nil
	})
}

// forget ends a series of failures after a success.
func (p *Pool) forget(ctx context.Context, l limit, subject string) error {
	return p.changeCounter(ctx, l, subject, func(c *Counter) (bool, error) {
		counted := c.N != 0
		c.N, c.Until = 0, time.Time{}
		return counted, nil
	})
}

// changeCounter reads, changes and writes a counter until nobody else did so in between. change tells whether there is something to write.
func (p *Pool) changeCounter(ctx context.Context, l limit, subject string, change func(*Counter) (bool, error)) error {
	key, err := p.counterKey(ctx, l, subject)
	if err != nil {
		return err
	}
	for range 100 {
		c, err := p.store.Counter(ctx, p.id, key)
		if err != nil {
			return unavailable("reading a counter", err)
		}
		if write, err := change(&c); err != nil || !write {
			return err
		}
		err = p.store.PutCounter(ctx, p.id, c)
		if err == nil {
			return nil
		}
		if !errors.Is(err, ErrStale) {
			return unavailable("writing a counter", err)
		}
	}
	return limitExceeded(time.Second)
}

// counterKey hides the address: a dump of the counters names nobody.
func (p *Pool) counterKey(ctx context.Context, l limit, subject string) (string, error) {
	mac, err := p.mac(ctx, "counter", l.name, subject)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s:%x", l.name, mac[:16]), nil
}

func limitExceeded(wait time.Duration) error {
	wait = (wait + time.Second - 1).Truncate(time.Second) // rounded up: who waits that long is not refused again
	return &Error{
		Code: LimitExceeded, RetryAfter: wait,
		Message: fmt.Sprintf("There were too many attempts. Please try again in %s.", speak(wait)),
	}
}

// speak says a duration as a person would.
func speak(d time.Duration) string {
	n, unit := int(d/time.Second), "second"
	if d > time.Minute {
		n, unit = int((d+time.Minute-1)/time.Minute), "minute"
	}
	if n != 1 {
		unit += "s"
	}
	return fmt.Sprintf("%d %s", n, unit)
}
