package identitypool

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"math"
	"time"
)

// loginMemory is how long the claims of a token that can be used once are remembered between two calls.
const loginMemory = 5 * time.Minute

// claimsOf verifies a token. One that can be used once is verified the first time, and remembered for the call that takes it, which uses it
// up. Of many that take it at once, one gets it.
func (p *Pool) claimsOf(ctx context.Context, from *provider, token string, take bool) (claims map[string]any, err error) {
	if from.singleUse && take {
		if claims, err = p.recall(ctx, from, token); err != nil || claims != nil {
			return claims, err
		}
	}
	err = p.guarded(ctx, "VerifyLogin", func() (err error) {
		claims, err = from.verifier.VerifyLogin(ctx, token)
		return err
	})
	if err == nil && from.singleUse && !take {
		err = p.remember(ctx, from, token, claims)
	}
	return claims, err
}

// remember keeps the claims of a token until they are taken. The store has neither the token nor, in the open, the claims.
func (p *Pool) remember(ctx context.Context, from *provider, token string, claims map[string]any) error {
	raw, err := json.Marshal(claims)
	if err != nil {
		return internal("remember a login", err)
	}
	now := p.now()
	expires := now.Add(loginMemory)
	if end, ok := timeOf(claims["exp"]); ok && end.Before(expires) {
		expires = end
	}
	if !expires.After(now) {
		return nil
	}
	key := loginKey(from.name, token)
	sealed, err := p.keys.logins.seal(raw, key, p.random)
	if err != nil {
		return internal("remember a login", err)
	}
	err = p.store.CreateTicket(ctx, p.id, Ticket{Key: key, Value: sealed, Expires: expires}, now)
	if err != nil && !errors.Is(err, ErrExists) { // the verifier accepted the token a second time: it is remembered already
		return internal("remember a login", err)
	}
	return nil
}

// recall takes what remember kept. It returns nil if there is nothing, which is also the case for what a process with another
// Config.SessionKey kept.
func (p *Pool) recall(ctx context.Context, from *provider, token string) (map[string]any, error) {
	key := loginKey(from.name, token)
	ticket, err := p.store.TakeTicket(ctx, p.id, key, p.now())
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, internal("take a remembered login", err)
	}
	raw, ok := p.keys.logins.open(ticket.Value, key)
	if !ok {
		return nil, nil
	}
	var claims map[string]any
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	if err := decoder.Decode(&claims); err != nil {
		return nil, internal("read a remembered login", err)
	}
	return claims, nil
}

// loginKey is the key of the ticket of a token.
func loginKey(provider, token string) string {
	h := sha256.New()
	var size [8]byte
	binary.BigEndian.PutUint64(size[:], uint64(len(provider)))
	h.Write(size[:])
	h.Write([]byte(provider))
	h.Write([]byte(token))
	return "login:" + base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}

// timeOf reads a NumericDate as decoders of JSON and verifiers give it.
func timeOf(claim any) (time.Time, bool) {
	seconds := math.NaN()
	switch claim := claim.(type) {
	case json.Number:
		if f, err := claim.Float64(); err == nil {
			seconds = f
		}
	case float64:
		seconds = claim
	case int64:
		seconds = float64(claim)
	case int:
		seconds = float64(claim)
	}
	if !(seconds >= 0 && seconds < 1<<40) {
		return time.Time{}, false
	}
	return time.Unix(int64(seconds), 0), true
}
