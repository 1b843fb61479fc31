package userpooltest

import (
	"context"
	"encoding/base32"
	"slices"
	"time"

	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/internal/totp"
)

// SoftwareToken is an authenticator app of a user, which shows a new code every 30 seconds. It is not safe for concurrent use.
type SoftwareToken struct {
	// Secret is what the app was given, in base32.
	Secret string

	pool *Pool
	// used is the last step of 30 seconds whose code was given out.
	used int64
}

// AddSoftwareToken sets up an authenticator app for the user, who types its first code, in the place of the one before. From then on
// SignIn, SignInAt, BrowserSession and SignInBrowser answer with its codes where the pool asks for a second factor. It ends the test if
// Settings.MFA is off, or MFAFactors has no ChallengeSoftwareTokenMFA.
func (u *User) AddSoftwareToken() *SoftwareToken {
	u.pool.t.Helper()
	in := u.first(userpool.InitiateAuthInput{Result: userpool.ResultBrowserSession})
	out := u.initiateAuth(in)
	if c := out.Challenge; c != nil && c.Name == userpool.ChallengeMFASetup && slices.Contains(c.Choices, userpool.ChallengeSoftwareTokenMFA) {
		app, session := u.setUp("", c.Session)
		u.app = app
		u.respond(in, c.Name, session, userpool.ChallengeResponse{})
		return app
	}
	u.app, _ = u.setUp(u.finish(in, out).BrowserSession, "")
	return u.app
}

// setUp sets an app up by the secret of a browser session, or by the session of a sign-in that asks for it.
func (u *User) setUp(browserSession, signIn string) (*SoftwareToken, string) {
	u.pool.t.Helper()
	ctx := context.Background()
	begun, err := u.pool.AssociateSoftwareToken(ctx, userpool.AssociateSoftwareTokenInput{AccessToken: browserSession, Session: signIn})
	if err != nil {
		u.pool.fatalf("%s cannot set up an authenticator app: %v", u.Username, err)
	}
	app := &SoftwareToken{Secret: begun.SecretCode, pool: u.pool}
	// The code of the step before, which the pool takes too, so that the present one is still there to sign in with.
	done, err := u.pool.VerifySoftwareToken(ctx, userpool.VerifySoftwareTokenInput{
		AccessToken: browserSession, Session: begun.Session, UserCode: app.at(app.step() - 1),
	})
	if err != nil {
		u.pool.fatalf("%s cannot set up an authenticator app: %v", u.Username, err)
	}
	return app, done.Session
}

// Code returns the code that the app shows at the pool's clock: six digits. As with any app, a code signs in once; move the Clock on by 30
// seconds to have another one.
func (s *SoftwareToken) Code() string {
	s.used = max(s.used, s.step())
	return s.at(s.step())
}

// next returns a code that was not given out before. It waits for it, as a person would: by moving the clock to where the next code begins.
func (s *SoftwareToken) next() string {
	s.pool.t.Helper()
	if s.used >= s.step() {
		s.pool.Clock.Advance(time.Unix((s.used+1)*period, 0).Sub(s.pool.config.Now()))
	}
	return s.Code()
}

const period = int64(totp.Period / time.Second)

func (s *SoftwareToken) step() int64 { return s.pool.config.Now().Unix() / period }

func (s *SoftwareToken) at(step int64) string {
	s.pool.t.Helper()
	secret, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(s.Secret)
	if err != nil {
		s.pool.fatalf("SoftwareToken.Secret is no base32: %v", err)
	}
	return totp.Code(secret, time.Unix(step*period, 0))
}
