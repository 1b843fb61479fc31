package userpool

import (
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Kinds of Ticket.
const (
	ticketCode       = "authorization-code"
	ticketReplay     = "authorization-code-replay"
	ticketFederation = "federated-sign-in"
	ticketChallenge  = "challenge"
	ticketConfirmed  = "confirmed-sign-up"
	ticketSignOut    = "federated-sign-out"
	ticketOnce       = "used-once"

	ticketProviderSession = "provider-session"
)

// putTicket stores what a secret stands for. The data is sealed under a key made of the secret itself, which is not stored: who reads the
// database reads nothing.
func (p *Pool) putTicket(ctx context.Context, kind, secret string, data any, validity time.Duration) error {
	raw, err := json.Marshal(data)
	if err != nil {
		return fmt.Errorf("userpool: encoding a ticket: %w", err)
	}
	seal, err := ticketSeal(kind, secret)
	if err != nil {
		return err
	}
	sealed, err := seal.Wrap(raw, p.id)
	if err != nil {
		return fmt.Errorf("userpool: sealing a ticket: %w", err)
	}
	err = p.store.PutTicket(ctx, p.id, Ticket{Kind: kind, Hash: hashSecret(secret), Data: sealed, Expires: p.now().Add(validity)})
	return unavailable("storing a ticket", err)
}

// takeTicket uses up a ticket. found is false for an unknown or expired one. used is true if it was taken before: data is filled all the
// same, to be able to undo what the first taker got.
func (p *Pool) takeTicket(ctx context.Context, kind, secret string, data any) (found, used bool, err error) {
	t, err := p.store.TakeTicket(ctx, p.id, kind, hashSecret(secret))
	if errors.Is(err, ErrNotFound) {
		return false, false, nil
	}
	if err != nil {
		return false, false, unavailable("using a ticket", err)
	}
	seal, err := ticketSeal(kind, secret)
	if err != nil {
		return false, false, err
	}
	raw, err := seal.Unwrap(t.Data, p.id)
	if err == nil {
		err = json.Unmarshal(raw, data)
	}
	if err != nil {
		return false, false, fmt.Errorf("userpool: a stored ticket is damaged: %w", err)
	}
	return t.Used || p.now().Before(t.Expires), t.Used, nil
}

func ticketSeal(kind, secret string) (KeyWrapper, error) {
	key, err := hkdf.Key(sha256.New, []byte(secret), nil, "stepwell userpool ticket "+kind, 32)
	if err != nil {
		return nil, fmt.Errorf("userpool: %w", err)
	}
	return NewKeyWrapper(key)
}
