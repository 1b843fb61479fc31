package federationtest

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/html"
)

const maxPage = 1 << 20

// Cancel, in place of a subject, makes SignIn press the button Cancel.
const Cancel = ""

// SignIn does what a person does with a browser: it opens start, which is the
// provider's authorization URL or leads to it by redirects, picks the user
// subject on the page, and presses Sign in. It returns the callback URL that
// the provider sends the browser to, with its query, without opening it.
//
// client's cookie jar and transport are used; nil means http.DefaultClient.
// The authorization request must use the response mode query.
func SignIn(client *http.Client, start, subject string) (callback *url.URL, err error) {
	if client == nil {
		client = http.DefaultClient
	}
	resp, err := client.Get(start)
	if err != nil {
		return nil, fmt.Errorf("federationtest: opening the sign-in page: %w", err)
	}
	action, values, err := readForm(resp)
	if err != nil {
		return nil, err
	}
	values.Set("action", "cancel")
	if subject != Cancel {
		values.Set("action", "sign-in")
		values.Set("user", subject)
	}
	still := *client
	still.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	resp, err = still.PostForm(action, values)
	if err != nil {
		return nil, fmt.Errorf("federationtest: sending the sign-in page: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusSeeOther {
		return nil, fmt.Errorf("federationtest: signing in as %q was answered with status %d", subject, resp.StatusCode)
	}
	return resp.Location()
}

// readForm returns where the page's form goes and its hidden fields.
func readForm(resp *http.Response) (action string, values url.Values, err error) {
	defer resp.Body.Close()
	isPage := strings.HasPrefix(resp.Header.Get("Content-Type"), "text/html")
	document, err := html.Parse(io.LimitReader(resp.Body, maxPage))
	if err != nil {
		return "", nil, fmt.Errorf("federationtest: reading the sign-in page: %w", err)
	}
	if resp.StatusCode != http.StatusOK || !isPage {
		problem := ""
		if isPage {
			problem = problemOf(document)
		}
		return "", nil, fmt.Errorf("federationtest: %s answered with status %d and no sign-in page%s", resp.Request.URL.Path, resp.StatusCode, problem)
	}
	values = make(url.Values)
	for node := range document.Descendants() {
		if node.Type != html.ElementNode {
			continue
		}
		attributes := make(map[string]string)
		for _, a := range node.Attr {
			attributes[a.Key] = a.Val
		}
		switch {
		case node.Data == "form":
			action = attributes["action"]
		case node.Data == "input" && attributes["type"] == "hidden":
			values.Set(attributes["name"], attributes["value"])
		}
	}
	target, err := resp.Request.URL.Parse(action)
	if action == "" || err != nil {
		return "", nil, errors.New("federationtest: the page has no form to sign in with")
	}
	return target.String(), values, nil
}

// problemOf returns what an error page says, after a colon.
func problemOf(document *html.Node) string {
	for node := range document.Descendants() {
		if node.Type == html.ElementNode && slices.Contains(node.Attr, html.Attribute{Key: "role", Val: "alert"}) && node.FirstChild != nil {
			return ": " + node.FirstChild.Data
		}
	}
	return ""
}
