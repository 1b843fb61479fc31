package federationtest

import (
	"crypto/sha256"
	"encoding/base64"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	refreshLifetime = 90 * 24 * time.Hour
	publicGraph     = "https://graph.microsoft.com"
)

var openIDScopes = []string{"openid", "profile", "email", "offline_access"}

// resource finds out which application a scope is for, and which of its
// permissions are granted with it. Without any permission of another one it is
// Microsoft Graph.
func (e *Entra) resource(app *EntraApp, scope string) (resource string, granted []string, refusal *EntraError) {
	resource = GraphAppID
	named := ""
	for _, item := range strings.Fields(scope) {
		if slices.Contains(openIDScopes, item) {
			continue
		}
		prefix, permission := "", item
		if slash := strings.LastIndexByte(item, '/'); slash >= 0 {
			prefix, permission = item[:slash], item[slash+1:]
		}
		if named != "" && prefix != "" && named != prefix {
			return "", nil, &EntraError{Code: 28000, OAuth: "invalid_scope", Message: "Provided value for the input parameter scope is not valid because it contains " +
				"more than one resource. Scope " + scope + " is not valid."}
		}
		switch prefix {
		case "", e.graphURL, publicGraph, GraphAppID:
			if permission == ".default" {
				granted = append(granted, app.GraphPermissions...)
			} else if slices.Contains(app.GraphPermissions, permission) {
				granted = append(granted, permission)
			} else {
				return "", nil, &EntraError{Code: 65001, OAuth: "consent_required", Message: "The user or administrator has not consented to use the application with ID '" +
					app.ClientID + "' named '" + app.DisplayName + "'. Send an interactive authorization request for this user and resource."}
			}
		default:
			named = prefix
			target := e.app(strings.TrimPrefix(prefix, "api://"))
			if target == nil {
				return "", nil, &EntraError{Code: 500011, OAuth: "invalid_resource", Message: "The resource principal named " + prefix + " was not found in the tenant. " +
					"This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. " +
					"You might have sent your authentication request to the wrong tenant."}
			}
			resource = target.ClientID
			granted = append(granted, permission)
		}
	}
	if resource == GraphAppID {
		granted = slices.Compact(slices.Sorted(slices.Values(append(granted, app.GraphPermissions...))))
	}
	return resource, granted, nil
}

// serveEntraToken is the token endpoint.
func (e *Entra) serveEntraToken(v1 bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		noStore(w)
		if r.Method != http.MethodPost {
			e.tokenRefusal(w, &EntraError{Code: 900561, Message: "The endpoint only accepts POST requests. Received a GET request.", Status: http.StatusBadRequest})
			return
		}
		answer, refusal := e.token(r, v1)
		if refusal != nil {
			e.tokenRefusal(w, refusal)
			return
		}
		e.writeToken(w, http.StatusOK, answer)
	}
}

func (e *Entra) writeToken(w http.ResponseWriter, status int, answer map[string]any) {
	if mutate := e.currentHooks().MutateToken; mutate != nil {
		mutate(answer)
	}
	writeJSON(w, status, answer)
}

// token answers a request for tokens.
func (e *Entra) token(r *http.Request, v1 bool) (map[string]any, *EntraError) {
	at, refusal := e.readAuthority(r.PathValue("tenant"))
	if refusal != nil {
		return nil, &EntraError{Code: refusal.Code, Message: refusal.Message}
	}
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != "application/x-www-form-urlencoded" || r.ParseForm() != nil {
		return nil, &EntraError{Code: 900144, Message: "The request body must contain the following parameter: 'grant_type'."}
	}
	if refuse := e.currentHooks().Refuse; refuse != nil {
		if refusal := refuse(EndpointToken, r); refusal != nil {
			return nil, refusal
		}
	}
	for name, list := range r.PostForm {
		if len(list) > 1 {
			return nil, &EntraError{Code: 9000411, Message: "The request is not properly formatted. The parameter '" + name + "' is duplicated."}
		}
	}
	kind := r.PostForm.Get("grant_type")
	if kind == "" {
		return nil, missing("grant_type")
	}
	app, refusal := e.clientOf(r, at)
	if refusal != nil {
		return nil, refusal
	}
	switch kind {
	case "authorization_code":
		return e.redeemCode(r, app, v1)
	case "refresh_token":
		return e.redeemRefresh(r, app, v1)
	case "client_credentials":
		return e.appOnly(r, app, at, v1)
	}
	return nil, &EntraError{Code: 70003, OAuth: "unsupported_grant_type", Message: "The app requested an unsupported grant type '" + kind + "'."}
}

func invalidGrant(code int, message string) *EntraError {
	return &EntraError{Code: code, OAuth: "invalid_grant", Message: message}
}

// redeemCode takes a code, once (RFC 6749 section 4.1.3, RFC 7636 section 4.6).
func (e *Entra) redeemCode(r *http.Request, app *entraApp, v1 bool) (map[string]any, *EntraError) {
	code, now := r.PostForm.Get("code"), e.now()
	if code == "" {
		return nil, missing("code")
	}
	if e.redeemed.get(code, now) {
		return nil, invalidGrant(54005, "OAuth2 Authorization code was already redeemed, please retry with a new valid code or use an existing refresh token.")
	}
	grant := e.codes.take(code, now)
	switch {
	case grant == nil:
		return nil, invalidGrant(70008, "The provided authorization code or refresh token has expired due to inactivity. "+
			"Send a new interactive authorization request for this user and resource.")
	case grant.app.ClientID != app.ClientID:
		return nil, invalidGrant(700005, "Provided Authorization Code is intended to use against other tenant or application, thus rejected.")
	}
	if err := e.redeemed.put(code, true, now, now.Add(entraCodeLifetime)); err != nil {
		return nil, &EntraError{Code: 90033, OAuth: "temporarily_unavailable", Message: "A transient error has occurred. Please try again.", Status: http.StatusServiceUnavailable}
	}
	if redirect := r.PostForm.Get("redirect_uri"); redirect != grant.redirectURI {
		return nil, invalidClient(500112, "The reply address '"+redirect+"' does not match the reply address '"+grant.redirectURI+
			"' provided when requesting Authorization code.")
	}
	if !grant.verifies(r.PostForm.Get("code_verifier")) {
		return nil, invalidGrant(501481, "The Code_Verifier does not match the code_challenge supplied in the authorization request.")
	}
	return e.issue(grant, r.PostForm.Get("scope"), v1)
}

func (g *entraGrant) verifies(verifier string) bool {
	if g.challenge == "" || !g.plain {
		return verifierFits(g.challenge, verifier)
	}
	sum := sha256.Sum256([]byte(g.challenge))
	return verifierFits(base64.RawURLEncoding.EncodeToString(sum[:]), verifier)
}

// redeemRefresh takes a refresh token, as often as it comes.
func (e *Entra) redeemRefresh(r *http.Request, app *entraApp, v1 bool) (map[string]any, *EntraError) {
	grant := e.refreshing.get(r.PostForm.Get("refresh_token"), e.now())
	if grant == nil || grant.app.ClientID != app.ClientID {
		return nil, invalidGrant(9002313, "Invalid request. Request is malformed or invalid.")
	}
	again := *grant
	again.nonce = ""
	return e.issue(&again, r.PostForm.Get("scope"), v1)
}

// issue makes the tokens of a grant.
func (e *Entra) issue(grant *entraGrant, scope string, v1 bool) (map[string]any, *EntraError) {
	app := &grant.app.EntraApp
	who := e.refresh(grant.who)
	if who == nil || who.user.Disabled {
		return nil, invalidGrant(50057, "The user account is disabled.")
	}
	if scope == "" {
		scope = grant.scope
	}
	resource, granted, refusal := e.resource(app, scope)
	if refusal != nil {
		return nil, refusal
	}
	access, expires, err := e.accessToken(app, who, who.tenant, resource, granted, nil)
	if err != nil {
		return nil, &EntraError{Code: 90033, OAuth: "temporarily_unavailable", Message: err.Error(), Status: http.StatusServiceUnavailable}
	}
	requested := strings.Fields(grant.scope + " " + scope)
	var openid []string
	for _, name := range openIDScopes {
		if slices.Contains(requested, name) && name != "offline_access" {
			openid = append(openid, name)
		}
	}
	answer := map[string]any{
		"token_type": "Bearer", "scope": strings.Join(append(openid, granted...), " "), "access_token": access,
		"expires_in": int(expires.Seconds()), "ext_expires_in": int(expires.Seconds()),
	}
	if v1 {
		answer["resource"] = grant.resource
		answer["expires_in"], answer["ext_expires_in"] = strconv.Itoa(int(expires.Seconds())), strconv.Itoa(int(expires.Seconds()))
		answer["not_before"], answer["expires_on"] = strconv.FormatInt(e.now().Unix(), 10), strconv.FormatInt(e.now().Add(expires).Unix(), 10)
	}
	if v1 || slices.Contains(requested, "openid") {
		token, err := e.issueIDToken(issuance{app: app, who: who, scope: grant.scope, nonce: grant.nonce, v1: v1, session: grant.session})
		if err != nil {
			return nil, &EntraError{Code: 90033, OAuth: "server_error", Message: err.Error(), Status: http.StatusInternalServerError}
		}
		answer["id_token"] = token
	}
	if v1 || slices.Contains(requested, "offline_access") {
		value := "1." + base64.RawURLEncoding.EncodeToString(e.bytes(96))
		if err := e.refreshing.put(value, grant, e.now(), e.now().Add(refreshLifetime)); err == nil {
			answer["refresh_token"] = value
		}
	}
	return answer, nil
}

// appOnly is the client credentials grant.
func (e *Entra) appOnly(r *http.Request, app *entraApp, at *authority, v1 bool) (map[string]any, *EntraError) {
	scope := r.PostForm.Get("scope")
	if v1 {
		scope = strings.TrimSuffix(r.PostForm.Get("resource"), "/") + "/.default"
	}
	if app.Public {
		return nil, invalidClient(700027, "A public client has no credentials of its own.")
	}
	if at.multiple() {
		return nil, &EntraError{Code: 90002, Message: "A token for the application itself needs the ID or a domain of a tenant."}
	}
	if !strings.HasSuffix(scope, "/.default") || strings.Contains(scope, " ") {
		return nil, &EntraError{Code: 1002012, OAuth: "invalid_scope", Message: "The provided value for scope " + scope + " is not valid. " +
			"Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI)."}
	}
	resource, _, refusal := e.resource(&app.EntraApp, scope)
	if refusal != nil {
		return nil, refusal
	}
	access, expires, err := e.accessToken(&app.EntraApp, nil, at.tenant, resource, nil, app.GraphApplicationPermissions)
	if err != nil {
		return nil, &EntraError{Code: 90033, OAuth: "temporarily_unavailable", Message: err.Error(), Status: http.StatusServiceUnavailable}
	}
	return map[string]any{"token_type": "Bearer", "access_token": access, "expires_in": int(expires.Seconds()), "ext_expires_in": int(expires.Seconds())}, nil
}

// accessToken makes an access token for a resource: about who, or about the app
// itself where who is nil. For Graph it is opaque: a JWT whose signature nobody
// but Graph can verify, as the real ones are.
func (e *Entra) accessToken(app *EntraApp, who *account, tenant *entraTenant, resource string, scopes, roles []string) (string, time.Duration, error) {
	now, life := e.now(), e.randomLifetime()
	claims := map[string]any{
		"aud": resource, "iss": e.Issuer(tenant.ID), "ver": "2.0", "tid": tenant.ID, "iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(life).Unix(),
		"azp": app.ClientID, "azpacr": "1", "uti": base64.RawURLEncoding.EncodeToString(e.bytes(16)), "rh": "0." + base64.RawURLEncoding.EncodeToString(e.bytes(24)) + ".",
	}
	if who != nil {
		claims["oid"], claims["sub"], claims["preferred_username"] = who.user.ObjectID, pairwise(resource, who), username(who)
		claims["scp"] = strings.Join(scopes, " ")
		put(claims, "name", who.user.DisplayName)
	} else {
		id := derivedGUID("service principal", tenant.ID, app.ClientID)
		claims["oid"], claims["sub"], claims["roles"] = id, id, roles
	}
	target := e.app(resource)
	v1 := target == nil || target.AccessTokenVersion != 2
	if v1 {
		claims["iss"], claims["ver"], claims["appid"], claims["appidacr"] = e.stsIssuer(tenant.ID), "1.0", app.ClientID, "1"
		delete(claims, "azp")
		delete(claims, "azpacr")
		if who != nil {
			claims["upn"], claims["unique_name"] = who.user.UserPrincipalName, username(who)
			delete(claims, "preferred_username")
		}
	}
	key := e.signingKeyOf(tenant.ID)
	header := jwtHeader(key, v1)
	if target != nil {
		if v1 {
			claims["aud"] = "api://" + resource
		}
		if mutate := e.currentHooks().MutateAccessToken; mutate != nil {
			mutate(claims)
		}
		compact, err := signJWT(key, header, claims)
		return compact, life, err
	}
	compact, err := e.graphToken(key, header, claims)
	if err != nil {
		return "", 0, err
	}
	grant := &graphGrant{tenant: tenant, who: who, clientID: app.ClientID, scopes: append(slices.Clone(scopes), roles...)}
	return compact, life, e.access.put(compact, grant, now, now.Add(life))
}

// graphToken signs over the hash of a nonce, and shows the nonce.
func (e *Entra) graphToken(key *signingKey, header, claims map[string]any) (string, error) {
	nonce := base64.RawURLEncoding.EncodeToString(e.bytes(32))
	sum := sha256.Sum256([]byte(nonce))
	header["nonce"] = base64.RawURLEncoding.EncodeToString(sum[:])
	signed, err := signJWT(key, header, claims)
	if err != nil {
		return "", err
	}
	header["nonce"] = nonce
	shown, err := signJWT(key, header, claims)
	if err != nil {
		return "", err
	}
	return shown[:strings.LastIndexByte(shown, '.')] + signed[strings.LastIndexByte(signed, '.'):], nil
}
