package identitypool

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/stepwell/stepwell/internal/jose"
)

const (
	// openIDTokenDuration is the life of a token of GetOpenIDToken.
	openIDTokenDuration = 10 * time.Minute
	// openIDTokenType is the typ of both kinds of token.
	openIDTokenType = "JWS"

	claimPoolARN = "https://cognito-identity.amazonaws.com/identity-pool-arn"
	claimTags    = "https://aws.amazon.com/tags"
	// claimUse has the value useLogin in a token that is good as a login.
	claimUse = "token_use"
	useLogin = "login"
)

// OpenIDToken is a token with the identity that it is for. Token is a secret of its owner.
type OpenIDToken struct {
	IdentityID string
	Token      string
}

// LogValue keeps the token out of logs.
func (t OpenIDToken) LogValue() slog.Value {
	return slog.GroupValue(slog.String("IdentityID", t.IdentityID))
}

// String keeps the token out of messages.
func (t OpenIDToken) String() string { return "OpenID token of " + t.IdentityID }

// GoString keeps the token out of messages.
func (t OpenIDToken) GoString() string { return t.String() }

// GetOpenIDTokenInput is what GetOpenIDToken takes.
type GetOpenIDTokenInput struct {
	// IdentityID is what GetID returned.
	IdentityID string
	// Logins maps names of providers to tokens of them; none for a guest.
	Logins map[string]string
}

// GetOpenIDToken gives an identity a token for 10 minutes, to be exchanged for credentials by AssumeRoleWithWebIdentity, here or at AWS: the
// basic flow of Cognito, which Config.AllowClassicFlow must allow. It links and merges as GetCredentialsForIdentity does: the identity of
// the result may be another one. The first of several logins, by the names of the providers, gives the principal tags.
//
// It returns InvalidParameter if the pool does not allow it or input is malformed, ResourceNotFound for an unknown identity, NotAuthorized
// if a login is not valid or none is the identity's, if the identity is disabled, has a login and none was given, or if guests are not
// allowed, and else what GetID does.
func (p *Pool) GetOpenIDToken(ctx context.Context, in GetOpenIDTokenInput) (OpenIDToken, error) {
	if !p.classic {
		return OpenIDToken{}, fail(InvalidParameter, "Basic (classic) flow is not enabled, please use enhanced flow.")
	}
	if err := checkIdentityID(in.IdentityID); err != nil {
		return OpenIDToken{}, err
	}
	asked := p.now()
	logins, err := p.verifyLogins(ctx, in.Logins, true)
	if err != nil {
		return OpenIDToken{}, err
	}
	tags := make(map[string]string)
	if len(logins) > 0 { // as in GetCredentialsForIdentity without role mappings
		pairs, err := logins[0].principalTags()
		if err != nil {
			p.logger.WarnContext(ctx, "identitypool: principal tags refused", "identity", in.IdentityID, "provider", logins[0].Provider, "error", err)
			return OpenIDToken{}, &Error{Code: NotAuthorized, Message: "The login has claims that cannot be principal tags.", cause: err}
		}
		for _, tag := range pairs {
			tags[tag.key] = tag.value
		}
	}
	identity, err := p.identityFor(ctx, in.IdentityID, logins)
	if err != nil {
		return OpenIDToken{}, err
	}
	token, err := p.signOpenIDToken(ctx, openIDClaims{identity: identity.ID, amr: amrOf(logins), tags: tags, asked: asked}, openIDTokenDuration)
	if err != nil {
		return OpenIDToken{}, err
	}
	return OpenIDToken{IdentityID: identity.ID, Token: token}, nil
}

// openIDClaims is what a token says of an identity.
type openIDClaims struct {
	identity string
	amr      []string
	tags     map[string]string
	login    bool      // it is good as a login: GetCredentialsForIdentity takes it, and not AssumeRoleWithWebIdentity alone
	asked    time.Time // before anything was verified: the iat, as of credentials, see issue
}

func (p *Pool) signOpenIDToken(ctx context.Context, c openIDClaims, duration time.Duration) (string, error) {
	s, err := p.keySetNow(ctx)
	if err != nil {
		return "", err
	}
	claims := map[string]any{
		"iss": p.issuer, "sub": c.identity, "aud": p.id, "amr": c.amr, "iat": c.asked.Unix(), "exp": c.asked.Add(duration).Unix(),
		claimPoolARN: "arn:aws:cognito-identity:" + p.region + ":" + p.account + ":identitypool/" + p.id,
	}
	if len(c.tags) > 0 {
		values := make(map[string][]string, len(c.tags))
		for key, value := range c.tags {
			values[key] = []string{value}
		}
		claims[claimTags] = map[string]any{"principal_tags": values}
	}
	if c.login {
		claims[claimUse] = useLogin
	}
	token, err := s.current(p.now()).private.Sign(openIDTokenType, claims)
	if errors.Is(err, jose.ErrClaims) {
		return "", &Error{Code: InvalidParameter, Message: "The principal tags and logins are too long for a token.", cause: err}
	}
	if err != nil {
		return "", internal("sign a token", err)
	}
	return token, nil
}

// verifyOpenIDToken verifies a token of this pool, and that the identity that it names may be used as it says: one that was deleted,
// disabled or merged, or lost a login, since then may not, nor a guest who signed in meanwhile. The error of a token that is refused is not
// an *Error.
func (p *Pool) verifyOpenIDToken(ctx context.Context, token string) (map[string]any, error) {
	claims, err := jose.Verify(ctx, token, p, jose.Expected{Issuer: p.issuer, Audience: p.id, Types: []string{openIDTokenType}, Now: p.now()})
	var ours *Error
	switch {
	case errors.As(err, &ours) && ours.Code == InternalError:
		return nil, ours
	case err != nil:
		return nil, err
	}
	id, _ := claims["sub"].(string)
	issued, ok := jose.Numeric(claims, "iat")
	amr := stringsOf(claims["amr"])
	if !ok || len(amr) == 0 {
		return nil, errors.New("the token has no iat or no amr")
	}
	identity, err := p.readIdentity(ctx, id)
	if err != nil {
		return nil, err
	}
	guest := amr[0] != "authenticated"
	switch {
	case identity.Disabled:
		return nil, errors.New("the identity is disabled")
	case guest != !identity.Authenticated:
		return nil, errors.New("the identity is no guest's any more")
	case guest && !p.guests:
		return nil, errors.New("guests are not allowed")
	}
	return claims, p.checkTokenRevoked(ctx, id, issued)
}

// stringsOf returns the strings of a claim that is a list.
func stringsOf(claim any) []string {
	list, _ := claim.([]any)
	var out []string
	for _, value := range list {
		if text, ok := value.(string); ok {
			out = append(out, text)
		}
	}
	return out
}

// tagsOf returns the principal tags of a token.
func tagsOf(claims map[string]any) map[string]string {
	outer, _ := claims[claimTags].(map[string]any)
	inner, _ := outer["principal_tags"].(map[string]any)
	out := make(map[string]string, len(inner))
	for key, value := range inner {
		if values := stringsOf(value); len(values) > 0 {
			out[key] = values[0]
		}
	}
	return out
}

// checkTokenRevoked refuses a token whose credentials were ended in the second it was issued, or later.
func (p *Pool) checkTokenRevoked(ctx context.Context, id string, issued time.Time) error {
	found, err := p.store.Revocations(ctx, p.id, []string{identitySubject + id, everybody}, p.now())
	if err != nil {
		return internal("read revocations", err)
	}
	if slices.ContainsFunc(found, func(r Revocation) bool { return !issued.After(r.Before) }) {
		return errors.New("the token was revoked")
	}
	return nil
}
