package oidc

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/stepwell/stepwell/federation"
	"github.com/stepwell/stepwell/internal/jose"
)

// OAuthConfig is for a provider that speaks OAuth 2.0 and is no OpenID provider:
// it has no metadata and issues no ID tokens. What it says about the person comes
// from an interface of its own, which Profile asks. Fields that [Config] has too
// mean the same.
type OAuthConfig struct {
	// Issuer is an https URL that names the provider: the attribute iss, and what
	// iss in a response must be where there is one (RFC 9207). Required.
	Issuer string

	// AuthorizationURL and TokenURL are the provider's endpoints. Required.
	// Danger: whoever answers at TokenURL decides who signs in.
	AuthorizationURL, TokenURL string

	// ClientID is what the provider calls this application. Required.
	ClientID string

	// ClientSecret authenticates the client at the token endpoint: in the header,
	// or with SecretInBody in the body. Required: without it anybody who gets hold
	// of a code has to overcome PKCE alone, which such a provider may not check.
	ClientSecret string
	SecretInBody bool

	// Scopes to ask for. Empty means none.
	Scopes []string

	// AuthorizationParameters are added to every authorization request.
	AuthorizationParameters map[string]string

	// Profile asks the provider who the person is. It returns claims, as an ID
	// token would have them; sub is required, and is checked as in an ID token. A
	// provider without ID tokens gives no proof that the access token was issued
	// to this client but that it came from the token endpoint just now, so
	// Profile asks with no other. Required. It is called concurrently.
	Profile func(ctx context.Context, api *API) (claims map[string]any, err error)

	// HTTPClient, Now, Rand and InsecureAllowHTTP are as in [Config].
	HTTPClient        *http.Client
	Now               func() time.Time
	Rand              io.Reader
	InsecureAllowHTTP bool
}

// OAuthProvider signs people in at a provider that speaks OAuth 2.0, with state
// and PKCE. Nothing in its answers is signed, so all trust is in the connection to
// the token endpoint and to the interface that Profile asks. It is safe for
// concurrent use.
type OAuthProvider struct {
	inner   *Provider
	profile func(ctx context.Context, api *API) (map[string]any, error)
}

// String names the provider for a log. Printing it otherwise would show its secrets.
func (p *OAuthProvider) String() string { return p.inner.String() }

// GoString is String, for the verb %#v.
func (p *OAuthProvider) GoString() string { return p.String() }

var _ federation.Provider = (*OAuthProvider)(nil)

// NewOAuth checks config and returns an OAuthProvider. It contacts nobody.
func NewOAuth(config OAuthConfig) (*OAuthProvider, error) {
	inner := Config{
		Issuer: config.Issuer, ClientID: config.ClientID, ClientSecret: config.ClientSecret,
		HTTPClient: config.HTTPClient, Now: config.Now, Rand: config.Rand, InsecureAllowHTTP: config.InsecureAllowHTTP,
	}
	if err := inner.checkIssuer(); err != nil {
		return nil, err
	}
	if err := inner.checkClient(); err != nil {
		return nil, err
	}
	if config.ClientSecret == "" {
		return nil, fail(InvalidConfig, "ClientSecret is empty; a provider without ID tokens needs one")
	}
	if config.Profile == nil {
		return nil, fail(InvalidConfig, "Profile is nil; it must ask the provider who the person is")
	}
	for name, value := range map[string]string{"AuthorizationURL": config.AuthorizationURL, "TokenURL": config.TokenURL} {
		if err := checkURL(value, config.InsecureAllowHTTP); err != nil {
			return nil, fail(InvalidConfig, "%s %q %v", name, plain(value, maxMessage), err)
		}
	}
	scopes, err := checkScopes(config.Scopes, false)
	if err != nil {
		return nil, err
	}
	parameters, err := checkParameters(config.AuthorizationParameters)
	if err != nil {
		return nil, err
	}
	style := oauth2.AuthStyleInHeader
	if config.SecretInBody {
		style = oauth2.AuthStyleInParams
	}
	p := &OAuthProvider{inner: newProvider(inner, scopes, parameters), profile: config.Profile}
	p.inner.discovery.fixed = &metadata{
		authorizationEndpoint: config.AuthorizationURL, tokenEndpoint: config.TokenURL, authStyle: style, oauthOnly: true,
	}
	return p, nil
}

// Issuer returns the URL that names the provider.
func (p *OAuthProvider) Issuer() string { return p.inner.Issuer() }

// Begin prepares a sign-in as [Provider.Begin] does, without a nonce.
func (p *OAuthProvider) Begin(ctx context.Context, callbackURL, state string) (next http.Handler, pending []byte, err error) {
	return p.inner.BeginWith(ctx, callbackURL, state, Hints{})
}

// BeginHint is Begin with a login hint: see [Hints.LoginHint]. Few providers of
// this kind know one, and call it login_hint.
func (p *OAuthProvider) BeginHint(ctx context.Context, callbackURL, state, loginHint string) (next http.Handler, pending []byte, err error) {
	return p.inner.BeginHint(ctx, callbackURL, state, loginHint)
}

// Finish judges the answer as [Provider.Finish] does, exchanges the code, and
// returns what Profile says. Its subject is unique at this provider only.
func (p *OAuthProvider) Finish(r *http.Request, pending []byte) (subject string, attributes map[string][]string, err error) {
	_, _, _, tokens, err := p.inner.redeem(r, pending)
	if err != nil {
		return "", nil, err
	}
	claims, err := p.profile(r.Context(), &API{provider: p.inner, token: tokens.access})
	if err != nil {
		return "", nil, failCause(UserInfoFailed, "asking who the person is", err, tokens.access, p.inner.config.ClientSecret)
	}
	if err := checkSubject(claims["sub"]); err != nil {
		return "", nil, fail(UserInfoFailed, "the subject that the provider gives %v", err)
	}
	subject = claims["sub"].(string)
	attributes = attributesOf(claims, nil)
	attributes["iss"] = []string{p.inner.config.Issuer}
	return subject, attributes, nil
}

// API asks the interface of an OAuth 2.0 provider on behalf of the person who is
// signing in, within the bounds of this package: see its promises.
type API struct {
	provider *Provider
	token    string
}

// String says what an API is, for a log. Printing it otherwise would show its token.
func (a *API) String() string { return "oidc: the interface of " + a.provider.config.Issuer }

// GoString is String, for the verb %#v.
func (a *API) GoString() string { return a.String() }

// AccessToken returns the access token. It is a secret.
func (a *API) AccessToken() string { return a.token }

// Get requests url, which the program knows and no answer has named, with the
// access token in a header, and returns the JSON object that comes back: strings,
// bools, json.Number, []any and map[string]any. Errors are of type [*Error] with
// UserInfoFailed.
func (a *API) Get(ctx context.Context, url string) (map[string]any, error) {
	body, err := a.get(ctx, url)
	if err != nil {
		return nil, err
	}
	object, err := jose.DecodeObject(body)
	if err != nil {
		return nil, failCause(UserInfoFailed, a.name(url), err, a.token)
	}
	return object, nil
}

// GetList is Get for an interface that answers with a JSON array.
func (a *API) GetList(ctx context.Context, url string) ([]any, error) {
	body, err := a.get(ctx, url)
	if err != nil {
		return nil, err
	}
	// The strict reader reads objects. Were the array none, the object would have
	// more members than one, or be malformed.
	object, err := jose.DecodeObject(bytes.Join([][]byte{[]byte(`{"list":`), []byte("}")}, body))
	if err != nil {
		return nil, failCause(UserInfoFailed, a.name(url), err, a.token)
	}
	list, ok := object["list"].([]any)
	if !ok || len(object) != 1 {
		return nil, fail(UserInfoFailed, "%s: its answer is not an array", a.name(url))
	}
	return list, nil
}

func (a *API) get(ctx context.Context, url string) ([]byte, error) {
	what := a.name(url)
	if err := checkURL(url, a.provider.config.InsecureAllowHTTP); err != nil {
		return nil, fail(UserInfoFailed, "the URL %q %v", what, err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, failCause(UserInfoFailed, what, err, a.token)
	}
	req.Header.Set("Authorization", "Bearer "+a.token)
	body, err := a.provider.fetch.object(ctx, req)
	if err != nil {
		return nil, failCause(UserInfoFailed, what, err, a.token)
	}
	return body, nil
}

// name is what errors call an URL: without its query, in which there may be a proof.
func (a *API) name(url string) string {
	path, _, _ := strings.Cut(url, "?")
	return plain(path, maxDescription, a.token)
}
