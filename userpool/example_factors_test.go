package userpool_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/userpooltest"
)

// How does a person who is signed in set up an authenticator app, and sign in with it from then on?
func ExamplePool_AssociateSoftwareToken() {
	ctx := context.Background()
	pool := userpooltest.New(exampleT{}, func(c *userpool.Config) { c.Settings.MFA = userpool.MFAOptional })
	ada := pool.AddUser("ada@example.com")
	token := ada.SignIn().AccessToken

	app, err := pool.AssociateSoftwareToken(ctx, userpool.AssociateSoftwareTokenInput{AccessToken: token})
	if err != nil {
		log.Fatal(err)
	}
	// Show app.URI as a QR code, and app.SecretCode to who cannot scan it.
	_, err = pool.VerifySoftwareToken(ctx, userpool.VerifySoftwareTokenInput{
		AccessToken: token, UserCode: theAppShows(app.SecretCode, pool.Clock.Now()), FriendlyDeviceName: "Ada's phone",
	})
	if err != nil { // with EnableSoftwareTokenMFA, the code was wrong: ask for another
		log.Fatal(err)
	}

	pool.Clock.Advance(30 * time.Second) // each code is good for one use, and the next comes half a minute later
	out, err := pool.InitiateAuth(ctx, userpool.InitiateAuthInput{
		AuthFlow: userpool.UserPasswordAuth, ClientID: userpooltest.ClientID, Username: ada.Email, Password: ada.Password,
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(out.Challenge.Name, "of", out.Challenge.FriendlyDeviceName)
	out, err = pool.RespondToAuthChallenge(ctx, userpool.RespondToAuthChallengeInput{
		ChallengeName: out.Challenge.Name, Session: out.Challenge.Session, ClientID: userpooltest.ClientID,
		Response: userpool.ChallengeResponse{Answer: theAppShows(app.SecretCode, pool.Clock.Now())},
	})
	if err != nil {
		log.Fatal(err)
	}
	claims, err := pool.VerifyAccessToken(ctx, out.Tokens.AccessToken)
	fmt.Println(claims["amr"], err)
	// Output:
	// SOFTWARE_TOKEN_MFA of Ada's phone
	// [pwd otp mfa] <nil>
}

// How does a person get in who has lost the phone?
func ExamplePool_GenerateRecoveryCodes() {
	ctx := context.Background()
	pool := userpooltest.New(exampleT{}, func(c *userpool.Config) { c.Settings.MFA = userpool.MFAOptional })
	ada := pool.AddUser("ada@example.com")
	_, tokens := exampleApp(pool, ada)
	codes, err := pool.GenerateRecoveryCodes(ctx, tokens.AccessToken)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("to print:", len(codes), "codes")

	out, err := pool.InitiateAuth(ctx, userpool.InitiateAuthInput{
		AuthFlow: userpool.UserPasswordAuth, ClientID: userpooltest.ClientID, Username: ada.Email, Password: ada.Password,
	})
	if err != nil {
		log.Fatal(err)
	}
	out, err = pool.RespondToAuthChallenge(ctx, userpool.RespondToAuthChallengeInput{
		ChallengeName: out.Challenge.Name, Session: out.Challenge.Session, ClientID: userpooltest.ClientID,
		Response: userpool.ChallengeResponse{Answer: codes[0]}, // where a code of the app is asked for
	})
	if err != nil {
		log.Fatal(err)
	}
	factors, err := pool.GetUserAuthFactors(ctx, out.Tokens.AccessToken)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(factors.UserMFASettingList, factors.RecoveryCodesLeft, "codes are left")

	// Who has no codes asks an administrator, who makes sure that it is Ada, and then calls:
	fmt.Println(pool.AdminDeleteSoftwareToken(ctx, ada.Sub))
	// Output:
	// to print: 10 codes
	// [SOFTWARE_TOKEN_MFA] 9 codes are left
	// <nil>
}

// How does a person get codes by e-mail as the second factor?
func ExamplePool_SetUserMFAPreference() {
	ctx := context.Background()
	pool := userpooltest.New(exampleT{}, func(c *userpool.Config) {
		c.Settings.MFA = userpool.MFAOptional
		c.Settings.MFAFactors = []userpool.ChallengeName{userpool.ChallengeSoftwareTokenMFA, userpool.ChallengeEmailOTP}
	})
	ada := pool.AddUser("ada@example.com")
	exampleApp(pool, ada)
	err := pool.AdminSetUserMFAPreference(ctx, userpool.AdminSetUserMFAPreferenceInput{ // or SetUserMFAPreference, for Ada herself
		Username:                 ada.Sub,
		SoftwareTokenMFASettings: &userpool.MFASettings{Enabled: true}, // no longer preferred
		EmailMFASettings:         &userpool.MFASettings{Enabled: true},
	})
	if err != nil {
		log.Fatal(err)
	}
	out, err := pool.InitiateAuth(ctx, userpool.InitiateAuthInput{
		AuthFlow: userpool.UserPasswordAuth, ClientID: userpooltest.ClientID, Username: ada.Email, Password: ada.Password,
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(out.Challenge.Name, out.Challenge.Choices)
	respond := userpool.RespondToAuthChallengeInput{
		ChallengeName: out.Challenge.Name, Session: out.Challenge.Session, ClientID: userpooltest.ClientID,
		Response: userpool.ChallengeResponse{Answer: string(userpool.ChallengeEmailOTP)},
	}
	if out, err = pool.RespondToAuthChallenge(ctx, respond); err != nil {
		log.Fatal(err)
	}
	fmt.Println(out.Challenge.Name, "was sent to", out.Challenge.Delivery.Destination)
	// Output:
	// SELECT_MFA_TYPE [SOFTWARE_TOKEN_MFA EMAIL_OTP]
	// EMAIL_OTP was sent to a***@e***
}

// How does a device that is remembered stand in for the second factor? Clients with Amplify or a Cognito SDK, for which app stands, do this
// by themselves: the server hands through what they send.
func ExamplePool_ConfirmDevice() {
	ctx := context.Background()
	pool := userpooltest.New(exampleT{}, func(c *userpool.Config) {
		c.Settings.MFA = userpool.MFAOptional
		c.Settings.Devices = userpool.DeviceConfiguration{Track: true, ChallengeRequiredOnNewDevice: true}
	})
	ada, app := pool.AddUser("ada@example.com"), newAmplify(pool.Clock.Now)
	secret, _ := exampleApp(pool, ada)
	signIn := userpool.InitiateAuthInput{
		AuthFlow: userpool.UserPasswordAuth, ClientID: userpooltest.ClientID, Username: ada.Email, Password: ada.Password,
	}
	out, err := pool.InitiateAuth(ctx, signIn)
	respond := func(r userpool.ChallengeResponse) {
		if err == nil {
			fmt.Println(out.Challenge.Name)
			out, err = pool.RespondToAuthChallenge(ctx, userpool.RespondToAuthChallengeInput{
				ChallengeName: out.Challenge.Name, Session: out.Challenge.Session, ClientID: userpooltest.ClientID, Response: r,
			})
		}
		if err != nil {
			log.Fatal(err)
		}
	}
	respond(userpool.ChallengeResponse{Answer: theAppShows(secret, pool.Clock.Now())})
	if _, err := pool.ConfirmDevice(ctx, userpool.ConfirmDeviceInput{
		AccessToken: out.Tokens.AccessToken, DeviceKey: out.NewDevice.DeviceKey, DeviceName: "Ada's laptop",
		DeviceSecretVerifierConfig: app.RememberDevice(out.NewDevice),
	}); err != nil {
		log.Fatal(err)
	}

	// The next time there is no code to type.
	signIn.DeviceKey = out.NewDevice.DeviceKey
	out, err = pool.InitiateAuth(ctx, signIn)
	respond(userpool.ChallengeResponse{DeviceKey: signIn.DeviceKey, SRPA: app.SRPA()})
	respond(app.ProveDevice(out.Challenge.SRP))

	forget := userpool.ForgetDeviceInput{AccessToken: out.Tokens.AccessToken, DeviceKey: signIn.DeviceKey}
	fmt.Println("when the laptop is sold:", pool.ForgetDevice(ctx, forget)) // ends its sessions, too
	// Output:
	// SOFTWARE_TOKEN_MFA
	// DEVICE_SRP_AUTH
	// DEVICE_PASSWORD_VERIFIER
	// when the laptop is sold: <nil>
}
