package identitypool_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"strings"

	"github.com/stepwell/stepwell/identitypool"
	"github.com/stepwell/stepwell/identitypool/memstore"
)

// poolOfExample is a pool with two providers, guests, and a backend that vouches for its users.
func poolOfExample() *identitypool.Pool {
	verifier := identitypool.LoginFunc(func(_ context.Context, token string) (map[string]any, error) {
		subject, ok := strings.CutPrefix(token, "token of ") // a program verifies a token here: see package federation/oidc
		if !ok {
			return nil, errors.New("not a token")
		}
		return map[string]any{"sub": subject, "aud": "my-app"}, nil
	})
	pool, err := identitypool.New(identitypool.Config{
		ID:    "eu-west-1:7d1c5c1e-0b6f-4f0e-9a43-2f1d4c0e8a11",
		Store: memstore.New(),
		Providers: map[string]identitypool.Provider{
			"id.example.com":      {Verifier: verifier},
			"accounts.google.com": {Verifier: verifier},
		},
		DeveloperProvider: "login.example.com", AllowUnauthenticated: true, AllowClassicFlow: true,
		AuthenticatedRole:   identitypool.Role{Name: "User", Policies: []string{allow("notes:*", "arn:app:notes:::${cognito-identity.amazonaws.com:sub}/*")}},
		UnauthenticatedRole: identitypool.Role{Name: "Guest", Policies: []string{allow("notes:Read", "arn:app:notes:::public/*")}},
		SessionKey:          []byte("32 secret bytes, from your vault"),
	})
	if err != nil {
		log.Fatal(err)
	}
	return pool
}

// How does a guest who signs in keep what they did as a guest?
func ExamplePool_GetCredentialsForIdentity_guestSignsIn() {
	pool, ctx := poolOfExample(), context.Background()
	guest, err := pool.GetID(ctx, identitypool.GetIDInput{})
	if err != nil {
		log.Fatal(err)
	}
	// Later the client has a token. It asks for credentials of the same identity, and gives the token.
	out, err := pool.GetCredentialsForIdentity(ctx, identitypool.GetCredentialsForIdentityInput{
		IdentityID: guest, Logins: map[string]string{"id.example.com": "token of ann"},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("same identity:", out.IdentityID == guest)
	// If ann had an identity already, IdentityID is that one, and the guest's is merged into it.
	// Output: same identity: true
}

// How does one user sign in at two providers?
func ExamplePool_GetID_severalLogins() {
	pool, ctx := poolOfExample(), context.Background()
	getID := func(logins map[string]string) string {
		id, err := pool.GetID(ctx, identitypool.GetIDInput{Logins: logins})
		if err != nil {
			log.Fatal(err)
		}
		return id
	}
	here := getID(map[string]string{"id.example.com": "token of ann"})
	there := getID(map[string]string{"accounts.google.com": "token of 1234"})
	fmt.Println("before:", here == there)
	both := getID(map[string]string{"id.example.com": "token of ann", "accounts.google.com": "token of 1234"})
	fmt.Println("merged into the older one:", both == here)
	fmt.Println("after:", here == getID(map[string]string{"accounts.google.com": "token of 1234"}))

	err := pool.UnlinkIdentity(ctx, identitypool.UnlinkIdentityInput{
		IdentityID: here, Logins: map[string]string{"id.example.com": "token of ann"}, LoginsToRemove: []string{"accounts.google.com"},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("unlinked:", here != getID(map[string]string{"accounts.google.com": "token of 1234"}))
	// Output:
	// before: false
	// merged into the older one: true
	// after: true
	// unlinked: true
}

// How does my backend, which has its own accounts, get credentials for its users?
func ExamplePool_GetOpenIDTokenForDeveloperIdentity() {
	pool, ctx := poolOfExample(), context.Background()

	// The backend has checked the user's password, and vouches for the user.
	token, err := pool.GetOpenIDTokenForDeveloperIdentity(ctx, identitypool.GetOpenIDTokenForDeveloperIdentityInput{
		Logins: map[string]string{"login.example.com": "user 42"}, PrincipalTags: map[string]string{"team": "red"},
	})
	if err != nil {
		log.Fatal(err)
	}
	// The client, to which the backend gave the token, asks for credentials.
	out, err := pool.GetCredentialsForIdentity(ctx, identitypool.GetCredentialsForIdentityInput{
		IdentityID: token.IdentityID, Logins: map[string]string{"cognito-identity.amazonaws.com": token.Token},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(out.IdentityID == token.IdentityID)
	// Output: true
}

// Which identity does a user of my backend have?
func ExamplePool_LookupDeveloperIdentity() {
	pool, ctx := poolOfExample(), context.Background()
	_, err := pool.LookupDeveloperIdentity(ctx, identitypool.LookupDeveloperIdentityInput{DeveloperUserIdentifier: "user 42"})
	fmt.Println(errors.Is(err, identitypool.ResourceNotFound))
	// Output: true
}

// How do I lock somebody out?
func ExamplePool_DisableIdentity() {
	pool, ctx := poolOfExample(), context.Background()
	logins := map[string]string{"id.example.com": "token of ann"}
	id, err := pool.GetID(ctx, identitypool.GetIDInput{Logins: logins})
	if err != nil {
		log.Fatal(err)
	}
	if err := pool.DisableIdentity(ctx, id); err != nil {
		log.Fatal(err)
	}
	// There are no new credentials, and those that were issued before have ended.
	_, err = pool.GetCredentialsForIdentity(ctx, identitypool.GetCredentialsForIdentityInput{IdentityID: id, Logins: logins})
	fmt.Println(errors.Is(err, identitypool.NotAuthorized))
	// Output: true
}

// How do I go through all identities?
func ExamplePool_ListIdentities() {
	pool, ctx := poolOfExample(), context.Background()
	for range 3 {
		if _, err := pool.GetID(ctx, identitypool.GetIDInput{}); err != nil {
			log.Fatal(err)
		}
	}
	count := 0
	in := identitypool.ListIdentitiesInput{MaxResults: 2, HideDisabled: true}
	for {
		page, err := pool.ListIdentities(ctx, in)
		if err != nil {
			log.Fatal(err)
		}
		count += len(page.Identities)
		if in.NextToken = page.NextToken; in.NextToken == "" {
			break
		}
	}
	fmt.Println(count)
	// Output: 3
}

// How do I get a token that another service can exchange for credentials, such as AWS STS?
func ExamplePool_GetOpenIDToken() {
	pool, ctx := poolOfExample(), context.Background()
	id, err := pool.GetID(ctx, identitypool.GetIDInput{})
	if err != nil {
		log.Fatal(err)
	}
	token, err := pool.GetOpenIDToken(ctx, identitypool.GetOpenIDTokenInput{IdentityID: id})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(strings.Count(token.Token, ".") == 2)
	keys, err := pool.KeySet(ctx) // publish it for those who verify the token
	fmt.Println(strings.Contains(string(keys), `"RS512"`), err)
	// Output:
	// true
	// true <nil>
}

// Who does the upkeep?
func ExamplePool_Run() {
	pool := poolOfExample()
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- pool.Run(ctx) }() // beside the server, as long as it runs
	stop()
	fmt.Println(<-done)
	// Output: context canceled
}
