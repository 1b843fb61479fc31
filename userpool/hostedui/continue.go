package hostedui

import (
	"html/template"
	"net/http"
	"net/url"
)

// continueData is what the page in between shows.
type continueData struct {
	// Name is the application's, as people know it.
	Name string
	// Target is where the page leads: a path of ours, or an address that the application registered.
	Target template.URL
}

// showContinue is the page between a form of ours and an application on another origin. A redirect would not do: Chromium holds all the
// redirects that follow a form to the form-action of its page, those of the application too, whose origins nobody here knows. So the form
// leads here, and this page, which leads on by itself, begins a navigation that is not the form's.
func (u *UI) showContinue(x *exchange) error {
	if app := x.application(); app != nil {
		return x.goOnTo(app.Name, x.returnTo)
	}
	if uri, ok := x.signOutTarget(); ok {
		client, _ := u.pool.Client(x.param("client_id"))
		return x.goOnTo(client.Name, withState(uri, x.param("state")))
	}
	return x.redirect(x.destination())
}

func (x *exchange) goOnTo(name, target string) error {
	x.w.Header().Set("Refresh", "0; url="+target)
	return x.show(http.StatusOK, "continue", view{Data: continueData{Name: name, Target: template.URL(target)}})
}

// withState adds the state of an application to an address that it registered.
func withState(uri, state string) string {
	target, err := url.Parse(uri)
	if err != nil || state == "" {
		return uri
	}
	if target.RawQuery != "" {
		target.RawQuery += "&"
	}
	target.RawQuery += "state=" + url.QueryEscape(state)
	return target.String()
}
