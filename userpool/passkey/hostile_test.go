package passkey_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/passkey"
)

// hostile is a right answer with one thing wrong.
type hostile struct {
	name   string
	change func(a *answer)
	want   passkey.Code // empty: it is accepted after all
}

func client(name string, value any) func(*answer) {
	return func(a *answer) { a.clientData[name] = value }
}

func clientText(old, new string) func(*answer) {
	return func(a *answer) {
		a.clientJSON = func(raw []byte) []byte { return bytes.Replace(raw, []byte(old), []byte(new), 1) }
	}
}

// both runs a table through both ceremonies, each row with a device and a user of its own.
func both(t *testing.T, config func(*passkey.Config), table []hostile) {
	t.Helper()
	p, _ := newParty(t, config)
	for _, row := range table {
		t.Run("create/"+row.name, func(t *testing.T) {
			options, pending, err := p.BeginRegistration(t.Context(), ada())
			require.NoError(t, err)
			got, err := p.FinishRegistration(t.Context(), ada(), pending, newES256(t).create(t, options, row.change))
			row.check(t, got, err)
		})
		t.Run("get/"+row.name, func(t *testing.T) {
			user, d := ada(), newES256(t)
			register(t, p, &user, d, nil)
			got, err := signIn(t, p, user, d, row.change)
			row.check(t, got, err)
		})
	}
}

func (h hostile) check(t *testing.T, got userpool.Passkey, err error) {
	t.Helper()
	if h.want == "" {
		require.NoError(t, err)
		return
	}
	require.ErrorIs(t, err, h.want)
	require.Equal(t, userpool.Passkey{}, got, "nothing is returned beside an error")
	require.Less(t, len(err.Error()), 500)
}

func TestW2_Challenge(t *testing.T) {
	other := base64.RawURLEncoding.EncodeToString(bytes.Repeat([]byte("o"), 32))
	challenge := func(change func(string) string) func(*answer) {
		return func(a *answer) { a.clientData["challenge"] = change(a.clientData["challenge"].(string)) }
	}
	both(t, nil, []hostile{
		{"of another ceremony", client("challenge", other), passkey.ErrRefused},
		{"empty", client("challenge", ""), passkey.ErrRefused},
		{"null", client("challenge", nil), passkey.ErrRefused},
		{"missing", func(a *answer) { delete(a.clientData, "challenge") }, passkey.ErrRefused},
		{"a number", client("challenge", 7), passkey.ErrRefused},
		{"padded", challenge(func(s string) string { return s + "=" }), passkey.ErrRefused},
		{"padded twice", challenge(func(s string) string { return s + "==" }), passkey.ErrRefused},
		{"with a line break", challenge(func(s string) string { return s[:8] + "\n" + s[8:] }), passkey.ErrRefused},
		{"with a space", challenge(func(s string) string { return s + " " }), passkey.ErrRefused},
		{"with stray bits", challenge(func(s string) string { return s[:len(s)-1] + string(s[len(s)-1]+1) }), passkey.ErrRefused},
		{"its first half", challenge(func(s string) string { return s[:len(s)/2] }), passkey.ErrRefused},
		{"and more", challenge(func(s string) string { return s + "AAAA" }), passkey.ErrRefused},
		{"in another case", challenge(strings.ToUpper), passkey.ErrRefused},
		{"in base64 with + and /", challenge(func(s string) string {
			raw, _ := base64.RawURLEncoding.DecodeString(s)
			raw[0] = 0xff
			return base64.RawStdEncoding.EncodeToString(raw)
		}), passkey.ErrRefused},
		{"escaped", func(a *answer) {
			a.clientJSON = func(raw []byte) []byte {
				return bytes.Replace(raw, []byte(`"challenge"`), []byte(`"\u0063hallenge"`), 1)
			}
		}, ""},
	})
}

// An error is for the log, and a challenge is not.
func TestW2_ErrorsHoldNoChallenge(t *testing.T) {
	p, _ := newParty(t, nil)
	user, d := ada(), newES256(t)
	register(t, p, &user, d, nil)
	for text, wrong := range map[string]func(*answer){
		"the challenge is not that of this ceremony":          client("challenge", "AAAA"),
		`the client data is for "webauthn.create"`:            client("type", "webauthn.create"),
		`origin "https://evil.test" is not among`:             client("origin", "https://evil.test"),
		"verifying the answer":                                func(a *answer) { a.rpID = "evil.test" },
		"nobody was present":                                  func(a *answer) { a.flags = 0 },
		"the client data is not one JSON object":              clientText("{", ""),
		"the answer is not one JSON object: ":                 func(a *answer) { a.raw = func(raw []byte) []byte { return raw[1:] } },
		"reading the answer":                                  func(a *answer) { a.data = []byte("short") },
		"the user handle is that of another user":             func(a *answer) { a.inner = func(o map[string]any) { o["userHandle"] = "AAAA" } },
		"tokenBinding is not the state of a connection":       client("tokenBinding", 1),
		"the page was in a frame of \"\", which is not among": client("crossOrigin", true),
	} {
		options, pending, err := p.BeginAuthentication(t.Context(), user.Passkeys, false)
		require.NoError(t, err)
		var challenge string
		_, err = p.FinishAuthentication(t.Context(), user, pending, d.get(t, options, func(a *answer) {
			challenge = a.clientData["challenge"].(string)
			wrong(a)
		}))
		require.ErrorContains(t, err, text)
		require.NotContains(t, err.Error(), challenge)
	}
}

func TestW2_Pending(t *testing.T) {
	p, at := newParty(t, nil)
	user, d := ada(), newES256(t)
	register(t, p, &user, d, nil)
	createOptions, created, err := p.BeginRegistration(t.Context(), ada())
	require.NoError(t, err)
	getOptions, got, err := p.BeginAuthentication(t.Context(), user.Passkeys, false)
	require.NoError(t, err)
	other, _ := newParty(t, func(c *passkey.Config) { c.RPID = "login.example.com"; c.Origins = nil })
	create, get := newES256(t).create(t, createOptions, nil), d.get(t, getOptions, nil)
	change := func(raw []byte, name string, value any) []byte {
		var object map[string]any
		require.NoError(t, json.Unmarshal(raw, &object))
		object[name] = value
		out, err := json.Marshal(object)
		require.NoError(t, err)
		return out
	}
	for name, test := range map[string]struct {
		party        *passkey.RelyingParty
		created, got []byte
		want         passkey.Code
	}{
		"the other's":          {p, got, created, passkey.ErrPending},
		"of another RP ID":     {other, created, got, passkey.ErrPending},
		"none":                 {p, nil, nil, passkey.ErrPending},
		"empty":                {p, []byte(`{}`), []byte(`{}`), passkey.ErrPending},
		"no JSON":              {p, created[1:], got[1:], passkey.ErrPending},
		"without challenge":    {p, change(created, "challenge", ""), change(got, "challenge", ""), passkey.ErrPending},
		"of a short challenge": {p, change(created, "challenge", "AAAA"), change(got, "challenge", "AAAA"), passkey.ErrPending},
		"of another version":   {p, change(created, "v", 2), change(got, "v", 2), passkey.ErrPending},
		"that never ends":      {p, change(created, "exp", nil), change(got, "exp", nil), passkey.ErrExpired},
		"too long":             {p, append(created, bytes.Repeat([]byte(" "), 64<<10)...), append(got, bytes.Repeat([]byte(" "), 64<<10)...), passkey.ErrPending},
	} {
		_, err := test.party.FinishRegistration(t.Context(), ada(), test.created, create)
		require.ErrorIs(t, err, test.want, name)
		_, err = test.party.FinishAuthentication(t.Context(), user, test.got, get)
		require.ErrorIs(t, err, test.want, name)
	}
	stranger := userpool.PasskeyUser{Handle: []byte("handle of bob")}
	_, err = p.FinishRegistration(t.Context(), stranger, created, create)
	require.ErrorIs(t, err, passkey.ErrPending, "begun by another user")

	at.Time = at.Add(5*time.Minute - time.Millisecond)
	_, err = p.FinishRegistration(t.Context(), ada(), created, create)
	require.NoError(t, err, "the last moment")
	_, err = p.FinishAuthentication(t.Context(), user, got, get)
	require.NoError(t, err)
	at.Time = at.Add(time.Millisecond)
	_, err = p.FinishRegistration(t.Context(), ada(), created, create)
	require.ErrorIs(t, err, passkey.ErrExpired)
	_, err = p.FinishAuthentication(t.Context(), user, got, get)
	require.ErrorIs(t, err, passkey.ErrExpired)
}

func TestW3_Origin(t *testing.T) {
	table := []hostile{
		{"the other of Config", client("origin", "https://example.com:8443"), ""},
		{"missing", func(a *answer) { delete(a.clientData, "origin") }, passkey.ErrOrigin},
		{"no string", client("origin", []string{"https://login.example.com"}), passkey.ErrOrigin},
	}
	for _, origin := range []string{
		"http://login.example.com", "https://login.example.com:8443", "https://login.example.com:443", "https://example.com",
		"https://www.login.example.com", "https://evil.example.com", "https://login.example.com.evil.test", "https://evillogin.example.com",
		"https://login.example.co", "null", "", "file://", "https://LOGIN.example.com", "HTTPS://login.example.com", "https://login.example.com/",
		"https://login.example.com/path", "https://login.example.com?q", "https://login.example.com#f", "https://ada@login.example.com",
		"https://evil.test@login.example.com", "https://login.example.com@evil.test", "https://login.example.com.", " https://login.example.com",
		"https://login.example.com\u0000", "//login.example.com", "login.example.com", "wss://login.example.com", "android:apk-key-hash:AAAA",
		"https://login.example.com:", "https://ｌogin.example.com",
	} {
		want := passkey.ErrOrigin
		if strings.Contains(origin, "\u0000") {
			want = passkey.ErrMalformed
		}
		table = append(table, hostile{"origin " + origin, client("origin", origin), want})
	}
	both(t, nil, table)
}

func TestW3_Frame(t *testing.T) {
	frame := func(cross, top any) func(*answer) {
		return func(a *answer) { a.clientData["crossOrigin"], a.clientData["topOrigin"] = cross, top }
	}
	table := []hostile{
		{"in a frame", client("crossOrigin", true), passkey.ErrOrigin},
		{"in a frame of some site", frame(true, "https://shop.test"), passkey.ErrOrigin},
		{"in a frame of this site", frame(true, "https://login.example.com"), passkey.ErrOrigin},
		{"topOrigin without crossOrigin", frame(false, "https://login.example.com"), passkey.ErrMalformed},
		{"topOrigin of null", frame(true, nil), passkey.ErrMalformed},
		{"topOrigin empty", frame(true, ""), passkey.ErrOrigin},
		{"crossOrigin a string", client("crossOrigin", "true"), passkey.ErrMalformed},
		{"crossOrigin a number", client("crossOrigin", 1), passkey.ErrMalformed},
		{"crossOrigin null", client("crossOrigin", nil), passkey.ErrMalformed},
		{"crossOrigin missing, as before Level 2", func(a *answer) { delete(a.clientData, "crossOrigin") }, ""},
	}
	both(t, nil, table)
	table[1].want = ""
	both(t, func(c *passkey.Config) { c.TopOrigins = []string{"https://shop.test"} }, append(table,
		hostile{"of a site like it", frame(true, "https://shop.test.evil.test"), passkey.ErrOrigin},
		hostile{"with a path", frame(true, "https://shop.test/"), passkey.ErrOrigin},
		hostile{"not in a frame", frame(false, "https://shop.test"), passkey.ErrMalformed},
		hostile{"the page of another site", client("origin", "https://shop.test"), passkey.ErrOrigin},
	))
}

func TestW3_RelatedOrigins(t *testing.T) {
	both(t, func(c *passkey.Config) { c.RelatedOrigins = []string{"https://example.de"} }, []hostile{
		{"the related one", client("origin", "https://example.de"), ""},
		{"below it", client("origin", "https://www.example.de"), passkey.ErrOrigin},
		{"ours", client("origin", "https://login.example.com"), ""},
	})
}

func TestW4_AuthenticatorData(t *testing.T) {
	set := func(flags byte) func(*answer) { return func(a *answer) { a.flags |= flags } }
	unset := func(flags byte) func(*answer) { return func(a *answer) { a.flags &^= flags } }
	table := []hostile{
		{"as it is", nil, ""},
		{"RP ID of another", func(a *answer) { a.rpID = "evil.test" }, passkey.ErrRefused},
		{"RP ID of the page", func(a *answer) { a.rpID = "login.example.com" }, passkey.ErrRefused},
		{"RP ID with a scheme", func(a *answer) { a.rpID = "https://example.com" }, passkey.ErrRefused},
		{"UP=0", unset(flagUP), passkey.ErrRefused},
		{"UP=0 UV=0", unset(flagUP | flagUV), passkey.ErrRefused},
		{"UV=0, preferred", unset(flagUV), ""},
		{"BS=1 BE=0", set(flagBS), passkey.ErrRefused},
		{"ED=1 without extensions", set(flagED), passkey.ErrRefused},
		{"ED=0 with extensions", func(a *answer) { a.tail = []byte{0xa0} }, passkey.ErrRefused},
		{"with extensions", func(a *answer) { a.flags |= flagED; a.tail = toCBOR(t, map[string]any{"credProtect": 2}) }, ""},
		{"with extensions and more", func(a *answer) { a.flags |= flagED; a.tail = []byte{0xa0, 0xa0} }, passkey.ErrRefused},
		{"with extensions that are no map", func(a *answer) { a.flags |= flagED; a.tail = []byte{0x01} }, passkey.ErrRefused},
		{"reserved flags", set(0x22), ""},
	}
	both(t, nil, table)
	table[6].want = passkey.ErrUserVerification
	both(t, func(c *passkey.Config) { c.RequireUserVerification = true }, table)
}

func TestW4_UserVerificationAsked(t *testing.T) {
	p, _ := newParty(t, nil)
	user, d := ada(), newES256(t)
	register(t, p, &user, d, nil)
	for required, want := range map[bool]passkey.Code{true: passkey.ErrUserVerification, false: ""} {
		options, pending, err := p.BeginAuthentication(t.Context(), user.Passkeys, required)
		require.NoError(t, err)
		got, err := p.FinishAuthentication(t.Context(), user, pending, d.get(t, options, func(a *answer) { a.flags &^= flagUV }))
		hostile{want: want}.check(t, got, err)
		require.False(t, got.UserVerified)
	}
}

func TestW4_BackupFlags(t *testing.T) {
	const none, eligible, backedUp = 0, flagBE, flagBE | flagBS
	p, _ := newParty(t, nil)
	for _, test := range []struct {
		then, now byte
		want      passkey.Code
	}{
		{none, none, ""},
		{none, eligible, passkey.ErrRefused},
		{none, backedUp, passkey.ErrRefused},
		{none, flagBS, passkey.ErrRefused},
		{eligible, none, passkey.ErrRefused},
		{eligible, eligible, ""},
		{eligible, backedUp, ""},
		{eligible, flagBS, passkey.ErrRefused},
		{backedUp, none, passkey.ErrRefused},
		{backedUp, eligible, ""},
		{backedUp, backedUp, ""},
		{backedUp, flagBS, passkey.ErrRefused},
	} {
		user, d := ada(), newES256(t)
		added := register(t, p, &user, d, func(a *answer) { a.flags |= test.then })
		require.Equal(t, test.then&flagBE != 0, added.BackupEligible)
		require.Equal(t, test.then&flagBS != 0, added.BackedUp)
		got, err := signIn(t, p, user, d, func(a *answer) { a.flags |= test.now })
		hostile{want: test.want}.check(t, got, err)
		if test.want == "" {
			require.Equal(t, test.now&flagBS != 0, got.BackedUp)
		}
	}
}

func TestW4_Counter(t *testing.T) {
	p, _ := newParty(t, nil)
	for _, test := range []struct {
		stored, now uint32
		want        passkey.Code
	}{
		{0, 0, ""},
		{0, 1, ""},
		{5, 6, ""},
		{5, 1 << 31, ""},
		{5, 5, passkey.ErrCloned},
		{5, 4, passkey.ErrCloned},
		{5, 0, passkey.ErrCloned},
		{1<<32 - 1, 0, passkey.ErrCloned},
		{1<<32 - 1, 1<<32 - 1, passkey.ErrCloned},
	} {
		user, d := ada(), newES256(t)
		register(t, p, &user, d, func(a *answer) { a.counter = test.stored })
		got, err := signIn(t, p, user, d, func(a *answer) { a.counter = test.now })
		hostile{want: test.want}.check(t, got, err)
		if test.want == "" {
			require.Equal(t, test.now, got.SignCount)
			continue
		}
		var clone interface{ Cloned() bool }
		require.ErrorAs(t, err, &clone)
		require.True(t, clone.Cloned())
		require.Equal(t, test.stored, user.Passkeys[0].SignCount, "the caller's passkey is not changed")
	}
	// Without the key nobody can make a passkey look cloned.
	user, d := ada(), newES256(t)
	register(t, p, &user, d, func(a *answer) { a.counter = 5 })
	_, err := signIn(t, p, user, d, func(a *answer) {
		a.counter, a.signature = 1, func(s []byte) []byte { s[len(s)-1] ^= 1; return s }
	})
	require.ErrorIs(t, err, passkey.ErrRefused)
}

func TestW5_ClientData(t *testing.T) {
	both(t, nil, []hostile{
		{"type swapped", func(a *answer) {
			a.clientData["type"] = map[any]string{"webauthn.get": "webauthn.create", "webauthn.create": "webauthn.get"}[a.clientData["type"]]
		}, passkey.ErrRefused},
		{"type of payment", client("type", "payment.get"), passkey.ErrRefused},
		{"type empty", client("type", ""), passkey.ErrRefused},
		{"type missing", func(a *answer) { delete(a.clientData, "type") }, passkey.ErrRefused},
		{"a member more", client("new_keys_may_be_added_here", "do not compare clientDataJSON against a template"), ""},
		{"byte order mark", func(a *answer) {
			a.clientJSON = func(raw []byte) []byte { return append([]byte("\ufeff"), raw...) }
		}, passkey.ErrMalformed},
		{"challenge twice", clientText(`{`, `{"challenge":"AAAA",`), passkey.ErrMalformed},
		{"challenge twice, once escaped", clientText(`{`, `{"challeng\u0065":"AAAA",`), passkey.ErrMalformed},
		{"origin twice, in another case", clientText(`{`, `{"Origin":"https://login.example.com",`), passkey.ErrMalformed},
		{"type in a case of its own", clientText(`"type"`, `"Type"`), passkey.ErrMalformed},
		{"crossOrigin in small letters", clientText(`"crossOrigin"`, `"crossorigin"`), passkey.ErrMalformed},
		{"origin with a long s", clientText(`{`, `{"croſsOrigin":true,`), passkey.ErrMalformed},
		{"something after it", func(a *answer) {
			a.clientJSON = func(raw []byte) []byte { return append(raw, `{}`...) }
		}, passkey.ErrMalformed},
		{"an array", func(a *answer) {
			a.clientJSON = func(raw []byte) []byte { return append(append([]byte(`[`), raw...), ']') }
		}, passkey.ErrMalformed},
		{"nothing", func(a *answer) { a.clientJSON = func([]byte) []byte { return nil } }, passkey.ErrMalformed},
		{"UTF-16", func(a *answer) {
			a.clientJSON = func(raw []byte) []byte {
				var out []byte
				for _, c := range raw {
					out = append(out, c, 0)
				}
				return out
			}
		}, passkey.ErrMalformed},
		{"not UTF-8", clientText(`{`, "{\"x\":\"\xff\","), passkey.ErrMalformed},
		{"deep", clientText(`{`, `{"x":`+strings.Repeat("[", 10_000)+strings.Repeat("]", 10_000)+`,`), passkey.ErrMalformed},
		{"token binding supported", client("tokenBinding", map[string]any{"status": "supported"}), ""},
		{"token binding of Edge", client("tokenBinding", map[string]any{"status": "not-supported"}), ""},
		{"token binding present", client("tokenBinding", map[string]any{"status": "present", "id": "AAAA"}), passkey.ErrRefused},
		{"token binding unknown", client("tokenBinding", map[string]any{"status": "junk"}), passkey.ErrRefused},
		{"token binding without status", client("tokenBinding", map[string]any{}), passkey.ErrRefused},
		{"token binding a string", client("tokenBinding", "supported"), passkey.ErrRefused},
		{"token binding null", client("tokenBinding", nil), passkey.ErrRefused},
	})
}

func TestW5_Response(t *testing.T) {
	outer := func(name string, value any) func(*answer) {
		return func(a *answer) { a.outer = func(o map[string]any) { o[name] = value } }
	}
	text := func(old, new string) func(*answer) {
		return func(a *answer) {
			a.raw = func(raw []byte) []byte { return bytes.Replace(raw, []byte(old), []byte(new), 1) }
		}
	}
	ids := func(change func(string) string) func(*answer) {
		return func(a *answer) {
			a.outer = func(o map[string]any) { o["id"], o["rawId"] = change(o["id"].(string)), change(o["rawId"].(string)) }
		}
	}
	inner := func(change func(o map[string]any)) func(*answer) { return func(a *answer) { a.inner = change } }
	padded := func(a *answer) {
		a.inner = func(o map[string]any) {
			for name, value := range o {
				if s, ok := value.(string); ok && name != "signature" {
					o[name] = s + strings.Repeat("=", (4-len(s)%4)%4) + "="
				}
			}
		}
	}
	both(t, nil, []hostile{
		{"extensions not asked for", outer("clientExtensionResults", map[string]any{"appid": true, "x": 1}), ""},
		{"no extensions", func(a *answer) { a.outer = func(o map[string]any) { delete(o, "clientExtensionResults") } }, ""},
		{"a member in another case", text(`{`, `{"ID":"AAAA","Response":{},`), ""},
		{"id twice", text(`{`, `{"id":"AAAA",`), passkey.ErrMalformed},
		{"response twice", text(`{`, `{"response":{},`), passkey.ErrMalformed},
		{"clientDataJSON twice", text(`"clientDataJSON":`, `"clientDataJSON":"AAAA","clientDataJSON":`), passkey.ErrMalformed},
		{"of another type", outer("type", "password"), passkey.ErrMalformed},
		{"type missing", func(a *answer) { a.outer = func(o map[string]any) { delete(o, "type") } }, passkey.ErrMalformed},
		{"id another than rawId", outer("id", "AAAA"), passkey.ErrMalformed},
		{"rawId another than id", outer("rawId", "AAAA"), passkey.ErrMalformed},
		{"id missing", outer("id", nil), passkey.ErrMalformed},
		{"rawId missing", outer("rawId", nil), passkey.ErrMalformed},
		{"ids empty", ids(func(string) string { return "" }), passkey.ErrMalformed},
		{"ids of line breaks", ids(func(string) string { return "\r\n" }), passkey.ErrMalformed},
		{"ids with line breaks", ids(func(s string) string { return s[:4] + "\n" + s[4:] }), passkey.ErrMalformed},
		{"ids padded", ids(func(s string) string { return s + "=" }), passkey.ErrMalformed},
		{"ids with stray bits", ids(func(s string) string { return s[:len(s)-1] + string(s[len(s)-1]+1) }), passkey.ErrMalformed},
		{"ids of 1,024 bytes", ids(func(string) string { return b64(make([]byte, 1024)) }), passkey.ErrMalformed},
		{"ids in base64", ids(func(string) string { return "++++" }), passkey.ErrMalformed},
		{"all padded", padded, passkey.ErrMalformed},
		{"response missing", outer("response", nil), passkey.ErrMalformed},
		{"response a string", outer("response", "x"), passkey.ErrMalformed},
		{"response empty", outer("response", map[string]any{}), passkey.ErrMalformed},
		{"client data missing", inner(func(o map[string]any) { delete(o, "clientDataJSON") }), passkey.ErrMalformed},
		{"client data a number", inner(func(o map[string]any) { o["clientDataJSON"] = 5 }), passkey.ErrMalformed},
		{"without what is signed", inner(func(o map[string]any) { delete(o, "attestationObject"); delete(o, "authenticatorData") }), passkey.ErrMalformed},
		{"nothing in what is signed", inner(func(o map[string]any) { o["attestationObject"], o["authenticatorData"] = "", "" }), passkey.ErrRefused},
		{"byte order mark", func(a *answer) { a.raw = func(raw []byte) []byte { return append([]byte("\ufeff"), raw...) } }, passkey.ErrMalformed},
		{"more after it", func(a *answer) { a.raw = func(raw []byte) []byte { return append(raw, '{') } }, passkey.ErrMalformed},
		{"more than 64 KiB", outer("padding", strings.Repeat("x", 64<<10)), passkey.ErrMalformed},
		{"almost 64 KiB", outer("padding", strings.Repeat("x", 60<<10)), ""},
		{"deep", outer("x", json.RawMessage(strings.Repeat("[", 10_000)+strings.Repeat("]", 10_000))), passkey.ErrMalformed},
		{"none", func(a *answer) { a.raw = func([]byte) []byte { return nil } }, passkey.ErrMalformed},
		{"null", func(a *answer) { a.raw = func([]byte) []byte { return []byte("null") } }, passkey.ErrMalformed},
	})
}

func TestW5_Transports(t *testing.T) {
	p, _ := newParty(t, nil)
	for name, test := range map[string]struct {
		value any
		want  []string
		code  passkey.Code
	}{
		"missing":    {nil, nil, ""},
		"none":       {[]string{}, nil, ""},
		"of today":   {[]string{"internal", "smart-card"}, []string{"internal", "smart-card"}, ""},
		"of later":   {[]string{"quantum-2"}, []string{"quantum-2"}, ""},
		"a string":   {"usb", nil, passkey.ErrMalformed},
		"numbers":    {[]int{1}, nil, passkey.ErrMalformed},
		"markup":     {[]string{"<b>"}, nil, passkey.ErrMalformed},
		"upper case": {[]string{"USB"}, nil, passkey.ErrMalformed},
		"empty":      {[]string{""}, nil, passkey.ErrMalformed},
		"long":       {[]string{strings.Repeat("x", 33)}, nil, passkey.ErrMalformed},
		"many":       {make([]string, 17), nil, passkey.ErrMalformed},
	} {
		options, pending, err := p.BeginRegistration(t.Context(), ada())
		require.NoError(t, err)
		got, err := p.FinishRegistration(t.Context(), ada(), pending, newES256(t).create(t, options, func(a *answer) {
			a.inner = func(o map[string]any) { o["transports"] = test.value }
		}))
		hostile{want: test.code}.check(t, got, err)
		require.Equal(t, test.want, got.Transports, name)
	}
}

// Answers that were right once are wrong with any one byte changed of what is signed.
func TestW5_SignedBytes(t *testing.T) {
	p, _ := newParty(t, nil)
	user, d := ada(), newES256(t)
	register(t, p, &user, d, nil)
	options, pending, err := p.BeginAuthentication(t.Context(), user.Passkeys, false)
	require.NoError(t, err)
	right := d.get(t, options, nil)
	_, err = p.FinishAuthentication(t.Context(), user, pending, right)
	require.NoError(t, err)
	for _, name := range []string{"clientDataJSON", "authenticatorData", "signature"} {
		var object map[string]any
		require.NoError(t, json.Unmarshal(right, &object))
		inner := object["response"].(map[string]any)
		raw, err := base64.RawURLEncoding.DecodeString(inner[name].(string))
		require.NoError(t, err)
		for i := range raw {
			changed, wrong := bytes.Clone(raw), maps.Clone(inner)
			changed[i] ^= 1
			wrong[name] = b64(changed)
			object["response"] = wrong
			response, err := json.Marshal(object)
			require.NoError(t, err)
			_, err = p.FinishAuthentication(t.Context(), user, pending, response)
			require.Error(t, err, "%s, byte %d", name, i)
		}
	}
}
