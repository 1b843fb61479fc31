package identitypool

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/stepwell/stepwell/internal/jose"
	"github.com/stepwell/stepwell/internal/keycache"
)

const (
	// keyRotation is the age at which Run replaces the key that signs.
	keyRotation = 90 * 24 * time.Hour
	// keyLead is how long a new signing key is published before it signs, so that whoever holds a copy of the key set, which may be kept
	// for 5 minutes, has it by then.
	keyLead = 15 * time.Minute
	// keyTail is how long a key verifies after another began to sign: the longest life of a token.
	keyTail = maxDeveloperTokenDuration + jose.ClockSkew
	// keyCacheAge bounds how long a process does not see what another one did to the keys, and keyOutage how long if the store does not
	// answer: less than keyLead, so that no process signs on with a key that all others take for the one before.
	keyCacheAge = time.Minute
	keyOutage   = 10 * time.Minute
	// keyMiss is how often a token with an unknown kid, or a store that does not answer, may make a process look again.
	keyMiss = time.Second
)

// keyring has the keys that derive from Config.SessionKey, but for that of session tokens, and the signing keys as the store had them last.
type keyring struct {
	logins, pages, signing *box

	sets *keycache.Cache[keySet]
}

// newKeyring derives the keys of a pool. The first of the session keys is the one that seals.
func newKeyring(sessionKeys [][]byte, pool string) (*keyring, error) {
	k := &keyring{}
	for _, b := range []struct {
		box     **box
		purpose string
	}{{&k.logins, "remembered logins"}, {&k.pages, "page tokens"}, {&k.signing, "signing keys"}} {
		var err error
		if *b.box, err = newBox(sessionKeys, pool, b.purpose); err != nil {
			return nil, err
		}
	}
	return k, nil
}

// keySet is the signing keys at one moment.
type keySet struct {
	stored []SigningKey // all of the pool
	keys   []openKey    // those that were sealed under a session key of this process, the oldest first
}

type openKey struct {
	SigningKey
	private *jose.PrivateKey
}

// current returns the key that signs now: the newest that was published long enough. The first one need not wait.
func (s *keySet) current(now time.Time) openKey {
	for _, k := range slices.Backward(s.keys) {
		if !now.Before(k.Created.Add(keyLead)) {
			return k
		}
	}
	return s.keys[0]
}

// offered returns the keys whose signatures count now.
func (s *keySet) offered(now time.Time) []openKey {
	return slices.DeleteFunc(slices.Clone(s.keys), func(k openKey) bool { return retired(k.SigningKey, now) })
}

func retired(k SigningKey, now time.Time) bool { return !k.Retired.IsZero() && !now.Before(k.Retired) }

// newKeyCache returns what keeps the signing keys, which makes the first one if there is none.
func (p *Pool) newKeyCache() *keycache.Cache[keySet] {
	return keycache.New(keycache.Config[keySet]{
		Load: p.loadKeys, Age: keyCacheAge, Outage: keyOutage, Miss: keyMiss, Now: p.now,
		Stale: func(ctx context.Context, err error) {
			p.logger.WarnContext(ctx, "identitypool: the signing keys could not be read again; those in memory are used", "pool", p.id, "error", err)
		},
	})
}

// keySetNow returns the keys, at most keyCacheAge old, or keyOutage while the store does not answer.
func (p *Pool) keySetNow(ctx context.Context) (*keySet, error) {
	return notWaiting(p.keys.sets.Get(ctx))
}

// keySetSince returns the keys, at most age old.
func (p *Pool) keySetSince(ctx context.Context, age time.Duration) (*keySet, error) {
	return notWaiting(p.keys.sets.Since(ctx, age))
}

func notWaiting(s *keySet, err error) (*keySet, error) {
	if errors.Is(err, keycache.ErrWaiting) {
		return nil, internal("read the signing keys", err)
	}
	return s, err
}

// loadKeys reads the keys, and makes the first one. Two processes may both find none; the store lets one of them add it.
func (p *Pool) loadKeys(ctx context.Context) (*keySet, error) {
	for range changeTries {
		s, err := p.readKeys(ctx)
		if err != nil {
			return nil, err
		}
		if len(s.keys) == 0 {
			err = p.addKey(ctx, s)
			if err == nil {
				s, err = p.readKeys(ctx)
			}
			if errors.Is(err, ErrConflict) {
				continue
			}
			if err != nil {
				return nil, err
			}
		}
		if len(s.keys) == 0 {
			return nil, internal("make a signing key", errors.New("the store does not have what it took"))
		}
		return s, nil
	}
	return nil, internal("make a signing key", ErrConflict)
}

// readKeys reads the keys and opens those that can be opened. Those that were opened before are not opened again.
func (p *Pool) readKeys(ctx context.Context) (*keySet, error) {
	stored, err := p.store.SigningKeys(ctx, p.id)
	if err != nil {
		return nil, internal("read the signing keys", err)
	}
	s := &keySet{stored: stored}
	known := make(map[string]*jose.PrivateKey)
	if old := p.keys.sets.Last(); old != nil {
		for _, k := range old.keys {
			known[k.ID] = k.private
		}
	}
	for _, k := range stored {
		private := known[k.ID]
		if private == nil {
			if private, err = p.openSigningKey(k); err != nil {
				p.logger.WarnContext(ctx, "identitypool: a signing key was left out", "pool", p.id, "key", k.ID, "error", err)
				continue
			}
		}
		s.keys = append(s.keys, openKey{k, private})
	}
	return s, nil
}

func (p *Pool) openSigningKey(k SigningKey) (*jose.PrivateKey, error) {
	raw, ok := p.keys.signing.open(k.Sealed, k.ID)
	if !ok {
		return nil, errors.New("it is sealed under another Config.SessionKey")
	}
	return jose.ParsePrivateKey(raw)
}

// addKey makes a signing key and stores it beside those of s, which are retired in time. Keys that are over are removed. It returns
// ErrConflict if the keys of the store are not those of s any more.
func (p *Pool) addKey(ctx context.Context, s *keySet) error {
	private, err := jose.GenerateKey(jose.RS512, p.random)
	if err != nil {
		return internal("make a signing key", err)
	}
	raw, err := private.Marshal()
	if err != nil {
		return internal("make a signing key", err)
	}
	now := p.now().Truncate(time.Microsecond) // as the store keeps it
	key := SigningKey{ID: private.Public().ID, Created: now}
	if n := len(s.stored); n > 0 && !now.After(s.stored[n-1].Created) {
		key.Created = s.stored[n-1].Created.Add(time.Microsecond) // the order of the keys is that of their times
	}
	if key.Sealed, err = p.keys.signing.seal(raw, key.ID, p.random); err != nil {
		return internal("seal a signing key", err)
	}
	ours := make(map[string]bool)
	for _, k := range s.keys {
		ours[k.ID] = true
	}
	next := p.withoutRetired(s.stored, ours)
	for i := range next {
		if ours[next[i].ID] && next[i].Retired.IsZero() {
			next[i].Retired = now.Add(keyLead + keyTail)
		}
	}
	return p.replaceKeys(ctx, s, append(next, key))
}

// withoutRetired returns the keys that are not over yet. Those that only a process with another session key can open are its own affair,
// until they are so old that there is no such process.
func (p *Pool) withoutRetired(stored []SigningKey, ours map[string]bool) []SigningKey {
	now := p.now()
	return slices.DeleteFunc(slices.Clone(stored), func(k SigningKey) bool {
		return retired(k, now) || !ours[k.ID] && now.Sub(k.Created) > 2*keyRotation
	})
}

func (p *Pool) replaceKeys(ctx context.Context, s *keySet, next []SigningKey) error {
	var old []string
	for _, k := range s.stored {
		old = append(old, k.ID)
	}
	err := p.store.ReplaceSigningKeys(ctx, p.id, old, next)
	if err != nil && !errors.Is(err, ErrConflict) {
		return internal("store the signing keys", err)
	}
	return err
}

// RotateSigningKey makes a new signing key. It is in the key set at once and signs after 15 minutes, when all caches have it; the keys
// before it verify for one more day, which is the longest life of a token. It returns InternalError if the store failed.
func (p *Pool) RotateSigningKey(ctx context.Context) error {
	s, err := p.keySetSince(ctx, 0)
	if err != nil {
		return err
	}
	return p.rotate(ctx, s)
}

// rotate adds the key that follows those of s. Of several processes that found the same keys, one does.
func (p *Pool) rotate(ctx context.Context, s *keySet) error {
	if err := p.addKey(ctx, s); err != nil && !errors.Is(err, ErrConflict) {
		return err
	}
	_, err := p.keySetSince(ctx, 0)
	return err
}

// keepKeys replaces the key that signs when it is old, and removes those that are over. A pool that never signed gets no key by it.
func (p *Pool) keepKeys(ctx context.Context) error {
	s, err := p.readKeys(ctx)
	if err != nil || len(s.keys) == 0 {
		return err
	}
	if newest := s.keys[len(s.keys)-1]; p.now().Sub(newest.Created) >= keyRotation {
		return p.rotate(ctx, s)
	}
	ours := make(map[string]bool)
	for _, k := range s.keys {
		ours[k.ID] = true
	}
	if next := p.withoutRetired(s.stored, ours); len(next) < len(s.stored) {
		if err := p.replaceKeys(ctx, s, next); err != nil && !errors.Is(err, ErrConflict) {
			return err
		}
	}
	return nil
}

// Key returns the public key with this kid and its algorithm, "RS512", to verify tokens of GetOpenIDToken with. It makes the Pool a
// KeySource of package middleware. The error is NotAuthorized if no key of the pool with this kid is valid now, or InternalError.
func (p *Pool) Key(ctx context.Context, kid string) (alg string, key crypto.PublicKey, err error) {
	again := func(ctx context.Context) (*keySet, error) { return p.keySetSince(ctx, keyMiss) }
	for _, read := range []func(context.Context) (*keySet, error){p.keySetNow, again} {
		s, err := read(ctx)
		if err != nil {
			return "", nil, err
		}
		for _, k := range s.offered(p.now()) {
			if k.ID == kid {
				public := k.private.Public()
				return string(public.Algorithm), public.Key, nil
			}
		}
	}
	return "", nil, fail(NotAuthorized, "The token was signed by a key that this pool does not have.")
}

// KeySet returns the public keys as a JWK set (RFC 7517), to be published for others who verify tokens of GetOpenIDToken. It may be cached
// for 5 minutes. The error is InternalError.
func (p *Pool) KeySet(ctx context.Context) ([]byte, error) {
	s, err := p.keySetNow(ctx)
	if err != nil {
		return nil, err
	}
	var keys []jose.PublicKey
	for _, k := range s.offered(p.now()) {
		keys = append(keys, k.private.Public())
	}
	set, err := jose.MarshalKeySet(keys)
	if err != nil {
		return nil, internal("write the key set", fmt.Errorf("pool %s: %w", p.id, err))
	}
	return set, nil
}

// Issuer returns the issuer of the tokens of GetOpenIDToken: Config.Issuer, or what it is by default.
func (p *Pool) Issuer() string { return p.issuer }
