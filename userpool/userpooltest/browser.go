package userpooltest

import (
	"bytes"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/html"

	"github.com/stepwell/stepwell/internal/fakes"
)

const (
	maxPage = 1 << 20
	// maxShown bounds what of a page is put into the log of a test.
	maxShown = 300
)

// NewBrowser returns a client that keeps cookies and follows redirects, as a browser does, and whose requests are all served by the
// handler, whatever their host: no port is opened, and https needs no certificate. Give it absolute URLs, such as
// pool.Issuer() + "/account". A handler that panics does so in the goroutine of the request, where the test sees it.
func (p *Pool) NewBrowser(handler http.Handler) *http.Client {
	p.t.Helper()
	if handler == nil {
		p.fatalf("NewBrowser wants the handler that serves the requests of the browser")
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		p.fatalf("no cookie jar: %v", err)
	}
	return &http.Client{Jar: jar, Transport: fakes.Transport{Name: "userpooltest", Handler: handler}}
}

// SignInBrowser does what the user would do with a browser: it opens start, a URL or a path on the pool's issuer, which is the sign-in page
// or leads to it by redirects, types Username and Password, and sends the form, and the code of the app of AddSoftwareToken if a page asks
// for one. It returns where the page sends the browser then, without opening it; the session is in the browser's cookies.
//
// The page must have a form with one field for a password, and one for the user name: of type email, or with the name or the
// autocompletion "username"; one for the code has the autocompletion "one-time-code". The hosted pages have. The browser is one of
// NewBrowser, or any client with a cookie jar. It ends the test if there is no such page, or if it does not let the user in.
func (u *User) SignInBrowser(browser *http.Client, start string) (next *url.URL) {
	u.pool.t.Helper()
	if browser == nil || browser.Jar == nil {
		u.pool.fatalf("a browser without a cookie jar forgets the session: make one with NewBrowser, or set Jar")
	}
	address, err := url.Parse(u.pool.Issuer())
	if err == nil {
		address, err = address.Parse(start)
	}
	if err != nil {
		u.pool.fatalf("%q is no URL: %v", start, err)
	}
	page := u.open(browser, &http.Request{Method: http.MethodGet, URL: address, Header: http.Header{}})
	f, ok := findForm(page.document)
	if !ok {
		u.pool.fatalf("%s answered with status %d and no form to sign in with: %s", page.Request.URL, page.StatusCode, page.shown())
	}
	f.values.Set(f.username, u.Username)
	f.values.Set(f.password, u.Password)
	answer := u.send(browser, page, f)
	if f, ok := findCodeForm(answer.document); ok && u.app != nil {
		f.values.Set(f.code, u.app.next())
		answer = u.send(browser, answer, f)
	}
	if next, err = answer.Location(); err != nil || answer.StatusCode < 300 || answer.StatusCode > 399 {
		u.pool.fatalf("%s was not let in: %s answered with status %d: %s", u.Username, answer.Request.URL, answer.StatusCode, answer.shown())
	}
	return next
}

// send sends a form of a page, and returns the answer, which may be a redirect.
func (u *User) send(browser *http.Client, page readPage, f form) readPage {
	u.pool.t.Helper()
	target, err := page.Request.URL.Parse(f.action)
	if err != nil {
		u.pool.fatalf("the form of %s goes to %q, which is no URL: %v", page.Request.URL, f.action, err)
	}
	still := *browser
	still.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return u.open(&still, &http.Request{
		Method: http.MethodPost, URL: target, Body: io.NopCloser(strings.NewReader(f.values.Encode())),
		Header: http.Header{
			"Content-Type":   {"application/x-www-form-urlencoded"},
			"Origin":         {target.Scheme + "://" + target.Host},
			"Sec-Fetch-Site": {"same-origin"},
		},
	})
}

// readPage is an answer with its body, as HTML.
type readPage struct {
	*http.Response
	document *html.Node
}

func (u *User) open(browser *http.Client, r *http.Request) readPage {
	u.pool.t.Helper()
	answer, err := browser.Do(r)
	if err != nil {
		u.pool.fatalf("%s cannot be opened: %v", r.URL, err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxPage))
	if err != nil {
		u.pool.fatalf("%s cannot be read: %v", r.URL, err)
	}
	document, err := html.Parse(bytes.NewReader(body))
	if err != nil {
		u.pool.fatalf("%s is no HTML: %v", r.URL, err)
	}
	return readPage{answer, document}
}

// shown returns the beginning of the page's text.
func (p readPage) shown() string {
	var words []string
	for node := range p.document.Descendants() {
		if node.Type == html.TextNode && node.Parent.Data != "style" && node.Parent.Data != "script" {
			words = append(words, strings.Fields(node.Data)...)
		}
	}
	text := strings.Join(words, " ")
	if len(text) > maxShown {
		text = strings.ToValidUTF8(text[:maxShown], "") + " ..."
	}
	return text
}

// form is a form to sign in with: where it goes, what its fields hold, and which are those to fill in.
type form struct {
	action                   string
	values                   url.Values
	username, password, code string
}

// findForm finds the form for user name and password.
func findForm(document *html.Node) (form, bool) {
	return find(document, func(f form, passwords int) bool { return passwords == 1 && f.username != "" })
}

// findCodeForm finds the form for a code.
func findCodeForm(document *html.Node) (form, bool) {
	return find(document, func(f form, passwords int) bool { return passwords == 0 && f.code != "" })
}

func find(document *html.Node, wanted func(f form, passwords int) bool) (form, bool) {
	for node := range document.Descendants() {
		if node.Type != html.ElementNode || node.Data != "form" {
			continue
		}
		if f, passwords := readForm(node); wanted(f, passwords) {
			return f, true
		}
	}
	return form{}, false
}

func readForm(node *html.Node) (f form, passwords int) {
	f = form{action: attribute(node, "action"), values: url.Values{}}
	for field := range node.Descendants() {
		name := attribute(field, "name")
		if field.Type != html.ElementNode || field.Data != "input" || name == "" {
			continue
		}
		switch kind := attribute(field, "type"); {
		case kind == "password":
			f.password = name
			passwords++
		case attribute(field, "autocomplete") == "one-time-code":
			f.code = name
		case kind == "email" || name == "username" || slices.Contains(strings.Fields(attribute(field, "autocomplete")), "username"):
			f.username = name
		case kind == "hidden":
			f.values.Set(name, attribute(field, "value"))
		}
	}
	return f, passwords
}

func attribute(node *html.Node, name string) string {
	for _, a := range node.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}
