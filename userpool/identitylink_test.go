package userpool_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
)

// linkKit is a kit with several providers, each of which says what the test tells it to.
type linkKit struct {
	*kit
	google, azure *fakeProvider
}

func newLinkKit(t testing.TB, store userpool.Store, change func(*userpool.Config)) *linkKit {
	t.Helper()
	k := &linkKit{
		google: &fakeProvider{subject: "g-1", attributes: map[string][]string{"email": {"ada@example.com"}, "email_verified": {"true"}}},
		azure:  &fakeProvider{subject: "a-1", attributes: map[string][]string{"name": {"Ada"}}},
	}
	configure := func(c *userpool.Config) {
		c.Providers = []userpool.Provider{
			{Name: "Google", Type: "Google", Issuer: "https://accounts.google.com", IdentityProvider: k.google},
			{Name: "Azure", IdentityProvider: k.azure},
		}
		if change != nil {
			change(c)
		}
	}
	if store == nil {
		k.kit = newKit(t, configure)
	} else {
		k.kit = newKitOn(t, store, configure)
	}
	return k
}

// from signs in at a provider and returns the browser session.
func (k *linkKit) from(name string, f *fakeProvider) (string, error) {
	_, err := k.BeginFederatedSignIn(context.Background(), userpool.BeginFederatedSignInInput{Provider: name, Browser: browserSecret})
	if err != nil {
		return "", err
	}
	out, _, err := k.finish(name, f.state, browserSecret)
	if err != nil {
		return "", err
	}
	return out.BrowserSession, nil
}

func (k *linkKit) userFrom(name string, f *fakeProvider) userpool.User {
	k.t.Helper()
	session, err := k.from(name, f)
	require.NoError(k.t, err)
	s, err := k.BrowserSession(context.Background(), session)
	require.NoError(k.t, err)
	require.Equal(k.t, name, s.Provider)
	require.Equal(k.t, []string{"fed"}, s.AMR)
	return s.User
}

// linkTo lets the person of a browser session link a provider.
func (k *linkKit) linkTo(session, name string, f *fakeProvider) error {
	_, err := k.BeginFederatedSignIn(context.Background(), userpool.BeginFederatedSignInInput{
		Provider: name, Browser: browserSecret, LinkTo: session, ReturnTo: "/account",
	})
	if err != nil {
		return err
	}
	out, returnTo, err := k.finishAs(name, f.state, session)
	require.Equal(k.t, "/account", returnTo)
	if err == nil {
		require.Equal(k.t, session, out.BrowserSession, "the person is still who they were")
	}
	return err
}

func (k *linkKit) finishAs(name, state, session string) (*userpool.AuthOutcome, string, error) {
	r := httptest.NewRequest(http.MethodGet, "https://id.example.com/cb?code=x", nil)
	return k.FinishFederatedSignIn(context.Background(), r, userpool.FinishFederatedSignInInput{
		Provider: name, State: state, Browser: browserSecret, Replaces: session,
	})
}

func (k *linkKit) adminLink(username, provider, subject string) error {
	return k.AdminLinkProviderForUser(context.Background(), userpool.AdminLinkProviderForUserInput{
		DestinationUser: userpool.ProviderUserIdentifier{ProviderName: "Cognito", ProviderAttributeValue: username},
		SourceUser:      userpool.ProviderUserIdentifier{ProviderName: provider, ProviderAttributeName: "Cognito_Subject", ProviderAttributeValue: subject},
	})
}

func (k *linkKit) adminUnlink(provider, subject string) error {
	return k.AdminDisableProviderForUser(context.Background(), userpool.AdminDisableProviderForUserInput{
		User: userpool.ProviderUserIdentifier{ProviderName: provider, ProviderAttributeName: "Cognito_Subject", ProviderAttributeValue: subject},
	})
}

// change changes a stored user.
func (k *kit) change(sub string, f func(*userpool.User)) {
	k.t.Helper()
	u, err := k.config.Store.User(context.Background(), "default", sub)
	require.NoError(k.t, err)
	f(&u)
	require.NoError(k.t, k.config.Store.UpdateUser(context.Background(), "default", u))
}

// consistent checks that the identities of a user and what finds the user say the same.
func (k *kit) consistent(sub string, want ...string) {
	k.t.Helper()
	u, err := k.config.Store.User(context.Background(), "default", sub)
	require.NoError(k.t, err)
	finders, identities := []string{}, []string{}
	for _, id := range u.Identifiers {
		if id.Kind == userpool.IdentifierFederated {
			finders = append(finders, id.Value)
		}
	}
	for _, i := range u.Identities {
		require.False(k.t, i.Linked.IsZero())
		identities = append(identities, i.Provider+" "+i.Subject)
	}
	require.ElementsMatch(k.t, want, finders)
	require.ElementsMatch(k.t, want, identities)
}

// One user with a password and two providers: an administrator links one, the person the other. Each signs in as the user, and the ID token
// names both.
func TestIdentities(t *testing.T) {
	eachStore(t, func(t *testing.T, store userpool.Store) {
		k := newLinkKit(t, store, nil)
		sub := k.user("ada@example.com")
		made := k.clock.Now()
		k.clock.Advance(time.Hour)
		require.NoError(t, k.adminLink("ada@example.com", "Google", "g-1"))
		k.clock.Advance(time.Hour)
		require.NoError(t, k.linkTo(k.browser("ada@example.com"), "Azure", k.azure))
		require.Equal(t, userpool.MessageFactorChanged, k.mail().Kind)
		require.Contains(t, k.mail().Text, "An account at another provider was linked to your account")
		k.consistent(sub, "Google g-1", "Azure a-1")

		for name, f := range map[string]*fakeProvider{"Google": k.google, "Azure": k.azure} {
			u := k.userFrom(name, f)
			require.Equal(t, sub, u.Sub)
			require.Equal(t, userpool.StatusConfirmed, u.Status)
			require.Equal(t, "ada@example.com", u.Attributes["email"])
		}
		tokens := k.tokens("ada@example.com")
		id := k.claimsOf(k.VerifyIDToken, tokens.IDToken)
		require.Equal(t, []any{
			map[string]any{
				"userId": "g-1", "providerName": "Google", "providerType": "Google", "issuer": "https://accounts.google.com", "primary": "false",
				"dateCreated": fmt.Sprint(made.Add(time.Hour).UnixMilli()),
			},
			map[string]any{
				"userId": "a-1", "providerName": "Azure", "providerType": "OIDC", "issuer": nil, "primary": "false",
				"dateCreated": fmt.Sprint(made.Add(2 * time.Hour).UnixMilli()),
			},
		}, id["identities"])
		u, err := k.GetUser(t.Context(), tokens.AccessToken)
		require.NoError(t, err)
		require.Len(t, u.Identities, 2)

		require.NoError(t, k.UnlinkIdentity(t.Context(), userpool.UnlinkIdentityInput{AccessToken: tokens.AccessToken, Provider: "Google", Subject: "g-1"}))
		require.Contains(t, k.mail().Text, "no longer linked")
		require.NoError(t, k.adminUnlink("Azure", "a-1"))
		k.consistent(sub)
		require.NotEqual(t, sub, k.userFrom("Google", k.google).Sub, "now it is a user of its own")
		require.NotContains(t, k.claimsOf(k.VerifyIDToken, k.tokens("ada@example.com").IDToken), "identities")
		for _, operation := range []string{"AdminLinkProviderForUser", "FinishFederatedSignIn", "UnlinkIdentity", "AdminDisableProviderForUser"} {
			require.Contains(t, k.log.String(), operation)
		}
	})
}

// A user who came from a provider is named after it; another provider can be linked, and the first one stays the primary one. What an
// earlier release stored, identifiers only, says the same, and is completed at the next sign-in.
func TestIdentities_Primary(t *testing.T) {
	k := newLinkKit(t, nil, nil)
	session, err := k.from("Google", k.google)
	require.NoError(t, err)
	s, err := k.BrowserSession(t.Context(), session)
	require.NoError(t, err)
	k.change(s.User.Sub, func(u *userpool.User) { u.Identities = nil })
	k.clock.Advance(time.Minute)
	require.NoError(t, k.linkTo(session, "Azure", k.azure))
	k.change(s.User.Sub, func(u *userpool.User) { u.Identities = u.Identities[1:] })

	u, err := k.AdminGetUser(t.Context(), s.User.Username)
	require.NoError(t, err)
	require.Equal(t, []userpool.FederatedIdentity{
		{Provider: "Google", Subject: "g-1", Linked: s.User.Created}, {Provider: "Azure", Subject: "a-1", Linked: s.User.Created.Add(time.Minute)},
	}, u.Identities)
	require.Equal(t, s.User.Sub, k.userFrom("Azure", k.azure).Sub)
	k.consistent(s.User.Sub, "Google g-1", "Azure a-1")
	identities := k.claimsOf(k.VerifyIDToken, k.redeem(t, "webapp", "", session, nil).IDToken)["identities"].([]any)
	require.Len(t, identities, 2)
	for i, primary := range []string{"true", "false"} {
		require.Equal(t, primary, identities[i].(map[string]any)["primary"])
	}

	err = k.UnlinkIdentity(t.Context(), userpool.UnlinkIdentityInput{AccessToken: session, Provider: "Google", Subject: "g-1"})
	require.ErrorIs(t, err, userpool.UnsupportedUserState, "the user is named after it")
	require.ErrorIs(t, k.adminUnlink("Google", "g-1"), userpool.UnsupportedUserState)
	require.NoError(t, k.adminUnlink("Azure", "a-1"))
	k.consistent(s.User.Sub, "Google g-1")
}

func TestAdminLinkProviderForUser(t *testing.T) {
	k := newLinkKit(t, nil, nil)
	sub := k.user("ada@example.com")
	k.user("bob@example.com")
	require.NoError(t, errOf(k.SignUp(t.Context(), signUp("unconfirmed@example.com"))))
	k.google.subject = "with history"
	old := k.userFrom("Google", k.google)
	for name, test := range map[string]struct {
		username, provider, subject string
		want                        error
	}{
		"no user":             {"nobody@example.com", "Google", "g-1", userpool.UserNotFound},
		"no provider":         {"ada@example.com", "Nobody", "g-1", userpool.ResourceNotFound},
		"the pool":            {"ada@example.com", "Cognito", "g-1", userpool.ResourceNotFound},
		"no subject":          {"ada@example.com", "Google", "", userpool.InvalidParameter},
		"a bad subject":       {"ada@example.com", "Google", "a\nb", userpool.InvalidParameter},
		"R7: an unconfirmed":  {"unconfirmed@example.com", "Google", "g-1", userpool.UnsupportedUserState},
		"one with history":    {"ada@example.com", "Google", "with history", userpool.AliasExists},
		"one with another":    {"bob@example.com", "Google", "with history", userpool.AliasExists},
		"one that is its own": {old.Sub, "Google", "with history", nil},
	} {
		require.ErrorIs(t, k.adminLink(test.username, test.provider, test.subject), test.want, name)
	}
	err := k.AdminLinkProviderForUser(t.Context(), userpool.AdminLinkProviderForUserInput{
		DestinationUser: userpool.ProviderUserIdentifier{ProviderAttributeValue: "ada@example.com"},
		SourceUser:      userpool.ProviderUserIdentifier{ProviderName: "Google", ProviderAttributeName: "email", ProviderAttributeValue: "ada@example.com"},
	})
	require.ErrorIs(t, err, userpool.InvalidParameter, "an address identifies nobody")

	// Five, and to link again changes nothing.
	for i := range 5 {
		require.NoError(t, k.adminLink("ada@example.com", "Google", fmt.Sprint("g-", i)))
		require.NoError(t, k.adminLink("ada@example.com", "Google", "g-0"))
	}
	require.ErrorIs(t, k.adminLink("ada@example.com", "Google", "g-5"), userpool.UnsupportedUserState)
	k.consistent(sub, "Google g-0", "Google g-1", "Google g-2", "Google g-3", "Google g-4")

	// The destination may be one who came from a provider, named as there.
	err = k.AdminLinkProviderForUser(t.Context(), userpool.AdminLinkProviderForUserInput{
		DestinationUser: userpool.ProviderUserIdentifier{ProviderName: "Google", ProviderAttributeValue: "with history"},
		SourceUser:      userpool.ProviderUserIdentifier{ProviderName: "Azure", ProviderAttributeName: "Cognito_Subject", ProviderAttributeValue: "a-1"},
	})
	require.NoError(t, err)
	k.consistent(old.Sub, "Google with history", "Azure a-1")
	require.Equal(t, old.Sub, k.userFrom("Azure", k.azure).Sub)
	require.Equal(t, 3, k.mails(), "administrators tell nobody")

	for name, user := range map[string]userpool.ProviderUserIdentifier{
		"the pool": {ProviderName: "Cognito", ProviderAttributeValue: "ada@example.com"}, "nothing": {},
		"an address": {ProviderName: "Google", ProviderAttributeName: "email", ProviderAttributeValue: "ada@example.com"},
	} {
		err := k.AdminDisableProviderForUser(t.Context(), userpool.AdminDisableProviderForUserInput{User: user})
		require.ErrorIs(t, err, userpool.InvalidParameter, name)
	}
	require.ErrorIs(t, k.adminUnlink("Google", "nobody"), userpool.UserNotFound)
	require.ErrorIs(t, k.adminUnlink("Former", "g-0"), userpool.UserNotFound, "a provider that is gone")
}

// The hook PreSignUp links the account that is about to sign in: the sign-in goes on as the user, and makes no other.
func TestAdminLinkProviderForUser_InPreSignUp(t *testing.T) {
	var k *linkKit
	var calls []userpool.Trigger
	k = newLinkKit(t, nil, func(c *userpool.Config) {
		c.Hooks.PreSignUp = func(_ context.Context, e userpool.PreSignUpEvent) (userpool.PreSignUpResult, error) {
			calls = append(calls, e.Trigger)
			if e.Trigger == userpool.TriggerSignUpExternal {
				require.Equal(t, "Google_g-1", e.Username)
				require.Empty(t, e.Sub)
				return userpool.PreSignUpResult{}, k.adminLink("ada@example.com", "Google", "g-1")
			}
			return userpool.PreSignUpResult{}, nil
		}
	})
	sub := k.user("ada@example.com")
	require.Equal(t, sub, k.userFrom("Google", k.google).Sub)
	require.Equal(t, sub, k.userFrom("Google", k.google).Sub)
	require.Equal(t, []userpool.Trigger{userpool.TriggerSignUp, userpool.TriggerSignUpExternal}, calls)
}

// R6: a person links a provider by proving both accounts, in one browser, within minutes. Whatever is missing, nothing is linked.
func TestR6_LinkProvesBoth(t *testing.T) {
	begin := func(k *linkKit, session string) (string, error) {
		_, err := k.BeginFederatedSignIn(context.Background(), userpool.BeginFederatedSignInInput{Provider: "Google", Browser: browserSecret, LinkTo: session})
		return k.google.state, err
	}
	for name, test := range map[string]struct {
		run  func(t *testing.T, k *linkKit, sub, session string) error
		want error
	}{
		"an old sign-in": {func(_ *testing.T, k *linkKit, _, session string) error {
			k.clock.Advance(10*time.Minute + time.Second)
			_, err := begin(k, session)
			return err
		}, userpool.LoginRequired},
		"no session": {func(_ *testing.T, k *linkKit, _, session string) error {
			_, err := begin(k, session[:len(session)-2]+"xx")
			return err
		}, userpool.NotAuthorized},
		"signed out meanwhile": {func(t *testing.T, k *linkKit, _, session string) error {
			state, err := begin(k, session)
			require.NoError(t, err)
			require.NoError(t, k.EndBrowserSession(t.Context(), session))
			_, _, err = k.finishAs("Google", state, "")
			return err
		}, userpool.NotAuthorized},
		"disabled meanwhile": {func(t *testing.T, k *linkKit, sub, session string) error {
			state, err := begin(k, session)
			require.NoError(t, err)
			require.NoError(t, k.AdminDisableUser(t.Context(), sub))
			_, _, err = k.finishAs("Google", state, session)
			return err
		}, userpool.NotAuthorized},
		"somebody else signed in meanwhile": {func(t *testing.T, k *linkKit, _, session string) error {
			k.user("bob@example.com")
			state, err := begin(k, session)
			require.NoError(t, err)
			_, _, err = k.finishAs("Google", state, k.browser("bob@example.com"))
			return err
		}, userpool.NotAuthorized},
		"another browser": {func(t *testing.T, k *linkKit, _, session string) error {
			state, err := begin(k, session)
			require.NoError(t, err)
			_, _, err = k.finish("Google", state, "a browser of somebody else")
			return err
		}, userpool.InvalidIdentityProvider},
		"too late": {func(t *testing.T, k *linkKit, _, session string) error {
			state, err := begin(k, session)
			require.NoError(t, err)
			k.clock.Advance(10 * time.Minute)
			_, _, err = k.finishAs("Google", state, session)
			return err
		}, userpool.InvalidIdentityProvider},
		"not proved there": {func(t *testing.T, k *linkKit, _, session string) error {
			state, err := begin(k, session)
			require.NoError(t, err)
			k.google.finishErr = context.Canceled
			_, _, err = k.finishAs("Google", state, session)
			return err
		}, userpool.InvalidIdentityProvider},
		"the account of another user": {func(t *testing.T, k *linkKit, _, session string) error {
			k.userFrom("Google", k.google)
			return k.linkTo(session, "Google", k.google)
		}, userpool.AliasExists},
		"without the second factor": {func(t *testing.T, k *linkKit, sub, session string) error {
			k.change(sub, func(u *userpool.User) { u.MFA = []userpool.ChallengeName{userpool.ChallengeSoftwareTokenMFA} })
			_, err := begin(k, session)
			return err
		}, userpool.LoginRequired},
	} {
		t.Run(name, func(t *testing.T) {
			k := newLinkKit(t, nil, func(c *userpool.Config) { c.Settings.MFA = userpool.MFAOptional })
			sub := k.user("ada@example.com")
			require.ErrorIs(t, test.run(t, k, sub, k.browser("ada@example.com")), test.want)
			k.consistent(sub)
			require.Equal(t, "SignUp", string(k.outbox.Messages()[0].Kind))
			for _, m := range k.outbox.Messages() {
				require.Equal(t, userpool.MessageSignUp, m.Kind, "nobody is told of what did not happen")
			}
		})
	}
	k := newLinkKit(t, nil, nil)
	sub := k.user("ada@example.com")
	session := k.browser("ada@example.com")
	require.NoError(t, k.linkTo(session, "Google", k.google))
	require.NoError(t, k.linkTo(session, "Google", k.google), "again")
	require.Equal(t, 2, k.mails(), "told once")
	k.consistent(sub, "Google g-1")
	k.google.subject = "g-2"
	require.NoError(t, k.linkTo(session, "Google", k.google), "two accounts at one provider")
	k.consistent(sub, "Google g-1", "Google g-2")
}

// What a person takes away signs nobody in from then on, and its sessions end; the last way in stays.
func TestUnlinkIdentity(t *testing.T) {
	k := newLinkKit(t, nil, nil)
	sub := k.user("ada@example.com")
	require.NoError(t, k.adminLink("ada@example.com", "Google", "g-1"))
	require.NoError(t, k.adminLink("ada@example.com", "Azure", "a-1"))
	google, err := k.from("Google", k.google)
	require.NoError(t, err)
	azure, err := k.from("Azure", k.azure)
	require.NoError(t, err)
	tokens := k.redeem(t, "webapp", "", google, nil)
	own := k.browser("ada@example.com")
	unlink := func(session, provider, subject string) error {
		return k.UnlinkIdentity(t.Context(), userpool.UnlinkIdentityInput{AccessToken: session, Provider: provider, Subject: subject})
	}
	require.ErrorIs(t, unlink(own, "Google", "g-2"), userpool.ResourceNotFound)
	require.ErrorIs(t, unlink(own, "Google g", "-1"), userpool.ResourceNotFound)
	require.ErrorIs(t, unlink("x", "Google", "g-1"), userpool.NotAuthorized)
	k.user("bob@example.com")
	require.ErrorIs(t, unlink(k.browser("bob@example.com"), "Google", "g-1"), userpool.ResourceNotFound, "another user's")

	require.NoError(t, unlink(own, "Google", "g-1"))
	require.ErrorIs(t, errOf(k.BrowserSession(t.Context(), google)), userpool.NotAuthorized)
	require.ErrorIs(t, errOf(k.refresh(tokens.RefreshToken)), userpool.NotAuthorized)
	for _, session := range []string{azure, own} {
		require.NoError(t, errOf(k.BrowserSession(t.Context(), session)))
	}
	require.ErrorIs(t, unlink(own, "Google", "g-1"), userpool.ResourceNotFound)

	// Without a password, the last provider stays, unless the pool no longer has it.
	k.change(sub, func(u *userpool.User) { u.PasswordHash = "" })
	require.ErrorIs(t, unlink(azure, "Azure", "a-1"), userpool.UnsupportedUserState)
	require.ErrorIs(t, k.adminUnlink("Azure", "a-1"), userpool.UnsupportedUserState)
	require.NoError(t, k.adminLink("ada@example.com", "Google", "g-7"))
	gone := k.again(func(c *userpool.Config) { c.Providers = c.Providers[1:] })
	require.ErrorIs(t, gone.AdminDisableProviderForUser(t.Context(), userpool.AdminDisableProviderForUserInput{
		User: userpool.ProviderUserIdentifier{ProviderName: "Azure", ProviderAttributeValue: "a-1"},
	}), userpool.UnsupportedUserState, "nobody can sign in at a provider that the pool does not have")
	before, err := k.config.Store.User(t.Context(), "default", sub)
	require.NoError(t, err)
	require.NoError(t, k.adminUnlink("Azure", "a-1"))
	require.ErrorIs(t, errOf(k.BrowserSession(t.Context(), own)), userpool.NotAuthorized, "an administrator ends all sessions")
	after, err := k.config.Store.User(t.Context(), "default", sub)
	require.NoError(t, err)
	require.Equal(t, before.Epoch+1, after.Epoch, "also those that are being made")
	k.consistent(sub, "Google g-7")

	k.google.subject = "g-7"
	google, err = k.from("Google", k.google)
	require.NoError(t, err)
	k.google.subject = "g-8"
	require.NoError(t, k.linkTo(google, "Google", k.google))
	require.NoError(t, unlink(google, "Google", "g-8"))
	require.NoError(t, errOf(k.BrowserSession(t.Context(), google)), "the session that it was done in goes on")
	k.clock.Advance(11 * time.Minute)
	require.ErrorIs(t, unlink(google, "Google", "g-7"), userpool.LoginRequired)
}
