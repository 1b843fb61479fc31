package userpool

import (
	"context"
	"crypto"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/stepwell/stepwell/internal/jose"
)

const (
	// keyLead is how long a new signing key is published before it signs, so that whoever holds a copy of the key set has a new one by
	// then; the key set may be kept for keySetAge.
	keyLead   = 15 * time.Minute
	keySetAge = 5 * time.Minute
	// keyCacheAge bounds how long a process does not see what another one did to the keys.
	keyCacheAge = time.Minute
	// keyMiss is how often a token with an unknown kid may make a process look again.
	keyMiss = time.Second
	// keyTail is how long a key verifies after another began to sign: the longest life of a token.
	keyTail = day + jose.ClockSkew
)

// keyring is the pool's keys as they were at one moment.
type keyring struct {
	loaded  time.Time
	signing []signingKey // by Serial
	secret  []byte       // of the MACs
}

type signingKey struct {
	private    *jose.PrivateKey
	public     jose.PublicKey
	serial     int64
	created    time.Time
	activeFrom time.Time
}

// keyCache holds the last keyring. Reading it takes no lock; one caller at a time loads a new one.
type keyCache struct {
	ring    atomic.Pointer[keyring]
	loading *semaphore.Weighted
}

// fresh returns the keyring if it is younger than age.
func (c *keyCache) fresh(now time.Time, age time.Duration) *keyring {
	if r := c.ring.Load(); r != nil && now.Sub(r.loaded) < age && !now.Before(r.loaded) {
		return r
	}
	return nil
}

// current returns the key that signs now.
func (r *keyring) current(now time.Time) (signingKey, bool) {
	for _, k := range slices.Backward(r.signing) {
		if !now.Before(k.activeFrom) {
			return k, true
		}
	}
	return signingKey{}, false
}

// valid returns the keys whose signatures count now: the current one, those to come, and those before it whose tokens may still live.
func (r *keyring) valid(now time.Time) []signingKey {
	var out []signingKey
	for i, k := range r.signing {
		if i+1 < len(r.signing) && !now.Before(r.signing[i+1].activeFrom.Add(keyTail)) {
			continue
		}
		out = append(out, k)
	}
	return out
}

// ring returns the keys, at most keyCacheAge old, making the first ones if there are none.
func (p *Pool) ring(ctx context.Context) (*keyring, error) { return p.ringSince(ctx, keyCacheAge) }

func (p *Pool) ringSince(ctx context.Context, age time.Duration) (*keyring, error) {
	if r := p.keys.fresh(p.now(), age); r != nil {
		return r, nil
	}
	if err := p.keys.loading.Acquire(ctx, 1); err != nil {
		return nil, unavailable("waiting for the keys", err)
	}
	defer p.keys.loading.Release(1)
	if r := p.keys.fresh(p.now(), age); r != nil {
		return r, nil
	}
	r, err := p.loadKeys(ctx)
	if err != nil {
		return nil, err
	}
	p.keys.ring.Store(r)
	return r, nil
}

// loadKeys reads the keys, and makes what is missing. Two processes may both find a key missing; the store lets one of them add it.
func (p *Pool) loadKeys(ctx context.Context) (*keyring, error) {
	for range 10 {
		sealed, err := p.store.Keys(ctx, p.id)
		if err != nil {
			return nil, unavailable("reading the keys", err)
		}
		r, err := p.unsealKeys(sealed)
		if err != nil {
			return nil, err
		}
		switch {
		case r.secret == nil:
			err = p.addSecret(ctx)
		case len(r.signing) == 0:
			err = p.addSigningKey(ctx, 1, p.now())
		default:
			return r, nil
		}
		if err != nil && !errors.Is(err, ErrExists) {
			return nil, err
		}
	}
	return nil, errors.New("userpool: the store takes no key, and yet says that it is there")
}

func (p *Pool) unsealKeys(sealed []SealedKey) (*keyring, error) {
	r := &keyring{loaded: p.now()}
	known := map[string]signingKey{}
	if old := p.keys.ring.Load(); old != nil {
		for _, k := range old.signing {
			known[k.public.ID] = k
		}
	}
	for _, s := range sealed {
		if k, ok := known[s.ID]; ok && s.Use == KeyUseSignature {
			r.signing = append(r.signing, k)
			continue
		}
		raw, err := p.wrapper.Unwrap(s.Sealed, p.keyLabel(s.Use, s.ID))
		if err != nil {
			return nil, fmt.Errorf("userpool: opening key %s of pool %s: %w", s.ID, p.id, err)
		}
		if s.Use == KeyUseMAC {
			r.secret = raw
			continue
		}
		private, err := jose.ParsePrivateKey(raw)
		if err != nil {
			return nil, fmt.Errorf("userpool: key %s of pool %s: %w", s.ID, p.id, err)
		}
		r.signing = append(r.signing, signingKey{
			private: private, public: private.Public(), serial: s.Serial, created: s.Created, activeFrom: s.ActiveFrom,
		})
	}
	return r, nil
}

// keyLabel binds a sealed key to its pool, use and ID, so that none can be put in another's place.
func (p *Pool) keyLabel(use, id string) string { return "userpool/" + p.id + "/" + use + "/" + id }

func (p *Pool) addSecret(ctx context.Context) error {
	secret := make([]byte, 32)
	if _, err := io.ReadFull(p.rand, secret); err != nil {
		return fmt.Errorf("userpool: reading random bytes: %w", err)
	}
	const id = "mac-1"
	wrapped, err := p.wrapper.Wrap(secret, p.keyLabel(KeyUseMAC, id))
	if err != nil {
		return fmt.Errorf("userpool: sealing a key: %w", err)
	}
	err = p.store.AddKey(ctx, p.id, SealedKey{ID: id, Use: KeyUseMAC, Serial: 1, Sealed: wrapped, Created: p.now(), ActiveFrom: p.now()})
	return addKeyError(err)
}

func (p *Pool) addSigningKey(ctx context.Context, serial int64, activeFrom time.Time) error {
	private, err := jose.GenerateKey(jose.Algorithm(p.settings.SigningAlgorithm), p.rand)
	if err != nil {
		return fmt.Errorf("userpool: making a signing key: %w", err)
	}
	raw, err := private.Marshal()
	if err != nil {
		return fmt.Errorf("userpool: making a signing key: %w", err)
	}
	public := private.Public()
	wrapped, err := p.wrapper.Wrap(raw, p.keyLabel(KeyUseSignature, public.ID))
	if err != nil {
		return fmt.Errorf("userpool: sealing a key: %w", err)
	}
	set, err := jose.MarshalKeySet([]jose.PublicKey{public})
	if err != nil {
		return fmt.Errorf("userpool: making a signing key: %w", err)
	}
	err = p.store.AddKey(ctx, p.id, SealedKey{
		ID: public.ID, Use: KeyUseSignature, Serial: serial, Algorithm: string(public.Algorithm),
		Sealed: wrapped, Public: set, Created: p.now(), ActiveFrom: activeFrom,
	})
	return addKeyError(err)
}

func addKeyError(err error) error {
	if err == nil || errors.Is(err, ErrExists) {
		return err
	}
	return unavailable("adding a key", err)
}

// RotateSigningKey makes a new signing key. It is in the key set at once, signs after 15 minutes, when all caches have it, and the key
// before it verifies for a day more, which is the longest life of a token. Of several processes that rotate at once, one makes the key.
func (p *Pool) RotateSigningKey(ctx context.Context) error {
	r, err := p.ringSince(ctx, 0)
	if err != nil {
		return err
	}
	newest := r.signing[len(r.signing)-1]
	err = p.addSigningKey(ctx, newest.serial+1, p.now().Add(keyLead))
	if err != nil && !errors.Is(err, ErrExists) {
		return err
	}
	_, err = p.ringSince(ctx, 0)
	return err
}

// rotateWhenOld rotates a key of full age, and deletes keys that no longer verify anything.
func (p *Pool) rotateWhenOld(ctx context.Context) error {
	r, err := p.ringSince(ctx, 0)
	if err != nil {
		return err
	}
	newest := r.signing[len(r.signing)-1]
	if p.now().Sub(newest.created) >= p.settings.KeyRotation || string(newest.public.Algorithm) != p.settings.SigningAlgorithm {
		if err := p.RotateSigningKey(ctx); err != nil {
			return err
		}
	}
	valid := r.valid(p.now())
	for _, k := range r.signing {
		if slices.ContainsFunc(valid, func(v signingKey) bool { return v.serial == k.serial }) {
			continue
		}
		if err := p.store.DeleteKey(ctx, p.id, k.public.ID); err != nil && !errors.Is(err, ErrNotFound) {
			return fmt.Errorf("deleting a retired key: %w", err)
		}
	}
	return nil
}

// Key returns the algorithm and public key with this kid, for verification; it is the key source that the middleware wants. An error
// means that no key of the pool with this kid is valid now.
func (p *Pool) Key(ctx context.Context, kid string) (alg string, key crypto.PublicKey, err error) {
	for _, age := range []time.Duration{keyCacheAge, keyMiss} {
		r, err := p.ringSince(ctx, age)
		if err != nil {
			return "", nil, err
		}
		for _, k := range r.valid(p.now()) {
			if k.public.ID == kid {
				return string(k.public.Algorithm), k.public.Key, nil
			}
		}
	}
	return "", nil, fail(NotAuthorized, "The token was signed by a key that this pool does not have.")
}

// KeySet returns the public keys as a JSON Web Key Set (RFC 7517). It may be cached for 5 minutes.
func (p *Pool) KeySet(ctx context.Context) ([]byte, error) {
	r, err := p.ring(ctx)
	if err != nil {
		return nil, err
	}
	var keys []jose.PublicKey
	for _, k := range r.valid(p.now()) {
		keys = append(keys, k.public)
	}
	return jose.MarshalKeySet(keys)
}

// mac returns the HMAC-SHA256 of parts under a key of the pool. Each part is preceded by its length: no two lists of parts are alike.
func (p *Pool) mac(ctx context.Context, parts ...string) ([]byte, error) {
	r, err := p.ring(ctx)
	if err != nil {
		return nil, err
	}
	h := hmac.New(sha256.New, r.secret)
	for _, part := range parts {
		var size [8]byte
		binary.BigEndian.PutUint64(size[:], uint64(len(part)))
		h.Write(size[:])
		io.WriteString(h, part)
	}
	return h.Sum(nil), nil
}
