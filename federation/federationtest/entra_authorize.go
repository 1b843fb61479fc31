package federationtest

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

const entraCodeLifetime = 10 * time.Minute

// entraRequest is an authorization request whose app and redirect URI are known
// to belong together.
type entraRequest struct {
	values      url.Values
	at          *authority
	app         *entraApp
	redirectURI string
	v1          bool
}

func (q *entraRequest) get(name string) string { return q.values.Get(name) }

// wants reports whether the response type asks for a code, or an id_token.
func (q *entraRequest) wants(what string) bool {
	return slices.Contains(strings.Fields(q.get("response_type")), what)
}

// entraGrant is what a code or a refresh token stands for.
type entraGrant struct {
	app         *entraApp
	who         *account
	session     *entraSession
	scope       string
	resource    string
	redirectURI string
	nonce       string
	challenge   string
	plain       bool // the challenge is the verifier
	v1          bool
}

// serveEntraAuthorize takes authorization requests.
func (e *Entra) serveEntraAuthorize(v1 bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		noStore(w)
		if err := r.ParseForm(); err != nil {
			e.errorPage(w, &EntraError{Code: 9002313, Message: "Invalid request. Request is malformed or invalid."})
			return
		}
		values := r.URL.Query()
		if r.Method == http.MethodPost {
			values = r.PostForm
		}
		request, refusal := e.readEntraRequest(r.PathValue("tenant"), values, v1)
		if refusal != nil {
			e.errorPage(w, refusal)
			return
		}
		refusal = request.check()
		if refusal == nil {
			_, _, refusal = e.resource(&request.app.EntraApp, request.get("scope"))
		}
		if refusal != nil {
			e.refuseRequest(w, request, refusal)
			return
		}
		e.authorize(w, r, request)
	}
}

// authorize uses the browser's session, or asks who is there.
func (e *Entra) authorize(w http.ResponseWriter, r *http.Request, request *entraRequest) {
	flow := &entraFlow{
		at: request.at, app: request.app, endpoint: EndpointAuthorize, loginHint: request.get("login_hint"), domainHint: request.get("domain_hint"), targets: request.app.origins(),
		finish: func(w http.ResponseWriter, _ *http.Request, session *entraSession) { e.grant(w, request, session) },
		refuse: func(w http.ResponseWriter, err *EntraError) { e.refuseRequest(w, request, err) },
	}
	session := e.session(r)
	usable := e.usable(flow, session)
	switch prompt := request.get("prompt"); {
	case prompt == "none" && !usable:
		e.refuseRequest(w, request, &EntraError{Code: 50058, OAuth: "login_required", Message: "A silent sign-in request was sent but no user is signed in."})
	case usable && (prompt == "" || prompt == "none" || prompt == "consent"):
		e.conclude(w, r, flow, session)
	default:
		e.pick(w, flow, nil)
	}
}

// readEntraRequest finds out where the answer may go. Until that is certain,
// errors are for the person at the browser.
func (e *Entra) readEntraRequest(tenant string, values url.Values, v1 bool) (*entraRequest, *EntraError) {
	at, refusal := e.readAuthority(tenant)
	if refusal != nil {
		return nil, refusal
	}
	for name, list := range values {
		if len(list) > 1 {
			return nil, &EntraError{Code: 9000411, Message: "The request is not properly formatted. The parameter '" + name + "' is duplicated."}
		}
	}
	clientID := values.Get("client_id")
	if clientID == "" {
		return nil, missing("client_id")
	}
	app := e.app(clientID)
	if app == nil {
		return nil, e.unknownApp(clientID, at)
	}
	if refusal := e.appAt(&app.EntraApp, at); refusal != nil {
		return nil, refusal
	}
	request := &entraRequest{values: values, at: at, app: app, redirectURI: values.Get("redirect_uri"), v1: v1}
	if request.redirectURI == "" && len(app.RedirectURIs) > 0 {
		request.redirectURI = app.RedirectURIs[0]
	}
	if !app.redirects(request.redirectURI) {
		return nil, &EntraError{Code: 50011, Message: "The redirect URI '" + request.redirectURI + "' specified in the request does not match the redirect URIs " +
			"configured for the application '" + app.ClientID + "'. Make sure the redirect URI sent in the request matches one added to your application " +
			"in the Azure portal. Navigate to https://aka.ms/redirectUriMismatchError to learn more about how to troubleshoot this error."}
	}
	return request, nil
}

func (e *Entra) unknownApp(clientID string, at *authority) *EntraError {
	where := at.name
	if at.tenant != nil {
		where = at.tenant.DisplayName
	}
	return &EntraError{Code: 700016, OAuth: "unauthorized_client", Message: "Application with identifier '" + clientID + "' was not found in the directory '" + where +
		"'. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. " +
		"You may have sent your authentication request to the wrong tenant."}
}

// available reports whether an app can be used at an authority.
func (e *Entra) available(app *EntraApp, at *authority) bool { return e.appAt(app, at) == nil }

// appAt says why an app cannot be used at an authority.
func (e *Entra) appAt(app *EntraApp, at *authority) *EntraError {
	multiple := app.SignInAudience != AudienceMyOrg
	label := "'" + app.ClientID + "'(" + app.DisplayName + ")"
	switch {
	case at.multiple() && !multiple:
		return &EntraError{Code: 50194, OAuth: "invalid_request", Message: "Application " + label + " is not configured as a multi-tenant application. " +
			"Usage of the /common endpoint is not supported for such apps created after '10/15/2018'. " +
			"Use a tenant-specific endpoint or configure the application to be multi-tenant."}
	case at.tenant != nil && at.tenant.personal() && !app.personal():
		return &EntraError{Code: 9002346, OAuth: "invalid_request", Message: "Application " + label + " is configured for use by Azure Active Directory users only. " +
			"Please do not use the /consumers endpoint to serve this request."}
	case app.SignInAudience == AudiencePersonalAccounts && (at.tenant == nil || !at.tenant.personal()):
		return &EntraError{Code: 9002331, OAuth: "invalid_request", Message: "Application " + label + " is configured for use by Microsoft Account users only. " +
			"Please use the /consumers endpoint to serve this request."}
	case at.tenant != nil && !multiple && app.Tenant != at.tenant.ID:
		return e.unknownApp(app.ClientID, at)
	}
	return nil
}

// check judges the rest of the request. Its errors go back to the application.
func (q *entraRequest) check() *EntraError {
	mode, types := q.get("response_mode"), q.get("response_type")
	switch {
	case types == "":
		return missing("response_type")
	case types != "code" && types != "id_token" && types != "code id_token" && types != "id_token code":
		return &EntraError{Code: 70005, OAuth: "unsupported_response_type", Message: "response_type '" + types + "' is not supported for the application."}
	case q.wants("id_token") && !q.app.IDTokenImplicit:
		return &EntraError{Code: 700054, OAuth: "unsupported_response_type", Message: "response_type 'id_token' is not enabled for the application."}
	case !slices.Contains([]string{"", "query", "fragment", "form_post"}, mode):
		return &EntraError{Code: 70007, OAuth: "unsupported_response_mode", Message: "'" + mode + "' is not a supported value of 'response_mode' when requesting a token."}
	case q.wants("id_token") && mode == "query":
		return &EntraError{Code: 70007, OAuth: "unsupported_response_mode", Message: "'query' is not a supported value of 'response_mode' when requesting a token."}
	case q.wants("id_token") && q.get("nonce") == "":
		return missing("nonce")
	case q.get("request") != "" || q.get("request_uri") != "":
		return &EntraError{Code: 901002, OAuth: "request_not_supported", Message: "The 'request' request parameter is not supported."}
	case !slices.Contains([]string{"", "login", "none", "consent", "select_account", "create"}, q.get("prompt")):
		return &EntraError{Code: 90023, Message: "Unsupported 'prompt' value."}
	case !slices.Contains([]string{"", "plain", "S256"}, q.get("code_challenge_method")):
		return &EntraError{Code: 501491, Message: "Invalid code_challenge_method parameter."}
	case q.get("code_challenge_method") == "S256" && !challengeForm.MatchString(q.get("code_challenge")):
		return &EntraError{Code: 501491, Message: "Invalid size of Code_Challenge parameter."}
	case q.app.Public && q.wants("code") && q.get("code_challenge") == "":
		return &EntraError{Code: 9002325, Message: "Proof Key for Code Exchange is required for cross-origin authorization code redemption."}
	case !q.v1 && q.get("scope") == "":
		return missing("scope")
	}
	return nil
}

// grant answers the request with what the person allowed.
func (e *Entra) grant(w http.ResponseWriter, request *entraRequest, session *entraSession) {
	session.visit(entraVisit{app: request.app, oauth: true})
	who := e.refresh(session.who)
	if who == nil {
		e.refuseRequest(w, request, &EntraError{Code: 50034, OAuth: "invalid_grant", Message: "The user account does not exist in the directory."})
		return
	}
	parameters := make(url.Values)
	if request.wants("code") {
		code := "1." + base64.RawURLEncoding.EncodeToString(e.bytes(96))
		err := e.codes.put(code, &entraGrant{
			app: request.app, who: who, session: session, scope: request.get("scope"), resource: request.get("resource"),
			redirectURI: request.redirectURI, nonce: request.get("nonce"), challenge: request.get("code_challenge"),
			plain: request.get("code_challenge_method") != "S256", v1: request.v1,
		}, e.now(), e.now().Add(entraCodeLifetime))
		if err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		parameters.Set("code", code)
	}
	if request.wants("id_token") {
		token, err := e.issueIDToken(issuance{
			app: &request.app.EntraApp, who: who, scope: request.get("scope"), nonce: request.get("nonce"), v1: request.v1,
			implicit: true, session: session, code: parameters.Get("code"),
		})
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		parameters.Set("id_token", token)
	}
	parameters.Set("session_state", session.id)
	if request.get("client_info") == "1" {
		parameters.Set("client_info", clientInfo(who))
	}
	e.answerRequest(w, request, parameters)
}

func clientInfo(who *account) string {
	data, _ := json.Marshal(map[string]string{"uid": who.user.ObjectID, "utid": who.tenant.ID}) // strings always can be written
	return base64.RawURLEncoding.EncodeToString(data)
}

// refuseRequest sends an error back to the application.
func (e *Entra) refuseRequest(w http.ResponseWriter, request *entraRequest, err *EntraError) {
	parameters := url.Values{"error": {err.oauth()}, "error_description": {e.incident(err).description()}, "error_uri": {e.errorURI(err)}}
	if err.Suberror != "" {
		parameters.Set("error_subcode", err.Suberror)
	}
	e.answerRequest(w, request, parameters)
}

// answerRequest sends the browser back with parameters and the state. There is
// no iss parameter: the directory does not know RFC 9207.
func (e *Entra) answerRequest(w http.ResponseWriter, request *entraRequest, parameters url.Values) {
	if state := request.get("state"); state != "" {
		parameters.Set("state", state)
	}
	if mutate := e.currentHooks().MutateRedirect; mutate != nil {
		mutate(parameters)
	}
	mode := request.get("response_mode")
	switch {
	case mode == "form_post":
		writePage(w, http.StatusOK, e.prefix, page{
			Brand:   entraBrand,
			Title:   "Working...",
			Heading: "Continue",
			Message: "Your answer is being sent to " + request.app.DisplayName + ".",
			Form:    &form{Action: request.redirectURI, Hidden: fields(parameters), Auto: true},
			targets: request.app.origins(),
		})
		return
	case mode == "fragment" || mode == "" && request.wants("id_token"):
		w.Header().Set("Location", request.redirectURI+"#"+parameters.Encode())
	default:
		w.Header().Set("Location", withQuery(request.redirectURI, parameters))
	}
	w.WriteHeader(http.StatusFound)
}
