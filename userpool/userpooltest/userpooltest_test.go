package userpooltest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/memstore"
	"github.com/stepwell/stepwell/userpool/userpooltest"
)

const ada = "ada@example.com"

func confirmAtOnce(context.Context, userpool.PreSignUpEvent) (userpool.PreSignUpResult, error) {
	return userpool.PreSignUpResult{AutoConfirmUser: true}, nil
}

func refuse(context.Context, userpool.UserEvent) error { return errors.New("the hook refuses") }

func TestNew_Defaults(t *testing.T) {
	pool := userpooltest.New(t)
	require.Equal(t, userpooltest.IssuerURL, pool.Issuer())
	client, ok := pool.Client(userpooltest.ClientID)
	require.True(t, ok)
	require.False(t, client.Confidential())
	require.True(t, client.AllowsCallback(userpooltest.CallbackURL))
	require.True(t, client.AllowsLogout(userpooltest.LogoutURL))
	require.Equal(t, "ES256", pool.Settings().SigningAlgorithm)
	require.Equal(t, time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC), pool.Clock.Now())
	require.Empty(t, pool.Outbox.Messages())
}

// What the test says is used, and what it leaves empty, be it by a whole configuration of its own, is filled in.
func TestNew_FillsWhatIsEmpty(t *testing.T) {
	store := memstore.New()
	pool := userpooltest.New(t, func(c *userpool.Config) {
		require.Equal(t, userpooltest.ClientID, c.Settings.Clients[0].ID, "a change sees what would be used")
		*c = userpool.Config{ID: "mine", Store: store}
	}, func(c *userpool.Config) {
		c.Settings.BrowserSessionValidity = time.Hour
	})
	require.Equal(t, "mine", pool.ID())
	require.Same(t, store, pool.Config().Store)
	require.Equal(t, time.Hour, pool.Settings().BrowserSessionValidity)
	pool.AddUser(ada).SignIn()
	keys, err := store.Keys(t.Context(), "mine")
	require.NoError(t, err)
	require.NotEmpty(t, keys)
}

func TestConfig_MakesAnotherProcess(t *testing.T) {
	pool := userpooltest.New(t)
	user := pool.AddUser(ada)
	tokens := user.SignIn()
	config := pool.Config()
	config.Settings.Clients[0].ID = "changed"
	require.Equal(t, userpooltest.ClientID, pool.Config().Settings.Clients[0].ID, "a copy")

	other, err := userpool.New(pool.Config())
	require.NoError(t, err)
	claims, err := other.VerifyAccessToken(t.Context(), tokens.AccessToken)
	require.NoError(t, err)
	require.Equal(t, user.Sub, claims["sub"])
	pool.Clock.Advance(2 * time.Hour)
	_, err = other.VerifyAccessToken(t.Context(), tokens.AccessToken)
	require.ErrorIs(t, err, userpool.NotAuthorized, "it has the same clock")
}

func TestAddUser(t *testing.T) {
	pool := userpooltest.New(t)
	user := pool.AddUser("Ada@Example.com", func(in *userpool.SignUpInput) {
		in.UserAttributes = map[string]string{"name": "Ada Lovelace"}
		in.Password = "a password of her own"
	})
	require.Equal(t, ada, user.Email)
	require.Equal(t, "a password of her own", user.Password)
	stored, err := pool.AdminGetUser(t.Context(), ada)
	require.NoError(t, err)
	require.Equal(t, user.Sub, stored.Sub)
	require.Equal(t, userpool.StatusConfirmed, stored.Status)
	require.Equal(t, map[string]string{"email": ada, "email_verified": "true", "name": "Ada Lovelace"}, stored.Attributes)
	require.Empty(t, pool.Outbox.Messages(), "the outbox holds what the test is about")

	bob := pool.AddUser("bob@example.com")
	require.Equal(t, userpooltest.Password, bob.Password)
	user.SignIn()
	bob.SignIn()
}

func TestAddUser_WithHookThatConfirms(t *testing.T) {
	pool := userpooltest.New(t, func(c *userpool.Config) {
		c.Hooks.PreSignUp = confirmAtOnce
	})
	user := pool.AddUser(ada)
	require.Empty(t, user.Session)
	user.SignIn()
}

// The ready-made password passes the policies that applications have.
func TestPassword(t *testing.T) {
	for _, policy := range []userpool.PasswordPolicy{{}, userpool.CognitoPasswordPolicy(), {MinimumLength: len(userpooltest.Password)}} {
		pool := userpooltest.New(t, func(c *userpool.Config) { c.Settings.PasswordPolicy = policy })
		pool.AddUser(ada).SignIn()
	}
	require.Len(t, userpooltest.Password, 40)
}

func TestAddUnconfirmed(t *testing.T) {
	pool := userpooltest.New(t)
	user := pool.AddUnconfirmed(ada)
	require.Equal(t, userpool.MessageSignUp, pool.Outbox.Last().Kind)
	_, err := pool.InitiateAuth(t.Context(), userpool.InitiateAuthInput{
		AuthFlow: userpool.UserPasswordAuth, Username: ada, Password: user.Password, Result: userpool.ResultBrowserSession,
	})
	require.ErrorIs(t, err, userpool.UserNotConfirmed)
	var refused *userpool.Error
	require.ErrorAs(t, err, &refused)
	require.Equal(t, refused.Session, user.Session)

	user.Confirm()
	user.SignIn()
	require.Len(t, pool.Outbox.Messages(), 1, "a message that the test asked for stays")
}

func TestSignIn(t *testing.T) {
	pool := userpooltest.New(t)
	user := pool.AddUser(ada)
	user.JoinGroups("admins", "readers")
	user.JoinGroups("admins")
	tokens := user.SignIn()
	claims, err := pool.VerifyAccessToken(t.Context(), tokens.AccessToken)
	require.NoError(t, err)
	require.Equal(t, user.Sub, claims["sub"])
	require.Equal(t, []any{"admins", "readers"}, claims["cognito:groups"])
	require.Equal(t, userpooltest.ClientID, claims["client_id"])
	require.Equal(t, "aws.cognito.signin.user.admin email openid phone profile", claims["scope"])
	_, err = pool.GetUser(t.Context(), tokens.AccessToken)
	require.NoError(t, err)
	claims, err = pool.VerifyIDToken(t.Context(), tokens.IDToken)
	require.NoError(t, err)
	require.Equal(t, ada, claims["email"])
	require.NotEqual(t, tokens.AccessToken, user.SignIn().AccessToken)

	session, err := pool.BrowserSession(t.Context(), user.BrowserSession())
	require.NoError(t, err)
	require.Equal(t, user.Sub, session.User.Sub)

	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
	require.NoError(t, err)
	user.Authorize(r)
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	require.True(t, ok)
	_, err = pool.VerifyAccessToken(t.Context(), token)
	require.NoError(t, err)
}

// Whatever a client is allowed, its tokens can be had.
func TestSignInAt(t *testing.T) {
	secret := strings.Repeat("s", 32)
	callbacks := []string{"https://app.example/callback"}
	flows := []userpool.AuthFlow{userpool.UserPasswordAuth}
	pool := userpooltest.New(t, func(c *userpool.Config) {
		c.Settings.Clients = []userpool.Client{
			{ID: "code", CallbackURLs: callbacks},
			{ID: "code-confidential", CallbackURLs: callbacks, Secrets: []string{secret}},
			{ID: "password", AuthFlows: flows},
			{ID: "password-confidential", AuthFlows: flows, Secrets: []string{secret}},
			{ID: "both", AuthFlows: flows, CallbackURLs: callbacks},
			{ID: "app", CallbackURLs: []string{"com.example.app:/done"}, Scopes: []string{"email"}},
		}
	})
	user := pool.AddUser(ada)
	for _, client := range pool.Settings().Clients {
		tokens := user.SignInAt(client.ID)
		claims, err := pool.VerifyAccessToken(t.Context(), tokens.AccessToken)
		require.NoError(t, err)
		require.Equal(t, client.ID, claims["client_id"])
		if strings.HasPrefix(client.ID, "password") {
			require.Equal(t, []string{userpool.ScopeUserAdmin}, tokens.Scopes)
		} else {
			require.ElementsMatch(t, client.Scopes, tokens.Scopes)
		}
		require.NotEmpty(t, tokens.RefreshToken)
	}
	claims, err := pool.VerifyAccessToken(t.Context(), user.SignIn().AccessToken)
	require.NoError(t, err)
	require.Equal(t, "code", claims["client_id"], "the first client")
}

func TestOutbox(t *testing.T) {
	pool := userpooltest.New(t)
	pool.AddUser(ada)
	bob := pool.AddUnconfirmed("bob@example.com")
	forgot := func() {
		_, err := pool.ForgotPassword(t.Context(), userpool.ForgotPasswordInput{Username: ada})
		require.NoError(t, err)
	}
	forgot() // the message is on its way
	require.Len(t, pool.Outbox.Messages(), 2)
	require.Equal(t, pool.Outbox.Last(), pool.Outbox.To("ADA@example.com")[0])
	first := pool.Outbox.Code(ada)
	forgot()
	second := pool.Outbox.Code(ada)
	require.Equal(t, []string{first, second}, []string{pool.Outbox.To(ada)[0].Code, pool.Outbox.To(ada)[1].Code})
	require.Equal(t, pool.Outbox.To(bob.Email)[0].Code, pool.Outbox.Code(bob.Email))
	require.Empty(t, pool.Outbox.To("eve@example.com"))

	pool.Outbox.Messages()[0].To = "changed"
	require.Equal(t, bob.Email, pool.Outbox.Messages()[0].To, "a copy")

	forgot()
	pool.Outbox.Clear()
	require.Empty(t, pool.Outbox.Messages(), "also what was on its way")

	pool.Outbox.Fail(io.ErrClosedPipe)
	require.ErrorIs(t, pool.Outbox.Send(t.Context(), userpool.Message{}), io.ErrClosedPipe)
	_, err := pool.SignUp(t.Context(), userpool.SignUpInput{Username: "eve@example.com", Password: userpooltest.Password})
	require.ErrorIs(t, err, userpool.CodeDeliveryFailure)
	require.Empty(t, pool.Outbox.Messages())
	pool.Outbox.Fail(nil)
	pool.AddUser("eve@example.com").SignIn()
}

func TestClock(t *testing.T) {
	pool := userpooltest.New(t, func(c *userpool.Config) {
		now := c.Now
		c.Now = func() time.Time { return now().Add(time.Second) } // a clock that runs fast is this clock all the same
	})
	start := pool.Clock.Now()
	token := pool.AddUser(ada).SignIn().AccessToken
	pool.Clock.Advance(59 * time.Minute)
	require.Equal(t, start.Add(59*time.Minute), pool.Clock.Now())
	_, err := pool.VerifyAccessToken(t.Context(), token)
	require.NoError(t, err)
	pool.Clock.Advance(2 * time.Minute)
	_, err = pool.VerifyAccessToken(t.Context(), token)
	require.ErrorIs(t, err, userpool.NotAuthorized)
	pool.Clock.Set(start)
	_, err = pool.VerifyAccessToken(t.Context(), token)
	require.NoError(t, err)
}

func TestConcurrentUse(t *testing.T) {
	pool := userpooltest.New(t)
	token := pool.AddUser(ada).SignIn().AccessToken
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			pool.Clock.Advance(time.Second)
			if _, err := pool.VerifyAccessToken(t.Context(), token); err != nil {
				t.Error(err)
			}
			if err := pool.Outbox.Send(t.Context(), userpool.Message{To: fmt.Sprint(i)}); err != nil {
				t.Error(err)
			}
			pool.Outbox.Messages()
		})
	}
	group.Wait()
	require.Len(t, pool.Outbox.Messages(), 8)
}

// fakeT records that a helper gave up, and what is to be done when the test ends.
type fakeT struct {
	testing.TB
	text    string
	log     strings.Builder
	cleanup []func()
}

func (t *fakeT) Helper()           {}
func (t *fakeT) Cleanup(f func())  { t.cleanup = append(t.cleanup, f) }
func (t *fakeT) Output() io.Writer { return &t.log }
func (t *fakeT) Fatalf(format string, args ...any) {
	t.text = fmt.Sprintf(format, args...)
	panic(t)
}

func (t *fakeT) end() {
	for i := len(t.cleanup) - 1; i >= 0; i-- {
		t.cleanup[i]()
	}
}

func TestMisuseFailsTheTest(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*userpool.Config)
		use    func(*userpooltest.Pool)
		want   string
	}{
		"configuration": {
			change: func(c *userpool.Config) { c.Issuer = "id.test/" },
			want:   `makes no pool: userpool: Config.Issuer "id.test/"`,
		},
		"address": {use: func(p *userpooltest.Pool) { p.AddUser("ada") }, want: `"ada" cannot be signed up`},
		"weak password": {
			use: func(p *userpooltest.Pool) {
				p.AddUser(ada, func(in *userpool.SignUpInput) { in.Password = "short" })
			},
			want: "too short",
		},
		"taken": {
			use:  func(p *userpooltest.Pool) { p.AddUser(ada); p.AddUser("ADA@example.com") },
			want: `there is a user "ADA@example.com" already`,
		},
		"no self-service": {
			change: func(c *userpool.Config) { c.Settings.AllowAdminCreateUserOnly = true },
			use:    func(p *userpooltest.Pool) { p.AddUser(ada) },
			want:   "cannot be signed up: userpool: NotAuthorized",
		},
		"no unconfirmed": {
			change: func(c *userpool.Config) { c.Hooks.PreSignUp = confirmAtOnce },
			use:    func(p *userpooltest.Pool) { p.AddUnconfirmed(ada) },
			want:   "the hook PreSignUp",
		},
		"mail is broken": {
			use: func(p *userpooltest.Pool) {
				p.Outbox.Fail(errors.New("no route"))
				p.AddUser(ada)
			},
			want: "CodeDeliveryFailure",
		},
		"mail goes elsewhere": {
			change: func(c *userpool.Config) { c.Sender = &userpooltest.Outbox{} },
			use:    func(p *userpooltest.Pool) { p.AddUser(ada) },
			want:   `nothing was sent to "ada@example.com"`,
		},
		"confirmed twice": {
			use: func(p *userpooltest.Pool) {
				u := p.AddUnconfirmed(ada)
				u.Confirm()
				u.Confirm()
			},
			want: "cannot be confirmed: userpool: CodeMismatch",
		},
		"no group":  {use: func(p *userpooltest.Pool) { p.AddUser(ada).JoinGroups("a b") }, want: `there can be no group "a b"`},
		"no client": {use: func(p *userpooltest.Pool) { p.AddUser(ada).SignInAt("shop") }, want: `no app client "shop"`},
		"no flow": {
			change: func(c *userpool.Config) { c.Settings.Clients = []userpool.Client{{ID: "shop"}} },
			use:    func(p *userpooltest.Pool) { p.AddUser(ada).SignIn() },
			want:   "it has no callback URL, and neither USER_PASSWORD_AUTH nor USER_AUTH",
		},
		"unconfirmed": {use: func(p *userpooltest.Pool) { p.AddUnconfirmed(ada).SignIn() }, want: "call Confirm"},
		"unconfirmed with password": {
			change: func(c *userpool.Config) { c.Settings.Clients[0].CallbackURLs = nil },
			use:    func(p *userpooltest.Pool) { p.AddUnconfirmed(ada).SignIn() },
			want:   "call Confirm",
		},
		"deleted": {
			use: func(p *userpooltest.Pool) {
				u := p.AddUser(ada)
				if err := p.AdminDeleteUser(t.Context(), u.Sub); err != nil {
					t.Error(err)
				}
				u.BrowserSession()
			},
			want: "disabled or deleted",
		},
		"deleted from group": {
			use: func(p *userpooltest.Pool) {
				u := p.AddUser(ada)
				if err := p.AdminDeleteUser(t.Context(), u.Sub); err != nil {
					t.Error(err)
				}
				u.JoinGroups("g")
			},
			want: `cannot join the group "g"`,
		},
		"hook refuses": {
			change: func(c *userpool.Config) { c.Hooks.PostAuthentication = refuse },
			use:    func(p *userpooltest.Pool) { p.AddUser(ada).SignIn() },
			want:   "cannot sign in: userpool: UserHookFailed",
		},
		"nothing sent":    {use: func(p *userpooltest.Pool) { p.Outbox.Last() }, want: "nothing was sent"},
		"nothing sent to": {use: func(p *userpooltest.Pool) { p.AddUnconfirmed("bob@example.com"); p.Outbox.Code(ada) }, want: "1 messages were sent to others"},
		"no code": {
			use: func(p *userpooltest.Pool) {
				p.AddUser(ada)
				if _, err := p.SignUp(t.Context(), userpool.SignUpInput{Username: ada, Password: userpooltest.Password}); err != nil {
					t.Error(err)
				}
				p.Outbox.Code(ada)
			},
			want: "AccountExists, which carries no code",
		},
		"clock moves nothing": {
			change: func(c *userpool.Config) { c.Now = time.Now },
			use:    func(p *userpooltest.Pool) { p.Clock.Advance(time.Hour) },
			want:   "Config.Now was replaced",
		},
		"clock sets nothing": {
			change: func(c *userpool.Config) { c.Now = time.Now },
			use:    func(p *userpooltest.Pool) { p.Clock.Set(time.Now()) },
			want:   "Config.Now was replaced",
		},
		"no app": {
			change: withMFA(userpool.MFARequired), use: func(p *userpooltest.Pool) { p.AddUser(ada).SignIn() },
			want: "needs a second factor to sign in (MFA_SETUP): set one up by AddSoftwareToken",
		},
		"no MFA": {use: func(p *userpooltest.Pool) { p.AddUser(ada).AddSoftwareToken() }, want: "cannot set up an authenticator app: userpool: MFAMethodNotFound"},
		"temporary password": {
			use: func(p *userpooltest.Pool) {
				u := p.AddUser(ada)
				if err := p.AdminSetUserPassword(t.Context(), userpool.AdminSetUserPasswordInput{Username: ada, Password: u.Password}); err != nil {
					t.Error(err)
				}
				u.SignIn()
			},
			want: "is asked for NEW_PASSWORD_REQUIRED, which is not answered here",
		},
		"app of another clock": {
			change: func(c *userpool.Config) { withMFA(userpool.MFARequired)(c); c.Now = time.Now },
			use: func(p *userpooltest.Pool) {
				u := p.AddUser(ada)
				u.AddSoftwareToken()
				for range 3 {
					u.SignIn()
				}
			},
			want: "Config.Now was replaced",
		},
		"no handler": {use: func(p *userpooltest.Pool) { p.NewBrowser(nil) }, want: "wants the handler"},
		"no cookies": {
			use:  func(p *userpooltest.Pool) { p.AddUser(ada).SignInBrowser(http.DefaultClient, "/") },
			want: "a browser without a cookie jar",
		},
		"no URL": {
			use:  func(p *userpooltest.Pool) { p.AddUser(ada).SignInBrowser(p.NewBrowser(http.NotFoundHandler()), ":%") },
			want: `":%" is no URL`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			fake := &fakeT{}
			defer fake.end()
			require.PanicsWithValue(t, fake, func() {
				var changes []func(*userpool.Config)
				if test.change != nil {
					changes = append(changes, test.change)
				}
				test.use(userpooltest.New(fake, changes...))
			})
			require.True(t, strings.HasPrefix(fake.text, "userpooltest: "), fake.text)
			require.Contains(t, fake.text, test.want)
			require.NotContains(t, fake.text, userpooltest.Password)
		})
	}
}

// The log of the pool is that of the test, and after its end nobody's: testing.T panics then.
func TestLogEndsWithTheTest(t *testing.T) {
	fake := &fakeT{}
	pool := userpooltest.New(fake)
	log := pool.Config().Logger
	log.Error("before")
	fake.end()
	log.Error("after")
	require.Contains(t, fake.log.String(), "before")
	require.NotContains(t, fake.log.String(), "after")

	mine := slog.New(slog.DiscardHandler)
	require.Same(t, mine, userpooltest.New(t, func(c *userpool.Config) { c.Logger = mine }).Config().Logger)
}

// What is on its way when the test ends has arrived when its last cleanup is over.
func TestEndWaitsForMessages(t *testing.T) {
	fake := &fakeT{}
	release, arrived := make(chan struct{}), false
	pool := userpooltest.New(fake, func(c *userpool.Config) {
		outbox := c.Sender
		c.Sender = userpool.SenderFunc(func(ctx context.Context, m userpool.Message) error {
			if m.Kind == userpool.MessageForgotPassword {
				<-release
				arrived = true
			}
			return outbox.Send(ctx, m)
		})
	})
	pool.AddUser(ada)
	_, err := pool.ForgotPassword(t.Context(), userpool.ForgotPasswordInput{Username: ada})
	require.NoError(t, err)
	close(release)
	fake.end()
	require.True(t, arrived)
}
