package federationtest_test

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/crewjam/saml"
	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/federation/federationtest"
)

// entraSAML signs in by SAML and returns the form that goes to the application.
func entraSAML(t *testing.T, e *federationtest.Entra, client *http.Client, start, name string) *federationtest.SAMLPost {
	t.Helper()
	r, err := e.SignIn(client, start, name)
	require.NoError(t, err)
	require.Equal(t, http.MethodPost, r.Method)
	require.NoError(t, r.ParseForm())
	return &federationtest.SAMLPost{URL: r.URL.String(), Values: r.PostForm}
}

func startSAML(t *testing.T, e *federationtest.Entra, document string) string {
	t.Helper()
	return e.SAMLURL(contoso) + "?" + samlRedirect(t, "SAMLRequest", document, "state", nil)
}

// attributes returns what an assertion says by the last part of the names.
func attributes(assertion *saml.Assertion) map[string][]string {
	list := make(map[string][]string)
	for _, a := range assertion.AttributeStatements[0].Attributes {
		for _, value := range a.Values {
			name := a.Name[strings.LastIndexByte(a.Name, '/')+1:]
			list[name] = append(list[name], value.Value)
		}
	}
	return list
}

func TestEntraSAMLOutside(t *testing.T) {
	_, certificate := spKey()
	for name, change := range map[string]func(*federationtest.EntraSAML){
		"default":   func(*federationtest.EntraSAML) {},
		"response":  func(s *federationtest.EntraSAML) { s.Sign = federationtest.SignResponse },
		"both":      func(s *federationtest.EntraSAML) { s.Sign = federationtest.SignBoth },
		"encrypted": func(s *federationtest.EntraSAML) { s.EncryptionCertificate = certificate },
		"signed requests": func(s *federationtest.EntraSAML) {
			s.RequestCertificates, s.RequireSignedRequests = []*x509.Certificate{certificate}, true
		},
	} {
		t.Run(name, func(t *testing.T) {
			e := directory(t, func(c *federationtest.EntraConfig) { change(c.Apps[2].SAML) })
			sp := crewjam(t, e.MetadataURL(contoso, samlApp))
			require.Equal(t, "https://sts.windows.net/"+contoso+"/", sp.IDPMetadata.EntityID)
			request, err := sp.MakeAuthenticationRequest(sp.GetSSOBindingLocation(saml.HTTPRedirectBinding), saml.HTTPRedirectBinding, saml.HTTPPostBinding)
			require.NoError(t, err)
			start, err := request.Redirect("state", sp)
			require.NoError(t, err)
			post := entraSAML(t, e, nil, start.String(), "alice@contoso.example")
			require.Equal(t, "state", post.Values.Get("RelayState"))
			assertion, err := parseResponse(t, sp, post, request.ID)
			require.NoError(t, err)
			alice, _ := e.User(contoso, "alice@contoso.example")
			got := attributes(assertion)
			require.Equal(t, guids(3), got["groups"])
			require.Equal(t, map[string][]string{
				"tenantid": {contoso}, "objectidentifier": {alice.ObjectID}, "displayname": {"Alice"}, "groups": guids(3),
				"identityprovider": {"https://sts.windows.net/" + contoso + "/"}, "givenname": {"Al"}, "surname": {"Ice"},
				"emailaddress": {"alice@contoso.example"}, "name": {"alice@contoso.example"},
				"authnmethodsreferences": {"http://schemas.microsoft.com/ws/2008/06/identity/authenticationmethod/password"},
			}, got)
			require.Equal(t, assertion.ID, assertion.AuthnStatements[0].SessionIndex)
			_, err = parseResponse(t, sp, post, "_other")
			require.Error(t, err)
		})
	}
}

func TestEntraSAML_Xmlsec(t *testing.T) {
	tool := xmlsec(t)
	e := directory(t, nil)
	certificate := writeFile(t, "app.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: e.Certificate(samlApp).Raw}))
	encoded, err := e.SAMLResponse(samlApp, contoso, "alice@contoso.example", "_r", nil)
	require.NoError(t, err)
	document, err := base64.StdEncoding.DecodeString(encoded)
	require.NoError(t, err)
	output, err := exec.Command(tool, "--verify", "--pubkey-cert-pem", certificate, "--id-attr:ID", "Assertion", writeFile(t, "r.xml", document)).CombinedOutput()
	require.NoError(t, err, "%s", output)
	resp, err := http.Get(e.MetadataURL(contoso, samlApp))
	require.NoError(t, err)
	metadata := body(t, resp)
	output, err = exec.Command(tool, "--verify", "--pubkey-cert-pem", certificate, "--id-attr:ID", "EntityDescriptor", writeFile(t, "m.xml", []byte(metadata))).CombinedOutput()
	require.NoError(t, err, "%s", output)
	require.Equal(t, 2, strings.Count(metadata, "<RoleDescriptor"))
	require.Contains(t, metadata, `xsi:type="fed:SecurityTokenServiceType"`)
}

func TestEntraSAMLRules(t *testing.T) {
	e := directory(t, nil)
	classes := func(comparison string, list ...string) string {
		text := "<samlp:RequestedAuthnContext" + comparison + ">"
		for _, class := range list {
			text += "<saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:" + class + "</saml:AuthnContextClassRef>"
		}
		return text + "</samlp:RequestedAuthnContext>"
	}
	for name, test := range map[string]struct {
		document, user string
		code           int
	}{
		"id":         {strings.Replace(authnRequest("", ""), `"_req"`, `"1req"`, 1), "alice@contoso.example", 7500529},
		"identifier": {strings.ReplaceAll(authnRequest("", ""), spEntity, "https://unknown.example"), "alice@contoso.example", 700016},
		"acs":        {authnRequest(`AssertionConsumerServiceURL="https://evil.example/"`, ""), "alice@contoso.example", 50011},
		"subject":    {authnRequest("", "<saml:Subject><saml:NameID>alice</saml:NameID></saml:Subject>"), "alice@contoso.example", 900236},
		"scoping":    {authnRequest("", `<samlp:Scoping ProxyCount="1"/>`), "alice@contoso.example", 900236},
		"binding":    {authnRequest(`ProtocolBinding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"`, ""), "alice@contoso.example", 75003},
		"minimum":    {authnRequest("", classes(` Comparison="minimum"`, "Password")), "alice@contoso.example", 900235},
		"context":    {authnRequest("", classes("", "X509")), "alice@contoso.example", 75011},
		"mfa":        {authnRequest("", classes(` Comparison="exact"`, "PasswordProtectedTransport")), "mfa@contoso.example", 75011},
		"nobody":     {authnRequest("", ""), "nobody@contoso.example", 50034},
		"elsewhere":  {authnRequest("", ""), "pat@outlook.com", 50020},
		"disabled":   {authnRequest("", ""), "gone@contoso.example", 50057},
		"not saml":   {"<a/>", "alice@contoso.example", 75005},
	} {
		_, err := e.SignIn(nil, startSAML(t, e, test.document), test.user)
		require.ErrorContains(t, err, fmt.Sprintf("AADSTS%d: ", test.code), name)
	}
	require.NoError(t, e.AddApp(federationtest.EntraApp{ClientID: samlApp, SAML: &federationtest.EntraSAML{
		Identifiers: []string{spEntity}, ReplyURLs: []string{spACS}, RequireSignedRequests: true,
	}}))
	_, err := e.SignIn(nil, startSAML(t, e, authnRequest("", "")), "alice@contoso.example")
	require.ErrorContains(t, err, "AADSTS76021")
	resp, _ := get(t, e.SAMLURL("nowhere"))
	require.Equal(t, 400, resp.StatusCode)
	_, page := get(t, e.SAMLURL(contoso))
	require.Contains(t, page, "AADSTS750054")
}

func TestEntraSAMLNamesAndStatuses(t *testing.T) {
	e := directory(t, func(c *federationtest.EntraConfig) {
		c.Tenants[0].Users = append(c.Tenants[0].Users, federationtest.EntraUser{UserPrincipalName: "nomail@contoso.example"})
	})
	policy := func(format string) string {
		return authnRequest("", `<samlp:NameIDPolicy Format="urn:oasis:names:tc:SAML:`+format+`"/>`)
	}
	const upn = ">alice@contoso.example</NameID>"
	for name, test := range map[string]struct {
		document, user string
		want           []string
	}{
		"default":     {authnRequest("", ""), "alice@contoso.example", []string{`emailAddress"` + upn}},
		"no format":   {authnRequest("", `<samlp:NameIDPolicy AllowCreate="true"/>`), "alice@contoso.example", []string{`emailAddress"` + upn}},
		"persistent":  {policy("2.0:nameid-format:persistent"), "alice@contoso.example", []string{`persistent"` + upn}},
		"transient":   {policy("2.0:nameid-format:transient"), "alice@contoso.example", []string{`transient">_`}},
		"unspecified": {policy("1.1:nameid-format:unspecified"), "alice@contoso.example", []string{`persistent">`, "=</NameID>"}},
		"kerberos":    {policy("2.0:nameid-format:kerberos"), "alice@contoso.example", []string{"status:Requester", "RequestUnsupported", "AADSTS75006", "AADSTS90011"}},
		"passive":     {authnRequest(`IsPassive="true"`, ""), "alice@contoso.example", []string{"status:Responder", "NoPassive", "AADSTS50058"}},
		"cancel":      {authnRequest("", ""), federationtest.Cancel, []string{"AuthnFailed", "AADSTS65004"}},
		"context":     {authnRequest("", `<samlp:RequestedAuthnContext Comparison="exact"><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef></samlp:RequestedAuthnContext>`), "alice@contoso.example", []string{"status:Success"}},
		"mfa":         {authnRequest("", ""), "mfa@contoso.example", []string{"http://schemas.microsoft.com/claims/multipleauthn"}},
		"overage":     {authnRequest("", ""), "some@contoso.example", []string{"http://schemas.microsoft.com/claims/groups.link", "https://graph.windows.net/"}},
		"other name":  {strings.ReplaceAll(authnRequest("", ""), spEntity, entraSP), "alice@contoso.example", []string{"<Audience>" + entraSP + "</Audience>"}},
	} {
		text := samlText(t, entraSAML(t, e, nil, startSAML(t, e, test.document), test.user))
		for _, want := range test.want {
			require.Contains(t, text, want, name)
		}
	}
	require.NoError(t, e.AddApp(federationtest.EntraApp{ClientID: samlApp, SAML: &federationtest.EntraSAML{
		Identifiers: []string{spEntity}, ReplyURLs: []string{spACS}, NameIDSource: "user.mail", Claims: []federationtest.EntraClaim{{"role", `"guest"`}, {"mail", "user.mail"}},
	}}))
	text := samlText(t, entraSAML(t, e, nil, startSAML(t, e, authnRequest("", "")), "nomail@contoso.example"))
	require.Contains(t, text, `persistent">`, "an empty source is replaced by a pairwise name")
	require.Contains(t, text, `<Attribute Name="role"><AttributeValue>guest</AttributeValue>`)
	require.NotContains(t, text, `"mail"`)
	require.NotContains(t, text, "emailaddress")
}

func TestEntraSAMLLaunchAndRollover(t *testing.T) {
	e := directory(t, nil)
	before := crewjam(t, e.MetadataURL("contoso.example", samlApp))
	before.AllowIDPInitiated = true
	launch := func() *federationtest.SAMLPost {
		return entraSAML(t, e, nil, e.LaunchURL(contoso, samlApp), "alice@contoso.example")
	}
	post := launch()
	require.Equal(t, "/start", post.Values.Get("RelayState"))
	require.NotContains(t, samlText(t, post), "InResponseTo")
	_, err := parseResponse(t, before, post)
	require.NoError(t, err)
	general := crewjam(t, e.MetadataURL(contoso, ""))
	general.AllowIDPInitiated = true
	_, err = parseResponse(t, general, post)
	require.Error(t, err, "without ?appid= the metadata has other certificates")

	require.NoError(t, e.AddCertificate(samlApp))
	announced := crewjam(t, e.MetadataURL(contoso, samlApp))
	announced.AllowIDPInitiated = true
	e.UseNewestCertificate(samlApp)
	post = launch()
	_, err = parseResponse(t, before, post)
	require.Error(t, err)
	_, err = parseResponse(t, announced, post)
	require.NoError(t, err)
	e.RetireCertificates(samlApp)
	resp, err := http.Get(e.MetadataURL(contoso, samlApp))
	require.NoError(t, err)
	var metadata saml.EntityDescriptor
	require.NoError(t, xml.Unmarshal([]byte(body(t, resp)), &metadata))
	require.Len(t, metadata.IDPSSODescriptors[0].KeyDescriptors, 1)
	_, page := get(t, e.MetadataURL(contoso, contoso))
	require.Contains(t, page, "AADSTS700016")
	resp, err = http.Get(e.MetadataURL("common", ""))
	require.NoError(t, err)
	require.Contains(t, body(t, resp), `entityID="https://sts.windows.net/{tenant}/"`)
}

func TestEntraSAMLLogout(t *testing.T) {
	e := directory(t, nil)
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	client := &http.Client{Jar: jar}
	post := entraSAML(t, e, client, startSAML(t, e, authnRequest("", "")), "alice@contoso.example")
	index := regexp.MustCompile(`SessionIndex="([^"]+)"`).FindStringSubmatch(samlText(t, post))[1]
	values := url.Values{"client_id": {singleApp}, "redirect_uri": {callback}, "response_type": {"code"}, "scope": {"openid"}}
	_, err = e.SignIn(client, e.URL()+"/"+contoso+"/oauth2/v2.0/authorize?"+values.Encode(), "not asked")
	require.NoError(t, err)

	logout := fmt.Sprintf(`<samlp:LogoutRequest %s ID="_out" Version="2.0"><saml:Issuer>%s</saml:Issuer><saml:NameID>somebody else</saml:NameID></samlp:LogoutRequest>`, samlNames, spEntity)
	out, err := e.SignOut(client, e.SAMLURL(contoso)+"?"+samlRedirect(t, "SAMLRequest", logout, "back", nil))
	require.NoError(t, err)
	require.Len(t, out.Frames, 1, "the other application learns it in a frame")
	require.True(t, strings.HasPrefix(out.Frames[0], "https://shop.example/front?iss="))
	text, query := readRedirect(t, out.Next, e.Certificate(samlApp))
	require.True(t, strings.HasPrefix(out.Next, spSLO+"?"))
	require.Contains(t, text, ">"+e.URL()+"/"+contoso+"/</Issuer>", "not the issuer of assertions")
	require.Contains(t, text, `InResponseTo="_out"`)
	require.Equal(t, "back", query.Get("RelayState"))

	// The other way round: signed out elsewhere, the directory tells the application.
	entraSAML(t, e, client, startSAML(t, e, authnRequest("", "")), "alice@contoso.example")
	out, err = e.SignOut(client, e.URL()+"/"+contoso+"/oauth2/v2.0/logout")
	require.NoError(t, err)
	require.Len(t, out.Frames, 1)
	text, _ = readRedirect(t, out.Frames[0], e.Certificate(samlApp))
	require.Contains(t, text, "LogoutRequest")
	require.Contains(t, text, ">https://sts.windows.net/"+contoso+"/</Issuer>")
	require.Contains(t, text, ">alice@contoso.example</NameID>")
	address, err := e.SAMLLogoutRequest(samlApp, contoso, "alice@contoso.example", index, nil)
	require.NoError(t, err)
	text, _ = readRedirect(t, address, e.Certificate(samlApp))
	require.Contains(t, text, "<samlp:SessionIndex>"+index)
	address, err = e.SAMLLogoutResponse(samlApp, contoso, "_1", "r", func(m *federationtest.SAMLLogout) { m.Unsigned = true })
	require.NoError(t, err)
	require.NotContains(t, address, "Signature=")
	answer := fmt.Sprintf(`<samlp:LogoutResponse %s ID="_a" InResponseTo="_x" Version="2.0"><saml:Issuer>%s</saml:Issuer></samlp:LogoutResponse>`, samlNames, spEntity)
	resp, _ := get(t, e.SAMLURL(contoso)+"?"+samlRedirect(t, "SAMLResponse", answer, "", nil))
	require.Equal(t, 200, resp.StatusCode)
	require.Empty(t, resp.Header.Get("X-Frame-Options"), "it is shown in a frame")

	signed, err := e.SAMLSign(samlApp, []byte(`<a ID="x"><b/></a>`))
	require.NoError(t, err)
	require.Contains(t, string(signed), `<Signature xmlns="http://www.w3.org/2000/09/xmldsig#">`)
	assertion, err := e.SAMLAssertion(samlApp, contoso, "alice@contoso.example", "_r", func(m *federationtest.SAMLResponse) { m.AssertionIssuer = "https://sts.windows.net/" + fabrikam + "/" })
	require.NoError(t, err)
	require.Contains(t, string(assertion), fabrikam)
}
