package federationtest

import (
	"context"
	"crypto"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/stepwell/stepwell/internal/jose"
)

// RotateKey makes a new key and signs with it from now on. Earlier keys stay
// published, up to four of them, until RetireKeys.
func (p *Provider) RotateKey() error {
	key, err := jose.GenerateKey(p.algorithm, p.rand)
	if err != nil {
		return fmt.Errorf("federationtest: making a signing key: %w", err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.keys.add(key)
	p.keys.useNewest()
	return nil
}

// RetireKeys publishes the key that signs and no other.
func (p *Provider) RetireKeys() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.keys.retire()
}

// Sign returns claims as a JWT signed with the current key, whatever they are.
func (p *Provider) Sign(claims map[string]any) (string, error) {
	compact, err := p.signingKey().Sign("JWT", claims)
	if err != nil {
		return "", fmt.Errorf("federationtest: signing: %w", err)
	}
	return compact, nil
}

func (p *Provider) signingKey() *jose.PrivateKey {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.keys[0]
}

func (p *Provider) publicKeys() []jose.PublicKey {
	p.mu.Lock()
	defer p.mu.Unlock()
	public := make([]jose.PublicKey, len(p.keys))
	for i, key := range p.keys {
		public[i] = key.Public()
	}
	return public
}

// PublicKeys returns the keys that are published, as whoever trusts the provider
// would have them: *rsa.PublicKey, *ecdsa.PublicKey or ed25519.PublicKey.
func (p *Provider) PublicKeys() []crypto.PublicKey {
	var list []crypto.PublicKey
	for _, key := range p.publicKeys() {
		list = append(list, key.Key)
	}
	return list
}

// ownKeys verifies what the provider has signed itself.
type ownKeys struct{ p *Provider }

func (k ownKeys) Key(_ context.Context, kid string) (string, crypto.PublicKey, error) {
	for _, key := range k.p.publicKeys() {
		if key.ID == kid {
			return string(key.Algorithm), key.Key, nil
		}
	}
	return "", nil, errors.New("federationtest: not a key of this provider")
}

func (p *Provider) serveKeys(w http.ResponseWriter, _ *http.Request) {
	data, err := jose.MarshalKeySet(p.publicKeys())
	var set map[string]any
	if err == nil {
		err = json.Unmarshal(data, &set)
	}
	if err != nil {
		http.Error(w, "federationtest: the key set cannot be written", http.StatusInternalServerError)
		return
	}
	if mutate := p.currentHooks().MutateKeys; mutate != nil {
		mutate(set)
	}
	writeJSON(w, http.StatusOK, set)
}
