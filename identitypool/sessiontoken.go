package identitypool

import (
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/crypto/chacha20poly1305"
)

const (
	sessionKeySize = 32
	// tokenVersion is the first byte of a token, and authenticated with it.
	tokenVersion = 2
	// tokenKeyID is the size of the name of the key, which follows the version and is authenticated as well.
	tokenKeyID = 4
	// maxSessionToken bounds the text of a token: what is longer is neither made nor opened.
	maxSessionToken = 8_192
	// maxPreviousKeys bounds Config.PreviousSessionKeys.
	maxPreviousKeys = 8

	tokenHeader = 1 + tokenKeyID + chacha20poly1305.NonceSizeX
)

var strictBase64 = base64.StdEncoding.Strict()

// errTooLong is a session that does not fit into a token.
var errTooLong = errors.New("identitypool: the session is too long for a session token")

// sealer seals and opens the session tokens of one pool.
type sealer struct {
	keys []sealingKey // the first seals, all open
}

type sealingKey struct {
	id   [tokenKeyID]byte
	aead cipher.AEAD
}

// newSealer derives the keys for this pool and purpose. The first of keys is the one that seals.
func newSealer(keys [][]byte, pool string) (*sealer, error) {
	s := &sealer{}
	for _, key := range keys {
		const purpose = "stepwell/identitypool session token 2 "
		derived, err := hkdf.Key(sha256.New, key, nil, purpose+pool, chacha20poly1305.KeySize+tokenKeyID)
		if err != nil {
			return nil, fmt.Errorf("identitypool: derive the key of session tokens: %w", err)
		}
		aead, err := chacha20poly1305.NewX(derived[:chacha20poly1305.KeySize])
		if err != nil {
			return nil, fmt.Errorf("identitypool: derive the key of session tokens: %w", err)
		}
		k := sealingKey{aead: aead}
		copy(k.id[:], derived[chacha20poly1305.KeySize:])
		s.keys = append(s.keys, k)
	}
	return s, nil
}

// seal returns base64 of the version, the ID of the key, a random nonce (24 bytes, so that chance never repeats one) and the sealed
// session.
func (s *sealer) seal(in *session, random io.Reader) (string, error) {
	key := &s.keys[0]
	plain := in.encode(make([]byte, 0, 512))
	token := make([]byte, tokenHeader, tokenHeader+len(plain)+key.aead.Overhead())
	token[0] = tokenVersion
	copy(token[1:], key.id[:])
	if base64.StdEncoding.EncodedLen(cap(token)) > maxSessionToken {
		return "", errTooLong
	}
	if _, err := io.ReadFull(random, token[1+tokenKeyID:]); err != nil {
		return "", err
	}
	token = key.aead.Seal(token, token[1+tokenKeyID:], plain, token[:1+tokenKeyID])
	return base64.StdEncoding.EncodeToString(token), nil
}

// open reports false for what this pool did not seal.
func (s *sealer) open(text string) (*session, bool) {
	if len(text) > maxSessionToken || strings.IndexByte(text, '\r') >= 0 || strings.IndexByte(text, '\n') >= 0 { // which base64 would pass over
		return nil, false
	}
	token, err := strictBase64.DecodeString(text)
	if err != nil || len(token) < tokenHeader || token[0] != tokenVersion {
		return nil, false
	}
	for i := range s.keys {
		key := &s.keys[i]
		if [tokenKeyID]byte(token[1:1+tokenKeyID]) != key.id {
			continue
		}
		sealed := token[tokenHeader:]
		plain, err := key.aead.Open(sealed[:0], token[1+tokenKeyID:tokenHeader], sealed, token[:1+tokenKeyID])
		if err != nil {
			return nil, false
		}
		return decodeSession(string(plain))
	}
	return nil, false
}
