package oauth_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
)

// nearMisses are not callback, though some reader of URLs takes each for it or for a part of it.
var nearMisses = []string{
	// Another spelling of the same address.
	"https://app.example.com/callback/", "https://app.example.com//callback", "https://app.example.com/./callback",
	"https://app.example.com/x/../callback", "https://app.example.com/%63allback", "https://app.example.com/callbac%6b",
	"https://app.example.com/callback%00", "https://app.example.com/callback%20", "https://app.example.com/callback ",
	" https://app.example.com/callback", "https://app.example.com/callback\t", "https://app.example.com/callback\n",
	"https://app.example.com/callback\r\nX-Injected: 1", "https://app.example.com:443/callback", "https://app.example.com:/callback",
	"https://APP.example.com/callback", "HTTPS://app.example.com/callback", "https://app.example.com/Callback",
	"https://app.example.com./callback", "https://app%2eexample.com/callback", "https:///app.example.com/callback",
	"https:/app.example.com/callback", "https:app.example.com/callback", "https:\\\\app.example.com\\callback",
	"https://app.example.com\\callback", "https://app.example.com/callback?", "https://app.example.com/callback#",
	"https://app.example.com/callback#fragment", "https://app.example.com/callback?tenant=", "https://app.example.com/callback?tenant=b",
	"https://app.example.com/callback?tenant=a&", "https://app.example.com/callback?tenant=a&x=1", "https://app.example.com/callback?x=1",
	"https://app.example.com/callback?tenant=a&tenant=a", "https://app.example.com/callback?Tenant=a", "https://app.example.com/callback?tenant=A",
	"https://app.example.com/callback?tenant=%61", "https://app.example.com/callback?tenant=a#x", "https://app.example.com/callback?&tenant=a",
	"https://app.example.com/callback;tenant=a", "https://app.example.com/callback;jsessionid=1", "https://app.example.com/callback&x=1",
	// Another path.
	"https://app.example.com", "https://app.example.com/", "https://app.example.com/call", "https://app.example.com/callback2",
	"https://app.example.com/callback/evil", "https://app.example.com/callback/..", "https://app.example.com/callback/../evil",
	"https://app.example.com/callback/..%2fevil", "https://app.example.com/callback%2f..%2fevil", "https://app.example.com/callback/%2e%2e/evil",
	"https://app.example.com/evil", "https://app.example.com/evil/callback", "https://app.example.com/callback..", "https://app.example.com/*",
	"https://app.example.com/callback*",
	// Another scheme.
	"http://app.example.com/callback", "//app.example.com/callback", "app.example.com/callback", "/callback", "callback", "ftp://app.example.com/callback",
	"javascript:alert(1)", "javascript://app.example.com/callback%0aalert(1)", "data:text/html,<script>alert(1)</script>", "file:///callback",
	"blob:https://app.example.com/callback", "view-source:https://app.example.com/callback", "com.example.app:/done", "about:blank", "vbscript:x",
	// Another host.
	"https://evil.example", "https://evil.example/callback", "https://app.example.com.evil.example/callback", "https://evil.example/app.example.com/callback",
	"https://evil.example?https://app.example.com/callback", "https://evil.example#https://app.example.com/callback",
	"https://app.example.com@evil.example/callback", "https://app.example.com%40evil.example/callback", "https://app.example.com:x@evil.example/callback",
	"https://evil.example\\@app.example.com/callback", "https://evil.example%2f@app.example.com/callback", "https://evil@app.example.com/callback",
	"https://evil.example/@app.example.com/callback", "https://evilapp.example.com/callback", "https://sub.app.example.com/callback",
	"https://app.example.co/callback", "https://app.example.comm/callback", "https://app.example.com:8443/callback", "https://app.example.com:4430/callback",
	"https://app-example.com/callback", "https://appxexample.com/callback", "https://xn--pp-iia.example.com/callback", "https://\u0430pp.example.com/callback",
	"https://app.example.com\u3002evil.example/callback", "https://app.example.com\u2025/callback", "https://127.0.0.1/callback", "https://[::1]/callback",
	"https://localhost/callback", "https://0/callback", "https://app.example.com,evil.example/callback",
	"https://app.example.com/callback https://evil.example/", "https://app.example.com/callback,https://evil.example/",
	// Another client's.
	"https://spa.example.com/cb", "https://other.example.com/cb",
}

func TestO1_RedirectNearMisses(t *testing.T) {
	e := newEnv(t)
	session := e.ada()
	require.GreaterOrEqual(t, len(nearMisses), 90)
	for _, uri := range nearMisses {
		for _, s := range []string{"", session} {
			res := e.get(authorizeURL("redirect_uri", uri), s)
			page := e.errorPage(res, http.StatusBadRequest)
			require.NotContains(t, page, "<script>alert", uri)
			require.NotContains(t, page, "href", uri)
		}
		// The error of a request that is wrong in other ways as well does not leave either.
		e.errorPage(e.get(authorizeURL("redirect_uri", uri, "response_type", "token", "prompt", "none"), session), http.StatusBadRequest)
	}
	e.code(session)
	e.code(session, "redirect_uri", callback+"?tenant=a")
}

func TestO1_RegisteredQueryStays(t *testing.T) {
	e := newEnv(t)
	res := e.get(authorizeURL("redirect_uri", callback+"?tenant=a"), e.ada())
	require.True(t, strings.HasPrefix(res.Header.Get("Location"), callback+"?tenant=a&code="), res.Header.Get("Location"))
}

func TestO1_PrivateUseScheme(t *testing.T) {
	e := newEnv(t)
	res := e.get(authorizeURL("client_id", "spa", "redirect_uri", "com.example.app:/done"), e.ada())
	require.True(t, strings.HasPrefix(res.Header.Get("Location"), "com.example.app:/done?code="), res.Header.Get("Location"))
}

func TestO3_RedirectURIMissingOrRepeated(t *testing.T) {
	e := newEnv(t)
	session := e.ada()
	t.Run("missing with two registered", func(t *testing.T) {
		e.errorPage(e.get(authorizeURL("redirect_uri", ""), session), http.StatusBadRequest)
	})
	t.Run("missing with one registered", func(t *testing.T) {
		e.errorPage(e.get(authorizeURL("client_id", "api", "redirect_uri", "", "scope", "email"), session), http.StatusBadRequest)
	})
	t.Run("given twice", func(t *testing.T) {
		e.errorPage(e.get(authorizeURL()+"&redirect_uri="+url.QueryEscape(callback), session), http.StatusBadRequest)
	})
	t.Run("in body and query", func(t *testing.T) {
		e.errorPage(e.post("/oauth2/authorize?redirect_uri="+url.QueryEscape(callback), request(), cookie(session)), http.StatusBadRequest)
	})
	t.Run("client unknown", func(t *testing.T) {
		for _, id := range []string{"", "WEB", "web ", "nobody", "<script>", "web\x00"} {
			page := e.errorPage(e.get("/oauth2/authorize?"+request("client_id", "").Encode()+"&client_id="+url.QueryEscape(id), session), http.StatusBadRequest)
			require.NotContains(t, page, "<script>")
		}
	})
}

func TestO7_ChallengeIsRequired(t *testing.T) {
	e := newEnv(t)
	session := e.ada()
	for name, pairs := range map[string][]string{
		"none":            {"code_challenge", "", "code_challenge_method", ""},
		"method only":     {"code_challenge", ""},
		"no method":       {"code_challenge_method", ""},
		"plain":           {"code_challenge_method", "plain"},
		"lower case":      {"code_challenge_method", "s256"},
		"plain verifier":  {"code_challenge", strings.Repeat("v", 64)},
		"42 characters":   {"code_challenge", challenge[1:]},
		"44 characters":   {"code_challenge", challenge + "A"},
		"padding":         {"code_challenge", challenge[:42] + "="},
		"other alphabet":  {"code_challenge", challenge[:42] + "+"},
		"unicode":         {"code_challenge", challenge[:41] + "é"},
		"S512":            {"code_challenge_method", "S512"},
		"two methods":     {"code_challenge_method", "S256 plain"},
		"hex of the hash": {"code_challenge", strings.Repeat("a0", 32)},
	} {
		t.Run(name, func(t *testing.T) {
			e.refused(e.get(authorizeURL(pairs...), session), "invalid_request")
		})
	}
	for _, client := range [][]string{{"client_id", "spa", "redirect_uri", "https://spa.example.com/cb"}, {"client_id", "web"}} {
		v := request(append(client, "code_challenge", "")...)
		q := e.response(e.get("/oauth2/authorize?"+v.Encode(), session), v.Get("redirect_uri"))
		require.Equal(t, "invalid_request", q.Get("error"))
	}
}

func TestO8_ResponseTypes(t *testing.T) {
	e := newEnv(t)
	session := e.ada()
	for _, kind := range []string{"token", "id_token", "code token", "code id_token", "id_token token", "code id_token token", "none", "junk", "Code", "code code", " code"} {
		e.refused(e.get(authorizeURL("response_type", kind), session), "unsupported_response_type")
	}
	e.refused(e.get(authorizeURL("response_type", ""), session), "invalid_request")
	e.refused(e.get(authorizeURL()+"&response_type=code", session), "invalid_request")
}

func TestO9_ResponseModes(t *testing.T) {
	e := newEnv(t)
	session := e.ada()
	for _, mode := range []string{"fragment", "form_post", "query.jwt", "jwt", "web_message", "junk"} {
		q := e.refused(e.get(authorizeURL("response_mode", mode, "state", `"><script>alert(1)</script>`), session), "invalid_request")
		require.Equal(t, `"><script>alert(1)</script>`, q.Get("state"))
	}
	e.code(session, "response_mode", "query")
}

func TestO10_RepeatedParameters(t *testing.T) {
	e := newEnv(t)
	session := e.ada()
	for _, name := range []string{"client_id", "redirect_uri"} {
		e.errorPage(e.get(authorizeURL()+"&"+name+"="+url.QueryEscape(request().Get(name)), session), http.StatusBadRequest)
		e.errorPage(e.get(authorizeURL()+"&"+name+"=", session), http.StatusBadRequest)
	}
	for _, name := range []string{"scope", "nonce", "response_type", "code_challenge", "code_challenge_method"} {
		q := e.refused(e.get(authorizeURL()+"&"+name+"="+url.QueryEscape(request().Get(name)), session), "invalid_request")
		require.Equal(t, "xyz", q.Get("state"))
	}
	q := e.refused(e.get(authorizeURL()+"&state=other", session), "invalid_request")
	require.Empty(t, q["state"], "neither of two states is the right one")
	e.refused(e.get(authorizeURL()+"&prompt=none&prompt=login", session), "invalid_request")
	e.refused(e.get(authorizeURL()+"&unknown=1&unknown=2", session), "invalid_request")

	res := e.get(authorizeURL()+"&resource=https%3A%2F%2Fa.example&resource=https%3A%2F%2Fb.example", session)
	require.NotEmpty(t, e.response(res, callback).Get("code"), "RFC 8707 lets resource repeat")
}

func TestO11_StateAndNonce(t *testing.T) {
	e := newEnv(t)
	session := e.ada()
	for _, value := range []string{
		"a\r\nSet-Cookie: x=1", "<img src=x onerror=alert(1)>", "ünï©ødé 🔑", "a b+c%20d&e=f;g#h", `{"a":"b"}`, "\u202e\u0007", strings.Repeat("s", 2048),
		strings.Repeat("é", 1024),
	} {
		res := e.get(authorizeURL("state", value, "nonce", "n"), session)
		q := e.response(res, callback)
		require.Equal(t, []string{value}, q["state"])
		require.Len(t, res.Header["Location"], 1)
		require.Empty(t, res.Header["Set-Cookie"])
		require.NotContains(t, res.Header.Get("Location"), "\r")

		a := e.token(codeForm(e.code(session, "nonce", value)), webAuth)
		require.Equal(t, http.StatusOK, a.Status, a.ErrorDescription)
		require.Equal(t, value, claims(t, a.IDToken)["nonce"])

		// The way through the sign-in page changes nothing either.
		back := e.returnTo(e.get(authorizeURL("state", value, "nonce", "n"), ""))
		require.Equal(t, []string{value}, e.response(e.get(back, session), callback)["state"])
	}
	for _, size := range []int{2049, 20 << 10} {
		q := e.refused(e.get(authorizeURL("state", strings.Repeat("s", size)), session), "invalid_request")
		require.Empty(t, q["state"])
		e.refused(e.get(authorizeURL("nonce", strings.Repeat("n", size)), session), "invalid_request")
	}
	e.errorPage(e.get(authorizeURL("state", strings.Repeat("s", 64<<10)), session), http.StatusRequestURITooLong)
	for _, broken := range []string{"%00", "%ff", "%zz", "%", "a;b"} {
		e.errorPage(e.get(authorizeURL("state", "")+"&state="+broken, session), http.StatusBadRequest)
	}
	e.refused(e.get(authorizeURL("state", strings.Repeat("é", 1024), "nonce", strings.Repeat("é", 1024)), session), "invalid_request")
}

func TestO12_ScopeEscalation(t *testing.T) {
	e := newEnv(t)
	session := e.ada()
	for _, scope := range []string{
		"openid aws.cognito.signin.user.admin", "openid admin", "OPENID", "openid Email", "openid offline_access", "openid\temail", "openid  email",
		" openid", "openid ", "openid\nemail", `openid "email"`, `openid\email`, "*", "openid,email", "openid é", strings.Repeat("openid ", 400) + "openid",
	} {
		e.refused(e.get(authorizeURL("scope", scope), session), "invalid_scope")
	}
	e.errorPage(e.get(authorizeURL("scope", "openid\x00email"), session), http.StatusBadRequest)

	require.Equal(t, "email openid", e.tokens(session, "scope", "openid openid email openid").Scope)
	require.Equal(t, "email openid phone profile", e.tokens(session, "scope", "").Scope, "without scope, all of the client's")

	narrow := e.tokens(session, "scope", "openid")
	form := refreshForm(narrow.RefreshToken)
	form.Set("scope", "openid email")
	a := e.token(form, webAuth)
	require.Equal(t, "invalid_scope", a.Error)
	require.Equal(t, http.StatusBadRequest, a.Status)
	form.Set("scope", "openid\x01")
	require.Equal(t, "invalid_scope", e.token(form, webAuth).Error)
}

func TestO21_RequestObjects(t *testing.T) {
	e := newEnv(t)
	session := e.ada()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	accepted := make(chan struct{}, 1)
	go func() {
		if conn, err := listener.Accept(); err == nil {
			conn.Close()
			accepted <- struct{}{}
		}
	}()
	for _, uri := range []string{"http://" + listener.Addr().String() + "/r", "http://169.254.169.254/", "file:///etc/passwd", "urn:ietf:params:oauth:request_uri:x"} {
		e.refused(e.get(authorizeURL("request_uri", uri), session), "request_uri_not_supported")
	}
	for _, object := range []string{"eyJhbGciOiJub25lIn0.eyJyZWRpcmVjdF91cmkiOiJodHRwczovL2V2aWwuZXhhbXBsZSJ9.", "eyJhbGciOiJSUzI1NiIsImprdSI6Imh0dHA6Ly8xMjcuMC4wLjEvIn0.e30.AA", "junk"} {
		e.refused(e.get(authorizeURL("request", object), session), "request_not_supported")
	}
	select {
	case <-accepted:
		t.Fatal("the request_uri was fetched")
	case <-time.After(50 * time.Millisecond):
	}
}

func TestO23_PromptNone(t *testing.T) {
	e := newEnv(t)
	for name, session := range map[string]string{"nobody": "", "junk": "junk", "unknown": strings.Repeat("a", 22) + "." + strings.Repeat("b", 43)} {
		t.Run(name, func(t *testing.T) {
			q := e.refused(e.get(authorizeURL("prompt", "none"), session), "login_required")
			require.Equal(t, "xyz", q.Get("state"))
		})
	}
	session := e.ada()
	e.code(session, "prompt", "none")
	e.refused(e.get(authorizeURL("prompt", "none login"), session), "invalid_request")
	e.refused(e.get(authorizeURL("prompt", "consent"), session), "consent_required")
	e.refused(e.get(authorizeURL("prompt", "create"), session), "invalid_request")
	e.refused(e.get(authorizeURL("prompt", "none", "max_age", "0"), session), "login_required")

	require.NoError(t, e.pool.EndBrowserSession(t.Context(), session))
	e.refused(e.get(authorizeURL("prompt", "none"), session), "login_required")
}

func TestO23_MaxAge(t *testing.T) {
	e := newEnv(t)
	session := e.ada()
	for _, value := range []string{"-1", "abc", "1.5", "+1", "1e3", " 1", "99999999999999999999", "0x10", "１"} {
		e.refused(e.get(authorizeURL("max_age", value), session), "invalid_request")
	}
	e.clock.Advance(2 * time.Second)
	e.code(session, "max_age", "2")
	e.code(session, "max_age", "9223372036854775807")
	e.returnTo(e.get(authorizeURL("max_age", "1"), session))
	e.returnTo(e.get(authorizeURL("max_age", "0"), session))
}

// TestO23_NewSignIn follows requests that want a new sign-in, through it and back.
func TestO23_NewSignIn(t *testing.T) {
	for name, pairs := range map[string][]string{
		"prompt=login":          {"prompt", "login"},
		"prompt=select_account": {"prompt", "select_account"},
		"max_age=0":             {"max_age", "0"},
		"both":                  {"max_age", "1", "prompt", "login"},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEnv(t)
			session := e.ada()
			before := e.tokens(session)

			back := e.returnTo(e.get(authorizeURL(pairs...), session))
			// Coming back without having signed in is no way around.
			require.Equal(t, back, e.returnTo(e.get(back, session)))

			e.clock.Advance(40 * time.Second)
			fresh := e.signInAgain("ada@example.com", session)
			e.clock.Advance(10 * time.Second)
			q := e.response(e.get(back, fresh), callback)
			require.Equal(t, "xyz", q.Get("state"))
			a := e.token(codeForm(q.Get("code")), webAuth)
			require.Equal(t, http.StatusOK, a.Status, a.ErrorDescription)
			require.InDelta(t, claims(t, before.IDToken)["auth_time"].(float64)+40, claims(t, a.IDToken)["auth_time"], 0)

			require.Equal(t, http.StatusOK, e.userInfo(before.AccessToken).StatusCode, "other sign-ins of the same person go on")

			// The next request of the application wants the next sign-in.
			e.returnTo(e.get(authorizeURL(pairs...), fresh))
		})
	}
}

func TestO23_NewSignInWithNobodyBefore(t *testing.T) {
	e := newEnv(t)
	back := e.returnTo(e.get(authorizeURL("prompt", "login"), ""))
	session := e.ada()
	require.NotEmpty(t, e.response(e.get(back, session), callback).Get("code"))
}

func TestO23_RenewalIsBounded(t *testing.T) {
	e := newEnv(t)
	session := e.ada()
	now := e.clock.Now().Unix()
	for name, value := range map[string]string{
		"junk":           "junk",
		"empty mark":     "1.",
		"epoch":          "0.none",
		"future":         strconv.FormatInt(now+3600, 10) + ".none",
		"overflow":       "99999999999999999999.none",
		"negative":       "-1.none",
		"long ago":       strconv.FormatInt(now-16*60, 10) + ".none",
		"after the auth": strconv.FormatInt(now+3000, 10) + ".none",
	} {
		t.Run(name, func(t *testing.T) {
			e.returnTo(e.get(authorizeURL("prompt", "login", "renewal", value), session))
		})
	}
	// A forged value of the right form gets no further than 15 minutes, which leaving prompt out would surpass.
	e.clock.Advance(time.Hour)
	for ago := int64(0); ago < 2*3600; ago += 60 {
		forged := strconv.FormatInt(e.clock.Now().Unix()-ago, 10) + ".none"
		e.returnTo(e.get(authorizeURL("prompt", "login", "renewal", forged), session))
	}
}

func TestO23_Hint(t *testing.T) {
	e := newEnv(t)
	session := e.ada()
	e.signUp("eve@example.com")
	eve := e.signIn("eve@example.com")
	hint := e.tokens(session).IDToken

	e.code(session, "id_token_hint", hint, "prompt", "none")
	e.refused(e.get(authorizeURL("id_token_hint", hint, "prompt", "none"), eve), "login_required")

	e.clock.Advance(time.Second)
	// Eve is asked to sign in; if she does so as herself again, the application does not get her.
	back := e.returnTo(e.get(authorizeURL("id_token_hint", hint), eve))
	again := e.signInAgain("eve@example.com", eve)
	e.refused(e.get(back, again), "login_required")
	require.NotEmpty(t, e.response(e.get(back, e.signInAgain("ada@example.com", again)), callback).Get("code"))

	parts := strings.Split(hint, ".")
	for name, bad := range map[string]string{
		"junk":         "junk",
		"alg none":     "eyJhbGciOiJub25lIn0." + parts[1] + ".",
		"no signature": parts[0] + "." + parts[1] + ".",
		"modified":     parts[0] + "." + parts[1] + "." + strings.Repeat("A", len(parts[2])),
		"access token": e.tokens(session).AccessToken,
		"other client": e.token(codeForm(e.code(session, "client_id", "other", "scope", "openid")), basic("other", "other-secret-other-secret-other")).IDToken,
	} {
		t.Run(name, func(t *testing.T) {
			e.refused(e.get(authorizeURL("id_token_hint", bad), session), "invalid_request")
		})
	}

	e.clock.Advance(2 * time.Hour)
	e.code(session, "id_token_hint", hint, "prompt", "none")
}

func TestO34_IssuerInEveryResponse(t *testing.T) {
	e := newEnv(t, func(c *userpool.Config) { c.Issuer = "https://id.example.com/pool-1" })
	session := e.ada()
	for _, pairs := range [][]string{{}, {"prompt", "none"}, {"scope", "junk"}, {"response_type", "token"}, {"request", "x"}, {"state", ""}} {
		res := e.get("/pool-1"+authorizeURL(pairs...), session)
		e.response(res, callback) // checks iss
		require.Contains(t, res.Header.Get("Location"), "&iss=https%3A%2F%2Fid.example.com%2Fpool-1")
	}
	res := e.get("/pool-1"+authorizeURL(), "")
	require.Contains(t, res.Header.Get("Location"), url.QueryEscape("/pool-1/oauth2/authorize?"))
}

func TestO38_RedirectsAre303(t *testing.T) {
	e := newEnv(t)
	session := e.ada()
	for _, res := range []*http.Response{
		e.post("/oauth2/authorize", request(), cookie(session)),
		e.post("/oauth2/authorize", request()),
		e.get(authorizeURL(), ""),
		e.get(authorizeURL(), session),
		e.post("/logout", url.Values{}, cookie(session)),
		e.get("/logout", session),
	} {
		require.Equal(t, http.StatusSeeOther, res.StatusCode)
		require.NotEmpty(t, res.Header.Get("Location"))
	}
}

func TestAuthorizeByPost(t *testing.T) {
	e := newEnv(t)
	session := e.ada()
	require.NotEmpty(t, e.response(e.post("/oauth2/authorize", request(), cookie(session)), callback).Get("code"))

	// Without the cookie, which a browser leaves out of a cross-site POST, the same request comes again by GET.
	res := e.post("/oauth2/authorize", request("prompt", "none"))
	location := res.Header.Get("Location")
	require.True(t, strings.HasPrefix(location, issuer+"/oauth2/authorize?"), location)
	require.NotEmpty(t, e.response(e.get(strings.TrimPrefix(location, issuer), session), callback).Get("code"))

	for _, kind := range []string{"application/json", "text/plain", "multipart/form-data; boundary=x", ""} {
		res := e.post("/oauth2/authorize", request(), cookie(session), func(r *http.Request) { r.Header.Set("Content-Type", kind) })
		e.errorPage(res, http.StatusBadRequest)
	}
	e.errorPage(e.post("/oauth2/authorize", url.Values{"x": {strings.Repeat("x", 70<<10)}}), http.StatusRequestEntityTooLarge)
}

func TestAuthorizeMethods(t *testing.T) {
	e := newEnv(t)
	for _, method := range []string{http.MethodHead, http.MethodPut, http.MethodDelete, http.MethodOptions, http.MethodPatch, "BREW"} {
		res := e.do(httptest.NewRequest(method, authorizeURL(), nil))
		require.Equal(t, http.StatusMethodNotAllowed, res.StatusCode, method)
		require.Equal(t, "GET, POST", res.Header.Get("Allow"))
	}
}
