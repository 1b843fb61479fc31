package azuread_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/federation"
	"github.com/stepwell/stepwell/federation/azuread"
	"github.com/stepwell/stepwell/federation/federationtest"
	"github.com/stepwell/stepwell/federation/saml"
)

const (
	contoso  = federationtest.ContosoTenantID
	fabrikam = "fab41ca0-0000-4000-8000-000000000002"
	stranger = "5742a4e5-0000-4000-8000-000000000003"
	personal = azuread.PersonalAccounts

	// The apps: of one tenant, of several, of several and personal accounts, and by SAML.
	single   = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"
	several  = "3f2504e0-4f89-41d3-9a0c-0305e82c3302"
	everyone = "3f2504e0-4f89-41d3-9a0c-0305e82c3303"
	samlApp  = "3f2504e0-4f89-41d3-9a0c-0305e82c3304"

	alice   = "a11ce000-0000-4000-8000-000000000001"
	bob     = "b0b00000-0000-4000-8000-000000000002"
	crowded = "c4031ed0-0000-4000-8000-000000000003"
	carol   = "ca401000-0000-4000-8000-000000000004"
	guest   = "94e57000-0000-4000-8000-000000000005"
	mallory = "3a110470-0000-4000-8000-000000000006"
	pat     = "00000000-0000-0000-0a7a-000000000007"

	callbackURL  = "https://shop.example/callback"
	returnURL    = "https://shop.example/signed-out"
	clientSecret = "canary~client~secret"
	state        = "canary-state-0123456789"

	poolID  = "eu-central-1_Example"
	baseURL = "https://login.shop.example"
	entity  = "urn:amazon:cognito:sp:" + poolID
)

// clock can be moved on.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// kit is a directory with three organizations and personal accounts.
type kit struct {
	*federationtest.Entra
	t     *testing.T
	clock *clock
	sp    *saml.ServiceProvider
}

// groupIDs are n object IDs.
func groupIDs(n int) []string {
	ids := make([]string, n)
	for i := range ids {
		ids[i] = fmt.Sprintf("90009000-0000-4000-8000-%012d", i)
	}
	return ids
}

func newKit(t *testing.T, changes ...func(*federationtest.EntraConfig)) *kit {
	t.Helper()
	k := &kit{t: t, clock: &clock{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}}
	k.sp = k.serviceProvider()
	config := directory()
	config.Now = k.clock.Now
	config.Apps[3].SAML.RequestCertificates = []*x509.Certificate{keyPair().certificate}
	for _, change := range changes {
		change(&config)
	}
	k.Entra = federationtest.NewEntraServer(t, config)
	return k
}

func (k *kit) serviceProvider() *saml.ServiceProvider {
	sp, err := saml.New(saml.Config{
		PoolID: poolID, BaseURL: baseURL, Key: keyPair().key, Certificate: keyPair().certificate, Now: k.clock.Now,
		Replay: saml.NewMemoryReplayStore(), InsecureAllowHTTP: true,
	})
	require.NoError(k.t, err)
	return sp
}

func directory() federationtest.EntraConfig {
	app := func(id, audience string) federationtest.EntraApp {
		return federationtest.EntraApp{
			ClientID: id, SignInAudience: audience, RedirectURIs: []string{callbackURL, returnURL}, LogoutURL: "https://shop.example/frontchannel",
			Secrets: []string{clientSecret}, ExpiredSecrets: []string{"old~secret"}, Certificates: []*x509.Certificate{keyPair().certificate},
			OptionalClaims:              []string{"acct", "auth_time", "sid", "login_hint", "xms_edov"},
			GroupMembershipClaims:       federationtest.GroupsSecurity,
			AppRoles:                    map[string][]string{alice: {"Admin"}},
			GraphPermissions:            []string{"User.Read", "GroupMember.Read.All"},
			GraphApplicationPermissions: []string{"User.ReadBasic.All", "GroupMember.Read.All"},
		}
	}
	config := federationtest.EntraConfig{
		Tenants: []federationtest.EntraTenant{
			{ID: contoso, Domains: []string{"contoso.example", "contoso.onmicrosoft.example"}, Users: []federationtest.EntraUser{
				{ObjectID: alice, UserPrincipalName: "alice@contoso.example", Mail: "alice@contoso.example", DisplayName: "Alice Adams", GivenName: "Alice",
					Surname: "Adams", Groups: groupIDs(2), MFA: true, DirectoryRoles: []string{"62e90394-69f5-4237-9190-012177145e10"}},
				{ObjectID: bob, UserPrincipalName: "bob@contoso.example", Mail: "bob@contoso.example", DisplayName: "Bob"},
				{ObjectID: crowded, UserPrincipalName: "crowded@contoso.example", Mail: "crowded@contoso.example", DisplayName: "Crowded", Groups: groupIDs(201)},
				{ObjectID: guest, UserPrincipalName: "carol_fabrikam.example#EXT#@contoso.example", Mail: "carol@fabrikam.example", DisplayName: "Carol", Guest: true, HomeTenant: fabrikam},
			}},
			{ID: fabrikam, Domains: []string{"fabrikam.example"}, Users: []federationtest.EntraUser{
				{ObjectID: carol, UserPrincipalName: "carol@fabrikam.example", Mail: "carol@fabrikam.example", DisplayName: "Carol"},
			}},
			{ID: stranger, Domains: []string{"stranger.example"}, Users: []federationtest.EntraUser{
				{ObjectID: mallory, UserPrincipalName: "mallory@stranger.example", Mail: "alice@contoso.example", DisplayName: "Alice Adams"},
			}},
			{ID: personal, Users: []federationtest.EntraUser{
				{ObjectID: pat, UserPrincipalName: "pat@outlook.example", Mail: "pat@outlook.example", DisplayName: "Pat"},
			}},
		},
		Apps: []federationtest.EntraApp{
			app(single, federationtest.AudienceMyOrg), app(several, federationtest.AudienceMultipleOrgs),
			app(everyone, federationtest.AudienceOrgsAndPersonal), app(samlApp, federationtest.AudienceMyOrg),
		},
	}
	config.Apps[3].SAML = &federationtest.EntraSAML{
		Identifiers: []string{entity}, ReplyURLs: []string{baseURL + "/saml2/idpresponse"}, LogoutURL: baseURL + "/saml2/logout",
	}
	return config
}

// config is what an administrator fills in for an app of one tenant.
func (k *kit) config(changes ...func(*azuread.Config)) azuread.Config {
	config := azuread.Config{
		Tenant: contoso, ClientID: single, ClientSecret: clientSecret, Now: k.clock.Now, InsecureAllowHTTP: true,
		InsecureEndpoints: azuread.Endpoints{LoginURL: k.URL(), GraphURL: k.GraphURL()},
	}
	for _, change := range changes {
		change(&config)
	}
	return config
}

func (k *kit) provider(changes ...func(*azuread.Config)) *azuread.Provider {
	k.t.Helper()
	p, err := azuread.New(k.config(changes...))
	require.NoError(k.t, err)
	return p
}

func (k *kit) samlConfig(changes ...func(*azuread.SAMLConfig)) azuread.SAMLConfig {
	config := azuread.SAMLConfig{
		ServiceProvider: k.sp, Tenant: contoso, AppID: samlApp, ClientSecret: clientSecret, Now: k.clock.Now, InsecureAllowHTTP: true,
		InsecureEndpoints: azuread.Endpoints{LoginURL: k.URL(), GraphURL: k.GraphURL()},
	}
	for _, change := range changes {
		change(&config)
	}
	return config
}

func (k *kit) samlProvider(changes ...func(*azuread.SAMLConfig)) *azuread.SAMLProvider {
	k.t.Helper()
	p, err := azuread.NewSAML(k.samlConfig(changes...))
	require.NoError(k.t, err)
	return p
}

func jar(t *testing.T) *http.Client {
	j, err := cookiejar.New(nil)
	require.NoError(t, err)
	return &http.Client{Jar: j}
}

// location is where next sends the browser.
func location(t *testing.T, next http.Handler) string {
	t.Helper()
	w := httptest.NewRecorder()
	next.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	require.Equal(t, http.StatusSeeOther, w.Code)
	return w.Header().Get("Location")
}

// begin begins a sign-in of either protocol.
func (k *kit) begin(p federation.Provider) (start string, pending []byte) {
	k.t.Helper()
	callback := callbackURL
	if _, ok := p.(*azuread.SAMLProvider); ok {
		callback = ""
	}
	next, pending, err := p.Begin(k.t.Context(), callback, state)
	require.NoError(k.t, err)
	return location(k.t, next), pending
}

// signIn goes all the way; the error is that of the application's last step.
func (k *kit) signIn(p federation.Provider, name string) (string, map[string][]string, error) {
	k.t.Helper()
	start, pending := k.begin(p)
	r, err := k.SignIn(jar(k.t), start, name)
	require.NoError(k.t, err)
	return p.Finish(r, pending)
}

// good requires that a sign-in goes well, as the account object in tenant.
func (k *kit) good(p federation.Provider, name, tenant, object string) map[string][]string {
	k.t.Helper()
	subject, attributes, err := k.signIn(p, name)
	require.NoError(k.t, err)
	require.Equal(k.t, tenant+"."+object, subject)
	require.Equal(k.t, []string{tenant}, attributes["tid"])
	require.Equal(k.t, []string{object}, attributes["oid"])
	return attributes
}

// refused requires an *azuread.Error of code which says text and no secret.
func refused(t *testing.T, err error, code error, text string) *azuread.Error {
	t.Helper()
	require.ErrorIs(t, err, code)
	var e *azuread.Error
	require.ErrorAs(t, err, &e)
	require.Contains(t, err.Error(), text)
	for _, shown := range []string{fmt.Sprintf("%v %+v %#v", err, err, err), azuread.Explain(err)} {
		for _, secret := range []string{"canary", "eyJ", "old~secret"} {
			require.NotContains(t, shown, secret)
		}
	}
	return e
}

type pair struct {
	key         *rsa.PrivateKey
	certificate *x509.Certificate
}

// keyPair is a key with a certificate for it: of the client, and of the service provider.
var keyPair = sync.OnceValue(func() pair { return newPair("shop.example") })

func newPair(name string) pair {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2029, 1, 1, 0, 0, 0, 0, time.UTC),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		panic(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	return pair{key, certificate}
}

// counting counts requests by path.
type counting struct {
	mu    sync.Mutex
	seen  map[string]int
	hosts map[string]int
}

func (c *counting) RoundTrip(r *http.Request) (*http.Response, error) {
	c.mu.Lock()
	if c.seen == nil {
		c.seen, c.hosts = make(map[string]int), make(map[string]int)
	}
	c.seen[r.URL.Path]++
	c.hosts[r.URL.Host]++
	c.mu.Unlock()
	return http.DefaultTransport.RoundTrip(r)
}

func (c *counting) count(path string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.seen[path]
}

func (c *counting) client() *http.Client { return &http.Client{Transport: c} }

func host(t *testing.T, address string) string {
	u, err := url.Parse(address)
	require.NoError(t, err)
	return u.Host
}

// loginVerifier is what package identitypool asks for.
type loginVerifier interface {
	VerifyLogin(ctx context.Context, token string) (map[string]any, error)
}

var _, _ loginVerifier = (*azuread.Provider)(nil), (*azuread.SAMLProvider)(nil)

// header is the header of a token.
func header(t *testing.T, compact string) (members map[string]any) {
	first, _, _ := strings.Cut(compact, ".")
	data, err := base64.RawURLEncoding.DecodeString(first)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, &members))
	return members
}
