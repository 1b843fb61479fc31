package main

import (
	"bytes"
	"embed"
	"html/template"
	"log"
	"net/http"
)

//go:embed templates
var files embed.FS

//go:embed style.css
var css []byte

// pages has a set of templates for each page: the page in the frame.
var pages = func() map[string]*template.Template {
	out := map[string]*template.Template{}
	for _, name := range []string{"home", "mailbox", "private", "guest", "me", "error"} {
		out[name] = template.Must(template.ParseFS(files, "templates/frame.html", "templates/calls.html", "templates/"+name+".html"))
	}
	return out
}()

// view is a page to be shown.
type view struct {
	template string
	Title    string
	Data     any
}

// page serves what show returns. The page is made whole before the first byte is sent.
func page(show func(r *http.Request) (view, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		status := http.StatusOK
		v, err := show(r)
		if err != nil {
			log.Printf("%s: %v", r.URL.Path, err)
			status = http.StatusBadRequest
			v = view{template: "error", Title: "That did not work", Data: err.Error()}
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

// home says what to try.
func (a *app) home(r *http.Request) (view, error) {
	claims, err := a.ui.Authenticate(r)
	if err != nil {
		return view{}, err
	}
	return view{template: "home", Title: "Stepwell quickstart", Data: struct {
		Name    string
		Mails   int
		Mailbox string
	}{Name: displayName(claims), Mails: len(a.mailbox.newest())}}, nil
}
