package memstore

import (
	"context"

	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/internal/storecheck"
)

// Record implements userpool.RecordStore.
func (s *Store) Record(ctx context.Context, pool, kind, key string) (r userpool.Record, err error) {
	err = s.read(ctx, pool, func(p *state) error {
		found, ok := p.records[recordName{kind, key}]
		if !ok {
			return userpool.ErrNotFound
		}
		r = found.Clone()
		return nil
	})
	return r, err
}

// PutRecord implements userpool.RecordStore.
func (s *Store) PutRecord(ctx context.Context, pool string, r userpool.Record) error {
	r, err := storecheck.Record(pool, r)
	if err != nil {
		return err
	}
	name := recordName{r.Kind, r.Key}
	return s.write(ctx, pool, func(p *state) error {
		old, ok := p.records[name]
		_, isUser := p.users[r.Owner]
		switch {
		case old.Version != r.Version: // 0 for one that is not there
			return userpool.ErrStale
		case ok && old.Owner != r.Owner:
			return storecheck.OwnerChanged()
		case r.Owner != "" && !isUser:
			return userpool.ErrNotFound
		}
		r.Version++
		p.records[name] = r
		return nil
	})
}

// DeleteRecord implements userpool.RecordStore.
func (s *Store) DeleteRecord(ctx context.Context, pool, kind, key string) error {
	return s.write(ctx, pool, func(p *state) error {
		if _, ok := p.records[recordName{kind, key}]; !ok {
			return userpool.ErrNotFound
		}
		delete(p.records, recordName{kind, key})
		return nil
	})
}

// ListRecords implements userpool.RecordStore.
func (s *Store) ListRecords(ctx context.Context, pool, kind, owner, after string, limit int) (records []userpool.Record, err error) {
	err = s.read(ctx, pool, func(p *state) error {
		keys := func(yield func(string) bool) {
			for name, r := range p.records {
				if name.kind == kind && (owner == "" || r.Owner == owner) && !yield(name.key) {
					return
				}
			}
		}
		for _, key := range page(keys, after, limit) {
			records = append(records, p.records[recordName{kind, key}].Clone())
		}
		return nil
	})
	return records, err
}
