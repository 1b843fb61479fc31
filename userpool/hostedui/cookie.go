package hostedui

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

const (
	// secretBytes is the length of the secret in the browser cookie: 256 bits.
	secretBytes = 32
	// maxCookie bounds what is believed to be a cookie of ours, in bytes.
	maxCookie = 2048
	// federationCookieAge is how long a sign-in at another provider may take.
	federationCookieAge = time.Hour
	// stepCookieAge is how long what was typed is kept for the next page: longer than any code lives, and not until who shares the
	// computer closes the browser.
	stepCookieAge = time.Hour
)

// cookies names and writes the cookies of the pages.
//
// On https each has the prefix __Host- (RFC 6265bis 4.1.3.2), so that neither a subdomain nor plain http can set it. On http, which is
// for development on one machine, the prefix and Secure are left out: Safari stores no such cookie from http://localhost.
//
// Names end in a tag of the base URL: cookies are shared between all ports of a host, and with the path that __Host- prescribes between
// all pools of an origin.
type cookies struct {
	secure bool
	// session holds the secret of the browser session.
	session string
	// browser holds a secret that the tokens against cross-site request forgery are made from.
	browser string
	// federation holds a secret that a pending sign-in at another provider is bound to. It is the only one that comes with a POST
	// from another site, as SAML and response_mode=form_post answer.
	federation string
	// step holds what was typed on one page and is needed on the next: see step.
	step string
}

func newCookies(base string, secure bool) cookies {
	sum := sha256.Sum256([]byte(base))
	tag := hex.EncodeToString(sum[:4])
	prefix := "stepwell-"
	if secure {
		prefix = "__Host-stepwell-"
	}
	return cookies{
		secure:     secure,
		session:    prefix + "session-" + tag,
		browser:    prefix + "browser-" + tag,
		federation: prefix + "federation-" + tag,
		step:       prefix + "step-" + tag,
	}
}

// read returns the value of a cookie, or "" if the request has none, several of this name, or one that cannot be ours. Of several,
// one was planted and nobody can tell which.
func (c cookies) read(r *http.Request, name string) string {
	found := r.CookiesNamed(name)
	if len(found) != 1 || len(found[0].Value) > maxCookie {
		return ""
	}
	return found[0].Value
}

// readSecret is read for a value that newSecret made.
func (c cookies) readSecret(r *http.Request, name string) string {
	value := c.read(r, name)
	raw, err := base64.RawURLEncoding.Strict().DecodeString(value)
	if err != nil || len(raw) != secretBytes {
		return ""
	}
	return value
}

// write sets a cookie; an age of 0 keeps it until the browser is closed.
func (c cookies) write(w http.ResponseWriter, name, value string, age time.Duration) {
	sameSite := http.SameSiteLaxMode
	if name == c.federation && c.secure {
		sameSite = http.SameSiteNoneMode
	}
	http.SetCookie(w, &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: int(age / time.Second),
		Secure: c.secure, HttpOnly: true, SameSite: sameSite,
	})
}

func (c cookies) clear(w http.ResponseWriter, name string) {
	http.SetCookie(w, &http.Cookie{
		Name: name, Path: "/", MaxAge: -1,
		Secure: c.secure, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}

// newSecret returns 256 random bits in base64url.
func newSecret(random io.Reader) (string, error) {
	raw := make([]byte, secretBytes)
	if _, err := io.ReadFull(random, raw); err != nil {
		return "", fmt.Errorf("hostedui: read randomness: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(raw), nil
}

// step is what a person typed on one page and would have to type again on the next. It travels in a cookie of the browser, so that an
// e-mail address stands in no URL. It is a convenience and proves nothing: whoever reads it treats it like a form field.
type step struct {
	Username string `json:"u"`
	// Session is the one of SignUp, which ties the code to this very sign-up. It is no credential.
	Session string `json:"s,omitempty"`
}

func (s step) encode() (string, error) {
	raw, err := json.Marshal(s)
	if err != nil {
		return "", fmt.Errorf("hostedui: encode the step cookie: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(raw), nil
}

// decodeStep returns the zero step for anything that encode did not write.
func decodeStep(value string) step {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(value)
	if err != nil {
		return step{}
	}
	var s step
	if json.Unmarshal(raw, &s) != nil || checkEmail(s.Username) != "" || len(s.Session) > maxSession || !printable(s.Session) {
		return step{}
	}
	return s
}
