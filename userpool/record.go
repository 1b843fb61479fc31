package userpool

import (
	"context"
	"errors"
	"slices"
	"time"
)

// Record is something that the pool knows by a name, such as a device of a user or an import job.
type Record struct {
	// Kind tells what it is; Key is unique within the kind.
	Kind string
	Key  string
	// Owner is the sub of the user whom the record belongs to and is deleted with, or empty.
	Owner string
	// Data is the pool's; the store does not look into it. It holds no secret in the clear.
	Data []byte
	// Version is counted up by the store with every write.
	Version int64
}

// Clone returns a deep copy.
func (r Record) Clone() Record {
	r.Data = slices.Clone(r.Data)
	return r
}

// changeRecord reads, changes and writes a record until nobody else did so in between. One that is not there is made: change gets it with
// neither owner nor data. change tells whether there is something to write. The error is that of change, or ErrNotFound if the owner is not
// there any more.
func (p *Pool) changeRecord(ctx context.Context, kind, key string, change func(*Record) (bool, error)) error {
	for range 100 {
		r, err := p.store.Record(ctx, p.id, kind, key)
		if errors.Is(err, ErrNotFound) || errors.Is(err, ErrInvalid) {
			r, err = Record{Kind: kind, Key: key}, nil
		}
		if err != nil {
			return unavailable("reading a record", err)
		}
		if write, err := change(&r); err != nil || !write {
			return err
		}
		err = p.store.PutRecord(ctx, p.id, r)
		if err == nil || errors.Is(err, ErrNotFound) {
			return err
		}
		if !errors.Is(err, ErrStale) {
			return unavailable("writing a record", err)
		}
	}
	return limitExceeded(time.Second)
}
