package federationtest

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Config says who a Provider is and whom it knows.
type Config struct {
	// Issuer is the issuer identifier: an http or https URL without query or
	// fragment, such as http://localhost:8080/idp. Required by New; NewServer
	// sets it. The endpoints are below it.
	Issuer string
	// Clients are the relying parties. More may be added with AddClient.
	Clients []Client
	// Users are the people one can sign in as. Empty means Alice and Bob, with
	// the subjects "alice" and "bob" and verified addresses at example.com.
	Users []User
	// Algorithm signs ID tokens: "RS256", the default, "ES256" or "EdDSA".
	Algorithm string
	// ClaimsInIDToken puts the claims of the scopes into the ID token too, as
	// many providers do. By default they are at userinfo only, as OpenID
	// Connect Core section 5.4 says for the code flow.
	ClaimsInIDToken bool
	// Hooks are the first hooks; see SetHooks.
	Hooks Hooks
	// Now is the clock. Nil means time.Now.
	Now func() time.Time
	// Rand is where codes, tokens and keys come from. Nil means
	// crypto/rand.Reader. It must be safe for concurrent use.
	Rand io.Reader
}

// Client is a relying party that the provider knows.
type Client struct {
	// ID is its client_id. Required.
	ID string
	// Secret is its client secret, sent as client_secret_basic or
	// client_secret_post. Empty means a public client, which must use PKCE.
	Secret string
	// RedirectURIs are its callback URLs, compared exactly.
	RedirectURIs []string
	// PostLogoutRedirectURIs are where it may send people after signing out.
	PostLogoutRedirectURIs []string
	// FollowingOrigins are origins, such as http://localhost:3000, to which its
	// callback redirects in turn. The browser allows the redirects that follow
	// a form only to origins which the page's Content-Security-Policy names;
	// those of RedirectURIs are named anyway.
	FollowingOrigins []string
}

// User is somebody to sign in as.
type User struct {
	// Subject is the sub claim. Required, unique.
	Subject string
	// Claims are what the provider says about the person, by the names of
	// OpenID Connect Core section 5.1, or any other: a claim which no scope
	// stands for is given with profile.
	Claims map[string]any
}

// label is what the page calls the user.
func (u *User) label() (name, detail string) {
	name, _ = u.Claims["name"].(string)
	email, _ := u.Claims["email"].(string)
	switch {
	case name != "":
		return name, email
	case email != "":
		return email, ""
	}
	return u.Subject, ""
}

func defaultUsers() []User {
	person := func(subject, given string) User {
		return User{Subject: subject, Claims: map[string]any{
			"name": given + " Example", "given_name": given, "family_name": "Example",
			"preferred_username": subject, "email": subject + "@example.com", "email_verified": true,
		}}
	}
	return []User{person("alice", "Alice"), person("bob", "Bob")}
}

// issuerPath keeps the path usable as a literal pattern of http.ServeMux.
var issuerPath = regexp.MustCompile(`^(/[A-Za-z0-9_.~-]+)*/?$`)

// parseBase checks the URL that a handler is mounted at, and returns its path
// without a trailing slash. name is the field that it came from.
func parseBase(name, address string) (prefix string, err error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil {
		return "", fmt.Errorf("federationtest: %s %q is not an absolute http or https URL", name, address)
	}
	if strings.ContainsAny(address, "?#") || !issuerPath.MatchString(u.EscapedPath()) {
		return "", fmt.Errorf("federationtest: %s %q has a query, a fragment, or a path with unusual characters", name, address)
	}
	return strings.TrimSuffix(u.Path, "/"), nil
}

func checkClient(c Client) (*Client, error) {
	if c.ID == "" {
		return nil, errors.New("federationtest: a client has no ID")
	}
	for _, uri := range slices.Concat(c.RedirectURIs, c.PostLogoutRedirectURIs, c.FollowingOrigins) {
		u, err := url.Parse(uri)
		if err != nil || u.Scheme == "" || strings.ContainsAny(uri, "#;, ") || u.Scheme == "javascript" || u.Scheme == "data" {
			return nil, fmt.Errorf("federationtest: client %q: %q is not an absolute URI to redirect to", c.ID, uri)
		}
	}
	c.RedirectURIs = slices.Clone(c.RedirectURIs)
	c.PostLogoutRedirectURIs = slices.Clone(c.PostLogoutRedirectURIs)
	c.FollowingOrigins = slices.Clone(c.FollowingOrigins)
	return &c, nil
}

func checkUsers(users []User) ([]User, error) {
	if len(users) == 0 {
		users = defaultUsers()
	}
	seen := make(map[string]bool)
	checked := make([]User, 0, len(users))
	for _, user := range users {
		if user.Subject == "" || seen[user.Subject] {
			return nil, fmt.Errorf("federationtest: two users have the subject %q, or one has none", user.Subject)
		}
		seen[user.Subject] = true
		user.Claims = maps.Clone(user.Claims)
		checked = append(checked, user)
	}
	return checked, nil
}

// origin returns what a Content-Security-Policy calls the place of uri.
func origin(uri string) string {
	u, err := url.Parse(uri)
	if err != nil {
		return ""
	}
	if u.Host == "" {
		return u.Scheme + ":"
	}
	return u.Scheme + "://" + u.Host
}
