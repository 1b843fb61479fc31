package identitypool

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
)

type callerKey struct{}

// FromContext returns who calls, inside a handler behind [Pool.Handler]. ok is false elsewhere.
func FromContext(ctx context.Context) (caller Caller, ok bool) {
	caller, ok = ctx.Value(callerKey{}).(Caller)
	return caller, ok
}

// Handler lets a request through to next if the caller's role allows action, which is service:name without wildcards, on the resource
// that the function names for the request. The function is called when the request is verified: it can use FromContext, PathValue and
// the body; it must return a resource as [Pool.Authorize] wants it. next finds the body unread, and the caller by FromContext.
//
// Other requests are answered with a JSON object {"__type": …, "message": …}: status 403 if they are not signed, not signed correctly, or
// not allowed, 400 if they are malformed or their path has "." or ".." segments, 413 if the body is longer than Config.MaxBody, 500 if
// the application named no usable action or resource.
func (p *Pool) Handler(action string, resource func(*http.Request) string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		admitted, err := p.admit(r, action, resource, next)
		if err != nil {
			p.refuse(w, r, err)
			return
		}
		next.ServeHTTP(w, admitted)
	})
}

// admit returns the request with its caller.
func (p *Pool) admit(r *http.Request, action string, resource func(*http.Request) string, next http.Handler) (*http.Request, error) {
	if resource == nil || next == nil {
		return nil, internal("serve", errors.New("Handler was given no resource function or no handler"))
	}
	if hasDotSegments(r.URL.Path) {
		return nil, fail(InvalidParameter, `The path has "." or ".." segments.`)
	}
	caller, err := p.authenticate(r)
	if err != nil {
		return nil, err
	}
	r = r.WithContext(context.WithValue(r.Context(), callerKey{}, caller))
	body := r.Body
	if err := p.decide(caller, action, resource(r)); err != nil {
		return nil, err
	}
	if rewind, ok := body.(interface {
		Seek(offset int64, whence int) (int64, error)
	}); ok {
		if _, err := rewind.Seek(0, 0); err != nil {
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

// answer is how an error is told to an HTTP client.
type answer struct {
	name   string
	status int
}

// answers has every Code.
var answers = map[Code]answer{
	InvalidParameter:           {"InvalidParameterException", http.StatusBadRequest},
	NotAuthorized:              {"NotAuthorizedException", http.StatusForbidden},
	ResourceNotFound:           {"ResourceNotFoundException", http.StatusBadRequest},
	ExternalService:            {"ExternalServiceException", http.StatusBadRequest},
	InternalError:              {"InternalErrorException", http.StatusInternalServerError},
	MissingAuthenticationToken: {"MissingAuthenticationTokenException", http.StatusForbidden},
	IncompleteSignature:        {"IncompleteSignatureException", http.StatusBadRequest},
	InvalidSignature:           {"InvalidSignatureException", http.StatusForbidden},
	ExpiredToken:               {"ExpiredTokenException", http.StatusForbidden},
	AccessDenied:               {"AccessDeniedException", http.StatusForbidden},
	RequestEntityTooLarge:      {"RequestEntityTooLargeException", http.StatusRequestEntityTooLarge},
}

// refuse answers with the error.
func (p *Pool) refuse(w http.ResponseWriter, r *http.Request, err error) {
	var e *Error
	if !errors.As(err, &e) {
		e = internal("serve", err)
	}
	if e.Code == InternalError {
		p.logger.ErrorContext(r.Context(), "identitypool: request failed", "error", e.cause)
	}
	a := answers[e.Code]
	body, err := json.Marshal(struct {
		Type    string `json:"__type"`
		Message string `json:"message"`
	}{a.name, e.Message})
	if err != nil { // of two strings: never
		body = nil
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Amzn-ErrorType", a.name)
	w.WriteHeader(a.status)
	_, _ = w.Write(body) // the client is gone otherwise
}
