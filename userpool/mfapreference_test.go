package userpool_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/memstore"
)

var (
	enabled   = &userpool.MFASettings{Enabled: true}
	preferred = &userpool.MFASettings{Enabled: true, PreferredMFA: true}
	disabled  = &userpool.MFASettings{}
)

func TestSetUserMFAPreference(t *testing.T) {
	k := mfaKit(t, memstore.New(), userpool.MFAOptional, nil)
	ctx := t.Context()
	ada := k.withApp("ada@example.com")
	k.stored(ada.sub, withPhone)
	token := ada.fullTokens().AccessToken
	set := func(app, sms, email *userpool.MFASettings) error {
		return k.SetUserMFAPreference(ctx, userpool.SetUserMFAPreferenceInput{
			AccessToken: token, SoftwareTokenMFASettings: app, SMSMFASettings: sms, EmailMFASettings: email,
		})
	}
	is := func(preferred userpool.ChallengeName, list ...userpool.ChallengeName) {
		t.Helper()
		f, err := k.AdminGetUserAuthFactors(ctx, ada.email)
		require.NoError(t, err)
		require.Equal(t, preferred, f.PreferredMFASetting)
		require.ElementsMatch(t, list, f.UserMFASettingList)
		require.Equal(t, "Ada's phone", f.FriendlyDeviceName)
	}
	is(softToken, softToken)
	before := k.mails()
	require.NoError(t, set(preferred, nil, nil), "as Cognito's clients do")
	require.Equal(t, before, k.mails(), "nothing has changed")
	require.NoError(t, set(nil, enabled, nil))
	require.Equal(t, before+1, k.mails())
	is(softToken, softToken, smsMFA)
	require.NoError(t, set(enabled, nil, nil))
	is("", softToken, smsMFA)
	require.NoError(t, set(nil, preferred, enabled))
	is(smsMFA, softToken, smsMFA, emailOTP)
	require.NoError(t, set(disabled, disabled, nil))
	is(emailOTP, emailOTP)
	_, err := k.GenerateRecoveryCodes(ctx, token)
	require.NoError(t, err)
	require.NoError(t, set(enabled, nil, disabled))
	is(softToken, softToken)
	f, err := k.GetUserAuthFactors(ctx, token)
	require.NoError(t, err)
	require.Equal(t, 10, f.RecoveryCodesLeft, "there is still a factor to stand in for")
	require.NoError(t, set(disabled, nil, nil))
	is("")
	f, err = k.GetUserAuthFactors(ctx, token)
	require.NoError(t, err)
	require.Zero(t, f.RecoveryCodesLeft)
	k.tokens(ada.email)
}

func TestSetUserMFAPreference_Refused(t *testing.T) {
	k := mfaKit(t, memstore.New(), userpool.MFAOptional, func(c *userpool.Config) {
		c.Settings.MFAFactors = []userpool.ChallengeName{softToken, smsMFA}
	})
	ctx := t.Context()
	sub := k.user("ada@example.com")
	token := k.tokens("ada@example.com").AccessToken
	for name, test := range map[string]struct {
		in    userpool.SetUserMFAPreferenceInput
		want  userpool.Code
		admin bool
	}{
		"no app":              {in: userpool.SetUserMFAPreferenceInput{SoftwareTokenMFASettings: enabled}, want: userpool.SoftwareTokenMFANotFound, admin: true},
		"no number":           {in: userpool.SetUserMFAPreferenceInput{SMSMFASettings: enabled}, want: userpool.MFAMethodNotFound, admin: true},
		"not in the pool":     {in: userpool.SetUserMFAPreferenceInput{EmailMFASettings: enabled}, want: userpool.MFAMethodNotFound, admin: true},
		"preferred, but off":  {in: userpool.SetUserMFAPreferenceInput{SMSMFASettings: &userpool.MFASettings{PreferredMFA: true}}, want: userpool.InvalidParameter, admin: true},
		"two preferred":       {in: userpool.SetUserMFAPreferenceInput{SMSMFASettings: preferred, SoftwareTokenMFASettings: preferred}, want: userpool.InvalidParameter, admin: true},
		"nobody":              {in: userpool.SetUserMFAPreferenceInput{AccessToken: "x"}, want: userpool.NotAuthorized},
		"number not verified": {in: userpool.SetUserMFAPreferenceInput{SMSMFASettings: enabled}, want: userpool.MFAMethodNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			k.stored(sub, func(u *userpool.User) {
				delete(u.Attributes, "phone_number")
				if name == "number not verified" {
					u.Attributes["phone_number"], u.Attributes["phone_number_verified"] = phoneOf, "false"
				}
			})
			if test.in.AccessToken == "" {
				test.in.AccessToken = token
			}
			require.ErrorIs(t, k.SetUserMFAPreference(ctx, test.in), test.want)
			err := k.AdminSetUserMFAPreference(ctx, userpool.AdminSetUserMFAPreferenceInput{
				Username: "ada@example.com", SoftwareTokenMFASettings: test.in.SoftwareTokenMFASettings, SMSMFASettings: test.in.SMSMFASettings,
				EmailMFASettings: test.in.EmailMFASettings,
			})
			if test.admin {
				require.ErrorIs(t, err, test.want)
			} else {
				require.NoError(t, err)
			}
		})
	}
	require.ErrorIs(t, k.AdminSetUserMFAPreference(ctx, userpool.AdminSetUserMFAPreferenceInput{Username: "nobody@example.com"}), userpool.UserNotFound)
	require.ErrorIs(t, errOf(k.AdminGetUserAuthFactors(ctx, "nobody@example.com")), userpool.UserNotFound)
	require.ErrorIs(t, errOf(k.GetUserAuthFactors(ctx, "x")), userpool.NotAuthorized)
}

// A session that was left open, or that did without the second factor, does not switch it off; and where two are needed nobody does.
func TestW10_ChangeWantsRecentSignIn(t *testing.T) {
	k := mfaKit(t, memstore.New(), userpool.MFAOptional, nil)
	ctx := t.Context()
	ada := k.withApp("ada@example.com")
	token := ada.fullTokens().AccessToken
	off := userpool.SetUserMFAPreferenceInput{AccessToken: token, SoftwareTokenMFASettings: disabled}
	strict := k.again(func(c *userpool.Config) { c.Settings.MFA = userpool.MFARequired })
	require.ErrorIs(t, strict.SetUserMFAPreference(ctx, off), userpool.UnsupportedOperation)
	k.clock.Advance(10*time.Minute + time.Second)
	require.ErrorIs(t, k.SetUserMFAPreference(ctx, off), userpool.LoginRequired)
	weak := k.again(func(c *userpool.Config) { c.Settings.MFA = userpool.MFAOff }).tokens(ada.email).AccessToken
	off.AccessToken = weak
	require.ErrorIs(t, k.SetUserMFAPreference(ctx, off), userpool.InsufficientAuthentication)
	k.wanted(ada.email, softToken)
	require.NoError(t, strict.AdminSetUserMFAPreference(ctx, userpool.AdminSetUserMFAPreferenceInput{Username: ada.email, SoftwareTokenMFASettings: disabled}))
	strict.wanted(ada.email, userpool.ChallengeMFASetup)
}

// The address that is preferred for codes does not recover the password, or there would be one factor only.
func TestU14_PreferredAddressDoesNotRecover(t *testing.T) {
	k := mfaKit(t, memstore.New(), userpool.MFAOptional, nil)
	ctx := t.Context()
	k.user("ada@example.com")
	token := k.tokens("ada@example.com").AccessToken
	require.NoError(t, k.SetUserMFAPreference(ctx, userpool.SetUserMFAPreferenceInput{AccessToken: token, EmailMFASettings: enabled}))
	k.wanted("ada@example.com", emailOTP)
	before := k.mails()
	_, err := k.ForgotPassword(ctx, userpool.ForgotPasswordInput{Username: "ada@example.com"})
	require.NoError(t, err)
	require.Equal(t, before, k.mails())
}

// What was done is in the audit trail, without secrets.
func TestFactors_Audit(t *testing.T) {
	k := mfaKit(t, memstore.New(), userpool.MFAOptional, nil)
	ada := k.withApp("ada@example.com")
	token := ada.fullTokens().AccessToken
	codes, err := k.GenerateRecoveryCodes(t.Context(), token)
	require.NoError(t, err)
	out, err := k.answerCode(k.wanted(ada.email, softToken), codes[0])
	answered(t, out, err)
	require.NoError(t, k.DeleteSoftwareToken(t.Context(), token))
	log := k.log.String()
	for _, want := range []string{"added SOFTWARE_TOKEN_MFA", "new recovery codes", "used a recovery code", "removed SOFTWARE_TOKEN_MFA"} {
		require.Contains(t, log, want)
	}
	for _, secret := range []string{codes[0], codes[1], string(ada.secret)} {
		require.NotContains(t, log, secret)
	}
}
