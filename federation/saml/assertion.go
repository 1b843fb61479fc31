package saml

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stepwell/stepwell/internal/samlxml"
)

// statement is what an assertion that was accepted says.
type statement struct {
	name         *nameID // nil if it has none
	attributes   map[string][]string
	sessionIndex string
	authnInstant time.Time
	classRef     string
	sessionEnd   time.Time // zero if it has none
	notOnOrAfter time.Time // the first moment at which it is no longer valid
}

const (
	methodBearer     = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
	maxConfirmations = 16
	maxAudiences     = 64 // of one AudienceRestriction
	maxConditions    = 64
)

// assertionParts are the elements of an assertion. Its signature has gone when it
// was verified.
var assertionParts = []string{"Issuer", "Subject", "Conditions", "AuthnStatement", "AttributeStatement", "Advice"}

// assertion judges an assertion (SAML core section 2, profiles section
// 4.1.4.3). e is from bytes that the identity provider signed.
func (j *judgment) assertion(e *samlxml.Element) (*statement, error) {
	if err := j.header(e, InvalidAssertion, "the assertion"); err != nil {
		return nil, err
	}
	parts := map[string][]*samlxml.Element{}
	for _, child := range e.Children() {
		space, local := child.Name()
		if space != samlxml.NSAssertion || !slices.Contains(assertionParts, local) {
			return nil, unexpected(child, "assertion")
		}
		parts[local] = append(parts[local], child)
	}
	for _, name := range []string{"Issuer", "Subject", "Conditions", "AuthnStatement"} {
		if n := len(parts[name]); n != 1 {
			return nil, fail(InvalidAssertion, "the assertion has %d elements %s, expected one", n, name).at(name)
		}
	}
	if err := j.issuer(parts["Issuer"][0], InvalidAssertion, "the assertion's Issuer"); err != nil {
		return nil, err
	}
	issued, _ := e.Attr("IssueInstant")
	issuedAt, err := parseTime(issued)
	if err != nil {
		return nil, failCause(InvalidAssertion, "the assertion's IssueInstant", err)
	}
	s := &statement{notOnOrAfter: issuedAt.Add(j.maxAge())}
	if err := j.conditions(s, parts["Conditions"][0]); err != nil {
		return nil, err
	}
	if err := j.subject(s, parts["Subject"][0]); err != nil {
		return nil, err
	}
	if err := j.authnStatement(s, parts["AuthnStatement"][0]); err != nil {
		return nil, err
	}
	if err := s.readAttributes(parts["AttributeStatement"]); err != nil {
		return nil, err
	}
	return s, nil
}

// conditions judges when and for whom the assertion is valid (SAML core section
// 2.5).
func (j *judgment) conditions(s *statement, e *samlxml.Element) error {
	if err := j.period(s, e, "the assertion's Conditions"); err != nil {
		return err
	}
	restrictions, once, proxies := 0, 0, 0
	children := e.Children()
	if len(children) > maxConditions {
		return fail(InvalidAssertion, "the assertion has more than %d conditions", maxConditions).at("Conditions")
	}
	for _, child := range children {
		space, local := child.Name()
		if space != samlxml.NSAssertion {
			local = ""
		}
		switch local {
		case "AudienceRestriction":
			restrictions++
			if err := j.audience(child); err != nil {
				return err
			}
		case "OneTimeUse": // as all assertions are used here
			once++
		case "ProxyRestriction": // nothing here issues assertions on the strength of others
			proxies++
			if count, ok := child.Attr("Count"); ok {
				if _, err := strconv.ParseUint(strings.TrimSpace(count), 10, 32); err != nil {
					return fail(InvalidAssertion, "the assertion's ProxyRestriction has a Count that is no number").at("Conditions")
				}
			}
		default:
			_, local := child.Name()
			return fail(InvalidAssertion, "the assertion has the condition %q, which is not known here, so it cannot be met", plain(local, maxShown)).
				at("Conditions")
		}
	}
	if once > 1 || proxies > 1 {
		return fail(InvalidAssertion, "the assertion has OneTimeUse or ProxyRestriction more than once").at("Conditions")
	}
	if restrictions == 0 {
		return fail(InvalidAssertion, "the assertion has no AudienceRestriction, so it does not say that it is for us; expected the audience %q",
			j.p.sp.config.EntityID).at("Audience")
	}
	return nil
}

// period checks NotBefore and NotOnOrAfter, where they are.
func (j *judgment) period(s *statement, e *samlxml.Element, what string) error {
	notBefore, err := optionalTime(e, "NotBefore", InvalidAssertion, what)
	if err != nil {
		return err
	}
	if notBefore.After(j.now.Add(j.skew())) {
		return j.timeError(InvalidAssertion, "NotBefore", what+" NotBefore", "is in the future", notBefore)
	}
	return j.end(s, e, what)
}

// end checks NotOnOrAfter, where it is.
func (j *judgment) end(s *statement, e *samlxml.Element, what string) error {
	end, err := optionalTime(e, "NotOnOrAfter", InvalidAssertion, what)
	if err != nil || end.IsZero() {
		return err
	}
	if !j.now.Before(end.Add(j.skew())) {
		return j.timeError(InvalidAssertion, "NotOnOrAfter", what+" NotOnOrAfter", "is past", end)
	}
	if end.Before(s.notOnOrAfter) {
		s.notOnOrAfter = end
	}
	return nil
}

// audience requires that we are among the audiences of e.
func (j *judgment) audience(e *samlxml.Element) error {
	ours := j.p.sp.config.EntityID
	audiences := e.Children()
	if len(audiences) > maxAudiences {
		return fail(InvalidAssertion, "the assertion has more than %d audiences", maxAudiences).at("Audience")
	}
	found, first := false, ""
	for i, child := range audiences {
		if !child.Is(samlxml.NSAssertion, "Audience") {
			return unexpected(child, "AudienceRestriction")
		}
		text, err := child.Text()
		if err != nil {
			return failCause(InvalidAssertion, "the assertion's Audience", err)
		}
		if i == 0 {
			first = text
		}
		found = found || text == ours
	}
	if !found {
		return differs(InvalidAssertion, "Audience", "the assertion's Audience", ours, first,
			"set the Identifier (Entity ID, Audience) at the identity provider, or Config.EntityID")
	}
	return nil
}

// subject judges whom the assertion is about and who may present it.
func (j *judgment) subject(s *statement, e *samlxml.Element) error {
	var confirmations []*samlxml.Element
	for _, child := range e.Children() {
		switch {
		case child.Is(samlxml.NSAssertion, "SubjectConfirmation"):
			confirmations = append(confirmations, child)
		case child.Is(samlxml.NSAssertion, "NameID") && s.name == nil:
			name, err := readNameID(child)
			if err != nil {
				return fail(InvalidAssertion, "the assertion's NameID %v", err).at("NameID")
			}
			s.name = name
		case child.Is(samlxml.NSAssertion, "EncryptedID"):
			return fail(InvalidAssertion, "the assertion has an EncryptedID; have the identity provider encrypt the whole assertion instead").at("NameID")
		default:
			return unexpected(child, "Subject")
		}
	}
	if len(confirmations) > maxConfirmations {
		return fail(InvalidAssertion, "the assertion has more than %d SubjectConfirmations", maxConfirmations).at("SubjectConfirmation")
	}
	refused := error(fail(InvalidAssertion, "the assertion has no SubjectConfirmation with the method bearer").at("SubjectConfirmation"))
	for _, confirmation := range confirmations {
		if method, _ := confirmation.Attr("Method"); method != methodBearer {
			continue
		}
		if refused = j.bearer(s, confirmation); refused == nil {
			return nil
		}
	}
	return refused
}

// bearer judges a SubjectConfirmation (SAML profiles section 4.1.4.2): the
// assertion is for this URL, for now, and the answer to our request.
func (j *judgment) bearer(s *statement, e *samlxml.Element) error {
	const what = "the assertion's SubjectConfirmationData"
	children := e.Children()
	if len(children) != 1 || !children[0].Is(samlxml.NSAssertion, "SubjectConfirmationData") {
		return fail(InvalidAssertion, "the assertion's SubjectConfirmation must have SubjectConfirmationData and nothing else").at("SubjectConfirmation")
	}
	data := children[0]
	recipient, _ := data.Attr("Recipient")
	if recipient != j.p.sp.config.ACSURL {
		return differs(InvalidAssertion, "Recipient", what+" Recipient", j.p.sp.config.ACSURL, recipient,
			"set the Reply URL (ACS URL) at the identity provider, or Config.ACSURL")
	}
	if _, ok := data.Attr("NotBefore"); ok {
		return fail(InvalidAssertion, "%s has a NotBefore, which a bearer assertion must not have", what).at("SubjectConfirmation")
	}
	if _, ok := data.Attr("NotOnOrAfter"); !ok {
		return fail(InvalidAssertion, "%s has no NotOnOrAfter", what).at("NotOnOrAfter")
	}
	if err := j.inResponseTo(data, what, InvalidAssertion); err != nil {
		return err
	}
	return j.end(s, data, what)
}

// authnStatement judges how and when the person proved who they are.
func (j *judgment) authnStatement(s *statement, e *samlxml.Element) error {
	const what = "the assertion's AuthnStatement"
	var err error
	if s.authnInstant, err = requiredTime(e, "AuthnInstant", InvalidAssertion, what); err != nil {
		return err
	}
	if s.authnInstant.After(j.now.Add(j.skew())) {
		return j.timeError(InvalidAssertion, "AuthnInstant", what+" AuthnInstant", "is in the future", s.authnInstant)
	}
	if j.forceAuthn && s.authnInstant.Before(j.began.Add(-j.skew())) {
		return j.timeError(InvalidAssertion, "AuthnInstant", what+" AuthnInstant",
			"is before this sign-in, for which the person had to prove again who they are (ForceAuthn)", s.authnInstant)
	}
	if s.sessionEnd, err = optionalTime(e, "SessionNotOnOrAfter", InvalidAssertion, what); err != nil {
		return err
	}
	if !s.sessionEnd.IsZero() && !j.now.Before(s.sessionEnd.Add(j.skew())) {
		return j.timeError(InvalidAssertion, "SessionNotOnOrAfter", what+" SessionNotOnOrAfter", "is past", s.sessionEnd)
	}
	if s.sessionIndex, _ = e.Attr("SessionIndex"); len(s.sessionIndex) > maxNameID {
		return fail(InvalidAssertion, "%s has a SessionIndex longer than %d bytes", what, maxNameID)
	}
	context, err := one(e, samlxml.NSAssertion, "AuthnContext")
	if err != nil {
		return err
	}
	class, err := one(context, samlxml.NSAssertion, "AuthnContextClassRef")
	if err != nil {
		return err
	}
	if s.classRef, err = class.Text(); err != nil || len(s.classRef) > maxNameID {
		return fail(InvalidAssertion, "%s has an AuthnContextClassRef that cannot be read", what).at("AuthnContext")
	}
	s.classRef = strings.TrimSpace(s.classRef)
	if j.authnContext != "" && s.classRef != j.authnContext {
		return differs(InvalidAssertion, "AuthnContext", what+" AuthnContextClassRef", j.authnContext, s.classRef,
			"the person signed in by other means than RequestOptions.AuthnContext asks for")
	}
	return nil
}
