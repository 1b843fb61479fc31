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
	// SignOut is the address of the page that signs out, for who wanted to and could not, or empty.
	SignOut string
}

const pageStyle = `:root{color-scheme:light dark;--accent:#1d5bd0;--link:#1850ba;--ground:#f3f4f6;--surface:#fff;--text:#171a21;--quiet:#545b69;` +
	`--edge:#8a91a0;--line:#e2e5ea;--shadow:0 1px 2px rgb(16 24 40/6%),0 12px 32px -8px rgb(16 24 40/12%)}` +
	`@media (prefers-color-scheme:dark){:root{--link:#8fb4f5;--ground:#101217;--surface:#191c23;--text:#eceef2;--quiet:#a7aebb;` +
	`--edge:#717987;--line:#2c313b;--shadow:0 1px 2px rgb(0 0 0/40%),0 12px 32px -8px rgb(0 0 0/50%)}}` +
	`*{box-sizing:border-box}` +
	`body{min-height:100vh;margin:0;padding:12vh 1rem 4rem;border-top:4px solid var(--accent);background:var(--ground);color:var(--text);` +
	`font:1rem/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue","Noto Sans",Arial,sans-serif;overflow-wrap:anywhere}` +
	`main{max-width:32rem;margin:0 auto;padding:2.25rem;border:1px solid var(--line);border-radius:16px;background:var(--surface);box-shadow:var(--shadow)}` +
	`h1{margin:0 0 .5rem;font-size:1.5rem;font-weight:650;line-height:1.25;letter-spacing:-.015em;text-wrap:balance}` +
	`p{margin:0;color:var(--quiet)}` +
	`dl{margin:1.5rem 0 0;padding-top:1rem;border-top:1px solid var(--line);font-size:.875rem}` +
	`dt{color:var(--quiet)}dd{margin:0 0 .5rem;font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}dd:last-child{margin:0}` +
	`a{display:block;margin-top:1.5rem;padding:.6875rem 1rem;border:1px solid var(--edge);border-radius:10px;color:var(--text);font-weight:600;` +
	`text-align:center;text-decoration:none}a:hover{background:var(--ground)}:focus-visible{outline:3px solid var(--link);outline-offset:2px}` +
	`@media (max-width:30rem){body{padding:2rem 1.25rem;background:var(--surface)}main{padding:0;border:0;box-shadow:none}}`

var pageTemplate = template.Must(template.New("error").Parse(`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
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
{{- with .SignOut}}
<a href="{{.}}">Sign out here</a>
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
