package azuread_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"io"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/federation/azuread"
	"github.com/stepwell/stepwell/federation/federationtest"
	"github.com/stepwell/stepwell/federation/oidc"
)

func TestNew_Refuses(t *testing.T) {
	elliptical, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	for text, change := range map[string]func(*azuread.Config){
		"Tenant is empty":                 func(c *azuread.Config) { c.Tenant = "" },
		"neither a GUID nor a domain":     func(c *azuread.Config) { c.Tenant = "contoso" },
		`Tenant "contoso.example/x"`:      func(c *azuread.Config) { c.Tenant = "contoso.example/x" },
		"has to say which organizations":  func(c *azuread.Config) { c.Tenant = "common" },
		"contradicts":                     func(c *azuread.Config) { organizations(c); c.AllowAnyTenant = true },
		"is one tenant":                   func(c *azuread.Config) { c.AllowAnyTenant = true },
		"to pin the ID of a domain":       func(c *azuread.Config) { c.AllowedTenants = []string{contoso} },
		"which is not a tenant ID":        func(c *azuread.Config) { organizations(c); c.AllowedTenants = []string{"contoso.example"} },
		"set AllowPersonalAccounts":       func(c *azuread.Config) { c.Tenant = "consumers" },
		"no personal account can sign in": func(c *azuread.Config) { c.AllowPersonalAccounts = true },
		"V1 needs one tenant":             func(c *azuread.Config) { organizations(c); c.V1 = true },
		"Cloud is":                        func(c *azuread.Config) { c.Cloud = "moon" },
		"Application (client) ID":         func(c *azuread.Config) { c.ClientID = "shop" },
		"there is no ClientSecret":        func(c *azuread.Config) { c.ClientSecret = "" },
		"PublicClient means":              func(c *azuread.Config) { c.PublicClient = true },
		"exclude one another":             func(c *azuread.Config) { c.Key, c.Certificate = keyPair().key, keyPair().certificate },
		"belong together":                 func(c *azuread.Config) { c.ClientSecret, c.Key = "", keyPair().key },
		"not RSA":                         func(c *azuread.Config) { c.ClientSecret, c.Key, c.Certificate = "", elliptical, keyPair().certificate },
		"oidc: ": func(c *azuread.Config) {
			c.ClientSecret, c.Key, c.Certificate = "", newPair("x").key, keyPair().certificate
		},
		"form of a secret's ID":      func(c *azuread.Config) { c.ClientSecret = single },
		"Groups.Overage":             func(c *azuread.Config) { c.Groups.Overage = "never" },
		"is not https":               func(c *azuread.Config) { c.InsecureAllowHTTP = false },
		"is not a URL without query": func(c *azuread.Config) { c.InsecureEndpoints.GraphURL += "/" },
		"oidc: Prompt":               func(c *azuread.Config) { c.Prompt = "never" },
		"oidc: Scopes":               func(c *azuread.Config) { domain(c); c.Scopes = []string{"a b"} },
	} {
		config := azuread.Config{
			Tenant: contoso, ClientID: single, ClientSecret: clientSecret, InsecureAllowHTTP: true,
			InsecureEndpoints: azuread.Endpoints{LoginURL: "http://localhost:1", GraphURL: "http://localhost:1"},
		}
		change(&config)
		p, err := azuread.New(config)
		require.Nil(t, p, text)
		refused(t, err, azuread.InvalidConfig, text)
	}
}

// New asks nobody, and what it needs is what an administrator has at hand.
func TestNew_Clouds(t *testing.T) {
	for cloud, login := range map[azuread.Cloud]string{
		"": "login.microsoftonline.com", azuread.Public: "login.microsoftonline.com", azuread.USGovernment: "login.microsoftonline.us",
		azuread.USGovernmentDoD: "login.microsoftonline.us", azuread.China: "login.partner.microsoftonline.cn",
	} {
		graph := map[azuread.Cloud]string{
			azuread.USGovernment: "graph.microsoft.us", azuread.USGovernmentDoD: "dod-graph.microsoft.us", azuread.China: "microsoftgraph.chinacloudapi.cn",
		}[cloud]
		if graph == "" {
			graph = "graph.microsoft.com"
		}
		sts := "https://sts.windows.net"
		if cloud == azuread.China {
			sts = "https://sts.chinacloudapi.cn"
		}
		config := directory()
		config.LoginURL, config.GraphURL, config.STSURL = "https://"+login, "https://"+graph, sts
		clock := &clock{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
		config.Now = clock.Now
		e, err := federationtest.NewEntra(config)
		require.NoError(t, err)
		k := &kit{Entra: e, t: t, clock: clock}
		for _, v1 := range []bool{false, true} {
			var hosts []string
			client := &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
				hosts = append(hosts, r.URL.Host)
				return e.HTTPClient().Do(r)
			})}
			p, err := azuread.New(azuread.Config{
				Tenant: contoso, ClientID: single, ClientSecret: clientSecret, Cloud: cloud, V1: v1, Now: clock.Now, HTTPClient: client,
			})
			require.NoError(t, err)
			require.Empty(t, hosts)
			start, pending := k.begin(p)
			browser := e.HTTPClient()
			browser.Jar = jar(t).Jar
			r, err := e.SignIn(browser, start, "crowded@contoso.example")
			require.NoError(t, err)
			subject, attributes, err := p.Finish(r, pending)
			require.NoError(t, err)
			require.Equal(t, contoso+"."+crowded, subject)
			require.Len(t, attributes["groups"], 201)
			require.Contains(t, hosts, graph)
			require.Contains(t, hosts, login)
		}
	}
}

func TestCredentials(t *testing.T) {
	issuer := newPair("issuer")
	k := newKit(t, func(c *federationtest.EntraConfig) {
		c.Apps[0].FederatedCredentials = []federationtest.FederatedCredential{{Issuer: "https://workload.example", Subject: "shop", Keys: nil}}
		c.Apps[0].FederatedCredentials[0].Keys = append(c.Apps[0].FederatedCredentials[0].Keys, issuer.key.Public())
		c.Apps[1].Public, c.Apps[1].Secrets, c.Apps[1].SignInAudience = true, nil, federationtest.AudienceMyOrg
	})
	workload, err := oidc.NewClientAssertion(oidc.ClientAssertionConfig{
		ClientID: "https://workload.example", Key: issuer.key, KeyID: "1", Audience: "api://AzureADTokenExchange", Now: k.clock.Now,
	})
	require.NoError(t, err)
	tokenOf := func(subject string) func(context.Context) (string, error) {
		return func(ctx context.Context) (string, error) {
			if subject == "" {
				return "", errors.New("the metadata service is away")
			}
			return workload(ctx, "")
		}
	}
	certificate := func(c *azuread.Config) {
		c.ClientSecret, c.Key, c.Certificate = "", keyPair().key, keyPair().certificate
	}
	for name, change := range map[string]func(*azuread.Config){
		"secret": func(*azuread.Config) {}, "certificate": certificate, "certificate, version 1": func(c *azuread.Config) { certificate(c); v1(c) },
		"public": func(c *azuread.Config) { c.ClientSecret, c.ClientID, c.PublicClient = "", several, true },
	} {
		t.Run(name, func(t *testing.T) {
			k := &kit{Entra: k.Entra, t: t, clock: k.clock}
			k.good(k.provider(change), "alice@contoso.example", contoso, alice)
		})
	}
	for name, c := range map[string]struct {
		change func(*azuread.Config)
		text   string
	}{
		"wrong secret":   {func(c *azuread.Config) { c.ClientSecret = "canary" }, "AADSTS7000215: The client secret is wrong."},
		"expired secret": {func(c *azuread.Config) { c.ClientSecret = "old~secret" }, "AADSTS7000222: The client secret has expired."},
		"unknown certificate": {func(c *azuread.Config) {
			c.ClientSecret, c.Key, c.Certificate = "", otherPair.key, otherPair.certificate
		}, "AADSTS700027"},
		"public":             {func(c *azuread.Config) { c.ClientSecret, c.PublicClient = "", true }, "AADSTS7000218"},
		"not public":         {func(c *azuread.Config) { c.ClientID = several }, "AADSTS700025"},
		"federated, away":    {func(c *azuread.Config) { c.ClientSecret, c.FederatedCredential = "", tokenOf("") }, "the metadata service is away"},
		"federated, subject": {func(c *azuread.Config) { c.ClientSecret, c.FederatedCredential = "", tokenOf("other") }, "AADSTS700213"},
		"federated, no token": {func(c *azuread.Config) {
			c.ClientSecret, c.FederatedCredential = "", func(context.Context) (string, error) { return "", nil }
		}, "no token"},
		"federated, malformed": {func(c *azuread.Config) {
			c.ClientSecret, c.FederatedCredential = "", func(context.Context) (string, error) { return "canary", nil }
		}, "AADSTS50027"},
	} {
		t.Run(name, func(t *testing.T) {
			k := &kit{Entra: k.Entra, t: t, clock: k.clock}
			_, _, err := k.signIn(k.provider(c.change), "alice@contoso.example")
			refused(t, err, oidc.ExchangeFailed, c.text)
		})
	}
}

var otherPair = newPair("other")

// A managed identity's or a cluster's token, whose issuer and subject are not the application.
func TestCredentials_Federated(t *testing.T) {
	idp := federationtest.NewServer(t, federationtest.Config{Now: func() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }})
	k := newKit(t, func(c *federationtest.EntraConfig) {
		c.Apps[0].FederatedCredentials = []federationtest.FederatedCredential{{Issuer: idp.Issuer(), Subject: "system:serviceaccount:shop:web", Keys: idp.PublicKeys()}}
	})
	asked := 0
	p := k.provider(func(c *azuread.Config) {
		c.ClientSecret = ""
		c.FederatedCredential = func(context.Context) (string, error) {
			asked++
			return idp.Sign(map[string]any{
				"iss": idp.Issuer(), "sub": "system:serviceaccount:shop:web", "aud": "api://AzureADTokenExchange",
				"iat": k.clock.Now().Unix(), "exp": k.clock.Now().Unix() + 600, "jti": "1",
			})
		}
	})
	require.Len(t, k.good(p, "crowded@contoso.example", contoso, crowded)["groups"], 201)
	require.Equal(t, 2, asked, "for the sign-in and for Graph")
}

// What is sent when a certificate is used: PS256, x5t#S256, and no secret.
func TestCredentials_WhatIsSent(t *testing.T) {
	k := newKit(t)
	var forms []url.Values
	transport := roundTripper(func(r *http.Request) (*http.Response, error) {
		if r.Method == http.MethodPost && r.Body != nil {
			body, err := r.GetBody()
			require.NoError(t, err)
			data, err := io.ReadAll(body)
			require.NoError(t, err)
			form, err := url.ParseQuery(string(data))
			require.NoError(t, err)
			if form.Has("grant_type") {
				forms = append(forms, form)
			}
		}
		return http.DefaultTransport.RoundTrip(r)
	})
	k.good(k.provider(func(c *azuread.Config) {
		c.ClientSecret, c.Key, c.Certificate, c.HTTPClient = "", keyPair().key, keyPair().certificate, &http.Client{Transport: transport}
	}), "crowded@contoso.example", contoso, crowded)
	require.Len(t, forms, 2)
	for _, form := range forms {
		require.False(t, form.Has("client_secret"))
		require.Equal(t, "urn:ietf:params:oauth:client-assertion-type:jwt-bearer", form.Get("client_assertion_type"))
		header := header(t, form.Get("client_assertion"))
		require.Equal(t, "PS256", header["alg"])
		require.NotEmpty(t, header["x5t#S256"])
	}
	require.Equal(t, k.GraphURL()+"/.default", forms[1].Get("scope"))
}
