package domain

import (
	"context"
	"time"
)

// Change says what happened to a domain.
type Change string

const (
	// Gone: the proof is not in the DNS any more. The domain counts until
	// Domain.Until.
	Gone Change = "gone"
	// Back: the proof is there again.
	Back Change = "back"
	// Lapsed: the domain has stopped counting.
	Lapsed Change = "lapsed"
)

// lookTime is how long one question to the DNS may take.
const lookTime = 10 * time.Second

// seen notes that the proof is there.
func (r *record) seen(now time.Time) {
	r.Seen, r.Checked, r.Missing, r.Lapsed = now, now, time.Time{}, false
}

// Recheck looks once for the proofs of all domains that are due. A proof that is
// gone makes its domain stop counting only after Config.Grace; a DNS that cannot
// be asked changes nothing before Config.MaxAge. A domain that has stopped
// counting stays in the directory, and counts again when its proof is back and
// nobody else has claimed it.
//
// Several processes may run it at once. It fails if the store does; what the DNS
// did not answer is told to the Logger.
func (d *Directory) Recheck(ctx context.Context) error {
	return d.each(ctx, func(data []byte, r *record) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		if d.config.Now().Before(r.Checked.Add(d.config.RecheckEvery)) {
			return nil
		}
		return d.recheck(ctx, data, r)
	})
}

// recheck looks for one proof. Where another process was faster, its answer is as
// good.
func (d *Directory) recheck(ctx context.Context, old []byte, r *record) error {
	before := *r
	seen, err := d.look(ctx, r.Owner, r.Domain)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	now := d.config.Now().UTC()
	switch seen {
	case present:
		r.seen(now)
	case absent:
		r.Checked = now
		if r.Missing.IsZero() {
			r.Missing = now
		}
	default:
		d.config.Logger.WarnContext(ctx, "domain: a proof could not be looked for", "domain", r.Domain, "error", err)
	}
	after := d.domain(r)
	r.Lapsed = !after.Counts
	if *r == before {
		return nil
	}
	done, err := d.swap(ctx, r.Domain, old, r)
	if err != nil || !done {
		return err
	}
	switch {
	case r.Lapsed && !before.Lapsed:
		d.changed(ctx, after, Lapsed)
	case !before.Missing.IsZero() && r.Missing.IsZero(), before.Lapsed && !r.Lapsed:
		d.changed(ctx, after, Back)
	case before.Missing.IsZero() && !r.Missing.IsZero():
		d.changed(ctx, after, Gone)
	}
	return nil
}

func (d *Directory) changed(ctx context.Context, now Domain, change Change) {
	d.config.Logger.InfoContext(ctx, "domain: a proof changed", "domain", now.Name, "owner", now.Owner, "change", string(change))
	if d.config.OnChange == nil {
		return
	}
	defer func() {
		if recover() != nil {
			d.config.Logger.ErrorContext(ctx, "domain: OnChange panicked", "domain", now.Name)
		}
	}()
	d.config.OnChange(ctx, now, change)
}

// Run calls Recheck now and then, until ctx is done, and returns ctx's error. One
// process of several is enough to run it; more do no harm.
func (d *Directory) Run(ctx context.Context) error {
	ticker := time.NewTicker(max(d.config.RecheckEvery/24, time.Minute))
	defer ticker.Stop()
	for {
		if err := d.Recheck(ctx); err != nil && ctx.Err() == nil {
			d.config.Logger.ErrorContext(ctx, "domain: looking for proofs failed", "error", err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
	}
}
