package passkey

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/publicsuffix"
)

// Config says for which site passkeys are.
type Config struct {
	// RPID is the relying party ID (WebAuthn Level 3, 4): the domain that passkeys are bound to, such as "example.com", in lower case and
	// in ASCII, without scheme and port. It is the domain of the sign-in page or one above it, but no public suffix such as "co.uk".
	// "localhost", or a name that ends in ".localhost", is for development. Required. To change it later makes all passkeys useless.
	RPID string
	// RPName is what authenticators may show as the name of the site, at most 64 bytes. Empty means RPID.
	RPName string
	// Origins are those of the pages where people use passkeys, such as "https://login.example.com": https, with the RPID itself or a domain
	// below it, and a port if it is not 443. http is accepted for localhost only. Empty means "https://" and RPID; with localhost they are
	// required. An answer's origin must be one of them, exactly.
	Origins []string
	// RelatedOrigins are origins on other domains that may use the passkeys of RPID too (WebAuthn Level 3, 5.11), such as
	// "https://example.de". Browsers allow it if https://RPID/.well-known/webauthn lists them: {"origins": ["https://example.de"]}. Whoever
	// controls one of these sites can sign people in here.
	RelatedOrigins []string
	// TopOrigins are the origins of sites that may show a page of Origins in a frame in which passkeys are used. Empty means that an answer
	// from within a frame of another site is refused. A browser that does not tell which site it is (Level 2) is refused in any case.
	TopOrigins []string
	// RequireUserVerification requires in every ceremony that the authenticator verifies the person, by a finger or a PIN. Otherwise it is
	// preferred, and required where BeginAuthentication is told so.
	RequireUserVerification bool
	// Now is the time by which ceremonies expire. Nil means time.Now.
	Now func() time.Time
	// Rand is the source of challenges. It must be safe for concurrent use. Nil means crypto/rand.
	Rand io.Reader
}

// New checks a Config and returns a RelyingParty. An error says which field is wrong.
func New(c Config) (*RelyingParty, error) {
	p := &RelyingParty{rpID: c.RPID, rpName: c.RPName, requireUV: c.RequireUserVerification, now: c.Now, rand: c.Rand}
	if p.now == nil {
		p.now = time.Now
	}
	if p.rand == nil {
		p.rand = rand.Reader
	}
	for _, check := range []func(Config) error{checkRPID, p.setName, p.setOrigins, p.setRelated, p.setTop} {
		if err := check(c); err != nil {
			return nil, fmt.Errorf("passkey: %w", err)
		}
	}
	return p, nil
}

// domainName is a host name in the form in which browsers have it.
var domainName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$`)

func isLocal(host string) bool { return host == "localhost" || strings.HasSuffix(host, ".localhost") }

// isNumber reports whether the last label of a name makes browsers take it for an IP address.
func isNumber(host string) bool {
	last := host[strings.LastIndexByte(host, '.')+1:]
	_, err := strconv.ParseUint(last, 0, 64)
	return err == nil || strings.Trim(last, "0123456789") == ""
}

func checkRPID(c Config) error {
	suffix, _ := publicsuffix.PublicSuffix(c.RPID)
	switch id := c.RPID; {
	case id == "":
		return errors.New("Config.RPID is missing: give the domain that passkeys are bound to, such as example.com")
	case net.ParseIP(strings.Trim(id, "[]")) != nil:
		return fmt.Errorf("Config.RPID %.100q is an IP address: passkeys are bound to a domain", id)
	case len(id) > 253 || !domainName.MatchString(id) || isNumber(id):
		return fmt.Errorf("Config.RPID %.100q is not a domain such as example.com, in lower case and ASCII, without scheme, port and path", id)
	case isLocal(id):
		return nil
	case !strings.Contains(id, ".") || suffix == id:
		return fmt.Errorf("Config.RPID %q is a public suffix, below which anybody can have a domain: give a domain of your own", id)
	}
	return nil
}

func (p *RelyingParty) setName(c Config) error {
	switch {
	case c.RPName == "":
		p.rpName = c.RPID
	case len(c.RPName) > 64 || !utf8.ValidString(c.RPName) || strings.ContainsFunc(c.RPName, unicode.IsControl):
		return fmt.Errorf("Config.RPName %.100q has more than 64 bytes, or a control character", c.RPName)
	}
	return nil
}

func (p *RelyingParty) setOrigins(c Config) error {
	p.origins = slices.Clone(c.Origins)
	if len(p.origins) == 0 {
		if isLocal(p.rpID) {
			return fmt.Errorf("Config.Origins is missing: with the RPID %s, give the address of the page, such as http://%[1]s:8080", p.rpID)
		}
		p.origins = []string{"https://" + p.rpID}
	}
	for _, origin := range p.origins {
		host, err := originHost(origin)
		if err != nil {
			return fmt.Errorf("Config.Origins: %w", err)
		}
		if !p.covers(host) {
			return fmt.Errorf("Config.Origins: %q is not on %s or below it; an origin on another domain belongs in RelatedOrigins", origin, p.rpID)
		}
	}
	return nil
}

func (p *RelyingParty) setRelated(c Config) error {
	for _, origin := range c.RelatedOrigins {
		host, err := originHost(origin)
		switch {
		case err != nil:
			return fmt.Errorf("Config.RelatedOrigins: %w", err)
		case p.covers(host):
			return fmt.Errorf("Config.RelatedOrigins: %q is on %s or below it, and belongs in Origins", origin, p.rpID)
		case isLocal(host):
			return fmt.Errorf("Config.RelatedOrigins: %q is on this machine; give it a RelyingParty of its own", origin)
		}
		p.origins = append(p.origins, origin)
	}
	return nil
}

func (p *RelyingParty) setTop(c Config) error {
	for _, origin := range c.TopOrigins {
		if _, err := originHost(origin); err != nil {
			return fmt.Errorf("Config.TopOrigins: %w", err)
		}
	}
	p.topOrigins = slices.Clone(c.TopOrigins)
	return nil
}

// covers reports whether pages of a host may use the RP ID.
func (p *RelyingParty) covers(host string) bool {
	return host == p.rpID || strings.HasSuffix(host, "."+p.rpID)
}

// originHost returns the host of an origin that is written as browsers write it (RFC 6454, 6.2): they are compared byte by byte.
func originHost(origin string) (string, error) {
	u, err := url.Parse(origin)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || !domainName.MatchString(u.Hostname()) || len(u.Hostname()) > 253 || isNumber(u.Hostname()) {
		return "", fmt.Errorf("%.200q is not an origin such as https://login.example.com, in lower case and ASCII", origin)
	}
	host, canonical := u.Hostname(), u.Scheme+"://"+u.Hostname()
	if port := u.Port(); port != "" {
		number, err := strconv.ParseUint(port, 10, 16)
		if err != nil || number == 0 {
			return "", fmt.Errorf("%.200q has a port that is not from 1 to 65535", origin)
		}
		if !(u.Scheme == "https" && number == 443) && !(u.Scheme == "http" && number == 80) {
			canonical += ":" + strconv.FormatUint(number, 10)
		}
	}
	if origin != canonical {
		return "", fmt.Errorf("%.200q must be written as browsers write it: %q", origin, canonical)
	}
	if u.Scheme == "http" && !isLocal(host) {
		return "", fmt.Errorf("%q has no TLS: browsers have passkeys on https pages only, and on http://localhost", origin)
	}
	return host, nil
}
