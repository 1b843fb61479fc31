package federationtest

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"mime"
	"net/http"
	"net/url"
	"regexp"
)

// serveToken redeems codes (RFC 6749 sections 4.1.3 and 5, RFC 7636 section 4.6).
func (p *Provider) serveToken(w http.ResponseWriter, r *http.Request) {
	noStore(w)
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != "application/x-www-form-urlencoded" || r.ParseForm() != nil {
		p.tokenError(w, http.StatusBadRequest, "invalid_request", "the body must be a form of at most 64 KiB")
		return
	}
	for name, values := range r.PostForm {
		if len(values) > 1 {
			p.tokenError(w, http.StatusBadRequest, "invalid_request", "a parameter occurs twice: "+name)
			return
		}
	}
	client, problem := p.authenticate(r)
	if client == nil {
		w.Header().Set("WWW-Authenticate", `Basic realm="token"`)
		p.tokenError(w, http.StatusUnauthorized, "invalid_client", problem)
		return
	}
	if r.PostForm.Get("grant_type") != "authorization_code" {
		p.tokenError(w, http.StatusBadRequest, "unsupported_grant_type", "grant_type must be authorization_code")
		return
	}
	g := p.redeem(r.PostForm.Get("code"), client)
	if g == nil || g.redirectURI != r.PostForm.Get("redirect_uri") {
		p.tokenError(w, http.StatusBadRequest, "invalid_grant", "the code is unknown, expired, used, or of another client or redirect_uri")
		return
	}
	if !verifierFits(g.challenge, r.PostForm.Get("code_verifier")) {
		p.tokenError(w, http.StatusBadRequest, "invalid_grant", "code_verifier does not belong to the code_challenge")
		return
	}
	p.issueTokens(w, g)
}

func (p *Provider) issueTokens(w http.ResponseWriter, g *grant) {
	access, err := p.newAccessToken(g)
	if err != nil {
		p.tokenError(w, http.StatusServiceUnavailable, "temporarily_unavailable", err.Error())
		return
	}
	id, err := p.idTokenFor(g, access)
	if err != nil {
		p.tokenError(w, http.StatusInternalServerError, "server_error", err.Error())
		return
	}
	p.writeToken(w, http.StatusOK, map[string]any{
		"access_token": access, "token_type": "Bearer", "expires_in": int(tokenLifetime.Seconds()),
		"id_token": id, "scope": g.scope,
	})
}

func (p *Provider) tokenError(w http.ResponseWriter, status int, code, description string) {
	p.writeToken(w, status, map[string]any{"error": code, "error_description": description})
}

func (p *Provider) writeToken(w http.ResponseWriter, status int, response map[string]any) {
	if mutate := p.currentHooks().MutateToken; mutate != nil {
		mutate(response)
	}
	writeJSON(w, status, response)
}

// authenticate returns the client of a token request, which shows its secret in
// one way only (RFC 6749 section 2.3.1).
func (p *Provider) authenticate(r *http.Request) (client *Client, problem string) {
	id, secret := r.PostForm.Get("client_id"), r.PostForm.Get("client_secret")
	if user, password, ok := r.BasicAuth(); ok {
		userID, err1 := url.QueryUnescape(user)
		userSecret, err2 := url.QueryUnescape(password)
		if err1 != nil || err2 != nil || secret != "" || id != "" && id != userID {
			return nil, "the client authenticates in two ways, or in none that can be read"
		}
		id, secret = userID, userSecret
	}
	client = p.client(id)
	if client == nil || subtle.ConstantTimeCompare([]byte(client.Secret), []byte(secret)) != 1 {
		return nil, "the client is unknown or its secret is wrong"
	}
	return client, ""
}

var verifierForm = regexp.MustCompile(`^[A-Za-z0-9._~-]{43,128}$`)

// verifierFits also refuses a verifier without a challenge, which is how a
// request stripped of PKCE is found out (RFC 9700 section 4.8.2).
func verifierFits(challenge, verifier string) bool {
	if challenge == "" {
		return verifier == ""
	}
	sum := sha256.Sum256([]byte(verifier))
	made := base64.RawURLEncoding.EncodeToString(sum[:])
	return verifierForm.MatchString(verifier) && subtle.ConstantTimeCompare([]byte(made), []byte(challenge)) == 1
}
