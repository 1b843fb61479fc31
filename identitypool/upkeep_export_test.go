package identitypool

import "context"

// Upkeep is what Run does each time.
func (p *Pool) Upkeep(ctx context.Context) error { return p.upkeep(ctx) }
