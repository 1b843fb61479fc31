package identitypool

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"log/slog"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/stepwell/stepwell/identitypool/policy"
	"github.com/stepwell/stepwell/internal/jose"
)

// AssumeRoleWithWebIdentityInput is what AssumeRoleWithWebIdentity takes.
type AssumeRoleWithWebIdentityInput struct {
	RoleARN          string // of a role of the pool
	RoleSessionName  string // as in [AssumeRoleInput]
	WebIdentityToken string // of GetOpenIDToken, or an ID token of one of Config.Providers, see AssumeRoleWithWebIdentity
	// ProviderID is for providers whose tokens do not name them, which are not supported: anything but "" is refused.
	ProviderID string
	Policy     string        // as in [AssumeRoleInput]
	PolicyARNs []string      // as in [AssumeRoleInput]
	Duration   time.Duration // as in [AssumeRoleInput]
}

// AssumeRoleWithWebIdentityResult is what AssumeRoleWithWebIdentity returns.
type AssumeRoleWithWebIdentityResult struct {
	Credentials                 Credentials
	AssumedRoleUser             AssumedRoleUser
	SubjectFromWebIdentityToken string // the identity's ID for a token of GetOpenIDToken, else the claim sub
	Provider                    string // the claim iss, or "cognito-identity.amazonaws.com" for a token of GetOpenIDToken
	Audience                    string // the claim aud
	PackedPolicySize            int    // as in [AssumeRoleResult]
	SourceIdentity              string
}

// LogValue keeps the secrets out of logs.
func (r AssumeRoleWithWebIdentityResult) LogValue() slog.Value {
	return loggable(r.AssumedRoleUser.ARN, r.Credentials)
}

const (
	minWebToken = 4
	maxWebToken = 20_000

	claimSourceIdentity = "https://aws.amazon.com/source_identity"
)

// namedAsThemselves are the OpenID providers that trust policies name by a host. All others have an ARN.
var namedAsThemselves = []string{"accounts.google.com", "www.amazon.com", "graph.facebook.com"}

// AssumeRoleWithWebIdentity gives whoever has a token credentials of a role whose trust policy allows it: the classic flow of Cognito, if
// the token is one of GetOpenIDToken and Config.AllowClassicFlow is set. Any other token must be a signed JWT of one of Config.Providers,
// the one whose name is the token's issuer without "https://". In trust policies it is the federated principal
// "arn:aws:iam::ACCOUNT:oidc-provider/NAME" (or the name itself for accounts.google.com, www.amazon.com and graph.facebook.com), and the
// condition keys are NAME:aud, NAME:sub, NAME:amr and NAME:oaud. Such a token can have principal tags and a source identity, in the claims
// "https://aws.amazon.com/tags" and "https://aws.amazon.com/source_identity"; the trust policy must allow sts:TagSession and
// sts:SetSourceIdentity then.
//
// It returns InvalidIdentityToken for a token that is malformed, not valid or of another provider, ExpiredToken for one that has expired,
// IDPRejectedClaim if what it says cannot be used, IDPCommunicationError if the provider could not be asked, AccessDenied if the trust
// policy does not allow it or there is no such role, and InvalidParameter, MalformedPolicyDocument, PackedPolicyTooLarge and InternalError
// as AssumeRole.
func (p *Pool) AssumeRoleWithWebIdentity(ctx context.Context, in AssumeRoleWithWebIdentityInput) (AssumeRoleWithWebIdentityResult, error) {
	var none AssumeRoleWithWebIdentityResult
	if err := checkSession(in.RoleARN, in.RoleSessionName, in.Duration); err != nil {
		return none, err
	}
	switch {
	case len(in.WebIdentityToken) < minWebToken || len(in.WebIdentityToken) > maxWebToken:
		return none, fail(InvalidParameter, "WebIdentityToken must have %d to %d characters.", minWebToken, maxWebToken)
	case in.ProviderID != "":
		return none, fail(InvalidParameter, "ProviderId is for access tokens of OAuth 2.0, which are not supported: send an OpenID Connect ID token.")
	}
	issuer, ok := issuerOf(in.WebIdentityToken)
	if !ok {
		return none, fail(InvalidIdentityToken, "The token is not a JSON Web Token with an issuer.")
	}
	begin := p.providerSession
	if issuer == p.issuer {
		begin = p.openIDSession
	}
	asked := p.now()
	s, q, out, err := begin(ctx, issuer, in)
	if err != nil {
		return none, err
	}
	s.issued = asked.UnixMicro()
	federation := federationInput{in.RoleARN, in.Policy, in.PolicyARNs, in.Duration, maxDuration, time.Time{}}
	out.Credentials, out.AssumedRoleUser, err = p.assumeFederated(ctx, s, q, federation)
	if err != nil {
		return none, err
	}
	out.PackedPolicySize, out.SourceIdentity = s.packedSize(), s.sourceIdentity
	return out, nil
}

// federationInput is what both operations for those with a token from elsewhere have.
type federationInput struct {
	roleARN    string
	policy     string
	policyARNs []string
	duration   time.Duration
	most       time.Duration // what the token allows
	ends       time.Time     // when the session must end by what the token says; zero if it does not
}

// assumeFederated asks the trust policy and issues the credentials.
func (p *Pool) assumeFederated(ctx context.Context, s *session, q *trustQuestion, in federationInput) (Credentials, AssumedRoleUser, error) {
	var none AssumedRoleUser
	q.sessionName, q.tags, q.transitive, q.sourceIdentity = s.name, s.tags, s.transitive, s.sourceIdentity
	r := p.roles.Load().byARN[in.roleARN]
	if r == nil || !p.trusts(ctx, r, q, false) {
		return Credentials{}, none, fail(AccessDenied, "Not authorized to perform %s", q.action)
	}
	duration, err := r.duration(in.duration, in.most)
	if err != nil {
		return Credentials{}, none, err
	}
	if !in.ends.IsZero() {
		if duration = min(duration, in.ends.Sub(p.now()).Truncate(time.Second)); duration <= 0 {
			return Credentials{}, none, fail(ExpiredToken, "The session at the identity provider has ended.")
		}
	}
	if err := p.setSessionPolicies(s, in.policy, in.policyARNs); err != nil {
		return Credentials{}, none, err
	}
	user := s.begin(r)
	credentials, err := p.issue(s, duration)
	return credentials, user, err
}

// issuerOf reads the issuer of a JSON Web Token, which is not verified yet.
func issuerOf(token string) (string, bool) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return "", false
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil || !utf8.Valid(payload) {
		return "", false
	}
	var claims struct {
		Issuer string `json:"iss"`
	}
	err = json.Unmarshal(payload, &claims)
	return claims.Issuer, err == nil && claims.Issuer != ""
}

// openIDSession begins a session of an identity with a token of GetOpenIDToken.
func (p *Pool) openIDSession(ctx context.Context, _ string, in AssumeRoleWithWebIdentityInput) (
	*session, *trustQuestion, AssumeRoleWithWebIdentityResult, error,
) {
	var out AssumeRoleWithWebIdentityResult
	if !p.classic {
		return nil, nil, out, fail(AccessDenied, "Basic (classic) flow is not enabled, please use enhanced flow.")
	}
	claims, err := p.verifyOpenIDToken(ctx, in.WebIdentityToken)
	if err != nil {
		return nil, nil, out, identityTokenError(p.loginRefused(ctx, keyPrefix, in.WebIdentityToken, err))
	}
	id, _ := claims["sub"].(string)
	s := &session{
		kind: identitySession, name: in.RoleSessionName, identityID: id, federated: keyPrefix, amr: claimValues(claims["amr"]),
	}
	s.guest, s.providers = slices.Contains(s.amr, unauthenticated), p.providersOf(s.amr)
	if !s.guest && len(s.providers) == 0 {
		return nil, nil, out, fail(AccessDenied, "The provider of this login is no longer supported by this identity pool.")
	}
	if issued, ok := timeOf(claims["iat"]); ok { // what ends credentials of that time ends these
		s.parents = []parent{{identitySubject + id, issued.UnixMicro()}, {everybody, issued.UnixMicro()}}
	}
	if err := s.takeClaims(claims); err != nil {
		return nil, nil, out, err
	}
	out.SubjectFromWebIdentityToken, out.Provider, out.Audience = id, keyPrefix, p.id
	return s, p.identityQuestion(id, s.name, s.amr, s.tags, s.transitive), out, nil
}

// providerSession begins a session with a token of one of the providers.
func (p *Pool) providerSession(ctx context.Context, issuer string, in AssumeRoleWithWebIdentityInput) (
	*session, *trustQuestion, AssumeRoleWithWebIdentityResult, error,
) {
	var out AssumeRoleWithWebIdentityResult
	name := strings.TrimPrefix(issuer, "https://")
	if p.providers[name] == nil {
		name = strings.TrimSuffix(name, "/")
	}
	if p.providers[name] == nil || samlProvider.MatchString(name) {
		return nil, nil, out, fail(InvalidIdentityToken, "No OpenIDConnect provider found in your account for the issuer of the token.")
	}
	login, err := p.verifyLogin(ctx, name, in.WebIdentityToken, true)
	if err != nil {
		return nil, nil, out, identityTokenError(err)
	}
	if verified, _ := login.Claims["iss"].(string); verified != issuer {
		return nil, nil, out, fail(InvalidIdentityToken, "Invalid login token. Issuer doesn't match providerName")
	}
	principal := name
	if !slices.Contains(namedAsThemselves, name) {
		principal = "arn:aws:iam::" + p.account + ":oidc-provider/" + name
	}
	s := &session{kind: webIdentitySession, name: in.RoleSessionName, federated: principal, providers: []string{name}}
	s.keys = webIdentityKeys(name, login.Claims)
	if err := s.takeClaims(login.Claims); err != nil {
		return nil, nil, out, err
	}
	out.SubjectFromWebIdentityToken, out.Provider = login.Subject, issuer
	if audiences := claimValues(login.Claims["aud"]); len(audiences) > 0 {
		out.Audience = audiences[0]
	}
	q := &trustQuestion{action: actionWebIdentity, principal: policy.Principal{Federated: principal}}
	q.set = func(to *policy.Context) {
		setPairs(to, s.keys)
		to.Set("aws:FederatedProvider", principal)
	}
	return s, q, out, nil
}

// webIdentityKeys are the condition keys of a provider. For Google, aud is the application that asked and oaud what the token says.
func webIdentityKeys(name string, claims map[string]any) []pair {
	var out []pair
	add := func(key string, values []string) {
		for _, value := range values {
			out = append(out, pair{name + ":" + key, value})
		}
	}
	audiences := claimValues(claims["aud"])
	if azp := claimValues(claims["azp"]); name == namedAsThemselves[0] && len(azp) == 1 {
		add("oaud", audiences)
		audiences = azp
	}
	add("aud", audiences)
	add("sub", claimValues(claims["sub"]))
	add("amr", claimValues(claims["amr"]))
	return out
}

// takeClaims takes principal tags and the source identity from the claims that AWS defined for them.
func (s *session) takeClaims(claims map[string]any) error {
	if text, ok := claims[claimSourceIdentity].(string); ok && text != "" {
		if !sessionNameText(text) {
			return fail(IDPRejectedClaim, "The source identity must be 2 to 64 letters, digits and _+=,.@-.")
		}
		s.sourceIdentity = text
	}
	container, ok := claims[claimTags].(map[string]any)
	if !ok {
		return nil
	}
	tags, _ := container["principal_tags"].(map[string]any)
	text := make(map[string]string, len(tags))
	for key, value := range tags {
		values := claimValues(value)
		if len(values) != 1 {
			return fail(IDPRejectedClaim, "Each principal tag must have one value.")
		}
		text[key] = values[0]
	}
	return s.setFederatedTags(text, claimValues(container["transitive_tag_keys"]))
}

// setFederatedTags gives the session the tags that a provider says.
func (s *session) setFederatedTags(tags map[string]string, transitive []string) error {
	asked := sortedPairs(tags)
	err := checkTags(asked)
	if err == nil {
		s.tags, s.transitive, err = inheritTags(asked, transitive, nil)
	}
	if err != nil {
		return &Error{Code: IDPRejectedClaim, Message: "The principal tags cannot be used: " + err.Error() + ".", cause: err}
	}
	return nil
}

// identityTokenError says in the words of the security token service what verifyLogin said in those of an identity pool.
func identityTokenError(err error) error {
	var e *Error
	if !errors.As(err, &e) {
		return err
	}
	switch {
	case e.Code == NotAuthorized && (errors.Is(err, ExpiredToken) || errors.Is(err, jose.ErrExpired)):
		return &Error{Code: ExpiredToken, Message: e.Message, cause: e}
	case errors.Is(err, errLoginRevoked):
		return &Error{Code: IDPRejectedClaim, Message: e.Message, cause: e}
	case e.Code == NotAuthorized:
		return &Error{Code: InvalidIdentityToken, Message: e.Message, cause: e}
	case e.Code == ExternalService:
		return &Error{Code: IDPCommunicationError, Message: e.Message, cause: e}
	}
	return err
}

// samlProvider is the name of a SAML provider that AssumeRoleWithSAML can use.
var samlProvider = regexp.MustCompile(`^arn:aws:iam::[0-9]{12}:saml-provider/([A-Za-z0-9._-]{1,128})$`)
