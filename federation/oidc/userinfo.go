package oidc

import (
	"context"
	"net/http"

	"github.com/stepwell/stepwell/internal/jose"
)

// userInfo asks the userinfo endpoint, with the access token in a header (RFC
// 6750 section 2.1). Its answer counts only if it is about subject (OpenID
// Connect Core section 5.3.2): the access token may have been swapped.
func (p *Provider) userInfo(ctx context.Context, m *metadata, accessToken, subject string) (map[string]any, error) {
	const what = "the userinfo endpoint"
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, m.userInfoEndpoint, nil)
	if err != nil {
		return nil, failCause(UserInfoFailed, what, err, accessToken)
	}
	req.Header.Set("Authorization", "Bearer "+accessToken)
	body, err := p.fetch.object(ctx, req)
	if err != nil {
		return nil, failCause(UserInfoFailed, what, err, accessToken)
	}
	claims, err := jose.DecodeObject(body)
	if err != nil {
		return nil, failCause(UserInfoFailed, what, err, accessToken)
	}
	if sub, ok := claims["sub"].(string); !ok || sub != subject {
		return nil, fail(UserInfoFailed, "%s answers about another sub than the ID token's", what)
	}
	return claims, nil
}
