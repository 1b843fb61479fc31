package oauth

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"
)

// credentials are what a client says of itself. secret is "" for a public client.
type credentials struct{ clientID, secret string }

// authenticate finds out which client sends a request: client_secret_basic or client_secret_post for a confidential client, client_id
// alone for a public one (RFC 6749 sections 2.3.1 and 3.2.1). It also takes back the permission for browsers if there is a secret.
func (h *Handler) authenticate(w http.ResponseWriter, r *http.Request, p params) (credentials, *wireError) {
	c, failure := readCredentials(r.Header, p)
	if p.get("client_secret") != "" { // with an Authorization header, browsers have no permission from the start
		forbidBrowsers(w)
	}
	if failure == nil {
		if _, err := h.pool.AuthenticateClient(c.clientID, c.secret); err != nil {
			failure = h.translate(r.Context(), err)
		}
	}
	if failure != nil {
		if failure.Status == http.StatusUnauthorized {
			w.Header().Set("WWW-Authenticate", `Basic realm="`+h.issuer+`", charset="UTF-8"`)
		}
		return credentials{}, failure
	}
	return c, nil
}

func readCredentials(header http.Header, p params) (credentials, *wireError) {
	if p.get("client_assertion") != "" || p.get("client_assertion_type") != "" {
		return credentials{}, invalidClient("client assertions are not supported; use client_secret_basic or client_secret_post")
	}
	posted := credentials{p.get("client_id"), p.get("client_secret")}
	switch lines := header.Values("Authorization"); {
	case len(lines) > 1:
		return credentials{}, invalidRequest("there is more than one Authorization header")
	case len(lines) == 0:
		if posted.clientID == "" {
			return credentials{}, invalidClient("client_id is missing")
		}
		return posted, nil
	case posted.secret != "":
		return credentials{}, invalidRequest("the client authenticates in two ways at once; use the Authorization header or client_secret")
	default:
		c, ok := parseBasic(lines[0])
		if !ok {
			return credentials{}, invalidClient("the Authorization header is not Basic with form-encoded client_id and client_secret")
		}
		if posted.clientID != "" && posted.clientID != c.clientID {
			return credentials{}, invalidRequest("client_id is not the client of the Authorization header")
		}
		return c, nil
	}
}

// maxBasic bounds an Authorization header with client credentials, in bytes.
const maxBasic = 4 << 10

// parseBasic reads the header of client_secret_basic: Base64 of the client_id and the secret, each form-encoded, with a colon between
// them (RFC 6749 section 2.3.1). Neither may be empty: a public client sends client_id in the body.
func parseBasic(header string) (credentials, bool) {
	scheme, encoded, ok := strings.Cut(header, " ")
	if !ok || !strings.EqualFold(scheme, "Basic") || len(header) > maxBasic {
		return credentials{}, false
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(strings.TrimLeft(encoded, " "))
	if err != nil || strings.ContainsAny(encoded, "\r\n") || strings.Count(string(raw), ":") != 1 {
		return credentials{}, false
	}
	id, secret, _ := strings.Cut(string(raw), ":")
	var c credentials
	if c.clientID, err = url.QueryUnescape(id); err != nil {
		return credentials{}, false
	}
	if c.secret, err = url.QueryUnescape(secret); err != nil {
		return credentials{}, false
	}
	if c.clientID == "" || c.secret == "" || !utf8.ValidString(c.clientID+c.secret) {
		return credentials{}, false
	}
	return c, true
}
