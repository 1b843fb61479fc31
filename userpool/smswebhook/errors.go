package smswebhook

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"net/url"
	"strings"
	"unicode"

	"github.com/stepwell/stepwell/internal/outbound"
	"github.com/stepwell/stepwell/internal/plaintext"
	"github.com/stepwell/stepwell/userpool"
)

// Error is a message that was not delivered, or, with AnswerLost, may not have been; or a request that Verify does not believe. It is for
// the log: it holds neither secrets nor the code nor the text.
//
//	if errors.Is(err, smswebhook.Refused) { ... }
type Error struct {
	// Code tells what failed.
	Code Code
	// Status is the HTTP status that the webhook answered with, or 0 if it did not answer.
	Status int

	detail string // without secrets
	cause  error  // never what the webhook said
}

// Code is what failed. It is itself an error, so that errors.Is(err, smswebhook.Refused) asks for it.
type Code string

const (
	// InvalidMessage is a message that was refused here, before the webhook was called.
	InvalidMessage Code = "InvalidMessage"
	// ConnectFailed is a webhook that could not be reached, or whose certificate is not valid. Nothing was sent.
	ConnectFailed Code = "ConnectFailed"
	// Refused is a webhook that answered with a status other than 2xx. A redirect is one.
	Refused Code = "Refused"
	// AnswerLost is a webhook that may have got the message and did not say whether it took it over.
	AnswerLost Code = "AnswerLost"
	// InvalidSignature is a request that Verify does not believe.
	InvalidSignature Code = "InvalidSignature"
)

// Error returns the code.
func (c Code) Error() string { return "smswebhook: " + string(c) }

// Error returns the code and what happened.
func (e *Error) Error() string {
	text := "smswebhook: " + string(e.Code)
	if e.Status != 0 {
		text += fmt.Sprintf(": the webhook answered %d", e.Status)
	}
	if e.detail != "" {
		text += ": " + e.detail
	}
	return text
}

// Is reports whether target is the Code of e.
func (e *Error) Is(target error) bool { return target == e.Code }

// Unwrap returns the error of the context, or nil. Others may hold the address or what was sent.
func (e *Error) Unwrap() error { return e.cause }

func invalid(detail string) error { return &Error{Code: InvalidMessage, detail: detail} }

func unverified(detail string) error { return &Error{Code: InvalidSignature, detail: detail} }

// explain makes of a failed request an Error fit for a log. What a Client says names the whole address, of which the host is enough.
func (s *Sender) explain(ctx context.Context, err error, way *progress, m userpool.Message) error {
	out := &Error{Code: AnswerLost}
	if way.unsent() {
		out.Code = ConnectFailed
	}
	if ctx.Err() != nil {
		out.cause, out.detail = ctx.Err(), s.host+": "+ctx.Err().Error()
		return out
	}
	out.detail = s.host + ": " + s.quote(outbound.WithoutURL(err).Error(), m)
	return out
}

// quote returns words from elsewhere, or why they are left out.
func (s *Sender) quote(words string, m userpool.Message) string {
	short := clean(words)
	if short == "" {
		return ""
	}
	known := s.secrets()
	secret := append(partsOf(known.url), known.bearer, m.Code, m.Link)
	if len(known.signing) > 0 {
		secret = append(secret, string(known.signing), base64.StdEncoding.EncodeToString(known.signing))
	}
	said := squeeze(words)
	for _, secret := range secret {
		for _, form := range forms(secret) {
			if form != "" && strings.Contains(said, form) {
				return "(its words are left out: they repeat a secret)"
			}
		}
	}
	// A few words in common are chance; more are a quotation.
	const run = 24
	text := squeeze(m.Text)
	for i := 0; i+run <= len(said); i++ {
		if strings.Contains(text, said[i:i+run]) {
			return "(its words are left out: they repeat the message)"
		}
	}
	return fmt.Sprintf("%q", short)
}

// partsOf returns what may be as good as a password in an address: its path with the query, each value in that, and what is long in the
// path.
func partsOf(address string) []string {
	u, err := url.Parse(address)
	if err != nil {
		return nil
	}
	var out []string
	if len(u.RequestURI()) > 1 {
		out = append(out, u.RequestURI())
	}
	for _, values := range u.Query() {
		out = append(out, values...)
	}
	const long = 12
	for _, part := range strings.Split(u.Path, "/") {
		if len(part) >= long {
			out = append(out, part)
		}
	}
	return out
}

// forms are the ways in which an answer may write a secret.
func forms(secret string) []string {
	quoted, _ := json.Marshal(secret) // a string has a form in JSON
	out := []string{secret, strings.Trim(string(quoted), `"`), html.EscapeString(secret), url.QueryEscape(secret), url.PathEscape(secret)}
	for i := range out {
		out[i] = squeeze(out[i])
	}
	return out
}

// squeeze leaves out all but what is printed.
func squeeze(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, ""))
}

// clean makes one line of at most 200 characters of a text from elsewhere.
func clean(text string) string { return fmt.Sprintf("%.200s", plaintext.Words(text)) }
