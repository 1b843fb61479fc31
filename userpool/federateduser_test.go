package userpool_test

import (
	"context"
	"maps"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
)

// said is what a provider says of an address.
func said(email, verified string) map[string][]string {
	out := map[string][]string{"email": {email}}
	if verified != "" {
		out["email_verified"] = []string{verified}
	}
	return out
}

// linkByEmail makes Google the authority for example.com.
func linkByEmail(c *userpool.Config) {
	c.Providers[0].LinkBy, c.Providers[0].AuthoritativeDomains = userpool.LinkVerifiedEmail, []string{"Example.COM"}
}

// R4, R6 and S24: whether a first sign-in is linked to the user who has the same address. It takes the setting, the provider's word for a
// domain of its own, and the user's proof; in every other case another user is made, or nobody gets in.
func TestR4_R6_S24_LinkByEmail(t *testing.T) {
	const ada = "ada@example.com"
	for name, test := range map[string]struct {
		provider string
		change   func(*userpool.Config)
		user     func(*userpool.User)
		said     map[string][]string
		linked   bool
		err      error
	}{
		"all is right":                         {"Google", linkByEmail, nil, said(ada, "true"), true, nil},
		"written otherwise":                    {"Google", linkByEmail, nil, said("ADA@Example.com", "true"), true, nil},
		"never, by default":                    {"Google", nil, nil, said(ada, "true"), false, nil},
		"R6: not verified there":               {"Google", linkByEmail, nil, said(ada, "false"), false, nil},
		"R6: nothing said":                     {"Google", linkByEmail, nil, said(ada, ""), false, nil},
		"R6: 1":                                {"Google", linkByEmail, nil, said(ada, "1"), false, nil},
		"R6: True":                             {"Google", linkByEmail, nil, said(ada, "True"), false, nil},
		"R4: two values":                       {"Google", linkByEmail, nil, map[string][]string{"email": {"x@example.com", ada}, "email_verified": {"true"}}, false, nil},
		"S24: of a provider without the right": {"Azure", linkByEmail, nil, said(ada, "true"), false, nil},
		"S24: of another domain": {"Google", func(c *userpool.Config) {
			linkByEmail(c)
			c.Providers[0].AuthoritativeDomains = []string{"example.org"}
		}, nil, said(ada, "true"), false, nil},
		"S24: of a subdomain": {"Google", func(c *userpool.Config) {
			linkByEmail(c)
			c.Providers[0].AuthoritativeDomains = []string{"mail.example.com", "ample.com"}
		}, nil, said(ada, "true"), false, nil},
		"R4: not verified here": {"Google", linkByEmail, func(u *userpool.User) { u.Attributes["email_verified"] = "false" }, said(ada, "true"), false, nil},
		"a disabled user":       {"Google", linkByEmail, func(u *userpool.User) { u.Enabled = false }, said(ada, "true"), false, userpool.NotAuthorized},
		"U26: made by an administrator": {"Google", func(c *userpool.Config) {
			linkByEmail(c)
			c.Settings.AllowAdminCreateUserOnly = true
		}, func(u *userpool.User) { u.Status = userpool.StatusForceChangePassword }, said(ada, "true"), true, nil},
		"U26: made by nobody": {"Google", func(c *userpool.Config) {
			linkByEmail(c)
			c.Settings.AllowAdminCreateUserOnly = true
		}, nil, said("bob@example.com", "true"), false, userpool.NotAuthorized},
		"linked to five": {"Google", linkByEmail, func(u *userpool.User) {
			for _, subject := range []string{"1", "2", "3", "4", "5"} {
				u.Identifiers = append(u.Identifiers, userpool.Identifier{Kind: userpool.IdentifierFederated, Value: "Azure " + subject})
			}
		}, said(ada, "true"), false, userpool.UnsupportedUserState},
	} {
		t.Run(name, func(t *testing.T) {
			k := newLinkKit(t, nil, nil)
			sub := k.user(ada)
			if test.user != nil {
				k.change(sub, test.user)
			}
			k.kit = k.again(func(c *userpool.Config) {
				c.Providers = append([]userpool.Provider(nil), c.Providers...)
				if test.change != nil {
					test.change(c)
				}
			})
			f := k.google
			if test.provider == "Azure" {
				f = k.azure
			}
			f.attributes = test.said
			before, err := k.config.Store.User(t.Context(), "default", sub)
			require.NoError(t, err)
			session, err := k.from(test.provider, f)
			require.ErrorIs(t, err, test.err)
			after, readErr := k.config.Store.User(t.Context(), "default", sub)
			require.NoError(t, readErr)
			if err != nil {
				require.Equal(t, before, after)
				return
			}
			s, err := k.BrowserSession(t.Context(), session)
			require.NoError(t, err)
			require.Equal(t, test.linked, s.User.Sub == sub)
			require.Equal(t, before.PasswordHash, after.PasswordHash, "who proved the address keeps the password")
			if !test.linked {
				require.Equal(t, before, after)
				require.Equal(t, userpool.StatusExternalProvider, s.User.Status)
				require.Equal(t, 1, k.mails())
				return
			}
			k.consistent(sub, "Google g-1")
			require.Equal(t, userpool.MessageFactorChanged, k.mail().Kind)
			require.Equal(t, ada, k.mail().To)
		})
	}
}

// R7: somebody signed up with the address of another, who comes from a provider that is the authority for it. The sign-up goes, with its
// password and its code; where no provider is the authority, it never becomes the other's either.
func TestR7_PreHijack(t *testing.T) {
	eachStore(t, func(t *testing.T, store userpool.Store) {
		k := newLinkKit(t, store, linkByEmail)
		attack, err := k.SignUp(t.Context(), signUp("ada@example.com"))
		require.NoError(t, err)
		code := k.mail().Code
		k.change(attack.UserSub, func(u *userpool.User) { // as an earlier release let an administrator do
			u.Identifiers = append(u.Identifiers, userpool.Identifier{Kind: userpool.IdentifierFederated, Value: "Azure a-1"})
		})
		u := k.userFrom("Google", k.google)
		require.NotEqual(t, attack.UserSub, u.Sub)
		k.consistent(u.Sub, "Google g-1")
		require.ErrorIs(t, errOf(k.AdminGetUser(t.Context(), attack.UserSub)), userpool.UserNotFound)
		_, err = k.signIn("ada@example.com", password)
		require.ErrorIs(t, err, userpool.NotAuthorized)
		require.ErrorIs(t, errOf(k.ConfirmSignUp(t.Context(), userpool.ConfirmSignUpInput{Username: "ada@example.com", ConfirmationCode: code})), userpool.CodeMismatch)
		require.NotEqual(t, u.Sub, k.userFrom("Azure", k.azure).Sub, "what the attacker had linked is not linked now")
		require.Contains(t, k.log.String(), "replaced, as it was never confirmed")
	})

	k := newLinkKit(t, nil, nil)
	attack, err := k.SignUp(t.Context(), signUp("ada@example.com"))
	require.NoError(t, err)
	u := k.userFrom("Google", k.google)
	require.NotEqual(t, attack.UserSub, u.Sub)
	_, err = k.signIn("ada@example.com", password)
	require.ErrorIs(t, err, userpool.UserNotConfirmed, "the sign-up waits, and is nobody's")
}

// R7: where nobody may come in, or the application refuses, a sign-up is not replaced either.
func TestR7_ReplacesOnlyForAUser(t *testing.T) {
	for name, change := range map[string]func(*userpool.Config){
		"closed": func(c *userpool.Config) { c.Settings.AllowAdminCreateUserOnly = true },
		"refused": func(c *userpool.Config) {
			c.Hooks.PreSignUp = func(context.Context, userpool.PreSignUpEvent) (userpool.PreSignUpResult, error) {
				return userpool.PreSignUpResult{}, &userpool.Refusal{Message: "no"}
			}
		},
	} {
		k := newLinkKit(t, nil, linkByEmail)
		out, err := k.SignUp(t.Context(), signUp("ada@example.com"))
		require.NoError(t, err)
		k.kit = k.again(change)
		_, err = k.from("Google", k.google)
		require.Error(t, err, name)
		require.NoError(t, errOf(k.AdminGetUser(t.Context(), out.UserSub)), name)
	}
}

// interposer is a store that calls between, once, before a user is read by sub.
type interposer struct {
	userpool.Store
	between func()
}

func (s *interposer) User(ctx context.Context, pool, sub string) (userpool.User, error) {
	if between := s.between; between != nil {
		s.between = nil
		between()
	}
	return s.Store.User(ctx, pool, sub)
}

// R6: what a user was when the pool decided to link, the user must be when the link is written.
func TestR6_ChangedMeanwhile(t *testing.T) {
	store := &interposer{Store: sqliteStore(t)}
	k := newLinkKit(t, store, linkByEmail)
	sub := k.user("ada@example.com")
	k.begin(t, "Google")
	store.between = func() { k.change(sub, func(u *userpool.User) { u.Attributes["email_verified"] = "false" }) }
	out, _, err := k.finish("Google", k.google.state, browserSecret)
	require.NoError(t, err)
	require.Nil(t, store.between, "it was in between")
	s, err := k.BrowserSession(t.Context(), out.BrowserSession)
	require.NoError(t, err)
	require.NotEqual(t, sub, s.User.Sub)
	k.consistent(sub)
}

// R6: an address of a user who came from the provider is verified while the provider says so. Silence leaves what was known of the same
// address, and nothing else than exactly true verifies.
func TestR6_VerifiedAgain(t *testing.T) {
	k := newLinkKit(t, nil, nil)
	for _, test := range []struct{ email, said, want string }{
		{"a@example.com", "true", "true"}, {"a@example.com", "", "true"}, {"a@example.com", "True", "false"}, {"a@example.com", "", "false"},
		{"a@example.com", "true", "true"}, {"a@example.com", "1", "false"}, {"a@example.com", "true", "true"}, {"b@example.com", "", "false"},
	} {
		k.google.attributes = said(test.email, test.said)
		u := k.userFrom("Google", k.google)
		require.Equal(t, test.email+" "+test.want, u.Attributes["email"]+" "+u.Attributes["email_verified"], "%+v", test)
	}
}

// Fifty first sign-ins at once, which link or replace: one user.
func TestR7_Parallel(t *testing.T) {
	for _, confirmed := range []bool{true, false} {
		k := newLinkKit(t, nil, linkByEmail)
		var sub string
		if confirmed {
			sub = k.user("ada@example.com")
		} else {
			require.NoError(t, errOf(k.SignUp(t.Context(), signUp("ada@example.com"))))
		}
		var states []string
		for range 50 {
			k.begin(t, "Google")
			states = append(states, k.google.state)
		}
		subs := make([]string, len(states))
		parallel(len(states), func(i int) error {
			out, _, err := k.finish("Google", states[i], browserSecret)
			if err != nil {
				return err
			}
			s, err := k.BrowserSession(context.Background(), out.BrowserSession)
			if err == nil {
				subs[i] = s.User.Sub
			}
			return err
		})
		for _, got := range subs {
			require.Equal(t, subs[0], got)
			require.True(t, got != "" && (!confirmed || got == sub))
		}
		if confirmed {
			require.Equal(t, 2, k.mails(), "told once")
		}
	}
}

// R8: what a linked provider says later of an address changes no address that the user has proved, unless the settings say so, and never
// one that is another user's.
func TestR8_LinkedAddress(t *testing.T) {
	const own = "ada@example.com"
	authority := func(c *userpool.Config) { c.Providers[0].AuthoritativeDomains = []string{"example.org"} }
	overwrite := func(c *userpool.Config) { c.Providers[0].OverwriteVerified = true }
	for name, test := range map[string]struct {
		change          func(*userpool.Config)
		user            func(*userpool.User)
		said            map[string][]string
		email, verified string
	}{
		"kept":                           {nil, nil, said("new@example.org", "true"), own, "true"},
		"kept, whoever says so":          {authority, nil, said("new@example.org", "true"), own, "true"},
		"the victim's":                   {nil, nil, said("victim@example.com", "true"), own, "true"},
		"the same, not verified there":   {nil, nil, said(own, "false"), own, "true"},
		"nothing said":                   {nil, nil, map[string][]string{"name": {"Ada"}}, own, "true"},
		"not proved, but signed up with": {nil, func(u *userpool.User) { u.Attributes["email_verified"] = "false" }, said("new@example.org", "true"), own, "false"},
		"none yet":                       {nil, noAddress, said("new@example.org", "true"), "new@example.org", "false"},
		"none yet, by the authority":     {authority, noAddress, said("new@example.org", "true"), "new@example.org", "true"},
		"none yet, authority unsure":     {authority, noAddress, said("new@example.org", "false"), "new@example.org", "false"},
		"overwritten":                    {overwrite, nil, said("new@example.org", "true"), "new@example.org", "true"},
		"not overwritten by a claim":     {overwrite, nil, said("new@example.org", "false"), own, "true"},
		"not overwritten by silence":     {overwrite, nil, said("new@example.org", ""), own, "true"},
		"not with another's":             {overwrite, nil, said("victim@example.com", "true"), own, "true"},
	} {
		t.Run(name, func(t *testing.T) {
			k := newLinkKit(t, nil, test.change)
			sub, victim := k.user(own), k.user("victim@example.com")
			require.NoError(t, k.adminLink(sub, "Google", "g-1"))
			if test.user != nil {
				k.change(sub, test.user)
			}
			mails := k.mails()
			k.google.attributes = maps.Clone(test.said)
			k.google.attributes["name"] = []string{"Ada L."}
			u := k.userFrom("Google", k.google)
			require.Equal(t, sub, u.Sub)
			require.Equal(t, test.email, u.Attributes["email"])
			require.Equal(t, test.verified, u.Attributes["email_verified"])
			require.Equal(t, "Ada L.", u.Attributes["name"], "the rest is taken over all the same")
			found, err := k.AdminGetUser(t.Context(), "victim@example.com")
			require.NoError(t, err)
			require.Equal(t, victim, found.Sub)
			if test.email == own {
				found, err := k.AdminGetUser(t.Context(), own)
				require.NoError(t, err)
				require.Equal(t, sub, found.Sub)
				require.Equal(t, mails, k.mails())
				return
			}
			_, err = k.AdminGetUser(t.Context(), "new@example.org")
			require.Equal(t, test.verified == "true", err == nil, "who has not proved an address is not found by it")
			if test.user == nil {
				require.Equal(t, userpool.MessageAttributeChanged, k.mail().Kind)
				require.Equal(t, own, k.mail().To, "the old address learns of it")
			}
		})
	}
}

func noAddress(u *userpool.User) {
	delete(u.Attributes, "email")
	delete(u.Attributes, "email_verified")
	ids := u.Identifiers[:0:0]
	for _, id := range u.Identifiers {
		if id.Kind != userpool.IdentifierEmail {
			ids = append(ids, id)
		}
	}
	u.Identifiers = ids
}

// At every sign-in the mapped attributes are as the provider says. What it does not say any more is deleted if the user came from there,
// and stays if the user is linked; what is not mapped is never touched.
func TestFederation_RefreshesMapped(t *testing.T) {
	eachStore(t, func(t *testing.T, store userpool.Store) {
		k := newLinkKit(t, store, func(c *userpool.Config) {
			c.Settings.CustomAttributes = []userpool.CustomAttribute{
				{Name: "custom:staff"}, {Name: "custom:dept", Mutable: true}, {Name: "custom:level", Type: userpool.AttributeNumber, Mutable: true, AdminOnly: true},
			}
			c.Settings.RequiredAttributes = []string{"given_name"}
			c.Providers[1].AttributeMapping = map[string]string{
				"given_name": "first", "nickname": "nick", "custom:staff": "id", "custom:dept": "dept", "custom:level": "level", "phone_number": "tel",
			}
		})
		k.azure.attributes = map[string][]string{
			"first": {"Ada"}, "nick": {"A"}, "id": {"1"}, "dept": {"R&D"}, "level": {"007"}, "tel": {"+1 202 555 0123"}, "name": {"not mapped"},
		}
		made := k.userFrom("Azure", k.azure)
		want := map[string]string{
			"given_name": "Ada", "nickname": "A", "custom:staff": "1", "custom:dept": "R&D", "custom:level": "7",
			"phone_number": "+12025550123", "phone_number_verified": "false",
		}
		require.Equal(t, want, made.Attributes)
		k.change(made.Sub, func(u *userpool.User) {
			u.Attributes["website"] = "https://example.com"
			u.Attributes["phone_number_verified"] = "true"
		})
		require.Equal(t, "true", k.userFrom("Azure", k.azure).Attributes["phone_number_verified"], "what the pool has verified stays so")

		k.azure.attributes = map[string][]string{"id": {"2"}, "level": {"not a number"}, "tel": {"+12025550199"}}
		u := k.userFrom("Azure", k.azure)
		require.Equal(t, map[string]string{
			"given_name": "Ada", "custom:staff": "1", "website": "https://example.com", "phone_number": "+12025550199", "phone_number_verified": "false",
		}, u.Attributes, "what is required or cannot be changed stays; another number is not verified")

		in := signUp("bob@example.com")
		in.UserAttributes = map[string]string{"given_name": "Bob", "nickname": "B", "website": "https://bob.example"}
		out, err := k.SignUp(t.Context(), in)
		require.NoError(t, err)
		require.NoError(t, errOf(k.ConfirmSignUp(t.Context(), userpool.ConfirmSignUpInput{Username: in.Username, ConfirmationCode: k.mail().Code})))
		k.azure.subject = "a-2"
		require.NoError(t, k.adminLink(out.UserSub, "Azure", "a-2"))
		k.azure.attributes = map[string][]string{"first": {"Robert"}, "dept": {"Sales"}, "name": {"not mapped"}}
		require.Equal(t, map[string]string{
			"email": "bob@example.com", "email_verified": "true", "given_name": "Robert", "nickname": "B", "custom:dept": "Sales", "website": "https://bob.example",
		}, k.userFrom("Azure", k.azure).Attributes)

		k.azure.subject = "a-3"
		k.azure.attributes = map[string][]string{"nick": {"C"}}
		_, err = k.from("Azure", k.azure)
		require.ErrorIs(t, err, userpool.InvalidParameter, "a required attribute of a new user")
		require.ErrorContains(t, err, "given name")
	})
}

// R8: a provider cannot give a linked user a name to sign in with.
func TestR8_PreferredUsername(t *testing.T) {
	k := newLinkKit(t, nil, func(c *userpool.Config) {
		c.Settings.UsernameAttributes, c.Settings.AliasAttributes = []string{"username"}, []string{"preferred_username", "email"}
	})
	for _, name := range []string{"ada", "victim"} {
		in := signUp(name)
		in.UserAttributes = map[string]string{"email": name + "@example.com"}
		require.NoError(t, errOf(k.SignUp(t.Context(), in)))
		require.NoError(t, errOf(k.ConfirmSignUp(t.Context(), userpool.ConfirmSignUpInput{Username: name, ConfirmationCode: k.mail().Code})))
	}
	require.NoError(t, k.adminLink("ada", "Google", "g-1"))
	for _, name := range []string{"victim", "free"} {
		k.google.attributes = map[string][]string{"preferred_username": {name}, "nickname": {name}}
		u := k.userFrom("Google", k.google)
		require.Equal(t, "ada", u.Username)
		require.NotContains(t, u.Attributes, "preferred_username")
		require.Equal(t, name, u.Attributes["nickname"])
	}
	require.ErrorIs(t, errOf(k.AdminGetUser(t.Context(), "free")), userpool.UserNotFound)
}

// What the pool asks of a user does not depend on the way in: who must set a new password can come from a provider, and whom an
// administrator shut out cannot.
func TestU26_U30_LinkedUser(t *testing.T) {
	k := newLinkKit(t, nil, nil)
	sub := k.user("ada@example.com")
	require.NoError(t, k.adminLink(sub, "Google", "g-1"))
	closed := &linkKit{kit: k.again(func(c *userpool.Config) { c.Settings.AllowAdminCreateUserOnly = true }), google: k.google, azure: k.azure}
	require.Equal(t, sub, closed.userFrom("Google", k.google).Sub, "U26: a user who is there may sign in")
	for _, status := range []userpool.UserStatus{userpool.StatusResetRequired, userpool.StatusForceChangePassword} {
		k.change(sub, func(u *userpool.User) { u.Status = status })
		require.Equal(t, status, k.userFrom("Google", k.google).Status)
	}
	require.NoError(t, k.AdminDisableUser(t.Context(), sub))
	_, err := k.from("Google", k.google)
	require.ErrorIs(t, err, userpool.NotAuthorized)
	require.ErrorContains(t, err, "You cannot sign in here", "not that a password is wrong")
}

// Those who came from a provider are in its group, if it wants that; those who are linked to it are not.
func TestFederation_AutoGroup(t *testing.T) {
	eachStore(t, func(t *testing.T, store userpool.Store) {
		k := newLinkKit(t, store, func(c *userpool.Config) { c.Providers[0].AutoGroup = true })
		require.NoError(t, k.adminLink(k.user("bob@example.com"), "Google", "bob"))
		groups := func(name string, f *fakeProvider, subject string) []string {
			f.subject = subject
			session, err := k.from(name, f)
			require.NoError(t, err)
			s, err := k.BrowserSession(t.Context(), session)
			require.NoError(t, err)
			return s.Groups
		}
		require.Equal(t, []string{"default_Google"}, groups("Google", k.google, "g-1"))
		require.Equal(t, []string{"default_Google"}, groups("Google", k.google, "g-2"))
		require.Empty(t, groups("Google", k.google, "bob"))
		require.Empty(t, groups("Azure", k.azure, "a-1"))
		require.NoError(t, k.DeleteGroup(t.Context(), "default_Google"))
		require.Equal(t, []string{"default_Google"}, groups("Google", k.google, "g-2"), "kept at every sign-in")
	})
}

// The hooks of a sign-up are called for a user who is made, once, and not for one who is linked.
func TestFederation_Hooks(t *testing.T) {
	var confirmed []string
	k := newLinkKit(t, nil, func(c *userpool.Config) {
		c.Hooks.PostConfirmation = func(_ context.Context, e userpool.UserEvent) error {
			confirmed = append(confirmed, e.Username+" "+e.Provider)
			return nil
		}
	})
	sub := k.user("ada@example.com")
	require.NoError(t, k.adminLink(sub, "Azure", "a-1"))
	for range 2 {
		k.userFrom("Azure", k.azure)
		k.userFrom("Google", k.google)
	}
	require.Equal(t, []string{sub + " ", "Google_g-1 Google"}, confirmed)
}

// A store that fails in the middle of a first sign-in leaves nothing that another try does not mend.
func TestFederation_StoreFails(t *testing.T) {
	for n := range 12 {
		store := &failingStore{Store: sqliteStore(t)}
		k := newLinkKit(t, store, func(c *userpool.Config) { linkByEmail(c); c.Providers[0].AutoGroup = true })
		require.NoError(t, errOf(k.SignUp(t.Context(), signUp("ada@example.com"))))
		k.begin(t, "Google")
		store.failAfter(n)
		_, _, err := k.finish("Google", k.google.state, browserSecret)
		failed := store.heal()
		require.Equal(t, failed, err != nil)
		if failed {
			require.ErrorIs(t, err, userpool.ServiceUnavailable)
		}
		k.clock.Advance(time.Second)
		u := k.userFrom("Google", k.google)
		k.consistent(u.Sub, "Google g-1")
		groups, err := k.config.Store.GroupsOf(t.Context(), "default", u.Sub)
		require.NoError(t, err)
		require.Len(t, groups, 1)
	}
}
