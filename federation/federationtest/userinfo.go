package federationtest

import (
	"mime"
	"net/http"
	"strings"
)

// serveUserInfo answers with the claims of an access token, which comes in the
// Authorization header or in a form (RFC 6750 sections 2.1 and 2.2), not in the
// query.
func (p *Provider) serveUserInfo(w http.ResponseWriter, r *http.Request) {
	noStore(w)
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	inHeader := strings.EqualFold(scheme, "Bearer")
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if r.Method == http.MethodPost && err == nil && media == "application/x-www-form-urlencoded" {
		if r.ParseForm() != nil || len(r.PostForm["access_token"]) > 1 || inHeader && r.PostForm.Has("access_token") {
			bearerError(w, http.StatusBadRequest, "invalid_request", "send one access token, once")
			return
		}
		if !inHeader {
			token = r.PostForm.Get("access_token")
		}
	} else if !inHeader {
		token = ""
	}
	if token == "" {
		w.Header().Set("WWW-Authenticate", `Bearer realm="userinfo"`)
		writeJSON(w, http.StatusUnauthorized, map[string]string{})
		return
	}
	g := p.byAccessToken(token)
	if g == nil {
		bearerError(w, http.StatusUnauthorized, "invalid_token", "the access token is unknown or expired")
		return
	}
	claims := claimsOf(g.user, g.scope)
	if mutate := p.currentHooks().MutateUserInfo; mutate != nil {
		mutate(claims)
	}
	writeJSON(w, http.StatusOK, claims)
}

func bearerError(w http.ResponseWriter, status int, code, description string) {
	w.Header().Set("WWW-Authenticate", `Bearer realm="userinfo", error="`+code+`", error_description="`+description+`"`)
	writeJSON(w, status, map[string]string{"error": code, "error_description": description})
}
