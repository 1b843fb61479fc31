package hostedui

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
)

// csrfField is the hidden field of every form.
const csrfField = "csrf"

// csrfToken derives the token of a browser from the secret in its cookie. The cookie is HttpOnly and not to be guessed, so whoever
// sends both has read a page of ours; and any process can check it, because nothing is stored.
func csrfToken(browser string) string {
	mac := hmac.New(sha256.New, []byte(browser))
	mac.Write([]byte("stepwell hostedui: cross-site request forgery"))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// checkForgery returns an error page for a POST that did not come from a form of ours in this browser. It checks Sec-Fetch-Site and
// Origin first, and then the token, which does not depend on what a browser says about itself.
func (x *exchange) checkForgery() error {
	if err := x.ui.crossOrigin.Check(x.r); err != nil {
		return &pageError{
			status:  http.StatusForbidden,
			heading: "This came from another site",
			text:    "The form was not sent from this site, so nothing was done. If you want to go on, open the page here and send the form again.",
			back:    x.rel,
		}
	}
	token := x.form.Get(csrfField)
	if x.browser == "" || !hmac.Equal([]byte(token), []byte(csrfToken(x.browser))) {
		return &pageError{
			status:  http.StatusForbidden,
			heading: "This form has gone stale",
			text:    "You may have signed in or out in another tab, or your browser keeps no cookies for this site. Nothing was done. Open the page again and send the form once more.",
			back:    x.rel,
		}
	}
	return nil
}
