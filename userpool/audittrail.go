package userpool

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"
)

// auditTime is how long an operation waits at most for its event to be stored.
const auditTime = 5 * time.Second

// auditTrail writes events to the store. Those of operations that end while others are being written are written together, by one of the
// callers, in one act of the store: no goroutine is needed, and many operations at once take about as long as two.
type auditTrail struct {
	mu      sync.Mutex
	waiting []*auditEntry
	// writing is full while somebody writes; who has it may look at last.
	writing chan struct{}
	// last is the end of the trail, as far as this process knows; zero if it must be read.
	last AuditRecord
}

// auditEntry is an event that waits to be written.
type auditEntry struct {
	record  AuditRecord
	written chan error // buffered
}

func newAuditTrail() *auditTrail { return &auditTrail{writing: make(chan struct{}, 1)} }

// storeAudit writes an event to the store. It goes on when the caller of the operation has gone away: what was done is to be noted all the
// same.
func (p *Pool) storeAudit(ctx context.Context, e AuditEvent) error {
	raw, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("userpool: encoding an audit event: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), auditTime)
	defer cancel()
	entry := &auditEntry{record: AuditRecord{Time: p.now(), Sub: e.Sub, Event: raw}, written: make(chan error, 1)}
	t := p.trail
	t.add(entry)
	select {
	case err := <-entry.written:
		return err
	case t.writing <- struct{}{}:
		defer func() { <-t.writing }()
		return p.writeAudit(ctx, t, entry)
	case <-ctx.Done():
		if t.remove(entry) {
			return ctx.Err()
		}
		return <-entry.written // whoever took it has not much longer
	}
}

func (t *auditTrail) add(e *auditEntry) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.waiting = append(t.waiting, e)
}

// take returns some of what waits, in the order of its coming.
func (t *auditTrail) take() []*auditEntry {
	const most = 256
	t.mu.Lock()
	defer t.mu.Unlock()
	n := min(most, len(t.waiting))
	batch := slices.Clone(t.waiting[:n])
	t.waiting = slices.Delete(t.waiting, 0, n)
	return batch
}

// remove tells whether an entry still waited.
func (t *auditTrail) remove(e *auditEntry) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	i := slices.Index(t.waiting, e)
	if i >= 0 {
		t.waiting = slices.Delete(t.waiting, i, i+1)
	}
	return i >= 0
}

// writeAudit writes what waits until an entry of the caller, who has t.writing, is written. What comes later is for the next caller.
func (p *Pool) writeAudit(ctx context.Context, t *auditTrail, entry *auditEntry) error {
	for {
		select {
		case err := <-entry.written:
			return err
		default:
		}
		batch := t.take()
		err := p.appendAudit(ctx, t, batch)
		for _, e := range batch {
			e.written <- err
		}
	}
}

// appendAudit chains a batch to the end of the trail. Another process may have been there first: then it is chained to what that one wrote.
func (p *Pool) appendAudit(ctx context.Context, t *auditTrail, batch []*auditEntry) (err error) {
	for try := range 50 {
		if t.last.Serial == 0 {
			if t.last, err = p.store.LastAudit(ctx, p.id); err != nil {
				return unavailable("reading the end of the audit trail", err)
			}
		}
		records := p.chain(t.last, batch)
		err = p.store.AppendAudit(ctx, p.id, records)
		if err == nil {
			t.last = records[len(records)-1]
			return nil
		}
		t.last = AuditRecord{} // also after a failure of which nobody knows how it ended
		if !errors.Is(err, ErrStale) {
			return unavailable("writing the audit trail", err)
		}
		if err := sleep(ctx, min(time.Millisecond<<min(try, 10), 50*time.Millisecond)); err != nil {
			return unavailable("writing the audit trail", err)
		}
	}
	return unavailable("writing the audit trail", err)
}

// chain gives the records of a batch their serials and hashes.
func (p *Pool) chain(last AuditRecord, batch []*auditEntry) []AuditRecord {
	previous := last.Hash
	if last.Serial == 0 {
		previous = noAudit
	}
	records := make([]AuditRecord, len(batch))
	for i, e := range batch {
		r := e.record
		r.Serial = last.Serial + int64(i) + 1
		r.Hash = AuditHash(p.id, r, previous)
		previous, records[i] = r.Hash, r
	}
	return records
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// keepAudit is the upkeep of the trail: it deletes what is older than Settings.AuditRetention, and writes the head to the log.
func (p *Pool) keepAudit(ctx context.Context) error {
	err := p.purgeAudit(ctx)
	last, lastErr := p.store.LastAudit(ctx, p.id)
	if lastErr == nil && last.Serial > 0 {
		p.log.InfoContext(ctx, "userpool: the head of the audit trail", "pool", p.id, "head", AuditHead{last.Serial, last.Hash}.String())
	}
	return errors.Join(err, lastErr)
}

// purgeAudit deletes the oldest records. Before that it notes, in the trail, what the first of those that remain is chained to: it can be
// verified like all others.
func (p *Pool) purgeAudit(ctx context.Context) error {
	if p.settings.AuditRetention == 0 {
		return nil
	}
	before := p.now().Add(-p.settings.AuditRetention)
	var old AuditRecord
	err := eachAudit(ctx, p.store, p.id, func(r AuditRecord) (bool, error) {
		if !r.Time.Before(before) {
			return false, nil
		}
		old = r
		return true, nil
	})
	if err != nil || old.Serial == 0 {
		return err
	}
	err = p.storeAudit(ctx, AuditEvent{
		Type: EventAuditPurge, Operation: "Run", Details: map[string]string{"through": strconv.FormatInt(old.Serial, 10), "hash": hex.EncodeToString(old.Hash)},
	})
	if err != nil {
		return err
	}
	_, err = p.store.DeleteAudit(ctx, p.id, old.Serial)
	return unavailable("deleting old audit records", err)
}
