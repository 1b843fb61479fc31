package federationtest

import (
	"bytes"
	_ "embed"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/stepwell/stepwell/internal/webui"
)

//go:embed page.html
var pageSource string

//go:embed style.css
var ownStyle string

var styleSheet = []byte(webui.Stylesheet(ownStyle))

var pages = template.Must(template.New("page").Parse(pageSource))

// page is what page.html shows: a message, a form that asks who to be, or one
// that carries the answer back.
type page struct {
	Title   string
	Heading string
	Message string
	Problem string
	Style   string
	Form    *form
}

type form struct {
	Action string
	Hidden []field
	People []person
}

type field struct{ Name, Value string }

type person struct {
	Subject, Name, Detail string
	Chosen                bool
}

func fields(values url.Values) []field {
	var list []field
	for name := range values {
		list = append(list, field{name, values.Get(name)})
	}
	slices.SortFunc(list, func(a, b field) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// signInPage asks who to sign in as. problem is shown above the form.
func (p *Provider) signInPage(w http.ResponseWriter, request *authorizeRequest, problem string) {
	people := make([]person, len(p.users))
	chosen := 0
	for i := range p.users {
		user := &p.users[i]
		people[i].Subject = user.Subject
		people[i].Name, people[i].Detail = user.label()
		if hint := request.get("login_hint"); hint != "" && (hint == user.Subject || hint == user.Claims["email"]) {
			chosen = i
		}
	}
	people[chosen].Chosen = true
	status := http.StatusOK
	if problem != "" {
		status = http.StatusBadRequest
	}
	p.writePage(w, status, page{
		Title:   "Sign in",
		Heading: "Sign in to " + request.client.ID,
		Message: "This is a provider for tests. Choose who you want to be; there is no password.",
		Problem: problem,
		Form:    &form{Action: p.prefix + "/authorize", Hidden: fields(request.values), People: people},
	}, formTargets(request.client)...)
}

// formPostPage carries the answer back by POST (OAuth 2.0 Form Post Response
// Mode). Without JavaScript a person has to press the button.
func (p *Provider) formPostPage(w http.ResponseWriter, request *authorizeRequest, parameters url.Values) {
	p.writePage(w, http.StatusOK, page{
		Title:   "Continue",
		Heading: "Continue to " + request.client.ID,
		Message: "Your answer is ready to be sent to the application.",
		Form:    &form{Action: request.get("redirect_uri"), Hidden: fields(parameters)},
	}, formTargets(request.client)...)
}

func (p *Provider) messagePage(w http.ResponseWriter, status int, title, message string) {
	p.writePage(w, status, page{Title: title, Heading: title, Message: message})
}

func (p *Provider) refusePage(w http.ResponseWriter, problem string) {
	p.writePage(w, http.StatusBadRequest, page{Title: "The request cannot be answered", Heading: "The request cannot be answered", Problem: problem})
}

// formTargets are the origins a form of client's may lead to. Chromium applies
// form-action to the redirects that follow a form as well.
func formTargets(client *Client) []string {
	var targets []string
	for _, uri := range slices.Concat(client.RedirectURIs, client.FollowingOrigins) {
		if target := origin(uri); !slices.Contains(targets, target) {
			targets = append(targets, target)
		}
	}
	return targets
}

func (p *Provider) writePage(w http.ResponseWriter, status int, content page, targets ...string) {
	content.Style = p.prefix + "/style.css"
	var body bytes.Buffer
	if err := pages.Execute(&body, content); err != nil {
		http.Error(w, "federationtest: the page cannot be written", http.StatusInternalServerError)
		return
	}
	formAction := strings.Join(append([]string{"'self'"}, targets...), " ")
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action "+formAction)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	w.WriteHeader(status)
	_, _ = w.Write(body.Bytes())
}

func (p *Provider) serveStyle(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "max-age=300")
	_, _ = w.Write(styleSheet)
}
