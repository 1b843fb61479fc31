package userpool_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
)

func TestPasskey(t *testing.T) {
	eachStore(t, func(t *testing.T, store userpool.Store) {
		k, pool := newPasskeyKit(t, store, func(c *userpool.Config) { c.Settings.PasskeyUserVerification = true })
		ada := pool.AddUser("ada@example.com")
		phone := pool.NewAuthenticator()
		ada.AddPasskey(phone)
		require.Equal(t, userpool.MessageFactorChanged, k.mail().Kind)
		keys, err := k.ListWebAuthnCredentials(t.Context(), ada.BrowserSession())
		require.NoError(t, err)
		require.Len(t, keys, 1)

		// After the user name, and without one.
		for _, username := range []string{"ada@example.com", ""} {
			out, err := k.choose(username, userpool.ChallengeWebAuthn)
			require.NoError(t, err)
			require.Equal(t, userpool.ChallengeWebAuthn, out.Challenge.Name)
			answer := userpool.ChallengeResponse{Credential: phone.Get(out.Challenge.CredentialRequestOptions)}
			done, err := k.respond(out.Challenge, answer)
			require.NoError(t, err)
			claims := k.claimsOf(k.VerifyAccessToken, done.Tokens.AccessToken)
			require.Equal(t, ada.Sub, claims["sub"])
			require.Equal(t, []any{"swk", "user", "mfa"}, claims["amr"])
			require.Equal(t, userpool.ACRPhishingResistant, claims["acr"])

			_, err = k.respond(out.Challenge, answer)
			require.ErrorIs(t, err, userpool.NotAuthorized, "W2: once")
			again, err := k.choose(username, userpool.ChallengeWebAuthn)
			require.NoError(t, err)
			_, err = k.respond(again.Challenge, answer)
			require.ErrorIs(t, err, userpool.NotAuthorized, "W2: the answer to another challenge")
		}
	})
}

// W6: a passkey belongs to one user, whoever is named.
func TestW6_PasskeyOfAnother(t *testing.T) {
	k, pool := newPasskeyKit(t, newKit(t, nil).config.Store, nil)
	ada, bob := pool.AddUser("ada@example.com"), pool.AddUser("bob@example.com")
	hers, his := pool.NewAuthenticator(), pool.NewAuthenticator()
	ada.AddPasskey(hers)
	bob.AddPasskey(his)
	out, err := k.choose("bob@example.com", "")
	require.NoError(t, err)
	out, err = k.respond(out.Challenge, userpool.ChallengeResponse{Answer: "WEB_AUTHN"})
	require.NoError(t, err)
	discoverable, err := k.choose("", userpool.ChallengeWebAuthn)
	require.NoError(t, err)
	_, err = k.respond(out.Challenge, userpool.ChallengeResponse{Credential: hers.Get(discoverable.Challenge.CredentialRequestOptions)})
	require.ErrorIs(t, err, userpool.NotAuthorized)

	// The same credential is not registered twice, by anybody.
	session := ada.BrowserSession()
	options, err := k.StartWebAuthnRegistration(t.Context(), session)
	require.NoError(t, err)
	response := hers.Create(options)
	in := userpool.CompleteWebAuthnRegistrationInput{AccessToken: session, Credential: response, Name: "phone"}
	var won atomic.Int32
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			if k.CompleteWebAuthnRegistration(t.Context(), in) == nil {
				won.Add(1)
			}
		})
	}
	wg.Wait()
	require.EqualValues(t, 1, won.Load(), "D4: of many at once, one")
	require.ErrorIs(t, k.CompleteWebAuthnRegistration(t.Context(), in), userpool.WebAuthnChallengeNotFound)
	_, err = k.StartWebAuthnRegistration(t.Context(), session)
	require.NoError(t, err)
	in.AccessToken = bob.BrowserSession()
	require.ErrorIs(t, k.CompleteWebAuthnRegistration(t.Context(), in), userpool.WebAuthnChallengeNotFound, "begun by another session")
}

// W10: an old session adds and deletes nothing, and nobody is left without a way to sign in.
func TestW10_Reauthentication(t *testing.T) {
	k, pool := newPasskeyKit(t, newKit(t, nil).config.Store, func(c *userpool.Config) {
		withFactors(userpool.ChallengeWebAuthn, userpool.ChallengeSMSOTP, userpool.ChallengePassword)(c)
	})
	ada := pool.AddUser("ada@example.com")
	phone := pool.NewAuthenticator()
	session := ada.BrowserSession()
	ada.AddPasskey(phone)
	keys, err := k.ListWebAuthnCredentials(t.Context(), session)
	require.NoError(t, err)
	remove := userpool.DeleteWebAuthnCredentialInput{AccessToken: session, CredentialID: keys[0].ID}
	k.clock.Advance(11 * time.Minute)
	_, err = k.StartWebAuthnRegistration(t.Context(), session)
	require.ErrorIs(t, err, userpool.LoginRequired)
	require.ErrorIs(t, k.DeleteWebAuthnCredential(t.Context(), remove), userpool.LoginRequired)

	remove.AccessToken = ada.BrowserSession()
	// Somebody who has a passkey only.
	store := k.config.Store
	u, err := store.User(t.Context(), k.ID(), ada.Sub)
	require.NoError(t, err)
	hash := u.PasswordHash
	u.PasswordHash = ""
	require.NoError(t, store.UpdateUser(t.Context(), k.ID(), u))
	require.ErrorIs(t, k.DeleteWebAuthnCredential(t.Context(), remove), userpool.UnsupportedUserState)
	u, err = store.User(t.Context(), k.ID(), ada.Sub)
	require.NoError(t, err)
	u.PasswordHash = hash
	require.NoError(t, store.UpdateUser(t.Context(), k.ID(), u))
	require.NoError(t, k.DeleteWebAuthnCredential(t.Context(), remove))
	require.ErrorIs(t, k.DeleteWebAuthnCredential(t.Context(), remove), userpool.ResourceNotFound)
	out, err := k.choose("", userpool.ChallengeWebAuthn)
	require.NoError(t, err)
	_, err = k.respond(out.Challenge, userpool.ChallengeResponse{Credential: phone.Get(out.Challenge.CredentialRequestOptions)})
	require.ErrorIs(t, err, userpool.NotAuthorized, "it is gone")
}

// W4: without a finger or a PIN a passkey is one factor, and none at all where the pool wants them.
func TestW4_UserVerification(t *testing.T) {
	for _, required := range []bool{false, true} {
		k, pool := newPasskeyKit(t, newKit(t, nil).config.Store, func(c *userpool.Config) { c.Settings.PasskeyUserVerification = required })
		ada := pool.AddUser("ada@example.com")
		key := pool.NewAuthenticator()
		ada.AddPasskey(key)
		key.NotVerified = true
		out, err := k.choose("ada@example.com", userpool.ChallengeWebAuthn)
		require.NoError(t, err)
		done, err := k.respond(out.Challenge, userpool.ChallengeResponse{Credential: key.Get(out.Challenge.CredentialRequestOptions)})
		if required {
			require.ErrorIs(t, err, userpool.NotAuthorized)
			continue
		}
		require.NoError(t, err)
		require.Equal(t, userpool.ACRSingleFactor, k.claimsOf(k.VerifyAccessToken, done.Tokens.AccessToken)["acr"])
	}
}

// A user who was deleted takes the passkeys along.
func TestU31_PasskeyOfDeletedUser(t *testing.T) {
	k, pool := newPasskeyKit(t, newKit(t, nil).config.Store, nil)
	ada := pool.AddUser("ada@example.com")
	phone := pool.NewAuthenticator()
	ada.AddPasskey(phone)
	out, err := k.choose("", userpool.ChallengeWebAuthn)
	require.NoError(t, err)
	require.NoError(t, k.AdminDeleteUser(t.Context(), ada.Sub))
	pool.AddUser("ada@example.com")
	_, err = k.respond(out.Challenge, userpool.ChallengeResponse{Credential: phone.Get(out.Challenge.CredentialRequestOptions)})
	require.ErrorIs(t, err, userpool.NotAuthorized)
}
