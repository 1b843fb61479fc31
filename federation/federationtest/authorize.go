package federationtest

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// authorizeParameters are those of an authorization request that are carried
// through the page. Others are ignored (RFC 6749 section 3.1).
var authorizeParameters = []string{
	"client_id", "redirect_uri", "response_type", "response_mode", "scope", "state", "nonce",
	"code_challenge", "code_challenge_method", "prompt", "login_hint", "request", "request_uri",
}

// authorizeRequest is an authorization request whose client and redirect URI
// are known to belong together.
type authorizeRequest struct {
	values url.Values
	client *Client
}

func (a *authorizeRequest) get(name string) string { return a.values.Get(name) }

// protocolError is an error that goes back to the client (RFC 6749 section
// 4.1.2.1).
type protocolError struct{ code, description string }

// serveAuthorize shows the page for an authorization request, by GET or POST,
// and acts on the page's own POST, which has an action.
func (p *Provider) serveAuthorize(w http.ResponseWriter, r *http.Request) {
	noStore(w)
	if err := r.ParseForm(); err != nil {
		p.refusePage(w, "The request is malformed or too long.")
		return
	}
	values := r.URL.Query()
	if r.Method == http.MethodPost {
		values = r.PostForm
	}
	request, problem := p.readAuthorize(values)
	if problem != "" {
		p.refusePage(w, problem)
		return
	}
	if refusal := request.check(); refusal != nil {
		p.answer(w, request, url.Values{"error": {refusal.code}, "error_description": {refusal.description}})
		return
	}
	switch {
	case r.Method == http.MethodPost && values.Get("action") == "cancel":
		p.answer(w, request, url.Values{"error": {"access_denied"}, "error_description": {"The sign-in was cancelled."}})
	case r.Method == http.MethodPost && values.Get("action") == "sign-in":
		p.signIn(w, request, values.Get("user"))
	default:
		p.signInPage(w, request, "")
	}
}

// readAuthorize finds out where the answer may go. Until that is certain,
// nothing is redirected: problem is for the person at the browser.
func (p *Provider) readAuthorize(values url.Values) (request *authorizeRequest, problem string) {
	request = &authorizeRequest{values: make(url.Values)}
	for _, name := range authorizeParameters {
		if len(values[name]) > 1 {
			return nil, "The request has the parameter " + name + " more than once."
		}
		if value := values.Get(name); value != "" {
			request.values.Set(name, value)
		}
	}
	request.client = p.client(request.get("client_id"))
	if request.client == nil {
		return nil, "The application that sent you here is not known: its client_id is not registered."
	}
	if !slices.Contains(request.client.RedirectURIs, request.get("redirect_uri")) {
		return nil, "The application that sent you here wants its answer at an address which is not registered for it (redirect_uri)."
	}
	return request, ""
}

var challengeForm = regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`)

// check judges the rest of the request.
func (a *authorizeRequest) check() *protocolError {
	switch mode := a.get("response_mode"); mode {
	case "", "query", "form_post":
	default:
		a.values.Del("response_mode")
		return &protocolError{"invalid_request", "response_mode must be query or form_post"}
	}
	switch {
	case a.get("response_type") != "code":
		return &protocolError{"unsupported_response_type", "response_type must be code"}
	case a.get("request") != "":
		return &protocolError{"request_not_supported", "request objects are not supported"}
	case a.get("request_uri") != "":
		return &protocolError{"request_uri_not_supported", "request objects are not supported"}
	case !slices.Contains(strings.Fields(a.get("scope")), "openid"):
		return &protocolError{"invalid_scope", "scope must have openid"}
	case slices.Contains(strings.Fields(a.get("prompt")), "none"):
		return &protocolError{"login_required", "nobody is signed in"}
	}
	challenge, method := a.get("code_challenge"), a.get("code_challenge_method")
	if challenge == "" && method == "" && a.client.Secret != "" {
		return nil
	}
	if method != "S256" || !challengeForm.MatchString(challenge) {
		return &protocolError{"invalid_request", "code_challenge with code_challenge_method S256 is needed"}
	}
	return nil
}

// signIn issues a code for the user that was picked.
func (p *Provider) signIn(w http.ResponseWriter, request *authorizeRequest, subject string) {
	user := p.user(subject)
	if user == nil {
		p.signInPage(w, request, "Choose who to sign in as.")
		return
	}
	code, err := p.newCode(&grant{
		client:      request.client,
		user:        user,
		redirectURI: request.get("redirect_uri"),
		scope:       request.get("scope"),
		nonce:       request.get("nonce"),
		challenge:   request.get("code_challenge"),
	})
	if err != nil {
		p.answer(w, request, url.Values{"error": {"server_error"}, "error_description": {err.Error()}})
		return
	}
	p.answer(w, request, url.Values{"code": {code}})
}

// answer sends the browser back to the client with parameters, state and iss.
func (p *Provider) answer(w http.ResponseWriter, request *authorizeRequest, parameters url.Values) {
	if state := request.get("state"); state != "" {
		parameters.Set("state", state)
	}
	parameters.Set("iss", p.issuer)
	if mutate := p.currentHooks().MutateRedirect; mutate != nil {
		mutate(parameters)
	}
	if request.get("response_mode") == "form_post" {
		p.formPostPage(w, request, parameters)
		return
	}
	w.Header().Set("Location", withQuery(request.get("redirect_uri"), parameters))
	w.WriteHeader(http.StatusSeeOther)
}

// withQuery adds parameters to the query that uri may have.
func withQuery(uri string, parameters url.Values) string {
	if len(parameters) == 0 {
		return uri
	}
	return appendQuery(uri, parameters.Encode())
}

// appendQuery adds an encoded query to the one that uri may have.
func appendQuery(uri, query string) string {
	separator := "?"
	if strings.Contains(uri, "?") {
		separator = "&"
	}
	return uri + separator + query
}
