package userpool

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
)

// newSecret returns 256 random bits as text.
func (p *Pool) newSecret() (string, error) {
	b := make([]byte, 32)
	if _, err := io.ReadFull(p.rand, b); err != nil {
		return "", fmt.Errorf("userpool: reading random bytes: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(b), nil
}

// newID returns 128 random bits as text.
func (p *Pool) newID() (string, error) {
	b := make([]byte, 16)
	if _, err := io.ReadFull(p.rand, b); err != nil {
		return "", fmt.Errorf("userpool: reading random bytes: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(b), nil
}

// newUUID returns a random UUID (RFC 9562, 5.4).
func (p *Pool) newUUID() (string, error) {
	var b [16]byte
	if _, err := io.ReadFull(p.rand, b[:]); err != nil {
		return "", fmt.Errorf("userpool: reading random bytes: %w", err)
	}
	return formatUUID(b), nil
}

// formatUUID makes a UUID of version 4 of random bytes.
func formatUUID(b [16]byte) string {
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// hashSecret is how secrets of 256 random bits are stored: they need no salt and no slow hash.
func hashSecret(secret string) []byte {
	sum := sha256.Sum256([]byte(secret))
	return sum[:]
}
