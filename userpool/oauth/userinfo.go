package oauth

import (
	"errors"
	"net/http"
	"strings"

	"github.com/stepwell/stepwell/userpool"
)

// maxToken bounds an access token, in bytes.
const maxToken = 16 << 10

// userInfo is the UserInfo endpoint: OpenID Connect Core section 5.3. The token comes in the Authorization header only; the body of a
// POST request is not read.
func (h *Handler) userInfo(w http.ResponseWriter, r *http.Request) {
	token, failure := bearerToken(r)
	if failure != nil {
		h.challenge(w, failure)
		return
	}
	claims, err := h.pool.UserInfo(r.Context(), token)
	if err != nil {
		h.challenge(w, h.translateBearer(r, err))
		return
	}
	writeJSON(w, http.StatusOK, claims)
}

// bearerToken reads the header of RFC 6750 section 2.1. The Code of a failure is "" if no token was shown at all.
func bearerToken(r *http.Request) (string, *wireError) {
	if strings.Contains(r.URL.RawQuery, "access_token") {
		return "", invalidRequest("a token in the URL ends in logs; send it in the Authorization header")
	}
	lines := r.Header.Values("Authorization")
	if len(lines) > 1 {
		return "", invalidRequest("there is more than one Authorization header")
	}
	if len(lines) == 0 {
		return "", &wireError{Status: http.StatusUnauthorized}
	}
	scheme, token, _ := strings.Cut(lines[0], " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return "", &wireError{Status: http.StatusUnauthorized}
	}
	if token == "" || len(token) > maxToken || strings.ContainsFunc(token, func(r rune) bool { return notBase64URL(r) && r != '.' }) {
		return "", &wireError{Status: http.StatusUnauthorized, Code: errInvalidToken, Description: "this is not an access token"}
	}
	return token, nil
}

// translateBearer makes an error of RFC 6750 section 3.1 of an error of the pool.
func (h *Handler) translateBearer(r *http.Request, err error) *wireError {
	if errors.Is(err, userpool.InsufficientScope) {
		return &wireError{Status: http.StatusForbidden, Code: errInsufficientScope, Description: "the access token lacks the scope openid"}
	}
	e := h.translate(r.Context(), err)
	if e.Status < http.StatusInternalServerError && e.Status != http.StatusTooManyRequests {
		return &wireError{Status: http.StatusUnauthorized, Code: errInvalidToken, Description: "the access token is not, or no longer, valid"}
	}
	return e
}

// challenge refuses a request with WWW-Authenticate: RFC 6750 section 3.
func (h *Handler) challenge(w http.ResponseWriter, e *wireError) {
	value := `Bearer realm="` + h.issuer + `"`
	if e.Code != "" {
		value += `, error="` + e.Code + `"`
	}
	if e.Description != "" {
		value += `, error_description="` + plainText(e.Description) + `"`
	}
	if e.Code == errInsufficientScope {
		value += `, scope="` + userpool.ScopeOpenID + `"`
	}
	if e.Status < http.StatusInternalServerError && e.Status != http.StatusTooManyRequests {
		w.Header().Set("WWW-Authenticate", value)
	}
	if e.Code == "" {
		w.WriteHeader(e.Status)
		return
	}
	writeError(w, e)
}
