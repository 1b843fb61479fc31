package hostedui

import "net/http"

// showOrganization asks for nothing but the e-mail address, whose domain says at which provider the person signs in.
func (u *UI) showOrganization(x *exchange) error {
	if !u.pool.HasHomeRealms() {
		return notFound()
	}
	var username string
	if app := x.application(); app != nil && checkEmail(app.LoginHint) == "" {
		username = app.LoginHint
	}
	return x.show(http.StatusOK, "organization", view{Form: &form{Fields: []*field{emailField(username)}}})
}

func (u *UI) organization(x *exchange) error {
	username := x.form.Get("username")
	f := &form{Fields: []*field{emailField(username)}}
	f.complain("username", checkEmail(username))
	if !f.failed() {
		led, err := x.homeRealm(username)
		if led || err != nil {
			return err
		}
		f.complain("username", "No organization is known for this address. Check it, or sign in with a password.")
	}
	return x.show(f.status, "organization", view{Form: f})
}

// homeRealm leads a person with an e-mail address to the provider where the people of its domain sign in, and tells whether there is one.
func (x *exchange) homeRealm(username string) (bool, error) {
	provider, err := x.ui.pool.ProviderForEmail(x.r.Context(), username)
	if provider == "" || err != nil || !x.allows(provider) {
		return false, err
	}
	if err := x.keep(step{Username: username}); err != nil {
		return true, err
	}
	return true, x.goOnTo(x.providerLabel(provider), x.ui.link(providerPath(provider), x.returnTo))
}

// providerLabel is what people know a provider as.
func (x *exchange) providerLabel(name string) string {
	for _, p := range x.ui.pool.Providers() {
		if p.Name == name {
			return p.Label
		}
	}
	return name
}
