package main

import (
	"bytes"
	"cmp"
	"embed"
	"errors"
	"html/template"
	"log"
	"net/http"
	"strings"
)

const (
	title     = "Stepwell guests"
	plainText = "text/plain; charset=utf-8"
)

//go:embed templates
var files embed.FS

//go:embed style.css
var css []byte

// pages has a set of templates for each page: the page in the frame.
var pages = func() map[string]*template.Template {
	out := map[string]*template.Template{}
	for _, name := range []string{"home", "decision", "commandline", "mailbox", "error"} {
		out[name] = template.Must(template.ParseFS(files, "templates/frame.html", "templates/policy.html", "templates/"+name+".html"))
	}
	return out
}()

// view is a page to be shown.
type view struct {
	template string
	Title    string
	Data     any
	// next is where to go instead of showing a page, after a form.
	next string
}

// problem is what a person did, or an application asked for, that cannot be done. Its text is shown; that of other errors is not.
type problem struct {
	Text string
	// Again is the path where it can be tried once more, or empty.
	Again string
	// status is that of the answer; 0 means 400.
	status int
}

func (p *problem) Error() string { return p.Text }

// page serves what show returns, which may set cookies and no more. The page is made whole before the first byte is sent.
func page(show func(w http.ResponseWriter, r *http.Request) (view, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		status := http.StatusOK
		v, err := show(w, r)
		if err != nil {
			log.Printf("%s: %v", r.URL.Path, err)
			known, ok := errors.AsType[*problem](err)
			if !ok {
				known = &problem{Text: "Something went wrong inside the program. Its log says what.", status: http.StatusInternalServerError}
			}
			status = cmp.Or(known.status, http.StatusBadRequest)
			v = view{template: "error", Title: "That did not work", Data: known}
		}
		if v.next != "" {
			http.Redirect(w, r, v.next, http.StatusSeeOther)
			return
		}
		var b bytes.Buffer
		if err := pages[v.template].ExecuteTemplate(&b, "frame", v); err != nil {
			log.Print(err)
			http.Error(w, "The page could not be made.", http.StatusInternalServerError)
			return
		}
		h := w.Header()
		h.Set("Content-Type", "text/html; charset=utf-8")
		h.Set("Cache-Control", "no-store")
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("X-Content-Type-Options", "nosniff")
		w.WriteHeader(status)
		w.Write(b.Bytes())
	})
}

func stylesheet(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Write(css)
}

func notFound(http.ResponseWriter, *http.Request) (view, error) {
	return view{}, &problem{Text: "There is nothing at this address.", status: http.StatusNotFound}
}

// atHome keeps requests that came by another name from the program. Cookies of http://localhost are not sent to http://127.0.0.1, and a
// name of somebody else's that leads to this machine (DNS rebinding) must not open the mailbox.
func (a *app) atHome(next http.Handler) http.Handler {
	host := strings.TrimPrefix(a.base, "http://")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Host == host || r.Host+":80" == host:
			next.ServeHTTP(w, r)
		case r.Method == http.MethodGet:
			http.Redirect(w, r, a.base+r.URL.RequestURI(), http.StatusFound)
		default:
			http.Error(w, "This program is at "+a.base+".", http.StatusMisdirectedRequest)
		}
	})
}
