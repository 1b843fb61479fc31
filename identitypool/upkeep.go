package identitypool

import (
	"context"
	"errors"
	"time"
)

// upkeepPeriod is how often Run does the upkeep.
const upkeepPeriod = 15 * time.Minute

// Run does the upkeep until ctx is done, and then returns ctx.Err(): it replaces signing keys when they are 90 days old, and deletes
// revocations, remembered logins and traces of requests that no longer matter, when it begins and every 15 minutes. It is enough that one
// of several processes runs it; more do no harm. A failure is logged, and the upkeep tried again the next time.
func (p *Pool) Run(ctx context.Context) error {
	ticker := time.NewTicker(upkeepPeriod)
	defer ticker.Stop()
	for {
		if err := p.upkeep(ctx); err != nil && ctx.Err() == nil {
			p.logger.ErrorContext(ctx, "identitypool: upkeep failed", "pool", p.id, "error", err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
	}
}

func (p *Pool) upkeep(ctx context.Context) error {
	return errors.Join(p.keepKeys(ctx), p.store.Purge(ctx, p.id, p.now()))
}
