package sigv4

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
)

// A signature takes five HMACs, each with another key. crypto/hmac makes two
// hashes for each, on the heap; this is the same of RFC 2104 in room that is
// used again, over crypto/sha256. A test compares the two.

// macRoom is room for an HMAC-SHA256.
type macRoom struct {
	inner [sha256.BlockSize + 448]byte
	outer [sha256.BlockSize + sha256.Size]byte
}

// mac returns HMAC-SHA256 of text.
func (m *macRoom) mac(key, text []byte) [sha256.Size]byte {
	if len(key) > sha256.BlockSize || len(text) > len(m.inner)-sha256.BlockSize {
		h := hmac.New(sha256.New, bytes.Clone(key)) // clones, so that short ones need not be on the heap
		h.Write(bytes.Clone(text))
		return [sha256.Size]byte(h.Sum(nil))
	}
	for i := range sha256.BlockSize {
		m.inner[i], m.outer[i] = 0x36, 0x5c
	}
	for i, k := range key {
		m.inner[i] ^= k
		m.outer[i] ^= k
	}
	n := copy(m.inner[sha256.BlockSize:], text)
	sum := sha256.Sum256(m.inner[:sha256.BlockSize+n])
	copy(m.outer[sha256.BlockSize:], sum[:])
	return sha256.Sum256(m.outer[:])
}

// signingKey derives the key that is good for one day, region and service.
func (m *macRoom) signingKey(secret string, s scope) [sha256.Size]byte {
	const prefix = "AWS4"
	var short [sha256.BlockSize]byte
	first := append(append(short[:0], prefix...), secret...)
	var room [sha256.BlockSize]byte
	key := m.mac(first, append(room[:0], s.day...))
	clear(first)
	for _, part := range [...]string{s.region, s.service, terminator} {
		key = m.mac(key[:], append(room[:0], part...))
	}
	return key
}

func hashHex(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
