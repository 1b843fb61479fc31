package hostedui_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Deleting an account wants a sign-in of the last ten minutes. The way there leads over the sign-in page and back.
func TestDeleteAccount_AfterAWhile(t *testing.T) {
	s := newSite(t)
	s.register(ada)
	b := s.browser()
	b.signIn(ada)
	form := b.get("/auth/account/delete")
	s.pass(11 * time.Minute)

	again := s.origin + "/auth/login?return_to=%2Fauth%2Faccount%2Fdelete&notice=again"
	_, fields := form.form()
	p := b.post("/auth/account/delete", url.Values{"csrf": {fields.Get("csrf")}, "confirm": {"yes"}})
	require.Equal(t, http.StatusSeeOther, p.Status)
	require.Equal(t, again, p.Header.Get("Location"))
	_, err := s.pool.AdminGetUser(t.Context(), ada)
	require.NoError(t, err, "nothing was deleted")

	p = b.get("/auth/account/delete")
	require.Equal(t, again, p.Header.Get("Location"))
	p = b.follow(p)
	require.Contains(t, p.text("main"), "Please sign in again first")
	p = b.follow(b.submit(p, map[string]string{"username": ada, "password": password}))
	require.Contains(t, p.text("main"), "Yes, delete my account for good")
	p = b.follow(b.submit(p, map[string]string{"confirm": "yes"}))
	require.Contains(t, p.text("main"), "Your account is deleted.")
}
