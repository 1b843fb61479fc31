package saml_test

import (
	"context"
	"encoding/base64"
	"errors"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/federation/saml"
)

// S11: a response works once, here and in every other process.
func TestS11_Replay(t *testing.T) {
	p, second := twoProcesses(t)

	for name, a := range map[string]answer{"assertion signed": {}, "response signed": {responseSignature: true}, "encrypted": {encrypt: gcm}} {
		id, pending := p.begin()
		a.inResponseTo = id
		xml := p.respond(a)
		require.NoError(t, p.finish(xml, pending).err, name)
		refused(t, p.finish(xml, pending).err, saml.Replayed, "used already")
		refused(t, second.finish(xml, pending).err, saml.Replayed, "used already")
		// A second response to one request, with other IDs.
		other := p.respond(answer{
			inResponseTo: id, responseSignature: true,
			assertion: swap(t, "_assertion", "_other"), response: swap(t, "_response", "_other2"),
		})
		refused(t, second.finish(other, pending).err, saml.Replayed, "answer to a request")
		p.clock.Advance(2 * time.Hour)
	}
	// The same assertion, or the same response, for another request.
	require.NoError(t, p.signIn(answer{}).err)
	refused(t, p.signIn(answer{}).err, saml.Replayed, "assertion")
	require.NoError(t, p.signIn(answer{assertion: swap(t, "_assertion", "_a2"), responseSignature: true}).err)
	refused(t, p.signIn(answer{assertion: swap(t, "_assertion", "_a3"), responseSignature: true}).err, saml.Replayed, "this response")
	// The ID of a response that is not signed says nothing.
	require.NoError(t, p.signIn(answer{assertion: swap(t, "_assertion", "_a4")}).err)
	// As a login it is used up, too.
	_, err := p.provider.VerifyLogin(t.Context(), token(p.respond(answer{inResponseTo: "_x", assertion: swap(t, "_assertion", "_a4")})))
	refused(t, err, saml.Replayed, "assertion")
}

// What was used is remembered until no process can accept it, the one whose clock
// is slowest neither: MaxAge and ClockSkew after it was issued, by any of the clocks.
func TestS11_Remembered(t *testing.T) {
	var kept []time.Time
	store := saml.NewMemoryReplayStore()
	p := newParty(t, func(c *saml.Config, _ *saml.ProviderConfig) {
		c.MaxAge, c.ClockSkew = 10*time.Minute, 2*time.Minute
		c.Replay = saml.ReplayFunc(func(ctx context.Context, key string, until time.Time) (bool, error) {
			kept = append(kept, until)
			return store.UseOnce(ctx, key, until)
		})
	})
	store.Now = p.clock.Now
	issued := p.clock.Now()
	id, pending := p.begin()
	xml := p.respond(answer{inResponseTo: id, responseSignature: true})
	p.clock.Advance(time.Minute)
	require.NoError(t, p.finish(xml, pending).err)
	end := issued.Add(14 * time.Minute)
	require.Equal(t, []time.Time{issued.Add(24*time.Hour + time.Minute), end, end}, kept, "the request, the assertion, the response")
}

// twoProcesses returns the same service provider twice, with one clock and one
// ReplayStore.
func twoProcesses(t *testing.T) (first, second *party) {
	clock := newClock()
	store := &saml.MemoryReplayStore{Now: clock.Now}
	config := func(c *saml.Config, _ *saml.ProviderConfig) { c.Replay, c.Now = store, clock.Now }
	first, second = newParty(t, config), newParty(t, config)
	first.clock, second.clock = clock, clock
	return first, second
}

// S11: of 50 at once, one succeeds.
func TestS11_ParallelReplays(t *testing.T) {
	p, second := twoProcesses(t)
	id, pending := p.begin()
	xml := p.respond(answer{inResponseTo: id})
	login := token(p.respond(answer{assertion: swap(t, "_assertion", "_login")}))
	var finished, verified, replayed atomic.Int64
	var wg sync.WaitGroup
	for i := range 100 {
		wg.Go(func() {
			on := []*party{p, second}[i%2]
			var err error
			count := &finished
			if i < 50 {
				err = on.finish(xml, pending).err
			} else {
				count = &verified
				_, err = on.provider.VerifyLogin(context.Background(), login)
			}
			switch {
			case err == nil:
				count.Add(1)
			case errors.Is(err, saml.Replayed):
				replayed.Add(1)
			}
		})
	}
	wg.Wait()
	require.EqualValues(t, 1, finished.Load())
	require.EqualValues(t, 1, verified.Load())
	require.EqualValues(t, 98, replayed.Load())
}

func token(xml string) string { return base64.StdEncoding.EncodeToString([]byte(xml)) }

const confirmation = `<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">`

// S12: what an assertion needs is there.
func TestS12_MissingParts(t *testing.T) {
	p := newParty(t, nil)
	for pattern, check := range map[string]string{
		`<saml:Subject>.*</saml:Subject>`:                         "Subject",
		`<saml:SubjectConfirmationData[^>]*/>`:                    "SubjectConfirmation",
		`<saml:Conditions .*</saml:Conditions>`:                   "Conditions",
		`<saml:AuthnStatement .*</saml:AuthnStatement>`:           "AuthnStatement",
		`<saml:Issuer>.*</saml:Issuer>`:                           "Issuer",
		`<saml:NameID .*</saml:NameID>`:                           "NameID",
		` Recipient="[^"]*"`:                                      "Recipient",
		` InResponseTo="[^"]*"`:                                   "InResponseTo",
		` Version="2.0"`:                                          "Version",
		` IssueInstant="[^"]*"`:                                   "IssueInstant",
		` AuthnInstant="[^"]*"`:                                   "AuthnInstant",
		`<saml:AudienceRestriction>.*</saml:AudienceRestriction>`: "Audience",
		`<saml:Audience>.*</saml:Audience>`:                       "Audience",
	} {
		e := p.refuses(answer{assertion: cut(t, pattern)}, saml.InvalidAssertion, "")
		require.Equal(t, check, e.Check, pattern)
	}
	e := p.refuses(answer{assertion: func(a string) string {
		return regexp.MustCompile(`NotOnOrAfter="[^"]*" Recipient`).ReplaceAllString(a, "Recipient")
	}}, saml.InvalidAssertion, "SubjectConfirmationData has no NotOnOrAfter")
	require.Equal(t, "NotOnOrAfter", e.Check)
	refused(t, p.signIn(answer{after: cut(t, `<saml:Assertion.*</saml:Assertion>`)}).err, saml.InvalidResponse, "no assertion")
	refused(t, p.signIn(answer{response: cut(t, `<samlp:Status>.*</samlp:Status>`)}).err, saml.InvalidResponse, "no status")
	refused(t, p.signIn(answer{noAssertionSignature: true}).err, saml.InvalidSignature, "neither the response nor the assertion is signed")
	refused(t, p.signIn(answer{noAssertionSignature: true, encrypt: gcm}).err, saml.InvalidSignature, "neither")
	// An attribute or element twice.
	p.refuses(answer{assertion: swap(t, "</saml:NameID>", `</saml:NameID><saml:NameID>bob</saml:NameID>`)}, saml.InvalidAssertion, "NameID")
	p.refuses(answer{assertion: swap(t, "<saml:Subject>", `<saml:Subject/><saml:Subject>`)}, saml.InvalidAssertion, "2 elements Subject")
	p.refuses(answer{assertion: func(a string) string {
		at := strings.Index(a, "<saml:AuthnStatement")
		end := strings.Index(a, "</saml:AuthnStatement>") + len("</saml:AuthnStatement>")
		return a[:end] + a[at:]
	}}, saml.InvalidAssertion, "2 elements AuthnStatement")
	p.refuses(answer{assertion: swap(t, "</saml:Conditions>", "</saml:Conditions><saml:Statement/>")}, saml.InvalidAssertion, `"Statement"`)
	p.refuses(answer{assertion: swap(t, "</saml:Conditions>", "</saml:Conditions><x/>")}, saml.InvalidAssertion, `"x"`)
	p.refuses(answer{response: swap(t, "<samlp:Status>", "<x/><samlp:Status>")}, saml.InvalidAssertion, `"x"`)
	p.refuses(answer{assertion: swap(t, "<saml:NameID", `<saml:EncryptedID/><saml:NameID`)}, saml.InvalidAssertion, "EncryptedID")
}

// S13: the bearer may present it, and nobody else.
func TestS13_SubjectConfirmation(t *testing.T) {
	p := newParty(t, nil)
	a := func(change func(string) string) answer { return answer{assertion: change} }
	p.refuses(a(cut(t, `<saml:SubjectConfirmation .*</saml:SubjectConfirmation>`)), saml.InvalidAssertion, "bearer")
	p.refuses(a(swap(t, "cm:bearer", "cm:sender-vouches")), saml.InvalidAssertion, "bearer")
	p.refuses(a(swap(t, "cm:bearer", "cm:holder-of-key")), saml.InvalidAssertion, "bearer")
	p.refuses(a(swap(t, `<saml:SubjectConfirmationData `, `<saml:SubjectConfirmationData NotBefore="`+p.time(-time.Hour)+`" `)),
		saml.InvalidAssertion, "NotBefore")
	p.refuses(a(swap(t, "<saml:SubjectConfirmationData", "<saml:NameID>x</saml:NameID><saml:SubjectConfirmationData")),
		saml.InvalidAssertion, "SubjectConfirmationData and nothing else")
	for _, recipient := range []string{"https://evil.example/acs", acsURL + "/", strings.ToUpper(acsURL), acsURL + "?x", sloURL} {
		e := p.refuses(a(swap(t, `Recipient="`+acsURL+`"`, `Recipient="`+recipient+`"`)), saml.InvalidAssertion, "Reply URL")
		require.Equal(t, []string{"Recipient", acsURL, recipient}, []string{e.Check, e.Expected, e.Got})
	}
	e := p.refuses(answer{response: swap(t, `Destination="`+acsURL, `Destination="https://evil.example/acs`)}, saml.InvalidResponse, "Reply URL")
	require.Equal(t, "Destination", e.Check)
	p.refuses(answer{responseSignature: true, response: cut(t, ` Destination="[^"]*"`)}, saml.InvalidResponse, "Destination is missing")
	// Of several, one for us is enough; the others are for others.
	p.accepts(a(swap(t, confirmation, `<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:sender-vouches"/>`+confirmation)))
	p.accepts(a(swap(t, confirmation, confirmation+`<saml:SubjectConfirmationData NotOnOrAfter="`+p.time(time.Hour)+
		`" Recipient="https://other.example"/></saml:SubjectConfirmation>`+confirmation)))
}

// S14: it is for us, on no condition that we do not know.
func TestS14_Conditions(t *testing.T) {
	p := newParty(t, nil)
	a := func(change func(string) string) answer { return answer{assertion: change} }
	restriction := func(audiences ...string) string {
		return "<saml:AudienceRestriction><saml:Audience>" + strings.Join(audiences, "</saml:Audience><saml:Audience>") +
			"</saml:Audience></saml:AudienceRestriction>"
	}
	e := p.refuses(a(swap(t, spID, "https://other.example")), saml.InvalidAssertion, "Config.EntityID")
	require.Equal(t, []string{"Audience", spID, "https://other.example"}, []string{e.Check, e.Expected, e.Got})
	p.refuses(a(swap(t, spID, spID+" ")), saml.InvalidAssertion, "Audience")
	p.refuses(a(swap(t, spID, strings.ToUpper(spID))), saml.InvalidAssertion, "Audience")
	p.refuses(a(swap(t, "</saml:Conditions>", restriction("https://other.example")+"</saml:Conditions>")), saml.InvalidAssertion, "Audience")
	p.refuses(a(swap(t, "</saml:Conditions>", "<saml:AudienceRestriction/></saml:Conditions>")), saml.InvalidAssertion, "Audience")
	p.accepts(a(swap(t, "</saml:Conditions>", restriction("https://other.example", spID)+"</saml:Conditions>")))
	for _, unknown := range []string{
		"<saml:Condition/>", `<saml:Condition xmlns:x="urn:x" xsi:type="x:delegation"/>`, `<x:Condition xmlns:x="urn:x"/>`, "<OneTimeUse/>",
	} {
		p.refuses(a(swap(t, "</saml:Conditions>", unknown+"</saml:Conditions>")), saml.InvalidAssertion, "not known here")
	}
	p.refuses(a(swap(t, "</saml:Conditions>", "<saml:OneTimeUse/><saml:OneTimeUse/></saml:Conditions>")), saml.InvalidAssertion, "more than once")
	p.refuses(a(swap(t, "</saml:Conditions>", `<saml:ProxyRestriction Count="-1"/></saml:Conditions>`)), saml.InvalidAssertion, "Count")

	// OneTimeUse is enforced, as for every assertion.
	once := a(swap(t, "</saml:Conditions>", "<saml:OneTimeUse/></saml:Conditions>"))
	require.NoError(t, p.signIn(once).err)
	refused(t, p.signIn(once).err, saml.Replayed, "")
}

// S15: time.
func TestS15_Times(t *testing.T) {
	p := newParty(t, nil)
	a := func(change func(string) string) answer { return answer{assertion: change} }
	at := func(name string, d time.Duration) func(string) string {
		value := p.time(d)
		return func(m string) string { // the first one
			i := strings.Index(m, name+`="`) + len(name) + 2
			require.Greater(t, i, len(name)+2)
			return m[:i] + value + m[i+strings.IndexByte(m[i:], '"'):]
		}
	}
	for _, test := range []struct {
		a     answer
		code  saml.Code
		check string
	}{
		{a(at("IssueInstant", 4*time.Minute)), saml.InvalidAssertion, "IssueInstant"},
		{a(at("IssueInstant", -64*time.Minute)), saml.InvalidAssertion, "IssueInstant"},
		{answer{response: at("IssueInstant", 4*time.Minute)}, saml.InvalidResponse, "IssueInstant"},
		{answer{response: at("IssueInstant", -64*time.Minute)}, saml.InvalidResponse, "IssueInstant"},
		{a(at("NotBefore", 4*time.Minute)), saml.InvalidAssertion, "NotBefore"},
		{a(at("NotOnOrAfter", -4*time.Minute)), saml.InvalidAssertion, "NotOnOrAfter"},
		{a(swap(t, p.time(5*time.Minute), p.time(-4*time.Minute))), saml.InvalidAssertion, "NotOnOrAfter"},
		{a(swap(t, p.time(70*time.Minute), p.time(-4*time.Minute))), saml.InvalidAssertion, "NotOnOrAfter"},
		{a(at("AuthnInstant", 4*time.Minute)), saml.InvalidAssertion, "AuthnInstant"},
		{a(swap(t, "AuthnInstant=", `SessionNotOnOrAfter="`+p.time(-4*time.Minute)+`" AuthnInstant=`)), saml.InvalidAssertion, "SessionNotOnOrAfter"},
		{a(replaced("AuthnInstant", "yesterday")), saml.InvalidAssertion, "AuthnInstant"},
		{a(replaced("IssueInstant", "2026-03-01T12:00:00")), saml.InvalidAssertion, "IssueInstant"},
		{a(replaced("NotBefore", "2026-03-01")), saml.InvalidAssertion, "NotBefore"},
		{a(replaced("NotBefore", "")), saml.InvalidAssertion, "NotBefore"},
	} {
		before := p.clock.Now() // the clock moves on with every case, and times are written for the beginning
		e := refused(t, p.signIn(test.a).err, test.code, "")
		require.Equal(t, test.check, e.Check)
		require.Equal(t, before, p.clock.Now())
	}
	// What is within the skew is accepted, on both sides.
	for _, change := range []func(string) string{
		at("IssueInstant", 2*time.Minute), at("NotBefore", 2*time.Minute), at("AuthnInstant", 2*time.Minute),
		swap(t, p.time(5*time.Minute), p.time(-2*time.Minute)), swap(t, p.time(70*time.Minute), p.time(-2*time.Minute)),
	} {
		require.NoError(t, p.signIn(a(func(m string) string { return strings.Replace(change(m), "_assertion", "_"+hash(change(m)), 1) })).err)
	}
	// The message says both clocks.
	e := refused(t, p.signIn(a(at("IssueInstant", 10*time.Minute))).err, saml.InvalidAssertion, "set the clocks right")
	require.Equal(t, "2026-03-01T12:10:00Z", e.Got)
	require.Equal(t, "2026-03-01T12:00:00Z", e.Expected)

	// A validity of a year is capped at MaxAge.
	id, pending := p.begin()
	year := p.respond(answer{inResponseTo: id, assertion: func(m string) string {
		return strings.ReplaceAll(replaceAttr(m, "NotOnOrAfter", p.time(365*24*time.Hour)), "_assertion", "_year")
	}})
	p.clock.Advance(time.Hour + 4*time.Minute)
	e = refused(t, p.finish(year, pending).err, saml.InvalidResponse, "MaxAge")
	require.Equal(t, "IssueInstant", e.Check)
}

func hash(s string) string { return strings.Trim(token(s)[len(s)/2:len(s)/2+24], "=+/") }

func replaced(name, value string) func(string) string {
	return func(m string) string { return replaceAttr(m, name, value) }
}

// replaceAttr replaces the value of every attribute of that name.
func replaceAttr(m, name, value string) string {
	parts := strings.Split(m, " "+name+`="`)
	for i, part := range parts[1:] {
		_, rest, _ := strings.Cut(part, `"`)
		parts[i+1] = value + `"` + rest
	}
	return strings.Join(parts, " "+name+`="`)
}

// S15: with ForceAuthn the person has just proved who they are.
func TestS15_ForceAuthn(t *testing.T) {
	p := newParty(t, func(_ *saml.Config, c *saml.ProviderConfig) { c.Request.ForceAuthn = true })
	old := answer{assertion: replaced("AuthnInstant", p.time(-10*time.Minute))}
	e := refused(t, p.signIn(old).err, saml.InvalidAssertion, "ForceAuthn")
	require.Equal(t, "AuthnInstant", e.Check)
	require.NoError(t, p.signIn(answer{}).err)

	p = newParty(t, nil)
	require.NoError(t, p.signIn(old).err)
}

// S15: a class of authentication that was asked for is what it was.
func TestS15_AuthnContext(t *testing.T) {
	const mfa = "https://refeds.org/profile/mfa"
	p := newParty(t, func(_ *saml.Config, c *saml.ProviderConfig) { c.Request.AuthnContext = mfa })
	e := refused(t, p.signIn(answer{}).err, saml.InvalidAssertion, "other means")
	require.Equal(t, []string{"AuthnContext", mfa, "urn:oasis:names:tc:SAML:2.0:ac:classes:Password"}, []string{e.Check, e.Expected, e.Got})
	refused(t, p.signIn(answer{assertion: cut(t, "<saml:AuthnContextClassRef>.*</saml:AuthnContextClassRef>")}).err, saml.InvalidAssertion, "missing")
	p.accepts(answer{assertion: swap(t, "urn:oasis:names:tc:SAML:2.0:ac:classes:Password", mfa)})
}

// S16: an answer is to the question of this sign-in.
func TestS16_InResponseTo(t *testing.T) {
	p := newParty(t, nil)
	other, _ := p.begin() // another browser's
	e := refused(t, p.signIn(answer{inResponseTo: other}).err, saml.InvalidResponse, "another request")
	require.Equal(t, "InResponseTo", e.Check)
	e = refused(t, p.signIn(answer{assertion: swap(t, `InResponseTo="`, `InResponseTo="x`)}).err, saml.InvalidAssertion, "another request")
	require.Equal(t, "InResponseTo", e.Check)
	refused(t, p.signIn(answer{unsolicited: true}).err, saml.InvalidResponse, "AllowIdPInitiated")
	refused(t, p.signIn(answer{response: cut(t, `(?U)^[^>]* InResponseTo="[^"]*"`)}).err, saml.InvalidResponse, "")
	// The right answer with the pending value of another tab, or another state.
	id, _ := p.begin()
	_, pending := p.begin()
	refused(t, p.finish(p.respond(answer{inResponseTo: id}), pending).err, saml.InvalidResponse, "another request")
	id, pending = p.begin()
	_, _, err := p.provider.Finish(post(acsURL, "SAMLResponse", p.respond(answer{inResponseTo: id}), "another-state-0123456"), pending)
	e = refused(t, err, saml.InvalidResponse, "RelayState")
	require.Equal(t, "RelayState", e.Check)
}

// S16: what nobody asked for is refused, unless it is switched on, and then it
// answers nothing.
func TestS16_Unsolicited(t *testing.T) {
	finish := func(p *party, xml, relayState string) (string, string, error) {
		subject, _, state, err := p.provider.FinishUnsolicited(post(acsURL, "SAMLResponse", xml, relayState))
		return subject, state, err
	}
	p := newParty(t, nil)
	_, _, err := finish(p, p.respond(answer{}), "")
	refused(t, err, saml.InvalidResponse, "switched off")

	p = newParty(t, func(_ *saml.Config, c *saml.ProviderConfig) { c.AllowIdPInitiated = true })
	for _, a := range []answer{
		{inResponseTo: "_foreign"},
		{response: swap(t, ` Destination`, ` InResponseTo="_foreign" Destination`)},
		{assertion: swap(t, ` Recipient`, ` InResponseTo="_foreign" Recipient`)},
		{assertion: swap(t, ` Recipient`, ` InResponseTo="" Recipient`)},
	} {
		_, _, err = finish(p, p.respond(a), "")
		var e *saml.Error
		require.ErrorAs(t, err, &e)
		require.Equal(t, "InResponseTo", e.Check)
		require.Contains(t, e.Error(), "nobody asked")
	}
	subject, _, err := finish(p, p.respond(answer{}), "")
	require.NoError(t, err)
	require.Equal(t, "alice-1", subject)
	_, _, err = finish(p, p.respond(answer{}), "")
	refused(t, err, saml.Replayed, "")
}

// S22: the RelayState of an unsolicited response is handed on as it is, within
// bounds, and nothing here follows it.
func TestS22_RelayState(t *testing.T) {
	p := newParty(t, func(_ *saml.Config, c *saml.ProviderConfig) { c.AllowIdPInitiated = true })
	for given, want := range map[string]string{
		"":                        "",
		"reports":                 "reports",
		"//evil.example":          "//evil.example",
		"javascript:alert(1)":     "javascript:alert(1)",
		strings.Repeat("x", 1025): "",
		"a\r\nSet-Cookie: b":      "",
		"a\x00b":                  "",
		"\u202egnp.exe":           "",
	} {
		_, _, relayState, err := p.provider.FinishUnsolicited(post(acsURL, "SAMLResponse", p.respond(answer{}), given))
		require.NoError(t, err)
		require.Equal(t, want, relayState)
		p.clock.Advance(2 * time.Hour)
	}
	_, _, _, err := p.provider.FinishUnsolicited(post(acsURL, "SAMLResponse", p.respond(answer{}), strings.Repeat("x", 1<<20)))
	refused(t, err, saml.InvalidResponse, "longer than")
	r := postForm(acsURL, url.Values{"SAMLResponse": {token(p.respond(answer{}))}, "RelayState": {"a", "b"}})
	_, _, _, err = p.provider.FinishUnsolicited(r)
	refused(t, err, saml.InvalidResponse, "RelayState 2 times")
}
