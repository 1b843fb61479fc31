package federationtest

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
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

var pages = template.Must(template.New("page").Funcs(template.FuncMap{
	"submitScript": func() template.JS { return submitScript },
	"nextScript":   func() template.JS { return nextScript },
}).Parse(pageSource))

// page is what page.html shows: a message, a form that asks who to be, or one
// that carries the answer back.
type page struct {
	Brand   string // whose page it is; empty means "Test provider"
	Title   string
	Heading string
	Message string
	Problem string
	Details []field // shown below the problem
	Style   string
	Form    *form
	Frames  []string // addresses that are opened in hidden frames
	Next    string   // where a link leads on, when all frames are loaded without a click
	targets []string // origins that the form may lead to
	framed  bool     // may be shown in a frame
}

type form struct {
	Action string
	Hidden []field
	People []person
	Other  bool // ask for the name of somebody who is not among People
	Auto   bool // submits itself
}

// Mark is the letter in the corner of the page.
func (p page) Mark() string { return p.Brand[:1] }

// The scripts of page.html, and the hashes by which the Content-Security-Policy
// lets them run.
const (
	submitScript = "document.forms[0].submit()"
	nextScript   = `addEventListener("load",function(){location.replace(document.getElementById("next").href)})`
)

func scriptSource(script string) string {
	sum := sha256.Sum256([]byte(script))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
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
	writePage(w, status, p.prefix, page{
		Title:   "Sign in",
		Heading: "Sign in to " + request.client.ID,
		Message: "This is a provider for tests. Choose who you want to be; there is no password.",
		Problem: problem,
		Form:    &form{Action: p.prefix + "/authorize", Hidden: fields(request.values), People: people},
		targets: formTargets(request.client),
	})
}

// formPostPage carries the answer back by POST (OAuth 2.0 Form Post Response
// Mode). Without JavaScript a person has to press the button.
func (p *Provider) formPostPage(w http.ResponseWriter, request *authorizeRequest, parameters url.Values) {
	writePage(w, http.StatusOK, p.prefix, page{
		Title:   "Continue",
		Heading: "Continue to " + request.client.ID,
		Message: "Your answer is ready to be sent to the application.",
		Form:    &form{Action: request.get("redirect_uri"), Hidden: fields(parameters)},
		targets: formTargets(request.client),
	})
}

func (p *Provider) messagePage(w http.ResponseWriter, status int, title, message string) {
	writePage(w, status, p.prefix, page{Title: title, Heading: title, Message: message})
}

func (p *Provider) refusePage(w http.ResponseWriter, problem string) {
	refusePage(w, p.prefix, problem)
}

// refusePage tells the person at the browser what is wrong with the request.
func refusePage(w http.ResponseWriter, prefix, problem string) {
	const title = "The request cannot be answered"
	writePage(w, http.StatusBadRequest, prefix, page{Title: title, Heading: title, Problem: problem})
}

// formTargets are the origins a form of client's may lead to. Chromium applies
// form-action to the redirects that follow a form as well.
func formTargets(client *Client) []string {
	return origins(slices.Concat(client.RedirectURIs, client.FollowingOrigins))
}

// origins returns each origin among addresses once.
func origins(addresses []string) []string {
	var list []string
	for _, address := range addresses {
		if target := origin(address); !slices.Contains(list, target) {
			list = append(list, target)
		}
	}
	return list
}

// writePage writes a page whose style sheet and own forms are below prefix.
func writePage(w http.ResponseWriter, status int, prefix string, content page) {
	content.Style = prefix + "/style.css"
	if content.Brand == "" {
		content.Brand = "Test provider"
	}
	var body bytes.Buffer
	if err := pages.Execute(&body, content); err != nil {
		http.Error(w, "federationtest: the page cannot be written", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", content.policy())
	h.Set("X-Content-Type-Options", "nosniff")
	if !content.framed {
		h.Set("X-Frame-Options", "DENY")
	}
	w.WriteHeader(status)
	_, _ = w.Write(body.Bytes())
}

// policy is the page's Content-Security-Policy.
func (p page) policy() string {
	policy := "default-src 'none'; style-src 'self'; base-uri 'none'"
	if p.Form != nil && p.Form.Auto {
		policy += "; script-src " + scriptSource(submitScript)
	}
	if len(p.Frames) > 0 {
		policy += "; frame-src " + strings.Join(origins(p.Frames), " ")
		if p.Next != "" {
			policy += "; script-src " + scriptSource(nextScript)
		}
	}
	ancestors := "'none'"
	if p.framed {
		ancestors = "*"
	}
	return policy + "; frame-ancestors " + ancestors + "; form-action " + strings.Join(append([]string{"'self'"}, p.targets...), " ")
}

func serveStyleSheet(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "max-age=300")
	_, _ = w.Write(styleSheet)
}
