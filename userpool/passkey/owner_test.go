package passkey_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/passkey"
)

func TestW6_Users(t *testing.T) {
	p, _ := newParty(t, nil)
	a, b := ada(), userpool.PasskeyUser{Handle: []byte("handle of bob"), Name: "bob"}
	ofA, ofB, second := newES256(t), newES256(t), newES256(t)
	register(t, p, &a, ofA, nil)
	register(t, p, &a, second, nil)
	register(t, p, &b, ofB, nil)
	handle := func(value any) func(*answer) {
		return func(a *answer) { a.inner = func(o map[string]any) { o["userHandle"] = value } }
	}
	for _, test := range []struct {
		name    string
		user    userpool.PasskeyUser
		allowed []userpool.Passkey
		device  *device
		change  func(*answer)
		want    passkey.Code
	}{
		{"A's", a, a.Passkeys, ofA, nil, ""},
		{"A's second", a, a.Passkeys, second, handle(b64(a.Handle)), ""},
		{"A's, not asked for", a, a.Passkeys[1:], ofA, nil, passkey.ErrUnknownCredential},
		{"A's as B", b, b.Passkeys, ofA, nil, passkey.ErrUnknownCredential},
		{"A's as B, discovered", b, nil, ofA, handle(b64(b.Handle)), passkey.ErrUnknownCredential},
		{"A's as B, with A's list", b, a.Passkeys, ofA, handle(b64(b.Handle)), passkey.ErrUnknownCredential},
		{"A's under the ID of B's", b, b.Passkeys, &device{id: ofB.id, sign: ofA.sign}, nil, passkey.ErrRefused},
		{"B's handle", a, a.Passkeys, ofA, handle(b64(b.Handle)), passkey.ErrRefused},
		{"B's handle, discovered", a, nil, ofA, handle(b64(b.Handle)), passkey.ErrRefused},
		{"A's handle, discovered", a, nil, ofA, handle(b64(a.Handle)), ""},
		{"no handle, discovered", a, nil, ofA, nil, passkey.ErrRefused},
		{"handle null, discovered", a, nil, ofA, handle(nil), passkey.ErrRefused},
		{"handle empty, discovered", a, nil, ofA, handle(""), passkey.ErrRefused},
		{"handle null", a, a.Passkeys, ofA, handle(nil), ""},
		{"handle empty", a, a.Passkeys, ofA, handle(""), ""},
		{"part of the handle", a, a.Passkeys, ofA, handle(b64(a.Handle[:5])), passkey.ErrRefused},
		{"handle of 65 bytes", a, a.Passkeys, ofA, handle(b64(make([]byte, 65))), passkey.ErrMalformed},
		{"handle padded", a, a.Passkeys, ofA, handle(b64(a.Handle) + "="), passkey.ErrMalformed},
		{"handle an object", a, a.Passkeys, ofA, handle(map[string]any{}), passkey.ErrMalformed},
		{"handle of line breaks", a, a.Passkeys, ofA, handle("\n"), passkey.ErrMalformed},
		{"unknown", a, a.Passkeys, newES256(t), nil, passkey.ErrUnknownCredential},
		{"unknown, discovered", a, nil, newES256(t), handle(b64(a.Handle)), passkey.ErrUnknownCredential},
	} {
		t.Run(test.name, func(t *testing.T) {
			options, pending, err := p.BeginAuthentication(t.Context(), test.allowed, false)
			require.NoError(t, err)
			got, err := p.FinishAuthentication(t.Context(), test.user, pending, test.device.get(t, options, test.change))
			hostile{want: test.want}.check(t, got, err)
		})
	}
}

func TestW6_Registered(t *testing.T) {
	p, _ := newParty(t, nil)
	user, d := ada(), newES256(t)
	register(t, p, &user, d, nil)
	options, pending, err := p.BeginRegistration(t.Context(), user)
	require.NoError(t, err)
	_, err = p.FinishRegistration(t.Context(), user, pending, d.create(t, options, nil))
	require.ErrorIs(t, err, passkey.ErrRefused, "the same once more")
	_, err = p.FinishRegistration(t.Context(), user, pending, d.create(t, options, func(a *answer) { a.id = newES256(t).id }))
	require.ErrorIs(t, err, passkey.ErrRefused, "an ID that is not the one that was attested")
}
