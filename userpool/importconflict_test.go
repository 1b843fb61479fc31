package userpool_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/memstore"
)

// What becomes of a user whose name somebody has is decided by OnConflict; nobody is replaced unless that is asked for.
func TestImportUsers_Conflicts(t *testing.T) {
	hash := bcryptOf(t, importedPassword)
	for conflict, want := range map[userpool.ImportConflict]userpool.ImportUsersOutput{
		"":                       {Imported: 1, Failed: 3},
		userpool.ConflictFail:    {Imported: 1, Failed: 3},
		userpool.ConflictSkip:    {Imported: 1, Skipped: 3},
		userpool.ConflictReplace: {Imported: 1, Replaced: 1, Failed: 2},
	} {
		t.Run(string(conflict), func(t *testing.T) {
			k := newKit(t, func(c *userpool.Config) { c.Settings.UsernameAttributes = []string{"email"} })
			before := k.importLines(userpool.ImportUsersInput{ImportID: "before"},
				`{"sub":"`+subA+`","username":"ada@example.com","password_hash":"`+bcryptOf(t, password)+`","attributes":{"name":"Ada"}}`,
				`{"sub":"`+subB+`","username":"bob@example.com","password_hash":"`+hash+`"}`)
			require.Equal(t, 2, before.Imported)
			require.NoError(t, k.CreateGroup(t.Context(), userpool.Group{Name: "admins"}))
			session := k.browser("ada@example.com")
			lines := []string{
				`{"username":"ada@example.com","password_hash":"` + hash + `","attributes":{"nickname":"A"},"groups":["admins"]}`,
				`{"sub":"33333333-3333-4333-8333-333333333333","username":"bob@example.com","groups":["admins"]}`, // another person
				`{"sub":"` + subA + `","username":"bob@example.com","attributes":{"email_verified":true},"groups":["admins"]}`,
				`{"username":"carol@example.com"}`,
			}
			if conflict != userpool.ConflictReplace {
				lines[2] = `{"username":"bob@example.com"}`
			}
			in := userpool.ImportUsersInput{OnConflict: conflict, ImportID: "after"}
			dry := in
			dry.ValidateOnly = true
			validated := k.importLines(dry, lines...)
			require.Equal(t, "Ada", everybody(t, k)["ada@example.com"].Attributes["name"], "nothing was written")
			got := k.importLines(in, lines...)
			require.Len(t, got.Errors, len(validated.Errors))
			for i, e := range validated.Errors {
				require.Equal(t, e.Line, got.Errors[i].Line)
			}
			got.Errors, validated.Errors = nil, nil
			require.Equal(t, validated, got)
			require.Equal(t, want, got)

			members, err := k.ListUsersInGroup(t.Context(), userpool.ListUsersInGroupInput{GroupName: "admins"})
			require.NoError(t, err)
			_, err = k.BrowserSession(t.Context(), session)
			ada := everybody(t, k)["ada@example.com"]
			require.Equal(t, subA, ada.Sub)
			if conflict == userpool.ConflictReplace {
				require.Error(t, err, "sessions end")
				require.Equal(t, map[string]string{"email": "ada@example.com", "email_verified": "false", "nickname": "A"}, ada.Attributes)
				_, err = k.signIn("ada@example.com", importedPassword)
				require.NoError(t, err)
				require.Len(t, members.Users, 1)
				return
			}
			require.NoError(t, err)
			require.Equal(t, "Ada", ada.Attributes["name"])
			require.Empty(t, members.Users, "who is not replaced gets no group of somebody else's line")
			k.tokens("ada@example.com")
		})
	}
}

// Who has the sub of a line is the user of the line: they are left as they are, but for groups that are missing.
func TestImportUsers_Again(t *testing.T) {
	k := newKit(t, nil)
	lines := []string{
		`{"type":"group","name":"admins","precedence":1}`,
		`{"sub":"` + subA + `","username":"ada@example.com","groups":["admins"]}`,
		`{"username":"bob@example.com","groups":["admins"]}`,
	}
	out := k.importLines(userpool.ImportUsersInput{}, lines...)
	require.Equal(t, userpool.ImportUsersOutput{Groups: 1, Imported: 2}, out)
	before := everybody(t, k)
	for _, conflict := range []userpool.ImportConflict{userpool.ConflictFail, userpool.ConflictSkip} {
		require.NoError(t, k.AdminRemoveUserFromGroup(t.Context(), "ada@example.com", "admins"))
		out = k.importLines(userpool.ImportUsersInput{OnConflict: conflict}, lines...)
		require.Equal(t, userpool.ImportUsersOutput{Skipped: 3}, out)
		groups, err := k.AdminListGroupsForUser(t.Context(), "ada@example.com")
		require.NoError(t, err)
		require.Len(t, groups, 1)
		require.Equal(t, before, everybody(t, k))
	}
	out = k.importLines(userpool.ImportUsersInput{OnConflict: userpool.ConflictReplace}, lines...)
	require.Equal(t, userpool.ImportUsersOutput{Skipped: 1, Replaced: 2}, out)
	require.Len(t, everybody(t, k), 2)
	require.Equal(t, before["bob@example.com"].Sub, everybody(t, k)["bob@example.com"].Sub)

	// A user who was deleted comes back as somebody else, by another import.
	require.NoError(t, k.AdminDeleteUser(t.Context(), "bob@example.com"))
	out = k.importLines(userpool.ImportUsersInput{ImportID: "another"}, lines[2])
	require.Equal(t, 1, out.Imported)
	require.NotEqual(t, before["bob@example.com"].Sub, everybody(t, k)["bob@example.com"].Sub)

	out = k.importLines(userpool.ImportUsersInput{}, `{"type":"group","name":"admins","precedence":2}`)
	require.Equal(t, userpool.GroupExists, out.Errors[0].Code)
	out = k.importLines(userpool.ImportUsersInput{OnConflict: userpool.ConflictReplace}, `{"type":"group","name":"admins","precedence":2,"role_arn":"arn:x"}`)
	require.Equal(t, 1, out.Groups)
	g, err := k.GetGroup(t.Context(), "admins")
	require.NoError(t, err)
	require.Equal(t, int32(2), *g.Precedence)
}

// forgetful is a store that does not delete sessions.
type forgetful struct{ userpool.Store }

func (forgetful) DeleteSessionsOf(context.Context, string, string) error { return errBroken }

// Sessions are over in the same write that replaces their user.
func TestImportUsers_ReplaceEndsSessions(t *testing.T) {
	k := newKitOn(t, forgetful{memstore.New()}, nil)
	line := `{"username":"ada@example.com","password_hash":"` + bcryptOf(t, password) + `"}`
	k.importLines(userpool.ImportUsersInput{}, line)
	session, tokens := k.browser("ada@example.com"), k.tokens("ada@example.com")
	require.Equal(t, 1, k.importLines(userpool.ImportUsersInput{OnConflict: userpool.ConflictReplace}, line).Replaced)
	require.Error(t, errOf(k.BrowserSession(t.Context(), session)))
	require.Error(t, errOf(k.refresh(tokens.RefreshToken)))
	k.tokens("ada@example.com")
}

// A user name never changes, and nobody who came from a provider becomes somebody else.
func TestImportUsers_ReplaceKeepsTheName(t *testing.T) {
	k := newKit(t, func(c *userpool.Config) {
		withProviders(c)
		chosenNames("email")(c)
	})
	k.importLines(userpool.ImportUsersInput{},
		`{"sub":"`+subA+`","username":"Ada"}`,
		`{"sub":"`+subB+`","identities":[{"provider":"Google","subject":"1"}]}`)
	replace := userpool.ImportUsersInput{OnConflict: userpool.ConflictReplace}
	for _, line := range []string{
		`{"sub":"` + subA + `","username":"Countess"}`,
		`{"sub":"` + subB + `","username":"Ada2"}`,
		`{"sub":"` + subB + `","identities":[{"provider":"Google","subject":"2"}]}`,
		`{"sub":"` + subA + `","identities":[{"provider":"Google","subject":"3"}]}`,
	} {
		out := k.importLines(replace, line)
		require.Equal(t, 1, out.Failed, line)
		require.Equal(t, "username", out.Errors[0].Field)
	}
	out := k.importLines(replace, `{"sub":"`+subA+`","username":"ada","attributes":{"name":"Ada"}}`,
		`{"sub":"`+subB+`","username":"Google_1","identities":[{"provider":"Google","subject":"1"},{"provider":"Entra","subject":"9"}]}`)
	require.Equal(t, 2, out.Replaced)
	require.Equal(t, "Ada", everybody(t, k)["Ada"].Username)
	require.Len(t, everybody(t, k)["Google_1"].Identifiers, 2)
}

// The connection to the store breaks at each call in turn. Importing again finishes: everybody once, in their groups.
func TestD3_ImportUsers_StoreBreaks(t *testing.T) {
	lines := strings.Join([]string{
		`{"type":"group","name":"admins"}`, `{"type":"group","name":"staff"}`,
		`{"username":"ada@example.com","groups":["admins","staff"]}`,
		`{"sub":"` + subB + `","username":"bob@example.com","groups":["staff"]}`,
		`{"username":"carol@example.com"}`,
	}, "\n")
	for _, late := range []bool{false, true} {
		for n := 0; ; n++ {
			store := &tornStore{Store: memstore.New()}
			k := newKitOn(t, store, nil)
			_, err := k.KeySet(t.Context())
			require.NoError(t, err)
			in := userpool.ImportUsersInput{ImportID: "x"}
			store.tear(n, late, false)
			out, err := k.ImportUsers(t.Context(), strings.NewReader(lines), in)
			if !store.heal() {
				require.NoError(t, err)
				require.GreaterOrEqual(t, n, 10)
				break
			}
			require.ErrorIs(t, err, userpool.ServiceUnavailable, "call %d", n)
			require.Zero(t, out.Failed)
			out, err = k.ImportUsers(t.Context(), strings.NewReader(lines), in)
			require.NoError(t, err)
			require.Zero(t, out.Failed)
			require.Equal(t, 5, out.Groups+out.Imported+out.Skipped)
			require.Len(t, everybody(t, k), 3)
			for name, want := range map[string]int{"ada@example.com": 2, "bob@example.com": 1, "carol@example.com": 0} {
				groups, err := k.AdminListGroupsForUser(t.Context(), name)
				require.NoError(t, err)
				require.Len(t, groups, want, "call %d", n)
			}
		}
	}
}

// The same import by many processes at once imports everybody once.
func TestD4_ImportUsers_Parallel(t *testing.T) {
	eachStore(t, func(t *testing.T, store userpool.Store) {
		k := newKitOn(t, store, nil)
		var lines strings.Builder
		lines.WriteString(`{"type":"group","name":"staff"}` + "\n")
		for i := range 5 {
			fmt.Fprintf(&lines, `{"username":"user-%d@example.com","groups":["staff"]}`+"\n", i)
		}
		outs := make([]userpool.ImportUsersOutput, 20)
		require.Equal(t, len(outs), parallel(len(outs), func(i int) (err error) {
			outs[i], err = k.ImportUsers(t.Context(), strings.NewReader(lines.String()), userpool.ImportUsersInput{ImportID: "x"})
			return err
		}))
		var sum userpool.ImportUsersOutput
		for _, out := range outs {
			sum.Groups += out.Groups
			sum.Imported += out.Imported
			sum.Failed += out.Failed
		}
		require.Equal(t, userpool.ImportUsersOutput{Groups: 1, Imported: 5}, sum)
		require.Len(t, everybody(t, k), 5)
	})
}
