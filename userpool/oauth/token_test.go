package oauth_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
)

var (
	otherAuth = basic("other", "other-secret-other-secret-other")
	apiAuth   = basic("api", "api-secret-api-secret-api-secret")
)

func TestO4_CodeOfAnotherClient(t *testing.T) {
	for name, thief := range map[string]struct {
		form []string
		auth func(*http.Request)
	}{
		"confidential": {nil, otherAuth},
		"posted":       {[]string{"client_id", "api", "client_secret", "api-secret-api-secret-api-secret"}, nil},
		"public":       {[]string{"client_id", "spa"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEnv(t)
			code := e.code(e.ada())
			var options []func(*http.Request)
			if thief.auth != nil {
				options = append(options, thief.auth)
			}
			a := e.token(codeForm(code, thief.form...), options...)
			require.Equal(t, http.StatusBadRequest, a.Status)
			require.Equal(t, "invalid_grant", a.Error)
			a = e.token(codeForm(code), webAuth)
			require.Equal(t, "invalid_grant", a.Error, "the code is burned")
		})
	}
	t.Run("no client_id", func(t *testing.T) {
		e := newEnv(t)
		code := e.code(e.ada())
		a := e.token(codeForm(code))
		require.Equal(t, http.StatusUnauthorized, a.Status)
		require.Equal(t, "invalid_client", a.Error)
		require.Equal(t, http.StatusOK, e.token(codeForm(code), webAuth).Status, "who is nobody burns nothing")
	})
}

func TestO5_CodeTwice(t *testing.T) {
	e := newEnv(t)
	code := e.code(e.ada())
	first := e.token(codeForm(code), webAuth)
	require.Equal(t, http.StatusOK, first.Status, first.ErrorDescription)
	require.Equal(t, http.StatusOK, e.userInfo(first.AccessToken).StatusCode)

	require.Equal(t, "invalid_grant", e.token(codeForm(code), webAuth).Error)
	require.Equal(t, "invalid_grant", e.token(refreshForm(first.RefreshToken), webAuth).Error)
	require.Equal(t, http.StatusUnauthorized, e.userInfo(first.AccessToken).StatusCode)
}

func TestO5_FiftyRedemptions(t *testing.T) {
	e := newEnv(t)
	code := e.code(e.ada())
	var wg sync.WaitGroup
	statuses := make([]int, 50)
	for i := range statuses {
		wg.Go(func() { statuses[i] = e.post("/oauth2/token", codeForm(code), webAuth).StatusCode })
	}
	wg.Wait()
	slices.Sort(statuses)
	require.Equal(t, http.StatusOK, statuses[0])
	require.Equal(t, http.StatusBadRequest, statuses[1])
	require.Equal(t, http.StatusBadRequest, statuses[49])
}

func TestO6_CodeNoLongerGood(t *testing.T) {
	for name, spoil := range map[string]func(*env) url.Values{
		"expired": func(e *env) url.Values { e.clock.Advance(5*time.Minute + time.Second); return nil },
		"disabled user": func(e *env) url.Values {
			require.NoError(e.t, e.pool.AdminDisableUser(e.t.Context(), "ada@example.com"))
			return nil
		},
		"deleted user": func(e *env) url.Values {
			require.NoError(e.t, e.pool.AdminDeleteUser(e.t.Context(), "ada@example.com"))
			return nil
		},
		"signed out": func(e *env) url.Values {
			require.NoError(e.t, e.pool.AdminUserGlobalSignOut(e.t.Context(), "ada@example.com"))
			return nil
		},
		"password changed":   func(e *env) url.Values { e.changePassword("ada@example.com"); return nil },
		"other redirect_uri": func(*env) url.Values { return url.Values{"redirect_uri": {callback + "?tenant=a"}} },
		"other spelling":     func(*env) url.Values { return url.Values{"redirect_uri": {callback + "/"}} },
		"other verifier":     func(*env) url.Values { return url.Values{"code_verifier": {strings.Repeat("a", 43)}} },
	} {
		t.Run(name, func(t *testing.T) {
			e := newEnv(t)
			form := codeForm(e.code(e.ada()))
			for k, v := range spoil(e) {
				form[k] = v
			}
			a := e.token(form, webAuth)
			require.Equal(t, "invalid_grant", a.Error)
			require.Equal(t, http.StatusBadRequest, a.Status)
		})
	}
	t.Run("session ended", func(t *testing.T) {
		e := newEnv(t)
		session := e.ada()
		code := e.code(session)
		require.NoError(t, e.pool.EndBrowserSession(t.Context(), session))
		require.Equal(t, "invalid_grant", e.token(codeForm(code), webAuth).Error)
	})
	t.Run("just before expiry", func(t *testing.T) {
		e := newEnv(t)
		code := e.code(e.ada())
		e.clock.Advance(5*time.Minute - time.Second)
		require.Equal(t, http.StatusOK, e.token(codeForm(code), webAuth).Status)
	})
}

func TestO7_Verifier(t *testing.T) {
	e := newEnv(t)
	session := e.ada()
	longest := strings.Repeat("-._~", 32)
	for name, c := range map[string]struct{ challenge, verifier, want string }{
		"missing":        {challenge, "", "invalid_request"},
		"the challenge":  {challenge, challenge, "invalid_grant"},
		"42 characters":  {challengeOf(verifier[1:]), verifier[1:], "invalid_request"},
		"129 characters": {challengeOf(longest + "a"), longest + "a", "invalid_request"},
		"bad alphabet":   {challengeOf(verifier + "+"), verifier + "+", "invalid_request"},
		"unicode":        {challengeOf(verifier + "é"), verifier + "é", "invalid_request"},
		"space":          {challengeOf(verifier + " "), verifier + " ", "invalid_request"},
		"another":        {challenge, strings.Repeat("a", 64), "invalid_grant"},
		"longest":        {challengeOf(longest), longest, ""},
		"RFC 7636 B":     {challenge, verifier, ""},
	} {
		t.Run(name, func(t *testing.T) {
			a := e.token(codeForm(e.code(session, "code_challenge", c.challenge), "code_verifier", c.verifier), webAuth)
			require.Equal(t, c.want, a.Error, a.ErrorDescription)
		})
	}
}

func TestO13_GrantTypes(t *testing.T) {
	e := newEnv(t)
	code := e.code(e.ada())
	for _, grant := range []string{
		"password", "client_credentials", "implicit", "urn:ietf:params:oauth:grant-type:device_code", "urn:ietf:params:oauth:grant-type:jwt-bearer",
		"urn:ietf:params:oauth:grant-type:token-exchange", "Authorization_Code", "authorization_code ",
	} {
		form := codeForm(code, "grant_type", grant)
		form.Set("username", "ada@example.com")
		form.Set("password", password)
		a := e.token(form, webAuth)
		require.Equal(t, "unsupported_grant_type", a.Error, grant)
		require.Equal(t, http.StatusBadRequest, a.Status)
	}
	require.Equal(t, "invalid_request", e.token(codeForm(code, "grant_type", ""), webAuth).Error)
	require.Equal(t, "invalid_request", e.token(codeForm("", "code", ""), webAuth).Error)
	require.Equal(t, "invalid_request", e.token(codeForm(code, "redirect_uri", ""), webAuth).Error)
	require.Equal(t, "invalid_request", e.token(refreshForm(""), webAuth).Error)
	require.Equal(t, "invalid_grant", e.token(refreshForm("junk"), webAuth).Error)
	require.Equal(t, http.StatusOK, e.token(codeForm(code), webAuth).Status, "none of these burned the code")
}

func TestO14_ClientAuthentication(t *testing.T) {
	secret := "api-secret-api-secret-api-secret"
	for name, c := range map[string]struct {
		form    []string
		options []func(*http.Request)
		status  int
		want    string
	}{
		"wrong secret":                  {nil, []func(*http.Request){basic("api", "wrong")}, 401, "invalid_client"},
		"secret of another":             {nil, []func(*http.Request){basic("api", webSecret)}, 401, "invalid_client"},
		"prefix of the secret":          {nil, []func(*http.Request){basic("api", secret[:31])}, 401, "invalid_client"},
		"secret in other case":          {nil, []func(*http.Request){basic("api", strings.ToUpper(secret))}, 401, "invalid_client"},
		"unknown client":                {nil, []func(*http.Request){basic("nobody", secret)}, 401, "invalid_client"},
		"unknown public client":         {[]string{"client_id", "nobody"}, nil, 401, "invalid_client"},
		"posted wrong secret":           {[]string{"client_id", "api", "client_secret", "wrong"}, nil, 401, "invalid_client"},
		"confidential without secret":   {[]string{"client_id", "api"}, nil, 401, "invalid_client"},
		"empty secret":                  {nil, []func(*http.Request){basic("api", "")}, 401, "invalid_client"},
		"public with a secret":          {[]string{"client_id", "spa", "client_secret", "x"}, nil, 401, "invalid_client"},
		"public by Basic":               {nil, []func(*http.Request){basic("spa", "x")}, 401, "invalid_client"},
		"public by Basic, empty secret": {nil, []func(*http.Request){basic("spa", "")}, 401, "invalid_client"},
		"no colon":                      {nil, []func(*http.Request){rawBasic("api")}, 401, "invalid_client"},
		"unescaped colon":               {nil, []func(*http.Request){rawBasic("api:" + secret + ":x")}, 401, "invalid_client"},
		"broken escape":                 {nil, []func(*http.Request){rawBasic("api:%zz")}, 401, "invalid_client"},
		"not UTF-8":                     {nil, []func(*http.Request){rawBasic("api:%ff")}, 401, "invalid_client"},
		"not Base64":                    {nil, []func(*http.Request){header("Authorization", "Basic %%%")}, 401, "invalid_client"},
		"no scheme":                     {nil, []func(*http.Request){header("Authorization", "YXBpOng=")}, 401, "invalid_client"},
		"Bearer":                        {[]string{"client_id", "spa"}, []func(*http.Request){header("Authorization", "Bearer x")}, 401, "invalid_client"},
		"both at once":                  {[]string{"client_id", "api", "client_secret", secret}, []func(*http.Request){apiAuth}, 400, "invalid_request"},
		"both, other client":            {[]string{"client_id", "spa"}, []func(*http.Request){apiAuth}, 400, "invalid_request"},
		"header twice":                  {nil, []func(*http.Request){apiAuth, apiAuth}, 400, "invalid_request"},
		"secret in the query": {[]string{"client_id", "api"}, []func(*http.Request){func(r *http.Request) {
			r.URL.RawQuery = "client_secret=" + secret
		}}, 400, "invalid_request"},
		"client assertion":         {[]string{"client_id", "api", "client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer", "client_assertion", "e30.e30."}, nil, 401, "invalid_client"},
		"public, client assertion": {[]string{"client_id", "spa", "client_assertion", "e30.e30."}, nil, 401, "invalid_client"},
		"Basic":                    {nil, []func(*http.Request){apiAuth}, 400, "invalid_grant"},
		"basic": {nil, []func(*http.Request){func(r *http.Request) {
			r.SetBasicAuth("api", secret)
			r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), "Basic", "bASIC", 1))
		}}, 400, "invalid_grant"},
		"Basic and its id": {[]string{"client_id", "api"}, []func(*http.Request){apiAuth}, 400, "invalid_grant"},
		"posted":           {[]string{"client_id", "api", "client_secret", secret}, nil, 400, "invalid_grant"},
		"public":           {[]string{"client_id", "spa"}, nil, 400, "invalid_grant"},
		"escaped secret":   {nil, []func(*http.Request){webAuth}, 400, "invalid_grant"},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEnv(t)
			res := e.post("/oauth2/token", codeForm(strings.Repeat("x", 43), c.form...), c.options...)
			a := e.answer(res)
			require.Equal(t, c.want, a.Error, a.ErrorDescription)
			require.Equal(t, c.status, a.Status)
			if c.status == http.StatusUnauthorized {
				require.Equal(t, `Basic realm="https://id.example.com", charset="UTF-8"`, res.Header.Get("WWW-Authenticate"))
			}
			require.NotContains(t, e.logs.String(), secret)
		})
	}
}

func TestO16_RefreshReplay(t *testing.T) {
	e := newEnv(t)
	first := e.tokens(e.ada())
	second := e.token(refreshForm(first.RefreshToken), webAuth)
	require.Equal(t, http.StatusOK, second.Status, second.ErrorDescription)
	require.NotEqual(t, first.RefreshToken, second.RefreshToken)

	e.clock.Advance(9 * time.Second)
	again := e.token(refreshForm(first.RefreshToken), webAuth)
	require.Equal(t, http.StatusOK, again.Status, "within the grace period the answer may have been lost")

	e.clock.Advance(2 * time.Second)
	require.Equal(t, "invalid_grant", e.token(refreshForm(first.RefreshToken), webAuth).Error)
	require.Equal(t, "invalid_grant", e.token(refreshForm(second.RefreshToken), webAuth).Error, "the family is revoked")
	require.Equal(t, "invalid_grant", e.token(refreshForm(again.RefreshToken), webAuth).Error)
	require.Equal(t, http.StatusUnauthorized, e.userInfo(second.AccessToken).StatusCode)
	require.Contains(t, e.logs.String(), "a refresh token was used again")
}

func TestO16_FiftyRefreshes(t *testing.T) {
	e := newEnv(t, func(c *userpool.Config) {
		for i := range c.Settings.Clients {
			c.Settings.Clients[i].RetryGracePeriod = -1
		}
	})
	token := e.tokens(e.ada()).RefreshToken
	var wg sync.WaitGroup
	statuses := make([]int, 50)
	for i := range statuses {
		wg.Go(func() { statuses[i] = e.post("/oauth2/token", refreshForm(token), webAuth).StatusCode })
	}
	wg.Wait()
	slices.Sort(statuses)
	require.Equal(t, http.StatusOK, statuses[0])
	require.Equal(t, http.StatusBadRequest, statuses[1])
}

func TestO17_RefreshNoLongerGood(t *testing.T) {
	for name, spoil := range map[string]func(e *env, session string, a answer){
		"revoked": func(e *env, _ string, a answer) {
			require.Equal(e.t, 200, e.post("/oauth2/revoke", url.Values{"token": {a.RefreshToken}}, webAuth).StatusCode)
		},
		"signed out by the application": func(e *env, session string, a answer) {
			res := e.get("/logout?id_token_hint="+a.IDToken+"&post_logout_redirect_uri="+url.QueryEscape(goodbye), session)
			require.Equal(e.t, goodbye, res.Header.Get("Location"))
		},
		"signed out everywhere": func(e *env, _ string, _ answer) {
			require.NoError(e.t, e.pool.AdminUserGlobalSignOut(e.t.Context(), "ada@example.com"))
		},
		"password changed": func(e *env, _ string, _ answer) { e.changePassword("ada@example.com") },
		"disabled": func(e *env, _ string, _ answer) {
			require.NoError(e.t, e.pool.AdminDisableUser(e.t.Context(), "ada@example.com"))
		},
		"deleted": func(e *env, _ string, _ answer) {
			require.NoError(e.t, e.pool.AdminDeleteUser(e.t.Context(), "ada@example.com"))
		},
		"expired": func(e *env, _ string, _ answer) { e.clock.Advance(30*24*time.Hour + time.Second) },
	} {
		t.Run(name, func(t *testing.T) {
			e := newEnv(t)
			session := e.ada()
			a := e.tokens(session)
			require.Equal(t, http.StatusOK, e.userInfo(a.AccessToken).StatusCode)
			spoil(e, session, a)
			b := e.token(refreshForm(a.RefreshToken), webAuth)
			require.Equal(t, "invalid_grant", b.Error)
			require.Equal(t, http.StatusBadRequest, b.Status)
			require.Equal(t, http.StatusUnauthorized, e.userInfo(a.AccessToken).StatusCode)
		})
	}
	t.Run("other client", func(t *testing.T) {
		e := newEnv(t)
		a := e.tokens(e.ada())
		require.Equal(t, "invalid_grant", e.token(refreshForm(a.RefreshToken), otherAuth).Error)
		form := refreshForm(a.RefreshToken)
		form.Set("client_id", "spa")
		require.Equal(t, "invalid_grant", e.token(form).Error)
		require.Equal(t, http.StatusOK, e.token(refreshForm(a.RefreshToken), webAuth).Status, "a thief who is another client ends nobody's session")
	})
	t.Run("removed from a group", func(t *testing.T) {
		e := newEnv(t)
		session := e.ada()
		require.NoError(t, e.pool.CreateGroup(t.Context(), userpool.Group{Name: "admins"}))
		require.NoError(t, e.pool.AdminAddUserToGroup(t.Context(), "ada@example.com", "admins"))
		a := e.tokens(session)
		require.Equal(t, []any{"admins"}, claims(t, a.AccessToken)["cognito:groups"])
		require.NoError(t, e.pool.AdminRemoveUserFromGroup(t.Context(), "ada@example.com", "admins"))
		b := e.token(refreshForm(a.RefreshToken), webAuth)
		require.Equal(t, http.StatusOK, b.Status)
		require.NotContains(t, claims(t, b.AccessToken), "cognito:groups")
	})
}

func TestO18_RefreshHasAnEnd(t *testing.T) {
	e := newEnv(t)
	a := e.tokens(e.ada())
	for range 29 {
		e.clock.Advance(24 * time.Hour)
		a = e.token(refreshForm(a.RefreshToken), webAuth)
		require.Equal(t, http.StatusOK, a.Status, a.ErrorDescription)
	}
	e.clock.Advance(24*time.Hour + time.Second)
	require.Equal(t, "invalid_grant", e.token(refreshForm(a.RefreshToken), webAuth).Error)
}

func TestO36_TokenRequestShape(t *testing.T) {
	e := newEnv(t)
	code := e.code(e.ada())
	set := func(kind string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set("Content-Type", kind) }
	}
	for _, kind := range []string{"application/json", "text/plain", "", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded; charset=utf-16", ";;"} {
		a := e.token(codeForm(code), webAuth, set(kind))
		require.Equal(t, http.StatusBadRequest, a.Status, kind)
		require.Equal(t, "invalid_request", a.Error)
	}
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		res := e.do(httptest.NewRequest(method, "/oauth2/token?"+codeForm(code).Encode(), nil))
		require.Equal(t, http.StatusMethodNotAllowed, res.StatusCode, method)
		require.Equal(t, "POST", res.Header.Get("Allow"))
	}
	long := url.Values{"x": {strings.Repeat("x", 10<<20)}}
	require.Equal(t, http.StatusRequestEntityTooLarge, e.token(long, webAuth).Status)
	unknownLength := func(r *http.Request) { r.ContentLength = -1 }
	require.Equal(t, http.StatusRequestEntityTooLarge, e.token(long, webAuth, unknownLength).Status)
	require.Equal(t, http.StatusUnsupportedMediaType, e.token(codeForm(code), webAuth, header("Content-Encoding", "gzip")).Status)

	many := codeForm(code)
	for i := range 100 {
		many.Set(fmt.Sprint("p", i), "1")
	}
	require.Equal(t, "invalid_request", e.token(many, webAuth).Error)
	for _, raw := range []string{"grant_type=authorization_code&grant_type=authorization_code", "code=%zz", "code=%ff", "code=%00", "a;b=c"} {
		replace := func(r *http.Request) { r.Body, r.ContentLength = io.NopCloser(strings.NewReader(raw)), int64(len(raw)) }
		a := e.token(nil, webAuth, replace)
		require.Equal(t, "invalid_request", a.Error, raw)
	}
	a := e.token(codeForm(code), webAuth, set("application/x-www-form-urlencoded;charset=UTF-8"))
	require.Equal(t, http.StatusOK, a.Status, "none of these burned the code")
}

// TestO36_SlowBody needs a connection.
func TestO36_SlowBody(t *testing.T) {
	e := newEnv(t)
	e.handler.SetBodyTimeout(100 * time.Millisecond)
	srv := httptest.NewServer(e.handler)
	defer srv.Close()
	conn, err := net.Dial("tcp", srv.Listener.Addr().String())
	require.NoError(t, err)
	defer conn.Close()
	_, err = io.WriteString(conn, "POST /oauth2/token HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\nc")
	require.NoError(t, err)
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(10*time.Second)))
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusRequestTimeout, res.StatusCode)
}
