package federationtest

import (
	"crypto/x509"
	"net/http"
	"net/url"
)

// routes registers the paths of the service, and nothing else.
func (e *Entra) routes() *http.ServeMux {
	respond := func() responder { return e.currentHooks().Respond }
	return newMux(e.prefix, 2*maxMessage, respond, []route{
		{"GET", "/{tenant}/v2.0/.well-known/openid-configuration", EndpointDiscovery, e.serveEntraDiscovery(false)},
		{"GET", "/{tenant}/.well-known/openid-configuration", EndpointDiscovery, e.serveEntraDiscovery(true)},
		{"GET", "/{tenant}/discovery/v2.0/keys", EndpointKeys, e.serveEntraKeys(false)},
		{"GET", "/{tenant}/discovery/keys", EndpointKeys, e.serveEntraKeys(true)},
		{"GET POST", "/{tenant}/oauth2/v2.0/authorize", EndpointAuthorize, e.serveEntraAuthorize(false)},
		{"GET POST", "/{tenant}/oauth2/authorize", EndpointAuthorize, e.serveEntraAuthorize(true)},
		{"GET POST", "/{tenant}/oauth2/v2.0/token", EndpointToken, e.serveEntraToken(false)},
		{"GET POST", "/{tenant}/oauth2/token", EndpointToken, e.serveEntraToken(true)},
		{"GET POST", "/{tenant}/oauth2/v2.0/logout", EndpointEndSession, e.serveEntraLogout},
		{"GET POST", "/{tenant}/oauth2/logout", EndpointEndSession, e.serveEntraLogout},
		{"GET POST", "/{tenant}/saml2", EndpointSAML, e.serveEntraSAML},
		{"GET", "/{tenant}/launch/{client}", EndpointSAML, e.serveLaunch},
		{"GET", "/{tenant}/FederationMetadata/2007-06/FederationMetadata.xml", EndpointMetadata, e.serveFederationMetadata},
		{"GET", "/{tenant}/federationmetadata/2007-06/federationmetadata.xml", EndpointMetadata, e.serveFederationMetadata},
		{"POST", "/{tenant}/login", "", e.serveEntraLogin},
		{"GET POST", "/oidc/userinfo", EndpointUserInfo, e.serveEntraUserInfo},
		{"GET", "/v1.0/me", EndpointGraph, e.serveMe},
		{"POST", "/v1.0/me/{action}", EndpointGraph, e.serveMemberships},
		{"POST", "/v1.0/users/{id}/{action}", EndpointGraph, e.serveMemberships},
		{"POST", "/v1.0/directoryObjects/{id}/{action}", EndpointGraph, e.serveMemberships},
		{"GET", "/style.css", "", serveStyleSheet},
	})
}

// serveEntraDiscovery answers with the metadata of an authority. For common and
// organizations the issuer is a template with the literal text {tenantid}.
func (e *Entra) serveEntraDiscovery(v1 bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		at, refusal := e.readAuthority(r.PathValue("tenant"))
		if refusal != nil {
			writeJSON(w, http.StatusBadRequest, e.errorBody(refusal))
			return
		}
		name, tenant, version := e.canonicalName(at), "{tenantid}", "/v2.0"
		if at.tenant != nil {
			tenant = at.tenant.ID
		}
		issuer := e.Issuer(tenant)
		if v1 {
			issuer, version = e.stsIssuer(tenant), ""
		}
		base := e.loginURL + "/" + name
		keys := base + "/discovery" + version + "/keys"
		if app := r.URL.Query().Get("appid"); app != "" {
			keys += "?appid=" + url.QueryEscape(app)
		}
		host := func(address string) string { u, _ := url.Parse(address); return u.Host } // both were parsed by NewEntra or are its own
		document := map[string]any{
			"token_endpoint":                        base + "/oauth2" + version + "/token",
			"token_endpoint_auth_methods_supported": []string{"client_secret_post", "private_key_jwt", "client_secret_basic"},
			"jwks_uri":                              keys,
			"response_modes_supported":              []string{"query", "fragment", "form_post"},
			"subject_types_supported":               []string{"pairwise"},
			"id_token_signing_alg_values_supported": []string{"RS256"},
			"response_types_supported":              []string{"code", "id_token", "code id_token"},
			"scopes_supported":                      []string{"openid", "profile", "email", "offline_access"},
			"issuer":                                issuer,
			"request_uri_parameter_supported":       false,
			"userinfo_endpoint":                     e.graphURL + "/oidc/userinfo",
			"authorization_endpoint":                base + "/oauth2" + version + "/authorize",
			"http_logout_supported":                 true,
			"frontchannel_logout_supported":         true,
			"end_session_endpoint":                  base + "/oauth2" + version + "/logout",
			"claims_supported": []string{"sub", "iss", "cloud_instance_name", "cloud_instance_host_name", "cloud_graph_host_name", "msgraph_host",
				"aud", "exp", "iat", "auth_time", "acr", "nonce", "preferred_username", "name", "tid", "ver", "at_hash", "c_hash", "email"},
			"tenant_region_scope": nil,
			"cloud_instance_name": host(e.loginURL),
			"msgraph_host":        host(e.graphURL),
		}
		if mutate := e.currentHooks().MutateDiscovery; mutate != nil {
			mutate(name, document)
		}
		writeJSON(w, http.StatusOK, document)
	}
}

// serveFederationMetadata answers with the SAML metadata of a tenant: with the
// certificates of an app where ?appid= names one, and those of the tenant's
// tokens otherwise.
func (e *Entra) serveFederationMetadata(w http.ResponseWriter, r *http.Request) {
	at, refusal := e.readAuthority(r.PathValue("tenant"))
	if refusal != nil {
		writeJSON(w, http.StatusBadRequest, e.errorBody(refusal))
		return
	}
	e.mu.Lock()
	keys := append([]*signingKey(nil), e.keys...)
	e.mu.Unlock()
	if clientID := r.URL.Query().Get("appid"); clientID != "" {
		app := e.app(clientID)
		if app == nil || !e.available(&app.EntraApp, at) {
			writeJSON(w, http.StatusBadRequest, e.errorBody(e.unknownApp(clientID, at)))
			return
		}
		if own := e.samlKeys(app); len(own) > 0 {
			keys = own
		}
	}
	document, err := e.federationMetadata(at, keys)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Cache-Control", "private")
	h := w.Header()
	h.Set("Content-Type", "application/xml")
	h.Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(e.currentHooks().SAML.Metadata.apply(document))
}

// federationMetadata writes and signs the document.
func (e *Entra) federationMetadata(at *authority, keys []*signingKey) ([]byte, error) {
	tenant := "{tenant}"
	if at.tenant != nil {
		tenant = at.tenant.ID
	}
	var certificates []*x509.Certificate
	for _, key := range keys {
		certificates = append(certificates, key.certificate)
	}
	descriptors := keyDescriptors(certificates)
	location := e.SAMLURL(e.canonicalName(at))
	entityID := e.stsIssuer(tenant)
	document := `<?xml version="1.0" encoding="utf-8"?><EntityDescriptor ID="_` + e.guid() + `"` + attribute("entityID", entityID) + ` xmlns="` + nsMetadata + `">` +
		wsFederationRoles(descriptors, entityID, e.loginURL+"/"+e.canonicalName(at)+"/wsfed") +
		`<IDPSSODescriptor protocolSupportEnumeration="` + nsProtocol + `">` + descriptors +
		endpoint("SingleLogoutService", bindingRedirect, location) +
		endpoint("SingleSignOnService", bindingRedirect, location) + endpoint("SingleSignOnService", bindingPOST, location) +
		"</IDPSSODescriptor></EntityDescriptor>"
	return signXML([]byte(document), keys[0], false, entraDialect.signaturePrefix)
}
