package social

import (
	"io"
	"net/http"
	"time"

	"github.com/stepwell/stepwell/federation/oidc"
)

// The types of providers as Amazon Cognito names them. It has none for Microsoft
// and GitHub, which are plain "OIDC".
const (
	TypeGoogle   = "Google"
	TypeApple    = "SignInWithApple"
	TypeFacebook = "Facebook"
	TypeAmazon   = "LoginWithAmazon"
	TypeOIDC     = "OIDC"
)

// Options are what all configurations have in common. The zero value is the right
// one for production.
type Options struct {
	// Scopes to ask for in the place of those that the constructor names.
	Scopes []string

	// AuthorizationParameters are added to every authorization request, as in
	// oidc.Config.
	AuthorizationParameters map[string]string

	// HTTPClient, Now and Rand are as in oidc.Config.
	HTTPClient *http.Client
	Now        func() time.Time
	Rand       io.Reader

	// InsecureEndpoints are URLs in the place of the provider's, for tests against
	// a fake one. Danger: whoever answers there decides who signs in.
	InsecureEndpoints Endpoints

	// InsecureAllowHTTP permits http in InsecureEndpoints and in callback URLs.
	InsecureAllowHTTP bool
}

// Endpoints are where a provider is. Empty fields mean the real one's.
type Endpoints struct {
	// Issuer is that of an OpenID provider, where its metadata is.
	Issuer string
	// Authorization and Token are the endpoints of an OAuth 2.0 provider, and
	// API the start of the URLs of its interface, without a slash at the end.
	Authorization, Token, API string
}

func or(given, usual string) string {
	if given != "" {
		return given
	}
	return usual
}

// openID is the configuration of an OpenID provider at issuer.
func (o *Options) openID(issuer, clientID, clientSecret string) oidc.Config {
	return oidc.Config{
		Issuer:                  or(o.InsecureEndpoints.Issuer, issuer),
		ClientID:                clientID,
		ClientSecret:            clientSecret,
		Scopes:                  o.Scopes,
		AuthorizationParameters: o.AuthorizationParameters,
		HTTPClient:              o.HTTPClient,
		Now:                     o.Now,
		Rand:                    o.Rand,
		InsecureAllowHTTP:       o.InsecureAllowHTTP,
	}
}

// oauth is the configuration of an OAuth 2.0 provider, which takes the client
// secret in the body, as all of them here do.
func (o *Options) oauth(issuer string, usual Endpoints, clientID, clientSecret string, scopes ...string) oidc.OAuthConfig {
	if len(o.Scopes) > 0 {
		scopes = o.Scopes
	}
	return oidc.OAuthConfig{
		Issuer:                  issuer,
		AuthorizationURL:        or(o.InsecureEndpoints.Authorization, usual.Authorization),
		TokenURL:                or(o.InsecureEndpoints.Token, usual.Token),
		ClientID:                clientID,
		ClientSecret:            clientSecret,
		SecretInBody:            true,
		Scopes:                  scopes,
		AuthorizationParameters: o.AuthorizationParameters,
		HTTPClient:              o.HTTPClient,
		Now:                     o.Now,
		Rand:                    o.Rand,
		InsecureAllowHTTP:       o.InsecureAllowHTTP,
	}
}

func invalid(message string) error {
	return &oidc.Error{Code: oidc.InvalidConfig, Message: message}
}

func unusable(message string) error {
	return &oidc.Error{Code: oidc.UserInfoFailed, Message: message}
}

// rename copies members of from that are text and not empty, under the names that
// they are to have besides their own.
func rename(from map[string]any, names map[string]string) map[string]any {
	claims := make(map[string]any, 2*len(names))
	for name, standard := range names {
		if text, ok := from[name].(string); ok && text != "" {
			claims[name], claims[standard] = text, text
		}
	}
	return claims
}

// isDigits reports whether s is a whole number above 0, of at most 20 digits and
// without a zero in front: one text for one number.
func isDigits(s string) bool {
	if s == "" || len(s) > 20 || s[0] == '0' {
		return false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}
