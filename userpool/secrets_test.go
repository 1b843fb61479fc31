package userpool_test

import (
	"bytes"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/sqlstore"
)

// What is in the database, and what is in the log, signs nobody in: none of the secrets that were given out, nor any of their parts, and
// no private key, is to be found there.
func TestD7_H12_NothingUsableInDumpAndLog(t *testing.T) {
	db, err := sql.Open("sqlite", sqlstore.SQLiteDSN(filepath.Join(t.TempDir(), "pool.db")))
	require.NoError(t, err)
	defer db.Close()
	store, err := sqlstore.Open(t.Context(), db, sqlstore.SQLite)
	require.NoError(t, err)
	f := &fakeProvider{subject: "subject-1"}
	k := newKitOn(t, store, func(c *userpool.Config) {
		c.Providers = []userpool.Provider{{Name: "Example", IdentityProvider: f}}
	})
	secrets := map[string]string{"password": password, "client secret": backendSecret, "browser": browserSecret, "pending": "verifier and nonce"}
	out, err := k.SignUp(t.Context(), signUp("pending@example.com"))
	require.NoError(t, err)
	secrets["sign-up code"] = k.mail().Code
	k.user("ada@example.com")
	_, err = k.ForgotPassword(t.Context(), userpool.ForgotPasswordInput{Username: "ada@example.com"})
	require.NoError(t, err)
	secrets["recovery code"] = k.mail().Code
	browser := k.browser("ada@example.com")
	tokens := k.tokens("ada@example.com")
	code, _ := k.code(t, "webapp", browser, nil)
	k.begin(t, "Example")
	secrets["authorization code"], secrets["state"] = code, f.state
	secrets["browser session"] = strings.Split(browser, ".")[1]
	parts := strings.Split(tokens.RefreshToken, ".")
	secrets["family secret"], secrets["refresh secret"] = parts[2], parts[3]
	secrets["access token"], secrets["ID token"] = tokens.AccessToken, tokens.IDToken
	_, err = k.signIn("ada@example.com", "a wrong password to be logged")
	require.ErrorIs(t, err, userpool.NotAuthorized)
	secrets["wrong password"] = "a wrong password to be logged"
	_, err = k.RedeemAuthorizationCode(t.Context(), userpool.RedeemAuthorizationCodeInput{ClientID: "webapp", Code: code, CodeVerifier: verifier})
	require.Error(t, err)
	_, err = k.RedeemAuthorizationCode(t.Context(), userpool.RedeemAuthorizationCodeInput{ClientID: "webapp", Code: code, CodeVerifier: verifier})
	require.Error(t, err)
	require.NotEmpty(t, k.log.String())
	require.NotEmpty(t, out.Session)

	dump := dumpSQLite(t, db)
	require.Contains(t, dump, "ada@example.com", "the dump is no dump")
	for name, secret := range secrets {
		require.False(t, containsWord(dump, secret), "%s is in the database", name)
		require.False(t, containsWord(k.log.String(), secret), "%s is in the log", name)
	}
	require.NotContains(t, dump, `"d"`, "a private key is in the database")
}

// containsWord finds a secret; one of six digits just where no other digit or letter is beside it, as hashes have many.
func containsWord(text, secret string) bool {
	for rest := text; ; {
		i := strings.Index(rest, secret)
		if i < 0 {
			return false
		}
		end := i + len(secret)
		alone := func(b byte) bool { return !strings.ContainsRune("0123456789abcdefABCDEF", rune(b)) }
		if len(secret) > 6 || (i == 0 || alone(rest[i-1])) && (end == len(rest) || alone(rest[end])) {
			return true
		}
		rest = rest[end:]
	}
}

// dumpSQLite writes out every value of every table, bytes as they are and in hexadecimal.
func dumpSQLite(t *testing.T, db *sql.DB) string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), `SELECT name FROM sqlite_master WHERE type = 'table'`)
	require.NoError(t, err)
	var tables []string
	for rows.Next() {
		var name string
		require.NoError(t, rows.Scan(&name))
		tables = append(tables, name)
	}
	require.NoError(t, rows.Err())
	rows.Close()
	require.NotEmpty(t, tables)
	var b strings.Builder
	for _, table := range tables {
		rows, err := db.QueryContext(t.Context(), `SELECT * FROM `+table)
		require.NoError(t, err)
		columns, err := rows.Columns()
		require.NoError(t, err)
		for rows.Next() {
			values := make([]any, len(columns))
			for i := range values {
				values[i] = new(any)
			}
			require.NoError(t, rows.Scan(values...))
			for i, v := range values {
				value := *v.(*any)
				if raw, ok := value.([]byte); ok {
					fmt.Fprintf(&b, "%s.%s: %s (%x)\n", table, columns[i], raw, raw)
					continue
				}
				fmt.Fprintf(&b, "%s.%s: %v\n", table, columns[i], value)
			}
		}
		require.NoError(t, rows.Err())
		rows.Close()
	}
	return b.String()
}

func TestKeyWrapper(t *testing.T) {
	_, err := userpool.NewKeyWrapper(make([]byte, 16))
	require.ErrorContains(t, err, "32 bytes, not 16")
	w, err := userpool.NewKeyWrapper(bytes.Repeat([]byte{1}, 32))
	require.NoError(t, err)
	sealed, err := w.Wrap([]byte("the key"), "label")
	require.NoError(t, err)
	require.NotContains(t, string(sealed), "the key")
	key, err := w.Unwrap(sealed, "label")
	require.NoError(t, err)
	require.Equal(t, "the key", string(key))
	_, err = w.Unwrap(sealed, "another label")
	require.Error(t, err)
	for i := range sealed {
		bad := bytes.Clone(sealed)
		bad[i] ^= 1
		_, err = w.Unwrap(bad, "label")
		require.Error(t, err)
	}
	for _, short := range [][]byte{nil, {}, sealed[:5]} {
		_, err = w.Unwrap(short, "label")
		require.Error(t, err)
	}
}

// A pool that is begun under one wrapping key says under another what is wrong, and signs nothing.
func TestKeyWrapper_AnotherKey(t *testing.T) {
	k := newKit(t, nil)
	k.user("ada@example.com")
	other := k.again(func(c *userpool.Config) {
		var err error
		c.KeyWrapper, err = userpool.NewKeyWrapper(bytes.Repeat([]byte{8}, 32))
		require.NoError(t, err)
	})
	_, err := other.KeySet(t.Context())
	require.ErrorContains(t, err, "another wrapping key")
	_, err = other.signIn("ada@example.com", password)
	require.ErrorContains(t, err, "another wrapping key")
}

func TestKeyFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pool.key")
	wrappers := make([]userpool.KeyWrapper, 20)
	require.Equal(t, len(wrappers), parallel(len(wrappers), func(i int) (err error) {
		wrappers[i], err = userpool.KeyFile(path)
		return err
	}))
	sealed, err := wrappers[0].Wrap([]byte("key"), "label")
	require.NoError(t, err)
	for _, w := range wrappers {
		_, err := w.Unwrap(sealed, "label")
		require.NoError(t, err, "processes that start at once share one key")
	}
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	left, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	require.Len(t, left, 1, "nothing is left beside it")
	require.NoError(t, os.WriteFile(path, []byte("short"), 0o600))
	_, err = userpool.KeyFile(path)
	require.ErrorContains(t, err, "5 bytes, not 32")
	_, err = userpool.KeyFile(filepath.Join(path, "x"))
	require.Error(t, err)
}
