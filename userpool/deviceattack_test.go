package userpool_test

import (
	"crypto/rand"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/internal/srpclient"
	"github.com/stepwell/stepwell/userpool/memstore"
)

// No device for sign-ins of the server, and none at the hosted pages, even if they name one that is remembered.
func TestU14_DeviceElsewhere(t *testing.T) {
	k := deviceKit(t, memstore.New(), func(c *userpool.Config) {
		c.Settings.Clients[2].AuthFlows = append(c.Settings.Clients[2].AuthFlows, userpool.AdminUserPasswordAuth)
	})
	o := k.owner("ada@example.com")
	o.confirmed()
	out, err := k.AdminInitiateAuth(t.Context(), userpool.InitiateAuthInput{
		AuthFlow: userpool.AdminUserPasswordAuth, ClientID: srpApp.ID, Username: o.email, Password: password, DeviceKey: o.device.Key,
	})
	require.NoError(t, err)
	require.Equal(t, userpool.ChallengeSoftwareTokenMFA, out.Challenge.Name)
	out, err = k.AdminRespondToAuthChallenge(t.Context(), userpool.RespondToAuthChallengeInput{
		ChallengeName: out.Challenge.Name, Session: out.Challenge.Session, ClientID: srpApp.ID, Response: userpool.ChallengeResponse{Answer: k.codeOf(o.secret)},
	})
	require.NoError(t, err)
	require.Nil(t, out.NewDevice)
	require.NotContains(t, k.claimsOf(k.VerifyAccessToken, out.Tokens.AccessToken), "device_key")

	out, err = k.InitiateAuth(t.Context(), userpool.InitiateAuthInput{
		AuthFlow: userpool.UserPasswordAuth, Username: o.email, Password: password, DeviceKey: o.device.Key, Result: userpool.ResultBrowserSession,
	})
	require.NoError(t, err)
	require.Equal(t, userpool.ChallengeSoftwareTokenMFA, out.Challenge.Name)
	out, err = k.RespondToAuthChallenge(t.Context(), userpool.RespondToAuthChallengeInput{
		ChallengeName: out.Challenge.Name, Session: out.Challenge.Session, Response: userpool.ChallengeResponse{Answer: k.codeOf(o.secret)},
	})
	require.NoError(t, err)
	require.Nil(t, out.NewDevice)
	list, err := k.ListDevices(t.Context(), userpool.ListDevicesInput{AccessToken: out.BrowserSession})
	require.NoError(t, err)
	require.Len(t, list.Devices, 1, "but they show the devices, and forget them")
	require.NoError(t, k.ForgetDevice(t.Context(), userpool.ForgetDeviceInput{AccessToken: out.BrowserSession, DeviceKey: o.device.Key}))
}

// A device stands in for the second factor only if it was remembered by two factors, in a time that has not ended since.
func TestU14_DeviceStandsInForNothing(t *testing.T) {
	eachStore(t, func(t *testing.T, store userpool.Store) {
		k := deviceKit(t, store, nil)
		ctx := t.Context()

		// Remembered with a password alone, perhaps by who stole it, before the user set up the second factor.
		thief := &owner{kit: k, email: "early@example.com"}
		sub := k.user(thief.email)
		out, err := k.passwordWith(thief.email, "")
		require.NoError(t, err)
		in, d := k.confirming(out)
		_, err = k.ConfirmDevice(ctx, in)
		require.NoError(t, err)
		require.NoError(t, k.UpdateDeviceStatus(ctx, userpool.UpdateDeviceStatusInput{
			AccessToken: out.Tokens.AccessToken, DeviceKey: d.Key, DeviceRememberedStatus: userpool.DeviceRemembered,
		}))
		out, err = k.passwordWith(thief.email, d.Key)
		require.NoError(t, err)
		require.NotNil(t, out.Tokens)
		require.Nil(t, out.NewDevice, "without a second factor the device is as good as a new one")
		thief.secret = []byte("20 bytes of a secret")
		sealed, err := k.SealSoftwareTokenForTest(ctx, sub, thief.secret)
		require.NoError(t, err)
		k.changeStored(sub, func(u *userpool.User) {
			u.SoftwareToken = &userpool.SoftwareToken{Secret: sealed}
			u.MFA, u.PreferredMFA = []userpool.ChallengeName{userpool.ChallengeSoftwareTokenMFA}, userpool.ChallengeSoftwareTokenMFA
		})
		out = thief.withCode(d.Key)
		require.NotNil(t, out.NewDevice, "with two factors it is remembered anew")
		_, err = k.AdminGetDevice(ctx, thief.email, d.Key)
		require.ErrorIs(t, err, userpool.ResourceNotFound, "in the place of the old one")

		// What a device proved remembers no other device.
		o := k.owner("ada@example.com")
		first := o.confirmed()
		require.NoError(t, k.UpdateDeviceStatus(ctx, userpool.UpdateDeviceStatusInput{
			AccessToken: first.Tokens.AccessToken, DeviceKey: o.device.Key, DeviceRememberedStatus: userpool.DeviceRemembered,
		}))
		old := o.device
		o.confirmed()
		byDevice, err := o.withDevice()
		require.NoError(t, err)
		for _, status := range []userpool.DeviceRememberedStatus{userpool.DeviceNotRemembered, userpool.DeviceRemembered} {
			require.NoError(t, k.UpdateDeviceStatus(ctx, userpool.UpdateDeviceStatusInput{
				AccessToken: byDevice.Tokens.AccessToken, DeviceKey: old.Key, DeviceRememberedStatus: status,
			}))
		}
		o.withCode(old.Key)

		for name, end := range map[string]func(){
			"a new password": func() {
				_, err := k.ForgotPassword(ctx, userpool.ForgotPasswordInput{Username: o.email})
				require.NoError(t, err)
				require.NoError(t, k.ConfirmForgotPassword(ctx, userpool.ConfirmForgotPasswordInput{
					Username: o.email, ConfirmationCode: k.mail().Code, Password: password,
				}))
			},
			"sign-out everywhere": func() { require.NoError(t, k.AdminUserGlobalSignOut(ctx, o.email)) },
			"shut out for a time": func() {
				require.NoError(t, k.AdminDisableUser(ctx, o.email))
				require.NoError(t, k.AdminEnableUser(ctx, o.email))
			},
		} {
			o.confirmed()
			_, err := o.withDevice()
			require.NoError(t, err, name)
			end()
			got, err := k.AdminGetDevice(ctx, o.email, o.device.Key)
			require.NoError(t, err, name)
			require.False(t, got.ReplacesMFA, name)
			out := o.withCode(o.device.Key)
			require.NotNil(t, out.NewDevice, name)
		}

		// Deleted with the user: the next one of the same name has other devices.
		o.confirmed()
		require.NoError(t, k.AdminDeleteUser(ctx, o.email))
		next := k.owner(o.email)
		next.withCode(o.device.Key)
		list, err := k.AdminListDevices(ctx, userpool.AdminListDevicesInput{Username: o.email})
		require.NoError(t, err)
		require.Empty(t, list.Devices)
	})
}

// Whatever an attacker with the password sends in the place of the device, the second factor is asked for, or the sign-in ends.
func TestU38_Devices(t *testing.T) {
	k := deviceKit(t, memstore.New(), nil)
	ctx := t.Context()
	ada, eve := k.owner("ada@example.com"), k.owner("eve@example.com")
	ada.confirmed()
	eve.confirmed()
	require.NotEqual(t, ada.device.Group, eve.device.Group)
	for name, key := range map[string]string{
		"of another user": eve.device.Key, "unknown": "eu-west-1_00000000-0000-4000-8000-000000000000", "no key": "x", "very long": strings.Repeat("a", 1<<20),
		"another spelling": strings.ToUpper(ada.device.Key), "NUL": ada.device.Key + "\x00",
	} {
		out := ada.withCode(key)
		require.NotNil(t, out.NewDevice, name)
		require.NotEqual(t, key, out.NewDevice.DeviceKey, name)
	}
	got, err := k.AdminGetDevice(ctx, eve.email, eve.device.Key)
	require.NoError(t, err)
	require.True(t, got.ReplacesMFA, "nothing became of hers")

	wrong := func(change func(*srpclient.Device)) srpclient.Device {
		d := ada.device
		change(&d)
		return d
	}
	for name, test := range map[string]struct {
		device srpclient.Device
		edit   func(*userpool.ChallengeResponse)
		first  bool // the refusal comes at DEVICE_SRP_AUTH
	}{
		"group of another user":  {device: wrong(func(d *srpclient.Device) { d.Group = eve.device.Group })},
		"wrong secret":           {device: wrong(func(d *srpclient.Device) { d.Secret = eve.device.Secret })},
		"the user's password":    {device: wrong(func(d *srpclient.Device) { d.Secret = password })},
		"another user's device":  {device: eve.device, first: true},
		"no device":              {device: wrong(func(d *srpclient.Device) { d.Key = "" }), first: true},
		"another device at last": {device: ada.device, edit: func(r *userpool.ChallengeResponse) { r.DeviceKey = eve.device.Key }},
		"no device at last":      {device: ada.device, edit: func(r *userpool.ChallengeResponse) { r.DeviceKey = "" }},
		"no signature":           {device: ada.device, edit: func(r *userpool.ChallengeResponse) { r.Signature = "" }},
		"another time":           {device: ada.device, edit: func(r *userpool.ChallengeResponse) { r.Timestamp = srpclient.Timestamp(k.clock.Now().Add(time.Second)) }},
	} {
		c, claim, err := k.devicePassword(test.device, ada.askedForDevice())
		require.Equal(t, test.first, err != nil, name)
		if !test.first {
			if test.edit != nil {
				test.edit(&claim)
			}
			_, err = k.respondTo(c, claim)
		}
		require.Error(t, err, name)
		require.True(t, errors.Is(err, userpool.NotAuthorized) || errors.Is(err, userpool.ResourceNotFound), "%s: %v", name, err)
		ada.withCode("")                // the way that is left
		k.clock.Advance(25 * time.Hour) // failures with the key of a device are a series of their own
	}

	// A claim of one session is worth nothing in another.
	_, claim, err := k.devicePassword(ada.device, ada.askedForDevice())
	require.NoError(t, err)
	c, _, err := k.devicePassword(ada.device, ada.askedForDevice())
	require.NoError(t, err)
	_, err = k.respondTo(c, claim)
	require.ErrorIs(t, err, userpool.NotAuthorized)

	// Of fifty answers at once, one is looked at.
	c, claim, err = k.devicePassword(ada.device, ada.askedForDevice())
	require.NoError(t, err)
	require.Equal(t, 1, parallel(50, func(int) error { _, err := k.respondTo(c, claim); return err }))
}

// Neither step is there without the first factor and the one before, nor after what ends a device.
func TestU13_DeviceSteps(t *testing.T) {
	k := deviceKit(t, memstore.New(), nil)
	ctx := t.Context()
	o := k.owner("ada@example.com")
	o.confirmed()
	client, err := srpclient.New(rand.Reader)
	require.NoError(t, err)
	s, err := k.beginSRP(o.email, func(in *userpool.InitiateAuthInput) { in.DeviceKey = o.device.Key })
	require.NoError(t, err)
	s.challenge.Name = userpool.ChallengeDeviceSRPAuth
	_, err = s.respond(userpool.ChallengeResponse{DeviceKey: o.device.Key, SRPA: client.SRPA()})
	require.ErrorIs(t, err, userpool.NotAuthorized, "before the password")
	c := o.askedForDevice()
	c.Name = userpool.ChallengeDevicePassword
	_, err = k.respondTo(c, userpool.ChallengeResponse{DeviceKey: o.device.Key})
	require.ErrorIs(t, err, userpool.NotAuthorized, "before the first step")
	c = o.askedForDevice()
	_, err = k.respondTo(c, userpool.ChallengeResponse{DeviceKey: o.device.Key, SRPA: "0"})
	require.ErrorIs(t, err, userpool.InvalidParameter)

	for name, end := range map[string]func(){
		"forgotten": func() { require.NoError(t, k.AdminForgetDevice(ctx, o.email, o.device.Key)) },
		"no longer remembered": func() {
			require.NoError(t, k.AdminUpdateDeviceStatus(ctx, userpool.AdminUpdateDeviceStatusInput{
				Username: o.email, DeviceKey: o.device.Key, DeviceRememberedStatus: userpool.DeviceNotRemembered,
			}))
		},
		"signed out everywhere": func() { require.NoError(t, k.AdminUserGlobalSignOut(ctx, o.email)) },
	} {
		o.confirmed()
		c := o.askedForDevice()
		end()
		_, _, err := k.devicePassword(o.device, c)
		require.Error(t, err, name)

		o.confirmed()
		c, claim, err := k.devicePassword(o.device, o.askedForDevice())
		require.NoError(t, err)
		end()
		_, err = k.respondTo(c, claim)
		require.Error(t, err, name)
	}
	o.confirmed()
	c, claim, err := k.devicePassword(o.device, o.askedForDevice())
	require.NoError(t, err)
	off := k.again(func(c *userpool.Config) { c.Settings.Devices.ChallengeRequiredOnNewDevice = false })
	_, err = off.respondTo(c, claim)
	require.ErrorIs(t, err, userpool.ResourceNotFound, "switched off in the settings meanwhile")
}

// A device is the second factor, and not both: what is sent to it, or kept in it, must not have been the first.
func TestU14_DeviceAfterPasswordOnly(t *testing.T) {
	k := deviceKit(t, memstore.New(), nil)
	o := k.owner("ada@example.com")
	o.confirmed()
	sub := k.srpBegun(o.email).challenge.Username
	for amr, want := range map[string]bool{"pwd": true, "otp": false, "hwk user": false, "fed": false} {
		got, err := k.DeviceInsteadOfMFAForTest(t.Context(), sub, o.device.Key, userpool.UserAuth, strings.Split(amr, " "))
		require.NoError(t, err)
		require.Equal(t, want, got, amr)
	}
	got, err := k.DeviceInsteadOfMFAForTest(t.Context(), sub, o.device.Key, userpool.CustomAuth, []string{"x"})
	require.NoError(t, err)
	require.True(t, got, "what a custom challenge proves is for the application to say")
}

// Wrong proofs of a device count with wrong passwords.
func TestU8_DeviceProofsCount(t *testing.T) {
	k := deviceKit(t, memstore.New(), nil)
	o := k.owner("ada@example.com")
	o.confirmed()
	o.device.Secret = "wrong"
	var err error
	for range 6 {
		if _, err = o.withDevice(); errors.Is(err, userpool.LimitExceeded) {
			break
		}
		require.ErrorIs(t, err, userpool.NotAuthorized)
	}
	require.ErrorIs(t, err, userpool.LimitExceeded)
}
