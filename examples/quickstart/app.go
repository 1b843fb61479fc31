package main

import (
	"context"
	"database/sql"
	"net/http"

	"github.com/stepwell/stepwell/federation/federationtest"
	"github.com/stepwell/stepwell/federation/oidc"
	"github.com/stepwell/stepwell/identitypool"
	identitysql "github.com/stepwell/stepwell/identitypool/sqlstore"
	"github.com/stepwell/stepwell/middleware"
	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/hostedui"
	"github.com/stepwell/stepwell/userpool/oauth"
	"github.com/stepwell/stepwell/userpool/sqlstore"
)

const (
	clientID     = "quickstart"
	providerName = "ExampleID"
	// providerSecret is what this application and the example provider, which is a part of it, share.
	providerSecret = "a secret for an example on this machine"
)

// app is the parts of the program.
type app struct {
	http.Handler
	base       string
	mailbox    *mailbox
	pool       *userpool.Pool
	ui         *hostedui.UI
	identities *identitypool.Pool
}

// newApp puts the parts together. base is the address of the program, such as http://localhost:8080.
func newApp(ctx context.Context, base string, db *sql.DB, keyFile string) (*app, error) {
	a := &app{base: base, mailbox: &mailbox{}}
	if err := a.openUsers(ctx, db, keyFile); err != nil {
		return nil, err
	}
	if err := a.openIdentities(ctx, db); err != nil {
		return nil, err
	}
	return a, a.mount()
}

// openUsers makes the user pool, with an application that gets tokens and another provider to sign in with.
func (a *app) openUsers(ctx context.Context, db *sql.DB, keyFile string) error {
	store, err := sqlstore.Open(ctx, db, sqlstore.SQLite)
	if err != nil {
		return err
	}
	wrapper, err := userpool.KeyFile(keyFile)
	if err != nil {
		return err
	}
	provider, err := oidc.New(oidc.Config{
		Issuer: a.base + "/idp", ClientID: clientID, ClientSecret: providerSecret, InsecureAllowHTTP: true,
	})
	if err != nil {
		return err
	}
	a.pool, err = userpool.New(userpool.Config{
		Issuer:     a.base,
		Store:      store,
		KeyWrapper: wrapper,
		Sender:     a.mailbox,
		Settings: userpool.Settings{Clients: []userpool.Client{{
			ID: clientID, Name: "Stepwell quickstart",
			CallbackURLs: []string{a.base + "/me/callback"},
			LogoutURLs:   []string{a.base + "/"},
		}}},
		Providers: []userpool.Provider{{Name: providerName, Label: "Example ID", IdentityProvider: provider}},
	})
	if err != nil {
		return err
	}
	a.ui, err = hostedui.New(hostedui.Config{Pool: a.pool, Title: "Stepwell quickstart", AfterSignIn: "/"})
	return err
}

// openIdentities makes the identity pool: what users and guests may do with the notes.
func (a *app) openIdentities(ctx context.Context, db *sql.DB) error {
	store, err := identitysql.Open(ctx, db, identitysql.SQLite)
	if err != nil {
		return err
	}
	a.identities, err = identitypool.New(identitypool.Config{
		ID:                   region + ":7d1c5c1e-0b6f-4f0e-9a43-2f1d4c0e8a11",
		Store:                store,
		Providers:            map[string]identitypool.Provider{loginName: {Verifier: identitypool.LoginFunc(a.pool.VerifyIDToken), Revocation: a.pool}},
		AllowUnauthenticated: true,
		AuthenticatedRole:    identitypool.Role{Name: "User", Policies: []string{userPolicy}},
		UnauthenticatedRole:  identitypool.Role{Name: "Guest", Policies: []string{guestPolicy}},
	})
	return err
}

// mount says what is served where.
func (a *app) mount() error {
	guard, err := middleware.New(middleware.Config{Issuer: a.pool.Issuer(), Keys: a.pool, Revocation: a.pool, Session: a.ui})
	if err != nil {
		return err
	}
	endpoints, err := oauth.New(oauth.Config{Pool: a.pool, Login: a.ui})
	if err != nil {
		return err
	}
	example, err := federationtest.New(federationtest.Config{
		Issuer: a.base + "/idp",
		Clients: []federationtest.Client{{
			ID: clientID, Secret: providerSecret, RedirectURIs: []string{a.ui.CallbackURL(providerName)},
		}},
	})
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("/auth/", a.ui)
	for _, pattern := range endpoints.Patterns() {
		mux.Handle(pattern, endpoints)
	}
	mux.Handle("/idp/", example)

	mux.Handle("/", page(notFound))
	mux.Handle("GET /{$}", page(a.home))
	mux.Handle("GET /style.css", http.HandlerFunc(stylesheet))
	mux.Handle("GET /mailbox", page(a.showMailbox))
	mux.Handle("GET /private", guard.Handler(page(a.private)))
	mux.Handle("POST /guest", http.NewCrossOriginProtection().Handler(page(a.guest)))
	mux.Handle("GET /me", guard.Handler(http.HandlerFunc(a.beginMe)))
	mux.Handle("GET /me/callback", guard.Handler(forgetPending(page(a.finishMe))))
	mux.Handle("GET /api/me", guard.Handler(http.HandlerFunc(apiMe)))
	a.Handler = a.atHome(mux)
	return a.mountNotes(mux)
}
