package signin

import "net/http"

// Redirect returns the handler that sends the browser to a URL of the provider, whatever the request. It answers 303, so that a POST which
// started the sign-in is not repeated at the provider with what the person had typed. No cache keeps the answer, and the provider does not
// learn the address of the page before.
func Redirect(to string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		h := w.Header()
		h.Set("Location", to)
		h.Set("Cache-Control", "no-store")
		h.Set("Referrer-Policy", "no-referrer")
		w.WriteHeader(http.StatusSeeOther)
	})
}
