package userpool_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
)

// confirmAtOnce is a hook that confirms whoever signs up.
func confirmAtOnce(context.Context, userpool.PreSignUpEvent) (userpool.PreSignUpResult, error) {
	return userpool.PreSignUpResult{AutoConfirmUser: true, AutoVerifyEmail: true}, nil
}

// listed returns the e-mail addresses of all pages.
func (k *kit) listed(filter string, limit int) []string {
	k.t.Helper()
	var out []string
	in := userpool.ListUsersInput{Filter: filter, Limit: limit}
	for pages := 0; ; pages++ {
		require.Less(k.t, pages, 50, "the pages do not end")
		page, err := k.ListUsers(k.t.Context(), in)
		require.NoError(k.t, err, filter)
		require.LessOrEqual(k.t, len(page.Users), limit)
		for _, u := range page.Users {
			require.Empty(k.t, u.PasswordHash)
			require.Empty(k.t, u.Codes)
			out = append(out, u.Attributes["email"])
		}
		if in.PaginationToken = page.PaginationToken; in.PaginationToken == "" {
			slices.Sort(out)
			return out
		}
	}
}

func TestListUsers(t *testing.T) {
	eachStore(t, func(t *testing.T, store userpool.Store) {
		k := newKitOn(t, store, func(c *userpool.Config) {
			c.Settings.CustomAttributes = []userpool.CustomAttribute{{Name: "custom:team", Mutable: true}}
			c.Hooks.PreSignUp = confirmAtOnce
		})
		var all []string
		for i := range 11 {
			email := fmt.Sprintf("user%02d@example.com", i)
			all = append(all, email)
			_, err := k.SignUp(t.Context(), userpool.SignUpInput{Username: email, Password: password, UserAttributes: map[string]string{
				"family_name": []string{"Lovelace", "Babbage", "Łukasiewicz"}[i%3], "custom:team": fmt.Sprintf("Engine %d", i%2),
			}})
			require.NoError(t, err)
		}
		require.NoError(t, k.AdminDisableUser(t.Context(), "user03@example.com"))
		u, err := k.AdminGetUser(t.Context(), "user05@example.com")
		require.NoError(t, err)
		for filter, want := range map[string][]string{
			"":                                    all,
			`email = "user07@example.com"`:        {"user07@example.com"},
			`email = "USER07@EXAMPLE.COM"`:        {"user07@example.com"},
			`email ^= "user0"`:                    all[:10],
			`family_name = "łukasiewicz"`:         {all[2], all[5], all[8]},
			`custom:team = "engine 1"`:            {all[1], all[3], all[5], all[7], all[9]},
			`custom:team *= "GINE 0"`:             {all[0], all[2], all[4], all[6], all[8], all[10]},
			`status = "Disabled"`:                 {"user03@example.com"},
			`cognito:user_status = "CONFIRMED"`:   all,
			`cognito:user_status = "UNCONFIRMED"`: nil,
			`sub = "` + u.Sub + `"`:               {"user05@example.com"},
			`username = "` + u.Sub + `"`:          {"user05@example.com"},
			`email = "x\" or email ^= \"u"`:       nil,
			`email = "%"`:                         nil,
			`email *= "_"`:                        nil,
		} {
			for _, limit := range []int{1, 3, 60} {
				require.Equal(t, want, k.listed(filter, limit), "%s, %d at a time", filter, limit)
			}
		}
	})
}

func TestU35_Filters(t *testing.T) {
	k := newKit(t, nil)
	for filter, want := range map[string]string{
		`email`:                      "parsing filter",
		`email = x`:                  "parsing filter",
		`email = "x" or email = "y"`: "parsing filter",
		`password_hash = "x"`:        "Invalid search attribute: password_hash",
		`custom:nothing = "x"`:       "Invalid search attribute: custom:nothing",
		strings.Repeat("x", 1<<20):   "filter",
		"email = \"\x00\"":           "parsing filter",
		`email ~= "(a+)+$"`:          "parsing filter",
	} {
		_, err := k.ListUsers(t.Context(), userpool.ListUsersInput{Filter: filter})
		require.ErrorIs(t, err, userpool.InvalidParameter, "%.40s", filter)
		require.ErrorContains(t, err, want)
		var e *userpool.Error
		require.ErrorAs(t, err, &e)
		require.Equal(t, "filter", e.Field)
	}
	for _, limit := range []int{-1, 61, 1 << 40} {
		_, err := k.ListUsers(t.Context(), userpool.ListUsersInput{Limit: limit})
		require.ErrorIs(t, err, userpool.InvalidParameter)
	}
}

// A token continues the list that gave it, in the pool that gave it, and nothing else.
func TestU36_PaginationTokens(t *testing.T) {
	k := newKit(t, nil)
	other := k.again(func(c *userpool.Config) { c.ID = "other" })
	for _, email := range []string{"a@example.com", "b@example.com", "c@example.com"} {
		k.user(email)
		(&kit{Pool: other.Pool, t: t, clock: k.clock, outbox: k.outbox}).user(email)
	}
	require.NoError(t, k.CreateGroup(t.Context(), userpool.Group{Name: "g"}))
	page, err := k.ListUsers(t.Context(), userpool.ListUsersInput{Limit: 1, Filter: `email *= "e"`})
	require.NoError(t, err)
	token := page.PaginationToken
	require.NotContains(t, token, "example")
	good := userpool.ListUsersInput{Limit: 1, Filter: `email*="e"`, PaginationToken: token}
	_, err = k.ListUsers(t.Context(), good)
	require.NoError(t, err, "the same filter, written in another way")
	for name, call := range map[string]func() error{
		"other filter": func() error { return errOf(k.ListUsers(t.Context(), userpool.ListUsersInput{PaginationToken: token})) },
		"other pool":   func() error { return errOf(other.ListUsers(t.Context(), good)) },
		"other list": func() error {
			return errOf(k.ListUsersInGroup(t.Context(), userpool.ListUsersInGroupInput{GroupName: "g", NextToken: token}))
		},
		"changed": func() error {
			return errOf(k.ListUsers(t.Context(), userpool.ListUsersInput{Filter: good.Filter, PaginationToken: "A" + token[1:]}))
		},
		"made up": func() error {
			return errOf(k.ListUsers(t.Context(), userpool.ListUsersInput{PaginationToken: "' OR 1=1 --"}))
		},
		"too long": func() error {
			return errOf(k.ListUsers(t.Context(), userpool.ListUsersInput{PaginationToken: strings.Repeat("A", 1<<20)}))
		},
	} {
		err := call()
		require.ErrorIs(t, err, userpool.InvalidParameter, name)
	}
}
