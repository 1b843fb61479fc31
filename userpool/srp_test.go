package userpool_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"math/big"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/internal/srpclient"
	"github.com/stepwell/stepwell/userpool/memstore"
)

// srpApp is a public client that uses SRP, srpBackend a confidential one.
var (
	srpApp = userpool.Client{
		ID: "srpapp", AuthFlows: []userpool.AuthFlow{userpool.UserSRPAuth, userpool.UserPasswordAuth, userpool.UserAuth},
	}
	srpBackend = userpool.Client{ID: "srpbackend", Secrets: []string{backendSecret}, AuthFlows: []userpool.AuthFlow{userpool.UserSRPAuth}}
)

// withSRP adds the clients that use SRP to a pool with a Cognito ID.
func withSRP(c *userpool.Config) {
	c.ID = "eu-west-1_AbCdEfGhI"
	c.Settings.Clients = append(c.Settings.Clients, srpApp, srpBackend)
}

func srpKit(t testing.TB, store userpool.Store, change func(*userpool.Config)) *kit {
	t.Helper()
	return newKitOn(t, store, func(c *userpool.Config) {
		withSRP(c)
		if change != nil {
			change(c)
		}
	})
}

// srpSignIn is a sign-in with SRP after its first step.
type srpSignIn struct {
	*kit
	client    *srpclient.Client
	challenge *userpool.Challenge
}

// beginSRP begins to sign in. edit may change the request.
func (k *kit) beginSRP(username string, edit func(*userpool.InitiateAuthInput)) (srpSignIn, error) {
	k.t.Helper()
	client, err := srpclient.New(rand.Reader)
	require.NoError(k.t, err)
	in := userpool.InitiateAuthInput{AuthFlow: userpool.UserSRPAuth, ClientID: srpApp.ID, Username: username, SRPA: client.SRPA()}
	if edit != nil {
		edit(&in)
	}
	out, err := k.InitiateAuth(k.t.Context(), in)
	if err != nil {
		return srpSignIn{}, err
	}
	require.NotNil(k.t, out.Challenge)
	return srpSignIn{k, client, out.Challenge}, nil
}

func (k *kit) srpBegun(username string) srpSignIn {
	k.t.Helper()
	s, err := k.beginSRP(username, nil)
	require.NoError(k.t, err)
	return s
}

func (s srpSignIn) given() srpclient.Challenge {
	return srpclient.Challenge{Salt: s.challenge.SRP.Salt, B: s.challenge.SRP.B, SecretBlock: s.challenge.SRP.SecretBlock}
}

// claim is the right response for a password.
func (s srpSignIn) claim(password string) userpool.ChallengeResponse {
	s.t.Helper()
	c, err := s.client.Answer("AbCdEfGhI", s.challenge.SRP.UserIDForSRP, password, s.given(), s.clock.Now())
	require.NoError(s.t, err)
	return userpool.ChallengeResponse{Signature: c.Signature, SecretBlock: c.SecretBlock, Timestamp: c.Timestamp}
}

func (s srpSignIn) respond(r userpool.ChallengeResponse) (*userpool.AuthOutcome, error) {
	return s.RespondToAuthChallenge(s.t.Context(), userpool.RespondToAuthChallengeInput{
		ChallengeName: s.challenge.Name, Session: s.challenge.Session, ClientID: srpApp.ID, Response: r,
	})
}

// srpTokens signs in with SRP.
func (k *kit) srpTokens(username, password string) (*userpool.Tokens, error) {
	k.t.Helper()
	s, err := k.beginSRP(username, nil)
	if err != nil {
		return nil, err
	}
	out, err := s.respond(s.claim(password))
	if err != nil {
		return nil, err
	}
	return out.Tokens, nil
}

func TestSignInSRP(t *testing.T) {
	eachStore(t, func(t *testing.T, store userpool.Store) {
		k := srpKit(t, store, nil)
		sub := k.user("ada@example.com")
		for _, name := range []string{"ada@example.com", " Ada@EXAMPLE.com ", sub} {
			s := k.srpBegun(name)
			require.Equal(t, userpool.ChallengePasswordVerifier, s.challenge.Name)
			require.Equal(t, sub, s.challenge.Username)
			require.Equal(t, sub, s.challenge.SRP.UserIDForSRP)
			out, err := s.respond(s.claim(password))
			require.NoError(t, err)
			claims := k.claimsOf(k.VerifyAccessToken, out.Tokens.AccessToken)
			require.Equal(t, sub, claims["sub"])
			require.Equal(t, []any{"pwd"}, claims["amr"])
			require.NotContains(t, claims, "device_key")
			require.Nil(t, out.NewDevice)
		}
		_, err := k.srpTokens("ada@example.com", "a wrong password, but long")
		require.ErrorIs(t, err, userpool.NotAuthorized)

		other := k.again(nil) // another process
		s := k.srpBegun("ada@example.com")
		s.kit = other
		_, err = s.respond(s.claim(password))
		require.NoError(t, err, "a sign-in goes on in another process")
	})
}

// The same by USER_AUTH: chosen at once, from a list, or after the password was asked for.
func TestSignInSRP_Chosen(t *testing.T) {
	k := srpKit(t, memstore.New(), nil)
	k.user("ada@example.com")
	s, err := k.beginSRP("ada@example.com", func(in *userpool.InitiateAuthInput) {
		in.AuthFlow, in.PreferredChallenge = userpool.UserAuth, userpool.ChallengePasswordSRP
	})
	require.NoError(t, err)
	require.Equal(t, userpool.ChallengePasswordVerifier, s.challenge.Name)
	_, err = s.respond(s.claim(password))
	require.NoError(t, err)

	s, err = k.beginSRP("ada@example.com", func(in *userpool.InitiateAuthInput) { in.AuthFlow = userpool.UserAuth })
	require.NoError(t, err)
	require.Equal(t, userpool.ChallengeSelectChallenge, s.challenge.Name)
	out, err := s.respond(userpool.ChallengeResponse{Answer: string(userpool.ChallengePasswordSRP)})
	require.NoError(t, err)
	require.Equal(t, userpool.ChallengePasswordSRP, out.Challenge.Name)
	s.challenge = out.Challenge
	out, err = s.respond(userpool.ChallengeResponse{SRPA: s.client.SRPA()})
	require.NoError(t, err)
	s.challenge = out.Challenge
	out, err = s.respond(s.claim(password))
	require.NoError(t, err)
	require.NotNil(t, out.Tokens)
}

// A confidential client makes its SECRET_HASH of the name that was typed, and then of Challenge.Username.
func TestSignInSRP_SecretHash(t *testing.T) {
	k := srpKit(t, memstore.New(), nil)
	k.user("ada@example.com")
	begin := func(hash string) (srpSignIn, error) {
		return k.beginSRP("ada@example.com", func(in *userpool.InitiateAuthInput) { in.ClientID, in.SecretHash = srpBackend.ID, hash })
	}
	for _, hash := range []string{"", userpool.SecretHash(backendSecret, "eve@example.com", srpBackend.ID)} {
		_, err := begin(hash)
		require.ErrorIs(t, err, userpool.InvalidClient)
	}
	s, err := begin(userpool.SecretHash(backendSecret, "ada@example.com", srpBackend.ID))
	require.NoError(t, err)
	in := userpool.RespondToAuthChallengeInput{
		ChallengeName: s.challenge.Name, Session: s.challenge.Session, ClientID: srpBackend.ID, Username: s.challenge.Username, Response: s.claim(password),
	}
	for _, hash := range []string{"", userpool.SecretHash(backendSecret, "ada@example.com", srpBackend.ID)} {
		in.SecretHash = hash
		_, err := k.RespondToAuthChallenge(t.Context(), in)
		require.ErrorIs(t, err, userpool.InvalidClient)
	}
	in.SecretHash = userpool.SecretHash(backendSecret, s.challenge.Username, srpBackend.ID)
	out, err := k.RespondToAuthChallenge(t.Context(), in)
	require.NoError(t, err, "a refused client uses nothing up")
	require.NotNil(t, out.Tokens)
}

// Who got a password before any client used SRP has a verifier from the next sign-in with the password on.
func TestSignInSRP_UpgradesAtPasswordSignIn(t *testing.T) {
	eachStore(t, func(t *testing.T, store userpool.Store) {
		before := newKitOn(t, store, func(c *userpool.Config) { c.ID = "eu-west-1_AbCdEfGhI" })
		sub := before.user("ada@example.com")
		stored := func() userpool.User {
			u, err := store.User(t.Context(), before.ID(), sub)
			require.NoError(t, err)
			return u
		}
		require.Empty(t, stored().SRPVerifier)
		k := before.again(withSRP)
		salt := k.srpBegun("ada@example.com").challenge.SRP.Salt
		_, err := k.srpTokens("ada@example.com", password)
		require.ErrorIs(t, err, userpool.NotAuthorized)
		k.tokens("ada@example.com")
		require.NotEmpty(t, stored().SRPVerifier)
		_, err = k.srpTokens("ada@example.com", password)
		require.NoError(t, err)
		require.Equal(t, salt, k.srpBegun("ada@example.com").challenge.SRP.Salt, "a salt that changed would tell that there is a user")

		upgraded := stored()
		k.tokens("ada@example.com")
		require.Equal(t, upgraded.SRPVerifier, stored().SRPVerifier, "once is enough")

		// A pool that keeps no verifiers any more drops the old one with the old password.
		_, err = before.ForgotPassword(t.Context(), userpool.ForgotPasswordInput{Username: "ada@example.com"})
		require.NoError(t, err)
		require.NoError(t, before.ConfirmForgotPassword(t.Context(), userpool.ConfirmForgotPasswordInput{
			Username: "ada@example.com", ConfirmationCode: before.mail().Code, Password: "another password of some length",
		}))
		require.Empty(t, stored().SRPVerifier)
		for _, old := range []string{password, "another password of some length"} {
			_, err = k.srpTokens("ada@example.com", old)
			require.ErrorIs(t, err, userpool.NotAuthorized)
		}
	})
}

// Whatever the status of a user asks for with a password, it asks for with SRP.
func TestU13_SRPStates(t *testing.T) {
	eachStore(t, func(t *testing.T, store userpool.Store) {
		k := srpKit(t, store, func(c *userpool.Config) { c.Settings.MFA = userpool.MFAOptional })
		_, err := k.SignUp(t.Context(), signUp("pending@example.com"))
		require.NoError(t, err)
		_, err = k.srpTokens("pending@example.com", "a wrong password, but long")
		require.ErrorIs(t, err, userpool.NotAuthorized)
		_, err = k.srpTokens("pending@example.com", password)
		require.ErrorIs(t, err, userpool.UserNotConfirmed)

		k.setStatus(k.user("reset@example.com"), userpool.StatusResetRequired)
		_, err = k.srpTokens("reset@example.com", password)
		require.ErrorIs(t, err, userpool.PasswordResetRequired)

		k.setStatus(k.user("temporary@example.com"), userpool.StatusForceChangePassword)
		s := k.srpBegun("temporary@example.com")
		out, err := s.respond(s.claim(password))
		require.NoError(t, err)
		require.Equal(t, userpool.ChallengeNewPasswordRequired, out.Challenge.Name)
		s.challenge = out.Challenge
		out, err = s.respond(userpool.ChallengeResponse{NewPassword: "another password of some length"})
		require.NoError(t, err)
		require.NotNil(t, out.Tokens)
		_, err = k.srpTokens("temporary@example.com", "another password of some length")
		require.NoError(t, err)

		secret := k.giveApp("mfa@example.com")
		s = k.srpBegun("mfa@example.com")
		out, err = s.respond(s.claim(password))
		require.NoError(t, err)
		require.Equal(t, userpool.ChallengeSoftwareTokenMFA, out.Challenge.Name)
		s.challenge = out.Challenge
		out, err = s.respond(userpool.ChallengeResponse{Answer: k.codeOf(secret)})
		require.NoError(t, err)
		claims := k.claimsOf(k.VerifyAccessToken, out.Tokens.AccessToken)
		require.ElementsMatch(t, []any{"pwd", "otp", "mfa"}, claims["amr"])
	})
}

// setStatus changes the status of a user in the store, as an administrator would.
func (k *kit) setStatus(sub string, status userpool.UserStatus) {
	k.t.Helper()
	k.changeStored(sub, func(u *userpool.User) { u.Status = status })
}

func (k *kit) changeStored(sub string, change func(*userpool.User)) {
	k.t.Helper()
	u, err := k.config.Store.User(k.t.Context(), k.ID(), sub)
	require.NoError(k.t, err)
	change(&u)
	require.NoError(k.t, k.config.Store.UpdateUser(k.t.Context(), k.ID(), u))
}

// BenchmarkSignInSRP is a whole sign-in with SRP, both steps, counters, session and three tokens included. The floor is what no sign-in can do
// without: the three exponentiations of the server and two signatures.
func BenchmarkSignInSRP(b *testing.B) {
	k := srpKit(b, memstore.New(), func(c *userpool.Config) { c.Settings.SigningAlgorithm = "RS256" })
	k.user("ada@example.com")
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(b, err)
	digest := sha256.Sum256([]byte("x"))
	exponent := make([]byte, 32)
	rand.Read(exponent)
	b32, two := new(big.Int).SetBytes(exponent), big.NewInt(2)
	base := srpclient.Power(two, b32)
	var took, least time.Duration
	floor := func() {
		srpclient.Power(two, b32)
		srpclient.Power(srpclient.Power(base, b32), b32)
		for range 2 {
			if _, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, digest[:]); err != nil {
				b.Fatal(err)
			}
		}
	}
	client, err := srpclient.New(rand.Reader)
	require.NoError(b, err)
	for b.Loop() {
		began := time.Now()
		out, err := k.InitiateAuth(b.Context(), userpool.InitiateAuthInput{
			AuthFlow: userpool.UserSRPAuth, ClientID: srpApp.ID, Username: "ada@example.com", SRPA: client.SRPA(),
		})
		took += time.Since(began)
		require.NoError(b, err)
		s := srpSignIn{k, client, out.Challenge}
		claim := s.claim(password) // the client's work is not the server's
		began = time.Now()
		_, err = s.respond(claim)
		took += time.Since(began)
		require.NoError(b, err)
		began = time.Now()
		floor()
		least += time.Since(began)
	}
	b.ReportMetric(float64(took.Nanoseconds())/float64(b.N), "ns/op")
	b.ReportMetric(float64(least.Nanoseconds())/float64(b.N), "floor-ns/op")
	b.ReportMetric(float64(took)/float64(least), "x-floor")
}
