package userpool_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
)

// chosenNames are settings in which people choose names.
func chosenNames(aliases ...string) func(*userpool.Config) {
	return func(c *userpool.Config) {
		c.Settings.UsernameAttributes, c.Settings.AliasAttributes = []string{"username"}, aliases
		c.Hooks.PreSignUp = confirmAtOnce
	}
}

// In a Cognito user pool, whether people sign in by name or by e-mail address is fixed for ever.
func TestMigrate_NamesToAddresses(t *testing.T) {
	eachStore(t, func(t *testing.T, store userpool.Store) {
		ctx := t.Context()
		k := newKitOn(t, store, chosenNames())
		for name, email := range map[string]string{"Ada": "ada@example.com", "Grace": "grace@example.com", "nomail": "", "Ada2": "ada@example.com"} {
			in := userpool.SignUpInput{Username: name, Password: password}
			if email != "" {
				in.UserAttributes = map[string]string{"email": email}
			}
			_, err := k.SignUp(ctx, in)
			require.NoError(t, err, name)
		}
		plan, err := k.PlanMigration(ctx)
		require.NoError(t, err)
		require.Equal(t, 4, plan.Users)
		require.Zero(t, plan.Renamed, "nothing has changed")

		next := k.again(func(c *userpool.Config) {
			c.Settings.UsernameAttributes, c.Settings.AliasAttributes, c.Settings.RequiredAttributes = []string{"email"}, nil, []string{"name"}
		})
		plan, err = next.Migrate(ctx)
		require.ErrorIs(t, err, userpool.AliasExists)
		require.Len(t, plan.Conflicts, 1)
		require.Equal(t, "email ada@example.com", plan.Conflicts[0].Name)
		require.Len(t, plan.Nameless, 1, "the one without an address")
		require.Equal(t, map[string]int{"name": 4}, plan.Incomplete)
		_, err = k.signIn("grace", password)
		require.NoError(t, err, "nothing was changed")

		require.NoError(t, k.AdminDeleteUser(ctx, "Ada2"))
		plan, err = next.Migrate(ctx)
		require.NoError(t, err)
		require.Equal(t, 2, plan.Renamed)
		require.Equal(t, []string{"email ada@example.com", "email grace@example.com"}, added(plan))
		_, err = next.signIn("Grace@Example.com", password)
		require.NoError(t, err)
		plan, err = next.PlanMigration(ctx)
		require.NoError(t, err)
		require.Zero(t, plan.Renamed, "it is done")
	})
}

// An administrator finds users by their Username whatever the settings say, and whether or not Migrate was called.
func TestAdminGetUser_ByUsername(t *testing.T) {
	eachStore(t, func(t *testing.T, store userpool.Store) {
		ctx := t.Context()
		k := newKitOn(t, store, chosenNames())
		in := userpool.SignUpInput{Username: "Ada", Password: password, UserAttributes: map[string]string{"email": "ada@example.com"}}
		out, err := k.SignUp(ctx, in)
		require.NoError(t, err)
		next := k.again(func(c *userpool.Config) { c.Settings.UsernameAttributes = []string{"email"} })
		found := func(when string) {
			for _, name := range []string{"Ada", " Ada ", out.UserSub} {
				u, err := next.AdminGetUser(ctx, name)
				require.NoError(t, err, when+name)
				require.Equal(t, out.UserSub, u.Sub)
			}
			for _, name := range []string{"ada", "Ad", "Ada2", "", " ", "A\x00da", "A\xffda", strings.Repeat("a", 5000)} {
				require.ErrorIs(t, errOf(next.AdminGetUser(ctx, name)), userpool.UserNotFound, when+name)
			}
			_, err = next.signIn("Ada", password)
			require.ErrorIs(t, err, userpool.InvalidParameter, "nobody signs in with it")
		}
		found("before the migration: ")
		_, err = next.Migrate(ctx)
		require.NoError(t, err)
		found("after it: ")
		require.NoError(t, next.AdminDisableUser(ctx, "Ada"))

		// Two with one name, as only an import makes them: neither is it.
		second, err := store.User(ctx, k.ID(), out.UserSub)
		require.NoError(t, err)
		second.Sub, second.Identifiers = "11111111-2222-4333-8444-555555555555", nil
		require.NoError(t, store.CreateUser(ctx, k.ID(), second))
		require.ErrorIs(t, errOf(next.AdminGetUser(ctx, "Ada")), userpool.UserNotFound)
	})
}

func added(plan *userpool.MigrationPlan) []string {
	names := map[string]bool{}
	for _, c := range plan.Changes {
		for _, name := range c.Added {
			names[name] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// A pool that told upper from lower case, as a Cognito pool made by its API does, becomes one that does not.
func TestMigrate_Case(t *testing.T) {
	ctx := t.Context()
	k := newKit(t, func(c *userpool.Config) {
		chosenNames()(c)
		c.Settings.CaseSensitive = true
	})
	for _, name := range []string{"Ada", "ADA", "Bob"} {
		_, err := k.SignUp(ctx, userpool.SignUpInput{Username: name, Password: password})
		require.NoError(t, err, name)
	}
	next := k.again(func(c *userpool.Config) { c.Settings.CaseSensitive = false })
	plan, err := next.PlanMigration(ctx)
	require.NoError(t, err)
	require.NotEmpty(t, plan.Conflicts)
	require.NoError(t, k.AdminDeleteUser(ctx, "ADA"))
	_, err = next.Migrate(ctx)
	require.NoError(t, err)
	for _, name := range []string{"ada", "ADA", "bOB"} {
		_, err := next.signIn(name, password)
		require.NoError(t, err, name)
	}
}

// Aliases can be added and taken away later; only verified addresses become aliases.
func TestMigrate_Aliases(t *testing.T) {
	ctx := t.Context()
	k := newKit(t, chosenNames())
	for name, email := range map[string]string{"ada": "a@example.com", "bob": "b@example.com"} {
		_, err := k.SignUp(ctx, userpool.SignUpInput{Username: name, Password: password, UserAttributes: map[string]string{"email": email}})
		require.NoError(t, err)
	}
	next := k.again(chosenNames("email"))
	_, err := next.signIn("a@example.com", password)
	require.ErrorIs(t, err, userpool.NotAuthorized, "not before the migration")
	_, err = next.Migrate(ctx)
	require.NoError(t, err)
	_, err = next.signIn("a@example.com", password)
	require.NoError(t, err)
	plan, err := k.Migrate(ctx)
	require.NoError(t, err)
	require.Equal(t, 2, plan.Renamed)
	_, err = next.signIn("a@example.com", password)
	require.ErrorIs(t, err, userpool.NotAuthorized)
}
