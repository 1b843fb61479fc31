package social_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/federation"
	"github.com/stepwell/stepwell/federation/oidc"
	"github.com/stepwell/stepwell/federation/social"
)

const (
	facebookPerson = `{"id":"10224459385749287","name":"Alice Example","first_name":"Alice","last_name":"Example","email":"alice\u0040example.com",` +
		`"picture":{"data":{"height":50,"is_silhouette":false,"url":"https:\/\/platform-lookaside.fbsbx.com\/p?x=1","width":50}}}`
	amazonPerson = `{"user_id":"amzn1.account.K2LI23KL2LK2","email":"alice@example.com","name":"Alice Example","postal_code":"98052"}`
	gitHubUser   = `{"login":"octocat","id":583231,"node_id":"MDQ6VXNlcjE=","avatar_url":"https://avatars.githubusercontent.com/u/583231?v=4","gravatar_id":"",` +
		`"html_url":"https://github.com/octocat","type":"User","site_admin":false,"name":"The Octocat","company":null,"email":"public@example.net"}`
	gitHubEmails = `[{"email":"other@example.com","primary":false,"verified":true,"visibility":null},` +
		`{"email":"alice@example.com","primary":true,"verified":true,"visibility":"private"}]`
)

func facebook(t *testing.T, f *fake) federation.Provider {
	p, err := social.Facebook(social.FacebookConfig{AppID: clientID, AppSecret: clientSecret, Options: f.options()})
	require.NoError(t, err)
	f.api("/me", facebookPerson)
	return p
}

func amazon(t *testing.T, f *fake) federation.Provider {
	p, err := social.Amazon(social.AmazonConfig{ClientID: clientID, ClientSecret: clientSecret, Options: f.options()})
	require.NoError(t, err)
	f.api("/user/profile", amazonPerson)
	return p
}

func gitHub(t *testing.T, f *fake) federation.Provider {
	p, err := social.GitHub(social.GitHubConfig{ClientID: clientID, ClientSecret: clientSecret, Options: f.options()})
	require.NoError(t, err)
	f.api("/user", gitHubUser)
	f.api("/user/emails", gitHubEmails)
	return p
}

func TestFacebook(t *testing.T) {
	f := newFake(t)
	p := facebook(t, f)
	honest := f.answers["/me"]
	f.answer("/me", func(w http.ResponseWriter, r *http.Request) {
		mac := hmac.New(sha256.New, []byte(clientSecret))
		mac.Write([]byte(canaryToken))
		require.Equal(t, hex.EncodeToString(mac.Sum(nil)), r.URL.Query().Get("appsecret_proof"))
		require.Equal(t, "id,name,first_name,last_name,email,picture", r.URL.Query().Get("fields"))
		honest(w, r)
	})
	subject, attributes, err := f.signIn(p, "")
	require.NoError(t, err)
	require.Equal(t, "10224459385749287", subject)
	require.Equal(t, map[string][]string{
		"iss": {"https://www.facebook.com"}, "sub": {subject}, "id": {subject}, "name": {"Alice Example"},
		"first_name": {"Alice"}, "given_name": {"Alice"}, "last_name": {"Example"}, "family_name": {"Example"},
		"email": {"alice@example.com"}, "picture": {"https://platform-lookaside.fbsbx.com/p?x=1"},
	}, attributes)
	require.Equal(t, "public_profile email", f.sent.Get("scope"))
	require.Equal(t, "S256", f.sent.Get("code_challenge_method"))
	require.Empty(t, f.sent.Get("nonce"))

	// The error of a token endpoint that has a form of its own.
	f.answer("/token", answerJSON(http.StatusBadRequest,
		`{"error":{"message":"This authorization code has been used.","type":"OAuthException","code":100,"fbtrace_id":"x"}}`))
	_, _, err = f.signIn(p, "")
	refused(t, err, oidc.ExchangeFailed, `"OAuthException", "This authorization code has been used."`)
}

func TestAmazon(t *testing.T) {
	f := newFake(t)
	subject, attributes, err := f.signIn(amazon(t, f), "&scope=profile")
	require.NoError(t, err)
	require.Equal(t, "amzn1.account.K2LI23KL2LK2", subject)
	require.Equal(t, map[string][]string{
		"iss": {"https://www.amazon.com"}, "sub": {subject}, "user_id": {subject}, "name": {"Alice Example"},
		"email": {"alice@example.com"}, "postal_code": {"98052"},
	}, attributes)
	require.Equal(t, "profile", f.sent.Get("scope"))
}

func TestGitHub(t *testing.T) {
	f := newFake(t)
	subject, attributes, err := f.signIn(gitHub(t, f), "")
	require.NoError(t, err)
	require.Equal(t, "583231", subject)
	require.Equal(t, map[string][]string{
		"iss": {"https://github.com/login/oauth"}, "sub": {"583231"}, "id": {"583231"},
		"login": {"octocat"}, "preferred_username": {"octocat"}, "name": {"The Octocat"},
		"avatar_url": {"https://avatars.githubusercontent.com/u/583231?v=4"}, "picture": {"https://avatars.githubusercontent.com/u/583231?v=4"},
		"html_url": {"https://github.com/octocat"}, "profile": {"https://github.com/octocat"},
		"email": {"alice@example.com"}, "email_verified": {"true"},
	}, attributes)
	require.Equal(t, "read:user user:email", f.sent.Get("scope"))

	// GitHub refuses a code with status 200.
	p := gitHub(t, f)
	f.answer("/token", answerJSON(http.StatusOK, `{"error":"bad_verification_code","error_description":"The code passed is incorrect or expired.","error_uri":"https://docs.github.com/x"}`))
	_, _, err = f.signIn(p, "")
	refused(t, err, oidc.ExchangeFailed, "bad_verification_code")
}

func TestR6_GitHubEmails(t *testing.T) {
	f := newFake(t)
	p := gitHub(t, f)
	for name, test := range map[string]struct {
		emails string
		want   []string
	}{
		"unverified":     {`[{"email":"victim@example.com","primary":true,"verified":false}]`, nil},
		"text":           {`[{"email":"victim@example.com","primary":true,"verified":"true"}]`, nil},
		"number":         {`[{"email":"victim@example.com","primary":true,"verified":1}]`, nil},
		"absent":         {`[{"email":"victim@example.com","primary":true}]`, nil},
		"not primary":    {`[{"email":"victim@example.com","primary":false,"verified":true}]`, nil},
		"primary text":   {`[{"email":"victim@example.com","primary":"true","verified":true}]`, nil},
		"two addresses":  {`[{"email":"victim@x.example@evil.example","primary":true,"verified":true}]`, nil},
		"no text":        {`[{"email":7,"primary":true,"verified":true}]`, nil},
		"odd items":      {`[null,7,"a@b.example",[],{"email":"a@b.example","primary":true,"verified":true}]`, []string{"a@b.example"}},
		"none":           {`[]`, nil},
		"case of a name": {`[{"email":"victim@example.com","Primary":true,"Verified":true}]`, nil},
	} {
		f.api("/user/emails", test.emails)
		_, attributes, err := f.signIn(p, "")
		require.NoError(t, err, name)
		require.Equal(t, test.want, attributes["email"], name)
		require.Equal(t, test.want != nil, attributes["email_verified"] != nil, name)
	}
	f.api("/user/emails", `[{"email":"a@b.example","primary":true,"verified":true},{"email":"c@d.example","primary":true,"verified":true}]`)
	_, _, err := f.signIn(p, "")
	refused(t, err, oidc.UserInfoFailed, "two primary")
}

// An address of which the provider says nothing is not verified.
func TestR6_NothingSaidAboutTheAddress(t *testing.T) {
	f := newFake(t)
	p := facebook(t, f)
	f.api("/me", strings.Replace(facebookPerson, `"id"`, `"email_verified":true,"verified":true,"id"`, 1))
	_, attributes, err := f.signIn(p, "")
	require.NoError(t, err)
	require.NotContains(t, attributes, "email_verified")
	p = amazon(t, f)
	f.api("/user/profile", strings.Replace(amazonPerson, `"user_id"`, `"email_verified":true,"user_id"`, 1))
	_, attributes, err = f.signIn(p, "")
	require.NoError(t, err)
	require.NotContains(t, attributes, "email_verified")
}

func TestR21_Subjects(t *testing.T) {
	for name, test := range map[string]struct {
		make    func(*testing.T, *fake) federation.Provider
		path    string
		honest  string
		subject string
		bad     []string
	}{
		"Facebook": {facebook, "/me", facebookPerson, `"id":"10224459385749287"`, []string{
			`"id":10224459385749287`, `"id":""`, `"id":"undefined"`, `"id":"null"`, `"id":null`, `"id":1e21`, `"id":"1e21"`, `"id":"0"`, `"id":"01"`,
			`"id":" 1"`, `"id":"1\n"`, `"id":["1"]`, `"ID":"1"`, `"sub":"1"`, `"id":"-1"`, `"id":"１"`, `"id":"1","\u0069d":"2"`, `"id":"123456789012345678901"`,
		}},
		"Amazon": {amazon, "/user/profile", amazonPerson, `"user_id":"amzn1.account.K2LI23KL2LK2"`, []string{
			`"user_id":7`, `"user_id":""`, `"user_id":"undefined"`, `"user_id":"[object Object]"`, `"user_id":null`, `"USER_ID":"a"`, `"sub":"a"`,
			`"user_id":"a\n"`, `"user_id":" a"`, `"user_id":"` + strings.Repeat("x", 256) + `"`,
		}},
		"GitHub": {gitHub, "/user", gitHubUser, `"id":583231`, []string{
			`"id":"583231"`, `"id":null`, `"id":0`, `"id":-1`, `"id":1e21`, `"id":1E3`, `"id":583231.0`, `"id":1.5`, `"id":true`, `"id":""`, `"id":[]`,
			`"id":"undefined"`, `"ID":583231`, `"x":0`, `"id":583231,"id":1`, `"id":123456789012345678901`, `"id":` + strings.Repeat("9", 90),
		}},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t)
			p := test.make(t, f)
			for _, bad := range test.bad {
				require.Contains(t, test.honest, test.subject)
				f.api(test.path, strings.Replace(test.honest, test.subject, bad, 1))
				subject, attributes, err := f.signIn(p, "")
				refused(t, err, oidc.UserInfoFailed, "")
				require.Empty(t, subject, bad)
				require.Nil(t, attributes)
			}
		})
	}
	// Two large numbers that are one as floats.
	f := newFake(t)
	p := gitHub(t, f)
	for _, id := range []string{"9007199254740992", "9007199254740993", "18446744073709551615"} {
		f.api("/user", strings.Replace(gitHubUser, "583231,", id+",", 1))
		subject, _, err := f.signIn(p, "")
		require.NoError(t, err)
		require.Equal(t, id, subject)
	}
}

func TestR13_Endpoints(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"redirect":  func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) },
		"10 MB":     answerJSON(200, `{"x":"`+strings.Repeat("x", 10<<20)+`"}`),
		"html":      func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) },
		"form":      form("access_token=" + canaryToken + "&token_type=bearer&scope=user"),
		"not JSON":  answerJSON(200, "canary"),
		"null":      answerJSON(200, "null"),
		"number":    answerJSON(200, "1"),
		"empty":     answerJSON(200, ""),
		"smuggled":  answerJSON(200, `[],"x":[]`),
		"smuggled2": answerJSON(200, `[]},{"list":[]`),
		"500":       answerJSON(500, "{}"),
		"401":       answerJSON(401, `{"message":"canary"}`),
		"hangs up":  func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	} {
		t.Run(name, func(t *testing.T) {
			for _, test := range []struct {
				make func(*testing.T, *fake) federation.Provider
				path string
				code oidc.Code
			}{
				{facebook, "/token", oidc.ExchangeFailed}, {facebook, "/me", oidc.UserInfoFailed},
				{amazon, "/token", oidc.ExchangeFailed}, {amazon, "/user/profile", oidc.UserInfoFailed},
				{gitHub, "/token", oidc.ExchangeFailed}, {gitHub, "/user", oidc.UserInfoFailed}, {gitHub, "/user/emails", oidc.UserInfoFailed},
			} {
				f := newFake(t)
				p := test.make(t, f)
				_, _, err := f.signIn(p, "")
				require.NoError(t, err)
				f.answer(test.path, answer)
				_, _, err = f.signIn(p, "")
				refused(t, err, test.code, "")
				require.Zero(t, f.count("/elsewhere"))
			}
		})
	}
}

func form(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/x-www-form-urlencoded")
		_, _ = w.Write([]byte(body))
	}
}

func TestR10_R11_Callback(t *testing.T) {
	for _, create := range []func(*testing.T, *fake) federation.Provider{facebook, amazon, gitHub} {
		f := newFake(t)
		p := create(t, f)
		for _, extra := range []string{"&code=x", "&state=x", "&error=access_denied", "&iss=https://evil.example", "&iss="} {
			_, _, err := f.signIn(p, extra)
			refused(t, err, oidc.InvalidResponse, "")
		}
		require.Zero(t, f.count("/token"))
	}
	// What one provider was asked is of no use at another, nor at the same with another client.
	f := newFake(t)
	_, pending := begin(t, facebook(t, f))
	_, _, err := amazon(t, f).Finish(get("?code="+canaryCode+"&state="+state), pending)
	refused(t, err, oidc.InvalidPending, "begun at")
	p := gitHub(t, f)
	_, pending = begin(t, p)
	_, _, err = p.Finish(get("?error=access_denied&error_description=no&state="+state), pending)
	refused(t, err, oidc.AccessDenied, "denied")
	_, _, err = p.Finish(get("?code="+canaryCode+"&state=other"), pending)
	refused(t, err, oidc.InvalidResponse, "state")
}

// The provider repeats all that it was sent.
func TestR17_ErrorsHoldNoSecret(t *testing.T) {
	f := newFake(t)
	p := gitHub(t, f)
	f.answer("/token", func(w http.ResponseWriter, r *http.Request) {
		require.NoError(t, r.ParseForm())
		answerJSON(400, toJSON(t, map[string]any{"error": "x", "error_description": r.PostForm.Encode()}))(w, r)
	})
	_, _, err := f.signIn(p, "")
	refused(t, err, oidc.ExchangeFailed, "[redacted]")
	f = newFake(t)
	p = facebook(t, f)
	f.answer("/me", func(w http.ResponseWriter, r *http.Request) {
		conn, _, err := w.(http.Hijacker).Hijack()
		require.NoError(t, err)
		defer conn.Close()
		_, _ = conn.Write([]byte("HTTP/1.1 " + r.Header.Get("Authorization") + "\r\n\r\n"))
	})
	_, _, err = f.signIn(p, "")
	refused(t, err, oidc.UserInfoFailed, "")
	require.NotContains(t, err.Error(), "appsecret_proof", "an error has no need to repeat the proof")
}

func TestOAuthConfigs(t *testing.T) {
	for name, make := range map[string]func() error{
		"Facebook no id":     func() error { _, err := social.Facebook(social.FacebookConfig{AppSecret: "x"}); return err },
		"Facebook no secret": func() error { _, err := social.Facebook(social.FacebookConfig{AppID: "x"}); return err },
		"Facebook version": func() error {
			_, err := social.Facebook(social.FacebookConfig{AppID: "x", AppSecret: "x", Version: "../v1"})
			return err
		},
		"Amazon no secret":    func() error { _, err := social.Amazon(social.AmazonConfig{ClientID: "x"}); return err },
		"GitHub no secret":    func() error { _, err := social.GitHub(social.GitHubConfig{ClientID: "x"}); return err },
		"Google no secret":    func() error { _, err := social.Google(social.GoogleConfig{ClientID: "x"}); return err },
		"Microsoft no secret": func() error { _, err := social.Microsoft(social.MicrosoftConfig{ClientID: "x"}); return err },
		"http endpoint": func() error {
			_, err := social.GitHub(social.GitHubConfig{ClientID: "x", ClientSecret: "x", Options: social.Options{
				InsecureEndpoints: social.Endpoints{Token: "http://localhost/token"}}})
			return err
		},
	} {
		require.ErrorIs(t, make(), oidc.InvalidConfig, name)
	}
}

// With nothing overridden the requests go to the providers themselves.
func TestRealEndpoints(t *testing.T) {
	facebook, err := social.Facebook(social.FacebookConfig{AppID: "1", AppSecret: "x", Version: "v25.0"})
	require.NoError(t, err)
	amazon, err := social.Amazon(social.AmazonConfig{ClientID: "1", ClientSecret: "x"})
	require.NoError(t, err)
	gitHub, err := social.GitHub(social.GitHubConfig{ClientID: "1", ClientSecret: "x"})
	require.NoError(t, err)
	for want, p := range map[string]federation.Provider{
		"https://www.facebook.com/v25.0/dialog/oauth?": facebook,
		"https://www.amazon.com/ap/oa?":                amazon,
		"https://github.com/login/oauth/authorize?":    gitHub,
	} {
		location, _ := begin(t, p)
		require.True(t, strings.HasPrefix(location, want), location)
	}
}
