package main

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/stepwell/stepwell/identitypool"
	"github.com/stepwell/stepwell/identitypool/sigv4"
)

// guestCookie keeps the identity of a guest from one visit to the next, and until the guest signs in.
//
// In it is the ID of the identity, 122 random bits, and nothing else. Whoever has the ID of a guest gets credentials of the guest role,
// which everybody gets who just asks; so there is nothing to steal. From the moment when the identity has a login, the pool gives nothing
// for the ID without this login: an ID that somebody else knows, or has planted in this browser, is worth nothing after the sign-in, and
// one that has the login of somebody else is refused. Scripts cannot read the cookie, and no form of another site brings it along. A
// program on https adds Secure and the prefix __Host- to the name.
const guestCookie = "guest"

// visitor is who looks at a page, with temporary credentials.
type visitor struct {
	Name       string // of a user: the e-mail address
	Guest      bool
	IdentityID string
	WasGuest   bool // of a user: this was the identity of the guest in this browser
	Role       string
	Policy     string
	Expires    time.Time

	credentials sigv4.Credentials
}

// Prefix is where the visitor's own objects are.
func (v *visitor) Prefix() string { return "users/" + v.IdentityID + "/" }

// visitor returns who asks for a page. A browser that was never here becomes a new guest, which is a row in the store: a program that the
// world can reach limits how often an address may do that.
func (a *app) visitor(w http.ResponseWriter, r *http.Request) (*visitor, error) {
	claims, err := a.ui.Authenticate(r)
	if err != nil {
		return nil, err
	}
	known := ""
	if cookie, err := r.Cookie(guestCookie); err == nil {
		known = cookie.Value
	}
	var logins map[string]string
	v := &visitor{Guest: claims == nil, Role: "Guest", Policy: guestPolicy}
	if claims != nil {
		v.Name, _ = claims["email"].(string)
		v.Role, v.Policy = "User", userPolicy
		logins = map[string]string{loginName: a.ui.BrowserSession(r)}
	}
	if err := a.obtain(r.Context(), v, known, logins); err != nil {
		return nil, err
	}
	v.WasGuest = !v.Guest && v.IdentityID == known
	switch {
	case v.Guest && v.IdentityID != known:
		http.SetCookie(w, &http.Cookie{
			Name: guestCookie, Value: v.IdentityID, Path: "/", MaxAge: 180 * 24 * 3600, HttpOnly: true, SameSite: http.SameSiteLaxMode,
		})
	case !v.Guest && known != "" && v.IdentityID != known: // somebody else's, or none at all
		http.SetCookie(w, &http.Cookie{Name: guestCookie, Path: "/", MaxAge: -1, HttpOnly: true, SameSite: http.SameSiteLaxMode})
	}
	return v, nil
}

// obtain exchanges a known identity and logins for credentials. With a login, an identity that was a guest's becomes the user's. Where the
// known one cannot be used (somebody else's, disabled, or an invention), the login has one of its own, and a guest gets a new one.
func (a *app) obtain(ctx context.Context, v *visitor, known string, logins map[string]string) error {
	if known != "" {
		err := a.exchange(ctx, v, known, logins)
		if !unusable(err) {
			return err
		}
	}
	id, err := a.identities.GetID(ctx, identitypool.GetIDInput{Logins: logins})
	if err != nil {
		return err
	}
	return a.exchange(ctx, v, id, logins)
}

// unusable reports whether the error says that this identity is not for this visitor.
func unusable(err error) bool {
	for _, code := range []identitypool.Code{
		identitypool.NotAuthorized, identitypool.ResourceNotFound, identitypool.ResourceConflict, identitypool.InvalidParameter, identitypool.LimitExceeded,
	} {
		if errors.Is(err, code) {
			return true
		}
	}
	return false
}

func (a *app) exchange(ctx context.Context, v *visitor, id string, logins map[string]string) error {
	c, err := a.identities.GetCredentialsForIdentity(ctx, identitypool.GetCredentialsForIdentityInput{IdentityID: id, Logins: logins})
	if err != nil {
		return err
	}
	v.IdentityID, v.Expires = c.IdentityID, c.Credentials.Expiration // the ID is another one if two identities of the user became one
	v.credentials = sigv4.Credentials{AccessKeyID: c.Credentials.AccessKeyID, SecretAccessKey: c.Credentials.SecretAccessKey, SessionToken: c.Credentials.SessionToken}
	return nil
}
