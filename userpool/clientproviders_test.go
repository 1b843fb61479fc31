package userpool_test

import (
	"context"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
)

// allowing gives the client webapp these providers, and every flow.
func allowing(names ...string) func(*userpool.Config) {
	return func(c *userpool.Config) {
		c.Settings.Clients = slices.Clone(c.Settings.Clients)
		i := slices.IndexFunc(c.Settings.Clients, func(c userpool.Client) bool { return c.ID == webApp.ID })
		client := &c.Settings.Clients[i]
		client.IdentityProviders = names
		client.AuthFlows = []userpool.AuthFlow{
			userpool.UserPasswordAuth, userpool.UserSRPAuth, userpool.UserAuth, userpool.RefreshTokenAuth, userpool.AdminUserPasswordAuth,
		}
	}
}

func TestClient_AllowsProvider(t *testing.T) {
	for _, test := range []struct {
		names []string
		yes   []string
		no    []string
	}{
		{nil, []string{"", "COGNITO", "Example", "anything"}, nil},
		{[]string{}, []string{"", "COGNITO", "Example"}, nil},
		{[]string{"COGNITO"}, []string{"", "COGNITO"}, []string{"Example", "cognito"}},
		{[]string{"Example"}, []string{"Example"}, []string{"", "COGNITO", "Other", "example"}},
	} {
		c := userpool.Client{IdentityProviders: test.names}
		for _, name := range test.yes {
			require.True(t, c.AllowsProvider(name), "%q %q", test.names, name)
		}
		for _, name := range test.no {
			require.False(t, c.AllowsProvider(name), "%q %q", test.names, name)
		}
	}
}

func TestClientProviders_Refused(t *testing.T) {
	f := &fakeProvider{}
	for name, test := range map[string]struct {
		names []string
		want  string
	}{
		"empty":    {[]string{""}, `client "webapp": IdentityProviders has ""`},
		"space":    {[]string{"a b"}, `IdentityProviders has "a b"; a name is COGNITO`},
		"twice":    {[]string{"Example", "Example"}, `IdentityProviders has "Example" twice`},
		"unknown":  {[]string{"COGNITO", "Azure"}, `IdentityProviders has "Azure", which is neither COGNITO nor the name of a provider`},
		"any case": {[]string{"example"}, `IdentityProviders has "example", which is neither`},
	} {
		config := newKit(t, nil).config
		config.Providers = []userpool.Provider{{Name: "Example", IdentityProvider: f}}
		allowing(test.names...)(&config)
		_, err := userpool.New(config)
		require.ErrorContains(t, err, test.want, name)
	}
	names := []string{"COGNITO", "Example"}
	k, _ := federated(t, allowing(names...))
	names[0] = "changed"
	c, _ := k.Client(webApp.ID)
	require.Equal(t, []string{"COGNITO", "Example"}, c.IdentityProviders, "a copy")
	c.IdentityProviders[0] = "changed"
	c, _ = k.Client(webApp.ID)
	require.Equal(t, "COGNITO", c.IdentityProviders[0], "a copy")
}

// A client whose users come from elsewhere cannot be used to sign in, to sign up or to get a new password.
func TestClientProviders_WithoutPool(t *testing.T) {
	ctx := context.Background()
	k, f := federated(t, allowing("Example"))
	k.user("ada@example.net")
	for _, flow := range []userpool.AuthFlow{userpool.UserPasswordAuth, userpool.UserSRPAuth, userpool.UserAuth} {
		in := userpool.InitiateAuthInput{AuthFlow: flow, ClientID: webApp.ID, Username: "ada@example.net", Password: password}
		require.ErrorIs(t, errOf(k.InitiateAuth(ctx, in)), userpool.UnauthorizedClient, flow)
		require.ErrorIs(t, errOf(k.AdminInitiateAuth(ctx, in)), userpool.UnauthorizedClient, flow)
	}
	require.ErrorIs(t, errOf(k.AdminInitiateAuth(ctx, userpool.InitiateAuthInput{
		AuthFlow: userpool.AdminUserPasswordAuth, ClientID: webApp.ID, Username: "ada@example.net", Password: password,
	})), userpool.UnauthorizedClient)
	in := signUp("grace@example.net")
	in.ClientID = webApp.ID
	require.ErrorIs(t, errOf(k.SignUp(ctx, in)), userpool.UnauthorizedClient)
	require.ErrorIs(t, errOf(k.AdminGetUser(ctx, "grace@example.net")), userpool.UserNotFound)
	forgot := userpool.ForgotPasswordInput{ClientID: webApp.ID, Username: "ada@example.net"}
	require.ErrorIs(t, errOf(k.ForgotPassword(ctx, forgot)), userpool.UnauthorizedClient)

	// The pages, which are no client, and other clients still can.
	forgot.ClientID = ""
	require.NoError(t, errOf(k.ForgotPassword(ctx, forgot)))
	require.NoError(t, errOf(k.SignUp(ctx, signUp("grace@example.net"))))

	// Tokens that the client has are renewed.
	k.federatedUser(t, f)
	k.begin(t, "Example")
	out, _, err := k.finish("Example", f.state, browserSecret)
	require.NoError(t, err)
	tokens := k.redeem(t, webApp.ID, "", out.BrowserSession, nil)
	renewed, err := k.InitiateAuth(ctx, userpool.InitiateAuthInput{
		AuthFlow: userpool.RefreshTokenAuth, ClientID: webApp.ID, RefreshToken: tokens.RefreshToken,
	})
	require.NoError(t, err)
	require.NotEmpty(t, renewed.Tokens.AccessToken)
}

// A session gets a code only if it began where the client allows.
func TestClientProviders_AuthorizationCode(t *testing.T) {
	for name, test := range map[string]struct {
		names            []string
		pool, at, others bool
	}{
		"all":            {nil, true, true, true},
		"the pool":       {[]string{"COGNITO"}, true, false, false},
		"one provider":   {[]string{"Example"}, false, true, false},
		"pool and other": {[]string{"Other", "COGNITO"}, true, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			k, f := federated(t, allowing(test.names...))
			k.user("ada@example.net")
			code := func(session string, allowed bool) {
				t.Helper()
				_, err := k.IssueAuthorizationCode(t.Context(), userpool.IssueAuthorizationCodeInput{
					BrowserSession: session, ClientID: webApp.ID, RedirectURI: webApp.CallbackURLs[0], CodeChallenge: challenge, CodeChallengeMethod: "S256",
				})
				if allowed {
					require.NoError(t, err)
				} else {
					require.ErrorIs(t, err, userpool.LoginRequired)
				}
			}
			code(k.browser("ada@example.net"), test.pool)
			for provider, allowed := range map[string]bool{"Example": test.at, "Other": test.others} {
				k.begin(t, provider)
				out, _, err := k.finish(provider, f.state, browserSecret)
				require.NoError(t, err)
				code(out.BrowserSession, allowed)
			}
		})
	}
}
