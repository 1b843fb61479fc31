package userpool_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/memstore"
)

// The hook CustomMessage writes the message; one that is broken does not keep anybody from signing up.
func TestCustomMessage(t *testing.T) {
	var result userpool.CustomMessageResult
	var hookErr error
	k := newKit(t, func(c *userpool.Config) {
		c.Hooks.CustomMessage = func(_ context.Context, e userpool.CustomMessageEvent) (userpool.CustomMessageResult, error) {
			if hookErr != nil && hookErr.Error() == "panic" {
				panic(e)
			}
			return result, hookErr
		}
	})
	send := func(email string) userpool.Message {
		require.NoError(t, errOf(k.SignUp(t.Context(), signUp(email))))
		return k.mail()
	}
	result = userpool.CustomMessageResult{EmailSubject: "Hello", EmailMessage: "<p>Hi {username}, your code is <b>{####}</b></p>"}
	m := send("ada@example.com")
	require.Equal(t, "Hello", m.Subject)
	require.Equal(t, "Hi ada@example.com, your code is "+m.Code+"\n", m.Text)
	require.Contains(t, m.HTML, "<b>"+m.Code+"</b>")

	builtIn := "Your code to confirm your e-mail address"
	for email, r := range map[string]userpool.CustomMessageResult{
		"a@example.com": {EmailSubject: "Hello", EmailMessage: "no code"},
		"b@example.com": {EmailSubject: "Hello", EmailMessage: "{####}<script>"},
		"c@example.com": {EmailSubject: "Hello\r\nBcc: eve@example.com", EmailMessage: "{####}"},
	} {
		result = r
		m := send(email)
		require.Equal(t, builtIn, m.Subject)
		require.Contains(t, m.Text, m.Code)
	}
	result = userpool.CustomMessageResult{}
	for email, err := range map[string]error{
		"d@example.com": errors.New("broken"), "e@example.com": errors.New("panic"), "f@example.com": &userpool.Refusal{Message: "no"},
	} {
		hookErr = err
		require.Equal(t, builtIn, send(email).Subject)
	}
	require.Contains(t, k.log.String(), "the pool's own is sent in its place")
}

// The hook CustomMessage learns which language the message is in, which is that of Message.Locale.
func TestCustomMessage_Locale(t *testing.T) {
	var asked []string
	k := newKit(t, func(c *userpool.Config) {
		c.Settings.MessageLanguages = []string{"en", "de"}
		c.Hooks.CustomMessage = func(_ context.Context, e userpool.CustomMessageEvent) (userpool.CustomMessageResult, error) {
			asked = append(asked, e.Locale)
			return userpool.CustomMessageResult{EmailSubject: "in " + e.Locale, EmailMessage: "{####}"}, nil
		}
	})
	for _, test := range []struct{ attribute, browser, want string }{
		{"", "", "en"}, {"de-AT", "en", "de"}, {"", "de-CH,de;q=0.9", "de"}, {"fi", "", "en"},
	} {
		in := signUp("ada" + test.attribute + "." + test.want + test.browser[:min(2, len(test.browser))] + "@example.com")
		in.UserContext.Locale = test.browser
		if test.attribute != "" {
			in.UserAttributes = map[string]string{"locale": test.attribute}
		}
		require.NoError(t, errOf(k.SignUp(t.Context(), in)))
		m := k.mail()
		require.Equal(t, test.want, m.Locale)
		require.Equal(t, "in "+m.Locale, m.Subject)
		require.Equal(t, m.Locale, asked[len(asked)-1])
	}
}

// The hook InboundFederation has the last word on what a provider says, linking by e-mail included, and may refuse.
func TestInboundFederation_Linking(t *testing.T) {
	attributes := map[string][]string{"email": {"ada@example.com"}, "email_verified": {"false"}}
	var hookErr error
	k := newLinkKit(t, nil, func(c *userpool.Config) {
		linkByEmail(c)
		c.Hooks.InboundFederation = func(context.Context, userpool.InboundFederationEvent) (userpool.InboundFederationResult, error) {
			return userpool.InboundFederationResult{UserAttributesToMap: attributes}, hookErr
		}
	})
	sub := k.user("ada@example.com")
	require.NotEqual(t, sub, k.userFrom("Google", k.google).Sub)
	attributes["email_verified"] = []string{"true"}
	k.google.subject = "g-2"
	require.Equal(t, sub, k.userFrom("Google", k.google).Sub)
	hookErr = &userpool.Refusal{Message: "not today"}
	k.google.subject = "g-3"
	_, err := k.from("Google", k.google)
	require.ErrorIs(t, err, userpool.UserHookFailed)
	require.ErrorIs(t, k.linkTo(k.browser("ada@example.com"), "Google", k.google), userpool.UserHookFailed)
	k.consistent(sub, "Google g-2")
}

// A sign-in that waits for the second factor ends when the person takes the provider away, by which it came.
func TestU30_UnlinkedMeanwhile(t *testing.T) {
	f := &fakeProvider{subject: "g-1"}
	k := &linkKit{google: f, kit: mfaKit(t, memstore.New(), userpool.MFAOptional, func(c *userpool.Config) {
		c.Settings.FederatedMFA = true
		c.Providers = []userpool.Provider{{Name: "Google", IdentityProvider: f}}
	})}
	x := k.withApp("ada@example.com")
	require.NoError(t, k.adminLink(x.sub, "Google", "g-1"))
	own := x.fullTokens().AccessToken
	for _, unlinked := range []bool{false, true} {
		k.begin(t, "Google")
		out, _, err := k.finish("Google", f.state, browserSecret)
		require.NoError(t, err)
		require.Empty(t, out.BrowserSession, "nobody is signed in yet")
		require.Equal(t, softToken, out.Challenge.Name)
		if unlinked {
			require.NoError(t, k.UnlinkIdentity(t.Context(), userpool.UnlinkIdentityInput{AccessToken: own, Provider: "Google", Subject: "g-1"}))
		}
		k.nextStep()
		_, err = k.RespondToAuthChallenge(t.Context(), userpool.RespondToAuthChallengeInput{
			ChallengeName: softToken, Session: out.Challenge.Session, Response: userpool.ChallengeResponse{Answer: k.app(x.secret)},
		})
		require.Equal(t, unlinked, errors.Is(err, userpool.NotAuthorized), "%v", err)
	}
}

// Notices say what happened.
func TestNotices_What(t *testing.T) {
	k := mfaKit(t, memstore.New(), userpool.MFAOptional, nil)
	x := k.withApp("ada@example.com")
	require.NoError(t, k.AdminDeleteSoftwareToken(t.Context(), x.sub))
	for _, want := range []string{"An authenticator app was added to your account.", "An authenticator app was removed from your account."} {
		require.Eventually(t, func() bool { // another pool of the test sends the first
			return slices.ContainsFunc(k.outbox.Messages(), func(m userpool.Message) bool { return strings.Contains(m.Text, want) })
		}, 10*time.Second, time.Millisecond, want)
	}
}
