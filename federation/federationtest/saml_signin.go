package federationtest

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// SAMLPost is the form that a browser is about to post to a service provider.
type SAMLPost struct {
	URL    string     // the ACS URL
	Values url.Values // SAMLResponse, and RelayState if there is one
}

// Request returns the request that the browser makes.
func (p *SAMLPost) Request() (*http.Request, error) {
	r, err := http.NewRequest(http.MethodPost, p.URL, strings.NewReader(p.Values.Encode()))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r, nil
}

// SAMLSignIn does what a person does with a browser: it opens start, which is
// the provider's address for requests or leads to it, by redirects or by a form
// that posts a SAMLRequest, picks the user on the page, and presses Sign in, or
// Cancel where user is the constant Cancel. It returns the form that the provider
// wants posted to the service provider, without posting it.
//
// client's cookie jar and transport are used; nil means http.DefaultClient.
func SAMLSignIn(client *http.Client, start, user string) (*SAMLPost, error) {
	if client == nil {
		client = http.DefaultClient
	}
	resp, err := client.Get(start)
	if err != nil {
		return nil, fmt.Errorf("federationtest: opening the sign-in page: %w", err)
	}
	for range 4 {
		action, values, err := readForm(resp)
		if err != nil {
			return nil, err
		}
		switch {
		case values.Has("SAMLResponse"):
			return &SAMLPost{URL: action, Values: values}, nil
		case values.Has("SAMLRequest"):
		case user == Cancel:
			values.Set("action", "cancel")
		default:
			values.Set("action", "sign-in")
			values.Set("user", user)
		}
		if resp, err = client.PostForm(action, values); err != nil {
			return nil, fmt.Errorf("federationtest: sending a form of the sign-in: %w", err)
		}
	}
	resp.Body.Close()
	return nil, fmt.Errorf("federationtest: signing in as %q did not end at a form with a SAMLResponse", user)
}
