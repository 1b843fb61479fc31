package oauth

import (
	"encoding/base64"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
)

// FuzzForm compares what we read with what net/url reads of the same form.
func FuzzForm(f *testing.F) {
	for _, s := range []string{
		"", "a=b", "a=b&c=d", "a=1&a=2", "a", "a=", "=b", "&&", "a=%zz", "a=%00", "a=%ff", "a=b;c=d", "a=b%3Bc", "a=+%2B", "a=b=c", "%61=1&a=2",
		"a=\x00", strings.Repeat("a=b&", 101), "resource=1&resource=2", "é=ü",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := parseParams(s)
		want, wantErr := url.ParseQuery(s)
		if wantErr != nil {
			require.Error(t, err)
			return
		}
		if err != nil {
			return
		}
		for name, values := range want {
			require.Equal(t, len(values) > 1, p.repeated[name])
			require.Equal(t, values[0], p.get(name))
			require.True(t, utf8.ValidString(name+p.get(name)))
		}
		for name := range p.values {
			require.Contains(t, want, name)
		}
	})
}

func FuzzBasic(f *testing.F) {
	for _, s := range []string{
		"", "Basic", "Basic ", "Basic YTpi", "basic  YTpi", "Bearer YTpi", "Basic YTpiOmM=", "Basic Og==", "Basic YTo=", "Basic OmI=", "Basic YQ==",
		"Basic YTolenp6", "Basic YTpi\r\n", "Basic YTp=", "Basic YTpiCg", "Basic " + strings.Repeat("A", 5000),
		"Basic " + base64.StdEncoding.EncodeToString([]byte("a%3Ab:c%25d+e")), "Basic " + base64.StdEncoding.EncodeToString([]byte("a:%ff")),
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		c, ok := parseBasic(s)
		if !ok {
			return
		}
		require.NotEmpty(t, c.clientID)
		require.NotEmpty(t, c.secret)
		// Written down again by the rules of RFC 6749 section 2.3.1, it is the same.
		again, ok := parseBasic("Basic " + base64.StdEncoding.EncodeToString([]byte(url.QueryEscape(c.clientID)+":"+url.QueryEscape(c.secret))))
		if len(s) < maxBasic/4 {
			require.True(t, ok)
			require.Equal(t, c, again)
		}
	})
}

func TestParseBasic(t *testing.T) {
	encode := func(s string) string { return "Basic " + base64.StdEncoding.EncodeToString([]byte(s)) }
	c, ok := parseBasic(encode("a%3Ab:c%25d+e"))
	require.True(t, ok)
	require.Equal(t, credentials{"a:b", "c%d e"}, c)
	_, ok = parseBasic(encode("a:b:c"))
	require.False(t, ok, "a colon that is not encoded")
}

func FuzzAuthorizeRequest(f *testing.F) {
	sound := "response_type=code&client_id=web&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcallback&code_challenge_method=S256" +
		"&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
	for _, s := range []string{
		"", sound, sound + "&scope=openid+email&state=a%0D%0Ab&nonce=%C3%A9", sound + "&prompt=login&max_age=0", sound + "&prompt=none+login",
		sound + "&max_age=-1", sound + "&request=x", sound + "&request_uri=https://x", sound + "&renewal=1.none", sound + "&id_token_hint=a.b.c",
		sound + "&scope=openid++email", sound + "&response_mode=form_post", sound + "&state=1&state=2", sound + "&login_hint=a@b",
	} {
		f.Add(s)
	}
	client := userpool.Client{ID: "web", Scopes: []string{"openid", "email", "profile"}}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := parseParams(s)
		if err != nil {
			return
		}
		const uri = "https://app.example.com/callback?x=1"
		req, failure := parseAuthorizeRequest(p, client, uri)
		if failure != nil {
			require.NotEmpty(t, failure.Code)
			require.Equal(t, failure.Description, plainText(failure.Description))
			checkLocation(t, uri, echoState(p))
			return
		}
		require.Len(t, req.challenge, 43)
		require.NotEmpty(t, req.scopes)
		for _, scope := range req.scopes {
			require.True(t, slices.Contains(client.Scopes, scope))
		}
		checkLocation(t, uri, req.state)
		// The request that comes back from sign-in is the same.
		query := req.query("")
		require.LessOrEqual(t, len(query), maxReturnTo)
		again, err := parseParams(query)
		require.NoError(t, err)
		second, failure := parseAuthorizeRequest(again, client, uri)
		require.Nil(t, failure)
		require.Equal(t, query, second.query(""))
		req.params, second.params = params{}, params{}
		require.Equal(t, req, second)
	})
}

// checkLocation checks that whatever the state is, it leads nowhere else.
func checkLocation(t *testing.T, uri, state string) {
	t.Helper()
	location := addQuery(uri, [2]string{"code", "c"}, [2]string{"state", state}, [2]string{"iss", "https://id.example.com"})
	require.False(t, strings.ContainsFunc(location, func(r rune) bool { return r <= ' ' || r > '~' }), location)
	u, err := url.Parse(location)
	require.NoError(t, err)
	require.Equal(t, "app.example.com", u.Host)
	require.Empty(t, u.Fragment)
	q, err := url.ParseQuery(u.RawQuery)
	require.NoError(t, err)
	require.Equal(t, state, q.Get("state"))
	require.Equal(t, []string{"c"}, q["code"])
}

func FuzzRenewal(f *testing.F) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	session := &userpool.BrowserSession{ID: "one", AuthTime: now.Add(-time.Hour)}
	f.Add("")
	f.Add("0.none")
	f.Add(newRenewal(nil, now))
	f.Add(newRenewal(session, now))
	f.Add("-9223372036854775808.none")
	f.Fuzz(func(t *testing.T, s string) {
		require.False(t, renewed(s, session, now), "a sign-in of an hour ago is not new, whatever is written")
	})
}

func TestAddQuery(t *testing.T) {
	pair := [2]string{"a", "b c"}
	for uri, want := range map[string]string{
		"https://x":          "https://x?a=b+c",
		"https://x/?":        "https://x/?a=b+c",
		"https://x/?y=1":     "https://x/?y=1&a=b+c",
		"https://x/?y=1&":    "https://x/?y=1&a=b+c",
		"com.example.app:/x": "com.example.app:/x?a=b+c",
	} {
		require.Equal(t, want, addQuery(uri, pair, [2]string{"empty", ""}))
	}
}
