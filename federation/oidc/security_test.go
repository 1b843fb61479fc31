package oidc_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/federation/federationtest"
	"github.com/stepwell/stepwell/federation/oidc"
)

// The tests named TestR, here and in the files beside this one, are attacks on
// a relying party and what must come of them.

func TestR5_SameSubjectAtTwoIssuers(t *testing.T) {
	first, second := newParty(t, nil), newParty(t, nil)
	subject1, attributes1, err := first.signIn("alice")
	require.NoError(t, err)
	subject2, attributes2, err := second.signIn("alice")
	require.NoError(t, err)
	require.Equal(t, subject1, subject2)
	require.NotEqual(t, attributes1["iss"], attributes2["iss"])
	require.Equal(t, []string{first.rp.Issuer()}, attributes1["iss"])

	// What one provider answered is of no use at the other.
	location, pending := first.begin(state)
	_, _, err = second.finish(first.visit(location, "alice"), pending)
	second.refused(err, oidc.InvalidPending, "begun at")
}

func TestR6_EmailVerified(t *testing.T) {
	p := newParty(t, func(idp *federationtest.Config, _ *oidc.Config) { idp.ClaimsInIDToken = true })
	for _, test := range []struct {
		token, info any // "absent" leaves it out
		want        []string
	}{
		{true, true, []string{"true"}},
		{true, "absent", []string{"true"}},
		{"absent", true, []string{"true"}},
		{"absent", "absent", nil},
		{false, true, []string{"false"}},
		{true, false, []string{"false"}},
		{"true", "true", []string{"false"}},
		{"true", "absent", []string{"false"}},
		{"absent", "true", []string{"false"}},
		{"false", "absent", []string{"false"}},
		{1, "absent", []string{"false"}},
		{nil, true, []string{"false"}},
		{[]bool{true}, "absent", []string{"false"}},
	} {
		set := func(claims map[string]any, value any) {
			claims["email_verified"] = value
			if value == "absent" {
				delete(claims, "email_verified")
			}
		}
		p.idp.SetHooks(federationtest.Hooks{
			MutateIDToken:  func(c map[string]any) { set(c, test.token) },
			MutateUserInfo: func(c map[string]any) { set(c, test.info) },
		})
		_, attributes, err := p.signIn("alice")
		require.NoError(t, err)
		require.Equal(t, test.want, attributes["email_verified"], "%v %v", test.token, test.info)
		require.Equal(t, []string{"alice@example.com"}, attributes["email"])
	}
}

func TestR9_EmailForms(t *testing.T) {
	p := newParty(t, nil)
	for _, email := range []string{
		"victim@x.example@evil.example", `"a"@x.example`, `"a@x.example"@evil.example`, "a b@x.example", "a@x.example ", " a@x.example",
		"a@", "@x.example", "a", "", "a@x.example\r\nBcc: b", "a\u200b@x.example", "a@x.exa\u00admple", "<a@x.example>", "a@[127.0.0.1]",
		"a@x..example", "a@.example", "a@-x.example", "a@x.example,b@y.example", strings.Repeat("a", 250) + "@x.example",
	} {
		p.idp.SetHooks(federationtest.Hooks{MutateUserInfo: func(c map[string]any) { c["email"] = email }})
		_, attributes, err := p.signIn("alice")
		require.NoError(t, err)
		require.NotContains(t, attributes, "email", email)
		require.NotContains(t, attributes, "email_verified", email)
	}
	// These are addresses. They come as they are, for comparison is the
	// application's: it decides about case and about internationalized names.
	for _, email := range []string{"A.b+c@X.Example", "a@xn--mller-kva.example", "jürgen@müller.example", "a@localhost"} {
		p.idp.SetHooks(federationtest.Hooks{MutateUserInfo: func(c map[string]any) { c["email"] = email }})
		_, attributes, err := p.signIn("alice")
		require.NoError(t, err)
		require.Equal(t, []string{email}, attributes["email"])
	}
}

func TestR10_State(t *testing.T) {
	p := newParty(t, nil)
	const otherState = "canary-state-of-the-other-tab"
	location1, pending1 := p.begin(state)
	location2, pending2 := p.begin(otherState)
	callback1, callback2 := p.visit(location1, "alice"), p.visit(location2, "bob")

	_, _, err := p.finish(callback1, pending2)
	p.refused(err, oidc.InvalidResponse, "state")
	_, _, err = p.finish(callback2, pending1)
	p.refused(err, oidc.InvalidResponse, "state")
	for _, value := range []string{"", state + "x", strings.ToUpper(state)} {
		changed := *callback1
		query := changed.Query()
		query.Set("state", value)
		changed.RawQuery = query.Encode()
		_, _, err = p.finish(&changed, pending1)
		p.refused(err, oidc.InvalidResponse, "state")
	}

	subject, _, err := p.finish(callback1, pending1)
	require.NoError(t, err)
	require.Equal(t, "alice", subject)
	_, _, err = p.finish(callback1, pending1)
	p.refused(err, oidc.ExchangeFailed, "invalid_grant")
}

func TestR10_StateMustBeUnguessable(t *testing.T) {
	p := newParty(t, nil)
	for _, bad := range []string{"", "short", strings.Repeat("x", 1025), "line\nbreak-0123456789", "ünprintable-0123456789"} {
		_, _, err := p.rp.Begin(context.Background(), callbackURL, bad)
		p.refused(err, oidc.InvalidRequest, "state")
	}
}

func TestR11_CallbackForms(t *testing.T) {
	p := newParty(t, nil)
	location, pending := p.begin(state)
	honest := p.visit(location, "alice")
	with := func(change func(url.Values)) *http.Request {
		u := *honest
		query := u.Query()
		change(query)
		u.RawQuery = query.Encode()
		return httptest.NewRequest(http.MethodGet, u.String(), nil)
	}
	malformed := httptest.NewRequest(http.MethodGet, callbackURL, nil)
	malformed.URL.RawQuery = honest.RawQuery + "&x=%zz"
	post := httptest.NewRequest(http.MethodPost, callbackURL, strings.NewReader(honest.RawQuery))
	post.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	head := with(func(url.Values) {})
	head.Method = http.MethodHead
	for name, request := range map[string]*http.Request{
		"code and error":    with(func(v url.Values) { v.Set("error", "access_denied") }),
		"no code":           with(func(v url.Values) { v.Del("code") }),
		"empty code":        with(func(v url.Values) { v.Set("code", "") }),
		"binary code":       with(func(v url.Values) { v.Set("code", "a\x00b") }),
		"iss missing":       with(func(v url.Values) { v.Del("iss") }),
		"iss empty":         with(func(v url.Values) { v.Set("iss", "") }),
		"iss other":         with(func(v url.Values) { v.Set("iss", "https://idp.evil.example") }),
		"iss slash":         with(func(v url.Values) { v.Set("iss", p.idp.Issuer()+"/") }),
		"iss other, error":  with(func(v url.Values) { v.Del("code"); v.Set("error", "access_denied"); v.Set("iss", "x") }),
		"state wrong error": with(func(v url.Values) { v.Del("code"); v.Set("error", "access_denied"); v.Set("state", "x") }),
		"code twice":        with(func(v url.Values) { v.Add("code", v.Get("code")) }),
		"state twice":       with(func(v url.Values) { v.Add("state", v.Get("state")) }),
		"iss twice":         with(func(v url.Values) { v.Add("iss", v.Get("iss")) }),
		"error twice":       with(func(v url.Values) { v.Del("code"); v["error"] = []string{"a", "b"} }),
		"too long":          with(func(v url.Values) { v.Set("x", strings.Repeat("x", 20_000)) }),
		"malformed":         malformed,
		"post":              post,
		"head":              head,
		"none":              nil,
	} {
		_, _, err := p.rp.Finish(request, pending)
		require.ErrorIs(t, err, oidc.InvalidResponse, name)
		p.refused(err, oidc.InvalidResponse, "")
	}
	subject, _, err := p.finish(honest, pending)
	require.NoError(t, err, "none of them may have reached the token endpoint")
	require.Equal(t, "alice", subject)
}

func TestR11_IssAbsentIsFineWhenNotAnnounced(t *testing.T) {
	p := newParty(t, nil)
	p.idp.SetHooks(federationtest.Hooks{
		MutateDiscovery: func(d map[string]any) { delete(d, "authorization_response_iss_parameter_supported") },
		MutateRedirect:  func(v url.Values) { v.Del("iss") },
	})
	_, _, err := p.signIn("alice")
	require.NoError(t, err)
	// But a wrong one never is.
	p.idp.SetHooks(federationtest.Hooks{
		MutateDiscovery: func(d map[string]any) { delete(d, "authorization_response_iss_parameter_supported") },
		MutateRedirect:  func(v url.Values) { v.Set("iss", "https://idp.evil.example") },
	})
	_, _, err = p.signIn("alice")
	p.refused(err, oidc.InvalidResponse, "iss")
}

func TestR11_CodeOfAnotherProvider(t *testing.T) {
	honest, evil := newParty(t, nil), newParty(t, nil)
	location, _ := evil.begin(state)
	stolen := evil.visit(location, "bob").Query().Get("code")
	location, pending := honest.begin(state)
	callback := honest.visit(location, "alice")
	query := callback.Query()
	query.Set("code", stolen)
	callback.RawQuery = query.Encode()
	_, _, err := honest.finish(callback, pending)
	honest.refused(err, oidc.ExchangeFailed, "invalid_grant")
}

func TestR12_Nonce(t *testing.T) {
	p := newParty(t, nil)
	var first string
	p.idp.SetHooks(federationtest.Hooks{ReplaceIDToken: func(compact string) string {
		if first == "" {
			first = compact
		}
		return first
	}, MutateIDToken: func(c map[string]any) { delete(c, "at_hash") }})
	_, _, err := p.signIn("alice")
	require.NoError(t, err)
	_, _, err = p.signIn("alice")
	p.refused(err, oidc.InvalidToken, "nonce") // the ID token of the sign-in before
}

func TestR12_PendingStripped(t *testing.T) {
	p := newParty(t, nil)
	location, pending := p.begin(state)
	callback := p.visit(location, "alice")
	var object map[string]any
	require.NoError(t, json.Unmarshal(pending, &object))
	require.Len(t, object, 9)
	bad := [][]byte{nil, {}, []byte("{}"), []byte("null"), []byte("[]"), []byte("x"), pending[:len(pending)-1],
		bytes.Repeat([]byte(" "), 20_000), append(slices.Clone(pending), '{', '}')}
	change := func(name string, value any) {
		changed := map[string]any{}
		for key, old := range object {
			changed[key] = old
		}
		changed[name] = value
		if value == nil {
			delete(changed, name)
		}
		data, err := json.Marshal(changed)
		require.NoError(t, err)
		bad = append(bad, data)
	}
	for name := range object {
		change(name, nil)
		change(name, "")
		change(name, 1)
	}
	change("v", "1")
	change("begun", "soon")
	change("reauth", "perhaps")
	change("iss", "https://other.example")
	change("client_id", "other")
	change("more", "x")
	for _, data := range bad {
		_, _, err := p.finish(callback, data)
		p.refused(err, oidc.InvalidPending, "")
	}
	_, _, err := p.finish(callback, pending)
	require.NoError(t, err)
}

func TestR12_VerifierOfAnotherSignIn(t *testing.T) {
	p := newParty(t, nil)
	location, _ := p.begin(state)
	callback := p.visit(location, "alice")
	_, pending := p.begin(state)
	_, _, err := p.finish(callback, pending)
	p.refused(err, oidc.ExchangeFailed, "invalid_grant")
}

func TestR14_Audience(t *testing.T) {
	p := newParty(t, nil)
	for name, change := range map[string]func(c map[string]any){
		"azp other":            func(c map[string]any) { c["azp"] = "other" },
		"azp null":             func(c map[string]any) { c["azp"] = nil },
		"azp array":            func(c map[string]any) { c["azp"] = []string{clientID} },
		"aud others":           func(c map[string]any) { c["aud"] = []string{clientID, "other"} },
		"aud others azp":       func(c map[string]any) { c["aud"] = []string{clientID, "other"}; c["azp"] = clientID },
		"aud others azp other": func(c map[string]any) { c["aud"] = []string{clientID, "other"}; c["azp"] = "other" },
		"c_hash wrong":         func(c map[string]any) { c["c_hash"] = "AAAAAAAAAAAAAAAAAAAAAA" },
		"c_hash number":        func(c map[string]any) { c["c_hash"] = 1 },
	} {
		t.Run(name, func(t *testing.T) {
			p.refuses(mutate(change), oidc.InvalidToken, "the ID token")
		})
	}
	for _, change := range []func(c map[string]any){
		func(c map[string]any) { c["aud"] = []string{clientID} },
		func(c map[string]any) { c["azp"] = clientID },
	} {
		p.idp.SetHooks(mutate(change))
		_, _, err := p.signIn("alice")
		require.NoError(t, err)
	}
}

func TestR14_TrustedAudiences(t *testing.T) {
	p := newParty(t, func(_ *federationtest.Config, rp *oidc.Config) { rp.TrustedAudiences = []string{"account"} })
	two := func(second, azp string) federationtest.Hooks {
		return mutate(func(c map[string]any) { c["aud"], c["azp"] = []string{clientID, second}, azp })
	}
	p.idp.SetHooks(two("account", clientID))
	_, _, err := p.signIn("alice")
	require.NoError(t, err)
	p.refuses(two("other", clientID), oidc.InvalidToken, "other")
	p.refuses(two("account", "account"), oidc.InvalidToken, "azp")
	p.refuses(mutate(func(c map[string]any) { c["aud"] = []string{"account"} }), oidc.InvalidToken, "aud")
}

func TestR15_UserInfoDoesNotOverride(t *testing.T) {
	p := newParty(t, func(idp *federationtest.Config, _ *oidc.Config) { idp.ClaimsInIDToken = true })
	// Userinfo names another address, and vouches for that one.
	p.idp.SetHooks(federationtest.Hooks{
		MutateIDToken: func(c map[string]any) { delete(c, "email_verified"); c["email"] = "victim@example.com" },
		MutateUserInfo: func(c map[string]any) {
			c["email"], c["email_verified"] = "attacker@example.com", true
			c["name"], c["iss"] = "Mallory", "https://evil.example"
		},
	})
	_, attributes, err := p.signIn("alice")
	require.NoError(t, err)
	require.Equal(t, []string{"victim@example.com"}, attributes["email"])
	require.Equal(t, []string{"false"}, attributes["email_verified"])
	require.Equal(t, []string{"Alice Example"}, attributes["name"])
	require.Equal(t, []string{p.idp.Issuer()}, attributes["iss"])
	// The ID token vouches for something, but the address is userinfo's.
	p.idp.SetHooks(federationtest.Hooks{
		MutateIDToken:  func(c map[string]any) { delete(c, "email") },
		MutateUserInfo: func(c map[string]any) { c["email"] = "victim@example.com"; delete(c, "email_verified") },
	})
	_, attributes, err = p.signIn("alice")
	require.NoError(t, err)
	require.Equal(t, []string{"victim@example.com"}, attributes["email"])
	require.Equal(t, []string{"false"}, attributes["email_verified"])
}

// guarded refuses to reach one of the provider's endpoints, as a dialer that
// filters addresses would.
type guarded struct{ path string }

func (g guarded) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.HasSuffix(r.URL.Path, g.path) {
		return nil, errors.New("this address is not to be dialed")
	}
	return http.DefaultTransport.RoundTrip(r)
}

// Whatever the metadata names is reached through the application's transport,
// where it can be refused: no request goes around it.
func TestR16_EveryRequestTakesTheTransport(t *testing.T) {
	for path, code := range map[string]oidc.Code{
		"/.well-known/openid-configuration": oidc.DiscoveryFailed,
		"/keys":                             oidc.DiscoveryFailed,
		"/token":                            oidc.ExchangeFailed,
		"/userinfo":                         oidc.UserInfoFailed,
	} {
		p := newParty(t, func(_ *federationtest.Config, rp *oidc.Config) {
			rp.HTTPClient = &http.Client{Transport: guarded{path}}
		})
		_, _, err := p.rp.Begin(context.Background(), callbackURL, state)
		if err == nil {
			_, _, err = p.signIn("alice")
		}
		p.refused(err, code, "not to be dialed")
	}
}

func TestR17_ErrorsHoldNoSecret(t *testing.T) {
	// The provider repeats everything it was sent in its error description.
	p := newParty(t, nil)
	location, pending := p.begin(state)
	callback := p.visit(location, "alice")
	code := callback.Query().Get("code")
	var sent struct{ Verifier, Nonce string }
	require.NoError(t, json.Unmarshal(pending, &sent))
	require.NotEmpty(t, sent.Verifier)
	secrets := []string{code, sent.Verifier, sent.Nonce, clientSecret, url.QueryEscape(clientSecret)}

	echo := func(w http.ResponseWriter, r *http.Request) {
		require.NoError(t, r.ParseForm())
		_, password, _ := r.BasicAuth()
		text := fmt.Sprint("wrong: ", r.PostForm.Get("code"), " ", r.PostForm.Get("code_verifier"), " ", password, " ",
			clientSecret, " ", r.Header.Get("Authorization"))
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusBadRequest)
		_ = json.NewEncoder(w).Encode(map[string]string{"error": "invalid_grant", "error_description": text})
	}
	p.idp.SetHooks(respondAt(federationtest.EndpointToken, echo))
	_, _, err := p.finish(callback, pending)
	require.ErrorIs(t, err, oidc.ExchangeFailed)
	var typed *oidc.Error
	require.ErrorAs(t, err, &typed)
	require.Contains(t, typed.ProviderDescription, "wrong: [redacted] [redacted] [redacted]")
	for _, secret := range secrets {
		require.NotContains(t, fmt.Sprintf("%v %+v %#v", err, err, err), secret)
	}

	// And in places where the HTTP client would quote it.
	p.idp.SetHooks(respondAt(federationtest.EndpointToken, func(w http.ResponseWriter, r *http.Request) {
		require.NoError(t, r.ParseForm())
		conn, _, err := w.(http.Hijacker).Hijack()
		require.NoError(t, err)
		defer conn.Close()
		_, _ = fmt.Fprintf(conn, "HTTP/1.1 %s\r\n\r\n", r.PostForm.Get("code"))
	}))
	_, _, err = p.finish(callback, pending)
	require.ErrorIs(t, err, oidc.ExchangeFailed)
	for _, secret := range secrets {
		require.NotContains(t, err.Error(), secret)
	}

	// The description of an error in the callback is anybody's.
	location, pending = p.begin(state)
	_ = location
	query := url.Values{"error": {"server_error"}, "state": {state}, "iss": {p.idp.Issuer()},
		"error_description": {"<b>line\r\n\x1b[31mtwo\u202e " + clientSecret + strings.Repeat("é", 1000)}}
	_, _, err = p.rp.Finish(httptest.NewRequest(http.MethodGet, callbackURL+"?"+query.Encode(), nil), pending)
	p.refused(err, oidc.ProviderError, "server_error")
	require.ErrorAs(t, err, &typed)
	require.Equal(t, "server_error", typed.ProviderCode)
	require.True(t, strings.HasPrefix(typed.ProviderDescription, "<b>line   [31mtwo"), typed.ProviderDescription)
	require.LessOrEqual(t, len([]rune(typed.ProviderDescription)), 256+3)
	require.NotContains(t, err.Error(), "\n")
}

func TestR17_RedirectIsPrivate(t *testing.T) {
	p := newParty(t, nil)
	next, _, err := p.rp.Begin(context.Background(), callbackURL, state)
	require.NoError(t, err)
	w := httptest.NewRecorder()
	next.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/login", strings.NewReader("password=x")))
	require.Equal(t, http.StatusSeeOther, w.Code)
	require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
	require.Equal(t, "no-referrer", w.Header().Get("Referrer-Policy"))
	require.Empty(t, w.Body.String())
	require.NotContains(t, w.Header().Get("Location"), "canary-client-secret")
}
