package userpool_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/bcrypt"

	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/memstore"
)

// importedPassword is one that every policy accepts.
const importedPassword = "Nine muddy otters, 9 planks!"

// everybody returns all users of a pool, by their first e-mail address, name or sub, as the store has them.
func everybody(t testing.TB, k *kit) map[string]userpool.User {
	t.Helper()
	users := map[string]userpool.User{}
	for q := (userpool.UserQuery{Limit: 500}); ; {
		page, err := k.config.Store.ListUsers(context.Background(), k.ID(), q)
		require.NoError(t, err)
		for _, u := range page.Users {
			name := u.Attributes["email"]
			if u.Username != u.Sub {
				name = u.Username
			}
			require.NotContains(t, users, name, "a user is there twice")
			users[name] = u
		}
		if q.After = page.Next; q.After == "" {
			return users
		}
	}
}

func (k *kit) importJob(algorithm userpool.PasswordHashingAlgorithm) string {
	k.t.Helper()
	job, err := k.CreateUserImportJob(context.Background(), userpool.CreateUserImportJobInput{JobName: "test", PasswordHashingAlgorithm: algorithm})
	require.NoError(k.t, err)
	require.Equal(k.t, userpool.ImportCreated, job.Status)
	return job.JobID
}

// importCSV runs a job to its end.
func (k *kit) importCSV(algorithm userpool.PasswordHashingAlgorithm, data string) (userpool.UserImportJob, []userpool.UserImportError) {
	k.t.Helper()
	job, err := k.StartUserImportJob(context.Background(), k.importJob(algorithm), strings.NewReader(data))
	require.NoError(k.t, err)
	faults, err := k.ListUserImportErrors(context.Background(), job.JobID)
	require.NoError(k.t, err)
	return job, faults
}

func bcryptOf(t testing.TB, password string) string {
	t.Helper()
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	require.NoError(t, err)
	return string(hash)
}

func requireCounts(t testing.TB, job userpool.UserImportJob, imported, skipped, failed int) {
	t.Helper()
	require.Equal(t, []int{imported, skipped, failed}, []int{job.ImportedUsers, job.SkippedUsers, job.FailedUsers})
}

// A whole job, as an administrator and the people see it.
func TestImportJob(t *testing.T) {
	eachStore(t, func(t *testing.T, store userpool.Store) {
		ctx := t.Context()
		k := newKitOn(t, store, func(c *userpool.Config) {
			c.Settings.AllowAdminCreateUserOnly = true // U26: an import is an administrator's
			c.Settings.CustomAttributes = []userpool.CustomAttribute{{Name: "custom:team"}}
			c.Settings.RequiredAttributes = []string{"name"}
			c.Hooks.PreSignUp = func(context.Context, userpool.PreSignUpEvent) (userpool.PreSignUpResult, error) {
				return userpool.PreSignUpResult{}, errors.New("imports call no hooks")
			}
		})
		data := "email,email_verified,name,birthdate,updated_at,cognito:mfa_enabled,custom:team,stepwell:password_hash\n" +
			"Ada@Example.com,TRUE,Lovelace\\, Ada,12/10/1815,1700000000,,engines," + bcryptOf(t, password) + "\n" +
			"grace@example.com,TRUE,Grace,,,FALSE,,\n" +
			"GRACE@example.com,TRUE,Grace again,,,,,\n" +
			"nobody@example.com,FALSE,Nobody,,,,,\n" +
			"late@example.com,TRUE,,,,,,\n"
		id := k.importJob(userpool.HashingBcrypt)
		job, err := k.StartUserImportJob(ctx, id, strings.NewReader(data))
		require.NoError(t, err)
		require.Equal(t, userpool.ImportSucceeded, job.Status)
		requireCounts(t, job, 2, 1, 2)
		require.Equal(t, k.clock.Now(), job.CompletionDate.UTC())
		described, err := k.DescribeUserImportJob(ctx, id)
		require.NoError(t, err)
		require.Equal(t, job, described)
		faults, err := k.ListUserImportErrors(ctx, id)
		require.NoError(t, err)
		require.Equal(t, []userpool.UserImportError{
			{Line: 4, Field: "cognito:username", Skipped: true, Code: userpool.UsernameExists, Message: "A user with this e-mail address exists already."},
			{Line: 5, Code: userpool.InvalidParameter, Message: "The user has no verified address: email_verified or phone_number_verified must be TRUE."},
			{Line: 6, Field: "name", Code: userpool.InvalidParameter, Message: "The name is required."},
		}, faults)

		users := everybody(t, k)
		require.Len(t, users, 2)
		ada := users["ada@example.com"]
		require.Equal(t, userpool.StatusConfirmed, ada.Status)
		require.Equal(t, map[string]string{
			"email": "ada@example.com", "email_verified": "true", "name": "Lovelace, Ada", "birthdate": "1815-12-10", "custom:team": "engines",
		}, ada.Attributes)
		require.Equal(t, time.Unix(1700000000, 0).UTC(), ada.Modified)
		k.tokens("ada@example.com")
		ada, err = k.AdminGetUser(ctx, "ada@example.com")
		require.NoError(t, err)
		require.Zero(t, k.mails(), "an import writes to nobody")

		require.Equal(t, userpool.StatusResetRequired, users["grace@example.com"].Status)
		_, err = k.ForgotPassword(ctx, userpool.ForgotPasswordInput{Username: "grace@example.com"})
		require.NoError(t, err)
		require.NoError(t, k.ConfirmForgotPassword(ctx, userpool.ConfirmForgotPasswordInput{
			Username: "grace@example.com", ConfirmationCode: k.mail().Code, Password: importedPassword,
		}))
		_, err = k.signIn("grace@example.com", importedPassword)
		require.NoError(t, err)

		_, err = k.StartUserImportJob(ctx, id, strings.NewReader(data))
		require.ErrorIs(t, err, userpool.PreconditionNotMet, "a job is for once")
		_, err = k.StopUserImportJob(ctx, id)
		require.ErrorIs(t, err, userpool.PreconditionNotMet)
	})
}

func TestImportJob_List(t *testing.T) {
	k := newKit(t, nil)
	var ids []string
	for range 5 {
		k.clock.Advance(time.Second)
		ids = append([]string{k.importJob("")}, ids...)
	}
	var got []string
	in := userpool.ListUserImportJobsInput{MaxResults: 2}
	for {
		page, err := k.ListUserImportJobs(t.Context(), in)
		require.NoError(t, err)
		for _, job := range page.UserImportJobs {
			got = append(got, job.JobID)
		}
		if in.PaginationToken = page.PaginationToken; in.PaginationToken == "" {
			break
		}
	}
	require.Equal(t, ids, got, "the newest first")
	_, err := k.ListUserImportJobs(t.Context(), userpool.ListUserImportJobsInput{MaxResults: 61})
	require.ErrorIs(t, err, userpool.InvalidParameter)
	_, err = k.ListUserImportJobs(t.Context(), userpool.ListUserImportJobsInput{PaginationToken: "x"})
	require.ErrorIs(t, err, userpool.InvalidParameter)

	for name, in := range map[string]userpool.CreateUserImportJobInput{
		"no name": {}, "long name": {JobName: strings.Repeat("x", 129)}, "control": {JobName: "a\nb"},
		"algorithm": {JobName: "x", PasswordHashingAlgorithm: "MD5"},
	} {
		_, err := k.CreateUserImportJob(t.Context(), in)
		require.ErrorIs(t, err, userpool.InvalidParameter, name)
	}
	for _, id := range []string{"", "import-0", "\x00"} {
		_, err := k.DescribeUserImportJob(t.Context(), id)
		require.ErrorIs(t, err, userpool.ResourceNotFound)
		_, err = k.StartUserImportJob(t.Context(), id, strings.NewReader(""))
		require.ErrorIs(t, err, userpool.ResourceNotFound)
		_, err = k.StopUserImportJob(t.Context(), id)
		require.ErrorIs(t, err, userpool.ResourceNotFound)
		_, err = k.ListUserImportErrors(t.Context(), id)
		require.ErrorIs(t, err, userpool.ResourceNotFound)
	}
}

func TestImportJob_Expires(t *testing.T) {
	k := newKit(t, nil)
	id := k.importJob("")
	_, err := k.StopUserImportJob(t.Context(), id)
	require.ErrorIs(t, err, userpool.PreconditionNotMet, "it has not been started")
	k.clock.Advance(24*time.Hour - time.Second)
	job, err := k.DescribeUserImportJob(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, userpool.ImportCreated, job.Status)
	k.clock.Advance(time.Second)
	job, err = k.DescribeUserImportJob(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, userpool.ImportExpired, job.Status)
	_, err = k.StartUserImportJob(t.Context(), id, strings.NewReader("email\n"))
	require.ErrorIs(t, err, userpool.PreconditionNotMet)
}

// Data that is refused as a whole ends the job.
func TestImportJob_Refused(t *testing.T) {
	k := newKit(t, func(c *userpool.Config) { c.Settings.RequiredAttributes = []string{"name"} })
	for name, test := range map[string]struct {
		algorithm userpool.PasswordHashingAlgorithm
		data      string
		want      string
	}{
		"empty":            {"", "", "empty"},
		"byte order mark":  {"", "\ufeffemail,name\n", "byte order mark"},
		"unknown column":   {"", "email,name,custom:nothing\n", `"custom:nothing"`},
		"sub":              {"", "email,name,sub\n", `"sub"`},
		"twice":            {"", "email,name,email\n", "twice"},
		"required":         {"", "email\n", "no column name"},
		"hash without":     {"", "email,name,stepwell:password_hash\n", "PasswordHashingAlgorithm"},
		"without the hash": {userpool.HashingBcrypt, "email,name\n", "no column stepwell:password_hash"},
	} {
		t.Run(name, func(t *testing.T) {
			id := k.importJob(test.algorithm)
			job, err := k.StartUserImportJob(t.Context(), id, strings.NewReader(test.data))
			require.ErrorIs(t, err, userpool.InvalidParameter)
			require.ErrorContains(t, err, test.want)
			require.Equal(t, userpool.ImportFailed, job.Status)
			require.Contains(t, job.CompletionMessage, test.want)
			described, err := k.DescribeUserImportJob(t.Context(), id)
			require.NoError(t, err)
			require.Equal(t, job, described)
		})
	}
	require.Empty(t, everybody(t, k))
}

// An interrupted job takes no other data, and stays as it is.
func TestImportJob_OtherData(t *testing.T) {
	k := newKit(t, nil)
	id := k.importJob("")
	const head = "email,email_verified\na@example.com,TRUE\nb@example.com,TRUE\n"
	_, err := k.StartUserImportJob(t.Context(), id, io.MultiReader(strings.NewReader(head), iotest.ErrReader(io.ErrUnexpectedEOF)))
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	for name, data := range map[string]string{
		"another row":    "email,email_verified\na@example.com,TRUE\nc@example.com,TRUE\nd@example.com,TRUE\n",
		"another header": "email_verified,email\nTRUE,a@example.com\nTRUE,b@example.com\n",
		"no header":      "x\n",
		"shorter":        "email,email_verified\na@example.com,TRUE\n",
		"an empty line":  "email,email_verified\n\na@example.com,TRUE\nb@example.com,TRUE\n",
		"line ends":      strings.ReplaceAll(head, "\n", "\r\n"),
		"nothing":        "",
	} {
		job, err := k.StartUserImportJob(t.Context(), id, strings.NewReader(data))
		require.ErrorIs(t, err, userpool.InvalidParameter, name)
		require.ErrorContains(t, err, "not the data", name)
		require.True(t, job.Interrupted, name)
		requireCounts(t, job, 2, 0, 0)
	}
	job, err := k.StartUserImportJob(t.Context(), id, strings.NewReader(head+"c@example.com,TRUE\n"))
	require.NoError(t, err)
	requireCounts(t, job, 3, 0, 0)
}

func TestImportJob_Stop(t *testing.T) {
	k := newKit(t, nil)
	data, imported, _, _ := rowsOf(1000)
	id := k.importJob("")
	job, err := k.StartUserImportJob(t.Context(), id, &cancelReader{r: strings.NewReader(data), left: len(data) / 2, call: func() {
		job, err := k.again(nil).StopUserImportJob(t.Context(), id)
		require.NoError(t, err)
		require.Equal(t, userpool.ImportStopping, job.Status)
		_, err = k.again(nil).StopUserImportJob(t.Context(), id)
		require.NoError(t, err, "once more")
	}})
	require.NoError(t, err)
	require.Equal(t, userpool.ImportStopped, job.Status)
	require.Less(t, job.ImportedUsers, imported)
	require.NotZero(t, job.ImportedUsers)
	require.Len(t, everybody(t, k), job.ImportedUsers)
	described, err := k.DescribeUserImportJob(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, job, described)
	_, err = k.StartUserImportJob(t.Context(), id, strings.NewReader(data))
	require.ErrorIs(t, err, userpool.PreconditionNotMet)

	// A job that nobody works on stops at once.
	id = k.importJob("")
	_, err = k.StartUserImportJob(t.Context(), id, iotest.ErrReader(errBroken))
	require.ErrorIs(t, err, errBroken)
	job, err = k.StopUserImportJob(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, userpool.ImportStopped, job.Status)
	_, err = k.StartUserImportJob(t.Context(), id, strings.NewReader(data))
	require.ErrorIs(t, err, userpool.PreconditionNotMet)
}

// A job that was told to stop, and whose process then ended, is stopped.
func TestImportJob_StopOfDead(t *testing.T) {
	store := &tornStore{Store: memstore.New()}
	k := newKitOn(t, store, nil)
	id := k.importJob("")
	_, err := k.StartUserImportJob(t.Context(), id, &cancelReader{r: strings.NewReader("email,email_verified\na@example.com,TRUE\n"), left: 25, call: func() {
		_, err := k.again(nil).StopUserImportJob(t.Context(), id)
		require.NoError(t, err)
		store.tear(0, false, false)
	}})
	require.ErrorIs(t, err, userpool.ServiceUnavailable)
	store.heal()
	job, err := k.DescribeUserImportJob(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, userpool.ImportStopping, job.Status)
	k.clock.Advance(time.Minute)
	job, err = k.DescribeUserImportJob(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, userpool.ImportStopped, job.Status)
	_, err = k.StartUserImportJob(t.Context(), id, strings.NewReader("email\n"))
	require.ErrorIs(t, err, userpool.PreconditionNotMet)
}

// The errors of a job are bounded, and hold nothing of the data.
func TestImportJob_ErrorsAreBounded(t *testing.T) {
	k := newKit(t, nil)
	job, faults := k.importCSV("", "email,email_verified\n"+strings.Repeat("private@@example,TRUE\n", 1500))
	requireCounts(t, job, 0, 0, 1500)
	require.Len(t, faults, 1000)
	require.NotContains(t, fmt.Sprint(faults), "private")
	require.NotContains(t, k.log.String(), "private@")
}

// D9: jobs and names of one pool mean nothing in another.
func TestD9_ImportJob(t *testing.T) {
	a := newKit(t, nil)
	b := a.again(func(c *userpool.Config) { c.ID, c.Issuer = "other", "https://other.example.com" })
	const data = "email,email_verified\nada@example.com,TRUE\n"
	a.importCSV("", data)
	id := a.importJob("")
	_, err := b.DescribeUserImportJob(t.Context(), id)
	require.ErrorIs(t, err, userpool.ResourceNotFound)
	_, err = b.StartUserImportJob(t.Context(), id, strings.NewReader(data))
	require.ErrorIs(t, err, userpool.ResourceNotFound)
	list, err := b.ListUserImportJobs(t.Context(), userpool.ListUserImportJobsInput{})
	require.NoError(t, err)
	require.Empty(t, list.UserImportJobs)
	job, _ := b.importCSV("", data)
	requireCounts(t, job, 1, 0, 0)
	require.NotEqual(t, everybody(t, a)["ada@example.com"].Sub, everybody(t, b)["ada@example.com"].Sub)
}

// The audit trail has the beginning and the end of each job.
func TestImportJob_Audit(t *testing.T) {
	k := newKit(t, nil)
	k.importCSV("", "email,email_verified\nada@example.com,TRUE\n")
	log := k.log.String()
	require.Equal(t, 1, strings.Count(log, "CreateUserImportJob"))
	require.Equal(t, 2, strings.Count(log, "StartUserImportJob"))
	require.Contains(t, log, "Succeeded")
	require.NotContains(t, log, "ada@example.com")
}

func TestImportExport_Nil(t *testing.T) {
	k := newKit(t, nil)
	_, err := k.StartUserImportJob(t.Context(), k.importJob(""), nil)
	require.ErrorIs(t, err, userpool.InvalidParameter)
	_, err = k.ImportUsers(t.Context(), nil, userpool.ImportUsersInput{})
	require.ErrorIs(t, err, userpool.InvalidParameter)
	_, err = k.ExportUsers(t.Context(), nil, userpool.ExportUsersInput{})
	require.ErrorIs(t, err, userpool.InvalidParameter)
}
