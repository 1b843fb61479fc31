package hostedui

import (
	"context"
	"encoding/base32"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/stepwell/stepwell/userpool"
)

// pageError is a request that is answered with an error page.
type pageError struct {
	status  int
	heading string
	text    string
	// back is the page of ours, below the prefix, that the link on the error page leads to, or empty. It goes on to where the person was
	// going.
	back string
	// reference finds the failure in the log.
	reference string
}

func (e *pageError) Error() string { return "hostedui: " + e.heading + ": " + e.text }

func notFound() error {
	return &pageError{
		status: http.StatusNotFound, heading: "Page not found",
		text: "There is no page at this address.", back: "/login",
	}
}

func malformed(text string) error {
	return &pageError{status: http.StatusBadRequest, heading: "That did not work", text: text, back: "/login"}
}

// fail answers with an error page. What the person can do something about is said; a failure of the machinery is logged, and the page
// shows nothing but where to find it.
func (x *exchange) fail(err error) {
	if errors.Is(err, context.Canceled) && x.r.Context().Err() != nil {
		return // nobody is there to read it
	}
	page, ok := errors.AsType[*pageError](err)
	if !ok {
		page = x.pageFor(err)
	}
	if err := x.showError(page); err != nil {
		x.ui.log.ErrorContext(x.r.Context(), "hostedui: the error page could not be shown", "error", err)
		http.Error(x.w, "Something went wrong. Please try again.", http.StatusInternalServerError)
	}
}

// pageFor makes an error page of an error of the pool that no field of a form is at fault for.
func (x *exchange) pageFor(err error) *pageError {
	page := &pageError{
		status: http.StatusInternalServerError, heading: "Something went wrong",
		text: "It is not your fault, and nothing that you typed was at fault. Please try again in a moment.", back: x.again(),
	}
	e, known := errors.AsType[*userpool.Error](err)
	if known {
		page.status, page.text = status(e), e.Message
		x.retryAfter(e)
	}
	switch {
	case known && e.Code == userpool.ServiceUnavailable:
		page.heading = "Please try again"
	case known && page.status != http.StatusInternalServerError:
		page.heading = "That did not work"
		return page
	}
	page.reference = x.report(err)
	return page
}

// again is the page that offers to try once more.
func (x *exchange) again() string {
	if rt, ok := x.ui.routes[x.rel]; ok && rt.get != nil && x.rel != "/style.css" {
		return x.rel
	}
	return "/login"
}

// report logs a failure and returns the reference that the person sees.
func (x *exchange) report(err error) string {
	raw := make([]byte, 5)
	reference := "none"
	if _, randErr := io.ReadFull(x.ui.rand, raw); randErr == nil {
		s := base32.StdEncoding.EncodeToString(raw)
		reference = s[:4] + "-" + s[4:]
	}
	x.ui.log.ErrorContext(x.r.Context(), "hostedui: a request failed",
		"reference", reference, "method", x.r.Method, "page", x.rel, "error", err, "cause", errors.Unwrap(err))
	return reference
}

// status is the HTTP status of an error of the pool. Everything that a person typed wrong has one status, whatever it was.
func status(e *userpool.Error) int {
	switch e.Code {
	case userpool.LimitExceeded:
		return http.StatusTooManyRequests
	case userpool.ServiceUnavailable, userpool.CodeDeliveryFailure:
		return http.StatusServiceUnavailable
	case userpool.ResourceNotFound:
		return http.StatusNotFound
	case userpool.InvalidParameter, userpool.InvalidPassword, userpool.NotAuthorized, userpool.CodeMismatch, userpool.ExpiredCode,
		userpool.UserNotConfirmed, userpool.UserHookFailed, userpool.InvalidIdentityProvider, userpool.PasswordResetRequired,
		userpool.PasswordHistoryPolicyViolation, userpool.AliasExists, userpool.MFAMethodNotFound, userpool.EnableSoftwareTokenMFA,
		userpool.SoftwareTokenMFANotFound, userpool.LoginRequired, userpool.InsufficientAuthentication, userpool.UsernameExists,
		userpool.UnsupportedUserState, userpool.UnsupportedOperation:
		return http.StatusUnprocessableEntity
	}
	return http.StatusInternalServerError
}

// retryAfter says in a header what the message says in words.
func (x *exchange) retryAfter(e *userpool.Error) {
	if e.RetryAfter > 0 {
		seconds := int64((e.RetryAfter + time.Second - 1) / time.Second)
		x.w.Header().Set("Retry-After", strconv.FormatInt(seconds, 10))
	}
}
