package diagnostic

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

const (
	stateRandom = 12
	stateTag    = 8
	// stateBytes is 43 characters of base64url: what fits into a RelayState.
	stateBytes  = idBytes + stateRandom + stateTag
	secretBytes = 32
	maxPending  = 32 << 10
)

// test is a sign-in between its two halves. It is kept sealed.
type test struct {
	Provider string    `json:"provider"`
	Link     string    `json:"link"`
	State    []byte    `json:"state"`   // hashed
	Browser  []byte    `json:"browser"` // hashed
	Pending  []byte    `json:"pending"`
	Expires  time.Time `json:"expires"`
}

// newState returns a state that belongs to a link. That it is one of ours can be
// told without asking the store, so that one callback URL can serve sign-ins of
// others, too.
func (h *Handler) newState(id [idBytes]byte) (string, error) {
	data := make([]byte, idBytes+stateRandom, stateBytes)
	copy(data, id[:])
	if _, err := io.ReadFull(h.config.Rand, data[idBytes:]); err != nil {
		return "", fmt.Errorf("diagnostic: no randomness from Rand: %w", err)
	}
	data = append(data, sum(h.stateKey, data)[:stateTag]...)
	return base64.RawURLEncoding.EncodeToString(data), nil
}

// readState returns the link that a state belongs to.
func (h *Handler) readState(state string) (id [idBytes]byte, ok bool) {
	if len(state) != base64.RawURLEncoding.EncodedLen(stateBytes) {
		return id, false
	}
	data, err := base64.RawURLEncoding.Strict().DecodeString(state)
	if err != nil {
		return id, false
	}
	head := data[:idBytes+stateRandom]
	copy(id[:], head)
	return id, hmac.Equal(data[len(head):], sum(h.stateKey, head)[:stateTag])
}

func hashed(s string) []byte {
	digest := sha256.Sum256([]byte(s))
	return digest[:]
}

// storeKey is where the test of a link is kept: one at a time.
func storeKey(id [idBytes]byte) string {
	return "diagnostic:" + base64.RawURLEncoding.EncodeToString(id[:])
}

func (h *Handler) aead() (cipher.AEAD, error) {
	block, err := aes.NewCipher(h.sealKey)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// put keeps a test, in the place of an earlier one of the same link.
func (h *Handler) put(ctx context.Context, key string, t *test) error {
	if len(t.Pending) > maxPending {
		return fmt.Errorf("diagnostic: the provider's pending value has %d bytes; at most %d are kept", len(t.Pending), maxPending)
	}
	plain, err := json.Marshal(t)
	if err != nil {
		return err
	}
	aead, err := h.aead()
	if err != nil {
		return err
	}
	nonce := make([]byte, aead.NonceSize())
	if _, err := io.ReadFull(h.config.Rand, nonce); err != nil {
		return fmt.Errorf("diagnostic: no randomness from Rand: %w", err)
	}
	return h.config.Store.PutTest(ctx, key, aead.Seal(nonce, nonce, plain, []byte(key)), t.Expires)
}

var errNoTest = errors.New("diagnostic: there is no such test, or it is over")

// take returns the test with this state, of this browser, once.
func (h *Handler) take(ctx context.Context, id [idBytes]byte, state, browser string) (*test, error) {
	key := storeKey(id)
	data, err := h.config.Store.TakeTest(ctx, key)
	if err != nil {
		return nil, err
	}
	aead, err := h.aead()
	if err != nil {
		return nil, err
	}
	if len(data) < aead.NonceSize() {
		return nil, errNoTest
	}
	plain, err := aead.Open(nil, data[:aead.NonceSize()], data[aead.NonceSize():], []byte(key))
	if err != nil {
		return nil, errNoTest
	}
	var t test
	if err := json.Unmarshal(plain, &t); err != nil || !h.config.Now().Before(t.Expires) {
		return nil, errNoTest
	}
	if !hmac.Equal(t.State, hashed(state)) || !hmac.Equal(t.Browser, hashed(browser)) {
		// It is the answer to another test of this link, which is still under way.
		if err := h.put(ctx, key, &t); err != nil {
			h.config.Logger.WarnContext(ctx, "diagnostic: a test was lost", "error", err)
		}
		return nil, errNoTest
	}
	return &t, nil
}

// cookieName has a tag of the base URL: cookies are shared between all ports and
// paths of a host.
func cookieName(base string, secure bool) string {
	digest := sha256.Sum256([]byte(base))
	name := "stepwell-diagnostic-" + hex.EncodeToString(digest[:4])
	if secure {
		return "__Host-" + name
	}
	return name
}

// browser returns the secret of this browser, or "" if it has none, or several:
// one of them was planted then.
func (h *Handler) browser(r *http.Request) string {
	found := r.CookiesNamed(h.cookie)
	if len(found) != 1 {
		return ""
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(found[0].Value)
	if err != nil || len(raw) != secretBytes {
		return ""
	}
	return found[0].Value
}

// keepBrowser returns the secret of this browser, and gives it one for the time
// of the test. Providers that answer with a form post from another site, where a
// cookie comes along only with SameSite=None.
func (h *Handler) keepBrowser(w http.ResponseWriter, r *http.Request) (string, error) {
	secret := h.browser(r)
	if secret == "" {
		raw := make([]byte, secretBytes)
		if _, err := io.ReadFull(h.config.Rand, raw); err != nil {
			return "", fmt.Errorf("diagnostic: no randomness from Rand: %w", err)
		}
		secret = base64.RawURLEncoding.EncodeToString(raw)
	}
	sameSite := http.SameSiteLaxMode
	if h.secure {
		sameSite = http.SameSiteNoneMode
	}
	http.SetCookie(w, &http.Cookie{
		Name: h.cookie, Value: secret, Path: "/", MaxAge: int(testTime / time.Second), Secure: h.secure, HttpOnly: true, SameSite: sameSite,
	})
	return secret, nil
}
