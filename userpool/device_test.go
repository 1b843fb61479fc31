package userpool_test

import (
	"context"
	"crypto/rand"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/internal/srpclient"
	"github.com/stepwell/stepwell/userpool/internal/totp"
	"github.com/stepwell/stepwell/userpool/memstore"
)

// giveApp makes a user with an authenticator app, and returns the secret of the app.
func (k *kit) giveApp(email string) []byte {
	k.t.Helper()
	sub := k.user(email)
	secret := []byte("20 bytes of a secret")
	sealed, err := k.SealSoftwareTokenForTest(k.t.Context(), sub, secret)
	require.NoError(k.t, err)
	k.changeStored(sub, func(u *userpool.User) {
		u.SoftwareToken = &userpool.SoftwareToken{Secret: sealed, Created: k.clock.Now()}
		u.MFA, u.PreferredMFA = []userpool.ChallengeName{userpool.ChallengeSoftwareTokenMFA}, userpool.ChallengeSoftwareTokenMFA
	})
	return secret
}

// codeOf is what the app shows. Each code is used once, and so the next one is waited for.
func (k *kit) codeOf(secret []byte) string {
	k.clock.Advance(30 * time.Second)
	return totp.Code(secret, k.clock.Now())
}

// deviceKit is a pool with optional MFA in which a remembered device skips the second factor.
func deviceKit(t testing.TB, store userpool.Store, change func(*userpool.Config)) *kit {
	t.Helper()
	return srpKit(t, store, func(c *userpool.Config) {
		c.Settings.MFA = userpool.MFAOptional
		c.Settings.Devices = userpool.DeviceConfiguration{Track: true, ChallengeRequiredOnNewDevice: true}
		if change != nil {
			change(c)
		}
	})
}

// owner is a user with an authenticator app and, once there is one, a device.
type owner struct {
	*kit
	email  string
	secret []byte
	device srpclient.Device
}

func (k *kit) owner(email string) *owner {
	k.t.Helper()
	return &owner{kit: k, email: email, secret: k.giveApp(email)}
}

// passwordWith signs in with the password and names a device.
func (k *kit) passwordWith(email, deviceKey string) (*userpool.AuthOutcome, error) {
	return k.InitiateAuth(context.Background(), userpool.InitiateAuthInput{
		AuthFlow: userpool.UserPasswordAuth, ClientID: srpApp.ID, Username: email, Password: password, DeviceKey: deviceKey,
		UserContext: userpool.UserContextData{UserAgent: "Browser 1"},
	})
}

func (k *kit) respondTo(c *userpool.Challenge, r userpool.ChallengeResponse) (*userpool.AuthOutcome, error) {
	return k.RespondToAuthChallenge(context.Background(), userpool.RespondToAuthChallengeInput{
		ChallengeName: c.Name, Session: c.Session, ClientID: srpApp.ID, Response: r,
	})
}

// withCode signs in with password and app, and names a device.
func (o *owner) withCode(deviceKey string) *userpool.AuthOutcome {
	o.t.Helper()
	out, err := o.passwordWith(o.email, deviceKey)
	require.NoError(o.t, err)
	require.NotNil(o.t, out.Challenge, "signed in without a second factor")
	require.Equal(o.t, userpool.ChallengeSoftwareTokenMFA, out.Challenge.Name)
	out, err = o.respondTo(out.Challenge, userpool.ChallengeResponse{Answer: o.codeOf(o.secret)})
	require.NoError(o.t, err)
	require.NotNil(o.t, out.Tokens)
	return out
}

// confirming makes the request that confirms the new device of a sign-in, and the device.
func (k *kit) confirming(out *userpool.AuthOutcome) (userpool.ConfirmDeviceInput, srpclient.Device) {
	k.t.Helper()
	require.NotNil(k.t, out.NewDevice)
	d, err := srpclient.NewDevice(rand.Reader, out.NewDevice.DeviceGroupKey, out.NewDevice.DeviceKey)
	require.NoError(k.t, err)
	in := userpool.ConfirmDeviceInput{AccessToken: out.Tokens.AccessToken, DeviceKey: d.Key, DeviceName: "Ada's laptop"}
	in.DeviceSecretVerifierConfig.Salt, in.DeviceSecretVerifierConfig.PasswordVerifier, err = d.Verifier(rand.Reader)
	require.NoError(k.t, err)
	return in, d
}

// confirmed signs in with two factors and confirms the device.
func (o *owner) confirmed() *userpool.AuthOutcome {
	o.t.Helper()
	out := o.withCode("")
	in, d := o.confirming(out)
	_, err := o.ConfirmDevice(context.Background(), in)
	require.NoError(o.t, err)
	o.device = d
	return out
}

// devicePassword answers DEVICE_SRP_AUTH and returns the next challenge with the right response to it.
func (k *kit) devicePassword(d srpclient.Device, c *userpool.Challenge) (*userpool.Challenge, userpool.ChallengeResponse, error) {
	k.t.Helper()
	client, err := srpclient.New(rand.Reader)
	require.NoError(k.t, err)
	out, err := k.respondTo(c, userpool.ChallengeResponse{DeviceKey: d.Key, SRPA: client.SRPA()})
	if err != nil {
		return nil, userpool.ChallengeResponse{}, err
	}
	require.Equal(k.t, userpool.ChallengeDevicePassword, out.Challenge.Name)
	require.Equal(k.t, d.Key, out.Challenge.SRP.UserIDForSRP)
	claim, err := client.AnswerDevice(d, srpclient.Challenge{
		Salt: out.Challenge.SRP.Salt, B: out.Challenge.SRP.B, SecretBlock: out.Challenge.SRP.SecretBlock,
	}, k.clock.Now())
	require.NoError(k.t, err)
	return out.Challenge, userpool.ChallengeResponse{
		DeviceKey: d.Key, Signature: claim.Signature, SecretBlock: claim.SecretBlock, Timestamp: claim.Timestamp,
	}, nil
}

// askedForDevice signs in with the password and wants the device to be asked for.
func (o *owner) askedForDevice() *userpool.Challenge {
	o.t.Helper()
	out, err := o.passwordWith(o.email, o.device.Key)
	require.NoError(o.t, err)
	require.NotNil(o.t, out.Challenge)
	require.Equal(o.t, userpool.ChallengeDeviceSRPAuth, out.Challenge.Name)
	return out.Challenge
}

// withDevice signs in with password and device.
func (o *owner) withDevice() (*userpool.AuthOutcome, error) {
	o.t.Helper()
	c, claim, err := o.devicePassword(o.device, o.askedForDevice())
	if err != nil {
		return nil, err
	}
	return o.respondTo(c, claim)
}

// The whole story: a sign-in with two factors, the device is confirmed, stands in for the second factor, expires, and is forgotten.
func TestDevice(t *testing.T) {
	eachStore(t, func(t *testing.T, store userpool.Store) {
		k := deviceKit(t, store, nil)
		ctx := t.Context()
		o := k.owner("ada@example.com")
		out := o.withCode("")
		require.Regexp(t, `^eu-west-1_[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`, out.NewDevice.DeviceKey)
		require.Regexp(t, `^-[0-9a-f]{8}$`, out.NewDevice.DeviceGroupKey)
		require.Equal(t, out.NewDevice.DeviceKey, k.claimsOf(k.VerifyAccessToken, out.Tokens.AccessToken)["device_key"])
		list, err := k.ListDevices(ctx, userpool.ListDevicesInput{AccessToken: out.Tokens.AccessToken})
		require.NoError(t, err)
		require.Empty(t, list.Devices, "a key that nobody confirms leaves nothing")

		in, d := k.confirming(out)
		confirmation, err := k.ConfirmDevice(ctx, in)
		require.NoError(t, err)
		require.False(t, confirmation.UserConfirmationNecessary)
		o.device = d
		began := k.clock.Now()

		k.clock.Advance(time.Hour)
		other := k.again(nil)
		c, claim, err := other.devicePassword(d, o.askedForDevice())
		require.NoError(t, err)
		out, err = k.respondTo(c, claim)
		require.NoError(t, err)
		require.Nil(t, out.NewDevice)
		claims := k.claimsOf(k.VerifyAccessToken, out.Tokens.AccessToken)
		require.Equal(t, d.Key, claims["device_key"])
		require.Equal(t, []any{"pwd", "pop"}, claims["amr"])
		require.Equal(t, userpool.ACRSingleFactor, claims["acr"], "the second factor was proved then, and not now")
		_, err = k.respondTo(c, claim)
		require.ErrorIs(t, err, userpool.NotAuthorized, "a replay")

		got, err := k.GetDevice(ctx, userpool.GetDeviceInput{AccessToken: out.Tokens.AccessToken, DeviceKey: d.Key})
		require.NoError(t, err)
		require.Equal(t, userpool.Device{
			Key: d.Key, Name: "Ada's laptop", Remembered: true, ReplacesMFA: true, UserAgent: "Browser 1",
			Created: began, Modified: began, LastAuthenticated: k.clock.Now(),
		}, got)

		// Used again within its time, it is remembered on; used later, it is not.
		k.clock.Advance(89 * 24 * time.Hour)
		_, err = o.withDevice()
		require.NoError(t, err)
		k.clock.Advance(89 * 24 * time.Hour)
		_, err = o.withDevice()
		require.NoError(t, err)
		k.clock.Advance(90 * 24 * time.Hour)
		out = o.withCode(d.Key)
		require.NotNil(t, out.NewDevice, "it is to be remembered anew")
		require.NotEqual(t, d.Key, out.NewDevice.DeviceKey)

		out = o.confirmed()
		_, err = o.withDevice()
		require.NoError(t, err)
		forget := userpool.ForgetDeviceInput{AccessToken: out.Tokens.AccessToken, DeviceKey: o.device.Key}
		require.NoError(t, k.ForgetDevice(ctx, forget))
		require.ErrorIs(t, k.ForgetDevice(ctx, forget), userpool.NotAuthorized, "its own session ended too")
		out = o.withCode(o.device.Key)
		require.NotNil(t, out.NewDevice)
		_, err = k.GetDevice(ctx, userpool.GetDeviceInput{AccessToken: out.Tokens.AccessToken, DeviceKey: o.device.Key})
		require.ErrorIs(t, err, userpool.ResourceNotFound)
		for _, operation := range []string{"ConfirmDevice", "ForgetDevice"} {
			require.Contains(t, k.log.String(), operation)
		}
	})
}

// With SRP the client names its device with the claim, as the SDKs do.
func TestDevice_NamedWithClaim(t *testing.T) {
	k := deviceKit(t, memstore.New(), nil)
	o := k.owner("ada@example.com")
	o.confirmed()
	s := k.srpBegun(o.email)
	claim := s.claim(password)
	claim.DeviceKey = o.device.Key
	out, err := s.respond(claim)
	require.NoError(t, err)
	require.Equal(t, userpool.ChallengeDeviceSRPAuth, out.Challenge.Name)
	c, proof, err := k.devicePassword(o.device, out.Challenge)
	require.NoError(t, err)
	out, err = k.respondTo(c, proof)
	require.NoError(t, err)
	require.Equal(t, o.device.Key, k.claimsOf(k.VerifyAccessToken, out.Tokens.AccessToken)["device_key"])
}

// A confidential client makes the SECRET_HASH of both steps of Challenge.Username.
func TestDevice_SecretHash(t *testing.T) {
	k := deviceKit(t, memstore.New(), func(c *userpool.Config) {
		c.Settings.Clients[3].AuthFlows = append(c.Settings.Clients[3].AuthFlows, userpool.UserPasswordAuth)
	})
	o := k.owner("ada@example.com")
	o.confirmed()
	out, err := k.InitiateAuth(t.Context(), userpool.InitiateAuthInput{
		AuthFlow: userpool.UserPasswordAuth, ClientID: srpBackend.ID, Username: o.email, Password: password, DeviceKey: o.device.Key,
		SecretHash: userpool.SecretHash(backendSecret, o.email, srpBackend.ID),
	})
	require.NoError(t, err)
	client, err := srpclient.New(rand.Reader)
	require.NoError(t, err)
	respond := func(r userpool.ChallengeResponse) (*userpool.AuthOutcome, error) {
		return k.RespondToAuthChallenge(t.Context(), userpool.RespondToAuthChallengeInput{
			ChallengeName: out.Challenge.Name, Session: out.Challenge.Session, ClientID: srpBackend.ID, Username: out.Challenge.Username,
			SecretHash: userpool.SecretHash(backendSecret, out.Challenge.Username, srpBackend.ID), Response: r,
		})
	}
	out, err = respond(userpool.ChallengeResponse{DeviceKey: o.device.Key, SRPA: client.SRPA()})
	require.NoError(t, err)
	srp := out.Challenge.SRP
	claim, err := client.AnswerDevice(o.device, srpclient.Challenge{Salt: srp.Salt, B: srp.B, SecretBlock: srp.SecretBlock}, k.clock.Now())
	require.NoError(t, err)
	out, err = respond(userpool.ChallengeResponse{DeviceKey: o.device.Key, Signature: claim.Signature, SecretBlock: claim.SecretBlock, Timestamp: claim.Timestamp})
	require.NoError(t, err)
	require.NotNil(t, out.Tokens)
}

// A device is remembered when the user says so, where the settings want that, and can be told to forget.
func TestDevice_RememberedOnUserPrompt(t *testing.T) {
	k := deviceKit(t, memstore.New(), func(c *userpool.Config) { c.Settings.Devices.RememberedOnUserPrompt = true })
	ctx := t.Context()
	o := k.owner("ada@example.com")
	out := o.withCode("")
	in, d := k.confirming(out)
	confirmation, err := k.ConfirmDevice(ctx, in)
	require.NoError(t, err)
	require.True(t, confirmation.UserConfirmationNecessary)
	o.device = d
	out = o.withCode(d.Key)
	require.Nil(t, out.NewDevice, "the user has not said so yet")
	update := func(status userpool.DeviceRememberedStatus) error {
		return k.UpdateDeviceStatus(ctx, userpool.UpdateDeviceStatusInput{AccessToken: out.Tokens.AccessToken, DeviceKey: d.Key, DeviceRememberedStatus: status})
	}
	require.ErrorIs(t, update("always"), userpool.InvalidParameter)
	require.NoError(t, update(userpool.DeviceRemembered))
	_, err = o.withDevice()
	require.NoError(t, err)
	require.NoError(t, update(userpool.DeviceNotRemembered))
	again := o.withCode(d.Key)
	require.Nil(t, again.NewDevice)
	got, err := k.AdminGetDevice(ctx, o.email, d.Key)
	require.NoError(t, err)
	require.False(t, got.Remembered)
	require.False(t, got.ReplacesMFA)

	require.NoError(t, k.AdminUpdateDeviceStatus(ctx, userpool.AdminUpdateDeviceStatusInput{
		Username: o.email, DeviceKey: d.Key, DeviceRememberedStatus: userpool.DeviceRemembered,
	}))
	_, err = o.withDevice()
	require.NoError(t, err)
}

// Pools that only track devices ask for the second factor each time, and know the device all the same.
func TestDevice_TrackedOnly(t *testing.T) {
	k := deviceKit(t, memstore.New(), func(c *userpool.Config) { c.Settings.Devices.ChallengeRequiredOnNewDevice = false })
	o := k.owner("ada@example.com")
	o.confirmed()
	out := o.withCode(o.device.Key)
	require.Nil(t, out.NewDevice)
	require.Equal(t, o.device.Key, k.claimsOf(k.VerifyAccessToken, out.Tokens.AccessToken)["device_key"])
	got, err := k.AdminGetDevice(t.Context(), o.email, o.device.Key)
	require.NoError(t, err)
	require.Equal(t, k.clock.Now(), got.LastAuthenticated, "its use is noted")

	// A pool that does not track devices knows none.
	off := k.again(func(c *userpool.Config) { c.Settings.Devices = userpool.DeviceConfiguration{} })
	o.kit = off
	out = o.withCode(o.device.Key)
	require.Nil(t, out.NewDevice)
	require.NotContains(t, off.claimsOf(off.VerifyAccessToken, out.Tokens.AccessToken), "device_key")
	in, _ := k.confirming(&userpool.AuthOutcome{Tokens: out.Tokens, NewDevice: &userpool.NewDeviceMetadata{DeviceKey: o.device.Key}})
	_, err = off.ConfirmDevice(t.Context(), in)
	require.ErrorIs(t, err, userpool.UnsupportedOperation)
}
