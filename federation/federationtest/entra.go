package federationtest

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// Entra is a Microsoft Entra ID with its tenants, and as much of Microsoft Graph
// as a sign-in needs. It is an http.Handler for the paths that
// login.microsoftonline.com and graph.microsoft.com have, the path of LoginURL
// before them. {tenant} is the ID of a tenant, one of its domains, common,
// organizations or consumers.
//
//	/{tenant}/v2.0/.well-known/openid-configuration   and the same without v2.0
//	/{tenant}/discovery/v2.0/keys                     and the same without v2.0
//	/{tenant}/oauth2/v2.0/authorize, token, logout    and the same without v2.0
//	/{tenant}/saml2                                   sign-in and logout by SAML
//	/{tenant}/FederationMetadata/2007-06/FederationMetadata.xml
//	/{tenant}/launch/{client}                         sign-in by SAML that starts at the portal
//	/oidc/userinfo, /v1.0/me, /v1.0/users/{id}/getMemberObjects, getMemberGroups
type Entra struct {
	loginURL string
	graphURL string
	stsURL   string
	prefix   string // path of loginURL
	now      func() time.Time
	rand     io.Reader
	mux      *http.ServeMux

	mu      sync.Mutex
	hooks   EntraHooks
	tenants map[string]*entraTenant
	order   []string // IDs of tenants
	apps    map[string]*entraApp
	keys    keyRing[*signingKey] // of organizations
	msaKey  *signingKey          // of personal accounts

	flows      *expiring[*entraFlow]
	sessions   *expiring[*entraSession]
	codes      *expiring[*entraGrant]
	redeemed   *expiring[bool] // codes which have been used
	refreshing *expiring[*entraGrant]
	access     *expiring[*graphGrant]
}

// entraApp is an app registration with its SAML signing keys; Entra.mu guards
// them.
type entraApp struct {
	EntraApp
	keys keyRing[*signingKey]
}

// NewEntra makes an Entra. It generates two RSA keys, and one for each app that
// signs in by SAML, which takes a noticeable part of a second.
func NewEntra(config EntraConfig) (*Entra, error) {
	prefix, err := parseBase("LoginURL", config.LoginURL)
	if err != nil {
		return nil, err
	}
	e := &Entra{
		loginURL:   strings.TrimSuffix(config.LoginURL, "/"),
		graphURL:   strings.TrimSuffix(config.GraphURL, "/"),
		stsURL:     strings.TrimSuffix(config.STSURL, "/"),
		prefix:     prefix,
		now:        config.Now,
		rand:       config.Rand,
		hooks:      config.Hooks,
		tenants:    make(map[string]*entraTenant),
		apps:       make(map[string]*entraApp),
		flows:      newExpiring[*entraFlow](),
		sessions:   newExpiring[*entraSession](),
		codes:      newExpiring[*entraGrant](),
		redeemed:   newExpiring[bool](),
		refreshing: newExpiring[*entraGrant](),
		access:     newExpiring[*graphGrant](),
	}
	if e.graphURL == "" {
		e.graphURL = e.loginURL
	}
	if e.stsURL == "" {
		e.stsURL = "https://sts.windows.net"
	}
	if e.now == nil {
		e.now = time.Now
	}
	if e.rand == nil {
		e.rand = rand.Reader
	}
	if err := e.fill(config); err != nil {
		return nil, err
	}
	e.mux = e.routes()
	return e, nil
}

// fill takes over tenants and apps, and makes the keys.
func (e *Entra) fill(config EntraConfig) error {
	tenants := config.Tenants
	if len(tenants) == 0 {
		tenants = defaultEntraTenants()
	}
	if !slices.ContainsFunc(tenants, func(t EntraTenant) bool { return t.ID == MSATenantID }) {
		tenants = append(slices.Clone(tenants), EntraTenant{ID: MSATenantID, DisplayName: "Personal accounts"})
	}
	for _, tenant := range tenants {
		t, err := newEntraTenant(tenant)
		if err != nil {
			return err
		}
		if e.tenants[t.ID] != nil {
			return fmt.Errorf("federationtest: two tenants have the ID %s", t.ID)
		}
		e.tenants[t.ID] = t
		e.order = append(e.order, t.ID)
	}
	for _, app := range config.Apps {
		if err := e.AddApp(app); err != nil {
			return err
		}
	}
	var err error
	if e.msaKey, err = newSigningKey("RSA", "Live ID STS Signing", e.now()); err != nil {
		return err
	}
	return e.RotateKey()
}

// NewEntraServer starts an Entra on a loopback port for the length of the test.
// Where config.LoginURL is empty, it becomes the server's URL, by http.
func NewEntraServer(t testing.TB, config EntraConfig) *Entra {
	t.Helper()
	return serve(t, func(url string) (*Entra, error) {
		if config.LoginURL == "" {
			config.LoginURL = url
		}
		return NewEntra(config)
	})
}

// URL returns what stands for https://login.microsoftonline.com.
func (e *Entra) URL() string { return e.loginURL }

// GraphURL returns what stands for https://graph.microsoft.com.
func (e *Entra) GraphURL() string { return e.graphURL }

// STSURL returns what stands for https://sts.windows.net.
func (e *Entra) STSURL() string { return e.stsURL }

// Issuer returns the issuer of a tenant's tokens of version 2.0.
func (e *Entra) Issuer(tenantID string) string { return e.loginURL + "/" + tenantID + "/v2.0" }

// IssuerV1 returns the issuer of a tenant's tokens of version 1.0, which is also
// its SAML entity ID.
func (e *Entra) IssuerV1(tenantID string) string { return e.stsIssuer(tenantID) }

func (e *Entra) stsIssuer(tenantID string) string { return e.stsURL + "/" + tenantID + "/" }

// MetadataURL returns where the federation metadata of a tenant is for an app,
// or for none where clientID is empty.
func (e *Entra) MetadataURL(tenant, clientID string) string {
	address := e.loginURL + "/" + tenant + "/FederationMetadata/2007-06/FederationMetadata.xml"
	if clientID != "" {
		address += "?appid=" + clientID
	}
	return address
}

// SAMLURL returns where a tenant takes SAML messages.
func (e *Entra) SAMLURL(tenant string) string { return e.loginURL + "/" + tenant + "/saml2" }

// LaunchURL returns the address that signs people in to an app by SAML without
// having been asked by it, as the portal My Apps does.
func (e *Entra) LaunchURL(tenant, clientID string) string {
	return e.loginURL + "/" + tenant + "/launch/" + clientID
}

// HTTPClient returns a client whose requests, to whatever host, are answered by e
// without a network. So e can speak as https://login.microsoftonline.com.
func (e *Entra) HTTPClient() *http.Client { return &http.Client{Transport: inProcess{e}} }

// inProcess answers requests by a handler.
type inProcess struct{ handler http.Handler }

func (p inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	w := httptest.NewRecorder()
	p.handler.ServeHTTP(w, r.Clone(r.Context()))
	response := w.Result()
	response.Request = r
	return response, nil
}

// AddApp makes app known, in place of one with the same ClientID, whose SAML
// signing certificates it keeps.
func (e *Entra) AddApp(app EntraApp) error {
	app, err := e.checkApp(app)
	if err != nil {
		return err
	}
	added := &entraApp{EntraApp: app}
	if old := e.app(app.ClientID); old != nil {
		added.keys = e.samlKeys(old)
	}
	if app.SAML != nil && len(added.keys) == 0 {
		key, err := newSigningKey("RSA", "Microsoft Azure Federated SSO Certificate", e.now())
		if err != nil {
			return err
		}
		added.keys = []*signingKey{key}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.apps[app.ClientID] = added
	return nil
}

func (e *Entra) checkApp(app EntraApp) (EntraApp, error) {
	if !guidForm.MatchString(app.ClientID) {
		return app, fmt.Errorf("federationtest: client ID %q is not a GUID in lower case", app.ClientID)
	}
	if app.Tenant == "" {
		app.Tenant = e.order[0]
	}
	if e.tenants[app.Tenant] == nil {
		return app, fmt.Errorf("federationtest: app %s is registered in tenant %q, which does not exist", app.ClientID, app.Tenant)
	}
	if app.DisplayName == "" {
		app.DisplayName = app.ClientID
	}
	if app.SignInAudience == "" {
		app.SignInAudience = AudienceMyOrg
	}
	if !slices.Contains([]string{AudienceMyOrg, AudienceMultipleOrgs, AudienceOrgsAndPersonal, AudiencePersonalAccounts}, app.SignInAudience) {
		return app, fmt.Errorf("federationtest: app %s: SignInAudience is %q; use one of the Audience constants", app.ClientID, app.SignInAudience)
	}
	if app.GroupMembershipClaims == "" {
		app.GroupMembershipClaims = GroupsNone
	}
	if !slices.Contains([]string{GroupsNone, GroupsSecurity, GroupsDirectoryRoles, GroupsAll, GroupsOfApplication}, app.GroupMembershipClaims) {
		return app, fmt.Errorf("federationtest: app %s: GroupMembershipClaims is %q; use one of the Groups constants", app.ClientID, app.GroupMembershipClaims)
	}
	if len(app.GraphPermissions) == 0 {
		app.GraphPermissions = []string{"User.Read"}
	}
	client := Client{ID: app.ClientID, RedirectURIs: app.RedirectURIs, FollowingOrigins: app.FollowingOrigins}
	if app.LogoutURL != "" {
		client.PostLogoutRedirectURIs = []string{app.LogoutURL}
	}
	if _, err := checkClient(client); err != nil {
		return app, err
	}
	if app.SAML != nil {
		saml, err := app.SAML.check()
		if err != nil {
			return app, err
		}
		app.SAML = saml
	}
	return app, nil
}

// check returns a copy with the defaults filled in.
func (s EntraSAML) check() (*EntraSAML, error) {
	if len(s.Identifiers) == 0 || len(s.ReplyURLs) == 0 {
		return nil, errors.New("federationtest: an app that signs in by SAML has no Identifiers or no ReplyURLs")
	}
	if s.Encryption == "" {
		s.Encryption = EncryptAES256CBC
	}
	checked, err := checkServiceProvider(ServiceProvider{
		EntityID: s.Identifiers[0], ACSURLs: s.ReplyURLs, SLOURL: s.LogoutURL, Sign: s.Sign, Encryption: s.Encryption,
	})
	if err != nil {
		return nil, err
	}
	s.Sign = checked.Sign
	if s.NameIDFormat == "" {
		s.NameIDFormat = NameIDEmailAddress
	}
	if s.NameIDSource == "" {
		s.NameIDSource = "user.userprincipalname"
	}
	return &s, nil
}

func (e *Entra) app(clientID string) *entraApp {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.apps[strings.ToLower(clientID)]
}

// bytes returns n random bytes.
func (e *Entra) bytes(n int) []byte {
	b := make([]byte, n)
	if _, err := io.ReadFull(e.rand, b); err != nil {
		_, _ = rand.Read(b) // which cannot fail
	}
	return b
}

func (e *Entra) guid() string { return formatGUID(e.bytes(16)) }

// ServeHTTP answers requests to the endpoints, and 404 to others.
func (e *Entra) ServeHTTP(w http.ResponseWriter, r *http.Request) { e.mux.ServeHTTP(w, r) }
