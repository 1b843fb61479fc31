package saml_test

import (
	"context"
	"crypto"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/federation/saml"
	"github.com/stepwell/stepwell/internal/samlxml"
)

// session signs alice in and returns what is needed to sign her out.
func (p *party) session(a answer) (subject, sessionID string, session []byte) {
	p.t.Helper()
	id, pending := p.begin()
	a.inResponseTo = id
	subject, _, sessionID, session, err := p.provider.FinishSession(post(acsURL, "SAMLResponse", p.respond(a), state), pending)
	require.NoError(p.t, err)
	return subject, sessionID, session
}

// logoutResponse is the identity provider's answer to a request of ours.
func (p *party) logoutResponse(requestID, status string) string {
	return `<samlp:LogoutResponse xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="_lr" Version="2.0" IssueInstant="` + p.time(0) +
		`" Destination="` + sloURL + `" InResponseTo="` + requestID + `">` +
		`<Issuer xmlns="urn:oasis:names:tc:SAML:2.0:assertion">` + idpID + `</Issuer><samlp:Status>` + status + `</samlp:Status></samlp:LogoutResponse>`
}

const (
	statusPrefix = "urn:oasis:names:tc:SAML:2.0:status:"
	success      = `<samlp:StatusCode Value="` + statusPrefix + `Success"/>`
)

// logoutRequest is the identity provider's own request.
func (p *party) logoutRequest() string {
	return `<samlp:LogoutRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ` +
		`ID="_out" Version="2.0" IssueInstant="` + p.time(0) + `" Destination="` + sloURL + `" NotOnOrAfter="` + p.time(5*time.Minute) + `">` +
		`<saml:Issuer>` + idpID + `</saml:Issuer><saml:NameID Format="` + persistent + `">alice-1</saml:NameID>` +
		`<samlp:SessionIndex>session-1</samlp:SessionIndex></samlp:LogoutRequest>`
}

func TestLogout_OurRequest(t *testing.T) {
	p := newParty(t, nil)
	qualified := swap(t, `Format="`+persistent+`"`, `Format="`+persistent+`" NameQualifier="`+idpID+`" SPNameQualifier="`+spID+`" SPProvidedID="p&amp;"`)
	subject, sessionID, session := p.session(answer{assertion: qualified})
	require.Equal(t, "alice-1", subject)
	require.Equal(t, "session-1", sessionID)

	next, pending, err := p.provider.BeginLogout(t.Context(), session, sloURL, state)
	require.NoError(t, err)
	m := sent(t, next)
	require.Equal(t, "SAMLRequest", m.name)
	require.True(t, strings.HasPrefix(m.location.String(), outURL+"?"))
	q, err := samlxml.VerifyQuery(m.location.RawQuery, []crypto.PublicKey{spPair().key.Public()}, samlxml.VerifyOptions{})
	require.NoError(t, err)
	require.Equal(t, state, q.RelayState)
	// The name is the one that was issued, with everything.
	require.Contains(t, m.xml, `<saml:NameID NameQualifier="`+idpID+`" SPNameQualifier="`+spID+`" Format="`+persistent+`" SPProvidedID="p&amp;">alice-1</saml:NameID>`)
	require.Contains(t, m.xml, ">session-1</samlp:SessionIndex>")
	require.Contains(t, m.xml, `NotOnOrAfter="2026-03-01T12:05:00Z"`)
	require.Contains(t, m.xml, `Destination="`+outURL+`"`)
	id := requestID.FindStringSubmatch(m.xml)[1]

	// By redirect and by POST; twice, for nothing is kept.
	require.NoError(t, p.provider.FinishLogout(get(sloURL, signedQuery(t, "SAMLResponse", p.logoutResponse(id, success), state, p.signer)), pending))
	signed := sign(t, p.logoutResponse(id, success), p.signer)
	require.NoError(t, p.provider.FinishLogout(post(sloURL, "SAMLResponse", signed, state), pending))
	// Entra ID leaves the Destination out.
	short := cut(t, ` Destination="[^"]*"`)(p.logoutResponse(id, success))
	require.NoError(t, p.provider.FinishLogout(get(sloURL, signedQuery(t, "SAMLResponse", short, state, p.signer)), pending))

	for status, want := range map[string]saml.Code{
		`<samlp:StatusCode Value="` + statusPrefix + `Success"><samlp:StatusCode Value="` + statusPrefix + `PartialLogout"/></samlp:StatusCode>`:   saml.PartialLogout,
		`<samlp:StatusCode Value="` + statusPrefix + `Responder"><samlp:StatusCode Value="` + statusPrefix + `PartialLogout"/></samlp:StatusCode>`: saml.PartialLogout,
		`<samlp:StatusCode Value="` + statusPrefix + `Requester"/><samlp:StatusMessage>AADSTS75005</samlp:StatusMessage>`:                          saml.ProviderError,
	} {
		err := p.provider.FinishLogout(get(sloURL, signedQuery(t, "SAMLResponse", p.logoutResponse(id, status), state, p.signer)), pending)
		refused(t, err, want, "the identity provider says")
	}
	require.Contains(t, p.provider.FinishLogout(get(sloURL, signedQuery(t, "SAMLResponse",
		p.logoutResponse(id, `<samlp:StatusCode Value="`+statusPrefix+`Requester"/><samlp:StatusMessage>AADSTS75005</samlp:StatusMessage>`), state, p.signer)),
		pending).Error(), `"Requester", "AADSTS75005"`)
}

// S19: a logout without a message is an error like others.
func TestS19_EmptyLogout(t *testing.T) {
	p := newParty(t, nil)
	_, _, session := p.session(answer{})
	_, pending, err := p.provider.BeginLogout(t.Context(), session, "", state)
	require.NoError(t, err)
	for _, r := range []func() *http.Request{
		func() *http.Request { return get(sloURL, "") },
		func() *http.Request { return get(sloURL, "SAMLResponse=&RelayState="+state) },
		func() *http.Request { return get(sloURL, "SAMLRequest=") },
		func() *http.Request { return get(sloURL, signedQuery(t, "SAMLResponse", "", state, p.signer)) },
		func() *http.Request { return get(sloURL, signedQuery(t, "SAMLRequest", "<a/>", "", p.signer)) },
		func() *http.Request { return post(sloURL, "SAMLResponse", "", state) },
		func() *http.Request { return post(sloURL, "SAMLRequest", "", state) },
		func() *http.Request { return post(sloURL, "Other", "x", state) },
		func() *http.Request { return httptest.NewRequest(http.MethodPost, sloURL, nil) },
		func() *http.Request { return httptest.NewRequest(http.MethodPut, sloURL, nil) },
		func() *http.Request { return nil },
		func() *http.Request { return new(http.Request) },
	} {
		err := p.provider.FinishLogout(r(), pending)
		require.Error(t, err)
		require.NotErrorIs(t, err, saml.InternalError)
		_, _, answer, err := p.provider.ReceiveLogout(r())
		require.Error(t, err)
		require.NotErrorIs(t, err, saml.InternalError)
		w := httptest.NewRecorder()
		answer(true).ServeHTTP(w, httptest.NewRequest(http.MethodGet, sloURL, nil))
		require.Equal(t, http.StatusBadRequest, w.Code)
		_, err = p.sp.ClaimedIssuer(r())
		require.Error(t, err)
		require.NotErrorIs(t, err, saml.InternalError)
		_, _, err = p.provider.Finish(r(), pending)
		require.Error(t, err)
		_, _, _, err = p.provider.FinishUnsolicited(r())
		require.Error(t, err)
	}
}

func TestLogout_TheirRequest(t *testing.T) {
	p := newParty(t, nil)
	for name, r := range map[string]func(xml string) *http.Request{
		"redirect": func(xml string) *http.Request {
			return get(sloURL, signedQuery(t, "SAMLRequest", xml, "their state", p.signer))
		},
		"POST": func(xml string) *http.Request {
			return post(sloURL, "SAMLRequest", sign(t, xml, p.signer), "their state")
		},
	} {
		t.Run(name, func(t *testing.T) {
			issuer, err := p.sp.ClaimedIssuer(r(p.logoutRequest()))
			require.NoError(t, err)
			require.Equal(t, idpID, issuer)
			subject, sessions, answer, err := p.provider.ReceiveLogout(r(p.logoutRequest()))
			require.NoError(t, err)
			require.Equal(t, "alice-1", subject)
			require.Equal(t, []string{"session-1"}, sessions)
			for done, status := range map[bool]string{true: "Success", false: "Responder"} {
				m := sent(t, answer(done))
				require.Equal(t, "SAMLResponse", m.name)
				q, err := samlxml.VerifyQuery(m.location.RawQuery, []crypto.PublicKey{spPair().key.Public()}, samlxml.VerifyOptions{})
				require.NoError(t, err)
				require.Equal(t, "their state", q.RelayState)
				require.Contains(t, m.xml, `InResponseTo="_out"`)
				require.Contains(t, m.xml, `Destination="`+outURL+`"`)
				require.Contains(t, m.xml, `<samlp:StatusCode Value="`+statusPrefix+status+`"/>`)
			}
			_, _, _, err = p.provider.ReceiveLogout(r(p.logoutRequest()))
			refused(t, err, saml.Replayed, "logout request")
			p.clock.Advance(2 * time.Hour)
		})
	}
	// Without SessionIndex all sessions of the person are meant; several may be.
	subject, sessions, _, err := p.provider.ReceiveLogout(get(sloURL,
		signedQuery(t, "SAMLRequest", cut(t, "<samlp:SessionIndex>.*</samlp:SessionIndex>")(p.logoutRequest()), "", p.signer)))
	require.NoError(t, err)
	require.Equal(t, "alice-1", subject)
	require.Empty(t, sessions)
	p.clock.Advance(2 * time.Hour)
	_, sessions, _, err = p.provider.ReceiveLogout(get(sloURL, signedQuery(t, "SAMLRequest",
		swap(t, "</samlp:LogoutRequest>", "<samlp:SessionIndex>b</samlp:SessionIndex></samlp:LogoutRequest>")(p.logoutRequest()), "", p.signer)))
	require.NoError(t, err)
	require.Equal(t, []string{"session-1", "b"}, sessions)
}

// Where an attribute is the subject, a logout request cannot say it: it names
// sessions, or the NameID in place of one.
func TestLogout_SubjectAttribute(t *testing.T) {
	p := newParty(t, func(_ *saml.Config, c *saml.ProviderConfig) { c.SubjectAttribute = saml.EntraObjectID })
	subject, sessionID, _ := p.session(answer{})
	require.Equal(t, "session-1", sessionID)
	require.NotEqual(t, "alice-1", subject)
	subject, sessions, _, err := p.provider.ReceiveLogout(get(sloURL, signedQuery(t, "SAMLRequest", p.logoutRequest(), "", p.signer)))
	require.NoError(t, err)
	require.Empty(t, subject)
	require.Equal(t, []string{"session-1"}, sessions)
	p.clock.Advance(2 * time.Hour)

	_, sessionID, _ = p.session(answer{assertion: cut(t, ` SessionIndex="[^"]*"`)})
	_, sessions, _, err = p.provider.ReceiveLogout(get(sloURL,
		signedQuery(t, "SAMLRequest", cut(t, "<samlp:SessionIndex>.*</samlp:SessionIndex>")(p.logoutRequest()), "", p.signer)))
	require.NoError(t, err)
	require.Equal(t, []string{sessionID}, sessions)
}

// S20: nobody but the identity provider ends sessions, and once per message.
func TestS20_LogoutRequests(t *testing.T) {
	p := newParty(t, nil)
	good := p.logoutRequest()
	receive := func(r *http.Request) error {
		_, _, _, err := p.provider.ReceiveLogout(r)
		return err
	}
	query := func(xml string) string { return signedQuery(t, "SAMLRequest", xml, "s", p.signer) }
	refused(t, receive(get(sloURL, signedQuery(t, "SAMLRequest", good, "s", nil))), saml.InvalidSignature, "not signed")
	refused(t, receive(get(sloURL, signedQuery(t, "SAMLRequest", good, "s", otherPair()))), saml.InvalidSignature, "metadata")
	refused(t, receive(get(sloURL, signedQuery(t, "SAMLRequest", good, "s", spPair()))), saml.InvalidSignature, "")
	refused(t, receive(post(sloURL, "SAMLRequest", good, "s")), saml.InvalidSignature, "")
	refused(t, receive(post(sloURL, "SAMLRequest", sign(t, good, otherPair()), "s")), saml.InvalidSignature, "")
	// A signature within the message is not one of the query.
	refused(t, receive(get(sloURL, signedQuery(t, "SAMLRequest", sign(t, good, p.signer), "s", nil))), saml.InvalidSignature, "not signed")

	for name, change := range map[string]func(string) string{
		"signature stripped":  func(q string) string { return q[:strings.Index(q, "&SigAlg")] },
		"value stripped":      func(q string) string { return q[:strings.Index(q, "&Signature")] },
		"RelayState changed":  swap(t, "RelayState=s", "RelayState=t"),
		"RelayState stripped": swap(t, "&RelayState=s", ""),
		"RelayState twice":    func(q string) string { return q + "&RelayState=t" },
		"message twice":       func(q string) string { return "SAMLRequest=PGEvPg%3D%3D&" + q },
		"response, too":       func(q string) string { return q + "&SAMLResponse=PGEvPg%3D%3D" },
		"encoded again":       swap(t, "%2F", "%2f"),
		"name encoded":        swap(t, "SAMLRequest", "SAML%52equest"),
		"algorithm changed":   swap(t, "rsa-sha256", "rsa-sha512"),
		"algorithm hmac":      swap(t, "rsa-sha256", "hmac-sha256"),
		"signature twice":     func(q string) string { return q + q[strings.Index(q, "&Signature"):] },
		"not deflated":        func(q string) string { return q + "&SAMLEncoding=urn:x" },
	} {
		before := query(good)
		if name == "encoded again" && !strings.Contains(before, "%2F") {
			continue
		}
		err := receive(get(sloURL, change(before)))
		require.Error(t, err, name)
		require.NotErrorIs(t, err, saml.InternalError, name)
	}
	for check, change := range map[string]func(string) string{
		"Destination":  swap(t, `Destination="`+sloURL, `Destination="https://other.example/slo`),
		"Issuer":       swap(t, idpID, "https://other.example/metadata"),
		"NotOnOrAfter": swap(t, p.time(5*time.Minute), p.time(-4*time.Minute)),
		"IssueInstant": func(m string) string { return replaceAttr(m, "IssueInstant", p.time(-2*time.Hour)) },
		"NameID":       cut(t, "<saml:NameID.*</saml:NameID>"),
		"Version":      swap(t, `Version="2.0"`, `Version="1.1"`),
	} {
		e := refused(t, receive(get(sloURL, query(change(good)))), saml.InvalidLogout, "")
		require.Equal(t, check, e.Check)
	}
	refused(t, receive(get(sloURL, query(cut(t, ` Destination="[^"]*"`)(good)))), saml.InvalidLogout, "Destination is missing")
	refused(t, receive(get(sloURL, query(cut(t, `<saml:Issuer>.*</saml:Issuer>`)(good)))), saml.InvalidLogout, "no Issuer")
	refused(t, receive(get(sloURL, query(swap(t, "<saml:NameID", "<saml:NameID>bob</saml:NameID><saml:NameID")(good)))), saml.InvalidLogout, "more than one")
	refused(t, receive(get(sloURL, query(swap(t, "<saml:NameID", "<saml:EncryptedID/><saml:X")(cut(t, "</saml:NameID>")(good))))), saml.InvalidLogout, "")
	refused(t, receive(get(sloURL, query(p.respond(answer{})))), saml.InvalidLogout, "expected a SAML 2.0 LogoutRequest")
	refused(t, receive(get(sloURL, signedQuery(t, "SAMLResponse", p.logoutResponse("_x", success), "s", p.signer))), saml.InvalidLogout, "expected a SAMLRequest")
	require.NoError(t, receive(get(sloURL, query(good))))
	refused(t, receive(get(sloURL, query(good))), saml.Replayed, "")
	refused(t, receive(post(sloURL, "SAMLRequest", sign(t, good, p.signer), "")), saml.Replayed, "")
}

// S20: the answer to a logout is signed, and to this logout.
func TestS20_LogoutResponses(t *testing.T) {
	p := newParty(t, nil)
	_, _, session := p.session(answer{})
	next, pending, err := p.provider.BeginLogout(t.Context(), session, "", state)
	require.NoError(t, err)
	id := requestID.FindStringSubmatch(sent(t, next).xml)[1]
	good := p.logoutResponse(id, success)
	finish := func(xml, relayState string, by *pair) error {
		return p.provider.FinishLogout(get(sloURL, signedQuery(t, "SAMLResponse", xml, relayState, by)), pending)
	}
	refused(t, finish(good, state, nil), saml.InvalidSignature, "not signed")
	refused(t, finish(good, state, otherPair()), saml.InvalidSignature, "")
	refused(t, finish(good, "another-state-0123456", p.signer), saml.InvalidLogout, "RelayState")
	refused(t, finish(good, "", p.signer), saml.InvalidLogout, "RelayState")
	refused(t, finish(p.logoutResponse("_other", success), state, p.signer), saml.InvalidLogout, "another request")
	refused(t, finish(cut(t, ` InResponseTo="[^"]*"`)(good), state, p.signer), saml.InvalidLogout, "InResponseTo")
	refused(t, finish(cut(t, `<samlp:Status>.*</samlp:Status>`)(good), state, p.signer), saml.InvalidLogout, "no status")
	refused(t, finish(swap(t, idpID, "https://login.example/tenant/")(good), state, p.signer), saml.InvalidLogout, "Issuer")
	refused(t, finish(swap(t, sloURL, acsURL)(good), state, p.signer), saml.InvalidLogout, "Logout URL")
	_, signIn := p.begin()
	refused(t, p.provider.FinishLogout(get(sloURL, signedQuery(t, "SAMLResponse", good, state, p.signer)), signIn), saml.InvalidPending, "of a sign-in")
	refused(t, p.finish(p.respond(answer{}), pending).err, saml.InvalidPending, "of a logout")
	require.NoError(t, finish(good, state, p.signer))

	// Entra ID answers under another name.
	p = newParty(t, func(_ *saml.Config, c *saml.ProviderConfig) {
		c.LogoutIssuers = []string{"https://login.example/tenant/"}
	})
	_, _, session = p.session(answer{})
	next, pending, err = p.provider.BeginLogout(t.Context(), session, "", state)
	require.NoError(t, err)
	id = requestID.FindStringSubmatch(sent(t, next).xml)[1]
	require.NoError(t, finish(swap(t, idpID, "https://login.example/tenant/")(p.logoutResponse(id, success)), state, p.signer))
	refused(t, p.signIn(answer{response: swap(t, idpID+"</saml:Issuer><samlp", "https://login.example/tenant/</saml:Issuer><samlp")}).err,
		saml.InvalidResponse, "Issuer")

	p = newParty(t, func(_ *saml.Config, c *saml.ProviderConfig) { c.InsecureAllowUnsignedLogoutResponse = true })
	_, _, session = p.session(answer{})
	next, pending, err = p.provider.BeginLogout(t.Context(), session, "", state)
	require.NoError(t, err)
	id = requestID.FindStringSubmatch(sent(t, next).xml)[1]
	require.NoError(t, finish(p.logoutResponse(id, success), state, nil))
	require.NoError(t, p.provider.FinishLogout(post(sloURL, "SAMLResponse", p.logoutResponse(id, success), state), pending))
	refused(t, finish(p.logoutResponse(id, success), state, otherPair()), saml.InvalidSignature, "")
	forged := sign(t, p.logoutResponse(id, success), otherPair())
	refused(t, p.provider.FinishLogout(post(sloURL, "SAMLResponse", forged, state), pending), saml.InvalidSignature, "")
	refused(t, finish(p.logoutResponse("_x", success), state, nil), saml.InvalidLogout, "another request")
	_, _, _, err = p.provider.ReceiveLogout(get(sloURL, signedQuery(t, "SAMLRequest", p.logoutRequest(), "", nil)))
	refused(t, err, saml.InvalidSignature, "not signed")
}

func TestLogout_Unsupported(t *testing.T) {
	p := newParty(t, nil)
	_, _, session := p.session(answer{})
	_, _, nameless := p.session(answer{assertion: swap(t, "_assertion", "_a2")})
	begin := func(p *party, session []byte) error {
		_, _, err := p.provider.BeginLogout(context.Background(), session, "", state)
		return err
	}
	for name, adjust := range map[string]func(*saml.Config, *saml.ProviderConfig){
		"no Key": func(c *saml.Config, _ *saml.ProviderConfig) { c.Key, c.Certificate = nil, nil },
		"no SLOURL": func(c *saml.Config, _ *saml.ProviderConfig) {
			c.BaseURL, c.SLOURL, c.ACSURL = "", "", acsURL
		},
		"no SingleLogoutService": func(_ *saml.Config, c *saml.ProviderConfig) {
			c.Metadata = []byte(cut(t, `<SingleLogoutService[^>]*>`)(string(c.Metadata)))
		},
	} {
		other := newParty(t, adjust)
		refused(t, begin(other, session), saml.NotSupported, name)
	}
	// A session that has no NameID, or is not one.
	refused(t, begin(p, []byte(strings.Replace(string(nameless), `"alice-1"`, `""`, 1))), saml.NotSupported, "NameID")
	for _, bad := range []string{"", "{}", "null", "[]", string(session) + "x", strings.Replace(string(session), "idp", "idq", 1), strings.Repeat("x", 20<<10)} {
		refused(t, begin(p, []byte(bad)), saml.InvalidSession, "session")
	}
	refused(t, begin(p, []byte(strings.Replace(string(session), idpID, "https://other.example", 1))), saml.InvalidSession, "identity provider")
	_, _, err := p.provider.BeginLogout(t.Context(), session, "https://shop.example/bye", state)
	refused(t, err, saml.InvalidRequest, "Config.SLOURL")
	_, _, err = p.provider.BeginLogout(t.Context(), session, "", "short")
	refused(t, err, saml.InvalidRequest, "state")

	// By POST, if the identity provider has nothing else, and elsewhere for answers.
	p = newParty(t, func(_ *saml.Config, c *saml.ProviderConfig) {
		c.Metadata = []byte(swap(t, `HTTP-Redirect" Location="`+outURL+`"`, `HTTP-POST" Location="`+outURL+`" ResponseLocation="`+outURL+`/answer"`)(string(c.Metadata)))
	})
	next, _, err := p.provider.BeginLogout(t.Context(), session, "", state)
	require.NoError(t, err)
	m := sent(t, next)
	require.Contains(t, m.page, `action="`+outURL+`"`)
	verifyXML(t, m.xml)
	_, _, answer, err := p.provider.ReceiveLogout(get(sloURL, signedQuery(t, "SAMLRequest", p.logoutRequest(), "", p.signer)))
	require.NoError(t, err)
	m = sent(t, answer(true))
	require.Contains(t, m.page, `action="`+outURL+`/answer"`)
	verifyXML(t, m.xml)
}

// verifyXML checks our own signature.
func verifyXML(t *testing.T, xml string) {
	t.Helper()
	root, err := samlxml.Parse([]byte(xml), samlxml.Options{})
	require.NoError(t, err)
	_, err = samlxml.Verify(root, []crypto.PublicKey{spPair().key.Public()}, samlxml.VerifyOptions{})
	require.NoError(t, err)
}
