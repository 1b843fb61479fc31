package oauth

import (
	"errors"
	"net/http"

	"github.com/stepwell/stepwell/userpool"
)

// revoke is the revocation endpoint: RFC 7009. An unknown token is revoked enough, and another client's token is not known to this one.
func (h *Handler) revoke(w http.ResponseWriter, r *http.Request) {
	if failure := h.revokeToken(w, r); failure != nil {
		writeError(w, failure)
		return
	}
	w.WriteHeader(http.StatusOK)
}

func (h *Handler) revokeToken(w http.ResponseWriter, r *http.Request) *wireError {
	p, failure := h.formParams(w, r)
	if failure != nil {
		return failure
	}
	client, failure := h.authenticate(w, r, p)
	if failure != nil {
		return failure
	}
	if p.get("token") == "" {
		return invalidRequest("token is missing")
	}
	// token_type_hint is not needed: a token tells what it is.
	err := h.pool.RevokeToken(r.Context(), userpool.RevokeTokenInput{
		Token:        p.get("token"),
		ClientID:     client.clientID,
		ClientSecret: client.secret,
	})
	if err == nil || errors.Is(err, userpool.Unauthorized) {
		return nil
	}
	return h.translate(r.Context(), err)
}
