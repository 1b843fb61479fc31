package userpool_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/memstore"
)

// export returns the lines of an export, in an order of their own.
func (k *kit) export(in userpool.ExportUsersInput) []string {
	k.t.Helper()
	var b strings.Builder
	out, err := k.ExportUsers(context.Background(), &b, in)
	require.NoError(k.t, err)
	lines := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
	if b.Len() == 0 {
		lines = nil
	}
	require.Len(k.t, lines, out.Groups+out.Users)
	slices.Sort(lines)
	return lines
}

var withSecrets = userpool.ExportUsersInput{InsecureIncludeSecrets: true}

// elsewhere is a pool on another store, with other keys.
func elsewhere(t testing.TB, store userpool.Store, change func(*userpool.Config)) *kit {
	t.Helper()
	return newKitOn(t, store, func(c *userpool.Config) {
		wrapper, err := userpool.NewKeyWrapper(bytes.Repeat([]byte{7}, 32))
		require.NoError(t, err)
		c.KeyWrapper, c.Issuer = wrapper, "https://new.example.com"
		change(c)
	})
}

// randomLine describes a user who uses a random part of what users can have.
func randomLine(r *rand.Rand, i int, names bool) string {
	maybe := func() bool { return r.IntN(2) == 0 }
	line := map[string]any{"sub": fmt.Sprintf("%08x-0000-4000-8000-%012x", r.Uint32(), i), "enabled": maybe()}
	attributes := map[string]any{"email": fmt.Sprintf("user-%d@example.com", i)}
	line["attributes"] = attributes
	if maybe() {
		attributes["email_verified"] = maybe()
	}
	if maybe() {
		attributes["phone_number"], attributes["phone_number_verified"] = fmt.Sprintf("+44207183%04d", i), maybe()
	}
	if maybe() {
		attributes["name"], attributes["custom:team"], attributes["custom:age"] = "Zoë \"Z\" \\ 😀, <&>", "a,b", i
	}
	first, second := maybe(), maybe()
	federated := first && second
	switch {
	case federated:
		line["identities"] = []any{map[string]any{"provider": "Google", "subject": fmt.Sprintf("id %d/é", i)}}
	case names:
		line["username"] = fmt.Sprintf("User_%d", i)
	case maybe() && attributes["phone_number"] != nil:
		line["username"] = attributes["phone_number"]
	case maybe():
		line["sign_in_with"] = []string{}
	}
	if !federated && maybe() {
		line["identities"] = []any{map[string]any{"provider": "Entra", "subject": fmt.Sprint(i), "linked": "2021-02-03T04:05:06.789Z"}}
		line["username"] = map[bool]any{true: line["username"], false: attributes["email"]}[names]
		delete(line, "sign_in_with")
	}
	if !federated && maybe() {
		line["password_hash"] = "$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"
		line["password_changed"], line["password_expires"] = "2022-01-02T03:04:05.000006Z", "2023-01-02T03:04:05Z"
		line["password_history"] = []string{"$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"}
		line["status"] = []string{"CONFIRMED", "FORCE_CHANGE_PASSWORD", "RESET_REQUIRED", "UNCONFIRMED"}[r.IntN(4)]
	}
	if maybe() {
		line["software_token"] = map[string]any{"secret": tokenSecret, "name": "Phone", "last_step": i, "created": "2020-01-02T03:04:05Z"}
		line["mfa"], line["preferred_mfa"] = []string{"EMAIL_OTP", "SOFTWARE_TOKEN_MFA"}, "SOFTWARE_TOKEN_MFA"
	}
	if maybe() {
		line["passkeys"] = []any{map[string]any{"id": []byte{1, byte(i)}, "public_key": []byte{2}, "sign_count": i, "aaguid": make([]byte, 16),
			"transports": []string{"usb", "nfc"}, "user_verified": true, "backup_eligible": true, "name": "Key", "last_used": "2024-01-02T03:04:05Z"}}
	}
	if maybe() {
		line["groups"] = []string{"admins", "staff"}[r.IntN(2):]
	}
	if maybe() {
		line["pending_attributes"] = map[string]string{"email": fmt.Sprintf("new-%d@example.com", i)}
	}
	line["created"], line["modified"] = fmt.Sprintf("2020-01-02T03:04:%02d.123456Z", i%60), "2025-01-02T03:04:05Z"
	raw, _ := json.Marshal(line)
	return string(raw)
}

// comparableUser is a user without what is sealed, or counted by the store.
func comparableUser(u userpool.User) userpool.User {
	u = u.Clone()
	u.Version, u.SRPVerifier = 0, nil
	if u.SoftwareToken != nil {
		u.SoftwareToken.Secret = nil
	}
	slices.SortFunc(u.Identifiers, func(a, b userpool.Identifier) int { return strings.Compare(a.Kind+a.Value, b.Kind+b.Value) })
	return u
}

// What is exported and imported into another pool, on another store and under other keys, is the same users, and the same export.
func TestExport_ImportGivesEqualUsers(t *testing.T) {
	for _, names := range []bool{false, true} {
		eachStore(t, func(t *testing.T, store userpool.Store) {
			settings := func(c *userpool.Config) {
				withProviders(c)
				c.SMSSender = userpool.SenderFunc(func(context.Context, userpool.Message) error { return nil })
				c.Settings.UsernameAttributes = []string{"email", "phone_number"}
				if names {
					c.Settings.UsernameAttributes, c.Settings.AliasAttributes = []string{"username"}, []string{"email"}
				}
			}
			from := newKitOn(t, store, settings)
			lines := []string{`{"type":"group","name":"admins","role_arn":"arn:aws:iam::1:role/x","precedence":0}`, `{"type":"group","name":"staff","description":"<all>"}`}
			r := rand.New(rand.NewPCG(1, 2))
			for i := range 60 {
				lines = append(lines, randomLine(r, i, names))
			}
			out := from.importLines(userpool.ImportUsersInput{}, lines...)
			require.Empty(t, out.Errors)
			require.Equal(t, 60, out.Imported)

			exported := from.export(withSecrets)
			to := elsewhere(t, memstore.New(), settings)
			moved := to.importLines(userpool.ImportUsersInput{}, exported...)
			require.Empty(t, moved.Errors)
			require.Equal(t, userpool.ImportUsersOutput{Groups: 2, Imported: 60}, moved)
			require.Equal(t, exported, to.export(withSecrets))
			users := everybody(t, to)
			for name, u := range everybody(t, from) {
				require.Equal(t, comparableUser(u), comparableUser(users[name]), name)
				if u.SoftwareToken != nil {
					require.NotEmpty(t, users[name].SoftwareToken.Secret)
				}
			}

			// Without secrets there are none, and what is left can be imported.
			plain := from.export(userpool.ExportUsersInput{})
			for _, secret := range []string{"CCCCC", "c29tZXNhbHQ", tokenSecret, "SOFTWARE_TOKEN_MFA", "password_", "srp_verifier"} {
				require.NotContains(t, strings.Join(plain, ""), secret)
			}
			moved = elsewhere(t, memstore.New(), settings).importLines(userpool.ImportUsersInput{}, plain...)
			require.Equal(t, userpool.ImportUsersOutput{Groups: 2, Imported: 60}, moved)
		})
	}
}

// People sign in to the new pool with the password that they had, and go on with the sub that they had.
func TestMovePool(t *testing.T) {
	ctx := t.Context()
	srpApp := userpool.Client{ID: "srp", AuthFlows: []userpool.AuthFlow{userpool.UserSRPAuth}}
	settings := func(id string) func(*userpool.Config) {
		return func(c *userpool.Config) {
			withProviders(c)
			c.ID = id
			c.Settings.Clients = append(c.Settings.Clients, srpApp)
		}
	}
	from := newKit(t, settings("eu-west-1_AbCd"))
	out, err := from.SignUp(ctx, userpool.SignUpInput{Username: "ada@example.com", Password: importedPassword})
	require.NoError(t, err)
	require.NoError(t, errOf(from.ConfirmSignUp(ctx, userpool.ConfirmSignUpInput{
		Username: "ada@example.com", ConfirmationCode: from.mail().Code, Session: out.Session,
	})))
	require.NoError(t, from.CreateGroup(ctx, userpool.Group{Name: "admins"}))
	require.NoError(t, from.AdminAddUserToGroup(ctx, "ada@example.com", "admins"))
	session := from.browserWith(t, "ada@example.com", importedPassword)
	exported := from.export(withSecrets)
	require.Contains(t, strings.Join(exported, ""), `"srp_verifier":{"pool":"AbCd"`)

	for id, srp := range map[string]bool{"us-east-1_AbCd": true, "eu-west-1_Other": false} {
		to := elsewhere(t, memstore.New(), settings(id))
		require.Equal(t, 1, to.importLines(userpool.ImportUsersInput{}, exported...).Imported)
		require.Equal(t, srp, len(everybody(t, to)["ada@example.com"].SRPVerifier) > 0, "a verifier is of the name of the pool")
		if srp {
			require.NoError(t, to.signInSRP(t, srpApp.ID, "AbCd", "ada@example.com", importedPassword))
			require.ErrorIs(t, to.signInSRP(t, srpApp.ID, "AbCd", "ada@example.com", password), userpool.NotAuthorized)
		}
		tokens, err := to.signIn("Ada@example.com", importedPassword)
		require.NoError(t, err)
		claims := to.claimsOf(to.VerifyAccessToken, tokens.AccessToken)
		require.Equal(t, out.UserSub, claims["sub"])
		require.Equal(t, []any{"admins"}, claims["cognito:groups"])
		_, err = to.signIn("ada@example.com", password)
		require.ErrorIs(t, err, userpool.NotAuthorized)
		_, err = to.BrowserSession(ctx, session)
		require.Error(t, err, "sessions stay behind")
		require.Zero(t, to.mails())
		// Where the verifier was dropped, the sign-in with the password has made another.
		require.NoError(t, to.signInSRP(t, srpApp.ID, strings.SplitN(id, "_", 2)[1], "ada@example.com", importedPassword))
	}
}

func (k *kit) browserWith(t testing.TB, email, password string) string {
	t.Helper()
	out, err := k.InitiateAuth(context.Background(), userpool.InitiateAuthInput{
		AuthFlow: userpool.UserPasswordAuth, Username: email, Password: password, Result: userpool.ResultBrowserSession,
	})
	require.NoError(t, err)
	return out.BrowserSession
}

// A person who came from a provider is the same person in the new pool.
func TestMovePool_Federated(t *testing.T) {
	from, f := federated(t, nil)
	u := from.federatedUser(t, f)
	to, f := federated(t, func(c *userpool.Config) { c.Store = memstore.New() })
	moved := to.importLines(userpool.ImportUsersInput{}, from.export(withSecrets)...)
	require.Equal(t, userpool.ImportUsersOutput{Imported: 1}, moved)
	same := to.federatedUser(t, f)
	require.Equal(t, u.Sub, same.Sub)
	require.Equal(t, u.Attributes, same.Attributes)
	require.Len(t, everybody(t, to), 1)
}

// Names that were chosen become addresses, and the other way round.
func TestMovePool_OtherNames(t *testing.T) {
	names := newKit(t, chosenNames("email"))
	names.importLines(userpool.ImportUsersInput{}, `{"username":"Ada","attributes":{"email":"ada@example.com"},"password_hash":"`+bcryptOf(t, password)+`"}`)
	addresses := elsewhere(t, memstore.New(), func(*userpool.Config) {})
	require.Equal(t, 1, addresses.importLines(userpool.ImportUsersInput{}, names.export(withSecrets)...).Imported)
	addresses.tokens("ada@example.com")

	back := elsewhere(t, memstore.New(), chosenNames("email"))
	out := back.importLines(userpool.ImportUsersInput{}, addresses.export(withSecrets)...)
	require.Equal(t, "sign_in_with", out.Errors[0].Field)
	line := strings.Replace(addresses.export(withSecrets)[0], `"sign_in_with":["email"],`, "", 1)
	require.Equal(t, 1, back.importLines(userpool.ImportUsersInput{}, line).Imported)
	back.tokens("ada")
}

// What is written of the beginning and end of an export and an import is in the audit trail, and no secret is.
func TestExport_Audit(t *testing.T) {
	k := newKit(t, nil)
	k.importLines(userpool.ImportUsersInput{}, `{"username":"ada@example.com","password_hash":"`+bcryptOf(t, password)+`","software_token":{"secret":"`+tokenSecret+`"}}`)
	k.export(withSecrets)
	log := k.log.String()
	require.Equal(t, 2, strings.Count(log, "ImportUsers"))
	require.Equal(t, 2, strings.Count(log, "ExportUsers"))
	for _, secret := range []string{"$2a$", tokenSecret, "ada@example.com"} {
		require.NotContains(t, log, secret)
	}
}

type brokenWriter struct{ left int }

func (w *brokenWriter) Write(p []byte) (int, error) {
	if w.left -= len(p); w.left < 0 {
		return 0, errors.New("disk full")
	}
	return len(p), nil
}

func TestExport_Fails(t *testing.T) {
	k := newKit(t, nil)
	k.importLines(userpool.ImportUsersInput{}, `{"type":"group","name":"admins"}`, `{"username":"ada@example.com","attributes":{"name":"`+strings.Repeat("x", 2000)+`"}}`)
	for _, left := range []int{0, 500} {
		_, err := k.ExportUsers(t.Context(), &brokenWriter{left}, withSecrets)
		require.ErrorContains(t, err, "disk full")
	}
	store := &tornStore{Store: k.config.Store}
	torn := k.again(func(c *userpool.Config) { c.Store = failingLists{store} })
	_, err := torn.ExportUsers(t.Context(), &bytes.Buffer{}, withSecrets)
	require.ErrorIs(t, err, userpool.ServiceUnavailable)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = k.ExportUsers(ctx, &bytes.Buffer{}, withSecrets)
	require.Error(t, err)
}

// failingLists is a store that lists no users.
type failingLists struct{ userpool.Store }

func (failingLists) ListUsers(context.Context, string, userpool.UserQuery) (userpool.UserPage, error) {
	return userpool.UserPage{}, errBroken
}

// signInSRP is the client's side of SRP (RFC 5054), as Cognito's libraries compute it.
func (k *kit) signInSRP(t testing.TB, clientID, pool, username, password string) error {
	t.Helper()
	n, ok := new(big.Int).SetString(""+
		"FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DD"+
		"EF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED"+
		"EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F"+
		"83655D23DCA3AD961C62F356208552BB9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3B"+
		"E39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF6955817183995497CEA956AE515D2261898FA0510"+
		"15728E5A8AAAC42DAD33170D04507A33A85521ABDF1CBA64ECFB850458DBEF0A8AEA71575D060C7DB3970F85A6E1E4C7"+
		"ABF5AE8CDB0933D71E8C94E04A25619DCEE3D2261AD2EE6BF12FFA06D98A0864D87602733EC86A64521F2B18177B200C"+
		"BBE117577A615D6C770988C0BAD946E208E24FA074E5AB3143DB5BFCE0FD108E4B82D120A93AD2CAFFFFFFFFFFFFFFFF", 16)
	require.True(t, ok)
	pad := func(i *big.Int) []byte {
		b := i.Bytes()
		if len(b) == 0 || b[0] >= 0x80 {
			return append([]byte{0}, b...)
		}
		return b
	}
	sum := func(parts ...[]byte) *big.Int {
		digest := sha256.Sum256(bytes.Join(parts, nil))
		return new(big.Int).SetBytes(digest[:])
	}
	mac := func(key []byte, parts ...[]byte) []byte {
		h := hmac.New(sha256.New, key)
		h.Write(bytes.Join(parts, nil))
		return h.Sum(nil)
	}
	unhex := func(text string) *big.Int {
		i, ok := new(big.Int).SetString(text, 16)
		require.True(t, ok)
		return i
	}
	g := big.NewInt(2)
	a := sum([]byte("an exponent for " + username))
	publicA := new(big.Int).Exp(g, a, n)
	out, err := k.InitiateAuth(t.Context(), userpool.InitiateAuthInput{
		AuthFlow: userpool.UserSRPAuth, ClientID: clientID, Username: username, SRPA: hex.EncodeToString(publicA.Bytes()),
	})
	require.NoError(t, err)
	c := out.Challenge.SRP
	inner := sha256.Sum256([]byte(pool + c.UserIDForSRP + ":" + password))
	x := sum(pad(unhex(c.Salt)), inner[:])
	publicB := unhex(c.B)
	u := sum(pad(publicA), pad(publicB))
	base := new(big.Int).Mul(sum(pad(n), pad(g)), new(big.Int).Exp(g, x, n))
	base.Mod(base.Sub(publicB, base), n)
	exponent := new(big.Int).Mul(u, x)
	secret := new(big.Int).Exp(base, exponent.Add(exponent, a), n)
	key := mac(mac(pad(u), pad(secret)), []byte("Caldera Derived Key\x01"))[:16]
	block, err := base64.StdEncoding.DecodeString(c.SecretBlock)
	require.NoError(t, err)
	at := k.clock.Now().UTC().Format("Mon Jan 2 15:04:05 UTC 2006")
	_, err = k.RespondToAuthChallenge(t.Context(), userpool.RespondToAuthChallengeInput{
		ChallengeName: out.Challenge.Name, Session: out.Challenge.Session, ClientID: clientID,
		Response: userpool.ChallengeResponse{
			Signature:   base64.StdEncoding.EncodeToString(mac(key, []byte(pool), []byte(c.UserIDForSRP), block, []byte(at))),
			SecretBlock: c.SecretBlock, Timestamp: at,
		},
	})
	return err
}

// BenchmarkExport reports lines a second.
func BenchmarkExport(b *testing.B) {
	k := newKit(b, nil)
	var lines strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&lines, `{"username":"user-%d@example.com","software_token":{"secret":"%s"}}`+"\n", i, tokenSecret)
	}
	k.importLines(userpool.ImportUsersInput{}, lines.String())
	began, n := time.Now(), 0
	for b.Loop() {
		out, err := k.ExportUsers(b.Context(), &bytes.Buffer{}, withSecrets)
		require.NoError(b, err)
		n += out.Users
	}
	b.ReportMetric(float64(n)/time.Since(began).Seconds(), "lines/s")
}
