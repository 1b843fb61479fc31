package main

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/stepwell/stepwell/identitypool"
	identitysql "github.com/stepwell/stepwell/identitypool/sqlstore"
	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/hostedui"
	"github.com/stepwell/stepwell/userpool/sqlstore"
)

// app is the parts of the program.
type app struct {
	http.Handler
	base       string
	mailbox    *mailbox
	pool       *userpool.Pool
	ui         *hostedui.UI
	identities *identitypool.Pool
	bucket     *bucket
	decisions  *decisions
	log        *slog.Logger // of what is denied
}

// newApp puts the parts together. base is the address of the program, such as http://localhost:8080.
func newApp(ctx context.Context, base string, db *sql.DB, data string) (*app, error) {
	a := &app{base: base, mailbox: &mailbox{}, bucket: newBucket(), decisions: &decisions{}, log: slog.Default()}
	if err := a.openUsers(ctx, db, filepath.Join(data, "pool.key")); err != nil {
		return nil, err
	}
	if err := a.openIdentities(ctx, db, filepath.Join(data, "sessions.key")); err != nil {
		return nil, err
	}
	for key, text := range seeds {
		if _, err := a.bucket.put(object{key: key, data: []byte(text), contentType: plainText}, anything); err != nil {
			return nil, err
		}
	}
	return a, a.mount()
}

// openUsers makes the user pool and its pages.
func (a *app) openUsers(ctx context.Context, db *sql.DB, keyFile string) error {
	store, err := sqlstore.Open(ctx, db, sqlstore.SQLite)
	if err != nil {
		return err
	}
	wrapper, err := userpool.KeyFile(keyFile)
	if err != nil {
		return err
	}
	a.pool, err = userpool.New(userpool.Config{Issuer: a.base, Store: store, KeyWrapper: wrapper, Sender: a.mailbox})
	if err != nil {
		return err
	}
	a.ui, err = hostedui.New(hostedui.Config{Pool: a.pool, Title: title, AfterSignIn: "/"})
	return err
}

// openIdentities makes the identity pool: guests and users, a role for each, and what the roles allow.
func (a *app) openIdentities(ctx context.Context, db *sql.DB, keyFile string) error {
	store, err := identitysql.Open(ctx, db, identitysql.SQLite)
	if err != nil {
		return err
	}
	key, err := secretFile(keyFile)
	if err != nil {
		return err
	}
	a.identities, err = identitypool.New(identitypool.Config{
		ID:                   poolID,
		Store:                store,
		Providers:            map[string]identitypool.Provider{loginName: {Verifier: identitypool.LoginFunc(a.verifySession)}},
		AllowUnauthenticated: true,
		AuthenticatedRole:    identitypool.Role{Name: "User", Policies: []string{userPolicy}},
		UnauthenticatedRole:  identitypool.Role{Name: "Guest", Policies: []string{guestPolicy}},
		SessionKey:           key, // credentials on a command line outlive a restart of the program
	})
	return err
}

// verifySession verifies a login. Here the token is the browser's session at the sign-in pages, so that a person who has signed out gets
// no more credentials; an application elsewhere would send an ID token, and the verifier would be the pool's VerifyIDToken.
func (a *app) verifySession(ctx context.Context, secret string) (map[string]any, error) {
	session, err := a.pool.BrowserSession(ctx, secret)
	if err != nil {
		return nil, err
	}
	return session.Claims(), nil
}

// mount says what is served where.
func (a *app) mount() error {
	objects, err := a.mountS3()
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("/auth/", a.ui)
	mux.Handle("/", page(notFound))
	mux.Handle("GET /{$}", page(a.home))
	mux.Handle("GET /style.css", http.HandlerFunc(stylesheet))
	mux.Handle("GET /mailbox", page(a.showMailbox))
	mux.Handle("GET /requests/{id}", page(a.showDecision))
	mux.Handle("GET /command-line", page(a.commandLine))
	mux.Handle("POST /try", http.NewCrossOriginProtection().Handler(page(a.try)))
	a.Handler = a.atHome(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// The bucket sees paths as they were signed; a ServeMux in front would clean them first.
		if r.URL.Path == "/"+bucketName || strings.HasPrefix(r.URL.Path, "/"+bucketName+"/") {
			objects.ServeHTTP(w, r)
			return
		}
		mux.ServeHTTP(w, r)
	}))
	return nil
}

// secretFile returns the 32 bytes in a file, which it makes if it is not there.
func secretFile(path string) ([]byte, error) {
	key, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		key = make([]byte, 32)
		rand.Read(key)
		return key, os.WriteFile(path, key, 0o600)
	case err != nil:
		return nil, err
	case len(key) != 32:
		return nil, fmt.Errorf("%s has %d bytes; a key has 32: delete the file for a new one", path, len(key))
	}
	return key, nil
}
