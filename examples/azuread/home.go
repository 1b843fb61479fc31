package main

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"html/template"
	"log"
	"net/http"
	"slices"
	"time"

	"github.com/stepwell/stepwell/userpool"
)

// adminGroup is the group of the pool that members of the tenant's group are in.
const adminGroup = "admins"

//go:embed templates/home.html
var files embed.FS

//go:embed style.css
var css []byte

var page = template.Must(template.ParseFS(files, "templates/home.html"))

// homeData is what the page shows.
type homeData struct {
	Fake                 bool
	Name, Provider, Last string
	Admin                bool
	Attributes           []attribute
	Groups               []string
	Ways                 []way
}

type attribute struct{ Name, Value string }

// way is a way to sign in, and its test for administrators.
type way struct{ Label, Link, Test string }

// makeGroup makes the group that the tenant's administrators are put into: a provider puts nobody into a group that is not there.
func (a *app) makeGroup() error {
	err := a.pool.CreateGroup(context.Background(), userpool.Group{Name: adminGroup, Description: "Administrators, by their group in Azure AD"})
	if errors.Is(err, userpool.GroupExists) {
		return nil
	}
	return err
}

// home shows who is signed in, and what the tenant said about them.
func (a *app) home(w http.ResponseWriter, r *http.Request) {
	data := homeData{Fake: a.tenant.fake()}
	for _, p := range a.pool.Providers() {
		test, err := a.test.Link(p.Name, time.Hour)
		if err != nil {
			log.Print(err)
		}
		data.Ways = append(data.Ways, way{p.Label, a.ui.ProviderURL(p.Name, "/"), test})
	}
	session, err := a.pool.BrowserSession(r.Context(), a.ui.BrowserSession(r))
	switch {
	case err == nil:
		data.fill(session)
	case !errors.Is(err, userpool.NotAuthorized):
		log.Print(err)
		http.Error(w, "The user pool cannot be reached. The log says why.", http.StatusServiceUnavailable)
		return
	}
	var b bytes.Buffer
	if err := page.Execute(&b, data); err != nil {
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
	_, _ = w.Write(b.Bytes())
}

func (d *homeData) fill(s *userpool.BrowserSession) {
	d.Provider, d.Groups = s.Provider, s.Groups
	d.Admin = slices.Contains(s.Groups, adminGroup)
	d.Name = s.User.Attributes["name"]
	if d.Name == "" {
		d.Name = s.User.Username
	}
	for name, value := range s.User.Attributes {
		d.Attributes = append(d.Attributes, attribute{name, value})
	}
	slices.SortFunc(d.Attributes, func(a, b attribute) int {
		return slices.Compare([]byte(a.Name), []byte(b.Name))
	})
	d.Attributes = append([]attribute{{"user name in the pool", s.User.Username}}, d.Attributes...)
}

func stylesheet(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	_, _ = w.Write(css)
}
