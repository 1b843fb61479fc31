package azuread_test

import (
	"bytes"
	"crypto/x509"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/federation/azuread"
	"github.com/stepwell/stepwell/federation/federationtest"
	"github.com/stepwell/stepwell/federation/saml"
)

func (k *kit) metadata() []byte {
	resp, err := http.Get(k.MetadataURL(contoso, samlApp))
	require.NoError(k.t, err)
	defer resp.Body.Close()
	data := make([]byte, 1<<20)
	n := 0
	for err == nil {
		var m int
		m, err = resp.Body.Read(data[n:])
		n += m
	}
	return data[:n]
}

func TestSAML_SignIn(t *testing.T) {
	k := newKit(t)
	for name, change := range map[string]func(*azuread.SAMLConfig){
		"tenant":   func(*azuread.SAMLConfig) {},
		"domain":   func(c *azuread.SAMLConfig) { c.Tenant = "Contoso.example" },
		"URL":      func(c *azuread.SAMLConfig) { c.Tenant, c.MetadataURL = "", k.MetadataURL(contoso, samlApp) },
		"domain's": func(c *azuread.SAMLConfig) { c.Tenant, c.MetadataURL = "", k.MetadataURL("contoso.example", samlApp) },
		"both":     func(c *azuread.SAMLConfig) { c.MetadataURL = k.MetadataURL(contoso, samlApp) },
		"domain's, pinned": func(c *azuread.SAMLConfig) {
			c.Tenant, c.MetadataURL = contoso, k.MetadataURL("contoso.example", samlApp)
		},
		"capitals": func(c *azuread.SAMLConfig) {
			c.Tenant, c.MetadataURL = "", k.MetadataURL(strings.ToUpper(contoso), samlApp)
		},
		"file":   func(c *azuread.SAMLConfig) { c.Tenant, c.Metadata = "", k.metadata() },
		"pinned": func(c *azuread.SAMLConfig) { c.Metadata = k.metadata() },
		"signed": func(c *azuread.SAMLConfig) { c.SignRequests = true },
	} {
		t.Run(name, func(t *testing.T) {
			k := &kit{Entra: k.Entra, t: t, clock: k.clock, sp: k.sp}
			p := k.samlProvider(change)
			attributes := k.good(p, "alice@contoso.example", contoso, alice)
			for name, values := range map[string][]string{
				"name": {"Alice Adams"}, "given_name": {"Alice"}, "family_name": {"Adams"}, "email": {"alice@contoso.example"}, "email_verified": {"false"},
				"preferred_username": {"alice@contoso.example"}, "groups": groupIDs(2), "roles": {"Admin"}, "amr": {"pwd", "mfa"}, "guest": {"false"},
				"iss": {k.IssuerV1(contoso)}, "idp": {k.IssuerV1(contoso)}, "acr": {federationtest.ContextUnspecified}, saml.EntraObjectID: {alice},
				"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress": {"alice@contoso.example"},
			} {
				require.Equal(t, values, attributes[name], name)
			}
			id, err := p.EntityID(t.Context())
			require.NoError(t, err)
			require.Equal(t, k.IssuerV1(contoso), id)
			require.Same(t, k.sp, p.ServiceProvider())
		})
	}
	away := k.good(k.samlProvider(), "carol@fabrikam.example", contoso, guest)
	require.Equal(t, []string{"true"}, away["guest"])
	require.Equal(t, []string{"carol@fabrikam.example"}, away["email"])
}

func TestNewSAML_Refuses(t *testing.T) {
	k := newKit(t)
	for text, change := range map[string]func(*azuread.SAMLConfig){
		"ServiceProvider is nil":       func(c *azuread.SAMLConfig) { c.ServiceProvider = nil },
		"App Federation Metadata Url":  func(c *azuread.SAMLConfig) { c.AppID, c.ClientSecret = "", "" },
		"or Tenant and AppID":          func(c *azuread.SAMLConfig) { c.Tenant = "" },
		"AppID \"shop\"":               func(c *azuread.SAMLConfig) { c.AppID, c.ClientSecret = "shop", "" },
		"is not a GUID":                func(c *azuread.SAMLConfig) { c.AppID = "shop" },
		"people sign in at one tenant": func(c *azuread.SAMLConfig) { c.Tenant = "common" },
		"neither a GUID":               func(c *azuread.SAMLConfig) { c.Tenant = "contoso" },
		"exclude one another":          func(c *azuread.SAMLConfig) { c.MetadataURL, c.Metadata = k.MetadataURL(contoso, samlApp), k.metadata() },
		"is Cloud right": func(c *azuread.SAMLConfig) {
			c.MetadataURL = "https://evil.example/" + contoso + "/FederationMetadata/2007-06/FederationMetadata.xml"
		},
		"one tenant":               func(c *azuread.SAMLConfig) { c.MetadataURL = k.MetadataURL("common", samlApp) },
		"Tenant is \"" + fabrikam:  func(c *azuread.SAMLConfig) { c.Tenant, c.MetadataURL = fabrikam, k.MetadataURL(contoso, samlApp) },
		"of the tenant " + contoso: func(c *azuread.SAMLConfig) { c.Tenant, c.Metadata = fabrikam, k.metadata() },
		"saml: ":                   func(c *azuread.SAMLConfig) { c.Metadata = []byte("<other/>") },
		"Delegated is for":         func(c *azuread.SAMLConfig) { c.Groups.Delegated = true },
		"Groups.Overage":           func(c *azuread.SAMLConfig) { c.Groups.Overage = "x" },
		"Cloud is":                 func(c *azuread.SAMLConfig) { c.Cloud = "x" },
		"not a tenant of this cloud": func(c *azuread.SAMLConfig) {
			idp, err := federationtest.NewSAML(federationtest.SAMLConfig{BaseURL: "https://idp.example"})
			require.NoError(t, err)
			c.Tenant = ""
			c.Metadata, err = idp.Metadata()
			require.NoError(t, err)
		},
	} {
		p, err := azuread.NewSAML(k.samlConfig(change))
		require.Nil(t, p, text)
		refused(t, err, azuread.InvalidConfig, text)
	}
	_, _, err := k.samlProvider(func(c *azuread.SAMLConfig) { c.Tenant = "nowhere.example" }).Begin(t.Context(), "", state)
	refused(t, err, azuread.TenantUnknown, "nowhere.example")
}

func TestSAML_CertificateRollover(t *testing.T) {
	k := newKit(t)
	p := k.samlProvider()
	k.good(p, "alice@contoso.example", contoso, alice)
	// The next certificate is announced before it signs.
	require.NoError(t, k.AddCertificate(samlApp))
	k.clock.advance(25 * time.Hour)
	k.good(p, "alice@contoso.example", contoso, alice)
	start, pending := k.begin(p)
	k.UseNewestCertificate(samlApp)
	r, err := k.SignIn(jar(t), start, "alice@contoso.example")
	require.NoError(t, err)
	_, _, err = p.Finish(r, pending)
	require.NoError(t, err)
	k.RetireCertificates(samlApp)
	k.good(p, "alice@contoso.example", contoso, alice)
	// It signs without notice.
	k.clock.advance(2 * time.Minute)
	require.NoError(t, k.AddCertificate(samlApp))
	k.UseNewestCertificate(samlApp)
	k.RetireCertificates(samlApp)
	k.good(p, "alice@contoso.example", contoso, alice)
	// A file does not know.
	file := k.samlProvider(func(c *azuread.SAMLConfig) { c.Tenant, c.Metadata = "", k.metadata() })
	require.NoError(t, k.AddCertificate(samlApp))
	k.UseNewestCertificate(samlApp)
	_, _, err = k.signIn(file, "alice@contoso.example")
	refused(t, err, saml.InvalidSignature, "")
}

// The directory signs people in under one name, and out under another.
func TestSAML_Logout(t *testing.T) {
	k := newKit(t)
	for _, tenant := range []string{contoso, "contoso.example"} {
		p := k.samlProvider(func(c *azuread.SAMLConfig) { c.Tenant = tenant })
		browser := jar(t)
		start, pending := k.begin(p)
		r, err := k.SignIn(browser, start, "alice@contoso.example")
		require.NoError(t, err)
		subject, attributes, sid, session, err := p.FinishSession(r, pending)
		require.NoError(t, err)
		require.Equal(t, contoso+"."+alice, subject)
		require.NotEmpty(t, attributes["groups"])
		require.NotEmpty(t, sid)

		address, err := k.SAMLLogoutRequest(samlApp, contoso, "alice@contoso.example", sid, nil)
		require.NoError(t, err)
		subject, sids, answer, err := p.ReceiveLogout(httptest.NewRequest(http.MethodGet, address, nil))
		require.NoError(t, err)
		require.Empty(t, subject)
		require.Equal(t, []string{sid}, sids)
		require.Contains(t, location(t, answer(true)), k.SAMLURL(contoso)+"?SAMLResponse=")

		next, pending, err := p.BeginLogout(t.Context(), session, "", state)
		require.NoError(t, err)
		out, err := k.SignOut(browser, location(t, next))
		require.NoError(t, err)
		require.NoError(t, p.FinishLogout(httptest.NewRequest(http.MethodGet, out.Next, nil), pending))
	}
	p := k.samlProvider()
	for _, sender := range []string{"https://sts.windows.net/" + fabrikam + "/", k.URL() + "/" + fabrikam + "/"} {
		k.SetHooks(federationtest.EntraHooks{SAML: federationtest.SAMLHooks{Logout: func(xml []byte) []byte { return xml }}})
		address, err := k.SAMLLogoutRequest(samlApp, contoso, "alice@contoso.example", "1", func(m *federationtest.SAMLLogout) { m.Issuer = sender })
		require.NoError(t, err)
		_, _, _, err = p.ReceiveLogout(httptest.NewRequest(http.MethodGet, address, nil))
		refused(t, err, saml.InvalidLogout, "")
	}
}

func TestSAML_Unsolicited(t *testing.T) {
	k := newKit(t)
	launch := func() *http.Request {
		r, err := k.SignIn(jar(t), k.LaunchURL(contoso, samlApp), "alice@contoso.example")
		require.NoError(t, err)
		return r
	}
	_, _, _, err := k.samlProvider().FinishUnsolicited(launch())
	refused(t, err, saml.InvalidResponse, "AllowIdPInitiated")
	subject, attributes, _, err := k.samlProvider(func(c *azuread.SAMLConfig) { c.AllowIdPInitiated = true }).FinishUnsolicited(launch())
	require.NoError(t, err)
	require.Equal(t, contoso+"."+alice, subject)
	require.Equal(t, []string{"Alice Adams"}, attributes["name"])
}

func TestSAML_Hints(t *testing.T) {
	k := newKit(t)
	p := k.samlProvider()
	for hint, want := range map[string]string{"bob@contoso.example": "bob@contoso.example", "": "", "bob\n": ""} {
		next, _, err := p.BeginHint(t.Context(), "", state, hint)
		require.NoError(t, err)
		u, err := url.Parse(location(t, next))
		require.NoError(t, err)
		require.Equal(t, want, u.Query().Get("login_hint"))
	}
	_, _, err := p.Begin(t.Context(), "https://elsewhere.example", state)
	refused(t, err, saml.InvalidRequest, "elsewhere")
}

// An encrypted assertion, which the directory encrypts with AES-CBC.
func TestSAML_Encrypted(t *testing.T) {
	k := newKit(t, func(c *federationtest.EntraConfig) { c.Apps[3].SAML.EncryptionCertificate = keyPair().certificate })
	sp, err := saml.New(saml.Config{
		PoolID: poolID, BaseURL: baseURL, Decryption: []saml.DecryptionKey{{Key: keyPair().key}}, Now: k.clock.Now,
		Replay: saml.NewMemoryReplayStore(), InsecureAllowHTTP: true,
	})
	require.NoError(t, err)
	set := func(c *azuread.SAMLConfig) { c.ServiceProvider = sp }
	_, _, err = k.signIn(k.samlProvider(set), "alice@contoso.example")
	refused(t, err, saml.DecryptionFailed, "")
	k.good(k.samlProvider(set, func(c *azuread.SAMLConfig) { c.InsecureAllowCBC, c.RequireEncryption = true, true }), "alice@contoso.example", contoso, alice)
}

// Names that an administrator has given to claims, and what is not an address.
func TestSAML_OwnNames(t *testing.T) {
	k := newKit(t, func(c *federationtest.EntraConfig) {
		c.Apps[3].SAML.Claims = []federationtest.EntraClaim{
			{Name: "department", Source: `"Sales"`}, {Name: "groups", Source: `"admins"`}, {Name: "amr", Source: `"mfa"`}, {Name: "email", Source: `"alice@contoso.example@evil.example"`},
		}
		c.Apps[3].GroupMembershipClaims = federationtest.GroupsNone
		c.Apps[3].SAML.RequestCertificates = []*x509.Certificate{keyPair().certificate}
		c.Apps[3].SAML.RequireSignedRequests = true
	})
	attributes := k.good(k.samlProvider(func(c *azuread.SAMLConfig) { c.SignRequests = true }), "bob@contoso.example", contoso, bob)
	require.Equal(t, []string{"Sales"}, attributes["department"])
	require.Equal(t, []string{"admins"}, attributes["groups"])
	require.Equal(t, []string{"pwd"}, attributes["amr"])
	require.NotContains(t, attributes, "email")
	require.NotContains(t, attributes, "email_verified")
}

// Metadata at the tenant's address that is of another identity provider.
func TestR3_MetadataOfAnotherTenant(t *testing.T) {
	k := newKit(t)
	k.SetHooks(federationtest.EntraHooks{SAML: federationtest.SAMLHooks{Metadata: func(xml []byte) []byte {
		return bytes.ReplaceAll(xml, []byte("https://sts.windows.net/"+contoso), []byte("https://sts.windows.net/"+fabrikam))
	}}})
	for _, tenant := range []string{contoso, "contoso.example"} {
		_, _, err := k.samlProvider(func(c *azuread.SAMLConfig) { c.Tenant = tenant }).Begin(t.Context(), "", state)
		e := refused(t, err, saml.MetadataFailed, contoso)
		require.True(t, e.Temporary())
	}
	// So it is for a domain, whoever it is of, where the tenant is given.
	k.SetHooks(federationtest.EntraHooks{})
	_, _, err := k.samlProvider(func(c *azuread.SAMLConfig) {
		c.Tenant, c.MetadataURL = fabrikam, k.MetadataURL("contoso.example", samlApp)
	}).Begin(t.Context(), "", state)
	refused(t, err, saml.MetadataFailed, fabrikam)
}
