package identitypool_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/identitypool"
)

// reading does something after an identity was read, and before whoever asked for it has the answer.
type reading struct {
	identitypool.Store
	then func()
}

func (s *reading) Identity(ctx context.Context, pool, id string) (identitypool.Identity, error) {
	i, err := s.Store.Identity(ctx, pool, id)
	if s.then != nil {
		s.then()
	}
	return i, err
}

func (s *reading) IdentityOfLogin(ctx context.Context, pool string, l identitypool.Login) (identitypool.Identity, error) {
	i, err := s.Store.IdentityOfLogin(ctx, pool, l)
	if s.then != nil {
		s.then()
	}
	return i, err
}

// TestA7_EndedWhileAsked: what another process takes away after this one has looked, and before it issues, ends what is issued.
func TestA7_EndedWhileAsked(t *testing.T) {
	for name, change := range map[string]func(p *identitypool.Pool, id string) error{
		"disabled": func(p *identitypool.Pool, id string) error { return p.DisableIdentity(t.Context(), id) },
		"deleted": func(p *identitypool.Pool, id string) error {
			_, err := p.DeleteIdentities(t.Context(), []string{id})
			return err
		},
		"revoked": func(p *identitypool.Pool, id string) error {
			return p.Revoke(t.Context(), identitypool.RevokeInput{IdentityID: id})
		},
		"unlinked": func(p *identitypool.Pool, id string) error {
			return p.UnlinkIdentity(t.Context(), identitypool.UnlinkIdentityInput{IdentityID: id, Logins: login("ann"), LoginsToRemove: []string{provider}})
		},
		"merged": func(p *identitypool.Pool, _ string) error {
			_, err := p.GetID(t.Context(), identitypool.GetIDInput{Logins: join(other("first"), login("ann"))})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			k := newClock()
			c := classicConfig(k)
			p := newPool(t, c)
			getID(t, p, other("first"))
			k.in(time.Second)
			id := getID(t, p, login("ann"))
			overtaken := &reading{Store: c.Store}
			slow := newPool(t, withStore(c, overtaken))
			overtake := func() {
				overtaken.then = func() {
					overtaken.then = nil
					k.in(time.Second)
					require.NoError(t, change(p, id))
					k.in(time.Second)
				}
			}
			overtake()
			_, keys, err := use(t, slow, id, login("ann"))
			if err == nil { // it may be refused at once, too
				_, err = call(t, p, k, keys)
			}
			require.ErrorIs(t, err, identitypool.NotAuthorized)
		})
	}
}

// TestA17_TokenOfUnlinkedLogin: as well of tokens: one that is issued while its login is taken away is worth nothing.
func TestA17_TokenOfUnlinkedLogin(t *testing.T) {
	k := newClock()
	c := classicConfig(k)
	p := newPool(t, c)
	id := getID(t, p, join(login("ann"), other("ann")))
	store := &reading{Store: c.Store}
	slow := newPool(t, withStore(c, store))
	reads := 0
	store.then = func() {
		if reads++; reads == 2 { // the identity, and then that of the login
			k.in(2 * time.Second)
			require.NoError(t, p.UnlinkIdentity(t.Context(), identitypool.UnlinkIdentityInput{IdentityID: id, Logins: login("ann"), LoginsToRemove: []string{provider}}))
			k.in(2 * time.Second)
		}
	}
	token := mustToken(t, slow, id, login("ann")).Token
	require.Equal(t, 2, reads)
	_, err := p.AssumeRoleWithWebIdentity(t.Context(), identitypool.AssumeRoleWithWebIdentityInput{
		RoleARN: "arn:aws:iam::000000000000:role/User", RoleSessionName: "test", WebIdentityToken: token,
	})
	require.ErrorIs(t, err, identitypool.InvalidIdentityToken)
}

// TestA17_GuestCredentialsEnd: when a guest's identity gets a login, the credentials that others had by its identifier end, with those that
// were assumed with them; the user's own are good, and so are those of other guests.
func TestA17_GuestCredentialsEnd(t *testing.T) {
	eachStore(t, func(t *testing.T, store identitypool.Store) {
		for name, delay := range map[string]time.Duration{"at once": 0, "in a minute": time.Minute} {
			t.Run(name, func(t *testing.T) {
				k := newClock()
				c := classicConfig(k)
				c.Store, c.RevocationDelay = store, delay
				p, process := newPool(t, c), newPool(t, c)
				visitor := getID(t, p, nil)
				_, known := mustUse(t, p, visitor, nil)
				token := mustToken(t, p, visitor, nil).Token
				web, err := p.AssumeRoleWithWebIdentity(t.Context(), identitypool.AssumeRoleWithWebIdentityInput{
					RoleARN: "arn:aws:iam::000000000000:role/Guest", RoleSessionName: "test", WebIdentityToken: token,
				})
				require.NoError(t, err)
				_, another := credentialsOf(t, p, nil)
				for _, keys := range []identitypool.Credentials{known, web.Credentials, another} {
					_, err := call(t, process, k, keys)
					require.NoError(t, err)
				}
				user := name + " ann"
				same, own := mustUse(t, p, visitor, login(user)) // in the very same moment
				require.Equal(t, visitor, same)
				k.in(delay)
				for _, p := range []*identitypool.Pool{p, process} {
					for _, keys := range []identitypool.Credentials{known, web.Credentials} {
						_, err := call(t, p, k, keys)
						require.ErrorIs(t, err, identitypool.NotAuthorized)
						require.ErrorContains(t, err, "revoked")
					}
					for _, keys := range []identitypool.Credentials{own, another} {
						_, err := call(t, p, k, keys)
						require.NoError(t, err)
					}
				}
				list, err := p.ListRevocations(t.Context())
				require.NoError(t, err)
				require.Contains(t, list, identitypool.RevokedCredentials{
					RevokeInput: identitypool.RevokeInput{IdentityID: visitor, IssuedBefore: k.now.Add(-delay).UTC().Truncate(time.Microsecond)}, Guest: true,
					Expires: k.now.Add(-delay).UTC().Truncate(time.Microsecond).Add(36 * time.Hour),
				})
				_, _ = mustUse(t, p, visitor, join(login(user), other(user)))
				again, err := p.ListRevocations(t.Context())
				require.NoError(t, err)
				require.Len(t, again, len(list), "a second login ends nothing")
			})
		}
	})
}

// TestA7_RevocationDelayAndClock: a clock that is set back makes no copy of the revocations younger than it is.
func TestA7_RevocationDelayAndClock(t *testing.T) {
	k := newClock()
	c := config(k)
	c.RevocationDelay = time.Minute
	p, process := newPool(t, c), newPool(t, c)
	ann, keys := credentialsOf(t, p, login("ann"))
	k.in(30 * time.Minute)
	_, err := call(t, p, k, keys)
	require.NoError(t, err)
	require.NoError(t, process.Revoke(t.Context(), identitypool.RevokeInput{IdentityID: ann}))
	k.in(-20 * time.Minute)
	_, err = call(t, p, k, keys)
	require.ErrorIs(t, err, identitypool.NotAuthorized)
}

// TestA7_RevokedWhileVerified: credentials that are on their way when all are revoked end with the others, whichever way they come about.
func TestA7_RevokedWhileVerified(t *testing.T) {
	for name, ask := range map[string]func(p *identitypool.Pool, k *clock) (identitypool.Credentials, error){
		"login": func(p *identitypool.Pool, k *clock) (identitypool.Credentials, error) {
			token := login(jwt(`{"sub":"ann"}`))
			out, err := p.GetCredentialsForIdentity(t.Context(), identitypool.GetCredentialsForIdentityInput{IdentityID: getID(t, p, token), Logins: token})
			return out.Credentials, err
		},
		"web identity": func(p *identitypool.Pool, k *clock) (identitypool.Credentials, error) {
			out, err := p.AssumeRoleWithWebIdentity(t.Context(), identitypool.AssumeRoleWithWebIdentityInput{
				RoleARN: workerARN, RoleSessionName: "ann", WebIdentityToken: jwt(`{"iss":"https://id.example.com","sub":"ann","aud":"app"}`),
			})
			return out.Credentials, err
		},
		"assertion": func(p *identitypool.Pool, k *clock) (identitypool.Credentials, error) {
			out, err := p.AssumeRoleWithSAML(t.Context(), identitypool.AssumeRoleWithSAMLInput{RoleARN: workerARN, PrincipalARN: samlARN, SAMLAssertion: assertion(t, nil)})
			return out.Credentials, err
		},
		"role": func(p *identitypool.Pool, k *clock) (identitypool.Credentials, error) {
			out, err := p.AssumeRole(t.Context(), as(t, p, k, adaKeys), identitypool.AssumeRoleInput{
				RoleARN: workerARN, RoleSessionName: "ada", SerialNumber: "arn:aws:iam::000000000000:mfa/ada", TokenCode: "123456",
			})
			return out.Credentials, err
		},
		"session token": func(p *identitypool.Pool, k *clock) (identitypool.Credentials, error) {
			out, err := p.GetSessionToken(t.Context(), as(t, p, k, adaKeys), identitypool.GetSessionTokenInput{SerialNumber: "arn:aws:iam::000000000000:mfa/ada", TokenCode: "123456"})
			return out.Credentials, err
		},
	} {
		t.Run(name, func(t *testing.T) {
			k := newClock()
			c := working(k, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"000000000000","Federated":["`+oidcARN+`","`+samlARN+`"]},
				"Action":["sts:AssumeRole","sts:AssumeRoleWithWebIdentity","sts:AssumeRoleWithSAML","sts:TagSession","sts:SetSourceIdentity"]}}`)
			var p *identitypool.Pool
			revoke := func() {
				k.in(time.Second)
				require.NoError(t, p.Revoke(t.Context(), identitypool.RevokeInput{All: true}))
				k.in(time.Second)
			}
			for _, name := range []string{provider, samlARN} {
				c.Providers[name] = identitypool.Provider{Verifier: identitypool.LoginFunc(func(ctx context.Context, token string) (map[string]any, error) {
					revoke()
					return jwtTokens(ctx, token)
				})}
			}
			of := assuming(k)
			c.Users = of.Users
			c.VerifyMFA = func(ctx context.Context, user, serial, code string) (bool, error) {
				revoke()
				return of.VerifyMFA(ctx, user, serial, code)
			}
			p = newPool(t, c)
			keys, err := ask(p, k)
			require.NoError(t, err)
			_, err = call(t, p, k, keys)
			require.ErrorIs(t, err, identitypool.NotAuthorized)
			require.ErrorContains(t, err, "revoked")
		})
	}
}
