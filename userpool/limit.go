package userpool

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// limit says how often something may be tried.
//
// Without refill it is meant for one account: free times at once, and then with a wait that doubles each time, up to longest. A key that
// was not used for idle begins anew. With refill it is meant for what many people share: free times at once, and then once every refill; an
// attempt that turns out well is given back.
type limit struct {
	name           string
	free           int64
	first, longest time.Duration
	idle           time.Duration
	refill         time.Duration
	// network is what the attempt is counted for as well, under the network that it came from.
	network *limit
	// own gives those who come from where the user signed in before a count of their own; see Pool.countedAs.
	own bool
}

// The limits. Each is counted under a key that stands for an address, whether or not it has an account, so that what is answered tells
// nothing, and before the attempt is looked at, so that attempts in parallel count like attempts in a row.
//
// What they allow together, to who never pauses:
//
//   - Against one account, by all networks in which its user never signed in: limitSignIn, which is about 100 guesses a day. NIST SP
//     800-63B-4, 3.2.2, wants at most 100 failures in a row. What begins it anew is a success from such a network, and not those from
//     where the user always is.
//   - Against one account, from a network, or with the key of a device, that its user signed in from within 90 days: as many again for
//     each. A profile has at most ten of either, so this takes who is in those networks. It is what keeps a stranger from shutting the user
//     out: the user's own count is not touched by what strangers do.
//   - From one network, against all accounts together: 300 failures at once and 100 an hour. Offices share an address, and so do the
//     customers of a mobile network: hence so many, hence the refill instead of a wait that grows, and hence each success gives back what
//     it took, no more: who signs in to an account of their own in between has as many guesses as before.
//
// Only who is in a network of the user can tell, by having failed elsewhere often enough, that the user's count is another one there, and
// so that there is such a user. From everywhere else a name that nobody has is counted like one that somebody has.
var (
	// limitSignIn is Cognito's lockout, but that a pause of 15 minutes does not give five more guesses.
	limitSignIn = limit{name: "sign-in", free: 5, first: time.Second, longest: 15 * time.Minute, idle: day, network: &networkGuesses, own: true}
	// limitCode bounds the guesses of codes over all codes, beside the five for each.
	limitCode = limit{name: "code", free: 15, first: 30 * time.Second, longest: 15 * time.Minute, idle: day, network: &networkGuesses}
	// limitMessage bounds the messages to one address, and those that one user has sent to addresses of their own.
	limitMessage = limit{name: "message", free: 5, first: time.Minute, longest: time.Hour, idle: 6 * time.Hour, network: &networkMessages}

	// networkGuesses and networkMessages are for networks.
	networkGuesses  = limit{name: "network-guesses", free: 300, refill: 36 * time.Second}
	networkMessages = limit{name: "network-messages", free: 300, refill: 12 * time.Second}
)

// countAttempt takes one attempt of somebody from what the limit allows for the subject, and for the network that they come from. The
// error is LimitExceeded.
func (p *Pool) countAttempt(ctx context.Context, l limit, subject string, from UserContextData) error {
	_, err := p.countFrom(ctx, l, subject, from, "")
	return err
}

// countProof is countAttempt for a proof in a sign-in. What was counted is given back when it turns out right and the sign-in ends well;
// see forgetFailures.
func (p *Pool) countProof(ctx context.Context, s *signIn) error {
	wait, err := p.countFrom(ctx, limitSignIn, s.Subject, s.Context, s.DeviceKey)
	s.counted, s.wait = err == nil, wait
	return err
}

// countFrom returns how long it is to the next attempt.
func (p *Pool) countFrom(ctx context.Context, l limit, subject string, from UserContextData, device string) (time.Duration, error) {
	if l.own {
		var err error
		if subject, err = p.countedAs(ctx, subject, from, device); err != nil {
			return 0, err
		}
	}
	block := from.network()
	if l.network == nil || block == "" {
		return p.count(ctx, l, subject)
	}
	if _, err := p.count(ctx, *l.network, block); err != nil {
		return 0, err
	}
	wait, err := p.count(ctx, l, subject)
	if errors.Is(err, LimitExceeded) { // nothing is looked at: who knocks at one locked account does not shut out a whole office
		p.giveBack(ctx, *l.network, from, 1)
	}
	return wait, err
}

// giveBack returns attempts that turned out well to the network that they came from.
func (p *Pool) giveBack(ctx context.Context, l limit, from UserContextData, n int64) {
	block := from.network()
	if block == "" || n == 0 {
		return
	}
	p.logFailure(ctx, "an attempt could not be given back to a network", p.uncount(ctx, l, block, n))
}

// uncount takes attempts that turned out well out of a count. Those that failed before them stay counted.
func (p *Pool) uncount(ctx context.Context, l limit, subject string, n int64) error {
	return p.changeCounter(ctx, l, subject, func(c *Counter) (bool, error) {
		counted := c.N > 0
		c.N, c.Until = max(0, c.N-n), time.Time{}
		return counted, nil
	})
}

// uncountProof gives back at once what countProof counted, of the account and of the network, where a sign-in has several proofs of one kind.
func (p *Pool) uncountProof(ctx context.Context, s *signIn) error {
	subject, err := p.countedAs(ctx, s.Subject, s.Context, s.DeviceKey)
	if err != nil {
		return err
	}
	s.counted = false
	p.giveBack(ctx, networkGuesses, s.Context, 1)
	return p.uncount(ctx, limitSignIn, subject, 1)
}

// forgetFailures ends the series of failures of the user of a sign-in, where it came from, and gives back the proofs that were right.
func (p *Pool) forgetFailures(ctx context.Context, s *signIn) error {
	if s.Subject == "" {
		return nil
	}
	subject, err := p.countedAs(ctx, s.Subject, s.Context, s.DeviceKey)
	if err != nil {
		return err
	}
	if err := p.forget(ctx, limitSignIn, subject); err != nil {
		return err
	}
	p.giveBack(ctx, networkGuesses, s.Context, s.Proofs)
	s.Proofs = 0
	return nil
}

// forgetLockout ends the lockout of an account: of who comes from here, and of strangers.
func (p *Pool) forgetLockout(ctx context.Context, subject string, from UserContextData) error {
	here, err := p.countedAs(ctx, subject, from, "")
	if err == nil && here != subject {
		err = p.forget(ctx, limitSignIn, here)
	}
	return errors.Join(err, p.forget(ctx, limitSignIn, subject))
}

// count takes one attempt from what the limit allows and returns how long it is to the next, or returns LimitExceeded.
func (p *Pool) count(ctx context.Context, l limit, subject string) (wait time.Duration, err error) {
	err = p.changeCounter(ctx, l, subject, func(c *Counter) (bool, error) {
		now := p.now()
		if l.refill > 0 {
			wait = c.drawn(l, now)
		} else {
			wait = c.waiting(l, now)
		}
		if wait > 0 {
			return false, limitExceeded(wait)
		}
		c.N++
		if l.refill > 0 {
			return true, nil
		}
		c.Last, c.Until = now, time.Time{}
		if over := c.N - l.free; over >= 0 {
			wait = min(l.first<<min(over, 20), l.longest)
			c.Until = now.Add(wait)
		}
		return true, nil
	})
	return wait, err
}

// waiting returns how long it is to the next attempt of a series, which is over after a pause.
func (c *Counter) waiting(l limit, now time.Time) time.Duration {
	// A longer wait was written by a clock that was wrong. Twice the longest leaves room for clocks that just differ.
	if wait := c.Until.Sub(now); wait > 0 && wait <= 2*l.longest {
		return wait
	}
	if now.Sub(c.Last) >= l.idle {
		c.N = 0
	}
	return 0
}

// drawn refills a counter and returns how long it is until there is something to draw. Last is the time up to which it was refilled.
func (c *Counter) drawn(l limit, now time.Time) time.Duration {
	const skew = 15 * time.Minute
	refilled := int64(now.Sub(c.Last) / l.refill)
	switch {
	case refilled >= c.N, c.Last.Sub(now) > skew: // full again, or written by a clock that was wrong
		c.N, c.Last = 0, now
	case refilled > 0:
		c.N, c.Last = c.N-refilled, c.Last.Add(time.Duration(refilled)*l.refill)
	}
	if c.N < l.free {
		return 0
	}
	return c.Last.Add(l.refill).Sub(now)
}

// forget ends a series of failures after a success.
func (p *Pool) forget(ctx context.Context, l limit, subject string) error {
	return p.changeCounter(ctx, l, subject, func(c *Counter) (bool, error) {
		counted := c.N != 0
		c.N, c.Until = 0, time.Time{}
		return counted, nil
	})
}

// countSMS takes one text message from what the whole pool may send.
func (p *Pool) countSMS(ctx context.Context) error {
	n := int64(p.settings.MaxSMSPerHour)
	_, err := p.count(ctx, limit{name: "sms", free: n, refill: time.Hour / time.Duration(n)}, "")
	return err
}

// changeCounter reads, changes and writes a counter until nobody else did so in between. change tells whether there is something to write.
// Within a process one caller at a time changes a counter: hundreds of people of one office do not drive each other out of their turns.
func (p *Pool) changeCounter(ctx context.Context, l limit, subject string, change func(*Counter) (bool, error)) error {
	key, err := p.counterKey(ctx, l, subject)
	if err != nil {
		return err
	}
	done, err := p.counting.lock(ctx, key)
	if err != nil {
		return unavailable("waiting for a counter", err)
	}
	defer done()
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

// turns lets one caller at a time do something with a key. The zero value is ready.
type turns struct {
	mu   sync.Mutex
	keys map[string]*turn
}

type turn struct {
	taken   chan struct{}
	callers int
}

// lock waits for the turn, or until ctx is done. done ends the turn.
func (t *turns) lock(ctx context.Context, key string) (done func(), err error) {
	t.mu.Lock()
	if t.keys == nil {
		t.keys = map[string]*turn{}
	}
	k := t.keys[key]
	if k == nil {
		k = &turn{taken: make(chan struct{}, 1)}
		t.keys[key] = k
	}
	k.callers++
	t.mu.Unlock()
	leave := func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if k.callers--; k.callers == 0 {
			delete(t.keys, key)
		}
	}
	select {
	case k.taken <- struct{}{}:
		return func() { <-k.taken; leave() }, nil
	case <-ctx.Done():
		leave()
		return nil, ctx.Err()
	}
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
