package main

import (
	"context"
	"database/sql"
	"net/http"
	"path/filepath"
	"time"

	"github.com/stepwell/stepwell/federation/azuread"
	"github.com/stepwell/stepwell/federation/diagnostic"
	"github.com/stepwell/stepwell/federation/saml"
	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/hostedui"
	"github.com/stepwell/stepwell/userpool/sqlstore"
)

const (
	// poolID is in the entity ID, as in Cognito.
	poolID       = "example_azuread"
	samlEntityID = "urn:amazon:cognito:sp:" + poolID

	// The two providers. Their names are in the paths below, and identify the people who came from them: they never change.
	oidcProvider = "AzureAD"
	samlProvider = "AzureAD-SAML"

	// What an administrator registers at the tenant, behind the address of this program.
	oidcCallback  = "/auth/federation/" + oidcProvider + "/response"
	oidcSignedOut = "/auth/federation/" + oidcProvider + "/logout"
	samlCallback  = "/auth/saml2/idpresponse"
	samlSignedOut = "/auth/saml2/logout"
	testPath      = "/sign-in-test"
	testCallback  = testPath + "/callback"
)

// app is the parts of the program.
type app struct {
	http.Handler
	base   string
	tenant tenant
	pool   *userpool.Pool
	ui     *hostedui.UI
	test   *diagnostic.Handler
}

// newApp puts the parts together. base is the address of the program for browsers.
func newApp(ctx context.Context, base string, db *sql.DB, data string, t tenant) (*app, error) {
	a := &app{base: base, tenant: t}
	store, err := sqlstore.Open(ctx, db, sqlstore.SQLite)
	if err != nil {
		return nil, err
	}
	wrapper, err := userpool.KeyFile(filepath.Join(data, "pool.key"))
	if err != nil {
		return nil, err
	}
	byOIDC, err := azuread.New(azuread.Config{
		Tenant: t.id, ClientID: t.clientID, ClientSecret: t.clientSecret,
		InsecureEndpoints: t.endpoints, InsecureAllowHTTP: t.fake(),
	})
	if err != nil {
		return nil, err
	}
	bySAML, err := a.newSAML(data)
	if err != nil {
		return nil, err
	}
	a.pool, err = userpool.New(userpool.Config{
		ID: poolID, Issuer: base, Store: store, KeyWrapper: wrapper, Sender: userpool.SenderFunc(logMail),
		Settings: userpool.Settings{AllowAdminCreateUserOnly: true}, // everybody comes from the tenant
		Providers: []userpool.Provider{
			a.provider(oidcProvider, "Microsoft (OpenID Connect)", "OIDC", byOIDC),
			a.provider(samlProvider, "Microsoft (SAML)", "SAML", bySAML),
		},
	})
	if err != nil {
		return nil, err
	}
	if a.ui, err = hostedui.New(hostedui.Config{Pool: a.pool, Title: "Stepwell with Azure AD", AfterSignIn: "/"}); err != nil {
		return nil, err
	}
	return a, a.mount(data, byOIDC, bySAML)
}

// provider says what the pool makes of those who come from the tenant: which attributes it takes over, who is an administrator here, and
// whether a sign-out here is one at Microsoft as well.
func (a *app) provider(name, label, kind string, p userpool.IdentityProvider) userpool.Provider {
	out := userpool.Provider{
		Name: name, Label: label, Type: kind, IdentityProvider: p, SignOut: true, JustInTime: true,
		AttributeMapping: map[string]string{
			"email": "email", "email_verified": "email_verified", "name": "name", "given_name": "given_name", "family_name": "family_name",
			"preferred_username": "preferred_username",
		},
	}
	if a.tenant.admins != "" {
		out.GroupMapping = map[string]string{a.tenant.admins: adminGroup}
	}
	if a.tenant.domain != "" && name == oidcProvider {
		out.Identifiers = []string{a.tenant.domain} // whoever types such an address on the sign-in page is sent to Microsoft
	}
	return out
}

// newSAML makes the service provider, and the tenant as its identity provider.
func (a *app) newSAML(data string) (*azuread.SAMLProvider, error) {
	key, certificate, err := signingKey(filepath.Join(data, "saml.pem"))
	if err != nil {
		return nil, err
	}
	sp, err := saml.New(saml.Config{
		PoolID: poolID, BaseURL: a.base + "/auth", Key: key, Certificate: certificate, InsecureAllowHTTP: a.tenant.fake(),
		// The pool remembers what has been used, in its store. It is made after this.
		Replay: saml.ReplayFunc(func(ctx context.Context, key string, until time.Time) (bool, error) {
			return a.pool.UseOnce(ctx, key, until)
		}),
	})
	if err != nil {
		return nil, err
	}
	return azuread.NewSAML(azuread.SAMLConfig{
		ServiceProvider: sp, Tenant: a.tenant.id, AppID: a.tenant.samlAppID,
		InsecureEndpoints: a.tenant.endpoints, InsecureAllowHTTP: a.tenant.fake(),
	})
}

// mount says what is served where.
func (a *app) mount(data string, byOIDC *azuread.Provider, bySAML *azuread.SAMLProvider) error {
	if err := a.makeGroup(); err != nil {
		return err
	}
	key, err := secretFile(filepath.Join(data, "test.key"))
	if err != nil {
		return err
	}
	a.test, err = diagnostic.New(diagnostic.Config{
		BaseURL: a.base + testPath, Key: key, Title: "Stepwell with Azure AD",
		Provider: func(_ context.Context, name string) (diagnostic.Target, error) {
			if name == samlProvider {
				return diagnostic.Target{
					Provider: bySAML, Label: "Microsoft (SAML)", CallbackURL: a.base + samlCallback,
					Settings: []diagnostic.Setting{{Label: "Identifier (Entity ID)", Value: samlEntityID}},
				}, nil
			}
			return diagnostic.Target{Provider: byOIDC, Label: "Microsoft (OpenID Connect)"}, nil
		},
	})
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", a.home)
	mux.HandleFunc("GET /style.css", stylesheet)
	mux.Handle("/auth/", a.ui)
	mux.Handle(samlCallback, a.test.Callback(a.ui))
	mux.Handle(testPath+"/", a.test)
	mux.Handle("GET /saml/metadata", bySAML.ServiceProvider().MetadataHandler())
	a.Handler = mux
	return nil
}
