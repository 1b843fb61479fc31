package userpool

import (
	"bytes"
	"context"
	"crypto"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/stepwell/stepwell/internal/jose"
	"github.com/stepwell/stepwell/internal/keycache"
)

const (
	// keyLead is how long a new signing key is published before it signs, so that whoever holds a copy of the key set, which may be kept
	// for 5 minutes, has a new one by then.
	keyLead = 15 * time.Minute
	// keyCacheAge bounds how long a process does not see what another one did to the keys, and keyOutage how long if the store does not
	// answer: less than keyLead, so that no process signs on with a key that all others take for the one before.
	keyCacheAge = time.Minute
	keyOutage   = 10 * time.Minute
	// keyMiss is how often a token with an unknown kid, or a store that does not answer, may make a process look again.
	keyMiss = time.Second
	// keyTail is how long a key verifies after another began to sign: the longest life of a token.
	keyTail = day + jose.ClockSkew
)

// keyring is the pool's keys as they were at one moment.
type keyring struct {
	signing []signingKey // by Serial
	secret  []byte       // of the MACs
	sealed  []byte       // secret as the store has it
	seal    KeyWrapper   // seals what the pool must read again
	sealOf  []byte       // the key of seal as the store has it
}

type signingKey struct {
	private    *jose.PrivateKey
	public     jose.PublicKey
	serial     int64
	created    time.Time
	activeFrom time.Time
}

// current returns the key that signs now. The first one signs also before its time: it was made by another process whose clock is ahead.
func (r *keyring) current(now time.Time) signingKey {
	for _, k := range slices.Backward(r.signing) {
		if !now.Before(k.activeFrom) {
			return k
		}
	}
	return r.signing[0]
}

func (r *keyring) newest() signingKey { return r.signing[len(r.signing)-1] }

// valid returns the keys whose signatures count now: the current one, those to come, and those before it whose tokens may still live.
func (r *keyring) valid(now time.Time) []signingKey {
	var out []signingKey
	for i, k := range r.signing {
		replaced := func(later signingKey) bool { return !now.Before(later.activeFrom.Add(keyTail)) }
		if !slices.ContainsFunc(r.signing[i+1:], replaced) {
			out = append(out, k)
		}
	}
	return out
}

// newKeyCache returns what keeps the keys, which makes the first ones if there are none.
func (p *Pool) newKeyCache() *keycache.Cache[keyring] {
	return keycache.New(keycache.Config[keyring]{
		Load: p.loadKeys, Age: keyCacheAge, Outage: keyOutage, Miss: keyMiss, Now: p.now,
		Stale: func(ctx context.Context, err error) {
			p.log.WarnContext(ctx, "userpool: the keys could not be read again; those in memory are used", "pool", p.id, "error", err)
		},
	})
}

// ring returns the keys, at most keyCacheAge old, or keyOutage while the store does not answer.
func (p *Pool) ring(ctx context.Context) (*keyring, error) { return notWaiting(p.keys.Get(ctx)) }

// ringSince returns the keys, at most age old.
func (p *Pool) ringSince(ctx context.Context, age time.Duration) (*keyring, error) {
	return notWaiting(p.keys.Since(ctx, age))
}

func notWaiting(r *keyring, err error) (*keyring, error) {
	if errors.Is(err, keycache.ErrWaiting) {
		return nil, unavailable("reading the keys", err)
	}
	return r, err
}

// loadKeys reads the keys, and makes what is missing. Two processes may both find a key missing; the store lets one of them
// add it.
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
			err = p.addSecret(ctx, KeyUseMAC)
		case r.seal == nil:
			err = p.addSecret(ctx, KeyUseSeal)
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
	r := &keyring{}
	old := p.keys.Last()
	if old == nil {
		old = &keyring{}
	}
	known := map[string]signingKey{}
	for _, k := range old.signing {
		known[k.public.ID] = k
	}
	for _, s := range sealed {
		var err error
		switch { // a use that a later release has added is passed over
		case s.Use == KeyUseMAC:
			r.secret, r.sealed = old.secret, s.Sealed
			if !bytes.Equal(s.Sealed, old.sealed) {
				r.secret, err = p.openKey(s)
			}
		case s.Use == KeyUseSeal:
			r.seal, r.sealOf = old.seal, s.Sealed
			if !bytes.Equal(s.Sealed, old.sealOf) {
				r.seal, err = p.unsealWrapper(s)
			}
		case s.Use == KeyUseSignature:
			k, ok := known[s.ID]
			if !ok {
				k, err = p.unsealSigningKey(s)
			}
			r.signing = append(r.signing, k)
		}
		if err != nil {
			return nil, unavailable("opening key "+s.ID, err)
		}
	}
	return r, nil
}

func (p *Pool) openKey(s SealedKey) ([]byte, error) {
	return p.wrapper.Unwrap(s.Sealed, p.keyLabel(s.Use, s.ID))
}

func (p *Pool) unsealWrapper(s SealedKey) (KeyWrapper, error) {
	key, err := p.openKey(s)
	if err != nil {
		return nil, err
	}
	return NewKeyWrapper(key)
}

func (p *Pool) unsealSigningKey(s SealedKey) (signingKey, error) {
	raw, err := p.openKey(s)
	if err != nil {
		return signingKey{}, err
	}
	private, err := jose.ParsePrivateKey(raw)
	if err != nil {
		return signingKey{}, err
	}
	return signingKey{private: private, public: private.Public(), serial: s.Serial, created: s.Created, activeFrom: s.ActiveFrom}, nil
}

// keyLabel binds a sealed key to its pool, use and ID, so that none can be put in another's place.
func (p *Pool) keyLabel(use, id string) string { return "userpool/" + p.id + "/" + use + "/" + id }

// addSecret adds the first secret key of a use.
func (p *Pool) addSecret(ctx context.Context, use string) error {
	secret := make([]byte, 32)
	if _, err := io.ReadFull(p.rand, secret); err != nil {
		return fmt.Errorf("userpool: reading random bytes: %w", err)
	}
	id := use + "-1"
	wrapped, err := p.wrapper.Wrap(secret, p.keyLabel(use, id))
	if err != nil {
		return unavailable("sealing a key", err)
	}
	err = p.store.AddKey(ctx, p.id, SealedKey{ID: id, Use: use, Serial: 1, Sealed: wrapped, Created: p.now(), ActiveFrom: p.now()})
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
		return unavailable("sealing a key", err)
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

// RotateSigningKey makes a new signing key. It is in the key set at once and signs after 15 minutes, when all caches have it; from then
// on the key before it verifies for one more day, which is the longest life of a token. The error is ServiceUnavailable.
func (p *Pool) RotateSigningKey(ctx context.Context) error {
	r, err := p.ringSince(ctx, 0)
	if err != nil {
		return err
	}
	err = p.rotateAfter(ctx, r.newest())
	p.auditUser(ctx, "RotateSigningKey", EventKeyChange, "", err)
	return err
}

// rotateAfter adds the key that follows newest. Of several processes that found the same key to be the newest, one makes its successor.
func (p *Pool) rotateAfter(ctx context.Context, newest signingKey) error {
	err := p.addSigningKey(ctx, newest.serial+1, p.now().Add(keyLead))
	if err != nil && !errors.Is(err, ErrExists) {
		return err
	}
	_, err = p.ringSince(ctx, 0)
	return err
}

// rotateWhenOld rotates a key of full age or of another kind, and deletes keys that no longer verify anything. For another kind it waits
// a day: while a release that changes SigningAlgorithm is rolled out, processes of both kinds must not replace each other's keys for ever.
func (p *Pool) rotateWhenOld(ctx context.Context) error {
	r, err := p.ringSince(ctx, 0)
	if err != nil {
		return err
	}
	newest := r.newest()
	age := p.now().Sub(newest.created)
	if age >= p.settings.KeyRotation || age >= day && string(newest.public.Algorithm) != p.settings.SigningAlgorithm {
		err := p.rotateAfter(ctx, newest)
		p.auditUser(ctx, "Run", EventKeyChange, "", err)
		if err != nil {
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

// Key returns the public key with this kid and its algorithm, to verify tokens of the pool with. It makes the Pool a KeySource of package
// middleware. The error is NotAuthorized if no key of the pool with this kid is valid now, or ServiceUnavailable.
func (p *Pool) Key(ctx context.Context, kid string) (alg string, key crypto.PublicKey, err error) {
	again := func(ctx context.Context) (*keyring, error) { return p.ringSince(ctx, keyMiss) }
	for _, ring := range []func(context.Context) (*keyring, error){p.ring, again} {
		r, err := ring(ctx)
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

// KeySet returns the public keys as a JWK set (RFC 7517). It may be cached for 5 minutes. The error is ServiceUnavailable.
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
