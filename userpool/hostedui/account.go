package hostedui

import (
	"errors"
	"net/http"
	"time"

	"github.com/stepwell/stepwell/userpool"
)

// accountData is what the account page shows.
type accountData struct {
	Name, Email   string
	EmailVerified bool
	Groups        []string
	Provider      string
	SignedIn      time.Time
}

// displayName is what people recognise themselves by.
func displayName(s *userpool.BrowserSession) string {
	for _, name := range []string{"email", "name"} {
		if v := s.User.Attributes[name]; v != "" {
			return v
		}
	}
	return s.User.Username
}

// own returns the session of the person whose page this is. Without one it redirects to the sign-in, and returns nil.
func (x *exchange) own() (*userpool.BrowserSession, error) {
	session, err := x.ui.session(x.r)
	if err != nil || session != nil {
		return session, err
	}
	return nil, x.redirect(x.ui.link("/login", x.ui.prefix+x.rel))
}

func (u *UI) showAccount(x *exchange) error {
	session, err := x.own()
	if session == nil {
		return err
	}
	data := accountData{
		Name: session.User.Attributes["name"], Email: session.User.Attributes["email"],
		EmailVerified: session.User.Attributes["email_verified"] == "true",
		Groups:        session.Groups, SignedIn: session.AuthTime.UTC(),
	}
	if data.Name == "" && data.Email == "" {
		data.Name = session.User.Username
	}
	for _, p := range u.pool.Providers() {
		if p.Name == session.Provider {
			data.Provider = p.Label
		}
	}
	return x.show(http.StatusOK, "account", view{Data: data})
}

func (u *UI) showDelete(x *exchange) error {
	session, err := x.own()
	if session == nil {
		return err
	}
	if !session.Recent {
		return x.signInAgain()
	}
	return x.show(http.StatusOK, "delete", view{Data: displayName(session)})
}

// signInAgain leads over the sign-in page and back here, for what only someone who has just signed in may do.
func (x *exchange) signInAgain() error {
	x.returnTo = x.ui.prefix + x.rel
	return x.redirect(x.noticed("/login", "again"))
}

// deleteAccount deletes the user for good. The box that must be ticked keeps a slip of the finger from doing so.
func (u *UI) deleteAccount(x *exchange) error {
	session, err := x.own()
	if session == nil {
		return err
	}
	if x.form.Get("confirm") != "yes" {
		f := &form{Fields: []*field{{Name: "confirm"}}}
		f.complain("confirm", "Tick the box to say that you want this.")
		return x.show(f.status, "delete", view{Form: f, Data: displayName(session)})
	}
	err = u.pool.DeleteUser(x.r.Context(), u.BrowserSession(x.r))
	if errors.Is(err, userpool.LoginRequired) {
		return x.signInAgain()
	}
	if err != nil {
		return err
	}
	u.ClearSession(x.w)
	return x.redirect(u.prefix + "/login?notice=deleted")
}
