package identitypool

import (
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"fmt"
	"io"

	"golang.org/x/crypto/chacha20poly1305"
)

// box seals what the pool itself reads again, for one purpose. What was sealed under any of the keys can be opened.
type box struct {
	pool  string
	aeads []cipher.AEAD
}

// newBox derives the keys of this pool and purpose. The first of keys is the one that seals.
func newBox(keys [][]byte, pool, purpose string) (*box, error) {
	b := &box{pool: pool}
	for _, key := range keys {
		derived, err := hkdf.Key(sha256.New, key, nil, "stepwell/identitypool "+purpose+" "+pool, chacha20poly1305.KeySize)
		if err != nil {
			return nil, fmt.Errorf("identitypool: derive the key of %s: %w", purpose, err)
		}
		aead, err := chacha20poly1305.NewX(derived)
		if err != nil {
			return nil, fmt.Errorf("identitypool: derive the key of %s: %w", purpose, err)
		}
		b.aeads = append(b.aeads, aead)
	}
	return b, nil
}

// seal returns a random nonce, of 24 bytes so that chance never repeats one, and the sealed text. The label binds it to its place: it
// opens with the same label only.
func (b *box) seal(plain []byte, label string, random io.Reader) ([]byte, error) {
	out := make([]byte, chacha20poly1305.NonceSizeX, chacha20poly1305.NonceSizeX+len(plain)+chacha20poly1305.Overhead)
	if _, err := io.ReadFull(random, out); err != nil {
		return nil, err
	}
	return b.aeads[0].Seal(out, out, plain, b.bound(label)), nil
}

// open reports false for what was not sealed by this pool, for this purpose and label.
func (b *box) open(sealed []byte, label string) ([]byte, bool) {
	if len(sealed) < chacha20poly1305.NonceSizeX {
		return nil, false
	}
	nonce, text := sealed[:chacha20poly1305.NonceSizeX], sealed[chacha20poly1305.NonceSizeX:]
	for _, aead := range b.aeads {
		if plain, err := aead.Open(nil, nonce, text, b.bound(label)); err == nil {
			return plain, true
		}
	}
	return nil, false
}

func (b *box) bound(label string) []byte { return []byte(b.pool + "/" + label) }
