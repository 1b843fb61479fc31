package oauth

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"html/template"
	"net/http"
	"strings"
)

// pageError is what a person is shown when the browser cannot be sent back to an application.
type pageError struct {
	Title   string
	Message string
	// Code is for the developer of the application, as are the parameter Name and its Value.
	Code, Name, Value string
}

const pageStyle = `:root{color-scheme:light dark}` +
	`body{font:1rem/1.5 system-ui,sans-serif;max-width:36rem;margin:12vh auto;padding:0 1.25rem;color:#1b1b1f;background:#fff}` +
	`h1{font-size:1.4rem;margin:0 0 .5rem}` +
	`dl{margin:1.5rem 0 0;padding-top:1rem;border-top:1px solid #c8c8d0;font-size:.875rem;color:#4a4a55}` +
	`dt{font-weight:600}dd{margin:0 0 .5rem;font-family:ui-monospace,monospace;overflow-wrap:anywhere}` +
	`@media (prefers-color-scheme:dark){body{color:#ececf1;background:#17171b}dl{border-color:#45454f;color:#b8b8c4}}`

var pageTemplate = template.Must(template.New("error").Parse(`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>{{.Title}}</title>
<style>` + pageStyle + `</style>
</head>
<body>
<main>
<h1>{{.Title}}</h1>
<p>{{.Message}}</p>
{{- if .Code}}
<dl>
<dt>Error</dt><dd>{{.Code}}</dd>
{{- if .Name}}
<dt>{{.Name}}</dt><dd>{{.Value}}</dd>
{{- end}}
</dl>
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

// errorPage shows an error to a person. It never leads anywhere.
func (h *Handler) errorPage(w http.ResponseWriter, status int, e pageError) {
	const longest = 300
	if len(e.Value) > longest {
		e.Value = strings.ToValidUTF8(e.Value[:longest], "") + "…"
	}
	var page bytes.Buffer
	if err := pageTemplate.Execute(&page, e); err != nil {
		panic(err) // contained and logged by ServeHTTP
	}
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Security-Policy", pagePolicy)
	header.Set("X-Frame-Options", "DENY")
	w.WriteHeader(status)
	_, _ = w.Write(page.Bytes())
}
