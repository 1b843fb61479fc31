package userpool_test

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/memstore"
	"github.com/stepwell/stepwell/userpool/sqlstore"
)

// A device is confirmed once, by the sign-in that was given its key.
func TestU38_ConfirmDevice(t *testing.T) {
	eachStore(t, func(t *testing.T, store userpool.Store) {
		k := deviceKit(t, store, nil)
		ctx := t.Context()
		ada, eve := k.owner("ada@example.com"), k.owner("eve@example.com")
		out, other := ada.withCode(""), ada.withCode("")
		hers := eve.withCode("")
		in, d := k.confirming(out)
		for name, edit := range map[string]func(*userpool.ConfirmDeviceInput){
			"by another session of the user": func(in *userpool.ConfirmDeviceInput) { in.AccessToken = other.Tokens.AccessToken },
			"by another user":                func(in *userpool.ConfirmDeviceInput) { in.AccessToken = hers.Tokens.AccessToken },
			"a key that was not given":       func(in *userpool.ConfirmDeviceInput) { in.DeviceKey = "eu-west-1_00000000-0000-4000-8000-000000000000" },
			"no key":                         func(in *userpool.ConfirmDeviceInput) { in.DeviceKey = "" },
		} {
			bad := in
			edit(&bad)
			_, err := k.ConfirmDevice(ctx, bad)
			require.ErrorIs(t, err, userpool.ResourceNotFound, name)
		}
		for name, edit := range map[string]func(*userpool.ConfirmDeviceInput){
			"no verifier":         func(in *userpool.ConfirmDeviceInput) { in.DeviceSecretVerifierConfig.PasswordVerifier = "" },
			"verifier 1":          func(in *userpool.ConfirmDeviceInput) { in.DeviceSecretVerifierConfig.PasswordVerifier = "AQ==" },
			"short salt":          func(in *userpool.ConfirmDeviceInput) { in.DeviceSecretVerifierConfig.Salt = "AQ==" },
			"long name":           func(in *userpool.ConfirmDeviceInput) { in.DeviceName = strings.Repeat("ä", 1025) },
			"name with a control": func(in *userpool.ConfirmDeviceInput) { in.DeviceName = "a\nb" },
			"name not UTF-8":      func(in *userpool.ConfirmDeviceInput) { in.DeviceName = "a\xff" },
		} {
			bad := in
			edit(&bad)
			_, err := k.ConfirmDevice(ctx, bad)
			require.ErrorIs(t, err, userpool.InvalidParameter, name)
		}
		bad := in
		bad.AccessToken = out.Tokens.IDToken
		_, err := k.ConfirmDevice(ctx, bad)
		require.ErrorIs(t, err, userpool.NotAuthorized)

		require.Equal(t, 1, parallel(50, func(int) error {
			_, err := k.ConfirmDevice(ctx, in)
			if err != nil && !errors.Is(err, userpool.DeviceKeyExists) {
				t.Error(err)
			}
			return err
		}))
		_, err = k.GetDevice(ctx, userpool.GetDeviceInput{AccessToken: hers.Tokens.AccessToken, DeviceKey: d.Key})
		require.ErrorIs(t, err, userpool.ResourceNotFound)
		require.ErrorIs(t, k.ForgetDevice(ctx, userpool.ForgetDeviceInput{AccessToken: hers.Tokens.AccessToken, DeviceKey: d.Key}), userpool.ResourceNotFound)
		require.ErrorIs(t, k.UpdateDeviceStatus(ctx, userpool.UpdateDeviceStatusInput{
			AccessToken: hers.Tokens.AccessToken, DeviceKey: d.Key, DeviceRememberedStatus: userpool.DeviceNotRemembered,
		}), userpool.ResourceNotFound)
		require.ErrorIs(t, k.AdminForgetDevice(ctx, eve.email, d.Key), userpool.ResourceNotFound)
		ada.device = d
		_, err = ada.withDevice()
		require.NoError(t, err)

		// Whose sessions ended confirms nothing.
		late, _ := k.confirming(other)
		require.NoError(t, k.AdminUserGlobalSignOut(ctx, ada.email))
		_, err = k.ConfirmDevice(ctx, late)
		require.ErrorIs(t, err, userpool.NotAuthorized)
	})
}

// endingStore does something at the moment at which a certain write begins.
type endingStore struct {
	userpool.Store
	at  string
	end func()
}

func (s *endingStore) write(what string) {
	if s.end != nil && s.at == what {
		end := s.end
		s.end = nil
		end()
	}
}

func (s *endingStore) PutRecord(ctx context.Context, pool string, r userpool.Record) error {
	s.write(r.Kind)
	return s.Store.PutRecord(ctx, pool, r)
}

func (s *endingStore) PutCounter(ctx context.Context, pool string, c userpool.Counter) error {
	if c.N == 0 {
		s.write("end of a count")
	}
	return s.Store.PutCounter(ctx, pool, c)
}

func (s *endingStore) CreateSession(ctx context.Context, pool string, x userpool.Session) error {
	s.write("session")
	return s.Store.CreateSession(ctx, pool, x)
}

// A device that is forgotten while it signs in, or is confirmed by a session that ends just then, is gone with the sessions that it began.
func TestU38_ForgottenMeanwhile(t *testing.T) {
	store := &endingStore{Store: memstore.New(), at: "device"}
	k := deviceKit(t, store, nil)
	ctx := t.Context()
	o := k.owner("ada@example.com")
	out := o.withCode("")
	in, d := k.confirming(out)
	store.end = func() {
		require.NoError(t, k.RevokeToken(ctx, userpool.RevokeTokenInput{Token: out.Tokens.RefreshToken, ClientID: srpApp.ID}))
	}
	_, err := k.ConfirmDevice(ctx, in)
	require.ErrorIs(t, err, userpool.NotAuthorized)
	_, err = k.AdminGetDevice(ctx, o.email, d.Key)
	require.ErrorIs(t, err, userpool.ResourceNotFound)

	for _, at := range []string{"end of a count", "device", "session"} {
		o.confirmed()
		c, claim, err := k.devicePassword(o.device, o.askedForDevice())
		require.NoError(t, err)
		store.at, store.end = at, func() { require.NoError(t, k.AdminForgetDevice(ctx, o.email, o.device.Key)) }
		_, err = k.respondTo(c, claim)
		require.Nil(t, store.end, at)
		require.ErrorIs(t, err, userpool.ResourceNotFound, at)
		sessions, err := store.SessionsOf(ctx, k.ID(), k.srpBegun(o.email).challenge.Username, 1000)
		require.NoError(t, err)
		for _, s := range sessions {
			require.NotEqual(t, o.device.Key, s.DeviceKey, at)
		}
	}
}

// Renewing tokens needs no device key, takes the right one, and refuses a wrong one. A device that is forgotten ends its sessions.
func TestU30_RefreshWithDevice(t *testing.T) {
	eachStore(t, func(t *testing.T, store userpool.Store) {
		k := deviceKit(t, store, nil)
		ctx := t.Context()
		o := k.owner("ada@example.com")
		out := o.confirmed()
		byDevice, err := o.withDevice()
		require.NoError(t, err)
		named, elsewhere := byDevice.Tokens, o.withCode("").Tokens
		renew := func(tokens *userpool.Tokens, key string) (*userpool.Tokens, error) {
			got, err := k.GetTokensFromRefreshToken(ctx, userpool.GetTokensFromRefreshTokenInput{RefreshToken: tokens.RefreshToken, ClientID: srpApp.ID, DeviceKey: key})
			if err == nil {
				tokens.RefreshToken = got.RefreshToken
			}
			return got, err
		}
		for _, tokens := range []*userpool.Tokens{out.Tokens, named} {
			for _, key := range []string{"", o.device.Key} {
				got, err := renew(tokens, key)
				require.NoError(t, err)
				require.Equal(t, o.device.Key, k.claimsOf(k.VerifyAccessToken, got.AccessToken)["device_key"])
			}
			for _, key := range []string{"x", "eu-west-1_00000000-0000-4000-8000-000000000000"} {
				_, err := renew(tokens, key)
				require.ErrorIs(t, err, userpool.NotAuthorized)
			}
			_, err := renew(tokens, "")
			require.NoError(t, err, "a wrong key uses nothing up")
		}
		require.NoError(t, k.ForgetDevice(ctx, userpool.ForgetDeviceInput{AccessToken: elsewhere.AccessToken, DeviceKey: o.device.Key}))
		for _, tokens := range []*userpool.Tokens{out.Tokens, named} {
			for _, key := range []string{"", o.device.Key} {
				_, err := renew(tokens, key)
				require.ErrorIs(t, err, userpool.NotAuthorized)
			}
			_, err = k.VerifyAccessToken(ctx, tokens.AccessToken)
			require.ErrorIs(t, err, userpool.NotAuthorized)
		}
		_, err = renew(elsewhere, "")
		require.NoError(t, err, "other devices stay signed in")
	})
}

// A user has at most fifty devices. The one that was used least recently goes, one that is not remembered before others.
func TestDevice_AtMostFifty(t *testing.T) {
	k := deviceKit(t, memstore.New(), nil)
	ctx := t.Context()
	email := "ada@example.com"
	k.user(email)
	var keys []string
	add := func() {
		k.clock.Advance(time.Minute)
		out, err := k.passwordWith(email, "")
		require.NoError(t, err)
		in, d := k.confirming(out)
		_, err = k.ConfirmDevice(ctx, in)
		require.NoError(t, err)
		keys = append(keys, d.Key)
	}
	for range 50 {
		add()
	}
	there := func(i int) bool {
		_, err := k.AdminGetDevice(ctx, email, keys[i])
		return err == nil
	}
	require.True(t, there(0))
	require.NoError(t, k.AdminUpdateDeviceStatus(ctx, userpool.AdminUpdateDeviceStatusInput{
		Username: email, DeviceKey: keys[30], DeviceRememberedStatus: userpool.DeviceNotRemembered,
	}))
	_, err := k.passwordWith(email, keys[0])
	require.NoError(t, err)
	add()
	require.False(t, there(30))
	require.True(t, there(0))
	add()
	require.True(t, there(0))
	require.False(t, there(1))

	page, err := k.AdminListDevices(ctx, userpool.AdminListDevicesInput{Username: email, Limit: 20})
	require.NoError(t, err)
	found := map[string]bool{}
	for n := 0; ; n++ {
		require.Less(t, n, 4)
		for _, d := range page.Devices {
			require.False(t, found[d.Key])
			found[d.Key] = true
		}
		if page.PaginationToken == "" {
			break
		}
		page, err = k.AdminListDevices(ctx, userpool.AdminListDevicesInput{Username: email, Limit: 20, PaginationToken: page.PaginationToken})
		require.NoError(t, err)
	}
	require.Len(t, found, 50)
	_, err = k.AdminListDevices(ctx, userpool.AdminListDevicesInput{Username: email, Limit: 61})
	require.ErrorIs(t, err, userpool.InvalidParameter)
	k.user("eve@example.com")
	first, err := k.AdminListDevices(ctx, userpool.AdminListDevicesInput{Username: email, Limit: 20})
	require.NoError(t, err)
	_, err = k.AdminListDevices(ctx, userpool.AdminListDevicesInput{Username: "eve@example.com", Limit: 20, PaginationToken: first.PaginationToken})
	require.ErrorIs(t, err, userpool.InvalidParameter, "a token of another list")
	_, err = k.AdminListDevices(ctx, userpool.AdminListDevicesInput{Username: "nobody@example.com"})
	require.ErrorIs(t, err, userpool.UserNotFound)

	k.clock.Advance(91 * 24 * time.Hour)
	add()
	left, err := k.AdminListDevices(ctx, userpool.AdminListDevicesInput{Username: email})
	require.NoError(t, err)
	require.Len(t, left.Devices, 1, "those that expired go as well")
}

// A store that fails in the middle leaves a device that can be forgotten, confirmed or used by trying again.
func TestD3_DeviceStoreFails(t *testing.T) {
	broken := &failingStore{Store: memstore.New()}
	k := deviceKit(t, broken, nil)
	o := k.owner("ada@example.com")
	for n := 0; ; n++ {
		o.confirmed()
		token := o.withCode("").Tokens.AccessToken
		broken.failAfter(n)
		err := k.ForgetDevice(t.Context(), userpool.ForgetDeviceInput{AccessToken: token, DeviceKey: o.device.Key})
		if !broken.heal() {
			require.NoError(t, err)
			break
		}
		require.ErrorIs(t, err, userpool.ServiceUnavailable)
		err = k.ForgetDevice(t.Context(), userpool.ForgetDeviceInput{AccessToken: token, DeviceKey: o.device.Key})
		require.True(t, err == nil || errors.Is(err, userpool.ResourceNotFound), err)
		sessions, err := broken.SessionsOf(t.Context(), k.ID(), k.srpBegun(o.email).challenge.Username, 1000)
		require.NoError(t, err)
		for _, s := range sessions {
			require.NotEqual(t, o.device.Key, s.DeviceKey, "a session outlived its device")
		}
	}
}

// Neither the verifier of a password nor that of a device can be read in the database, or in the log.
func TestD7_VerifiersAreSealed(t *testing.T) {
	db, err := sql.Open("sqlite", sqlstore.SQLiteDSN(filepath.Join(t.TempDir(), "pool.db")))
	require.NoError(t, err)
	defer db.Close()
	store, err := sqlstore.Open(t.Context(), db, sqlstore.SQLite)
	require.NoError(t, err)
	k := deviceKit(t, store, nil)
	o := k.owner("ada@example.com")
	out := o.withCode("")
	in, d := k.confirming(out)
	_, err = k.ConfirmDevice(t.Context(), in)
	require.NoError(t, err)
	o.device = d
	c := o.askedForDevice()
	_, claim, err := k.devicePassword(d, c)
	require.NoError(t, err)
	s := k.srpBegun(o.email)
	text := dumpSQLite(t, db) + k.log.String()
	require.Contains(t, text, d.Key, "the dump is no dump")
	for name, secret := range map[string]string{
		"device secret": d.Secret, "device verifier": in.DeviceSecretVerifierConfig.PasswordVerifier, "device salt": in.DeviceSecretVerifierConfig.Salt,
		"session": c.Session, "signature": claim.Signature, "secret block": s.challenge.SRP.SecretBlock, "B": s.challenge.SRP.B, "salt": s.challenge.SRP.Salt,
		"SRP session": s.challenge.Session, "field of a verifier": `"Salt"`, "field of a challenge": `"Negated"`,
	} {
		require.NotContains(t, text, secret, name)
	}
	u, err := store.User(t.Context(), k.ID(), k.srpBegun(o.email).challenge.Username)
	require.NoError(t, err)
	require.NotEmpty(t, u.SRPVerifier)

	// What is sealed for one user opens for no other.
	k.changeStored(k.user("eve@example.com"), func(other *userpool.User) { other.SRPVerifier = u.SRPVerifier })
	_, err = k.srpTokens("eve@example.com", password)
	require.ErrorIs(t, err, userpool.ServiceUnavailable)
}
