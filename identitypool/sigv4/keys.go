package sigv4

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
)

// mac returns HMAC-SHA256 of text.
func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

// signature derives the signing key of the scope and signs the request with it.
func signature(secret string, s scope, date, canonical string) []byte {
	key := mac([]byte("AWS4"+secret), s.day)
	key = mac(key, s.region)
	key = mac(key, s.service)
	key = mac(key, terminator)
	return mac(key, stringToSign(s, date, canonical))
}

func stringToSign(s scope, date, canonical string) string {
	return algorithm + "\n" + date + "\n" + s.String() + "\n" + hashHex([]byte(canonical))
}

func hashHex(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
