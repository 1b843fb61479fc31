package memstore

import (
	"context"
	"slices"

	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/internal/storecheck"
)

// AppendAudit implements userpool.AuditStore.
func (s *Store) AppendAudit(ctx context.Context, pool string, records []userpool.AuditRecord) error {
	records, err := storecheck.Audit(pool, records)
	if err != nil {
		return err
	}
	return s.write(ctx, pool, func(p *state) error {
		if len(records) > 0 && records[0].Serial != p.lastAudit().Serial+1 {
			return userpool.ErrStale
		}
		p.audit = append(p.audit, records...)
		return nil
	})
}

// lastAudit returns the last record, or a zero one.
func (p *state) lastAudit() userpool.AuditRecord {
	if len(p.audit) == 0 {
		return userpool.AuditRecord{}
	}
	return p.audit[len(p.audit)-1]
}

// LastAudit implements userpool.AuditStore.
func (s *Store) LastAudit(ctx context.Context, pool string) (r userpool.AuditRecord, err error) {
	err = s.read(ctx, pool, func(p *state) error {
		r = p.lastAudit().Clone()
		return nil
	})
	return r, err
}

// ListAudit implements userpool.AuditStore.
func (s *Store) ListAudit(ctx context.Context, pool string, q userpool.AuditQuery) (records []userpool.AuditRecord, err error) {
	q, found, err := storecheck.AuditQuery(pool, q)
	if err != nil || !found {
		return nil, err
	}
	err = s.read(ctx, pool, func(p *state) error {
		all := slices.Values(p.audit)
		if q.Newest {
			all = func(yield func(userpool.AuditRecord) bool) {
				for _, r := range slices.Backward(p.audit) {
					if !yield(r) {
						return
					}
				}
			}
		}
		for r := range all {
			if len(records) == q.Limit {
				break
			}
			if r.Serial > q.After && r.Serial < q.Before && (q.Sub == "" || q.Sub == r.Sub) {
				records = append(records, r.Clone())
			}
		}
		return nil
	})
	if q.Newest {
		slices.Reverse(records)
	}
	return records, err
}

// DeleteAudit implements userpool.AuditStore.
func (s *Store) DeleteAudit(ctx context.Context, pool string, through int64) (n int, err error) {
	err = s.write(ctx, pool, func(p *state) error {
		// The last record tells where the trail goes on, and what the next one is chained to.
		for n < len(p.audit)-1 && p.audit[n].Serial <= through {
			n++
		}
		p.audit = slices.Delete(p.audit, 0, n)
		return nil
	})
	return n, err
}
