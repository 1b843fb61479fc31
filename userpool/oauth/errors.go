package oauth

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"

	"github.com/stepwell/stepwell/userpool"
)

// Error codes of RFC 6749, RFC 6750, RFC 7009, RFC 9470, OpenID Connect Core, and its error code unmet_authentication_requirements 1.0.
const (
	errInvalidRequest          = "invalid_request"
	errInvalidClient           = "invalid_client"
	errInvalidGrant            = "invalid_grant"
	errUnauthorizedClient      = "unauthorized_client"
	errUnsupportedGrantType    = "unsupported_grant_type"
	errUnsupportedResponseType = "unsupported_response_type"
	errUnsupportedTokenType    = "unsupported_token_type"
	errInvalidScope            = "invalid_scope"
	errInvalidToken            = "invalid_token"
	errInsufficientScope       = "insufficient_scope"
	errAccessDenied            = "access_denied"
	errServerError             = "server_error"
	errTemporarilyUnavailable  = "temporarily_unavailable"
	errLoginRequired           = "login_required"
	errConsentRequired         = "consent_required"
	errUnmetRequirements       = "unmet_authentication_requirements"
	errInsufficientUserAuth    = "insufficient_user_authentication"
	errRequestNotSupported     = "request_not_supported"
	errRequestURINotSupported  = "request_uri_not_supported"
)

// wireError is an error as a program gets it: the JSON of RFC 6749 section 5.2, or the parameters of section 4.1.2.1.
type wireError struct {
	Status      int    `json:"-"`
	Code        string `json:"error"`
	Description string `json:"error_description,omitempty"`
	// RetryAfter is in seconds; 0 for none.
	RetryAfter int `json:"-"`
}

func invalidRequest(description string) *wireError {
	return &wireError{Status: http.StatusBadRequest, Code: errInvalidRequest, Description: description}
}

func invalidClient(description string) *wireError {
	return &wireError{Status: http.StatusUnauthorized, Code: errInvalidClient, Description: description}
}

// codes is the one table from the errors of the pool to those of the token and revocation endpoints.
var codes = map[userpool.Code]wireError{
	userpool.InvalidClient:                  {Status: http.StatusUnauthorized, Code: errInvalidClient},
	userpool.InvalidGrant:                   {Status: http.StatusBadRequest, Code: errInvalidGrant},
	userpool.InvalidScope:                   {Status: http.StatusBadRequest, Code: errInvalidScope},
	userpool.LoginRequired:                  {Status: http.StatusBadRequest, Code: errLoginRequired},
	userpool.InsufficientAuthentication:     {Status: http.StatusUnauthorized, Code: errInsufficientUserAuth},
	userpool.UnauthorizedClient:             {Status: http.StatusBadRequest, Code: errUnauthorizedClient},
	userpool.UnsupportedTokenType:           {Status: http.StatusBadRequest, Code: errUnsupportedTokenType},
	userpool.InsufficientScope:              {Status: http.StatusForbidden, Code: errInsufficientScope},
	userpool.NotAuthorized:                  {Status: http.StatusBadRequest, Code: errInvalidGrant},
	userpool.Unauthorized:                   {Status: http.StatusBadRequest, Code: errInvalidGrant},
	userpool.RefreshTokenReuse:              {Status: http.StatusBadRequest, Code: errInvalidGrant},
	userpool.ExpiredCode:                    {Status: http.StatusBadRequest, Code: errInvalidGrant},
	userpool.CodeMismatch:                   {Status: http.StatusBadRequest, Code: errInvalidGrant},
	userpool.UserNotFound:                   {Status: http.StatusBadRequest, Code: errInvalidGrant},
	userpool.UserNotConfirmed:               {Status: http.StatusBadRequest, Code: errInvalidGrant},
	userpool.UserHookFailed:                 {Status: http.StatusBadRequest, Code: errInvalidGrant},
	userpool.InvalidParameter:               {Status: http.StatusBadRequest, Code: errInvalidRequest},
	userpool.InvalidPassword:                {Status: http.StatusBadRequest, Code: errInvalidRequest},
	userpool.ResourceNotFound:               {Status: http.StatusBadRequest, Code: errInvalidRequest},
	userpool.GroupExists:                    {Status: http.StatusBadRequest, Code: errInvalidRequest},
	userpool.InvalidIdentityProvider:        {Status: http.StatusBadRequest, Code: errInvalidRequest},
	userpool.UsernameExists:                 {Status: http.StatusBadRequest, Code: errInvalidRequest},
	userpool.AliasExists:                    {Status: http.StatusBadRequest, Code: errInvalidRequest},
	userpool.PasswordHistoryPolicyViolation: {Status: http.StatusBadRequest, Code: errInvalidRequest},
	userpool.UnsupportedUserState:           {Status: http.StatusBadRequest, Code: errInvalidRequest},
	userpool.UnsupportedOperation:           {Status: http.StatusBadRequest, Code: errInvalidRequest},
	userpool.EnableSoftwareTokenMFA:         {Status: http.StatusBadRequest, Code: errInvalidRequest},
	userpool.SoftwareTokenMFANotFound:       {Status: http.StatusBadRequest, Code: errInvalidRequest},
	userpool.MFAMethodNotFound:              {Status: http.StatusBadRequest, Code: errInvalidRequest},
	userpool.WebAuthnNotEnabled:             {Status: http.StatusBadRequest, Code: errInvalidRequest},
	userpool.WebAuthnChallengeNotFound:      {Status: http.StatusBadRequest, Code: errInvalidRequest},
	userpool.PasswordResetRequired:          {Status: http.StatusBadRequest, Code: errInvalidGrant},
	userpool.DuplicateUserPool:              {Status: http.StatusBadRequest, Code: errInvalidRequest},
	userpool.DeviceKeyExists:                {Status: http.StatusBadRequest, Code: errInvalidRequest},
	userpool.PreconditionNotMet:             {Status: http.StatusBadRequest, Code: errInvalidRequest},
	userpool.LimitExceeded:                  {Status: http.StatusTooManyRequests, Code: errTemporarilyUnavailable},
	userpool.ServiceUnavailable:             {Status: http.StatusServiceUnavailable, Code: errTemporarilyUnavailable},
	userpool.CodeDeliveryFailure:            {Status: http.StatusInternalServerError, Code: errServerError},
}

// translate makes a wire error of an error of the pool. What is not in the table, and what went wrong inside, is logged and not told.
func (h *Handler) translate(ctx context.Context, err error) *wireError {
	var perr *userpool.Error
	if errors.As(err, &perr) {
		if e, ok := codes[perr.Code]; ok && e.Status != http.StatusInternalServerError {
			e.Description = plainText(perr.Message)
			e.RetryAfter = int(math.Ceil(perr.RetryAfter.Seconds()))
			if e.Status == http.StatusServiceUnavailable {
				h.logFailure(ctx, "oauth: the pool is not available", err)
			}
			return &e
		}
	}
	h.logFailure(ctx, "oauth: request failed", err)
	return &wireError{Status: http.StatusInternalServerError, Code: errServerError}
}

// logFailure logs an error with what caused it, which the text of an error of the pool leaves out.
func (h *Handler) logFailure(ctx context.Context, message string, err error) {
	h.logger.ErrorContext(ctx, message, "error", err, "cause", errors.Unwrap(err))
}

// translateRedirect makes one of the errors that RFC 6749 section 4.1.2.1 knows of an error of the pool.
func (h *Handler) translateRedirect(ctx context.Context, err error) *wireError {
	e := h.translate(ctx, err)
	switch e.Code {
	case errInvalidRequest, errInvalidScope, errUnauthorizedClient, errTemporarilyUnavailable, errServerError:
	case errInvalidClient:
		e.Code = errUnauthorizedClient
	default:
		e.Code = errAccessDenied
	}
	return e
}

// plainText keeps of a text what an error_description may hold (RFC 6749 section 5.2), and no more than 300 bytes.
func plainText(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '"':
			return '\''
		case r < 0x20 || r > 0x7e || r == '\\':
			return '?'
		}
		return r
	}, s)
	return s[:min(len(s), 300)]
}

// writeError sends an error of RFC 6749 section 5.2.
func writeError(w http.ResponseWriter, e *wireError) {
	if e.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(e.RetryAfter))
	}
	out := *e
	out.Description = plainText(e.Description)
	writeJSON(w, e.Status, out)
}

// writeJSON sends a value that is not to be kept by any cache.
func writeJSON(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		// The panic is contained and logged by ServeHTTP; all values come from this package and from verified JSON.
		panic(err)
	}
	header := w.Header()
	header.Set("Content-Type", "application/json")
	header.Set("Pragma", "no-cache")
	header.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body)
}
