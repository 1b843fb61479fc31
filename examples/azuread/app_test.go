package main

import (
	"context"
	"database/sql"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/federation/federationtest"
	"github.com/stepwell/stepwell/userpool/sqlstore"
)

// offline runs the program with its fake tenant on free ports.
func offline(t *testing.T) (*app, *federationtest.Entra) {
	t.Helper()
	var handler, fakeHandler http.Handler
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) }))
	t.Cleanup(server.Close)
	fakeServer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fakeHandler.ServeHTTP(w, r) }))
	t.Cleanup(fakeServer.Close)
	base := strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
	var tn tenant
	var err error
	fakeHandler, err = newFakeTenant(strings.Replace(fakeServer.URL, "127.0.0.1", "localhost", 1), base, &tn)
	require.NoError(t, err)
	data := t.TempDir()
	db, err := sql.Open("sqlite", sqlstore.SQLiteDSN(filepath.Join(data, "azuread.db")))
	require.NoError(t, err)
	t.Cleanup(func() { db.Close() })
	a, err := newApp(context.Background(), base, db, data, tn)
	require.NoError(t, err)
	handler = a
	return a, fakeHandler.(*federationtest.Entra)
}

// visitor is a browser that follows redirects.
func visitor(t *testing.T) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	return &http.Client{Jar: jar}
}

var field = regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)">`)

// do performs a request of a browser, and presses Continue on the page that takes an answer which came without cookies.
func do(t *testing.T, client *http.Client, r *http.Request) string {
	t.Helper()
	resp, err := client.Do(r)
	require.NoError(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return string(body)
}

func get(t *testing.T, client *http.Client, address string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	require.NoError(t, err)
	return do(t, client, r)
}

func TestOffline(t *testing.T) {
	a, entra := offline(t)
	for _, provider := range []string{oidcProvider, samlProvider} {
		for name, admin := range map[string]bool{"alice": true, "bob": false} {
			t.Run(provider+"/"+name, func(t *testing.T) {
				client := visitor(t)
				require.Contains(t, get(t, client, a.base), "Sign in with your work account")
				back, err := entra.SignIn(client, a.ui.ProviderURL(provider, "/"), name+"@"+fakeDomain)
				require.NoError(t, err)
				home := do(t, client, back)
				require.Contains(t, home, "Hello, "+strings.ToUpper(name[:1])+name[1:]+" Example")
				require.Contains(t, home, name+"@"+fakeDomain)
				require.Equal(t, admin, strings.Contains(home, "makes you an administrator"), home)

				// The session at the directory ends with the one here.
				page := get(t, client, a.base+"/auth/signout")
				form := url.Values{}
				for _, f := range field.FindAllStringSubmatch(page, -1) {
					form.Set(f[1], f[2])
				}
				r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, a.base+"/auth/signout", strings.NewReader(form.Encode()))
				require.NoError(t, err)
				r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
				r.Header.Set("Origin", a.base)
				between := do(t, client, r)
				out := regexp.MustCompile(`href="(http://[^"]+)"`).FindStringSubmatch(between)
				require.NotNil(t, out, between)
				done, err := entra.SignOut(client, strings.ReplaceAll(out[1], "&amp;", "&"))
				require.NoError(t, err)
				require.NotEmpty(t, done.Next)
				require.Contains(t, get(t, client, done.Next), "You are signed out.")
				require.Contains(t, get(t, client, a.base), "Sign in with your work account")
			})
		}
	}
}

// Who signs out at the directory is signed out here.
func TestOffline_SignOutElsewhere(t *testing.T) {
	a, entra := offline(t)
	client := visitor(t)
	back, err := entra.SignIn(client, a.ui.ProviderURL(oidcProvider, "/"), "alice@"+fakeDomain)
	require.NoError(t, err)
	require.Contains(t, do(t, client, back), "Hello, Alice")
	out, err := entra.SignOut(client, entra.URL()+"/"+federationtest.ContosoTenantID+"/oauth2/v2.0/logout")
	require.NoError(t, err)
	require.NotEmpty(t, out.Frames)
	for _, frame := range out.Frames { // of another site: a browser sends no cookie that is SameSite=Lax
		get(t, visitor(t), frame)
	}
	require.Contains(t, get(t, client, a.base), "Sign in with your work account")
}

// An administrator sees what the directory sends, and is not signed in.
func TestOffline_Diagnostic(t *testing.T) {
	a, entra := offline(t)
	for _, provider := range []string{oidcProvider, samlProvider} {
		client := visitor(t)
		link, err := a.test.Link(provider, 0)
		require.NoError(t, err)
		page := get(t, client, link)
		begin := regexp.MustCompile(`class="button[^"]*" href="([^"]+)"`).FindStringSubmatch(page)
		require.NotNil(t, begin, page)
		start, err := url.Parse(link)
		require.NoError(t, err)
		to, err := start.Parse(strings.ReplaceAll(begin[1], "&amp;", "&"))
		require.NoError(t, err)
		back, err := entra.SignIn(client, to.String(), "alice@"+fakeDomain)
		require.NoError(t, err)
		report := do(t, client, back)
		require.Contains(t, report, fakeAdmins, "the groups that the directory sends")
		require.Contains(t, report, "alice@"+fakeDomain)
		require.Contains(t, get(t, client, a.base), "Sign in with your work account", "nobody is signed in")
	}
}

func TestTenantOf(t *testing.T) {
	all := map[string]string{envTenant: "t", envClient: "c", envSecret: "s", envSAML: "a"}
	got, err := tenantOf(func(name string) string { return all[name] })
	require.NoError(t, err)
	require.False(t, got.fake())
	got, err = tenantOf(func(string) string { return "" })
	require.NoError(t, err)
	require.True(t, got.fake())
	delete(all, envSecret)
	_, err = tenantOf(func(name string) string { return all[name] })
	require.ErrorContains(t, err, envSecret)
}

// The fake tenant asks for no password: it is for this machine only.
func TestRun_FakeOnLoopback(t *testing.T) {
	for _, address := range []string{"0.0.0.0:8081", ":8081", "192.0.2.1:8081", "example.com:8081", "localhost"} {
		err := run(t.Context(), "localhost:0", "", address, t.TempDir())
		require.ErrorContains(t, err, "loopback", address)
	}
}
