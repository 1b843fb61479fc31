package userpool_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
)

// Every operation of a user takes the same proofs and refuses the same ones, before it looks at anything else.
func TestCaller_Proofs(t *testing.T) {
	ctx := t.Context()
	k := newKit(t, nil)
	operations := map[string]func(proof string) error{
		"GetUser":            func(proof string) error { return errOf(k.GetUser(ctx, proof)) },
		"GetUserAuthFactors": func(proof string) error { return errOf(k.GetUserAuthFactors(ctx, proof)) },
		"ListSessions": func(proof string) error {
			return errOf(k.ListSessions(ctx, userpool.ListSessionsInput{AccessToken: proof}))
		},
		"ListDevices": func(proof string) error {
			return errOf(k.ListDevices(ctx, userpool.ListDevicesInput{AccessToken: proof}))
		},
		"ListWebAuthnCredentials": func(proof string) error { return errOf(k.ListWebAuthnCredentials(ctx, proof)) },
		"UpdateUserAttributes": func(proof string) error {
			return errOf(k.UpdateUserAttributes(ctx, userpool.UpdateUserAttributesInput{AccessToken: proof, UserAttributes: map[string]string{"nickname": "Ada"}}))
		},
		"DeleteUserAttributes": func(proof string) error {
			return k.DeleteUserAttributes(ctx, userpool.DeleteUserAttributesInput{AccessToken: proof, UserAttributeNames: []string{"nickname"}})
		},
		"ChangePassword": func(proof string) error { return k.changePassword(proof, password, password+" again") },
		"EndOtherSessions": func(proof string) error {
			return k.EndOtherSessions(ctx, userpool.EndOtherSessionsInput{AccessToken: proof})
		},
		"GlobalSignOut": func(proof string) error { return k.GlobalSignOut(ctx, proof) },
		"DeleteUser":    func(proof string) error { return k.DeleteUser(ctx, proof) },
	}
	for name, operation := range operations {
		t.Run(name, func(t *testing.T) {
			for _, by := range []string{"token", "browser"} {
				email := strings.ToLower(name) + by + "@example.com"
				k.user(email)
				browser := k.browser(email)
				proof := browser
				if by == "token" {
					proof = k.tokens(email).AccessToken
				}
				for _, bad := range []string{"", "x", proof + "x", proof[1:], "a.b", "a.b.c", strings.Repeat(".", 1<<16)} {
					require.ErrorIs(t, operation(bad), userpool.NotAuthorized)
				}
				require.ErrorIs(t, operation(k.redeem(t, webApp.ID, "", browser, []string{"openid"}).AccessToken), userpool.InsufficientScope)
				require.NoError(t, operation(proof), by)
			}
		})
	}
}
