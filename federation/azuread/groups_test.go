package azuread_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/federation"
	"github.com/stepwell/stepwell/federation/azuread"
	"github.com/stepwell/stepwell/federation/federationtest"
)

const manyPath = "/v1.0/users/" + crowded + "/getMemberObjects"

func TestGroups_Overage(t *testing.T) {
	k := newKit(t)
	var count counting
	for name, p := range map[string]federation.Provider{
		"application": k.provider(func(c *azuread.Config) { c.HTTPClient = count.client() }),
		"delegated":   k.provider(func(c *azuread.Config) { c.Groups.Delegated, c.HTTPClient = true, count.client() }),
		"by scope":    k.provider(func(c *azuread.Config) { c.Scopes, c.HTTPClient = []string{"GroupMember.Read.All"}, count.client() }),
		"version 1":   k.provider(v1, func(c *azuread.Config) { c.Groups.Delegated, c.HTTPClient = true, count.client() }),
		"certificate": k.provider(func(c *azuread.Config) {
			c.ClientSecret, c.Key, c.Certificate, c.HTTPClient = "", keyPair().key, keyPair().certificate, count.client()
		}),
		"SAML": k.samlProvider(func(c *azuread.SAMLConfig) { c.HTTPClient = count.client() }),
		"SAML certificate": k.samlProvider(func(c *azuread.SAMLConfig) {
			c.ClientSecret, c.Key, c.Certificate, c.HTTPClient = "", keyPair().key, keyPair().certificate, count.client()
		}),
	} {
		attributes := k.good(p, "crowded@contoso.example", contoso, crowded)
		require.Equal(t, groupIDs(201), attributes["groups"], name)
		require.NotContains(t, attributes, azuread.AttributeGroupsMissing)
		k.good(p, "alice@contoso.example", contoso, alice)
	}
	require.Equal(t, 7, count.count(manyPath))
	require.Zero(t, count.count("/v1.0/users/"+alice+"/getMemberObjects"), "Graph is not asked about people with few groups")
	require.Equal(t, 4, count.count("/"+contoso+"/oauth2/v2.0/token")-8, "four providers have tokens of their own") // 4 sign-ins, twice
	require.Len(t, count.hosts, 1, "the address that the token names is not asked: %v", count.hosts)
}

func TestGroups_SAMLAbove150(t *testing.T) {
	k := newKit(t)
	require.NoError(t, k.SetUser(contoso, federationtest.EntraUser{ObjectID: bob, UserPrincipalName: "bob@contoso.example", Groups: groupIDs(151)}))
	require.Len(t, k.good(k.samlProvider(), "bob@contoso.example", contoso, bob)["groups"], 151)
	require.Len(t, k.good(k.provider(), "bob@contoso.example", contoso, bob)["groups"], 151)

	without := k.samlProvider(func(c *azuread.SAMLConfig) { c.ClientSecret = "" })
	_, _, err := k.signIn(without, "bob@contoso.example")
	refused(t, err, azuread.GroupsFailed, "no credential")
	k.good(without, "alice@contoso.example", contoso, alice)

	response, err := k.SAMLResponse(samlApp, contoso, "bob@contoso.example", "", nil)
	require.NoError(t, err)
	claims, err := k.samlProvider(func(c *azuread.SAMLConfig) { c.AllowIdPInitiated = true }).VerifyLogin(t.Context(), response)
	require.NoError(t, err)
	require.Equal(t, contoso+"."+bob, claims["sub"])
	require.Len(t, claims["groups"], 151)
	require.Equal(t, []any{"pwd"}, claims["amr"])
}

func TestGroups_KindsOfGroups(t *testing.T) {
	const unified = "90009000-0000-4000-8000-00000000ffff"
	k := newKit(t, func(c *federationtest.EntraConfig) {
		c.Tenants[0].Groups = []federationtest.EntraGroup{{ID: unified, Unified: true}}
		c.Tenants[0].Users[2].Groups = append(groupIDs(201), unified)
	})
	require.NotContains(t, k.good(k.provider(), "crowded@contoso.example", contoso, crowded)["groups"], unified)
	require.Contains(t, k.good(k.provider(func(c *azuread.Config) { c.Groups.All = true }), "crowded@contoso.example", contoso, crowded)["groups"], unified)
}

func TestGroups_GraphRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*federationtest.EntraConfig)
		hooks  federationtest.EntraHooks
		config func(*azuread.Config)
		text   string
	}{
		"no application permission": {
			change: func(c *federationtest.EntraConfig) { c.Apps[0].GraphApplicationPermissions = []string{"User.Read.All"} },
			text:   "grant the application permissions User.ReadBasic.All and GroupMember.Read.All",
		},
		"no delegated permission": {
			config: func(c *azuread.Config) { c.Scopes = []string{"Directory.Read.All"} },
			change: func(c *federationtest.EntraConfig) { c.Apps[0].GraphPermissions = []string{"Directory.Read.All"} },
			hooks:  graphAnswers(http.StatusForbidden, "application/json", `{"error":{"code":"Authorization_RequestDenied"}}`), text: "grant the delegated permissions",
		},
		"not found":    {hooks: graphAnswers(404, "application/json", `{"error":{"code":"Request_ResourceNotFound","message":"canary"}}`), text: "not in the tenant any more"},
		"too many":     {hooks: graphAnswers(429, "application/json", `{"error":{"code":"TooManyRequests"}}`), text: "asked too often"},
		"too large":    {hooks: graphAnswers(400, "application/json", `{"error":{"code":"Directory_ResultSizeLimitExceeded"}}`), text: "more than 11000 groups"},
		"unavailable":  {hooks: graphAnswers(503, "application/json", `{}`), text: "status 503"},
		"HTML":         {hooks: graphAnswers(200, "text/html", `<p>canary`), text: "no application/json"},
		"no JSON":      {hooks: graphAnswers(200, "application/json", `canary`), text: "not a list of object IDs"},
		"no value":     {hooks: graphAnswers(200, "application/json", `{}`), text: "no list of object IDs"},
		"no GUIDs":     {hooks: graphAnswers(200, "application/json", `{"value":["admins"]}`), text: `"admins"`},
		"bomb":         {hooks: graphAnswers(200, "application/json", `{"value":["`+strings.Repeat("a", 2<<20)+`"]}`), text: "longer than"},
		"redirect":     {hooks: graphRedirects("http://evil.example/"), text: "status 302"},
		"10 MB":        {hooks: graphAnswers(200, "application/json", `{"value":[`+strings.Repeat(" ", 10<<20)+`]}`), text: "longer than"},
		"unauthorized": {hooks: graphAnswers(401, "application/json", `{"error":{"code":"InvalidAuthenticationToken"}}`), text: "does not accept the application's access token"},
	} {
		t.Run(name, func(t *testing.T) {
			var changes []func(*federationtest.EntraConfig)
			if c.change != nil {
				changes = append(changes, c.change)
			}
			k := newKit(t, changes...)
			k.SetHooks(c.hooks)
			if c.config == nil {
				c.config = func(*azuread.Config) {}
			}
			_, _, err := k.signIn(k.provider(c.config), "crowded@contoso.example")
			refused(t, err, azuread.GroupsFailed, c.text)
			require.NotEmpty(t, azuread.Explain(err))

			attributes := k.good(k.provider(c.config, func(c *azuread.Config) { c.Groups.Overage = azuread.OverageWithout }), "crowded@contoso.example", contoso, crowded)
			require.NotContains(t, attributes, "groups")
			require.Contains(t, attributes[azuread.AttributeGroupsMissing][0], c.text)
		})
	}
}

func graphAnswers(status int, contentType, body string) federationtest.EntraHooks {
	return federationtest.EntraHooks{Respond: func(endpoint string, w http.ResponseWriter, _ *http.Request) bool {
		if endpoint != federationtest.EndpointGraph {
			return false
		}
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
		return true
	}}
}

func graphRedirects(to string) federationtest.EntraHooks {
	return federationtest.EntraHooks{Respond: func(endpoint string, w http.ResponseWriter, r *http.Request) bool {
		if endpoint == federationtest.EndpointGraph {
			http.Redirect(w, r, to, http.StatusFound)
		}
		return endpoint == federationtest.EndpointGraph
	}}
}

func TestGroups_Ignore(t *testing.T) {
	k := newKit(t)
	var count counting
	attributes := k.good(k.provider(func(c *azuread.Config) { c.Groups.Overage, c.HTTPClient = azuread.OverageIgnore, count.client() }),
		"crowded@contoso.example", contoso, crowded)
	require.NotContains(t, attributes, "groups")
	require.NotEmpty(t, attributes[azuread.AttributeGroupsMissing])
	require.Zero(t, count.count(manyPath))
}

// roundTripper is a transport made of a function.
type roundTripper func(r *http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// Pages are followed at Graph, and nowhere else: the access token goes along.
func TestGroups_Pages(t *testing.T) {
	k := newKit(t)
	asked, next, value := 0, "", ""
	graph := func(r *http.Request) (*http.Response, error) {
		if !strings.HasPrefix(r.URL.Path, "/v1.0/") {
			return http.DefaultTransport.RoundTrip(r)
		}
		require.Equal(t, host(t, k.GraphURL()), r.URL.Host)
		require.Contains(t, r.Header.Get("Authorization"), "Bearer ")
		w := httptest.NewRecorder()
		w.Header().Set("Content-Type", "application/json;odata.metadata=minimal")
		asked++
		_, _ = fmt.Fprintf(w, `{"value":[%s],"@odata.nextLink":%q}`, value, next)
		if asked == 2 && value != "" {
			require.Equal(t, http.MethodGet, r.Method)
			next = ""
			w.Body.Reset()
			_, _ = fmt.Fprintf(w, `{"value":[%s,%s]}`, value, strings.ToUpper(value))
		}
		return w.Result(), nil
	}
	p := k.provider(func(c *azuread.Config) { c.HTTPClient = &http.Client{Transport: roundTripper(graph)} })
	next, value = k.GraphURL()+"/v1.0/users/next?$skiptoken=1", `"`+alice+`"`
	require.Equal(t, []string{alice}, k.good(p, "crowded@contoso.example", contoso, crowded)["groups"])
	require.Equal(t, 2, asked)
	for _, foreign := range []string{
		"http://evil.example/v1.0/users/next", "https://" + host(t, k.URL()) + "/v1.0/users/next", k.GraphURL() + "/other", "//evil.example/v1.0/", "/v1.0/users/next",
		strings.Replace(k.GraphURL(), "://", "://user@", 1) + "/v1.0/users", k.GraphURL() + ".evil.example/v1.0/users", "%",
	} {
		asked, next = 0, foreign
		_, _, err := k.signIn(p, "crowded@contoso.example")
		refused(t, err, azuread.GroupsFailed, "not Graph's")
		require.Equal(t, 1, asked)
	}
	next, value = k.GraphURL()+"/v1.0/users/next", "" // without end
	_, _, err := k.signIn(p, "crowded@contoso.example")
	refused(t, err, azuread.GroupsFailed, "more than 128 pages")
}

func TestGroups_ElevenThousand(t *testing.T) {
	k := newKit(t, func(c *federationtest.EntraConfig) { c.Tenants[0].Users[2].Groups = groupIDs(11_000) })
	p := k.provider()
	require.Len(t, k.good(p, "crowded@contoso.example", contoso, crowded)["groups"], 11_000)
	require.NoError(t, k.SetUser(contoso, federationtest.EntraUser{ObjectID: crowded, UserPrincipalName: "crowded@contoso.example", Groups: groupIDs(11_001)}))
	_, _, err := k.signIn(p, "crowded@contoso.example")
	refused(t, err, azuread.GroupsFailed, "11000")
	k.SetHooks(federationtest.EntraHooks{Respond: func(endpoint string, w http.ResponseWriter, r *http.Request) bool {
		if endpoint != federationtest.EndpointGraph {
			return false
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{"value": groupIDs(11_001)})
		return true
	}})
	_, _, err = k.signIn(p, "crowded@contoso.example")
	refused(t, err, azuread.GroupsFailed, "11000")
}

// A token of the application's own is kept until shortly before its end, asked for once by many, and again when
// Graph does not take it any more.
func TestGroups_ApplicationToken(t *testing.T) {
	k := newKit(t)
	var asked atomic.Int32
	hold := make(chan struct{})
	hooks := federationtest.EntraHooks{Respond: func(endpoint string, _ http.ResponseWriter, r *http.Request) bool {
		if endpoint == federationtest.EndpointToken && r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/v2.0/token") && r.FormValue("grant_type") == "client_credentials" {
			asked.Add(1)
			<-hold
		}
		return false
	}, MutateToken: func(answer map[string]any) {
		if answer["id_token"] == nil {
			answer["expires_in"] = 3600
		}
	}}
	k.SetHooks(hooks)
	p := k.provider()
	token, err := k.IDToken(single, contoso, "crowded@contoso.example", nil)
	require.NoError(t, err)
	verify := func() {
		claims, err := p.VerifyLogin(t.Context(), token)
		if err != nil || len(claims["groups"].([]any)) != 201 {
			t.Errorf("VerifyLogin: %v", err)
		}
	}
	var waiting sync.WaitGroup
	for range 20 {
		waiting.Go(verify)
	}
	require.Eventually(t, func() bool { return asked.Load() == 1 }, 5*time.Second, time.Millisecond)
	time.Sleep(50 * time.Millisecond)
	close(hold)
	waiting.Wait()
	require.Equal(t, int32(1), asked.Load())
	k.clock.advance(54 * time.Minute)
	token, err = k.IDToken(single, contoso, "crowded@contoso.example", nil)
	require.NoError(t, err)
	verify()
	require.Equal(t, int32(1), asked.Load())
	k.clock.advance(2 * time.Minute)
	token, err = k.IDToken(single, contoso, "crowded@contoso.example", nil)
	require.NoError(t, err)
	verify()
	require.Equal(t, int32(2), asked.Load())

	var once sync.Once
	revoking := hooks
	revoking.Respond = func(endpoint string, w http.ResponseWriter, r *http.Request) (done bool) {
		if endpoint == federationtest.EndpointGraph {
			once.Do(func() {
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(http.StatusUnauthorized)
				_, _ = w.Write([]byte(`{"error":{"code":"InvalidAuthenticationToken"}}`))
				done = true
			})
			return done
		}
		return hooks.Respond(endpoint, w, r)
	}
	k.SetHooks(revoking)
	verify()
	require.Equal(t, int32(3), asked.Load())
}

func TestGroups_NoApplicationToken(t *testing.T) {
	k := newKit(t)
	for name, c := range map[string]struct {
		answer func(map[string]any)
		text   string
	}{
		"no token":  {func(a map[string]any) { delete(a, "access_token") }, "no usable access token"},
		"type":      {func(a map[string]any) { a["token_type"] = "mac" }, "no usable access token"},
		"two lines": {func(a map[string]any) { a["access_token"] = "canary\r\nX: y" }, "no usable access token"},
	} {
		k.SetHooks(federationtest.EntraHooks{MutateToken: func(answer map[string]any) {
			if answer["id_token"] == nil {
				c.answer(answer)
			}
		}})
		_, _, err := k.signIn(k.provider(), "crowded@contoso.example")
		refused(t, err, azuread.GroupsFailed, c.text)
		_ = name
	}
	k.SetHooks(federationtest.EntraHooks{Refuse: func(endpoint string, r *http.Request) *federationtest.EntraError {
		if endpoint == federationtest.EndpointToken && r.FormValue("grant_type") == "client_credentials" {
			return &federationtest.EntraError{Code: 7000222, OAuth: "invalid_client", Message: "expired"}
		}
		return nil
	}})
	_, _, err := k.signIn(k.provider(), "crowded@contoso.example")
	refused(t, err, azuread.GroupsFailed, "AADSTS7000222")
	public := k.provider(func(c *azuread.Config) { c.ClientSecret, c.PublicClient = "", true })
	token, err := k.IDToken(single, contoso, "crowded@contoso.example", nil)
	require.NoError(t, err)
	_, err = public.VerifyLogin(t.Context(), token)
	refused(t, err, azuread.GroupsFailed, "no credential")
}

// The claim hasgroups says the same as _claim_names.
func TestGroups_HasGroups(t *testing.T) {
	k := newKit(t)
	for _, value := range []any{true, "true"} {
		k.SetHooks(federationtest.EntraHooks{MutateIDToken: func(claims map[string]any) { claims["hasgroups"] = value; delete(claims, "groups") }})
		attributes := k.good(k.provider(), "alice@contoso.example", contoso, alice)
		require.Equal(t, groupIDs(2), attributes["groups"])
		require.NotContains(t, attributes, "hasgroups")
	}
}
