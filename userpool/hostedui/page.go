package hostedui

import (
	"embed"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/stepwell/stepwell/internal/webui"
	"github.com/stepwell/stepwell/userpool"
)

//go:embed templates/*.html
var files embed.FS

//go:embed style.css
var ownStyle string

var pageNames = []string{"signin", "signup", "confirm", "forgot", "reset", "account", "delete", "signout", "continue", "challenge",
	"organization", "repost", "error"}

// view is what a template sees.
type view struct {
	x *exchange
	// Notice is about what has just been done, or nil.
	Notice *notice
	Form   *form
	CSRF   string
	// Data is what just this page needs.
	Data any
}

// Title is the name of the organisation.
func (v view) Title() string { return v.x.ui.title }

// Initial is its first letter or digit, for the mark beside the name.
func (v view) Initial() string { return webui.Initial(v.x.ui.title) }

// Style is the address of the stylesheet.
func (v view) Style() string { return v.x.ui.pages.StylePath(v.x.ui.prefix) }

// Action is the address of a form, or of a page that does not go on anywhere.
func (v view) Action(page string) string { return v.x.ui.prefix + page }

// Link is the address of a page that goes on to where this one goes on to.
func (v view) Link(page string) string { return v.x.ui.link(page, v.x.returnTo) }

// ReturnTo is where this page goes on to, or empty.
func (v view) ReturnTo() string { return v.x.returnTo }

// Application is the name of the application that this page goes on to, or empty.
func (v view) Application() string {
	if app := v.x.application(); app != nil {
		return app.Name
	}
	return ""
}

// SignUpOpen tells whether people may sign up by themselves.
func (v view) SignUpOpen() bool { return !v.x.ui.pool.Settings().AllowAdminCreateUserOnly }

// Providers lists where people may sign in instead, as far as the application allows.
func (v view) Providers() []userpool.ProviderInfo {
	return slices.DeleteFunc(v.x.ui.pool.Providers(), func(p userpool.ProviderInfo) bool { return !v.x.allows(p.Name) })
}

// PoolAllowed tells whether the application allows people to sign in here, and not just at a provider.
func (v view) PoolAllowed() bool { return v.x.allows(userpool.CognitoProvider) }

// ProviderLink is the address where a sign-in at a provider begins.
func (v view) ProviderLink(name string) string { return v.x.ui.link(providerPath(name), v.x.returnTo) }

// Organizations tells whether there are people who sign in where their organization does.
func (v view) Organizations() bool { return v.x.ui.pool.HasHomeRealms() && len(v.Providers()) > 0 }

// notice is a sentence that a page begins with.
type notice struct {
	Text string
	// Done is true for something that has succeeded.
	Done bool
}

// notices are what the page after a redirect may say; the address has just the name.
var notices = map[string]*notice{
	"confirmed":        {"Your e-mail address is confirmed. You can sign in now.", true},
	"password-changed": {"Your new password is set. You can sign in with it now.", true},
	"signed-out":       {"You are signed out.", true},
	"deleted":          {"Your account is deleted.", true},
	"again":            {"Please sign in again first: deleting an account cannot be undone.", false},
	"resent":           {"If an account is waiting to be confirmed, a new code is on its way. Only the newest code works.", false},
	"not-sent":         {"The message with your code could not be sent. Please ask for a new code in a moment.", false},
	"unconfirmed":      {"Your e-mail address is not confirmed yet. Enter the code that we sent you, or ask for a new one.", false},
}

// show answers with a page. The page is made whole before the first byte is sent.
func (x *exchange) show(status int, name string, v view) error {
	if err := x.keepBrowser(); err != nil {
		return err
	}
	v.x, v.CSRF = x, csrfToken(x.browser)
	if x.r.Method != http.MethodPost {
		v.Notice = notices[x.query.Get("notice")]
	}
	if v.Form == nil {
		v.Form = &form{}
	}
	v.Form.focus()
	h := x.w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
	// With no-referrer, browsers send "Origin: null" with the form (Fetch, "append a request Origin header"), which cannot be told from
	// another site where they send no Sec-Fetch-Site. Other origins are told nothing either way.
	h.Set("Referrer-Policy", "same-origin")
	return x.write(status, name, v)
}

// showError answers with an error page. It needs no cookie and has no form.
func (x *exchange) showError(e *pageError) error {
	h := x.w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'")
	data := struct {
		Heading, Text, Back, Reference string
		SignIn                         bool
	}{Heading: e.heading, Text: e.text, Reference: e.reference, SignIn: e.back == "/login"}
	if e.back != "" {
		data.Back = x.ui.link(e.back, x.returnTo)
	}
	return x.write(e.status, "error", view{x: x, Form: &form{}, Data: data})
}

func (x *exchange) write(status int, name string, v view) error {
	if err := x.ui.pages.Write(x.w, x.r, status, name, v); err != nil {
		return fmt.Errorf("hostedui: page %s: %w", name, err)
	}
	return nil
}

// keepBrowser gives the browser its cookie, if it has none.
func (x *exchange) keepBrowser() error {
	if x.browser != "" {
		return nil
	}
	secret, err := newSecret(x.ui.rand)
	if err != nil {
		return err
	}
	x.browser = secret
	x.ui.cookies.write(x.w, x.ui.cookies.browser, secret, 0)
	return nil
}

// application is the authorization request of an application that a person came with.
type application struct {
	// Name is the client's, as people know it.
	Name string
	// LoginHint is who the application thinks will sign in (OpenID Connect Core, 3.1.2.1), or empty.
	LoginHint string
	// Fresh tells that the request asks for a new sign-in, or for that of a certain person: who is signed in may not do.
	Fresh bool
	// ACR is the least authentication context class that the application wants (acr_values), or empty.
	ACR string

	client userpool.Client
}

// application returns the authorization request that this page goes on to, or nil if it goes on to something else. It is told by a
// client of the pool with an address that this client has registered: nothing is shown or allowed on behalf of another.
func (x *exchange) application() *application {
	u, err := url.Parse(x.returnTo)
	if err != nil || x.returnTo == "" {
		return nil
	}
	q := u.Query()
	client, ok := x.ui.pool.Client(q.Get("client_id"))
	if ok && client.AllowsCallback(q.Get("redirect_uri")) {
		acr := userpool.LeastACR(strings.Fields(q.Get("acr_values"))...)
		return &application{
			Name: client.Name, LoginHint: q.Get("login_hint"), Fresh: q.Get("prompt")+q.Get("max_age")+q.Get("id_token_hint")+acr != "", ACR: acr,
			client: client,
		}
	}
	return nil
}

// allows tells whether the application that this page goes on to, if any, allows people to sign in at a provider, or, with
// userpool.CognitoProvider, here. The pool makes sure that it gets nothing otherwise.
func (x *exchange) allows(provider string) bool {
	app := x.application()
	return app == nil || app.client.AllowsProvider(provider)
}

// elsewhere leads to the buttons of the providers who wants to do what the application does not allow.
func (x *exchange) elsewhere() error { return x.redirect(x.ui.link("/login", x.returnTo)) }

func (u *UI) stylesheet(x *exchange) error {
	u.pages.WriteStyle(x.w, x.r)
	return nil
}
