package userpool_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
)

const (
	subA = "11111111-1111-4111-8111-111111111111"
	subB = "22222222-2222-4222-8222-222222222222"
	// tokenSecret is 160 bits.
	tokenSecret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
)

// importLines imports with an ImportID, and expects no failure of the whole.
func (k *kit) importLines(in userpool.ImportUsersInput, lines ...string) userpool.ImportUsersOutput {
	k.t.Helper()
	if in.ImportID == "" {
		in.ImportID = "test"
	}
	out, err := k.ImportUsers(context.Background(), strings.NewReader(strings.Join(lines, "\n")), in)
	require.NoError(k.t, err)
	return out
}

// withProviders has a pool with the providers Google and Entra, and everything that lines can speak of.
func withProviders(c *userpool.Config) {
	c.Providers = []userpool.Provider{{Name: "Google", IdentityProvider: &fakeProvider{}}, {Name: "Entra", IdentityProvider: &fakeProvider{}}}
	c.Settings.CustomAttributes = []userpool.CustomAttribute{{Name: "custom:team"}, {Name: "custom:age", Type: userpool.AttributeNumber}}
}

func TestImportUsers_Lines(t *testing.T) {
	hash := bcryptOf(t, password)
	for name, test := range map[string]struct {
		line string
		want func(t *testing.T, u userpool.User)
	}{
		"least": {`{"attributes":{"email":"Ada@Example.com"}}`, func(t *testing.T, u userpool.User) {
			require.Equal(t, userpool.StatusResetRequired, u.Status)
			require.True(t, u.Enabled)
			require.Equal(t, map[string]string{"email": "ada@example.com", "email_verified": "false"}, u.Attributes)
			require.Equal(t, []userpool.Identifier{{Kind: "email", Value: "ada@example.com"}}, u.Identifiers)
			require.Equal(t, u.Sub, u.Username)
		}},
		"name alone": {`{"username":"ada@example.com"}`, func(t *testing.T, u userpool.User) {
			require.Equal(t, "ada@example.com", u.Attributes["email"])
		}},
		"kinds of values": {
			`{"type":"user","username":"ada@example.com","attributes":{"email_verified":true,"custom:age":36,"custom:team":"x","name":null},"enabled":false}`,
			func(t *testing.T, u userpool.User) {
				require.Equal(t, map[string]string{"email": "ada@example.com", "email_verified": "true", "custom:age": "36", "custom:team": "x"}, u.Attributes)
				require.False(t, u.Enabled)
			},
		},
		"password": {`{"username":"ada@example.com","password_hash":"` + hash + `","password_history":["` + hash + `"],"password_changed":"2020-01-02T03:04:05Z"}`,
			func(t *testing.T, u userpool.User) {
				require.Equal(t, userpool.StatusConfirmed, u.Status)
				require.Equal(t, hash, u.PasswordHash)
				require.Equal(t, []string{hash}, u.PasswordHistory)
				require.Equal(t, 2020, u.PasswordChanged.Year())
			}},
		"sub": {`{"sub":"` + subA + `","username":"ada@example.com","status":"UNCONFIRMED","created":"2020-01-02T03:04:05.678901Z","modified":"2021-01-02T03:04:05Z"}`,
			func(t *testing.T, u userpool.User) {
				require.Equal(t, subA, u.Sub)
				require.Equal(t, userpool.StatusUnconfirmed, u.Status)
				require.Equal(t, time.Date(2020, 1, 2, 3, 4, 5, 678901000, time.UTC), u.Created)
				require.Equal(t, 2021, u.Modified.Year())
			}},
		"Username of a Cognito pool": {`{"sub":"` + subA + `","username":"` + subA + `","attributes":{"email":"ada@example.com","email_verified":"true"}}`,
			func(t *testing.T, u userpool.User) { require.Equal(t, subA, u.Username) }},
		"chosen name": {`{"username":"Ada","attributes":{"email":"ada@example.com"}}`, func(t *testing.T, u userpool.User) {
			require.Equal(t, "Ada", u.Username)
			require.Contains(t, u.Identifiers, userpool.Identifier{Kind: "email", Value: "ada@example.com"})
			require.Contains(t, u.Identifiers, userpool.Identifier{Kind: "username", Value: "ada"})
		}},
		"from elsewhere": {`{"identities":[{"provider":"Google","subject":"123"}],"attributes":{"email":"ada@example.com","email_verified":true}}`,
			func(t *testing.T, u userpool.User) {
				require.Equal(t, userpool.StatusExternalProvider, u.Status)
				require.Equal(t, "Google_123", u.Username)
				require.Equal(t, []userpool.Identifier{{Kind: "federated", Value: "Google 123"}}, u.Identifiers, "the address is no name of theirs")
				require.Equal(t, "123", u.Identities[0].Subject)
			}},
		"linked": {`{"username":"ada@example.com","password_hash":"` + hash + `","identities":[{"provider":"Google","subject":"1 2"},{"provider":"Entra","subject":"x"}]}`,
			func(t *testing.T, u userpool.User) {
				require.Len(t, u.Identifiers, 3)
				require.Equal(t, userpool.StatusConfirmed, u.Status)
				require.Equal(t, u.Sub, u.Username)
			}},
		"not verified": {`{"sub":"` + subA + `","sign_in_with":[],"attributes":{"email":"ada@example.com"}}`, func(t *testing.T, u userpool.User) {
			require.Empty(t, u.Identifiers)
			require.Equal(t, map[string]string{"email": "ada@example.com"}, u.Attributes)
		}},
		"pending": {`{"username":"ada@example.com","pending_attributes":{"email":"New@example.com"}}`, func(t *testing.T, u userpool.User) {
			require.Equal(t, map[string]string{"email": "new@example.com"}, u.Pending)
		}},
		"factors": {`{"username":"ada@example.com","software_token":{"secret":"` + strings.ToLower(tokenSecret) + `","name":"Phone"},"mfa":["SOFTWARE_TOKEN_MFA"],"preferred_mfa":"SOFTWARE_TOKEN_MFA"}`,
			func(t *testing.T, u userpool.User) {
				require.NotContains(t, string(u.SoftwareToken.Secret), "1234567890", "it is sealed")
				require.Equal(t, "Phone", u.SoftwareToken.Name)
				require.Equal(t, userpool.ChallengeSoftwareTokenMFA, u.PreferredMFA)
			}},
		"passkey": {`{"sub":"` + subA + `","username":"ada@example.com","passkeys":[{"id":"AQID","public_key":"BAUG","transports":["usb"],"user_verified":true}]}`,
			func(t *testing.T, u userpool.User) {
				require.Equal(t, []byte{1, 2, 3}, u.Passkeys[0].ID)
				require.Len(t, u.Identifiers, 2)
			}},
	} {
		t.Run(name, func(t *testing.T) {
			k := newKit(t, withProviders)
			out := k.importLines(userpool.ImportUsersInput{}, test.line)
			require.Empty(t, out.Errors)
			require.Equal(t, userpool.ImportUsersOutput{Imported: 1}, out)
			for _, u := range everybody(t, k) {
				test.want(t, u)
			}
		})
	}
}

// What is wrong with a line is said of its field, without its value, and nothing of the line is imported.
func TestImportUsers_BadLines(t *testing.T) {
	hash := bcryptOf(t, password)
	k := newKit(t, withProviders)
	for name, test := range map[string]struct{ line, field, want string }{
		"no JSON":             {`ada@example.com`, "", "not one JSON object"},
		"a list":              {`[{"username":"a@example.com"}]`, "", "not one JSON object"},
		"two objects":         {`{"username":"a@example.com"}{}`, "", "follows"},
		"BOM":                 {"\ufeff" + `{"username":"a@example.com"}`, "", "not one JSON object"},
		"J26 name twice":      {`{"username":"a@example.com","username":"b@example.com"}`, "", "twice"},
		"J26 escaped twice":   {`{"username":"a@example.com","user\u006eame":"b@example.com"}`, "", "twice"},
		"J26 another case":    {`{"username":"a@example.com","Username":"b@example.com"}`, "Username", "no field"},
		"J26 attribute twice": {`{"username":"a@example.com","attributes":{"name":"a","name":"b"}}`, "", "twice"},
		"J26 __proto__":       {`{"username":"a@example.com","attributes":{"__proto__":"x"}}`, "__proto__", "no attribute"},
		"J26 groups":          {`{"username":"a@example.com","attributes":{"cognito:groups":"admins"}}`, "cognito:groups", "cannot be set"},
		"J26 sub":             {`{"username":"a@example.com","attributes":{"sub":"x"}}`, "sub", "cannot be set"},
		"unknown field":       {`{"username":"a@example.com","password":"hunter2"}`, "password", "no field"},
		"nested field":        {`{"username":"a@example.com","software_token":{"secrets":"x"}}`, "software_token.secrets", "no field"},
		"in a list":           {`{"username":"a@example.com","passkeys":[{"ID":"AQID"}]}`, "passkeys.ID", "no field"},
		"type":                {`{"type":"role","name":"x"}`, "type", `"role"`},
		"type of type":        {`{"type":1}`, "type", "not a string"},
		"type of a value":     {`{"username":1}`, "username", "another type"},
		"attribute list":      {`{"username":"a@example.com","attributes":{"name":["a"]}}`, "", "not of its type"},
		"time":                {`{"username":"a@example.com","created":"yesterday"}`, "", "time is written"},
		"bytes":               {`{"sub":"` + subA + `","username":"a@example.com","passkeys":[{"id":"!"}]}`, "", "base64"},
		"NUL":                 {`{"username":"a@example.com\u0000"}`, "", "NUL"},
		"sub":                 {`{"sub":"me","username":"a@example.com"}`, "sub", "UUID"},
		"sub in capitals":     {`{"sub":"ABCDEF00-0000-4000-8000-000000000000","username":"a@example.com"}`, "sub", "UUID"},
		"no name":             {`{"attributes":{"name":"Ada"}}`, "username", "no e-mail address"},
		"other address":       {`{"username":"a@example.com","attributes":{"email":"b@example.com"}}`, "email", "not the one"},
		"control":             {`{"username":"a@example.com","attributes":{"name":"a\nb"}}`, "name", "control character"},
		"number":              {`{"username":"a@example.com","attributes":{"custom:age":1.5}}`, "custom:age", "whole number"},
		"verified nothing":    {`{"username":"a@example.com","attributes":{"phone_number_verified":true}}`, "phone_number_verified", "no such address"},
		"sign in with":        {`{"username":"a@example.com","sign_in_with":["phone_number"]}`, "sign_in_with", "phone_number"},
		"sign in with twice":  {`{"sign_in_with":["email","email"],"attributes":{"email":"a@example.com"}}`, "sign_in_with", "twice"},
		"nobody":              {`{"sign_in_with":[],"attributes":{"email":"a@example.com"}}`, "sign_in_with", "needs a sub"},
		"status":              {`{"username":"a@example.com","status":"ARCHIVED"}`, "status", `"ARCHIVED"`},
		"external":            {`{"username":"a@example.com","status":"EXTERNAL_PROVIDER"}`, "status", "identity"},
		"hash":                {`{"username":"a@example.com","password_hash":"hunter2"}`, "password_hash", "no password hash"},
		"U17 hash":            {`{"username":"a@example.com","password_hash":"$argon2id$v=19$m=4294967295,t=2,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaA"}`, "password_hash", "from 8 to 262144"},
		"U16 hash":            {`{"username":"a@example.com","password_hash":"$2a$31` + hash[6:] + `"}`, "password_hash", "from 4 to 14"},
		"history":             {`{"username":"a@example.com","password_history":["hunter2"]}`, "password_history", "none of a supported form"},
		"long history":        {`{"username":"a@example.com","password_history":["` + strings.Repeat(hash+`","`, 24) + hash + `"]}`, "password_history", "more than 24"},
		"Firebase without":    {`{"username":"a@example.com","firebase_password":{"hash":"eA==","salt":"eA=="}}`, "firebase_password", "ImportUsersInput.Firebase"},
		"two hashes":          {`{"username":"a@example.com","password_hash":"` + hash + `","firebase_password":{"hash":"eA==","salt":"eA=="}}`, "firebase_password", "as well"},
		"short secret":        {`{"username":"a@example.com","software_token":{"secret":"GEZDGNBVGY3TQOJQ"}}`, "software_token", "80 bits"},
		"no base32":           {`{"username":"a@example.com","software_token":{"secret":"01890189018901890189018901890189"}}`, "software_token", "base32"},
		"step to come":        {`{"username":"a@example.com","software_token":{"secret":"` + tokenSecret + `","last_step":9000000000}}`, "software_token", "in the future"},
		"factor not had":      {`{"username":"a@example.com","mfa":["SOFTWARE_TOKEN_MFA"]}`, "mfa", "does not have"},
		"factor unknown":      {`{"username":"a@example.com","mfa":["PASSWORD"]}`, "mfa", "does not have"},
		"factor twice":        {`{"username":"a@example.com","mfa":["EMAIL_OTP","EMAIL_OTP"]}`, "mfa", "twice"},
		"preferred":           {`{"username":"a@example.com","preferred_mfa":"EMAIL_OTP"}`, "preferred_mfa", "not among"},
		"SRP":                 {`{"username":"a@example.com","srp_verifier":{"pool":"default","salt":"AAAA","verifier":"AAAA"}}`, "srp_verifier", "Salt"},
		"passkey without sub": {`{"username":"a@example.com","passkeys":[{"id":"AQID","public_key":"BAUG"}]}`, "passkeys", "sub"},
		"passkey twice":       {`{"sub":"` + subA + `","username":"a@example.com","passkeys":[{"id":"AQID","public_key":"BAUG"},{"id":"AQID","public_key":"BAUG"}]}`, "passkeys", "twice"},
		"passkey without key": {`{"sub":"` + subA + `","username":"a@example.com","passkeys":[{"id":"AQID"}]}`, "passkeys", "public_key"},
		"provider":            {`{"username":"a@example.com","identities":[{"provider":"Nobody","subject":"1"}]}`, "identities", `"Nobody"`},
		"subject":             {`{"username":"a@example.com","identities":[{"provider":"Google","subject":""}]}`, "identities", "empty"},
		"identity twice":      {`{"username":"a@example.com","identities":[{"provider":"Google","subject":"1"},{"provider":"Google","subject":"1"}]}`, "identities", "twice"},
		"group":               {`{"username":"a@example.com","groups":["admins"]}`, "groups", `"admins"`},
		"future":              {`{"username":"a@example.com","created":"2130-01-01T00:00:00Z"}`, "created", "in the future"},
		"group name":          {`{"type":"group","name":"a b"}`, "name", "no spaces"},
		"user as group":       {`{"type":"group","name":"a","username":"a@example.com"}`, "username", "no field"},
		"1 MiB":               {`{"username":"a@example.com","attributes":{"name":"` + strings.Repeat("x", 1<<20) + `"}}`, "", "1 MiB"},
	} {
		t.Run(name, func(t *testing.T) {
			out := k.importLines(userpool.ImportUsersInput{}, "", test.line, `{"username":"good@example.com"}`)
			require.Equal(t, 1, out.Failed)
			require.Equal(t, 1, out.Imported+out.Skipped, "the line after it is imported")
			require.Len(t, out.Errors, 1)
			require.Equal(t, 2, out.Errors[0].Line)
			require.Equal(t, test.field, out.Errors[0].Field)
			require.Contains(t, out.Errors[0].Message, test.want)
			require.Less(t, len(out.Errors[0].Message), 400)
			for _, secret := range []string{"hunter2", hash[7:], "c2FsdHNhbHRzYWx0", "a@example"} {
				require.NotContains(t, out.Errors[0].Message, secret)
			}
		})
	}
	require.Len(t, everybody(t, k), 1)
	out, err := k.ImportUsers(t.Context(), strings.NewReader(`{"username":"a@example.com"}`), userpool.ImportUsersInput{})
	require.NoError(t, err)
	require.Contains(t, out.Errors[0].Message, "ImportID", "without one, a line has a sub")
	for name, in := range map[string]userpool.ImportUsersInput{
		"conflict": {OnConflict: "merge"}, "ID": {ImportID: "a\x00"}, "long ID": {ImportID: strings.Repeat("x", 129)},
	} {
		_, err := k.ImportUsers(t.Context(), strings.NewReader(""), in)
		require.ErrorIs(t, err, userpool.InvalidParameter, name)
	}
}

// Chosen names are checked as those of a sign-up are.
func TestImportUsers_ChosenNames(t *testing.T) {
	k := newKit(t, chosenNames("email"))
	out := k.importLines(userpool.ImportUsersInput{},
		`{"username":"Ada","attributes":{"email":"ada@example.com","email_verified":true}}`,
		`{"username":"ADA"}`,
		`{"username":"аԁа"}`,
		`{"username":"bob","attributes":{"email":"ada@example.com","email_verified":true}}`,
		`{"username":"carol","attributes":{"email":"ada@example.com"}}`,
		`{"username":"dave@example.com"}`,
		`{"username":"`+subB+`"}`,
		`{"username":"eve","sign_in_with":["email"],"attributes":{"email":"eve@example.com"}}`,
		`{"sub":"`+subA+`","username":"`+subA+`","attributes":{"email":"frank@example.com","email_verified":true}}`,
		`{"attributes":{"email":"grace@example.com","email_verified":true}}`,
	)
	require.Equal(t, 3, out.Imported)
	var got []string
	for _, e := range out.Errors {
		got = append(got, fmt.Sprintf("%d %s %s", e.Line, e.Field, string(e.Code)))
	}
	// The second line is the first one again: it has the same name, and so the same sub.
	require.Equal(t, 1, out.Skipped)
	require.Equal(t, []string{
		"3 username AliasExists", "4 email AliasExists", "6 username InvalidParameter", "7 username InvalidParameter",
		"8 sign_in_with InvalidParameter", "10 username InvalidParameter",
	}, got)
	_, err := k.AdminGetUser(t.Context(), "frank@example.com")
	require.NoError(t, err)
}

// D9: nothing of another pool in the same store is found, taken or changed.
func TestD9_ImportUsers(t *testing.T) {
	a := newKit(t, nil)
	b := a.again(func(c *userpool.Config) { c.ID, c.Issuer = "other", "https://other.example.com" })
	line := `{"sub":"` + subA + `","username":"ada@example.com","attributes":{"name":"A"},"passkeys":[{"id":"AQID","public_key":"BAUG"}]}`
	require.Equal(t, 1, a.importLines(userpool.ImportUsersInput{}, line).Imported)
	before := everybody(t, a)
	for _, conflict := range []userpool.ImportConflict{userpool.ConflictFail, userpool.ConflictReplace} {
		out := b.importLines(userpool.ImportUsersInput{OnConflict: conflict}, strings.Replace(line, `"A"`, `"B"`, 1))
		require.Equal(t, 1, out.Imported+out.Replaced)
		require.Equal(t, before, everybody(t, a))
	}
	require.Equal(t, "B", everybody(t, b)["ada@example.com"].Attributes["name"])
	require.NoError(t, a.CreateGroup(t.Context(), userpool.Group{Name: "admins"}))
	out := b.importLines(userpool.ImportUsersInput{}, `{"username":"eve@example.com","groups":["admins"]}`)
	require.Equal(t, 1, out.Failed)
	require.NotEqual(t, 0, a.importLines(userpool.ImportUsersInput{}, `{"username":"eve@example.com"}`).Imported)
	require.Equal(t, 1, b.importLines(userpool.ImportUsersInput{}, `{"username":"eve@example.com"}`).Imported)
	require.NotEqual(t, everybody(t, a)["eve@example.com"].Sub, everybody(t, b)["eve@example.com"].Sub, "the sub is made under the key of the pool")
}

// A line of which a part could be read is no line.
func TestImportUsers_Interrupted(t *testing.T) {
	k := newKit(t, nil)
	const line = `{"username":"ada@example.com"}`
	_, err := k.ImportUsers(t.Context(), io.MultiReader(strings.NewReader(line), iotest.ErrReader(errBroken)), userpool.ImportUsersInput{ImportID: "x"})
	require.ErrorIs(t, err, errBroken)
	require.Empty(t, everybody(t, k))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = k.ImportUsers(ctx, strings.NewReader(line), userpool.ImportUsersInput{ImportID: "x"})
	require.ErrorIs(t, err, context.Canceled)
	out, err := k.ImportUsers(t.Context(), iotest.OneByteReader(strings.NewReader("\r\n"+line+"\r\n\n")), userpool.ImportUsersInput{ImportID: "x"})
	require.NoError(t, err)
	require.Equal(t, userpool.ImportUsersOutput{Imported: 1}, out)
}

// U26: an import is an administrator's, and calls no hooks.
func TestU26_ImportUsers(t *testing.T) {
	k := newKit(t, func(c *userpool.Config) {
		c.Settings.AllowAdminCreateUserOnly = true
		c.Hooks.PreSignUp = func(context.Context, userpool.PreSignUpEvent) (userpool.PreSignUpResult, error) {
			return userpool.PreSignUpResult{}, errors.New("no")
		}
	})
	require.Equal(t, 1, k.importLines(userpool.ImportUsersInput{}, `{"username":"ada@example.com"}`).Imported)
	require.Zero(t, k.mails())
}

// The example that Firebase publishes (github.com/firebase/scrypt), in both alphabets of base64.
func TestImportUsers_Firebase(t *testing.T) {
	key, err := base64.StdEncoding.DecodeString("jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==")
	require.NoError(t, err)
	separator, err := base64.StdEncoding.DecodeString("Bw==")
	require.NoError(t, err)
	firebase := &userpool.FirebaseScrypt{SignerKey: key, SaltSeparator: separator, Rounds: 8, MemoryCost: 14}
	const salt, hash = "42xEC+ixf3L2lw==", "lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ=="
	k := newKit(t, nil)
	out := k.importLines(userpool.ImportUsersInput{Firebase: firebase},
		`{"username":"ada@example.com","firebase_password":{"hash":"`+hash+`","salt":"`+salt+`"}}`,
		`{"username":"bob@example.com","firebase_password":{"hash":"`+strings.NewReplacer("+", "-", "/", "_", "=", "").Replace(hash)+`","salt":"42xEC-ixf3L2lw"}}`,
		`{"username":"eve@example.com","firebase_password":{"hash":"eA==","salt":"`+salt+`"}}`,
		`{"username":"eve@example.com","firebase_password":{"hash":"!","salt":"`+salt+`"}}`)
	require.Equal(t, 2, out.Imported)
	require.Equal(t, 2, out.Failed)
	require.NotContains(t, fmt.Sprint(out.Errors), salt)
	for _, name := range []string{"ada@example.com", "bob@example.com"} {
		_, err = k.signIn(name, "user1password")
		require.NoError(t, err)
		_, err = k.signIn(name, "user2password")
		require.ErrorIs(t, err, userpool.NotAuthorized)
	}
}

// Every password hash that the pool knows signs in after an import, and is made anew.
func TestImportUsers_HashesSignIn(t *testing.T) {
	k := newKit(t, nil)
	// These come from the test suites of those who defined the forms.
	for name, v := range map[string][2]string{
		"bcrypt":        {"U*U", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"},
		"argon2id":      {"password", "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"},
		"argon2i":       {"password", "$argon2i$v=19$m=256,t=2,p=1$c29tZXNhbHQ$iekCn0Y3spW+sCcFanM2xBT63UP2sghkUoHLIUpWRS8"},
		"scrypt":        {"password", "$scrypt$ln=10,r=8,p=16$TmFDbA$/bq+HJ00cgB4VucZDQHp/nxq18vII3gw53N2Y0s3MWI"},
		"passlib":       {"password", "$pbkdf2-sha256$1212$4vjV83LKPjQzk31VI4E0Vw$hsYF68OiOUPdDZ1Fg.fJPeq1h/gXXY7acBp9/6c.tmQ"},
		"pbkdf2-sha512": {"test", "$pbkdf2-sha512$i=100000,l=32$bdHBpn7OWOivJMVJypy2UqR0UnaD5prQXRZevj/05YU$+wArTfv1a+bNGO1iZrmEdVjhA+lL11wF4/IxpgYfPwc"},
		"django":        {"l\u00e8tmein", "pbkdf2_sha256$20000$seasalt$oBSd886ysm3AqYun62DOdin8YcfbU1z9cksZSuLP9r0="},
	} {
		out := k.importLines(userpool.ImportUsersInput{}, `{"username":"`+name+`@example.com","password_hash":"`+v[1]+`"}`)
		require.Equal(t, 1, out.Imported, out.Errors)
		_, err := k.signIn(name+"@example.com", v[0]+"x")
		require.ErrorIs(t, err, userpool.NotAuthorized, name)
		_, err = k.signIn(name+"@example.com", v[0])
		require.NoError(t, err, name)
		require.True(t, strings.HasPrefix(everybody(t, k)[name+"@example.com"].PasswordHash, "$argon2id$v=19$m=19456"), name)
	}
}

// Whatever the lines are: no panic, each counted once, nobody twice.
func FuzzImportUsers(f *testing.F) {
	for _, seed := range []string{
		`{"username":"ada@example.com"}`, `{"type":"group","name":"admins"}` + "\n" + `{"sub":"` + subA + `","username":"a@example.com","groups":["admins"]}`,
		`{"username":"ada@example.com","Username":""}`, `{"attributes":{"email":"a@example.com","email_verified":true,"custom:age":1e3}}`,
		`{"identities":[{"provider":"Google","subject":"1"}],"created":"2020-01-02T03:04:05Z"}`, `{"software_token":{"secret":"` + tokenSecret + `"},"username":"a@b.cc"}`,
		`{"sub":"` + subA + `","passkeys":[{"id":"AQ==","public_key":"AQ=="}],"sign_in_with":[]}`, "\x00\n{}\n[]\n\"\n{", `{"mfa":null,"attributes":null,"enabled":null}`,
		`{"srp_verifier":{"pool":"default","salt":"AQIDBAUGBwg=","verifier":"Ag=="},"username":"a@b.cc","password_hash":"$2b$04$x"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		k := newKit(t, withProviders)
		lines := 0
		for _, line := range strings.Split(string(data), "\n") {
			if strings.TrimSpace(line) != "" {
				lines++
			}
		}
		in := userpool.ImportUsersInput{ImportID: "fuzz", ValidateOnly: true}
		dry, err := k.ImportUsers(t.Context(), strings.NewReader(string(data)), in)
		require.NoError(t, err)
		require.Empty(t, everybody(t, k))
		in.ValidateOnly = false
		out, err := k.ImportUsers(t.Context(), strings.NewReader(string(data)), in)
		require.NoError(t, err)
		require.Equal(t, lines, out.Groups+out.Imported+out.Skipped+out.Failed)
		require.Equal(t, lines, dry.Groups+dry.Imported+dry.Skipped+dry.Failed)
		require.Len(t, everybody(t, k), out.Imported)
		again, err := k.ImportUsers(t.Context(), strings.NewReader(string(data)), in)
		require.NoError(t, err)
		require.Zero(t, again.Imported, "again changes nothing")
		var exported strings.Builder
		_, err = k.ExportUsers(t.Context(), &exported, userpool.ExportUsersInput{InsecureIncludeSecrets: true})
		require.NoError(t, err)
		other := newKit(t, withProviders)
		moved, err := other.ImportUsers(t.Context(), strings.NewReader(exported.String()), userpool.ImportUsersInput{})
		require.NoError(t, err)
		require.Empty(t, moved.Errors, "what is exported can be imported")
		require.Equal(t, out.Imported, moved.Imported)
	})
}
