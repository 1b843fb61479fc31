package identitypool

import (
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"

	"golang.org/x/crypto/chacha20poly1305"
)

const (
	sessionKeySize = 32
	// tokenVersion is the first byte of a token, and authenticated with it.
	tokenVersion = 1
	// maxSessionToken bounds what is decoded at all. Ours have about 600 bytes.
	maxSessionToken = 4_096
)

// session is what a session token says. It is all that verification needs.
type session struct {
	IdentityID      string   `json:"id"`
	AccessKeyID     string   `json:"key"`
	SecretAccessKey string   `json:"secret"`
	Role            string   `json:"role"`
	AMR             []string `json:"amr"`
	Issued          int64    `json:"iat"` // seconds since 1970
	Expires         int64    `json:"exp"`
}

// sealer seals and opens the session tokens of one pool.
type sealer struct {
	aead cipher.AEAD
}

// newSealer derives the key of this pool and purpose. Nil makes a random one.
func newSealer(key []byte, pool string, random io.Reader) (*sealer, error) {
	if key == nil {
		key = make([]byte, sessionKeySize)
		if _, err := io.ReadFull(random, key); err != nil {
			return nil, fmt.Errorf("identitypool: read random bytes for the session key: %w", err)
		}
	}
	if len(key) != sessionKeySize {
		return nil, fmt.Errorf("identitypool: Config.SessionKey has %d bytes; it must have %d, or be nil for a random one", len(key), sessionKeySize)
	}
	derived, err := hkdf.Key(sha256.New, key, nil, "stepwell/identitypool session token 1 "+pool, chacha20poly1305.KeySize)
	if err != nil {
		return nil, fmt.Errorf("identitypool: derive the key of session tokens: %w", err)
	}
	aead, err := chacha20poly1305.NewX(derived)
	if err != nil {
		return nil, fmt.Errorf("identitypool: derive the key of session tokens: %w", err)
	}
	return &sealer{aead: aead}, nil
}

// seal returns base64 of the version, a random nonce (24 bytes, so that chance never repeats one) and the sealed session.
func (s *sealer) seal(session session, random io.Reader) (string, error) {
	plain, err := json.Marshal(session)
	if err != nil {
		return "", err
	}
	token := make([]byte, 1+s.aead.NonceSize(), 1+s.aead.NonceSize()+len(plain)+s.aead.Overhead())
	token[0] = tokenVersion
	if _, err := io.ReadFull(random, token[1:]); err != nil {
		return "", err
	}
	token = s.aead.Seal(token, token[1:], plain, token[:1])
	return base64.StdEncoding.EncodeToString(token), nil
}

// open reports false for what this pool did not seal.
func (s *sealer) open(text string) (session, bool) {
	if len(text) > maxSessionToken {
		return session{}, false
	}
	token, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil || len(token) < 1+s.aead.NonceSize() || token[0] != tokenVersion {
		return session{}, false
	}
	nonce, sealed := token[1:1+s.aead.NonceSize()], token[1+s.aead.NonceSize():]
	plain, err := s.aead.Open(nil, nonce, sealed, token[:1])
	if err != nil {
		return session{}, false
	}
	var out session
	if err := json.Unmarshal(plain, &out); err != nil {
		return session{}, false
	}
	return out, true
}
