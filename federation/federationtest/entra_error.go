package federationtest

import (
	"fmt"
	"net/http"
	"strconv"
)

// EntraError is an error of the directory, which it calls by a number.
type EntraError struct {
	// Code is the number that follows AADSTS.
	Code int
	// OAuth is the error code of OAuth 2.0 that goes with it. Empty means
	// invalid_request.
	OAuth string
	// Message is the text after the number.
	Message string
	// Suberror is the member suberror of the token endpoint's answer, left out
	// when it is empty.
	Suberror string
	// Status is that of the token endpoint's answer. 0 means 401 for
	// invalid_client and 400 otherwise.
	Status int
	// Back sends the error back to the application instead of showing it to the
	// person at the browser.
	Back bool
}

// Error returns the text with its number.
func (e *EntraError) Error() string { return "AADSTS" + strconv.Itoa(e.Code) + ": " + e.Message }

func (e *EntraError) oauth() string {
	if e.OAuth == "" {
		return "invalid_request"
	}
	return e.OAuth
}

// incident is an error that happened, with the identifiers by which it is found
// in the logs of the service.
type incident struct {
	*EntraError
	trace, correlation, timestamp string
}

func (e *Entra) incident(err *EntraError) incident {
	return incident{err, e.guid(), e.guid(), e.now().UTC().Format("2006-01-02 15:04:05Z")}
}

func (i incident) description() string {
	return fmt.Sprintf("%s Trace ID: %s Correlation ID: %s Timestamp: %s", i.Error(), i.trace, i.correlation, i.timestamp)
}

func (e *Entra) errorURI(err *EntraError) string {
	return e.loginURL + "/error?code=" + strconv.Itoa(err.Code)
}

// body is the error as the token endpoint writes it.
func (e *Entra) errorBody(err *EntraError) map[string]any {
	i := e.incident(err)
	body := map[string]any{
		"error": err.oauth(), "error_description": i.description(), "error_codes": []int{err.Code}, "timestamp": i.timestamp,
		"trace_id": i.trace, "correlation_id": i.correlation, "error_uri": e.errorURI(err),
	}
	if err.Suberror != "" {
		body["suberror"] = err.Suberror
	}
	return body
}

func (e *EntraError) status() int {
	switch {
	case e.Status != 0:
		return e.Status
	case e.OAuth == "invalid_client":
		return http.StatusUnauthorized
	}
	return http.StatusBadRequest
}

// tokenRefusal answers a request of an application with an error.
func (e *Entra) tokenRefusal(w http.ResponseWriter, err *EntraError) {
	e.writeToken(w, err.status(), e.errorBody(err))
}

// errorPage shows an error to the person at the browser, as it cannot be sent to
// the application.
func (e *Entra) errorPage(w http.ResponseWriter, err *EntraError) {
	i := e.incident(err)
	writePage(w, http.StatusBadRequest, e.prefix, page{
		Brand:   entraBrand,
		Title:   "Sign in to your account",
		Heading: "Sorry, but we’re having trouble signing you in",
		Problem: err.Error(),
		Details: []field{{"Request Id", i.trace}, {"Correlation Id", i.correlation}, {"Timestamp", i.timestamp}},
	})
}

const entraBrand = "Test directory"

func missing(parameter string) *EntraError {
	return &EntraError{Code: 900144, Message: "The request body must contain the following parameter: '" + parameter + "'.", Back: true}
}
