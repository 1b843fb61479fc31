package userpool_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
)

// recorder keeps the events of all hooks.
type recorder struct{ events []any }

func (r *recorder) hooks() userpool.Hooks {
	user := func(_ context.Context, e userpool.UserEvent) error { r.events = append(r.events, e); return nil }
	return userpool.Hooks{
		PreSignUp: func(_ context.Context, e userpool.PreSignUpEvent) (userpool.PreSignUpResult, error) {
			r.events = append(r.events, e)
			return userpool.PreSignUpResult{}, nil
		},
		PostConfirmation: user, PreAuthentication: user, PostAuthentication: user,
		PreTokenGeneration: func(_ context.Context, e userpool.PreTokenGenerationEvent) (userpool.PreTokenGenerationResult, error) {
			r.events = append(r.events, e)
			return userpool.PreTokenGenerationResult{}, nil
		},
		UserMigration: func(_ context.Context, e userpool.UserMigrationEvent) (userpool.UserMigrationResult, error) {
			r.events = append(r.events, e)
			return userpool.UserMigrationResult{}, nil
		},
	}
}

// take returns the events so far, and forgets them.
func (r *recorder) take() []any {
	events := r.events
	r.events = nil
	return events
}

// Each hook is told what Cognito tells, under Cognito's name for what made the pool call it.
func TestHooks_Events(t *testing.T) {
	ctx := t.Context()
	r := &recorder{}
	f := &fakeProvider{subject: "subject-1", attributes: map[string][]string{"email": {"eve@example.org"}}}
	k := newKit(t, func(c *userpool.Config) {
		c.Hooks = r.hooks()
		c.Providers = []userpool.Provider{{Name: "Example", IdentityProvider: f}}
	})
	validation, metadata := map[string]string{"captcha": "ok"}, map[string]string{"lang": "en"}
	out, err := k.SignUp(ctx, userpool.SignUpInput{
		ClientID: "webapp", Username: "Ada@example.com", Password: password, UserAttributes: map[string]string{"name": "Ada"},
		ValidationData: validation, ClientMetadata: metadata,
	})
	require.NoError(t, err)
	unverified := map[string]string{"email": "ada@example.com", "email_verified": "false", "name": "Ada"}
	require.Equal(t, []any{userpool.PreSignUpEvent{UserEvent: userpool.UserEvent{
		Trigger: userpool.TriggerSignUp, ClientID: "webapp", Attributes: unverified, ValidationData: validation, ClientMetadata: metadata,
	}}}, r.take())

	require.NoError(t, errOf(k.ConfirmSignUp(ctx, userpool.ConfirmSignUpInput{
		ClientID: "webapp", Username: "ada@example.com", ConfirmationCode: k.mail().Code, Session: out.Session, ClientMetadata: metadata,
	})))
	ada := userpool.UserEvent{
		Sub: out.UserSub, Username: out.UserSub, Status: userpool.StatusConfirmed, ClientID: "webapp",
		Attributes: map[string]string{"email": "ada@example.com", "email_verified": "true", "name": "Ada"},
	}
	as := func(e userpool.UserEvent, trigger userpool.Trigger, validation, metadata map[string]string) userpool.UserEvent {
		e.Trigger, e.ValidationData, e.ClientMetadata = trigger, validation, metadata
		return e
	}
	require.Equal(t, []any{as(ada, userpool.TriggerConfirmSignUp, nil, metadata)}, r.take())

	require.NoError(t, k.CreateGroup(ctx, group("staff", "role/staff", 1)))
	require.NoError(t, k.AdminAddUserToGroup(ctx, "ada@example.com", "staff"))
	groups := userpool.GroupConfiguration{GroupsToOverride: []string{"staff"}, IAMRolesToOverride: []string{"role/staff"}, PreferredRole: "role/staff"}
	in, err := k.InitiateAuth(ctx, userpool.InitiateAuthInput{
		AuthFlow: userpool.UserPasswordAuth, ClientID: "webapp", Username: "ada@example.com", Password: password, ClientMetadata: metadata,
	})
	require.NoError(t, err)
	scopes := []string{userpool.ScopeUserAdmin}
	require.Equal(t, []any{
		as(ada, userpool.TriggerPreAuthentication, metadata, nil),
		as(ada, userpool.TriggerPostAuthentication, nil, nil),
		userpool.PreTokenGenerationEvent{UserEvent: as(ada, userpool.TriggerTokensAuthentication, nil, nil), GroupConfiguration: groups, Scopes: scopes},
	}, r.take(), "the metadata of InitiateAuth is the validation data of PreAuthentication")

	_, err = k.GetTokensFromRefreshToken(ctx, userpool.GetTokensFromRefreshTokenInput{RefreshToken: in.Tokens.RefreshToken, ClientID: "webapp", ClientMetadata: metadata})
	require.NoError(t, err)
	require.Equal(t, []any{
		userpool.PreTokenGenerationEvent{UserEvent: as(ada, userpool.TriggerTokensRefresh, nil, metadata), GroupConfiguration: groups, Scopes: scopes},
	}, r.take())

	browser := k.browser("ada@example.com")
	hosted := ada
	hosted.ClientID = ""
	require.Equal(t, []any{as(hosted, userpool.TriggerPreAuthentication, nil, nil), as(hosted, userpool.TriggerPostAuthentication, nil, nil)}, r.take())
	k.redeem(t, webApp.ID, "", browser, nil)
	events := r.take()
	require.Len(t, events, 1)
	require.Equal(t, as(ada, userpool.TriggerTokensHosted, nil, nil), events[0].(userpool.PreTokenGenerationEvent).UserEvent)
	require.ElementsMatch(t, webApp.Scopes, events[0].(userpool.PreTokenGenerationEvent).Scopes)

	_, err = k.InitiateAuth(ctx, userpool.InitiateAuthInput{
		AuthFlow: userpool.UserPasswordAuth, ClientID: "webapp", Username: " Nobody@example.com", Password: password, ClientMetadata: metadata,
	})
	require.ErrorIs(t, err, userpool.NotAuthorized)
	_, err = k.ForgotPassword(ctx, userpool.ForgotPasswordInput{ClientID: "webapp", Username: "nobody@example.com", ClientMetadata: metadata})
	require.NoError(t, err)
	require.Equal(t, []any{
		userpool.UserEvent{
			Trigger: userpool.TriggerPreAuthentication, Username: "nobody@example.com", ClientID: "webapp", UserNotFound: true,
			Attributes: map[string]string{"email": "nobody@example.com"}, ValidationData: metadata,
		},
		userpool.UserMigrationEvent{
			Trigger: userpool.TriggerUserMigrationAuthentication, UserName: "nobody@example.com", Password: password, ClientID: "webapp", ValidationData: metadata,
		},
		userpool.UserMigrationEvent{Trigger: userpool.TriggerUserMigrationForgotPassword, UserName: "nobody@example.com", ClientID: "webapp", ClientMetadata: metadata},
	}, r.take())

	eve := k.federatedUser(t, f)
	external := userpool.UserEvent{
		Username: "Example_subject-1", Provider: "Example", Attributes: map[string]string{"email": "eve@example.org", "email_verified": "false"},
	}
	made := external
	made.Sub, made.Status = eve.Sub, userpool.StatusExternalProvider
	require.Equal(t, []any{
		userpool.PreSignUpEvent{UserEvent: as(external, userpool.TriggerSignUpExternal, nil, nil)},
		as(made, userpool.TriggerConfirmSignUp, nil, nil), as(made, userpool.TriggerPostAuthentication, nil, nil),
	}, r.take())
}

// Where people choose names, PreSignUp is told the name.
func TestHooks_PreSignUpName(t *testing.T) {
	r := &recorder{}
	k := newKit(t, func(c *userpool.Config) {
		c.Hooks = r.hooks()
		c.Settings.UsernameAttributes = []string{"username"}
	})
	_, err := k.SignUp(t.Context(), userpool.SignUpInput{Username: "Ada", Password: password})
	require.NoError(t, err)
	require.Equal(t, "Ada", r.events[0].(userpool.PreSignUpEvent).Username)
}

// A sign-up that a hook confirms at once is a confirmed one for the next hook.
func TestHooks_AutoConfirmEvent(t *testing.T) {
	r := &recorder{}
	k := newKit(t, func(c *userpool.Config) {
		c.Hooks = r.hooks()
		c.Hooks.PreSignUp = func(context.Context, userpool.PreSignUpEvent) (userpool.PreSignUpResult, error) {
			return userpool.PreSignUpResult{AutoConfirmUser: true, AutoVerifyPhone: true}, nil
		}
	})
	in := signUp("ada@example.com")
	in.ClientID, in.ClientMetadata = "webapp", map[string]string{"a": "b"}
	in.UserAttributes = map[string]string{"phone_number": "+14155550123"}
	out, err := k.SignUp(t.Context(), in)
	require.NoError(t, err)
	require.Equal(t, []any{userpool.UserEvent{
		Trigger: userpool.TriggerConfirmSignUp, Sub: out.UserSub, Username: out.UserSub, Status: userpool.StatusConfirmed, ClientID: "webapp",
		Attributes: map[string]string{
			"email": "ada@example.com", "email_verified": "false", "phone_number": "+14155550123", "phone_number_verified": "true",
		},
		ClientMetadata: in.ClientMetadata,
	}}, r.events)
}

// CustomMessage is called for every kind of message, and told which placeholders it has.
func TestHooks_CustomMessage(t *testing.T) {
	var event userpool.CustomMessageEvent
	var result userpool.CustomMessageResult
	k := newKit(t, func(c *userpool.Config) {
		c.Hooks.CustomMessage = func(_ context.Context, e userpool.CustomMessageEvent) (userpool.CustomMessageResult, error) {
			event = e
			return result, nil
		}
	})
	u := userpool.User{Sub: "sub", Username: "ada", Status: userpool.StatusConfirmed, Attributes: map[string]string{"name": "Ada"}}
	metadata := map[string]string{"lang": "en"}
	ask := func(m userpool.Message) error {
		return k.CustomMessageForTest(t.Context(), m, u, metadata)
	}
	for kind, trigger := range map[userpool.MessageKind]userpool.Trigger{
		userpool.MessageSignUp: userpool.TriggerMessageSignUp, userpool.MessageResendCode: userpool.TriggerMessageResendCode,
		userpool.MessageForgotPassword: userpool.TriggerMessageForgotPassword, userpool.MessageAdminCreateUser: userpool.TriggerMessageAdminCreateUser,
		userpool.MessageUpdateUserAttribute: userpool.TriggerMessageUpdateUserAttribute,
		userpool.MessageVerifyUserAttribute: userpool.TriggerMessageVerifyUserAttribute,
		userpool.MessageAuthentication:      userpool.TriggerMessageAuthentication, userpool.MessageAccountExists: "CustomMessage_AccountExists",
	} {
		want := userpool.CustomMessageEvent{Locale: "en", UserEvent: userpool.UserEvent{
			Trigger: trigger, Sub: "sub", Username: "ada", Status: userpool.StatusConfirmed, Attributes: u.Attributes, ClientMetadata: metadata,
		}}
		m := userpool.Message{Kind: kind, Code: "123456"}
		want.CodeParameter = "{####}"
		switch kind {
		case userpool.MessageAccountExists:
			m.Code, want.CodeParameter = "", ""
		case userpool.MessageAdminCreateUser:
			want.UsernameParameter = "{username}"
		}
		require.NoError(t, ask(m))
		require.Equal(t, want, event)
	}
	require.NoError(t, ask(userpool.Message{Kind: userpool.MessageSignInLink, Link: "https://x.example"}))
	require.Equal(t, "{link}", event.LinkParameter)
	require.Empty(t, event.CodeParameter)

	code := userpool.Message{Kind: userpool.MessageSignUp, Code: "123456"}
	for name, bad := range map[string]userpool.CustomMessageResult{
		"no code":      {EmailMessage: "Hello"},
		"no code SMS":  {EmailMessage: "{####}", SMSMessage: "Hello"},
		"long subject": {EmailSubject: strings.Repeat("x", 141)},
		"CRLF":         {EmailSubject: "Hello\r\nBcc: eve@example.com"},
		"long SMS":     {SMSMessage: "{####}" + strings.Repeat("x", 480)},
		"long e-mail":  {EmailMessage: "{####}" + strings.Repeat("x", 20_000)},
		"no text":      {EmailMessage: "{####}\xff"},
		"control":      {EmailMessage: "{####}\x00"},
	} {
		result = bad
		require.Error(t, ask(code), name)
	}
	result = userpool.CustomMessageResult{EmailSubject: "Your code", EmailMessage: "<b>{####}</b>\n", SMSMessage: "{####}"}
	require.NoError(t, ask(code))
	result = userpool.CustomMessageResult{EmailMessage: "no link"}
	result = userpool.CustomMessageResult{EmailMessage: "{####}" + strings.Repeat("<p>", 1<<20)}
	require.ErrorContains(t, ask(code), "131072", "it is refused before it is looked at")
	link := userpool.Message{Kind: userpool.MessageSignInLink, Link: "https://x.example"}
	require.Error(t, ask(link))
	result = userpool.CustomMessageResult{EmailMessage: "Please {##Click here##}", SMSMessage: "Please {##Click here##}"}
	require.NoError(t, ask(link), "Cognito's form of a link")
}

// The custom senders take the place of the others, each for its medium, and are contained as every hook.
func TestU32_CustomSenders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var emails, texts []userpool.Message
		var broken atomic.Pointer[func()] // a call that hangs goes on when the next one begins
		k := newKit(t, func(c *userpool.Config) {
			c.Sender = nil
			c.Settings.UsernameAttributes = []string{"email", "phone_number"}
			c.Hooks.CustomEmailSender = func(_ context.Context, m userpool.Message) error {
				if f := broken.Load(); f != nil {
					(*f)()
				}
				emails = append(emails, m)
				return nil
			}
			c.Hooks.CustomSMSSender = func(_ context.Context, m userpool.Message) error {
				texts = append(texts, m)
				return errors.New("no credit with operator secret-key")
			}
		})
		_, err := k.SignUp(t.Context(), signUp("ada@example.com"))
		require.NoError(t, err)
		require.Len(t, emails, 1)
		require.Equal(t, "ada@example.com", emails[0].To)
		require.NotEmpty(t, emails[0].Code)
		_, err = k.SignUp(t.Context(), signUp("+14155550123"))
		require.ErrorIs(t, err, userpool.CodeDeliveryFailure)
		require.NotContains(t, err.(*userpool.Error).Message, "secret-key")
		require.Len(t, texts, 1)
		require.Zero(t, k.mails())
		for want, f := range map[string]func(){"panic: no": func() { panic("no") }, "did not return": func() { time.Sleep(10 * time.Second) }} {
			broken.Store(&f)
			began := time.Now()
			_, err = k.SignUp(t.Context(), signUp("bob@example.com"))
			require.ErrorIs(t, err, userpool.CodeDeliveryFailure)
			require.LessOrEqual(t, time.Since(began), 5*time.Second)
			require.Contains(t, k.log.String(), want)
		}
		require.Contains(t, k.log.String(), "CustomEmailSender")
		time.Sleep(time.Minute)
	})
}

// InboundFederation replaces what a provider says, or leaves it.
func TestHooks_InboundFederation(t *testing.T) {
	ctx := t.Context()
	var event userpool.InboundFederationEvent
	var result userpool.InboundFederationResult
	var failure error
	k := newKit(t, func(c *userpool.Config) {
		c.Hooks.InboundFederation = func(_ context.Context, e userpool.InboundFederationEvent) (userpool.InboundFederationResult, error) {
			event = e
			e.Attributes["groups"][0] = "changed in the copy"
			return result, failure
		}
	})
	said := func() map[string][]string {
		return map[string][]string{"email": {"eve@example.org"}, "groups": {"a", "b"}}
	}
	got, err := k.InboundFederationForTest(ctx, "Example", said())
	require.NoError(t, err)
	require.Equal(t, said(), got, "nothing returned keeps all")
	require.Equal(t, userpool.TriggerInboundFederation, event.Trigger)
	require.Equal(t, "Example", event.ProviderName)
	require.Equal(t, []string{"eve@example.org"}, event.Attributes["email"])

	result.UserAttributesToMap = map[string][]string{"name": {"Eve"}}
	got, err = k.InboundFederationForTest(ctx, "Example", said())
	require.NoError(t, err)
	require.Equal(t, map[string][]string{"name": {"Eve"}}, got, "what is not returned is dropped")
	for name, bad := range map[string]map[string][]string{
		"huge": {"a": {strings.Repeat("x", 64<<10)}}, "many": {"a": make([]string, 64<<10)}, "no text": {"a": {"\xff"}}, "no name": {"\xff": {}},
	} {
		result.UserAttributesToMap = bad
		_, err = k.InboundFederationForTest(ctx, "Example", said())
		require.ErrorIs(t, err, userpool.UserHookFailed, name)
	}
	failure = &userpool.Refusal{Message: "Not from there."}
	_, err = k.InboundFederationForTest(ctx, "Example", said())
	require.ErrorContains(t, err, "Not from there.")
}

// Whatever a hook says when it fails, what a person and a log get to see of it is bounded, and its error is found.
func TestU32_HookErrors(t *testing.T) {
	mine := errors.New("mine")
	for name, test := range map[string]struct {
		err     error
		message string
	}{
		"a long refusal":    {&userpool.Refusal{Message: strings.Repeat("ä", 1<<20)}, strings.Repeat("ä", 1000)},
		"an empty refusal":  {&userpool.Refusal{}, "This is not possible right now. Please try again later."},
		"a long error":      {errors.New(strings.Repeat("x", 1<<20)), "This is not possible right now. Please try again later."},
		"one of the pool":   {&userpool.Error{Code: userpool.NotAuthorized, Message: "You are in."}, "This is not possible right now. Please try again later."},
		"one that panics":   {(*panicking)(nil), "This is not possible right now. Please try again later."},
		"one of the caller": {mine, "This is not possible right now. Please try again later."},
	} {
		k := newKit(t, func(c *userpool.Config) {
			c.Hooks.PreAuthentication = func(context.Context, userpool.UserEvent) error { return test.err }
		})
		_, err := k.signIn("ada@example.com", password)
		var e *userpool.Error
		require.ErrorAs(t, err, &e, name)
		require.Equal(t, userpool.UserHookFailed, e.Code, name)
		require.Equal(t, test.message, e.Message, name)
		require.Less(t, len(k.log.String()), 3000, name)
		require.Less(t, len(err.Error()), 5000, name)
		require.Equal(t, name == "one of the caller", errors.Is(err, mine))
	}
}

// panicking is an error whose methods panic.
type panicking struct{ text string }

func (p *panicking) Error() string { return p.text }
func (p *panicking) As(any) bool   { panic("in As") }
