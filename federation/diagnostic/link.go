package diagnostic

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/url"
	"time"

	"github.com/stepwell/stepwell/internal/plaintext"
)

const (
	linkVersion = 1
	// idBytes is the length of a link's own name.
	idBytes       = 12
	linkHead      = 1 + 8 + idBytes
	maxLinkName   = 200
	maxLinkLength = 4 * (linkHead + maxLinkName + sha256.Size + 2) / 3
)

// link is what a link says.
type link struct {
	id       [idBytes]byte
	provider string
	expires  time.Time
	token    string
}

// Link returns the URL of the test of a provider, for its administrator. It works
// until it expires: after valid, of at most 7 days; 0 means an hour. Whoever has
// it may begin test sign-ins, one at a time, and sees what the provider says about
// the person who signs in, and nothing about anybody else. name is the name that
// Config.Provider knows, of 1 to 200 bytes.
func (h *Handler) Link(name string, valid time.Duration) (string, error) {
	if valid == 0 {
		valid = defaultLink
	}
	if valid < time.Minute || valid > maxLink {
		return "", fmt.Errorf("diagnostic: a link is valid for a minute to 7 days, not for %s", valid)
	}
	if name == "" || len(name) > maxLinkName || !plaintext.Printable(name) {
		return "", fmt.Errorf("diagnostic: the name of the provider must be 1 to %d bytes of text that prints", maxLinkName)
	}
	data := make([]byte, linkHead, linkHead+len(name)+sha256.Size)
	data[0] = linkVersion
	binary.BigEndian.PutUint64(data[1:], uint64(h.config.Now().Add(valid).Unix()))
	if _, err := io.ReadFull(h.config.Rand, data[9:]); err != nil {
		return "", fmt.Errorf("diagnostic: no randomness from Rand: %w", err)
	}
	data = append(data, name...)
	data = append(data, sum(h.linkKey, data)...)
	return h.base + "/?link=" + url.QueryEscape(base64.RawURLEncoding.EncodeToString(data)), nil
}

func sum(key, data []byte) []byte {
	m := hmac.New(sha256.New, key)
	m.Write(data)
	return m.Sum(nil)
}

var (
	errNoLink  = errors.New("diagnostic: this is not a link of ours")
	errExpired = errors.New("diagnostic: the link has expired")
)

// readLink returns errNoLink for what Link did not make, and errExpired.
func (h *Handler) readLink(token string) (*link, error) {
	if len(token) > maxLinkLength {
		return nil, errNoLink
	}
	data, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(data) <= linkHead+sha256.Size {
		return nil, errNoLink
	}
	head, tag := data[:len(data)-sha256.Size], data[len(data)-sha256.Size:]
	if !hmac.Equal(tag, sum(h.linkKey, head)) || head[0] != linkVersion {
		return nil, errNoLink
	}
	l := &link{provider: string(head[linkHead:]), expires: time.Unix(int64(binary.BigEndian.Uint64(head[1:])), 0).UTC(), token: token}
	copy(l.id[:], head[9:])
	if !h.config.Now().Before(l.expires) {
		return nil, errExpired
	}
	return l, nil
}
