package middleware

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"runtime"
	"runtime/debug"
	"strings"
)

// Handler returns a handler that passes on to next the requests that [Guard.Check] lets through, with the claims of the caller in
// their context ([FromContext]), and answers the others itself:
//
//   - nobody is signed in, a person waits for a page, and Config.Session is a [LoginPage]: 303 to that page;
//   - otherwise the status and WWW-Authenticate of the [Error], and one line of plain text.
//
// Such answers carry Cache-Control: no-store. A panic of next is passed on untouched.
func (g *Guard) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		claims, refused := g.judge(r)
		if refused != nil {
			g.refuse(w, r, refused)
			return
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), claimsKey{}, claims)))
	})
}

// refuse answers a request that is not let through.
func (g *Guard) refuse(w http.ResponseWriter, r *http.Request, refused *Error) {
	location := ""
	if refused.Code == NoCredentials {
		location, refused = g.safeLoginRedirect(r, refused)
	}
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	if location != "" {
		h.Set("Location", location)
		w.WriteHeader(http.StatusSeeOther)
		return
	}
	if refused.WWWAuthenticate != "" {
		h.Set("WWW-Authenticate", refused.WWWAuthenticate)
	}
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(refused.Status)
	fmt.Fprintf(w, "%d %s: %s\n", refused.Status, http.StatusText(refused.Status), refusals[refused.Code].text)
}

// safeLoginRedirect is loginRedirect for a LoginPage that may panic.
func (g *Guard) safeLoginRedirect(r *http.Request, refused *Error) (location string, instead *Error) {
	defer func() {
		if v := recover(); v != nil {
			location, instead = "", g.panicked(v)
		}
	}()
	location, err := g.loginRedirect(r)
	if err != nil {
		refused = g.fail(Internal, err)
		g.logRefusal(r, refused)
	}
	return location, refused
}

// panicked logs a panic of what the application supplied, and returns the Error to answer it with. The value that it panicked
// with is not logged, unless it is of the runtime: it may hold a secret. The stack holds none.
func (g *Guard) panicked(v any) *Error {
	what := fmt.Sprintf("%T", v)
	if e, ok := v.(runtime.Error); ok {
		what = e.Error()
	}
	cause := fmt.Errorf("panic: %s", what)
	g.logger().Error("middleware: a KeySource, Revocation or Authenticator panicked",
		"panic", what, "stack", string(debug.Stack()))
	return g.fail(Internal, cause)
}

// logRefusal tells the operator why a request was not let through.
func (g *Guard) logRefusal(r *http.Request, refused *Error) {
	level := slog.LevelDebug
	// A caller who hangs up makes look-ups fail, and that is no trouble of this program.
	if refused.Status >= 500 && r.Context().Err() == nil {
		level = slog.LevelError
	}
	log := g.logger()
	if !log.Enabled(r.Context(), level) {
		return
	}
	cause := ""
	if refused.cause != nil {
		cause = redact(refused.cause.Error(), r)
	}
	log.Log(r.Context(), level, "middleware: request refused",
		"code", string(refused.Code), "status", refused.Status, "cause", cause, "method", r.Method, "pattern", r.Pattern)
}

func (g *Guard) logger() *slog.Logger {
	if g.log == nil {
		return slog.Default()
	}
	return g.log
}

// minSecret is the length from which on a part of a credential is taken out of logs: shorter ones would hit ordinary words.
const minSecret = 8

// redact takes the credentials of the request, and each of the three parts of a token, out of a text that the application
// supplied.
func redact(text string, r *http.Request) string {
	hide := func(secret string) {
		if len(secret) >= minSecret {
			text = strings.ReplaceAll(text, secret, "[redacted]")
		}
	}
	_, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	for part := range strings.SplitSeq(token, ".") {
		hide(part)
	}
	for _, cookie := range r.Cookies() {
		hide(cookie.Value)
	}
	return text
}
