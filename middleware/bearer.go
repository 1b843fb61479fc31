package middleware

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/stepwell/stepwell/internal/jose"
)

// maxToken bounds a bearer token, in bytes.
const maxToken = 16 << 10

// accessTokenTypes are the values of the header typ that an access token may have: none and "JWT" (as Cognito), "at+jwt"
// (RFC 9068). Others belong to tokens of another purpose, such as logout+jwt (RFC 8725 section 3.11).
var accessTokenTypes = []string{"", "JWT", "at+jwt"}

// authenticateBearer verifies the access token in the Authorization header.
func (g *Guard) authenticateBearer(r *http.Request) (Claims, *Error) {
	token, refused := bearerToken(r.Header.Values("Authorization"))
	if g.keys == nil && refused != InvalidRequest {
		refused = UnsupportedScheme
	}
	if refused != "" {
		return nil, g.fail(refused, nil)
	}

	claims, refusedToken := g.verify(r, token)
	if refusedToken != nil {
		return nil, refusedToken
	}
	if g.revocation == nil {
		return claims, nil
	}
	copied, err := cloneClaims(claims)
	if err != nil {
		return nil, g.fail(InvalidToken, err)
	}
	revoked, err := g.revocation.Revoked(r.Context(), copied)
	switch {
	case err != nil:
		return nil, g.fail(Unavailable, err)
	case revoked:
		return nil, g.fail(InvalidToken, errors.New("the token is revoked"))
	}
	return claims, nil
}

// verify checks all of the token that needs no revocation list.
func (g *Guard) verify(r *http.Request, token string) (Claims, *Error) {
	keys := &observedKeys{source: g.keys}
	verified, err := jose.Verify(r.Context(), token, keys, jose.Expected{
		Issuer:   g.issuer,
		Audience: g.audience,
		Types:    accessTokenTypes,
		Now:      g.now(),
	})
	switch {
	case keys.unavailable != nil:
		return nil, g.fail(Unavailable, keys.unavailable)
	case err != nil:
		return nil, g.fail(InvalidToken, err)
	}
	claims := Claims(verified)
	if err := g.checkClaims(claims); err != nil {
		return nil, g.fail(InvalidToken, err)
	}
	return claims, nil
}

// checkClaims checks what makes a verified token an access token for this API.
func (g *Guard) checkClaims(claims Claims) error {
	switch {
	case claims.String("token_use") != "access":
		return errors.New(`claim token_use is not "access": ID tokens and others are not accepted`)
	case claims.Subject() == "":
		return errors.New("claim sub is missing or empty")
	case len(g.clientIDs) > 0 && !slices.Contains(g.clientIDs, claims.ClientID()):
		return errors.New("claim client_id is not among Config.ClientIDs")
	}
	if _, bound := claims["aud"]; bound && g.audience == "" {
		return errors.New("claim aud names an audience, and Config.Audience is empty")
	}
	if _, bound := claims["cnf"]; bound {
		// RFC 7800: only who proves possession of a key may use it, and no such proof is checked here.
		return errors.New("claim cnf binds the token to a key: it is no bearer token")
	}
	return nil
}

// bearerToken takes the token out of the values of the Authorization headers (RFC 6750 section 2.1), of which there is at least
// one. The scheme is compared without regard to case; one space follows it; then the token stands alone.
func bearerToken(values []string) (token string, refused Code) {
	if len(values) != 1 {
		return "", InvalidRequest
	}
	header := values[0]
	end := 0
	for end < len(header) && isTokenChar(header[end]) {
		end++
	}
	scheme, rest := header[:end], header[end:]
	switch {
	case scheme == "":
		return "", InvalidRequest
	case !strings.EqualFold(scheme, "Bearer"):
		return "", UnsupportedScheme
	case strings.Trim(rest, " \t") == "":
		return "", InvalidRequest
	}
	token, ok := strings.CutPrefix(rest, " ")
	if !ok || !isB64Token(token) {
		return "", InvalidToken
	}
	return token, ""
}

// isTokenChar reports whether c may stand in an authentication scheme: a tchar of RFC 9110 section 5.6.2.
func isTokenChar(c byte) bool {
	switch c {
	case '!', '#', '$', '%', '&', '\'', '*', '+', '-', '.', '^', '_', '`', '|', '~':
		return true
	}
	return isAlphaNumeric(c)
}

// isB64Token reports whether s is a b64token of RFC 6750 section 2.1 of bounded length.
func isB64Token(s string) bool {
	if len(s) > maxToken {
		return false
	}
	body := strings.TrimRight(s, "=")
	for i := range len(body) {
		if !isB64TokenChar(body[i]) {
			return false
		}
	}
	return body != ""
}

func isB64TokenChar(c byte) bool {
	switch c {
	case '-', '.', '_', '~', '+', '/':
		return true
	}
	return isAlphaNumeric(c)
}

func isAlphaNumeric(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}
