package awsquery

import (
	"fmt"
	"net/http"
)

// Fault is an error as a client sees it.
type Fault struct {
	Status  int    // of HTTP: 500 and above is the receiver's fault, anything else the sender's
	Code    string // such as "ValidationError"
	Message string // for the client: no secret, no cause
	Cause   error  // for the log, or nil
}

// Faultf returns a fault with a formatted message.
func Faultf(status int, code, format string, arguments ...any) *Fault {
	return &Fault{Status: status, Code: code, Message: fmt.Sprintf(format, arguments...)}
}

// Error returns the code and the message.
func (f *Fault) Error() string { return f.Code + ": " + f.Message }

// Unwrap returns the cause.
func (f *Fault) Unwrap() error { return f.Cause }

// sender tells whose fault it is.
func (f *Fault) sender() string {
	if f.Status >= http.StatusInternalServerError {
		return "Receiver"
	}
	return "Sender"
}

// internalFailure is the answer to what went wrong inside.
func internalFailure(cause error) *Fault {
	return &Fault{
		Status: http.StatusInternalServerError, Code: "InternalFailure",
		Message: "The request could not be processed. Please try again.", Cause: cause,
	}
}
