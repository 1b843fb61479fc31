package diagnostic_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/federation/diagnostic"
	"github.com/stepwell/stepwell/federation/mapping"
)

func examine(t testing.TB, attributes map[string][]string, rules *mapping.Rules) *diagnostic.Report {
	t.Helper()
	options := diagnostic.Options{Name: "Contoso", Now: func() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) }}
	if rules != nil {
		m, err := mapping.New(*rules)
		require.NoError(t, err)
		options.Mapping = m
	}
	return diagnostic.Examine(httptest.NewRequest(http.MethodGet, "/", nil), fake{subject: "subject", attributes: attributes}, nil, options)
}

func TestExamine_JSON(t *testing.T) {
	report := examine(t, map[string][]string{"mail": {"ada@example.com"}}, &mapping.Rules{Attributes: []mapping.Attribute{{To: "email", From: []string{"mail"}}}})
	data, err := json.Marshal(report)
	require.NoError(t, err)
	require.JSONEq(t, `{"provider":"Contoso","time":"2026-01-02T03:04:05Z","ok":true,"subject":"subject","mapped":true,
		"attributes":[{"name":"mail","values":[{"text":"ada@example.com"}]}],"results":[{"name":"email","values":[{"text":"ada@example.com"}]}],
		"rules":[{"name":"attribute 1: email","kind":"attribute","to":"email","looked":["mail"],"from":["mail"],
			"saw":[{"text":"ada@example.com"}],"got":[{"text":"ada@example.com"}],"outcome":"made"}]}`, string(data))
}

const jwt = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJjYW5hcnkifQ.c2lnbmF0dXJl"

// Credentials are in no report, under whatever name and wherever in a value, nor what rules made of them.
func TestR17_SecretsAreHidden(t *testing.T) {
	attributes := map[string][]string{
		"access_token": {"canary-1"}, "http://example.com/claims/ApiKey": {"canary-2"}, "urn:x:client_secret": {"canary-3"}, "code": {"canary-4"}, "Password": {"canary-5"},
		"about": {"my token is " + jwt}, "key": {"canary-6"}, "pem": {"-----BEGIN PRIVATE KEY----- canary-7"}, "auth": {"Bearer canary-8-0123456789"},
		"hash": {"$argon2id$v=19$canary-9"}, "xml": {"PHNhbWxwOlJlc3BvbnNlcanary"}, "xml2": {"<saml:Assertion>canary-10</saml:Assertion>"},
		"postal_code": {"12345"}, "keywords": {"music"}, "country_code": {"GB"},
	}
	rules := &mapping.Rules{
		Attributes: []mapping.Attribute{
			{To: "x", From: []string{"access_token"}, Steps: []mapping.Step{{After: "-"}}, Default: []string{"d"}},
			{To: "nickname", From: []string{"about"}, Steps: []mapping.Step{{Match: `my token is (eyJ[^.]*).*`}}},
			{To: "session_token", From: []string{"postal_code"}}, {To: "y", From: []string{"none"}, Required: true},
		},
		Grants: []mapping.Grant{{Group: "{value}", If: mapping.Condition{Attribute: "about", HasValue: true}}},
	}
	report := examine(t, attributes, rules)
	data, err := json.Marshal(report)
	require.NoError(t, err)
	require.NotContains(t, string(data), "canary")
	require.NotContains(t, string(data), jwt)
	shown := map[string]string{}
	for _, a := range report.Attributes {
		shown[a.Name] = a.Values[0].Text
	}
	require.Equal(t, "12345", shown["postal_code"])
	require.Equal(t, "music", shown["keywords"])
	require.Equal(t, "GB", shown["country_code"])
	for _, rule := range report.Rules {
		if rule.To == "x" || rule.To == "nickname" {
			for _, v := range slices.Concat(rule.Saw, rule.Got) {
				require.True(t, v.Hidden, "%+v", rule)
			}
		}
	}
}

// What a request brought is not in the message of an error, even where a provider's package forgets itself.
func TestR17_ErrorsAreScrubbed(t *testing.T) {
	r := httptest.NewRequest(http.MethodPost, "/?code=canary-code&state=canary%2Bstate", nil)
	r.PostForm = url.Values{"SAMLResponse": {"canary-response"}, "RelayState": {"canary-relay"}}
	for _, text := range []string{
		"bad canary-code here", "bad canary+state", "bad canary%2Bstate", `bad "canary-response"`, "canary-relay", "canary-pending", "token " + jwt, "Bearer canary0123456789",
	} {
		report := diagnostic.Examine(r, fake{err: errors.New(text)}, []byte("canary-pending"), diagnostic.Options{})
		data, err := json.Marshal(report)
		require.NoError(t, err)
		require.NotContains(t, string(data), "canary", text)
		require.NotContains(t, string(data), jwt)
		require.Contains(t, report.Problems[0].Message, "[hidden]")
	}
}

func TestExamine_Panics(t *testing.T) {
	report := diagnostic.Examine(httptest.NewRequest(http.MethodGet, "/", nil), panics{}, nil, diagnostic.Options{})
	require.False(t, report.OK)
	require.Equal(t, "The software failed", report.Problems[0].Title)
	require.NotContains(t, fmt.Sprint(report), "canary")
}

func TestExamine_Bounded(t *testing.T) {
	attributes := map[string][]string{}
	for i := range 900 {
		attributes[fmt.Sprintf("a%03d-%s", i, strings.Repeat("n", 1000))] = slices.Repeat([]string{strings.Repeat("v", 16_000)}, 200)
	}
	report := examine(t, attributes, nil)
	require.Len(t, report.Attributes, 300)
	require.Equal(t, 600, report.MoreAttributes)
	require.Len(t, report.Attributes[0].Values, 50)
	require.Equal(t, 150, report.Attributes[0].More)
	require.Equal(t, "cut after 200 of 16000 characters", report.Attributes[0].Values[0].Note)
	require.Less(t, len(report.Attributes[0].Name), 310)
	report = diagnostic.Failed(errors.New(strings.Repeat("x", 1<<20)), fake{}, diagnostic.Options{})
	require.Less(t, len(report.Problems[0].Message), 1600)
	rules := &mapping.Rules{}
	for i := range 400 {
		rules.Attributes = append(rules.Attributes, mapping.Attribute{To: fmt.Sprint(i), From: []string{"Mail"}})
	}
	report = examine(t, map[string][]string{"mail": {"x"}}, rules)
	require.Len(t, report.Rules, 300)
	require.Equal(t, 100, report.MoreRules)
	require.LessOrEqual(t, len(report.Notes), 11)
}

// Hostile values and names come out as text.
func TestH5_HostileAttributes(t *testing.T) {
	hostile := []string{
		`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `</code></dd><a href="javascript:alert(1)">x</a>`, "javascript:alert(1)", `' onmouseover='alert(1)`,
		"{{.Title}}", "</title><script>", "\u202egnp.exe", "a\x00b", "line\nbreak", " spaces ", strings.Repeat("W", 5000), "\xff\xfe", "<!--", "]]>", "&lt;b&gt;",
	}
	s := newSite(t)
	attributes := map[string][]string{}
	for _, text := range hostile {
		attributes[text] = hostile
	}
	m, err := mapping.New(mapping.Rules{
		Attributes: []mapping.Attribute{{Name: `<b>"rule"`, To: `<i>'to'`, From: []string{`<script>alert(1)</script>`}}},
		Grants:     []mapping.Grant{{Group: "{value}", If: mapping.Condition{Attribute: `<script>alert(1)</script>`, HasValue: true}}},
	})
	require.NoError(t, err)
	state := ""
	s.target = diagnostic.Target{Provider: stateful{fake{next: http.NotFoundHandler(), subject: hostile[0], attributes: attributes}, &state}, Label: hostile[1], Mapping: m}
	client := browser(t)
	link := s.link()
	pages := []page{open(t, client, link)}
	open(t, client, beginOf(link))
	pages = append(pages, open(t, client, s.url+"/callback?state="+state))
	open(t, client, beginOf(link))
	s.target.Provider = fake{err: errors.New(hostile[2] + hostile[0])}
	pages = append(pages, open(t, client, s.url+"/callback?error_description=<script>&state="+state))
	for i, p := range pages {
		require.Equal(t, http.StatusOK, p.status)
		requireStrict(t, p)
		for _, bad := range []string{"<img", "<b>", "<i>", "onerror=alert(1)>", `href="javascript`, "</title><script", "\x00", "\u202e"} {
			require.NotContains(t, p.source, bad, "page %d", i)
		}
		for _, a := range p.links {
			require.True(t, strings.HasPrefix(a, s.url), a)
		}
		require.LessOrEqual(t, strings.Count(p.source, "<!--"), 0)
	}
	require.Contains(t, pages[1].text, "alert(1)")
	require.Contains(t, pages[1].text, "begins or ends with a space")
	require.Contains(t, pages[1].text, "has characters that do not print")
	require.Contains(t, pages[1].text, "cut after 200 of 5000 characters")
}

// What federation/saml says has a hint.
func TestHints_SAML(t *testing.T) {
	for text, want := range map[string]string{
		`saml: the assertion's Audience is "x", expected "y"; set the Identifier (Entity ID, Audience) at the identity provider, or Config.EntityID`:          "The answer is for another application",
		`saml: the assertion has no AudienceRestriction, so it does not say that it is for us; expected the audience "y"`:                                     "The answer is for another application",
		`saml: the assertion's SubjectConfirmationData Recipient is "x", expected "y"; set the Reply URL (ACS URL) at the identity provider`:                  "The answer is for another address",
		`saml: the response's Destination is "x", expected "y"`:                                                                                               "The answer is for another address",
		`saml: the assertion's Conditions NotBefore is in the future: 2026`:                                                                                   "The clocks differ",
		`saml: the assertion's NotOnOrAfter is past`:                                                                                                          "The answer was too old, or the clocks differ",
		`saml: neither the response nor the assertion is signed; have the identity provider sign one of them`:                                                 "The answer is not signed",
		`saml: the signature of the assertion was refused: the signature algorithm "x" uses SHA-1: have the provider use SHA-256`:                             "The signature uses SHA-1, which can be forged",
		`saml: the signature of the assertion was refused: no key fits; if the identity provider changed its certificate, give its present metadata`:          "The signature does not fit",
		`saml: the assertion could not be decrypted; the identity provider must encrypt it to a certificate of our metadata`:                                  "The answer could not be decrypted",
		`saml: the assertion is encrypted, but Config has no Decryption keys`:                                                                                 "The answer is encrypted, and there is no key for it here",
		`saml: the assertion is not encrypted (RequireEncryption)`:                                                                                            "The answer is not encrypted",
		`saml: the response answers another request than that of this sign-in (InResponseTo)`:                                                                 "The answer is to another sign-in",
		`saml: the RelayState that came back is not the one of this sign-in`:                                                                                  "The provider did not return the state",
		`saml: this response has been used already; start a new sign-in`:                                                                                      "The answer was used already",
		`saml: the NameID is transient: it is another one at every sign-in and names nobody`:                                                                  "The provider names people anew each time",
		`saml: the assertion has no NameID; have the identity provider send one, or set SubjectAttribute`:                                                     "The provider does not say who the person is",
		`saml: the response's Issuer is "a", expected "b"; either the message is from another identity provider, or its metadata here is not the present one`: "The answer is from another provider",
		`saml: the identity provider refused: the identity provider says "Responder/AuthnFailed", "AADSTS50105: not assigned"`:                                "Entra ID refused the sign-in (AADSTS50105)",
		`saml: x: the identity provider says "Requester/RequestDenied"`:                                                                                       "The provider refused the request",
		`saml: reading https://idp/metadata: it answered with status 404`:                                                                                     "The provider's metadata cannot be read",
		`saml: the metadata was valid until 2026, which is past; get it from the identity provider again`:                                                     "The metadata has expired",
		`something else`: "The sign-in did not succeed",
	} {
		report := diagnostic.Failed(errors.New(text), fake{}, diagnostic.Options{})
		require.Equal(t, want, report.Problems[0].Title, text)
		require.NotEmpty(t, report.Problems[0].Change)
		require.Equal(t, text, report.Problems[0].Message)
	}
}

func FuzzLinkAndState(f *testing.F) {
	h, err := diagnostic.New(diagnostic.Config{BaseURL: "https://app.example.com", Key: key, Provider: noTarget})
	if err != nil {
		f.Fatal(err)
	}
	f.Add("AQAAAABpAAAA", "AAAA", "state=x")
	f.Add("", strings.Repeat("A", 43), "RelayState=%zz&state=")
	f.Fuzz(func(t *testing.T, link, state, body string) {
		for _, r := range []*http.Request{
			httptest.NewRequest(http.MethodGet, "/?"+url.Values{"link": {link}}.Encode(), nil),
			httptest.NewRequest(http.MethodGet, "/begin?"+url.Values{"link": {link}}.Encode(), nil),
			httptest.NewRequest(http.MethodGet, "/callback?"+url.Values{"state": {state}}.Encode(), nil),
			httptest.NewRequest(http.MethodPost, "/callback", strings.NewReader(body)),
		} {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			require.GreaterOrEqual(t, w.Code, 400)
			require.Less(t, w.Code, 500)
		}
	})
}
