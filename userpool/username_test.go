package userpool_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
)

// withNames makes a pool in which people choose names, and confirm by a code.
func withNames(aliases ...string) func(*userpool.Config) {
	return func(c *userpool.Config) {
		c.Settings.UsernameAttributes, c.Settings.AliasAttributes = []string{"username"}, aliases
	}
}

// signUpName signs up with a name and an address, and returns the code that was sent.
func (k *kit) signUpName(name, email string) (userpool.SignUpOutput, string) {
	k.t.Helper()
	out, err := k.SignUp(k.t.Context(), userpool.SignUpInput{Username: name, Password: password, UserAttributes: map[string]string{"email": email}})
	require.NoError(k.t, err, name)
	return out, k.mail().Code
}

func (k *kit) confirm(name, code string, force bool) error {
	_, err := k.ConfirmSignUp(k.t.Context(), userpool.ConfirmSignUpInput{Username: name, ConfirmationCode: code, ForceAliasCreation: force})
	return err
}

// A pool with chosen names and aliases, from sign-up to sign-in by every name.
func TestAliases(t *testing.T) {
	eachStore(t, func(t *testing.T, store userpool.Store) {
		k := newKitOn(t, store, withNames("email", "preferred_username"))
		out, code := k.signUpName("Ada.L", "ada@example.com")
		require.Equal(t, "a***@e***", out.CodeDeliveryDetails.Destination)
		_, err := k.signIn("ada@example.com", password)
		require.ErrorIs(t, err, userpool.NotAuthorized, "an alias is nobody's before it is verified")
		_, err = k.signIn("ada.l", password)
		require.ErrorIs(t, err, userpool.UserNotConfirmed)
		require.NoError(t, k.confirm("ADA.L", code, false))
		for _, name := range []string{"Ada.L", "ada.l", " ADA.L ", "ada@example.com", "Ada@Example.com", out.UserSub} {
			tokens, err := k.signIn(name, password)
			require.NoError(t, err, name)
			require.Equal(t, "Ada.L", k.claimsOf(k.VerifyAccessToken, tokens.AccessToken)["username"])
		}
		u, err := k.AdminGetUser(t.Context(), "ada.l")
		require.NoError(t, err)
		require.Equal(t, out.UserSub, u.Sub)

		_, err = k.SignUp(t.Context(), userpool.SignUpInput{Username: "ada.L", Password: password, UserAttributes: map[string]string{"email": "x@example.com"}})
		require.ErrorIs(t, err, userpool.UsernameExists)
	})
}

// U21: two names that look alike are never two users.
func TestU21_LookAlikes(t *testing.T) {
	k := newKit(t, func(c *userpool.Config) {
		withNames("email")(c)
		c.Hooks.PreSignUp = confirmAtOnce
	})
	for _, name := range []string{"admin", "раура", "Łukasz"} {
		require.NoError(t, k.signUpNoMail(name, ""), name)
	}
	for name, want := range map[string]userpool.Code{
		"ADMIN": userpool.UsernameExists, "admın": userpool.UsernameExists, "paypa": userpool.UsernameExists, "ŁUKASZ": userpool.UsernameExists,
		"ａdmin": userpool.UsernameExists, "раypa": userpool.InvalidParameter, "admin\u200b": userpool.InvalidParameter, "a b": userpool.InvalidParameter,
		"ada@example.com": userpool.InvalidParameter, "+12065550100": userpool.InvalidParameter,
		"8f14e45f-ceea-467f-9d2c-0f6e3a1b7c01": userpool.InvalidParameter,
	} {
		require.ErrorIs(t, k.signUpNoMail(name, ""), want, "%q", name)
	}
	require.NoError(t, k.signUpNoMail("admin2", ""))
	require.NoError(t, k.signUpNoMail("bob1", ""))
	require.NoError(t, k.signUpNoMail("bobl", ""), "plain letters and digits are told apart")
}

func (k *kit) signUpNoMail(name, email string) error {
	in := userpool.SignUpInput{Username: name, Password: password}
	if email != "" {
		in.UserAttributes = map[string]string{"email": email}
	}
	return errOf(k.SignUp(k.t.Context(), in))
}

// U6: by whatever name an account is tried, there is one count.
func TestU6_OneCount(t *testing.T) {
	k := newKit(t, withNames("email"))
	out, code := k.signUpName("ada", "ada@example.com")
	require.NoError(t, k.confirm("ada", code, false))
	names := []string{"ada", "ADA", "ada@example.com", "ADA@example.com", out.UserSub, " ada "}
	for i, name := range names[:5] {
		_, err := k.signIn(name, "wrong "+password)
		require.ErrorIs(t, err, userpool.NotAuthorized, "%d: %s", i, name)
	}
	for _, name := range names {
		_, err := k.signIn(name, password)
		require.ErrorIs(t, err, userpool.LimitExceeded, name)
	}
	k.clock.Advance(2 * time.Second)
	_, err := k.signIn("ada@example.com", password)
	require.NoError(t, err)
}

// An address may be registered by many, and is the alias of who verifies it.
func TestAliasExists(t *testing.T) {
	k := newKit(t, withNames("email"))
	_, first := k.signUpName("ada", "shared@example.com")
	_, second := k.signUpName("eve", "shared@example.com")
	require.NoError(t, k.confirm("ada", first, false))
	require.ErrorIs(t, k.confirm("eve", second, false), userpool.AliasExists)
	_, err := k.signIn("eve", password)
	require.ErrorIs(t, err, userpool.UserNotConfirmed)
	tokens, err := k.signIn("shared@example.com", password)
	require.NoError(t, err)
	require.Equal(t, "ada", k.claimsOf(k.VerifyAccessToken, tokens.AccessToken)["username"])

	require.NoError(t, k.confirm("eve", second, true), "the code is still good, and takes the alias away")
	tokens, err = k.signIn("shared@example.com", password)
	require.NoError(t, err)
	require.Equal(t, "eve", k.claimsOf(k.VerifyAccessToken, tokens.AccessToken)["username"])
	ada, err := k.AdminGetUser(t.Context(), "ada")
	require.NoError(t, err)
	require.Equal(t, "false", ada.Attributes["email_verified"])
}

// D4: of many who confirm one address at once, one gets it.
func TestD4_VerifyAlias(t *testing.T) {
	eachStore(t, func(t *testing.T, store userpool.Store) {
		k := newKitOn(t, store, withNames("email"))
		const n = 5 // messages to one address are limited
		codes := make([]string, n)
		for i := range codes {
			_, codes[i] = k.signUpName(fmt.Sprintf("user%d", i), "shared@example.com")
		}
		var won, lost atomic.Int32
		var wg sync.WaitGroup
		for i := range 50 {
			wg.Go(func() {
				err := k.confirm(fmt.Sprintf("user%d", i%n), codes[i%n], false)
				if err == nil {
					won.Add(1)
				} else if errors.Is(err, userpool.AliasExists) || errors.Is(err, userpool.CodeMismatch) || errors.Is(err, userpool.LimitExceeded) {
					lost.Add(1)
				} else {
					t.Errorf("unexpected: %v", err)
				}
			})
		}
		wg.Wait()
		require.EqualValues(t, 1, won.Load())
		require.EqualValues(t, 49, lost.Load())
	})
}

// D4: of many who want one name at once, one gets it.
func TestD4_ChosenName(t *testing.T) {
	eachStore(t, func(t *testing.T, store userpool.Store) {
		k := newKitOn(t, store, func(c *userpool.Config) {
			withNames()(c)
			c.Settings.FirstFactors = []userpool.ChallengeName{userpool.ChallengeEmailOTP} // without passwords, as hashing takes long
		})
		var won atomic.Int32
		var wg sync.WaitGroup
		for i := range 50 {
			wg.Go(func() {
				name := []string{"ada", "ADA", "Ada"}[i%3]
				_, err := k.SignUp(t.Context(), userpool.SignUpInput{
					Username: name, UserAttributes: map[string]string{"email": fmt.Sprintf("%d@example.com", i)},
				})
				if err == nil {
					won.Add(1)
				} else if !errors.Is(err, userpool.UsernameExists) {
					t.Errorf("unexpected: %v", err)
				}
			})
		}
		wg.Wait()
		require.EqualValues(t, 1, won.Load())
	})
}

// A chosen name is held for a day by a sign-up that nobody confirms, and then it is free.
func TestChosenName_Held(t *testing.T) {
	k := newKit(t, withNames())
	k.signUpName("ada", "one@example.com")
	require.ErrorIs(t, k.signUpNoMail("ada", "two@example.com"), userpool.UsernameExists)
	k.clock.Advance(25 * time.Hour)
	require.NoError(t, k.signUpNoMail("ada", "two@example.com"))
	u, err := k.AdminGetUser(t.Context(), "ada")
	require.NoError(t, err)
	require.Equal(t, "two@example.com", u.Attributes["email"])
}

// A pool in which the phone number is the user name sends its codes there.
func TestPhoneNumbers(t *testing.T) {
	eachStore(t, func(t *testing.T, store userpool.Store) {
		k := newKitOn(t, store, func(c *userpool.Config) { c.Settings.UsernameAttributes = []string{"phone_number", "email"} })
		out, err := k.SignUp(t.Context(), userpool.SignUpInput{Username: "+1 (206) 555-0100", Password: password})
		require.NoError(t, err)
		require.Equal(t, userpool.CodeDeliveryDetails{Destination: "+*******0100", DeliveryMedium: userpool.MediumSMS, AttributeName: "phone_number"}, *out.CodeDeliveryDetails)
		m := k.mail()
		require.Equal(t, userpool.MediumSMS, m.Medium)
		require.Equal(t, "+12065550100", m.To)
		require.Empty(t, m.Subject)
		require.NoError(t, k.confirm("+12065550100", m.Code, false))
		tokens, err := k.signIn("+1 206 555 0100", password)
		require.NoError(t, err)
		id := k.claimsOf(k.VerifyIDToken, tokens.IDToken)
		require.Equal(t, "+12065550100", id["phone_number"])
		require.Equal(t, true, id["phone_number_verified"])

		// The same person can also be found by an address, but an address that is not verified keeps nobody out.
		_, err = k.SignUp(t.Context(), userpool.SignUpInput{Username: "+12065550101", Password: password, UserAttributes: map[string]string{"email": "victim@example.com"}})
		require.NoError(t, err)
		k.user("victim@example.com")

		details, err := k.ForgotPassword(t.Context(), userpool.ForgotPasswordInput{Username: "+12065550100"})
		require.NoError(t, err)
		require.Equal(t, "+*******0100", details.Destination)
		require.Equal(t, userpool.MediumSMS, k.mail().Medium)
		unknown, err := k.ForgotPassword(t.Context(), userpool.ForgotPasswordInput{Username: "+12065559999"})
		require.NoError(t, err)
		require.Equal(t, "+*******9999", unknown.Destination)
	})
}

// U2: where names are chosen, an unknown one gets a destination that looks like any, and always the same.
func TestU2_SimulatedDelivery(t *testing.T) {
	k := newKit(t, withNames("email"))
	_, code := k.signUpName("ada", "ada@example.com")
	require.NoError(t, k.confirm("ada", code, false))
	known, err := k.ForgotPassword(t.Context(), userpool.ForgotPasswordInput{Username: "ada"})
	require.NoError(t, err)
	require.Equal(t, "a***@e***", known.Destination)
	before := k.mails()
	for range 2 {
		unknown, err := k.ForgotPassword(t.Context(), userpool.ForgotPasswordInput{Username: "nobody"})
		require.NoError(t, err)
		require.Regexp(t, `^[a-z]\*\*\*@[a-z]\*\*\*$`, unknown.Destination)
		require.Equal(t, userpool.MediumEmail, unknown.DeliveryMedium)
		again, err := k.ResendConfirmationCode(t.Context(), userpool.ResendConfirmationCodeInput{Username: "nobody"})
		require.NoError(t, err)
		require.Equal(t, unknown, again)
	}
	require.Equal(t, before, k.mails())
}

func TestNew_WrongDirectorySettings(t *testing.T) {
	for want, change := range map[string]func(*userpool.Settings){
		"UsernameAttributes has \"nick\"": func(s *userpool.Settings) { s.UsernameAttributes = []string{"nick"} },
		"\"email\" twice":                 func(s *userpool.Settings) { s.UsernameAttributes = []string{"email", "email"} },
		"beside others":                   func(s *userpool.Settings) { s.UsernameAttributes = []string{"username", "email"} },
		"set UsernameAttributes":          func(s *userpool.Settings) { s.AliasAttributes = []string{"email"} },
		"addresses have no case":          func(s *userpool.Settings) { s.CaseSensitive = true },
		"must be \"custom:\"":             func(s *userpool.Settings) { s.CustomAttributes = []userpool.CustomAttribute{{Name: "team"}} },
		"two custom attributes": func(s *userpool.Settings) {
			s.CustomAttributes = []userpool.CustomAttribute{{Name: "custom:a"}, {Name: "custom:a"}}
		},
		"not one of String": func(s *userpool.Settings) {
			s.CustomAttributes = []userpool.CustomAttribute{{Name: "custom:a", Type: "Blob"}}
		},
		"are for numbers": func(s *userpool.Settings) {
			s.CustomAttributes = []userpool.CustomAttribute{{Name: "custom:a", MinValue: new(int64)}}
		},
		"are for strings": func(s *userpool.Settings) {
			s.CustomAttributes = []userpool.CustomAttribute{{Name: "custom:a", Type: "Number", MaxLength: 3}}
		},
		"no attribute that people can give": func(s *userpool.Settings) { s.RequiredAttributes = []string{"email_verified"} },
		"required and an alias": func(s *userpool.Settings) {
			s.UsernameAttributes, s.AliasAttributes = []string{"username"}, []string{"preferred_username"}
			s.RequiredAttributes = []string{"preferred_username"}
		},
		"passkeys alone":  func(s *userpool.Settings) { s.FirstFactors = []userpool.ChallengeName{userpool.ChallengeWebAuthn} },
		"belong together": func(s *userpool.Settings) { s.SignInLinkURL = "https://app.example.com/" },
		"which are one factor": func(s *userpool.Settings) {
			s.FirstFactors, s.MFA = []userpool.ChallengeName{userpool.ChallengeEmailOTP}, userpool.MFARequired
		},
		"two only with": func(s *userpool.Settings) {
			s.FirstFactors, s.MFA = []userpool.ChallengeName{userpool.ChallengePassword, userpool.ChallengeWebAuthn}, userpool.MFARequired
		},
		"it stands alone": func(s *userpool.Settings) {
			s.AccountRecovery = []userpool.RecoveryMechanism{userpool.RecoverByAdmin, userpool.RecoverByEmail}
		},
		"set Track":           func(s *userpool.Settings) { s.Devices.ChallengeRequiredOnNewDevice = true },
		"more than 60":        func(s *userpool.Settings) { s.Name = strings.Repeat("x", 61) },
		"HistorySize is 25":   func(s *userpool.Settings) { s.PasswordPolicy.HistorySize = 25 },
		"AuthSessionValidity": func(s *userpool.Settings) { s.Clients = []userpool.Client{{ID: "x", AuthSessionValidity: time.Minute}} },
		"no attribute of the pool": func(s *userpool.Settings) {
			s.Clients = []userpool.Client{{ID: "x", ReadAttributes: []string{"custom:nothing"}}}
		},
	} {
		config := newKit(t, nil).config
		change(&config.Settings)
		_, err := userpool.New(config)
		require.ErrorContains(t, err, want)
	}
	config := newKit(t, nil).config
	config.SMSSender, config.Settings.UsernameAttributes = nil, []string{"phone_number"}
	_, err := userpool.New(config)
	require.ErrorContains(t, err, "SMSSender is nil")
	config = newKit(t, nil).config
	config.Settings.FirstFactors = []userpool.ChallengeName{userpool.ChallengePassword, userpool.ChallengeWebAuthn}
	_, err = userpool.New(config)
	require.ErrorContains(t, err, "WebAuthn is nil")
}
