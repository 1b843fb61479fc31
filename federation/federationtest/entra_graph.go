package federationtest

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

// maxMemberObjects is how many groups and roles one request may give.
const maxMemberObjects = 11_000

// graphGrant is what an access token for Graph allows.
type graphGrant struct {
	tenant   *entraTenant
	who      *account // nil for an application by itself
	clientID string
	scopes   []string
}

func (g *graphGrant) may(any ...string) bool {
	return slices.ContainsFunc(any, func(permission string) bool { return slices.Contains(g.scopes, permission) })
}

// graphError answers as Graph does.
func (e *Entra) graphError(w http.ResponseWriter, status int, code, message string) {
	if status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer realm="", authorization_uri="`+e.loginURL+`/common/oauth2/authorize", client_id="`+GraphAppID+`"`)
	}
	id := e.guid()
	e.writeGraph(w, status, map[string]any{"error": map[string]any{
		"code": code, "message": message,
		"innerError": map[string]any{"date": e.now().UTC().Format("2006-01-02T15:04:05"), "request-id": id, "client-request-id": id},
	}})
}

func (e *Entra) writeGraph(w http.ResponseWriter, status int, answer map[string]any) {
	if mutate := e.currentHooks().MutateGraph; mutate != nil {
		mutate(answer)
	}
	writeJSON(w, status, answer)
}

// graphCaller returns what the request's access token allows, or answers itself.
func (e *Entra) graphCaller(w http.ResponseWriter, r *http.Request) *graphGrant {
	noStore(w)
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") || token == "" {
		e.graphError(w, http.StatusUnauthorized, "InvalidAuthenticationToken", "Access token is empty.")
		return nil
	}
	grant := e.access.get(token, e.now())
	if grant == nil {
		e.graphError(w, http.StatusUnauthorized, "InvalidAuthenticationToken", "Access token validation failure. Invalid audience, or the token has expired.")
		return nil
	}
	return grant
}

// serveMemberships answers getMemberObjects and getMemberGroups.
func (e *Entra) serveMemberships(w http.ResponseWriter, r *http.Request) {
	action := r.PathValue("action")
	if action != "getMemberObjects" && action != "getMemberGroups" {
		e.graphError(w, http.StatusBadRequest, "BadRequest", "Resource not found for the segment '"+action+"'.")
		return
	}
	caller := e.graphCaller(w, r)
	if caller == nil {
		return
	}
	var body struct {
		SecurityEnabledOnly *bool `json:"securityEnabledOnly"`
	}
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil || body.SecurityEnabledOnly == nil {
		e.graphError(w, http.StatusBadRequest, "BadRequest", "Parameter 'securityEnabledOnly' is required, as a boolean in a JSON object.")
		return
	}
	id := r.PathValue("id")
	own := caller.who != nil && (id == "" || strings.EqualFold(id, caller.who.user.ObjectID) || strings.EqualFold(id, caller.who.user.UserPrincipalName))
	if id == "" && caller.who == nil {
		e.graphError(w, http.StatusBadRequest, "BadRequest", "/me request is only valid with delegated authentication flow.")
		return
	}
	readsUser := caller.may("User.Read.All", "User.ReadBasic.All", "User.ReadWrite.All", "Directory.Read.All") || own && caller.may("User.Read")
	if !readsUser || !caller.may("GroupMember.Read.All", "Group.Read.All", "Directory.Read.All") {
		e.graphError(w, http.StatusForbidden, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
		return
	}
	if own {
		id = caller.who.user.ObjectID
	}
	user, ok := e.User(caller.tenant.ID, id)
	if !ok {
		e.graphError(w, http.StatusNotFound, "Request_ResourceNotFound", "Resource '"+id+"' does not exist or one of its queried reference-property objects are not present.")
		return
	}
	ids := e.memberIDs(caller.tenant, &user, action == "getMemberObjects" && !*body.SecurityEnabledOnly, *body.SecurityEnabledOnly)
	if len(ids) > maxMemberObjects {
		e.graphError(w, http.StatusBadRequest, "Directory_ResultSizeLimitExceeded", "The result size limit was exceeded: at most 11000 objects are returned.")
		return
	}
	e.writeGraph(w, http.StatusOK, map[string]any{"@odata.context": e.graphURL + "/v1.0/$metadata#Collection(Edm.String)", "value": ids})
}

// memberIDs lists the groups of user, and with roles the directory roles.
func (e *Entra) memberIDs(t *entraTenant, user *EntraUser, roles, securityOnly bool) []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	ids := t.groupsOf(user, securityOnly)
	if roles {
		ids = append(ids, user.DirectoryRoles...)
	}
	if ids == nil {
		ids = []string{}
	}
	return ids
}

// serveMe answers with the profile of the signed-in user.
func (e *Entra) serveMe(w http.ResponseWriter, r *http.Request) {
	caller := e.graphCaller(w, r)
	if caller == nil {
		return
	}
	if caller.who == nil {
		e.graphError(w, http.StatusBadRequest, "BadRequest", "/me request is only valid with delegated authentication flow.")
		return
	}
	if !caller.may("User.Read", "User.Read.All", "Directory.Read.All") {
		e.graphError(w, http.StatusForbidden, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
		return
	}
	who := e.refresh(caller.who)
	if who == nil {
		e.graphError(w, http.StatusNotFound, "Request_ResourceNotFound", "Resource '"+caller.who.user.ObjectID+"' does not exist.")
		return
	}
	text := func(value string) any {
		if value == "" {
			return nil
		}
		return value
	}
	u := who.user
	e.writeGraph(w, http.StatusOK, map[string]any{
		"@odata.context": e.graphURL + "/v1.0/$metadata#users/$entity", "id": u.ObjectID, "userPrincipalName": u.UserPrincipalName,
		"displayName": text(u.DisplayName), "givenName": text(u.GivenName), "surname": text(u.Surname), "mail": text(u.Mail),
	})
}

// serveEntraUserInfo is the userinfo endpoint, which knows less than ID tokens.
func (e *Entra) serveEntraUserInfo(w http.ResponseWriter, r *http.Request) {
	caller := e.graphCaller(w, r)
	if caller == nil {
		return
	}
	app := e.app(caller.clientID)
	who := caller.who
	if who != nil {
		who = e.refresh(who)
	}
	if who == nil || app == nil {
		e.graphError(w, http.StatusUnauthorized, "InvalidAuthenticationToken", "The token is not about a user.")
		return
	}
	claims := map[string]any{"sub": pairwise(caller.clientID, who), "picture": e.graphURL + "/v1.0/me/photo/$value"}
	put(claims, "name", who.user.DisplayName)
	put(claims, "family_name", who.user.Surname)
	put(claims, "given_name", who.user.GivenName)
	if e.emailVerified(who) || app.SignInAudience == AudienceMyOrg || app.KeepUnverifiedEmail {
		put(claims, "email", who.user.Mail)
	}
	if mutate := e.currentHooks().MutateUserInfo; mutate != nil {
		mutate(claims)
	}
	writeJSON(w, http.StatusOK, claims)
}

// GraphToken issues an access token for Graph without a sign-in, with the
// delegated permissions scopes, or with the application permissions scopes where
// name is empty.
func (e *Entra) GraphToken(clientID, tenant, name string, scopes ...string) (string, error) {
	app := e.app(clientID)
	at, refusal := e.readAuthority(tenant)
	if refusal != nil {
		return "", refusal
	}
	if app == nil || at.tenant == nil {
		return "", e.unknownApp(clientID, at)
	}
	var who *account
	if name != "" {
		if who, refusal = e.resolve(at, name); refusal != nil {
			return "", refusal
		}
		token, _, err := e.accessToken(&app.EntraApp, who, at.tenant, GraphAppID, scopes, nil)
		return token, err
	}
	token, _, err := e.accessToken(&app.EntraApp, nil, at.tenant, GraphAppID, nil, scopes)
	return token, err
}
