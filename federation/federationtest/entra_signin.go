package federationtest

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/net/html"
)

// SignIn does what a person does with a browser: it opens start, which is an
// address of the directory or leads to it, by redirects or by a form that posts a
// SAMLRequest, enters name (a user principal name, an address or an object ID) on
// the page, and presses Sign in, or Cancel where name is the constant Cancel. A
// browser whose cookie jar is signed in already may not be asked.
//
// It returns the request that the browser is about to make to the application,
// without making it: a GET with code and state in the query (or in the fragment
// of its URL), or a POST with a form. client's cookie jar and transport are used;
// nil means http.DefaultClient.
func (e *Entra) SignIn(client *http.Client, start, name string) (*http.Request, error) {
	if client == nil {
		client = http.DefaultClient
	}
	still := *client
	still.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	r, err := http.NewRequest(http.MethodGet, start, nil)
	if err != nil {
		return nil, fmt.Errorf("federationtest: opening the sign-in page: %w", err)
	}
	reached := false
	for range 12 {
		own := e.owns(r.URL)
		if reached && !own {
			return r, nil
		}
		reached = reached || own
		resp, err := still.Do(r)
		if err != nil {
			return nil, fmt.Errorf("federationtest: signing in: %w", err)
		}
		if r, err = nextRequest(resp, name); err != nil {
			return nil, err
		}
	}
	return nil, errors.New("federationtest: signing in did not lead back to the application")
}

// owns reports whether an address is one of the directory's.
func (e *Entra) owns(u *url.URL) bool {
	plain := *u
	plain.RawQuery, plain.Fragment = "", ""
	return strings.HasPrefix(plain.String(), e.loginURL+"/")
}

// nextRequest is what a browser and a person make of an answer.
func nextRequest(resp *http.Response, name string) (*http.Request, error) {
	if location, err := resp.Location(); err == nil {
		resp.Body.Close()
		return http.NewRequest(http.MethodGet, location.String(), nil)
	}
	action, values, err := readForm(resp)
	if err != nil {
		return nil, err
	}
	if values.Has("flow") {
		values.Set("action", "sign-in")
		values.Set("other", name)
		if name == Cancel {
			values.Set("action", "cancel")
		}
	}
	return (&SAMLPost{URL: action, Values: values}).Request()
}

// EntraSignedOut is what a browser does at the end of a session.
type EntraSignedOut struct {
	// Frames are the addresses that are opened in hidden frames.
	Frames []string
	// Next is where the browser goes after that. Empty means nowhere.
	Next string
}

// SignOut opens start, which is an address of the directory that ends a session or
// leads to it by redirects, and returns what the browser does then, without doing
// it. client is used as in SignIn, and should have the cookie jar of the sign-in.
func (e *Entra) SignOut(client *http.Client, start string) (*EntraSignedOut, error) {
	if client == nil {
		client = http.DefaultClient
	}
	still := *client
	still.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	address, reached := start, false
	for range 12 {
		u, err := url.Parse(address)
		if err != nil {
			return nil, fmt.Errorf("federationtest: signing out: %w", err)
		}
		if reached && !e.owns(u) {
			return &EntraSignedOut{Next: address}, nil
		}
		reached = reached || e.owns(u)
		resp, err := still.Get(address)
		if err != nil {
			return nil, fmt.Errorf("federationtest: signing out: %w", err)
		}
		if location, err := resp.Location(); err == nil {
			resp.Body.Close()
			address = location.String()
			continue
		}
		return readSignedOut(resp)
	}
	return nil, errors.New("federationtest: signing out did not come to an end")
}

func readSignedOut(resp *http.Response) (*EntraSignedOut, error) {
	defer resp.Body.Close()
	document, err := html.Parse(io.LimitReader(resp.Body, maxPage))
	if err != nil {
		return nil, fmt.Errorf("federationtest: reading the page after signing out: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("federationtest: signing out was answered with status %d%s", resp.StatusCode, problemOf(document))
	}
	result := &EntraSignedOut{}
	for node := range document.Descendants() {
		if node.Type != html.ElementNode {
			continue
		}
		for _, a := range node.Attr {
			switch {
			case node.Data == "iframe" && a.Key == "src":
				result.Frames = append(result.Frames, a.Val)
			case node.Data == "a" && a.Key == "href":
				result.Next = a.Val
			}
		}
	}
	return result, nil
}
