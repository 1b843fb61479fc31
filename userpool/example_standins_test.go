package userpool_test

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"io"
	"log"
	"testing"
	"time"

	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/internal/srpclient"
	"github.com/stepwell/stepwell/userpool/internal/totp"
	"github.com/stepwell/stepwell/userpool/userpooltest"
)

// What stands in the examples for what is not of the program: the test, the person's app, and the libraries of clients.

// exampleT stands for the *testing.T that an example does not have.
type exampleT struct{ testing.TB }

func (exampleT) Helper()                           {}
func (exampleT) Cleanup(func())                    {}
func (exampleT) Output() io.Writer                 { return io.Discard }
func (exampleT) Fatalf(format string, args ...any) { log.Fatalf(format, args...) }

// theAppShows is the code that an authenticator app with this secret shows.
func theAppShows(secretCode string, at time.Time) string {
	secret, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secretCode)
	if err != nil {
		log.Fatal(err)
	}
	return totp.Code(secret, at)
}

// exampleApp sets up an authenticator app for a user who can sign in, and returns its secret and the tokens of that sign-in.
func exampleApp(pool *userpooltest.Pool, ada *userpooltest.User) (secretCode string, tokens *userpool.Tokens) {
	ctx := context.Background()
	tokens = ada.SignIn()
	app, err := pool.AssociateSoftwareToken(ctx, userpool.AssociateSoftwareTokenInput{AccessToken: tokens.AccessToken})
	if err == nil {
		_, err = pool.VerifySoftwareToken(ctx, userpool.VerifySoftwareTokenInput{
			AccessToken: tokens.AccessToken, UserCode: theAppShows(app.SecretCode, pool.Clock.Now()),
		})
	}
	if err != nil {
		log.Fatal(err)
	}
	pool.Clock.Advance(time.Minute) // each code is good for one use
	return app.SecretCode, tokens
}

// amplify stands for the client libraries that speak SRP: Amplify, and the Cognito SDKs for browsers, Android and iOS.
type amplify struct {
	*srpclient.Client
	clock  func() time.Time
	device srpclient.Device
}

func newAmplify(clock func() time.Time) *amplify {
	client, err := srpclient.New(rand.Reader)
	if err != nil {
		log.Fatal(err)
	}
	return &amplify{Client: client, clock: clock}
}

// Prove proves the password to the challenge PASSWORD_VERIFIER. pool is what follows the underscore in the ID of the pool.
func (a *amplify) Prove(pool, password string, s *userpool.SRPParameters) userpool.ChallengeResponse {
	given := srpclient.Challenge{Salt: s.Salt, B: s.B, SecretBlock: s.SecretBlock}
	return a.response(a.Answer(pool, s.UserIDForSRP, password, given, a.clock()))
}

// RememberDevice draws the secret of a device and returns its verifier, as the libraries do after a sign-in.
func (a *amplify) RememberDevice(d *userpool.NewDeviceMetadata) (verifier userpool.DeviceSecretVerifierConfig) {
	var err error
	if a.device, err = srpclient.NewDevice(rand.Reader, d.DeviceGroupKey, d.DeviceKey); err == nil {
		verifier.Salt, verifier.PasswordVerifier, err = a.device.Verifier(rand.Reader)
	}
	if err != nil {
		log.Fatal(err)
	}
	return verifier
}

// ProveDevice proves the secret of the device to the challenge DEVICE_PASSWORD_VERIFIER.
func (a *amplify) ProveDevice(s *userpool.SRPParameters) userpool.ChallengeResponse {
	r := a.response(a.AnswerDevice(a.device, srpclient.Challenge{Salt: s.Salt, B: s.B, SecretBlock: s.SecretBlock}, a.clock()))
	r.DeviceKey = a.device.Key
	return r
}

func (a *amplify) response(c srpclient.Claim, err error) userpool.ChallengeResponse {
	if err != nil {
		log.Fatal(err)
	}
	return userpool.ChallengeResponse{Signature: c.Signature, SecretBlock: c.SecretBlock, Timestamp: c.Timestamp}
}
