package identitypool

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// Handler lets a request through to next if the caller's policies allow action, which is service:name without wildcards, on the resource
// that the function names for the request. The function is called when the request is verified: it can use FromContext, PathValue and the
// body; it must return a resource as [Question] wants it. next finds the body unread, the caller by FromContext and the decision by
// DecisionFromContext.
//
// Other requests are answered with a JSON object {"__type": …, "message": …}: status 403 if they are not signed, not signed correctly, or
// not allowed, 400 if they are malformed or their path has "." or ".." segments, 413 if the body is longer than MaxBody, 500 if the
// application named no usable action or resource.
func (a *Authorizer) Handler(action string, resource func(*http.Request) string, next http.Handler) http.Handler {
	ask := func(r *http.Request) (Question, error) {
		if resource == nil || next == nil {
			return Question{}, internal("serve", errors.New("Handler was given no resource function or no handler"))
		}
		return Question{Action: action, Resource: resource(r)}, nil
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if hasDotSegments(r.URL.Path) {
			a.answer(w, r, fail(InvalidParameter, `The path has "." or ".." segments.`))
			return
		}
		a.serve(w, r, ask, next)
	})
}

// serve lets a request through to next if the question about it is answered with yes.
func (a *Authorizer) serve(w http.ResponseWriter, r *http.Request, ask func(*http.Request) (Question, error), next http.Handler) {
	admitted, err := a.admit(r, ask)
	if err != nil {
		a.answer(w, r, err)
		return
	}
	next.ServeHTTP(w, admitted)
}

// admit returns the request with its caller and the decision.
func (a *Authorizer) admit(r *http.Request, ask func(*http.Request) (Question, error)) (*http.Request, error) {
	caller, err := a.verify(r)
	if err != nil {
		return nil, err
	}
	of := &admission{authorizer: a, caller: caller}
	r = r.WithContext(context.WithValue(r.Context(), admissionKey{}, of))
	of.request = r
	body := r.Body
	q, err := ask(r)
	if err != nil {
		return nil, err
	}
	if of.decision, err = a.decideAndTell(r, of, q); err != nil {
		return nil, err
	}
	if rewind, ok := body.(io.Seeker); ok {
		if _, err := rewind.Seek(0, io.SeekStart); err != nil {
			return nil, internal("rewind the body", err)
		}
		r.Body = body
	}
	return r, nil
}

// hasDotSegments finds what a file system, or a router that cleans paths, would take for another path than the policy saw.
func hasDotSegments(path string) bool {
	for segment := range strings.SplitSeq(path, "/") {
		if segment == "." || segment == ".." {
			return true
		}
	}
	return false
}

// answer refuses a request.
func (a *Authorizer) answer(w http.ResponseWriter, r *http.Request, err error) {
	var e *Error
	if !errors.As(err, &e) {
		e = internal("serve", err)
	}
	if e.Code == InternalError {
		a.pool.logger.ErrorContext(r.Context(), "identitypool: request failed", "error", e.cause)
	}
	a.refuse(w, r, e)
}

// answerJSON is AuthorizerConfig.Refuse by default.
func answerJSON(w http.ResponseWriter, _ *http.Request, e *Error) {
	known := answerOf(e.Code)
	body, err := json.Marshal(struct {
		Type    string `json:"__type"`
		Message string `json:"message"`
	}{known.name, e.Message})
	if err != nil { // of two strings: never
		body = nil
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Amzn-ErrorType", known.name)
	w.WriteHeader(known.status)
	_, _ = w.Write(body) // the client is gone otherwise
}
