package saml

import (
	"slices"
	"strings"
	"time"

	"github.com/stepwell/stepwell/federation/internal/signin"
	"github.com/stepwell/stepwell/internal/samlxml"
)

const (
	statusPrefix        = "urn:oasis:names:tc:SAML:2.0:status:"
	statusSuccess       = statusPrefix + "Success"
	statusResponder     = statusPrefix + "Responder"
	statusPartialLogout = statusPrefix + "PartialLogout"
)

// judgment is what one message is judged by.
type judgment struct {
	p   *Provider
	m   *idpMetadata
	now time.Time

	// requestID is the request that the response must answer. It is empty where
	// nobody asked: then a response must not answer any, unless anyRequest is
	// set.
	requestID  string
	anyRequest bool

	forceAuthn   bool
	began        time.Time // of the sign-in, with forceAuthn
	authnContext string    // the class that was asked for, or ""
}

// response checks the Response around the assertion (SAML core section 3.2.2,
// profiles section 4.1.4.3).
func (j *judgment) response(o *opened) error {
	e := o.response
	if err := j.header(e, InvalidResponse, "the response"); err != nil {
		return err
	}
	issuer, err := one(e, samlxml.NSAssertion, "Issuer")
	if err != nil {
		return err
	}
	if issuer != nil {
		if err := j.issuer(issuer, InvalidResponse, "the response's Issuer"); err != nil {
			return err
		}
	}
	if destination, ok := e.Attr("Destination"); ok || o.signed {
		if destination != j.p.sp.config.ACSURL {
			return differs(InvalidResponse, "Destination", "the response's Destination", j.p.sp.config.ACSURL, destination,
				"set the Reply URL (ACS URL) at the identity provider, or Config.ACSURL")
		}
	}
	if err := j.inResponseTo(e, "the response", InvalidResponse); err != nil {
		return err
	}
	if err := j.p.checkStatus(e); err != nil {
		return err
	}
	for _, child := range e.Children() {
		if !child.Is(samlxml.NSAssertion, "Issuer") && !child.Is(samlxml.NSProtocol, "Extensions") && !child.Is(samlxml.NSProtocol, "Status") &&
			!child.Is(samlxml.NSAssertion, "Assertion") && !child.Is(samlxml.NSAssertion, "EncryptedAssertion") {
			return unexpected(child, "Response")
		}
	}
	if o.assertion == nil {
		return fail(InvalidResponse, "the response has no assertion")
	}
	return nil
}

// header checks what every message and assertion begins with.
func (j *judgment) header(e *samlxml.Element, code Code, what string) error {
	if version, _ := e.Attr("Version"); version != "2.0" {
		return differs(code, "Version", what+"'s Version", "2.0", version, "have the identity provider use SAML 2.0")
	}
	if id, _ := e.Attr("ID"); id == "" || len(id) > maxNameID {
		return fail(code, "%s has no ID, or one longer than %d bytes", what, maxNameID).at("ID")
	}
	issued, err := requiredTime(e, "IssueInstant", code, what)
	if err != nil {
		return err
	}
	if issued.After(j.now.Add(j.skew())) {
		return j.timeError(code, "IssueInstant", what+"'s IssueInstant", "is in the future", issued)
	}
	if !j.now.Before(issued.Add(j.maxAge() + j.skew())) {
		return j.timeError(code, "IssueInstant", what+"'s IssueInstant", "is longer ago than "+j.maxAge().String()+" (MaxAge)", issued)
	}
	return nil
}

func (j *judgment) skew() time.Duration   { return j.p.sp.config.ClockSkew }
func (j *judgment) maxAge() time.Duration { return j.p.sp.config.MaxAge }

// issuer requires the identity provider's entity ID, letter for letter.
func (j *judgment) issuer(e *samlxml.Element, code Code, what string, others ...string) error {
	text, err := e.Text()
	if err != nil {
		return failCause(code, what, err)
	}
	if format, ok := e.Attr("Format"); ok && format != formatEntity {
		return differs(code, "Issuer", what+" Format", formatEntity, format, "an issuer is named by its entity ID")
	}
	if text != j.m.entityID && !slices.Contains(others, text) {
		return differs(code, "Issuer", what, j.m.entityID, text,
			"either the message is from another identity provider, or its metadata here is not the present one")
	}
	return nil
}

// inResponseTo ties e to the request.
func (j *judgment) inResponseTo(e *samlxml.Element, what string, code Code) error {
	id, present := e.Attr("InResponseTo")
	switch {
	case j.anyRequest:
		return nil
	case j.requestID == "" && present:
		return fail(code, "%s answers a request (InResponseTo), but is presented as one that nobody asked for", what).at("InResponseTo")
	case j.requestID == "":
		return nil
	case !present:
		return fail(code, "%s has no InResponseTo: it was not asked for by this sign-in; sign-ins that start at the identity provider "+
			"need AllowIdPInitiated and FinishUnsolicited", what).at("InResponseTo")
	case !signin.Equal(id, j.requestID):
		return fail(code, "%s answers another request than that of this sign-in (InResponseTo)", what).at("InResponseTo")
	}
	return nil
}

// checkStatus returns an error with what the identity provider says, unless it
// says Success.
func (p *Provider) checkStatus(e *samlxml.Element) error {
	top, second, text, err := readStatus(e)
	if err != nil {
		return err
	}
	if top == statusSuccess {
		return nil
	}
	code, message := ProviderError, "the identity provider did not sign the person in"
	switch second {
	case statusPrefix + "AuthnFailed", statusPrefix + "RequestDenied":
		code, message = AccessDenied, "the identity provider did not let the person in"
	case statusPrefix + "NoPassive":
		code, message = InteractionRequired, "the identity provider would have to show a page to sign the person in"
	}
	return fail(code, "%s", message).withStatus(top, second, text)
}

// readStatus returns the two levels of status code and the message.
func readStatus(e *samlxml.Element) (top, second, text string, err error) {
	status, err := one(e, samlxml.NSProtocol, "Status")
	if err != nil {
		return "", "", "", err
	}
	code, err := one(status, samlxml.NSProtocol, "StatusCode")
	if err != nil {
		return "", "", "", err
	}
	if top, _ = code.Attr("Value"); top == "" {
		return "", "", "", fail(InvalidResponse, "the response has no status").at("Status")
	}
	inner, err := one(code, samlxml.NSProtocol, "StatusCode")
	if err != nil {
		return "", "", "", err
	}
	second, _ = inner.Attr("Value")
	message, err := one(status, samlxml.NSProtocol, "StatusMessage")
	if err != nil {
		return "", "", "", err
	}
	if text, err = message.Text(); err != nil {
		text = ""
	}
	return top, second, text, nil
}

// withStatus adds the identity provider's own words.
func (e *Error) withStatus(top, second, text string) *Error {
	e.Check = "Status"
	e.ProviderCode = shortStatus(top)
	if second != "" {
		e.ProviderCode += "/" + shortStatus(second)
	}
	e.ProviderDescription = plain(text, maxDescription)
	return e
}

// shortStatus returns the last word of a standard status.
func shortStatus(uri string) string {
	short, ok := strings.CutPrefix(uri, statusPrefix)
	if !ok || short == "" || len(short) > 64 || strings.Trim(short, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		return "unrecognized"
	}
	return short
}

// requiredTime reads an attribute that must be there.
func requiredTime(e *samlxml.Element, name string, code Code, what string) (time.Time, error) {
	t, err := optionalTime(e, name, code, what)
	if err == nil && t.IsZero() {
		return t, fail(code, "%s has no %s", what, name).at(name)
	}
	return t, err
}

// optionalTime returns the zero time if the attribute is not there.
func optionalTime(e *samlxml.Element, name string, code Code, what string) (time.Time, error) {
	text, ok := e.Attr(name)
	if !ok {
		return time.Time{}, nil
	}
	t, err := parseTime(text)
	if err != nil || t.IsZero() {
		return time.Time{}, fail(code, "%s has the %s %q, which is not a time", what, name, plain(text, maxShown)).at(name)
	}
	return t, nil
}

// timeError says both clocks, so that the wrong one can be found.
func (j *judgment) timeError(code Code, check, what, problem string, t time.Time) error {
	now := formatTime(j.now)
	return &Error{
		Code: code, Check: check, Expected: now, Got: formatTime(t),
		Message: what + " " + problem + ": it is " + formatTime(t) + ", and the clock here says " + now +
			" (" + j.skew().String() + " are allowed for); if the message is fresh, set the clocks right on both sides",
	}
}

// unexpected is for an element which SAML does not have there.
func unexpected(e *samlxml.Element, parent string) error {
	_, local := e.Name()
	return fail(InvalidAssertion, "the %s has an element %q, which does not belong there or is not supported", parent, plain(local, maxShown))
}
