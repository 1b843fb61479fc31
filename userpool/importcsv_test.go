package userpool_test

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/memstore"
)

// The order is Cognito's; custom attributes stand at the end.
func TestGetCSVHeader(t *testing.T) {
	k := newKit(t, func(c *userpool.Config) {
		c.Settings.CustomAttributes = []userpool.CustomAttribute{{Name: "custom:team"}, {Name: "custom:age", Type: userpool.AttributeNumber}}
	})
	header, err := k.GetCSVHeader(t.Context())
	require.NoError(t, err)
	require.Equal(t, "cognito:username,name,given_name,family_name,middle_name,nickname,preferred_username,profile,picture,website,email,"+
		"email_verified,gender,birthdate,zoneinfo,locale,phone_number,phone_number_verified,address,updated_at,cognito:mfa_enabled,"+
		"custom:team,custom:age", strings.Join(header, ","))
	job, faults := k.importCSV("", strings.Join(header, ",")+"\n"+
		"ada@example.com,Ada Lovelace,Ada,Lovelace,King,Ada,,https://example.com/ada,https://example.com/ada.png,https://example.com,"+
		",TRUE,female,12/10/1815,Europe/London,en-GB,+442071838750,FALSE,12 St James's Square,1700000000,FALSE,engines,36\n")
	require.Empty(t, faults)
	requireCounts(t, job, 1, 0, 0)
	require.Equal(t, map[string]string{
		"name": "Ada Lovelace", "given_name": "Ada", "family_name": "Lovelace", "middle_name": "King", "nickname": "Ada",
		"profile": "https://example.com/ada", "picture": "https://example.com/ada.png", "website": "https://example.com",
		"email": "ada@example.com", "email_verified": "true", "gender": "female", "birthdate": "1815-12-10", "zoneinfo": "Europe/London",
		"locale": "en-GB", "phone_number": "+442071838750", "phone_number_verified": "false", "address": "12 St James's Square",
		"custom:team": "engines", "custom:age": "36",
	}, everybody(t, k)["ada@example.com"].Attributes)
}

// What is wrong with a row is said of its column, without its value.
func TestImportCSV_Rows(t *testing.T) {
	k := newKit(t, func(c *userpool.Config) {
		c.Settings.CustomAttributes = []userpool.CustomAttribute{{Name: "custom:age", Type: userpool.AttributeNumber}}
	})
	const header = "cognito:username,email,email_verified,phone_number,birthdate,updated_at,cognito:mfa_enabled,custom:age"
	for name, test := range map[string]struct{ row, field, want string }{
		"good":                {"ada@example.com,,TRUE,,,,,", "", ""},
		"given twice":         {"Bob@Example.com,bob@example.com,TRUE,,,,,", "", ""},
		"no name":             {",,,,,,,", "cognito:username", "no e-mail address"},
		"two addresses":       {"a@example.com,b@example.com,TRUE,,,,,", "email", "not the one"},
		"chosen name":         {"ada,a@example.com,TRUE,,,,,", "cognito:username", "e-mail address"},
		"sub as name":         {"7b2a1c6e-3f0d-4a53-9c1e-0a9b8c7d6e5f,c@example.com,TRUE,,,,,", "cognito:username", "looks like"},
		"no address":          {"x@example,,TRUE,,,,,", "cognito:username", "domain"},
		"bad address":         {",Ada <a@example.com>,TRUE,,,,,", "email", "name@example.com"},
		"space in name":       {"a b@example.com,,TRUE,,,,,", "cognito:username", "no spaces"},
		"space around a name": {" c@example.com,,TRUE,,,,,", "cognito:username", "no spaces"},
		"tab":                 {"a\t@example.com,,TRUE,,,,,", "cognito:username", "control character"},
		"not verified":        {"d@example.com,,FALSE,,,,,", "", "no verified address"},
		"no flag":             {"d@example.com,,,,,,,", "", "no verified address"},
		"flag":                {"e@example.com,,yes,,,,,", "email_verified", "TRUE or FALSE"},
		"phone":               {"e@example.com,,TRUE,12345,,,,", "phone_number", "country"},
		"birthdate":           {"e@example.com,,TRUE,,1990-12-31,,,", "birthdate", "mm/dd/yyyy"},
		"updated_at":          {"e@example.com,,TRUE,,,yesterday,,", "updated_at", "seconds since 1970"},
		"mfa":                 {"e@example.com,,TRUE,,,,1,", "cognito:mfa_enabled", "TRUE or FALSE"},
		"mfa where is none":   {"e@example.com,,TRUE,,,,TRUE,", "cognito:mfa_enabled", "must be FALSE"},
		"number":              {"e@example.com,,TRUE,,,,,old", "custom:age", "whole number"},
		"quotes":              {`"e@example.com",,TRUE,,,,,`, "", "not quoted"},
		"count":               {"e@example.com,,TRUE", "", "has 3 values"},
		"NUL":                 {"e@example.com\x00,,TRUE,,,,,", "cognito:username", "control character"},
		"17,000 characters":   {"e@example.com,,TRUE,,,,," + strings.Repeat("1", 17_000), "", "16000 characters"},
		"2,049 characters":    {"e@example.com,,TRUE,," + strings.Repeat("1", 2049) + ",,,", "birthdate", "mm/dd/yyyy"},
	} {
		t.Run(name, func(t *testing.T) {
			job, faults := k.importCSV("", header+"\r\n"+test.row+"\r\n")
			require.Equal(t, userpool.ImportSucceeded, job.Status)
			if test.want == "" {
				requireCounts(t, job, 1, 0, 0)
				return
			}
			requireCounts(t, job, 0, 0, 1)
			require.Equal(t, 2, faults[0].Line)
			require.Equal(t, test.field, faults[0].Field)
			require.Contains(t, faults[0].Message, test.want)
			for _, value := range strings.Split(test.row, ",") {
				require.False(t, len(value) > 5 && strings.Contains(faults[0].Message, value), "%q has a value", faults[0].Message)
			}
		})
	}
	require.Len(t, everybody(t, k), 2)
}

// In a pool with chosen names and aliases, an alias counts once it is verified.
func TestImportCSV_ChosenNames(t *testing.T) {
	k := newKit(t, chosenNames("email", "preferred_username"))
	job, faults := k.importCSV("", "cognito:username,email,email_verified,preferred_username\n"+
		"Ada,ada@example.com,TRUE,countess\n"+
		"ADA,ada2@example.com,TRUE,\n"+ // the same name
		"\u0430\u0501\u0430,ada3@example.com,TRUE,\n"+ // Cyrillic letters that look like it
		"bob,ada@example.com,TRUE,\n"+ // the alias of another
		"carol,carol@example.com,TRUE,COUNTESS\n"+
		"dave,dave@example.com,FALSE,\n"+
		"eve@example.com,eve@example.com,TRUE,\n"+
		"frank,frank@example.com,TRUE,\n")
	requireCounts(t, job, 2, 1, 5)
	var got []string
	for _, f := range faults {
		got = append(got, fmt.Sprintf("%d %s %s", f.Line, f.Field, string(f.Code)))
	}
	require.Equal(t, []string{
		"3 cognito:username UsernameExists", "4 cognito:username AliasExists", "5 email AliasExists", "6 preferred_username AliasExists",
		"7  InvalidParameter", "8 cognito:username InvalidParameter",
	}, got)
	for _, name := range []string{"ada", "ADA@example.com", "Countess", "frank"} {
		_, err := k.AdminGetUser(t.Context(), name)
		require.NoError(t, err, name)
	}

	// Where addresses do not matter, none is needed.
	k = newKit(t, chosenNames())
	job, faults = k.importCSV("", "cognito:username\nada\nbob smith\n\tx\n\n")
	requireCounts(t, job, 1, 0, 2)
	require.Contains(t, faults[0].Message, "no spaces")
	job, err := k.StartUserImportJob(t.Context(), k.importJob(""), strings.NewReader("name\nAda\n"))
	require.ErrorIs(t, err, userpool.InvalidParameter, "no column for the name")
	require.Equal(t, userpool.ImportFailed, job.Status)
}

// A sign-up that was never confirmed does not hold its address; a user does.
func TestImportCSV_ReplacesUnconfirmedSignUp(t *testing.T) {
	k := newKit(t, nil)
	out, err := k.SignUp(t.Context(), userpool.SignUpInput{Username: "ada@example.com", Password: importedPassword})
	require.NoError(t, err)
	job, _ := k.importCSV("", "email,email_verified\nada@example.com,TRUE\n")
	requireCounts(t, job, 1, 0, 0)
	require.NotEqual(t, out.UserSub, everybody(t, k)["ada@example.com"].Sub)
	_, err = k.signIn("ada@example.com", importedPassword)
	require.ErrorIs(t, err, userpool.NotAuthorized, "whoever signed up is not let in")
}

func TestImportCSV_MFA(t *testing.T) {
	sms := func(mfa userpool.MFAConfiguration) func(*userpool.Config) {
		return func(c *userpool.Config) {
			c.Settings.MFA, c.Settings.MFAFactors = mfa, []userpool.ChallengeName{userpool.ChallengeSMSMFA}
			c.SMSSender = c.Sender
			if c.SMSSender == nil {
				c.SMSSender = userpool.SenderFunc(func(context.Context, userpool.Message) error { return nil })
			}
		}
	}
	const header = "email,email_verified,phone_number,phone_number_verified,cognito:mfa_enabled\n"
	k := newKit(t, sms(userpool.MFAOptional))
	job, faults := k.importCSV("", header+
		"a@example.com,TRUE,+442071838750,TRUE,TRUE\n"+
		"b@example.com,TRUE,+442071838750,TRUE,FALSE\n"+
		"c@example.com,TRUE,+442071838750,FALSE,TRUE\n"+
		"d@example.com,TRUE,,,TRUE\n"+
		"e@example.com,FALSE,+442071838750,TRUE,TRUE\n")
	requireCounts(t, job, 2, 0, 3)
	require.Contains(t, faults[0].Message, "verified phone number")
	require.Contains(t, faults[2].Message, "second factor does not count", "the phone would be both factors")
	users := everybody(t, k)
	require.Equal(t, []userpool.ChallengeName{userpool.ChallengeSMSMFA}, users["a@example.com"].MFA)
	require.Equal(t, userpool.ChallengeSMSMFA, users["a@example.com"].PreferredMFA)
	require.Empty(t, users["b@example.com"].MFA)

	k = newKit(t, sms(userpool.MFARequired))
	job, faults = k.importCSV("", header+
		"a@example.com,TRUE,,,TRUE\n"+
		"b@example.com,TRUE,,,FALSE\n"+
		"c@example.com,TRUE,,,\n")
	requireCounts(t, job, 2, 0, 1)
	require.Contains(t, faults[0].Message, "must be TRUE")
}

// U16, U17: only hashes that can be verified, at a bearable cost and in the job's form, are taken; what is refused is not quoted.
func TestU16_U17_ImportCSV_Hashes(t *testing.T) {
	k := newKit(t, nil)
	good := bcryptOf(t, password)
	salt := good[7:29]
	for name, test := range map[string]struct {
		algorithm userpool.PasswordHashingAlgorithm
		hash      string
		want      string
	}{
		"bcrypt":          {userpool.HashingBcrypt, good, ""},
		"bcrypt 2y":       {userpool.HashingBcrypt, "$2y" + good[3:], ""},
		"none":            {userpool.HashingBcrypt, "", ""},
		"argon2id":        {userpool.HashingArgon2id, `$argon2id$v=19$m=19456\,t=2\,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaA`, ""},
		"scrypt":          {userpool.HashingScrypt, `$scrypt$ln=14\,r=8\,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaA`, ""},
		"pbkdf2":          {userpool.HashingPBKDF2SHA256, `$pbkdf2-sha256$i=600000$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaA`, ""},
		"Django":          {userpool.HashingPBKDF2SHA256, `pbkdf2_sha256$600000$salt$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g=`, ""},
		"another form":    {userpool.HashingScrypt, good, "not one of the job"},
		"sha512":          {userpool.HashingPBKDF2SHA256, `$pbkdf2-sha512$i=600000$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaA`, "not one of the job"},
		"bcrypt cost 31":  {userpool.HashingBcrypt, "$2a$31" + good[6:], "from 4 to 14"},
		"bcrypt cost 99":  {userpool.HashingBcrypt, "$2a$99" + good[6:], "from 4 to 14"},
		"bcrypt short":    {userpool.HashingBcrypt, good[:59], "52 characters"},
		"bcrypt 2x":       {userpool.HashingBcrypt, "$2x" + good[3:], "not supported"},
		"plain text":      {userpool.HashingBcrypt, "correct horse", "no password hash"},
		"MD5":             {userpool.HashingBcrypt, "$1$" + salt, "MD5"},
		"argon2 memory":   {userpool.HashingArgon2id, `$argon2id$v=19$m=4294967295\,t=2\,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaA`, "from 8 to 262144"},
		"argon2 passes":   {userpool.HashingArgon2id, `$argon2id$v=19$m=262144\,t=64\,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaA`, "product"},
		"argon2 lanes":    {userpool.HashingArgon2id, `$argon2id$v=19$m=19456\,t=2\,p=255$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaA`, "from 1 to 16"},
		"argon2 zero":     {userpool.HashingArgon2id, `$argon2id$v=19$m=0\,t=0\,p=0$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaA`, "from 8 to"},
		"scrypt memory":   {userpool.HashingScrypt, `$scrypt$ln=63\,r=8\,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaA`, "ln"},
		"pbkdf2 count":    {userpool.HashingPBKDF2SHA256, `$pbkdf2-sha256$i=9999999999$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaA`, "4000000"},
		"long":            {userpool.HashingBcrypt, good + strings.Repeat("x", 2000), "at most 1024"},
		"commas not kept": {userpool.HashingArgon2id, `$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaA`, `written "\,"`},
	} {
		t.Run(name, func(t *testing.T) {
			address := strings.ReplaceAll(strings.ToLower(name), " ", "-") + "@example.com"
			job, faults := k.importCSV(test.algorithm, "email,email_verified,stepwell:password_hash\n"+address+",TRUE,"+test.hash+"\n")
			if test.want == "" {
				require.Empty(t, faults)
				requireCounts(t, job, 1, 0, 0)
				return
			}
			requireCounts(t, job, 0, 0, 1)
			require.Contains(t, faults[0].Message, test.want)
			require.NotContains(t, faults[0].Message, salt)
			require.NotContains(t, faults[0].Message, "c2FsdHNhbHRzYWx0")
			_, err := k.AdminGetUser(t.Context(), address)
			require.ErrorIs(t, err, userpool.UserNotFound, "nothing of half a row")
		})
	}
}

// U16: what bcrypt reads of a password is 72 bytes. Its twins do not sign in.
func TestU16_ImportedBcryptTwins(t *testing.T) {
	k := newKit(t, nil)
	long := strings.Repeat("0123456789ab", 6)
	require.Len(t, long, 72)
	job, _ := k.importCSV(userpool.HashingBcrypt, "email,email_verified,stepwell:password_hash\nada@example.com,TRUE,"+bcryptOf(t, long)+"\n")
	requireCounts(t, job, 1, 0, 0)
	for _, twin := range []string{long + "x", long + long, long[:71], long + "\x00"} {
		_, err := k.signIn("ada@example.com", twin)
		require.Error(t, err)
	}
	k.clock.Advance(time.Hour)
	_, err := k.signIn("ada@example.com", long)
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(everybody(t, k)["ada@example.com"].PasswordHash, "$argon2id$"), "the hash is made anew at the first sign-in")
	_, err = k.signIn("ada@example.com", long)
	require.NoError(t, err)
}

// No file makes a job end in anything but a job: no panic, no failure of the machinery, and every row counted.
func FuzzImportCSV(f *testing.F) {
	for _, seed := range []string{
		"email,email_verified\nada@example.com,TRUE\n", "cognito:username,email_verified,birthdate,updated_at\nada@example.com,true,1/2/1990,1\n",
		"email,phone_number,phone_number_verified\na@example.com,+442071838750,TRUE\n", "email\n\"x\"\n", "stepwell:password_hash\n\n", "\ufeffemail\n",
		"custom:a,email,email_verified\nx\\,y,a@example.com,TRUE\nx\\y,,\n", "email,email_verified,preferred_username\na@example.com,TRUE,\u202e\n",
		"cognito:mfa_enabled\nTRUE\n", "email,email_verified\na@example.com,TRUE\nA@example.com,TRUE\n\xff\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		k := newKit(t, func(c *userpool.Config) {
			c.Store = memstore.New()
			c.Settings.CustomAttributes = []userpool.CustomAttribute{{Name: "custom:a"}}
			c.Settings.UsernameAttributes = []string{"email"}
		})
		job, err := k.StartUserImportJob(t.Context(), k.importJob(""), strings.NewReader(string(data)))
		if err != nil {
			require.ErrorIs(t, err, userpool.InvalidParameter)
			require.Equal(t, userpool.ImportFailed, job.Status)
			return
		}
		require.Equal(t, userpool.ImportSucceeded, job.Status)
		require.Len(t, everybody(t, k), job.ImportedUsers)
		faults, err := k.ListUserImportErrors(t.Context(), job.JobID)
		require.NoError(t, err)
		require.Len(t, faults, min(job.SkippedUsers+job.FailedUsers, 1000))
	})
}

// BenchmarkImportCSV reports rows a second; the floor is what no import can do without: to store as many users.
func BenchmarkImportCSV(b *testing.B) {
	for name, open := range map[string]func() userpool.Store{
		"memory": func() userpool.Store { return memstore.New() },
		"SQLite": func() userpool.Store { return sqliteStore(b) },
	} {
		b.Run(name, func(b *testing.B) {
			k := newKitOn(b, open(), nil)
			const rows = 1000
			n, made := 0, 0
			var took time.Duration
			u := userpool.User{Status: userpool.StatusResetRequired, Enabled: true, Created: k.clock.Now(), Modified: k.clock.Now()}
			ratio(b, func() {
				n++
				began := time.Now()
				header := strings.NewReader("email,email_verified,name\n")
				job, err := k.StartUserImportJob(b.Context(), k.importJob(""), io.MultiReader(header, &benchRows{prefix: n, left: rows}))
				if err != nil || job.ImportedUsers != rows {
					b.Fatal(err, job.ImportedUsers)
				}
				took += time.Since(began)
			}, func() {
				for range rows {
					made++
					email := fmt.Sprintf("floor-%d@example.com", made)
					u.Sub = fmt.Sprintf("%08d-0000-4000-8000-000000000000", made)
					u.Username, u.Identifiers = u.Sub, []userpool.Identifier{{Kind: userpool.IdentifierEmail, Value: email}}
					u.Attributes = map[string]string{"email": email, "email_verified": "true", "name": "User"}
					if err := k.config.Store.CreateUser(b.Context(), k.ID(), u); err != nil {
						b.Fatal(err)
					}
				}
			})
			b.ReportMetric(float64(n*rows)/took.Seconds(), "rows/s")
		})
	}
}

// benchRows makes rows as they are read.
type benchRows struct {
	prefix, left int
	rest         string
}

func (r *benchRows) Read(p []byte) (int, error) {
	if r.rest == "" {
		if r.left == 0 {
			return 0, io.EOF
		}
		r.left--
		r.rest = fmt.Sprintf("user-%d-%d@example.com,TRUE,User\n", r.prefix, r.left)
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}
