package oauth

import (
	"net/http"
	"strings"

	"github.com/stepwell/stepwell/userpool"
)

// tokenResponse is the answer of RFC 6749 section 5.1 and OpenID Connect Core section 3.1.3.3.
type tokenResponse struct {
	AccessToken  string `json:"access_token"`
	TokenType    string `json:"token_type"`
	ExpiresIn    int64  `json:"expires_in"`
	RefreshToken string `json:"refresh_token,omitempty"`
	IDToken      string `json:"id_token,omitempty"`
	Scope        string `json:"scope,omitempty"`
}

// token is the token endpoint: RFC 6749 section 3.2.
func (h *Handler) token(w http.ResponseWriter, r *http.Request) {
	tokens, failure := h.grant(w, r)
	if failure != nil {
		writeError(w, failure)
		return
	}
	writeJSON(w, http.StatusOK, tokenResponse{
		AccessToken:  tokens.AccessToken,
		TokenType:    "Bearer",
		ExpiresIn:    int64(tokens.ExpiresIn.Seconds()),
		RefreshToken: tokens.RefreshToken,
		IDToken:      tokens.IDToken,
		Scope:        strings.Join(tokens.Scopes, " "),
	})
}

func (h *Handler) grant(w http.ResponseWriter, r *http.Request) (*userpool.Tokens, *wireError) {
	p, failure := h.formParams(w, r)
	if failure != nil {
		return nil, failure
	}
	client, failure := h.authenticate(w, r, p)
	if failure != nil {
		return nil, failure
	}
	switch p.get("grant_type") {
	case "authorization_code":
		return h.redeem(r, p, client)
	case "refresh_token":
		return h.refresh(r, p, client)
	case "":
		return nil, invalidRequest("grant_type is missing")
	}
	return nil, &wireError{
		Status:      http.StatusBadRequest,
		Code:        errUnsupportedGrantType,
		Description: "grant_type must be authorization_code or refresh_token",
	}
}

// redeem is the authorization code grant: RFC 6749 section 4.1.3, with the verifier of RFC 7636 section 4.5.
func (h *Handler) redeem(r *http.Request, p params, client credentials) (*userpool.Tokens, *wireError) {
	for _, name := range []string{"code", "redirect_uri", "code_verifier"} {
		if p.get(name) == "" {
			return nil, invalidRequest(name + " is missing")
		}
	}
	if !validVerifier(p.get("code_verifier")) {
		return nil, invalidRequest("code_verifier must be 43 to 128 characters of A-Z, a-z, 0-9, -, ., _ and ~")
	}
	tokens, err := h.pool.RedeemAuthorizationCode(r.Context(), userpool.RedeemAuthorizationCodeInput{
		ClientID:     client.clientID,
		ClientSecret: client.secret,
		Code:         p.get("code"),
		RedirectURI:  p.get("redirect_uri"),
		CodeVerifier: p.get("code_verifier"),
	})
	if err != nil {
		return nil, h.translate(r.Context(), err)
	}
	return tokens, nil
}

// validVerifier checks the grammar of RFC 7636 section 4.1.
func validVerifier(s string) bool {
	bad := func(r rune) bool { return notBase64URL(r) && r != '.' && r != '~' }
	return len(s) >= 43 && len(s) <= 128 && !strings.ContainsFunc(s, bad)
}

// refresh is the refresh token grant: RFC 6749 section 6.
func (h *Handler) refresh(r *http.Request, p params, client credentials) (*userpool.Tokens, *wireError) {
	if p.get("refresh_token") == "" {
		return nil, invalidRequest("refresh_token is missing")
	}
	scopes, ok := splitScope(p.get("scope"))
	if !ok {
		return nil, &wireError{Status: http.StatusBadRequest, Code: errInvalidScope, Description: "scope is not a list of scopes"}
	}
	tokens, err := h.pool.GetTokensFromRefreshToken(r.Context(), userpool.GetTokensFromRefreshTokenInput{
		RefreshToken: p.get("refresh_token"),
		ClientID:     client.clientID,
		ClientSecret: client.secret,
		Scopes:       scopes,
	})
	if err != nil {
		return nil, h.translate(r.Context(), err)
	}
	return tokens, nil
}
