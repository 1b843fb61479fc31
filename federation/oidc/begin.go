package oidc

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/oauth2"
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
	if err := checkCallback(callbackURL, p.config.InsecureAllowHTTP); err != nil {
		return nil, nil, fail(InvalidRequest, "the callback URL %q %v", plain(callbackURL, maxDescription), err)
	}
	if len(state) < 16 || len(state) > 1024 || !isPrintableASCII(state) {
		return nil, nil, fail(InvalidRequest, "state must be 16 to 1024 printable ASCII characters, has %d bytes", len(state))
	}
	m, err := p.discovery.get(ctx)
	if err != nil {
		return nil, nil, err
	}
	s, err := p.newPending(callbackURL, state)
	if err != nil {
		return nil, nil, err
	}
	data, err := s.marshal()
	if err != nil {
		return nil, nil, err
	}
	return redirect(p.authorizationURL(m, s, state)), data, nil
}

func (p *Provider) authorizationURL(m *metadata, s *pending, state string) string {
	options := []oauth2.AuthCodeOption{
		oauth2.SetAuthURLParam("nonce", s.Nonce),
		oauth2.SetAuthURLParam("code_challenge", hashed(s.Verifier)),
		oauth2.SetAuthURLParam("code_challenge_method", "S256"),
	}
	for name, value := range p.parameters {
		options = append(options, oauth2.SetAuthURLParam(name, value))
	}
	return p.oauth(m, s).AuthCodeURL(state, options...)
}

// oauth returns the OAuth 2.0 client of one sign-in.
func (p *Provider) oauth(m *metadata, s *pending) *oauth2.Config {
	return &oauth2.Config{
		ClientID:     p.config.ClientID,
		ClientSecret: p.config.ClientSecret,
		Endpoint: oauth2.Endpoint{
			AuthURL:   m.authorizationEndpoint,
			TokenURL:  m.tokenEndpoint,
			AuthStyle: m.authStyle,
		},
		RedirectURL: s.Callback,
		Scopes:      p.scopes,
	}
}

// redirect answers 303, so that a POST which started the sign-in is not
// repeated at the provider with what the person had typed.
func redirect(to string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		h := w.Header()
		h.Set("Location", to)
		h.Set("Cache-Control", "no-store")
		h.Set("Referrer-Policy", "no-referrer")
		w.WriteHeader(http.StatusSeeOther)
	})
}

// checkCallback allows http on the machine itself, where nobody listens in
// between and where applications are developed.
func checkCallback(raw string, allowHTTP bool) error {
	u, err := url.Parse(raw)
	if err == nil && u.Scheme == "http" && isLoopback(u.Hostname()) {
		allowHTTP = true
	}
	return checkURL(raw, allowHTTP)
}

func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
