package userpool

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"
)

// AuditEntry is an event of the audit trail.
type AuditEntry struct {
	// Serial is its place in the trail.
	Serial int64
	Time   time.Time
	AuditEvent
	// Hash chains it to the entry before; see AuditHash.
	Hash []byte
}

// ListAuditEventsInput asks for events.
type ListAuditEventsInput struct {
	// Sub wants the events of one user, who may have been deleted since; or Username does, as in AdminGetUser. With neither, all are wanted.
	Sub      string
	Username string
	// Limit is the most events that are wanted: 1 to 60, and 60 by default.
	Limit int
	// NextToken is that of the page before, or empty. It continues a list of the same user only.
	NextToken string
}

// ListAuditEventsOutput is a page of events.
type ListAuditEventsOutput struct {
	Events []AuditEntry
	// NextToken gets the next page; empty on the last.
	NextToken string
}

// ListAuditEvents returns the events of the audit trail, the newest first. It asks for no proof: the application decides who may call it.
// Errors: InvalidParameter; UserNotFound for the Username.
func (p *Pool) ListAuditEvents(ctx context.Context, in ListAuditEventsInput) (ListAuditEventsOutput, error) {
	if in.Sub != "" && in.Username != "" {
		return ListAuditEventsOutput{}, failField(InvalidParameter, "username", "Give a sub or a user name, not both.")
	}
	if in.Username != "" {
		u, err := p.resolve(ctx, in.Username)
		if err != nil {
			return ListAuditEventsOutput{}, err
		}
		in.Sub = u.Sub
	}
	events, next, err := p.auditPage(ctx, auditList{name: "ListAuditEvents", sub: in.Sub, limit: in.Limit, token: in.NextToken})
	return ListAuditEventsOutput{Events: events, NextToken: next}, err
}

// auditList is a list of events of one user, or of all, of some types, or of all.
type auditList struct {
	name, sub string
	types     []EventType
	limit     int
	token     string
}

// auditPage returns a page of a list, the newest first, and the token of the next one.
func (p *Pool) auditPage(ctx context.Context, l auditList) (page []AuditEntry, next string, err error) {
	limit, err := pageLimit(l.limit)
	if err != nil {
		return nil, "", err
	}
	after, err := p.pageAfter(ctx, l.token, l.name, l.sub)
	if err != nil {
		return nil, "", err
	}
	var before int64
	if after != "" {
		if before, err = strconv.ParseInt(after, 10, 64); err != nil {
			return nil, "", fmt.Errorf("userpool: a page token of the pool's own cannot be read: %w", err)
		}
	}
	const batch = 200
	for {
		records, err := p.store.ListAudit(ctx, p.id, AuditQuery{Sub: l.sub, Before: before, Newest: true, Limit: batch})
		if err != nil {
			return nil, "", unavailable("reading the audit trail", err)
		}
		for _, r := range slices.Backward(records) {
			if len(page) == limit {
				next, err := p.pageToken(ctx, strconv.FormatInt(before, 10), l.name, l.sub)
				return page, next, err
			}
			before = r.Serial
			e, err := auditEntryOf(r)
			if err != nil {
				return nil, "", err
			}
			if len(l.types) == 0 || slices.Contains(l.types, e.Type) {
				page = append(page, e)
			}
		}
		if len(records) < batch {
			return page, "", nil
		}
	}
}

func auditEntryOf(r AuditRecord) (AuditEntry, error) {
	e := AuditEntry{Serial: r.Serial, Time: r.Time, Hash: r.Hash}
	if err := json.Unmarshal(r.Event, &e.AuditEvent); err != nil {
		return e, fmt.Errorf("userpool: audit record %d cannot be read; VerifyAuditTrail tells whether it was changed: %w", r.Serial, err)
	}
	return e, nil
}
