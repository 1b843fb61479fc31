package saml_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	crewjam "github.com/crewjam/saml"
	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/federation/saml"
	"github.com/stepwell/stepwell/internal/samlxml"
)

func TestBegin_Redirect(t *testing.T) {
	p := newParty(t, nil)
	next, pending, err := p.provider.Begin(t.Context(), acsURL, state)
	require.NoError(t, err)
	require.NotContains(t, string(pending), state)
	m := sent(t, next)
	require.Equal(t, "no-store", m.header.Get("Cache-Control"))
	require.Equal(t, "https://idp.example/sso", m.location.Scheme+"://"+m.location.Host+m.location.Path)
	require.Equal(t, state, m.location.Query().Get("RelayState"))
	require.False(t, m.location.Query().Has("Signature"))
	require.False(t, m.location.Query().Has("login_hint"))

	var request crewjam.AuthnRequest
	require.NoError(t, xml.Unmarshal([]byte(m.xml), &request))
	require.Regexp(t, `^[A-Za-z_][A-Za-z0-9]{40,}$`, request.ID)
	require.Equal(t, "2.0", request.Version)
	require.Equal(t, spID, request.Issuer.Value)
	require.Equal(t, ssoURL, request.Destination)
	require.Equal(t, acsURL, request.AssertionConsumerServiceURL)
	require.Equal(t, crewjam.HTTPPostBinding, request.ProtocolBinding)
	require.Equal(t, p.clock.Now(), request.IssueInstant)
	// What Entra ID refuses, and what breaks elsewhere, is not there.
	require.Nil(t, request.Subject)
	require.Nil(t, request.NameIDPolicy)
	require.Nil(t, request.RequestedAuthnContext)
	require.Nil(t, request.ForceAuthn)
	require.Nil(t, request.IsPassive)

	ids := map[string]bool{}
	for range 100 {
		id, _ := p.begin()
		require.False(t, ids[id])
		ids[id] = true
	}
}

func TestBegin_Options(t *testing.T) {
	p := newParty(t, nil)
	other, err := p.provider.With(saml.RequestOptions{
		ForceAuthn: true, LoginHint: "a+b@example.com", AuthnContext: "urn:x", NameIDFormat: persistent,
	})
	require.NoError(t, err)
	next, _, err := other.Begin(t.Context(), "", state)
	require.NoError(t, err)
	m := sent(t, next)
	require.Equal(t, "a+b@example.com", m.location.Query().Get("login_hint"))
	require.Contains(t, m.xml, `ForceAuthn="true"`)
	require.Contains(t, m.xml, `<samlp:NameIDPolicy Format="`+persistent+`" AllowCreate="true"/>`)
	require.Contains(t, m.xml, `<samlp:RequestedAuthnContext Comparison="exact"><saml:AuthnContextClassRef>urn:x</saml:AuthnContextClassRef>`)
	other, err = p.provider.With(saml.RequestOptions{IsPassive: true})
	require.NoError(t, err)
	next, _, err = other.Begin(t.Context(), "", state)
	require.NoError(t, err)
	require.Contains(t, sent(t, next).xml, `IsPassive="true"`)
	next, _, err = p.provider.Begin(t.Context(), "", state)
	require.NoError(t, err)
	require.NotContains(t, sent(t, next).xml, `ForceAuthn`)

	for _, bad := range []saml.RequestOptions{
		{ForceAuthn: true, IsPassive: true}, {LoginHint: "a\nb"}, {LoginHint: strings.Repeat("a", 321)},
		{AuthnContext: "ü"}, {AuthnContext: strings.Repeat("a", 1025)}, {NameIDFormat: "\n"},
	} {
		_, err := p.provider.With(bad)
		refused(t, err, saml.InvalidConfig, "")
	}
	for _, bad := range []string{"", "short", strings.Repeat("x", 81), "with space 0123456789", "umlaut-ü-0123456789"} {
		_, _, err := p.provider.Begin(t.Context(), acsURL, bad)
		refused(t, err, saml.InvalidRequest, "state")
	}
	_, _, err = p.provider.Begin(t.Context(), "https://shop.example/other", state)
	e := refused(t, err, saml.InvalidRequest, "Config.ACSURL")
	require.Equal(t, acsURL, e.Expected)
}

func TestBegin_Signed(t *testing.T) {
	signed := func(m wire) {
		t.Helper()
		_, err := samlxml.VerifyQuery(m.location.RawQuery, []crypto.PublicKey{spPair().key.Public()}, samlxml.VerifyOptions{})
		require.NoError(t, err)
		require.Equal(t, "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", m.location.Query().Get("SigAlg"))
	}
	want := swap(t, "<IDPSSODescriptor ", `<IDPSSODescriptor WantAuthnRequestsSigned="true" `)
	for name, adjust := range map[string]func(*saml.Config, *saml.ProviderConfig){
		"the service provider":  func(c *saml.Config, _ *saml.ProviderConfig) { c.SignRequests = true },
		"this provider":         func(_ *saml.Config, c *saml.ProviderConfig) { c.SignRequests = true },
		"the metadata wants it": func(_ *saml.Config, c *saml.ProviderConfig) { c.Metadata = []byte(want(string(c.Metadata))) },
		"with a query already": func(_ *saml.Config, c *saml.ProviderConfig) {
			c.SignRequests = true
			c.Metadata = []byte(swap(t, ssoURL, ssoURL+"?app=1&amp;x=y")(string(c.Metadata)))
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := newParty(t, adjust)
			next, _, err := p.provider.Begin(t.Context(), "", state)
			require.NoError(t, err)
			signed(sent(t, next))
		})
	}
	p := newParty(t, func(c *saml.Config, p *saml.ProviderConfig) {
		c.Key, c.Certificate = nil, nil
		p.Metadata = []byte(want(string(p.Metadata)))
	})
	_, _, err := p.provider.Begin(t.Context(), "", state)
	refused(t, err, saml.InvalidConfig, "give Config a Key")

	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	certificate, err := saml.NewCertificate(key, spID, p.clock.Now(), p.clock.Now().Add(time.Hour))
	require.NoError(t, err)
	p = newParty(t, func(c *saml.Config, p *saml.ProviderConfig) {
		c.Key, c.Certificate, c.SignRequests = key, certificate, true
	})
	next, _, err := p.provider.Begin(t.Context(), "", state)
	require.NoError(t, err)
	_, err = samlxml.VerifyQuery(sent(t, next).location.RawQuery, []crypto.PublicKey{key.Public()}, samlxml.VerifyOptions{})
	require.NoError(t, err)
}

func TestBegin_POST(t *testing.T) {
	p := newParty(t, func(_ *saml.Config, c *saml.ProviderConfig) {
		c.Binding, c.SignRequests, c.Request.LoginHint = saml.POST, true, "a@example.com"
	})
	next, _, err := p.provider.Begin(t.Context(), "", state)
	require.NoError(t, err)
	m := sent(t, next)
	verifyXML(t, m.xml)
	require.Less(t, strings.Index(m.xml, "Issuer>"), strings.Index(m.xml, "Signature"), "the order of the schema")
	require.Contains(t, m.page, `action="`+ssoURL+`?login_hint=a%40example.com"`)
	require.Contains(t, m.page, `name="RelayState" value="`+state+`"`)
	require.Contains(t, m.page, "<button")
	require.Equal(t, "no-store", m.header.Get("Cache-Control"))
	policy := m.header.Get("Content-Security-Policy")
	require.Contains(t, policy, "default-src 'none'")
	require.Contains(t, policy, "form-action https:;")
	require.Contains(t, policy, "script-src 'sha256-")
	require.NotContains(t, policy, "unsafe")

	// Where there is no redirect endpoint, POST is chosen; what is not there is said.
	only := func(binding string) func(*saml.Config, *saml.ProviderConfig) {
		return func(_ *saml.Config, c *saml.ProviderConfig) {
			c.Metadata = []byte(cut(t, `<SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:`+binding+`"[^>]*>`)(string(c.Metadata)))
		}
	}
	p = newParty(t, only("HTTP-Redirect"))
	next, _, err = p.provider.Begin(t.Context(), "", state)
	require.NoError(t, err)
	require.NotEmpty(t, sent(t, next).page)
	p = newParty(t, func(c *saml.Config, o *saml.ProviderConfig) { only("HTTP-POST")(c, o); o.Binding = saml.POST })
	_, _, err = p.provider.Begin(t.Context(), "", state)
	refused(t, err, saml.InvalidConfig, "leave Binding empty")
}

func TestConfig(t *testing.T) {
	good := func() saml.Config {
		return saml.Config{
			PoolID: poolID, BaseURL: baseURL + "/", Replay: saml.NewMemoryReplayStore(), Key: spPair().key, Certificate: spPair().certificate,
			Decryption: []saml.DecryptionKey{{Key: encPair().key}},
		}
	}
	sp, err := saml.New(good())
	require.NoError(t, err)
	require.Equal(t, []string{spID, acsURL, sloURL}, []string{sp.EntityID(), sp.ACSURL(), sp.SLOURL()})
	edKey := ed25519.NewKeyFromSeed(make([]byte, 32))
	for text, change := range map[string]func(*saml.Config){
		"EntityID is missing":         func(c *saml.Config) { c.PoolID = "" },
		"EntityID \"shop\"":           func(c *saml.Config) { c.EntityID = "shop" },
		"not an absolute URI":         func(c *saml.Config) { c.EntityID = "urn:" + strings.Repeat("x", 1024) },
		"ACSURL is missing":           func(c *saml.Config) { c.BaseURL = "" },
		"BaseURL \"shop\"":            func(c *saml.Config) { c.BaseURL = "shop" },
		"has a query":                 func(c *saml.Config) { c.BaseURL = "https://shop.example/?a" },
		"uses http; only https":       func(c *saml.Config) { c.ACSURL = "http://shop.example/" },
		"SLOURL \"http:":              func(c *saml.Config) { c.SLOURL = "http://shop.example/" },
		"Replay is missing":           func(c *saml.Config) { c.Replay = nil },
		"ClockSkew is 6m":             func(c *saml.Config) { c.ClockSkew = 6 * time.Minute },
		"ClockSkew is -":              func(c *saml.Config) { c.ClockSkew = -1 },
		"MaxAge is 1s":                func(c *saml.Config) { c.MaxAge = time.Second },
		"MaxAge is 25h":               func(c *saml.Config) { c.MaxAge = 25 * time.Hour },
		"Certificate is missing":      func(c *saml.Config) { c.Certificate = nil },
		"no Key to sign with":         func(c *saml.Config) { c.Key, c.SignRequests = nil, true },
		"certificates for signing":    func(c *saml.Config) { c.Key = nil },
		"not belong to its":           func(c *saml.Config) { c.Certificate = otherPair().certificate },
		"neither RSA nor ECDSA":       func(c *saml.Config) { c.Key = edKey },
		"OtherCertificates[0] is nil": func(c *saml.Config) { c.OtherCertificates = append(c.OtherCertificates, nil) },
		"Decryption[1].Key is nil":    func(c *saml.Config) { c.Decryption = append(c.Decryption, saml.DecryptionKey{}) },
		"Decryption[0].Key does not": func(c *saml.Config) {
			c.Decryption[0].Certificate = otherPair().certificate
		},
	} {
		c := good()
		change(&c)
		_, err := saml.New(c)
		refused(t, err, saml.InvalidConfig, text)
	}
	local := good()
	local.BaseURL = "http://localhost:8080"
	_, err = saml.New(local)
	require.NoError(t, err, "http on this machine")

	for text, c := range map[string]saml.ProviderConfig{
		"Metadata is missing":       {},
		"both Metadata and":         {Metadata: metadata(idpPair()), MetadataURL: "https://idp.example/m"},
		"neither Redirect nor":      {Metadata: metadata(idpPair()), Binding: "artifact"},
		"LogoutIssuers has":         {Metadata: metadata(idpPair()), LogoutIssuers: []string{""}},
		"MetadataCertificates[0]":   {Metadata: metadata(idpPair()), MetadataCertificates: []*x509.Certificate{nil}},
		"not an attribute of an":    {Metadata: metadata(idpPair()), SubjectAttribute: saml.AttributeSessionIndex},
		"EntityID is longer":        {Metadata: metadata(idpPair()), EntityID: strings.Repeat("x", 1025)},
		"SubjectAttribute is longe": {Metadata: metadata(idpPair()), SubjectAttribute: strings.Repeat("x", 1025)},
		"ForceAuthn and IsPassive":  {Metadata: metadata(idpPair()), Request: saml.RequestOptions{ForceAuthn: true, IsPassive: true}},
	} {
		_, err := sp.Provider(c)
		refused(t, err, saml.InvalidConfig, text)
	}
	bare := good()
	bare.Key, bare.Certificate, bare.Decryption = nil, nil, nil
	sp, err = saml.New(bare)
	require.NoError(t, err)
	_, err = sp.Provider(saml.ProviderConfig{Metadata: metadata(idpPair()), SignRequests: true})
	refused(t, err, saml.InvalidConfig, "no Key to sign with")
	_, err = sp.Provider(saml.ProviderConfig{Metadata: metadata(idpPair()), RequireEncryption: true})
	refused(t, err, saml.InvalidConfig, "no Decryption keys")
}

func TestRequireEncryption(t *testing.T) {
	p := newParty(t, func(_ *saml.Config, c *saml.ProviderConfig) { c.RequireEncryption = true })
	e := refused(t, p.signIn(answer{}).err, saml.InvalidResponse, "not encrypted")
	require.Equal(t, "Encryption", e.Check)
	p.accepts(answer{encrypt: gcm})
}

// What the identity provider says goes to the administrator, on one line.
func TestStatus(t *testing.T) {
	p := newParty(t, nil)
	status := func(inner, message string) answer {
		return answer{response: func(m string) string {
			from, to := strings.Index(m, "<samlp:Status>"), strings.Index(m, "</samlp:Response>")
			return m[:from] + "<samlp:Status>" + inner + message + "</samlp:Status>" + m[to:]
		}}
	}
	code := func(top, second string) string {
		return `<samlp:StatusCode Value="` + statusPrefix + top + `"><samlp:StatusCode Value="` + statusPrefix + second + `"/></samlp:StatusCode>`
	}
	e := refused(t, p.signIn(status(code("Responder", "RequestDenied"),
		"<samlp:StatusMessage>AADSTS50105: not assigned\n\u202eto a role</samlp:StatusMessage>")).err, saml.AccessDenied, "")
	require.Equal(t, "Responder/RequestDenied", e.ProviderCode)
	require.Equal(t, "AADSTS50105: not assigned  to a role", e.ProviderDescription)
	require.Contains(t, e.Error(), `"Responder/RequestDenied", "AADSTS50105`)
	refused(t, p.signIn(status(code("Responder", "AuthnFailed"), "")).err, saml.AccessDenied, `"Responder/AuthnFailed"`)
	e = refused(t, p.signIn(status(code("Requester", "NoPassive"), "<samlp:StatusMessage>"+strings.Repeat("x", 5000)+"</samlp:StatusMessage>")).err,
		saml.InteractionRequired, `"Requester/NoPassive"`)
	require.Less(t, len(e.ProviderDescription), 600)
	refused(t, p.signIn(status(`<samlp:StatusCode Value="urn:other"/>`, "")).err, saml.ProviderError, `"unrecognized"`)
	refused(t, p.signIn(status(`<samlp:StatusCode/>`, "")).err, saml.InvalidResponse, "no status")
	refused(t, p.signIn(status("", "")).err, saml.InvalidResponse, "no status")
	// An error is an answer to this sign-in, too.
	a := status(code("Responder", "AuthnFailed"), "")
	a.inResponseTo = "_other"
	refused(t, p.signIn(a).err, saml.InvalidResponse, "another request")
	// A failure with an assertion is a failure.
	refused(t, p.signIn(answer{response: swap(t, "status:Success", "status:Responder")}).err, saml.ProviderError, "Responder")
	refused(t, p.signIn(answer{encrypt: gcm, response: swap(t, "status:Success", "status:Responder")}).err, saml.ProviderError, "Responder")
	refused(t, p.signIn(status(`<samlp:StatusCode Value="`+statusPrefix+`Success"/>`, "")).err, saml.InvalidResponse, "no assertion")
	p.accepts(answer{})
}

func TestFinish_Requests(t *testing.T) {
	p := newParty(t, nil)
	id, pending := p.begin()
	xml := p.respond(answer{inResponseTo: id})
	finish := func(r *http.Request, pending []byte) error {
		_, _, err := p.provider.Finish(r, pending)
		return err
	}
	good := func() url.Values { return url.Values{"SAMLResponse": {token(xml)}, "RelayState": {state}} }
	refused(t, finish(get(acsURL, good().Encode()), pending), saml.InvalidResponse, "POST")
	refused(t, finish(postForm(acsURL+"?RelayState=x", good()), pending), saml.InvalidResponse, "query")
	refused(t, finish(postForm(acsURL+"?%zz", good()), pending), saml.InvalidResponse, "query")
	for text, change := range map[string]func(url.Values){
		"no field SAMLResponse":   func(v url.Values) { v.Del("SAMLResponse") },
		"SAMLResponse is empty":   func(v url.Values) { v.Set("SAMLResponse", "") },
		"SAMLResponse 2 times":    func(v url.Values) { v.Add("SAMLResponse", "x") },
		"RelayState 2 times":      func(v url.Values) { v.Add("RelayState", "x") },
		"SAMLResponse is not":     func(v url.Values) { v.Set("SAMLResponse", token(xml)[1:]) },
		"is not base64":           func(v url.Values) { v.Set("SAMLResponse", token(xml)+"\x00") },
		"not the one of this":     func(v url.Values) { v.Del("RelayState") },
		"the message cannot be r": func(v url.Values) { v.Set("SAMLResponse", token("{}")) },
		"expected a SAML 2.0":     func(v url.Values) { v.Set("SAMLResponse", token(p.logoutRequest())) },
	} {
		v := good()
		change(v)
		refused(t, finish(postForm(acsURL, v), pending), saml.InvalidResponse, text)
	}
	r := postForm(acsURL, good())
	r.Header.Set("Content-Type", "text/plain")
	refused(t, finish(r, pending), saml.InvalidResponse, "not a form")
	for _, bad := range []string{"", "null", "{}", "[]", string(pending) + "{}", strings.Replace(string(pending), `"v":1`, `"v":2`, 1),
		strings.Replace(string(pending), spID, "urn:other", 1), strings.Replace(string(pending), idpID, "urn:other", 1),
		strings.Replace(string(pending), `"kind"`, `"king"`, 1), strings.Repeat(" ", 20<<10)} {
		refused(t, finish(postForm(acsURL, good()), []byte(bad)), saml.InvalidPending, "")
	}
	issuer, err := p.sp.ClaimedIssuer(postForm(acsURL, good()))
	require.NoError(t, err)
	require.Equal(t, idpID, issuer)
	issuer, err = p.sp.ClaimedIssuer(post(acsURL, "SAMLResponse", cut(t, `<saml:Issuer xmlns[^>]*>[^<]*</saml:Issuer>`)(xml), ""))
	require.NoError(t, err)
	require.Equal(t, idpID, issuer)
	p.clock.Advance(25 * time.Hour)
	refused(t, finish(postForm(acsURL, good()), pending), saml.InvalidPending, "more than 24h")
	p.clock.Advance(-25 * time.Hour)
	// The application may have parsed the form, and base64 may be in lines.
	v := good()
	v.Set("SAMLResponse", token(xml)[:76]+"\r\n"+token(xml)[76:])
	r = postForm(acsURL, v)
	require.NoError(t, r.ParseForm())
	require.NoError(t, finish(r, pending))
}

func TestVerifyLogin(t *testing.T) {
	p := newParty(t, nil)
	claims, err := p.provider.VerifyLogin(t.Context(), token(p.respond(answer{
		inResponseTo: "_anything",
		assertion: swap(t, "</saml:AttributeStatement>",
			`<saml:Attribute Name="sub"><saml:AttributeValue>forged</saml:AttributeValue></saml:Attribute></saml:AttributeStatement>`),
	})))
	require.NoError(t, err)
	require.Equal(t, idpID, claims["iss"])
	require.Equal(t, "alice-1", claims["sub"])
	require.Equal(t, spID, claims["aud"])
	require.EqualValues(t, "1772366700", claims["exp"]) // 12:05
	require.EqualValues(t, "1772366400", claims["auth_time"])
	require.Equal(t, []any{"urn:oasis:names:tc:SAML:2.0:ac:classes:Password"}, claims["amr"])
	require.Equal(t, "alice@example.com", claims["email"])
	require.Equal(t, []any{"admin", "auditor"}, claims["role"])
	_, err = p.provider.VerifyLogin(t.Context(), token(p.respond(answer{})))
	refused(t, err, saml.Replayed, "")
	for _, bad := range []string{"", "!", "e30", base64.RawURLEncoding.EncodeToString([]byte("<a/>"))} {
		_, err := p.provider.VerifyLogin(t.Context(), bad)
		refused(t, err, saml.InvalidResponse, "")
	}
}

// What the application gives may fail, or panic.
func TestApplicationFails(t *testing.T) {
	for text, store := range map[string]saml.ReplayStore{"database is down": failing{}, "panicked": failing{panics: true}} {
		p := newParty(t, func(c *saml.Config, _ *saml.ProviderConfig) { c.Replay = store })
		e := refused(t, p.signIn(answer{}).err, saml.ReplayStoreFailed, text)
		require.True(t, e.Temporary())
	}
	p := newParty(t, func(c *saml.Config, _ *saml.ProviderConfig) { c.Rand = strings.NewReader("short") })
	_, _, err := p.provider.Begin(t.Context(), "", state)
	refused(t, err, saml.InternalError, "Config.Rand")
	p = newParty(t, func(c *saml.Config, o *saml.ProviderConfig) {
		c.Key, c.SignRequests = badKey{spPair().key}, true
	})
	_, _, err = p.provider.Begin(t.Context(), "", state)
	refused(t, err, saml.InternalError, "signing")
	_, _, answer, err := p.provider.ReceiveLogout(get(sloURL, signedQuery(t, "SAMLRequest", p.logoutRequest(), "", p.signer)))
	require.NoError(t, err)
	w := httptest.NewRecorder()
	answer(true).ServeHTTP(w, httptest.NewRequest(http.MethodGet, sloURL, nil))
	require.Equal(t, http.StatusInternalServerError, w.Code)
}

type failing struct{ panics bool }

func (f failing) UseOnce(_ context.Context, _ string, _ time.Time) (bool, error) {
	if f.panics {
		panic("canary")
	}
	return false, errors.New("the database is down")
}

type badKey struct{ crypto.Signer }

func (badKey) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	return nil, errors.New("no token in the slot")
}

func TestMemoryReplayStore(t *testing.T) {
	clock := newClock()
	s := &saml.MemoryReplayStore{Limit: 3, Now: clock.Now}
	use := func(key string, d time.Duration) (bool, error) {
		return s.UseOnce(t.Context(), key, clock.Now().Add(d))
	}
	for _, key := range []string{"a", "b", "c"} {
		first, err := use(key, time.Minute)
		require.NoError(t, err)
		require.True(t, first)
	}
	first, err := use("a", time.Minute)
	require.NoError(t, err)
	require.False(t, first)
	_, err = use("d", time.Minute)
	require.ErrorContains(t, err, "full")
	_, err = use("", time.Minute)
	require.Error(t, err)
	_, err = use(strings.Repeat("x", 129), time.Minute)
	require.Error(t, err)
	clock.Advance(time.Minute)
	for _, key := range []string{"a", "d"} {
		first, err = use(key, time.Minute)
		require.NoError(t, err)
		require.True(t, first)
	}
	large := &saml.MemoryReplayStore{Now: clock.Now}
	for i := range 5000 {
		first, err := large.UseOnce(t.Context(), strings.Repeat("k", 1+i%100)+string(rune('a'+i/100)), clock.Now().Add(time.Second))
		require.NoError(t, err)
		require.True(t, first)
		clock.Advance(time.Millisecond)
	}
}

func TestNewCertificate(t *testing.T) {
	now := newClock().Now()
	_, err := saml.NewCertificate(nil, "x", now, now.Add(time.Hour))
	refused(t, err, saml.InvalidConfig, "no key")
	_, err = saml.NewCertificate(ed25519.NewKeyFromSeed(make([]byte, 32)), "x", now, now.Add(time.Hour))
	refused(t, err, saml.InvalidConfig, "neither RSA nor ECDSA")
	_, err = saml.NewCertificate(spPair().key, "x", now, now)
	refused(t, err, saml.InvalidConfig, "end before it begins")
	_, err = saml.NewCertificate(badKey{spPair().key}, "x", now, now.Add(time.Hour))
	refused(t, err, saml.InvalidConfig, "no token")
}
