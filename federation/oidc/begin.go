package oidc

import (
	"context"
	"maps"
	"net/http"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/oauth2"

	"github.com/stepwell/stepwell/federation/internal/signin"
	"github.com/stepwell/stepwell/internal/outbound"
	"github.com/stepwell/stepwell/internal/plaintext"
)

// Begin prepares a sign-in that ends at callbackURL, which is absolute, has no
// fragment, and is registered with the provider; it uses https, or http on
// localhost or a loopback address. state is 16 to 1024 printable ASCII
// characters, unguessable and fresh for each sign-in.
//
// next answers any request with 303 See Other to the provider's authorization
// endpoint. The request asks for a code, with a nonce and a PKCE challenge of
// method S256, which are made from pending; pending is a secret, at most
// 16 KiB, and belongs to this one sign-in.
//
// Begin reads the provider's metadata if it has none that is recent, and fails
// with DiscoveryFailed when it cannot.
func (p *Provider) Begin(ctx context.Context, callbackURL, state string) (next http.Handler, pending []byte, err error) {
	return p.BeginWith(ctx, callbackURL, state, Hints{})
}

// BeginHint is Begin with a login hint: see [Hints.LoginHint]. One that cannot be used
// is left out, for somebody has typed it: the sign-in goes on without.
func (p *Provider) BeginHint(ctx context.Context, callbackURL, state, loginHint string) (next http.Handler, pending []byte, err error) {
	hints := Hints{LoginHint: loginHint}
	if hints.check() != nil {
		hints = Hints{}
	}
	return p.BeginWith(ctx, callbackURL, state, hints)
}

// Hints are what an application knows about one sign-in. Each is sent to the
// provider in the place of what AuthorizationParameters says; an empty one is
// not sent. But for Reauthenticate the provider may ignore them, and the answer
// is judged without them: somebody else may sign in than the one who was hinted at.
type Hints struct {
	// LoginHint is what the person is called at the provider, an e-mail address as
	// a rule (login_hint): at most 320 bytes of printable text. It may be what
	// the person has just typed.
	LoginHint string

	// DomainHint is the domain of the person's organization, which spares them
	// the choice at providers that understand it, Entra ID for one (domain_hint).
	// At most 255 letters, digits, hyphens and dots.
	DomainHint string

	// UILocales are language tags, the preferred one first (ui_locales).
	UILocales []string

	// Reauthenticate makes the person sign in anew, before something delicate
	// (prompt=login with max_age=0). The ID token must then have an auth_time that
	// proves it, or the sign-in fails.
	Reauthenticate bool
}

const (
	maxLoginHint  = 320 // the longest address: 64, an at-sign, 255
	maxDomainHint = 255
	maxLocales    = 10
)

var (
	domainForm = regexp.MustCompile(`^[A-Za-z0-9.-]*$`)
	localeForm = regexp.MustCompile(`^[A-Za-z0-9-]{1,35}$`)
)

func (h *Hints) check() error {
	printable := utf8.ValidString(h.LoginHint) && strings.IndexFunc(h.LoginHint, func(r rune) bool { return !unicode.IsPrint(r) }) < 0
	if len(h.LoginHint) > maxLoginHint || !printable {
		return fail(InvalidRequest, "LoginHint must be at most %d bytes of printable text", maxLoginHint)
	}
	if len(h.DomainHint) > maxDomainHint || !domainForm.MatchString(h.DomainHint) {
		return fail(InvalidRequest, "DomainHint must be at most %d letters, digits, hyphens and dots", maxDomainHint)
	}
	if len(h.UILocales) > maxLocales {
		return fail(InvalidRequest, "UILocales has more than %d language tags", maxLocales)
	}
	for _, locale := range h.UILocales {
		if !localeForm.MatchString(locale) {
			return fail(InvalidRequest, "UILocales has %q, which is not a language tag", plain(locale, maxDescription))
		}
	}
	return nil
}

// BeginWith is Begin with what the application knows about this sign-in.
func (p *Provider) BeginWith(ctx context.Context, callbackURL, state string, hints Hints) (next http.Handler, pending []byte, err error) {
	if err := checkCallback(callbackURL, p.config.InsecureAllowHTTP); err != nil {
		return nil, nil, fail(InvalidRequest, "the callback URL %q %v", plain(callbackURL, maxDescription), err)
	}
	if err := checkState(state); err != nil {
		return nil, nil, err
	}
	if err := hints.check(); err != nil {
		return nil, nil, err
	}
	m, err := p.discovery.get(ctx)
	if err != nil {
		return nil, nil, err
	}
	s, err := p.newPending(callbackURL, state, hints)
	if err != nil {
		return nil, nil, err
	}
	data, err := s.marshal()
	if err != nil {
		return nil, nil, err
	}
	return signin.Redirect(p.authorizationURL(m, s, state, hints)), data, nil
}

func checkState(state string) error {
	if len(state) < 16 || len(state) > 1024 || !plaintext.PrintableASCII(state) {
		return fail(InvalidRequest, "state must be 16 to 1024 printable ASCII characters, has %d bytes", len(state))
	}
	return nil
}

func (p *Provider) authorizationURL(m *metadata, s *pending, state string, hints Hints) string {
	parameters := maps.Clone(p.parameters)
	maps.Copy(parameters, p.authenticationParameters(s))
	for name, value := range map[string]string{
		"login_hint": hints.LoginHint, "domain_hint": hints.DomainHint, "ui_locales": strings.Join(hints.UILocales, " "),
	} {
		if value != "" {
			parameters[name] = value
		}
	}
	if !m.oauthOnly {
		parameters["nonce"] = s.Nonce
	}
	parameters["code_challenge"] = signin.Hash(s.Verifier)
	parameters["code_challenge_method"] = "S256"
	options := make([]oauth2.AuthCodeOption, 0, len(parameters))
	for name, value := range parameters {
		options = append(options, oauth2.SetAuthURLParam(name, value))
	}
	return p.oauth(m, s, "").AuthCodeURL(state, options...)
}

// oauth returns the OAuth 2.0 client of one sign-in.
func (p *Provider) oauth(m *metadata, s *pending, secret string) *oauth2.Config {
	return &oauth2.Config{
		ClientID:     p.config.ClientID,
		ClientSecret: secret,
		Endpoint: oauth2.Endpoint{
			AuthURL:   m.authorizationEndpoint,
			TokenURL:  m.tokenEndpoint,
			AuthStyle: m.authStyle,
		},
		RedirectURL: s.Callback,
		Scopes:      p.scopes,
	}
}

func checkCallback(raw string, allowHTTP bool) error {
	return outbound.CheckOwnURL(raw, allowHTTP, "a provider")
}
