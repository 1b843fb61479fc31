package diagnostic_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/federation/diagnostic"
	"github.com/stepwell/stepwell/federation/federationtest"
	"github.com/stepwell/stepwell/federation/mapping"
	"github.com/stepwell/stepwell/federation/saml"
)

// samlSite is an application whose ACS URL serves its own sign-ins and the test's.
type samlSite struct {
	t    *testing.T
	test *diagnostic.Handler
	idp  *federationtest.SAMLProvider
	own  []string // RelayStates of answers that went on to the application
}

func newSAMLSite(t *testing.T) *samlSite {
	t.Helper()
	s := &samlSite{t: t}
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	acs := server.URL + "/saml2/idpresponse"
	s.idp = federationtest.NewSAMLServer(t, federationtest.SAMLConfig{
		ServiceProviders: []federationtest.ServiceProvider{{EntityID: "urn:example:shop", ACSURLs: []string{acs}}},
		Users: []federationtest.SAMLUser{{Name: "ada", NameID: "ada-1815", Attributes: []federationtest.SAMLAttribute{
			{Name: "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress", Values: []string{"ada@example.com"}},
			{Name: mapping.EntraGroups, Values: []string{"g1", "g2"}},
		}}},
	})
	sp, err := saml.New(saml.Config{EntityID: "urn:example:shop", ACSURL: acs, Replay: saml.NewMemoryReplayStore(), InsecureAllowHTTP: true})
	require.NoError(t, err)
	provider, err := sp.Provider(saml.ProviderConfig{MetadataURL: s.idp.MetadataURL()})
	require.NoError(t, err)
	rules := mapping.EntraSAML()
	rules.Grants = []mapping.Grant{{Group: "admins", If: mapping.Condition{Attribute: mapping.EntraGroups, Equals: []string{"g2"}}}}
	m, err := mapping.New(rules)
	require.NoError(t, err)
	s.test, err = diagnostic.New(diagnostic.Config{
		BaseURL: server.URL + "/test", Key: key, Title: "Example Shop",
		Provider: func(context.Context, string) (diagnostic.Target, error) {
			return diagnostic.Target{Provider: mapping.Provider(provider, m), CallbackURL: acs, Settings: []diagnostic.Setting{{Label: "Identifier (Entity ID)", Value: "urn:example:shop"}}}, nil
		},
	})
	require.NoError(t, err)
	mux.Handle("/test/", s.test)
	mux.Handle("/saml2/idpresponse", s.test.Callback(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.own = append(s.own, string(body))
	})))
	return s
}

// result does a whole test, and returns what was posted and the page.
func (s *samlSite) result() (*federationtest.SAMLPost, page) {
	s.t.Helper()
	client := browser(s.t)
	link, err := s.test.Link("contoso", 0)
	require.NoError(s.t, err)
	require.Contains(s.t, open(s.t, client, link).text, "/saml2/idpresponse Identifier (Entity ID) urn:example:shop")
	post, err := federationtest.SAMLSignIn(client, beginOf(link), "ada")
	require.NoError(s.t, err)
	resp, err := client.PostForm(post.URL, post.Values)
	require.NoError(s.t, err)
	return post, read(s.t, resp)
}

func TestSAML(t *testing.T) {
	s := newSAMLSite(t)
	post, result := s.result()
	requireStrict(t, result)
	for _, text := range []string{"The sign-in works", "email ada@example.com", "Groups admins", "saml:NameID ada-1815"} {
		require.Contains(t, result.text, text)
	}
	require.NotContains(t, result.source, post.Values.Get("RelayState"))
	require.Empty(t, s.own)

	resp, err := http.PostForm(post.URL, post.Values) // a browser without the cookie
	require.NoError(t, err)
	resp.Body.Close()
	require.Len(t, s.own, 1, "it is the application's")
	require.Equal(t, post.Values.Encode(), s.own[0])
}

// What goes wrong most often between two administrators, by the errors of the real service provider.
func TestSAML_Errors(t *testing.T) {
	for name, test := range map[string]struct {
		message func(m *federationtest.SAMLResponse)
		want    string
	}{
		"audience":    {func(m *federationtest.SAMLResponse) { m.Audiences = []string{"urn:example:other"} }, "The answer is for another application"},
		"no audience": {func(m *federationtest.SAMLResponse) { m.Audiences = nil }, "The answer is for another application"},
		"recipient":   {func(m *federationtest.SAMLResponse) { m.Recipient += "/" }, "The answer is for another address"},
		"destination": {func(m *federationtest.SAMLResponse) { m.Destination += "/" }, "The answer is for another address"},
		"early":       {func(m *federationtest.SAMLResponse) { m.NotBefore = time.Now().Add(time.Hour) }, "The clocks differ"},
		"late":        {func(m *federationtest.SAMLResponse) { m.NotOnOrAfter = time.Now().Add(-time.Hour) }, "too old, or the clocks differ"},
		"unsigned":    {func(m *federationtest.SAMLResponse) { m.Sign = federationtest.SignNothing }, "The answer is not signed"},
		"sha1":        {func(m *federationtest.SAMLResponse) { m.SHA1 = true }, "The signature uses SHA-1"},
		"request":     {func(m *federationtest.SAMLResponse) { m.InResponseTo = "_other" }, "The answer is to another sign-in"},
		"issuer":      {func(m *federationtest.SAMLResponse) { m.Issuer, m.AssertionIssuer = "urn:x", "urn:x" }, "The answer is from another provider"},
		"transient": {func(m *federationtest.SAMLResponse) {
			m.NameIDFormat = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
		}, "The provider names people anew each time"},
		"refused": {func(m *federationtest.SAMLResponse) {
			m.Status, m.SubStatus, m.StatusMessage = "urn:oasis:names:tc:SAML:2.0:status:Responder", "urn:oasis:names:tc:SAML:2.0:status:RequestDenied", "AADSTS50105: not assigned"
		}, "Entra ID refused the sign-in (AADSTS50105)"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSAMLSite(t)
			s.idp.SetHooks(federationtest.SAMLHooks{Message: test.message, Destination: func(acs string) string { return strings.TrimSuffix(acs, "/") }})
			post, result := s.result()
			require.Equal(t, http.StatusOK, result.status)
			require.Contains(t, result.text, "The sign-in does not work")
			require.Contains(t, result.text, test.want)
			require.NotContains(t, result.source, post.Values.Get("SAMLResponse"))
			t.Log(result.text)
		})
	}
	s := newSAMLSite(t)
	other := newSAMLSite(t)
	forged, err := other.idp.ResponseXML("urn:example:shop", "ada", "", nil)
	require.NoError(t, err)
	s.idp.SetHooks(federationtest.SAMLHooks{SignedResponse: func(xml []byte) []byte {
		return []byte(strings.ReplaceAll(string(forged), other.idp.EntityID(), s.idp.EntityID()))
	}})
	_, result := s.result()
	require.Contains(t, result.text, "does not work")
}
