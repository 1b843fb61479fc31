package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/stepwell/stepwell/identitypool"
	"github.com/stepwell/stepwell/identitypool/sigv4"
)

// call is one request to the API, and what came of it.
type call struct {
	Method, Path string
	Status       int
	Allowed      bool
	Answer       string
}

// exchange is what the pages show: an identity, its credentials without their secrets, and calls made with them.
type exchange struct {
	IdentityID  string
	AccessKeyID string
	Role        string
	Expires     time.Time
	Calls       []call
}

// guest obtains credentials for somebody who has not signed in, and calls the API with them.
func (a *app) guest(r *http.Request) (view, error) {
	e, credentials, err := a.credentials(r.Context(), nil)
	if err != nil {
		return view{}, err
	}
	e.Role = "Guest"
	for _, c := range []struct{ method, path, body string }{
		{http.MethodGet, "/api/notes/public/welcome", ""},
		{http.MethodPut, "/api/notes/public/welcome", "A guest was here."},
	} {
		if err := a.call(r.Context(), &e, credentials, c.method, c.path, c.body); err != nil {
			return view{}, err
		}
	}
	return view{template: "guest", Title: "The API as a guest", Data: e}, nil
}

// callAsUser does the same for who has signed in, by an ID token.
func (a *app) callAsUser(ctx context.Context, idToken string) (exchange, error) {
	e, credentials, err := a.credentials(ctx, map[string]string{loginName: idToken})
	if err != nil {
		return e, err
	}
	e.Role = "User"
	own := "/api/notes/" + url.PathEscape(e.IdentityID) + "/diary"
	for _, c := range []struct{ method, path, body string }{
		{http.MethodGet, "/api/notes/public/welcome", ""},
		{http.MethodPut, own, "Written with temporary credentials."},
		{http.MethodGet, own, ""},
		{http.MethodPut, "/api/notes/somebody-else/diary", "Not my own."},
	} {
		if err := a.call(ctx, &e, credentials, c.method, c.path, c.body); err != nil {
			return e, err
		}
	}
	return e, nil
}

// credentials exchanges logins, or none, for an identity and its temporary credentials.
func (a *app) credentials(ctx context.Context, logins map[string]string) (exchange, sigv4.Credentials, error) {
	id, err := a.identities.GetID(ctx, identitypool.GetIDInput{Logins: logins})
	if err != nil {
		return exchange{}, sigv4.Credentials{}, err
	}
	out, err := a.identities.GetCredentialsForIdentity(ctx, identitypool.GetCredentialsForIdentityInput{IdentityID: id, Logins: logins})
	if err != nil {
		return exchange{}, sigv4.Credentials{}, err
	}
	c := out.Credentials
	return exchange{IdentityID: out.IdentityID, AccessKeyID: c.AccessKeyID, Expires: c.Expiration},
		sigv4.Credentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken}, nil
}

// call sends a signed request to the program's own API, over HTTP, as a client elsewhere would.
func (a *app) call(ctx context.Context, e *exchange, credentials sigv4.Credentials, method, path, body string) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, a.base+path, bytes.NewReader([]byte(body)))
	if err != nil {
		return err
	}
	if err := sigv4.Sign(r, []byte(body), credentials, region, service, time.Now()); err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return fmt.Errorf("calling the API: %w", err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, 64<<10))
	if err != nil {
		return fmt.Errorf("reading the API's answer: %w", err)
	}
	e.Calls = append(e.Calls, call{
		Method: method, Path: path, Status: response.StatusCode, Allowed: response.StatusCode < 300, Answer: text(answer),
	})
	return nil
}

// text returns the message of an error in JSON, and any other answer as it is.
func text(answer []byte) string {
	var refusal struct{ Message string }
	if json.Unmarshal(answer, &refusal) == nil && refusal.Message != "" {
		return refusal.Message
	}
	return string(answer)
}
