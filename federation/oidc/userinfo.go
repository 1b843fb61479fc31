package oidc

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/stepwell/stepwell/internal/jose"
)

// userInfo asks the userinfo endpoint, with the access token where UserInfoInBody
// says (RFC 6750 sections 2.1 and 2.2). Its answer counts only if it is about the
// subject of the ID token (OpenID Connect Core section 5.3.2): the access token
// may have been swapped. A signed answer must be the provider's, for this client.
func (p *Provider) userInfo(ctx context.Context, m *metadata, accessToken string, token map[string]any) (map[string]any, error) {
	const what = "the userinfo endpoint"
	req, err := p.userInfoRequest(ctx, m, accessToken)
	if err != nil {
		return nil, failCause(UserInfoFailed, what, err, accessToken)
	}
	body, signed, err := p.fetch.objectOrToken(ctx, req)
	if err != nil {
		return nil, failCause(UserInfoFailed, what, err, accessToken)
	}
	var claims map[string]any
	if signed {
		claims, err = p.verifyUserInfo(ctx, m, string(body), token)
	} else {
		claims, err = jose.DecodeObject(body)
	}
	if err != nil {
		return nil, failCause(UserInfoFailed, what, err, accessToken, string(body))
	}
	if sub, ok := claims["sub"].(string); !ok || sub != token["sub"] {
		return nil, fail(UserInfoFailed, "%s answers about another sub than the ID token's", what)
	}
	return claims, nil
}

func (p *Provider) userInfoRequest(ctx context.Context, m *metadata, accessToken string) (*http.Request, error) {
	if !p.config.UserInfoInBody {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, m.userInfoEndpoint, nil)
		if err == nil {
			req.Header.Set("Authorization", "Bearer "+accessToken)
		}
		return req, err
	}
	body := strings.NewReader(url.Values{"access_token": {accessToken}}.Encode())
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, m.userInfoEndpoint, body)
	if err == nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return req, err
}

// verifyUserInfo verifies a signed answer. It need not say when it ends, but it
// must say whose it is and for whom, and both must be the ID token's.
func (p *Provider) verifyUserInfo(ctx context.Context, m *metadata, compact string, token map[string]any) (map[string]any, error) {
	if p.config.Tenants != nil {
		return nil, fail(UserInfoFailed, "the answer of the userinfo endpoint is signed, which is not supported together with Tenants")
	}
	issuer, _ := token["iss"].(string)
	claims, err := jose.Verify(ctx, compact, m.keys, jose.Expected{
		Issuer:        issuer,
		Audience:      p.config.ClientID,
		Now:           p.now(),
		AllowNoExpiry: true,
	})
	if err != nil {
		return nil, failCause(UserInfoFailed, "the signed answer of the userinfo endpoint", err, compact)
	}
	if err := p.checkAudience(claims); err != nil {
		return nil, fail(UserInfoFailed, "the signed answer of the userinfo endpoint: its %v", err)
	}
	return claims, nil
}
