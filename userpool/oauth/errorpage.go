package oauth

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"html/template"
	"net/http"
	"strings"

	"github.com/stepwell/stepwell/internal/webui"
)

// pageError is what a person is shown when the browser cannot be sent back to an application.
type pageError struct {
	Title   string
	Message string
	// Code is for the developer of the application, as are the parameter Name and its Value.
	Code, Name, Value string
	// SignOut is the address of the page that signs out, for who wanted to and could not, or empty.
	SignOut string
}

// pageStyle stands in the page itself: these endpoints have no address for a stylesheet.
var pageStyle = webui.Stylesheet(`.card { max-width: 32rem; }
dl { margin: 1.5rem 0 0; padding-top: 1rem; border-top: 1px solid var(--line); font-size: .875rem; }
dt { color: var(--quiet); }
dd { margin: 0 0 .5rem; font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
dd:last-child { margin: 0; }
.button { margin-top: 1.5rem; }
`)

var pageTemplate = template.Must(template.New("error").Parse(`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>{{.Title}}</title>
<style>{{.Style}}</style>
</head>
<body>
<main class="card">
<h1>{{.Title}}</h1>
<p class="lead">{{.Message}}</p>
{{- if .Code}}
<dl>
<dt>Error</dt><dd>{{.Code}}</dd>
{{- if .Name}}
<dt>{{.Name}}</dt><dd>{{.Value}}</dd>
{{- end}}
</dl>
{{- end}}
{{- with .SignOut}}
<a class="button plain" href="{{.}}">Sign out here</a>
{{- end}}
</main>
</body>
</html>
`))

// pagePolicy allows the one style sheet of the page, by its hash, and nothing else.
var pagePolicy = func() string {
	sum := sha256.Sum256([]byte(pageStyle))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}()

// errorPage shows an error to a person. It leads nowhere but to our own page for signing out.
func (h *Handler) errorPage(w http.ResponseWriter, status int, e pageError) {
	const longest = 300
	if len(e.Value) > longest {
		e.Value = strings.ToValidUTF8(e.Value[:longest], "") + "…"
	}
	var page bytes.Buffer
	if err := pageTemplate.Execute(&page, struct {
		pageError
		Style template.CSS // as a value, since the template would take comments out of its own text, and change the hash
	}{e, template.CSS(pageStyle)}); err != nil {
		panic(err) // contained and logged by ServeHTTP
	}
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Security-Policy", pagePolicy)
	header.Set("X-Frame-Options", "DENY")
	w.WriteHeader(status)
	_, _ = w.Write(page.Bytes())
}
