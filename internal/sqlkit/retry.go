package sqlkit

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"time"
)

const (
	maxAttempts = 50
	maxElapsed  = 10 * time.Second
	firstPause  = 2 * time.Millisecond
	longPause   = 200 * time.Millisecond
)

// retry runs act until it succeeds, fails for good, or the tries are used up.
func retry(ctx context.Context, act func() error) error {
	var began time.Time
	pause := firstPause
	for attempt := 1; ; attempt++ {
		err := act()
		if !isRetryable(err) {
			return err
		}
		if began.IsZero() {
			began = time.Now()
		}
		if attempt >= maxAttempts || time.Since(began) >= maxElapsed {
			return fmt.Errorf("%w (tried %d times): %w", ErrBusy, attempt, err)
		}
		if err := sleep(ctx, jitter(pause)); err != nil {
			return err
		}
		pause = min(2*pause, longPause)
	}
}

// jitter returns a random duration between a quarter of d and d, so that those who collided do not collide again.
func jitter(d time.Duration) time.Duration {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails, see crypto/rand
	return d/4 + time.Duration(binary.LittleEndian.Uint64(b[:])%uint64(d-d/4))
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
