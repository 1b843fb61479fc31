package saml

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
)

// loginClaims are the names that VerifyLogin gives a meaning; an attribute with
// one of them is left out.
var loginClaims = []string{"iss", "sub", "aud", "exp", "nbf", "iat", "jti", "auth_time", "acr", "amr"}

// VerifyLogin judges a response as it was posted, in base64, which the person
// who presents it got elsewhere, and returns claims about them. It makes a
// Provider a LoginVerifier of package identitypool.
//
// It checks everything that Finish checks but to which request the response
// is the answer, for which it would have to know the sign-in. The response must
// be for this service provider's ACS URL, and is used up by it: one that was
// used to sign in cannot be presented here.
//
// The claims are iss (the identity provider), sub (the subject, as from Finish),
// aud (this service provider), exp and auth_time (json.Number, seconds since
// 1970), acr (string) and amr ([]any) with the authentication context class, and
// the attributes by their names: a string, or []any of strings if there are
// several values.
func (p *Provider) VerifyLogin(ctx context.Context, token string) (claims map[string]any, err error) {
	err = guard("judging a response", func() error {
		data, err := decode(token, "token", InvalidResponse)
		if err != nil {
			return err
		}
		m, err := p.metadata.get(ctx)
		if err != nil {
			return err
		}
		out, err := p.judge(ctx, data, &judgment{p: p, m: m, anyRequest: true})
		if err != nil {
			return err
		}
		claims = p.claims(out)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return claims, nil
}

func (p *Provider) claims(r *result) map[string]any {
	claims := map[string]any{
		"iss":       r.metadata.entityID,
		"sub":       r.subject,
		"aud":       p.sp.config.EntityID,
		"exp":       json.Number(strconv.FormatInt(r.notOnOrAfter.Unix(), 10)),
		"auth_time": json.Number(strconv.FormatInt(r.authnInstant.Unix(), 10)),
	}
	if r.classRef != "" {
		claims["acr"] = r.classRef
		claims["amr"] = []any{r.classRef}
	}
	for name, values := range r.attributes {
		switch {
		case slices.Contains(loginClaims, name):
		case len(values) == 1:
			claims[name] = values[0]
		default:
			list := make([]any, len(values))
			for i, value := range values {
				list[i] = value
			}
			claims[name] = list
		}
	}
	return claims
}

// SingleUse returns true: VerifyLogin accepts each response a single time. An
// identity pool remembers it, so that one response serves both of the calls that
// a client makes with it.
func (p *Provider) SingleUse() bool { return true }
