package userpool_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"github.com/stepwell/stepwell/userpool"
)

const linkPage = "https://app.example.com/link?from=mail"

// linkPool signs people in by links too, and phonePool by phone numbers.
func linkPool(c *userpool.Config) {
	c.Settings.FirstFactors = []userpool.ChallengeName{userpool.ChallengePassword, userpool.ChallengeEmailLink}
	c.Settings.SignInLinkURL = linkPage
	c.Settings.Clients[0].AuthFlows = []userpool.AuthFlow{userpool.UserPasswordAuth, userpool.UserAuth}
}

func phonePool(c *userpool.Config) {
	c.Settings.UsernameAttributes = []string{"email", "phone_number"}
	c.SMSSender = c.Sender
}

func (k *kit) sendLink(email string, from userpool.UserContextData) userpool.Message {
	k.t.Helper()
	_, err := k.InitiateAuth(context.Background(), userpool.InitiateAuthInput{
		AuthFlow: userpool.UserAuth, ClientID: "webapp", Username: email, PreferredChallenge: userpool.ChallengeEmailLink, UserContext: from,
	})
	require.NoError(k.t, err)
	return k.mail()
}

// A message is in the language of the user, or else of the request; what cannot be read is English, however long it is.
func TestH6_MessageLanguage(t *testing.T) {
	k := newKit(t, nil)
	for i, test := range []struct{ attribute, accept, want, text string }{
		{"", "", "en", "It is valid for 10 minutes."},
		{"de", "", "de", "10 Minuten"},
		{"de_AT", "fr", "de", "10 Minuten"},
		{"", "fr-CA,fr;q=0.9,en;q=0.8", "fr", "10 minutes"},
		{"", "tlh, ja;q=0.5", "ja", "10分"},
		{"not a tag!", "pl", "pl", "10 minut"},
		{"zh-CN", "", "zh-Hans", "10"},
		{"../../../etc/passwd", "../../", "en", "10 minutes"},
		{"{####}", "{{.Code}}", "en", "10 minutes"},
		{"", strings.Repeat("de-", 4000), "en", "10 minutes"},
		{"", "de," + strings.Repeat("en;q=0.1,", 2000), "de", "10 Minuten"},
		{"", "\xff\x00\r\nBcc: eve@example.com", "en", "10 minutes"},
	} {
		in := signUp(fmt.Sprintf("ada%d@example.com", i))
		in.UserContext.Locale = test.accept
		if test.attribute != "" {
			in.UserAttributes = map[string]string{"locale": test.attribute}
		}
		require.NoError(t, errOf(k.SignUp(t.Context(), in)))
		m := k.mail()
		require.Equal(t, test.want, m.Locale, "%q %.40q", test.attribute, test.accept)
		require.Contains(t, m.Text, test.text)
		require.Contains(t, m.Text, m.Code)
		require.Contains(t, m.HTML, `<html lang="`+test.want+`"`)
		require.Contains(t, m.Text, "id.example.com", "the name of the pool")
		require.NotContains(t, m.Subject+m.Text+m.HTML, "eve@")
	}
}

// The texts of the application take the place of the built-in ones, kind by kind and language by language.
func TestMessageTemplates(t *testing.T) {
	k := newKit(t, func(c *userpool.Config) {
		linkPool(c)
		c.Settings.Name = "Example & Sons"
		c.Settings.MessageTemplates = []userpool.MessageTemplate{
			{Kind: userpool.MessageSignUp, Language: "en", Subject: "Welcome to {pool}", Text: "Hello {username}!\n\nYour code: {####} ({validity})"},
			{Kind: userpool.MessageSignUp, Language: "sv", Text: "Din kod: {####}"},
			{Kind: userpool.MessageSignInLink, Language: "en", Text: "Open {link} within {validity}", HTML: `<p>Dear {username},</p><p><a href="{link}">Open</a></p>`},
		}
	})
	message := func(email, locale string) userpool.Message {
		in := signUp(email)
		in.UserContext.Locale = locale
		require.NoError(t, errOf(k.SignUp(t.Context(), in)))
		return k.mail()
	}
	m := message("ada@example.com", "")
	require.Equal(t, "Welcome to Example & Sons", m.Subject)
	require.Equal(t, "Hello ada@example.com!\n\nYour code: "+m.Code+" (10 minutes)\n", m.Text)
	require.Contains(t, m.HTML, "Example &amp; Sons", "in the built-in layout, escaped")
	require.Contains(t, m.HTML, m.Code)

	m = message("bo@example.com", "sv-SE")
	require.Equal(t, "sv", m.Locale)
	require.Equal(t, "Din kod: "+m.Code+"\n", m.Text)
	require.Equal(t, "Your code to confirm your e-mail address", m.Subject, "what is left out is built in")
	require.Contains(t, message("cy@example.com", "de").Text, "10 Minuten", "other languages stay")

	k.user("ida@example.com")
	_, err := k.ForgotPassword(t.Context(), userpool.ForgotPasswordInput{Username: "ida@example.com"})
	require.NoError(t, err)
	require.Equal(t, "Your code to set a new password", k.mail().Subject, "other kinds stay")
	m = k.sendLink("ida@example.com", userpool.UserContextData{})
	require.Equal(t, "Open "+m.Link+" within 15 minutes\n", m.Text)
	require.Equal(t, `<p>Dear ida@example.com,</p><p><a href="`+strings.ReplaceAll(m.Link, "&", "&amp;")+`">Open</a></p>`, m.HTML)
	require.True(t, strings.HasPrefix(m.Link, linkPage+"&token="))
}

// A program that wants to write in some languages only says which.
func TestMessageLanguages(t *testing.T) {
	k := newKit(t, func(c *userpool.Config) {
		c.Settings.MessageLanguages = []string{"nl", "sv"}
		c.Settings.MessageTemplates = []userpool.MessageTemplate{{Kind: userpool.MessageSignUp, Language: "sv", Text: "Din kod: {####}"}}
	})
	for i, test := range [][2]string{{"de", "nl"}, {"", "nl"}, {"sv", "sv"}, {"en", "nl"}} {
		in := signUp(fmt.Sprintf("ada%d@example.com", i))
		in.UserContext.Locale = test[0]
		require.NoError(t, errOf(k.SignUp(t.Context(), in)))
		require.Equal(t, test[1], k.mail().Locale, test[0])
	}
	require.NoError(t, errOf(k.ResendConfirmationCode(t.Context(), userpool.ResendConfirmationCodeInput{
		Username: "ada0@example.com", UserContext: userpool.UserContextData{Locale: "sv"},
	})))
	require.Equal(t, "nl", k.mail().Locale, "of this kind there is no text in Swedish")
}

// What could not be sent, or would not do, is refused when the pool is made.
func TestMessageTemplates_Refused(t *testing.T) {
	good := newKit(t, linkPool).config
	one := func(m userpool.MessageTemplate) func(*userpool.Settings) {
		return func(s *userpool.Settings) { s.MessageTemplates = []userpool.MessageTemplate{m} }
	}
	for want, change := range map[string]func(*userpool.Settings){
		"no kind of message":        one(userpool.MessageTemplate{Kind: "Signup", Language: "en", Text: "{####}"}),
		"is no language tag":        one(userpool.MessageTemplate{Kind: userpool.MessageSignUp, Language: "english please", Text: "{####}"}),
		`"" is no language tag`:     one(userpool.MessageTemplate{Kind: userpool.MessageSignUp, Text: "{####}"}),
		"lacks {####}":              one(userpool.MessageTemplate{Kind: userpool.MessageSignUp, Language: "en", Text: "Welcome!"}),
		"lacks {link}":              one(userpool.MessageTemplate{Kind: userpool.MessageSignInLink, Language: "en", Text: "Welcome!"}),
		`"{{.Code}"`:                one(userpool.MessageTemplate{Kind: userpool.MessageSignUp, Language: "en", Text: "{####} {{.Code}}"}),
		`"{name}"`:                  one(userpool.MessageTemplate{Kind: userpool.MessageSignUp, Language: "en", Subject: "{name}"}),
		"script":                    one(userpool.MessageTemplate{Kind: userpool.MessageSignUp, Language: "en", Text: "{####}", HTML: "<script>{####}</script>"}),
		"in the tag":                one(userpool.MessageTemplate{Kind: userpool.MessageSignUp, Language: "en", Text: "{####}", HTML: `<p title="{username}">{####}</p>`}),
		"no Text beside":            one(userpool.MessageTemplate{Kind: userpool.MessageSignUp, Language: "en", HTML: "<p>{####}</p>"}),
		"is empty":                  one(userpool.MessageTemplate{Kind: userpool.MessageSignUp, Language: "en"}),
		"line break":                one(userpool.MessageTemplate{Kind: userpool.MessageSignUp, Language: "en", Subject: "a\r\nBcc: eve@example.com"}),
		"MessageTemplates[0]: SMS ": one(userpool.MessageTemplate{Kind: userpool.MessageSignUp, Language: "en", SMS: "{####}" + strings.Repeat("x", 480)}),
		`two templates of SignUp in the language "de"`: func(s *userpool.Settings) {
			s.MessageTemplates = []userpool.MessageTemplate{
				{Kind: userpool.MessageSignUp, Language: "de", Text: "{####}"}, {Kind: userpool.MessageSignUp, Language: "DE", Text: "{####}"},
			}
		},
		`MessageLanguages has "klingon!"`:              func(s *userpool.Settings) { s.MessageLanguages = []string{"klingon!"} },
		`"sv", in which there are no texts`:            func(s *userpool.Settings) { s.MessageLanguages = []string{"sv"} },
		`MessageLanguages has "DE" twice`:              func(s *userpool.Settings) { s.MessageLanguages = []string{"de", "DE"} },
		"Settings.Name":                                func(s *userpool.Settings) { s.Name = "  \u200b " },
		"Settings.SignInLinkURL cannot stand in a mes": func(s *userpool.Settings) { s.SignInLinkURL = "com.example.app:/link" },
		"Settings.SignInLinkURL cannot stand in a m":   func(s *userpool.Settings) { s.SignInLinkURL = "https://app.example.com/{link}" },
	} {
		c := good
		change(&c.Settings)
		_, err := userpool.New(c)
		require.ErrorContains(t, err, want)
		require.ErrorContains(t, err, "userpool: Settings.")
	}
}

// Settings with templates can be stored and read again.
func TestMessageTemplates_AsJSON(t *testing.T) {
	k := newKit(t, func(c *userpool.Config) {
		c.Settings.MessageTemplates = []userpool.MessageTemplate{{Kind: userpool.MessageSignUp, Language: "en", Text: "{####}"}}
	})
	raw, err := json.Marshal(k.Settings())
	require.NoError(t, err)
	var s userpool.Settings
	require.NoError(t, json.Unmarshal(raw, &s))
	require.Equal(t, k.Settings().MessageTemplates, s.MessageTemplates, "as they were given, without what was filled in")
}

// A text message is one short text, whose last line binds the code to the pages of the pool.
func TestMessages_SMS(t *testing.T) {
	for address, line := range map[string]string{
		"https://id.example.com": "\n\n@id.example.com #", "https://id.example.com:8443/pool": "\n\n@id.example.com #", "http://127.0.0.1:80": "",
		"http://[::1]:80": "", "https://my_host.example": "",
	} {
		k := newKit(t, func(c *userpool.Config) { phonePool(c); c.Issuer = address })
		require.NoError(t, errOf(k.SignUp(t.Context(), signUp("+12025550123"))))
		m := k.mail()
		require.Equal(t, userpool.MediumSMS, m.Medium)
		require.Equal(t, "+12025550123", m.To)
		require.Empty(t, m.Subject+m.HTML)
		require.Contains(t, m.Text, m.Code)
		if line == "" {
			require.NotContains(t, m.Text, "@", address)
			continue
		}
		require.True(t, strings.HasSuffix(m.Text, line+m.Code), m.Text)
	}
}

// U34: what a person chooses for themselves becomes no template, no HTML, no header and no second recipient, and nothing of it is shown in
// what a stranger can have sent.
func TestU34_ValuesAreNoTemplates(t *testing.T) {
	evil := []string{
		"{{.Code}}", "{####}", "{link}", "${code}", "%s%n", `<img src=x onerror=alert(1)>`, `"><a href="https://evil.example">click</a>`, "{username}{####}",
		strings.Repeat("Ada ", 500), "\u202emoc.live", "evil.example",
	}
	k := newKit(t, func(c *userpool.Config) {
		c.Settings.CustomAttributes = []userpool.CustomAttribute{{Name: "custom:note"}}
		c.Settings.Name = "Example"
	})
	for i, value := range evil {
		in := signUp(fmt.Sprintf("ada%d@example.com", i))
		in.UserAttributes = map[string]string{"name": value, "given_name": value, "preferred_username": value, "custom:note": value}
		in.ClientMetadata = map[string]string{"name": value, "code": value}
		require.NoError(t, errOf(k.SignUp(t.Context(), in)))
		m := k.mail()
		require.Equal(t, in.Username, m.To)
		require.Equal(t, "Your code to confirm your e-mail address", m.Subject)
		require.Equal(t, 1, strings.Count(m.Text, m.Code))
		require.NotContains(t, m.Text+m.HTML+m.Subject, value)
		require.NotContains(t, m.Text+m.HTML, "evil")
		require.Empty(t, tags(t, m.HTML)["a"]+tags(t, m.HTML)["img"]+tags(t, m.HTML)["script"])
	}
	for _, value := range []string{"Ada\r\nBcc: eve@example.com", "Ada\x00", strings.Repeat("x", 10<<10)} {
		in := signUp("crlf@example.com")
		in.UserAttributes = map[string]string{"name": value}
		require.ErrorIs(t, errOf(k.SignUp(t.Context(), in)), userpool.InvalidParameter)
	}
	for _, address := range []string{"a@example.com,b@example.com", "a@example.com\r\nBcc: b@example.com", "a@example.com b@example.com", "<a@example.com>", "a@example.com;b@example.com"} {
		require.ErrorIs(t, errOf(k.SignUp(t.Context(), signUp(address))), userpool.InvalidParameter)
	}
	require.Equal(t, len(evil), k.mails())
}

// A chosen name that an application's own text shows is one line of plain text.
func TestU34_UsernameInTemplate(t *testing.T) {
	k := newKit(t, func(c *userpool.Config) {
		c.Settings.UsernameAttributes = []string{"username"}
		c.Settings.MessageTemplates = []userpool.MessageTemplate{{
			Kind: userpool.MessageSignUp, Language: "en", Subject: "Hello {username}", Text: "Hello {username}: {####}", HTML: "<p>Hello <b>{username}</b>: {####}</p>",
		}}
	})
	for _, name := range []string{"{####}", "<b>eve", "{link}", "o'neill&co", `"><script>`} {
		in := signUp(name)
		in.UserAttributes = map[string]string{"email": "ada@example.com"}
		if err := errOf(k.SignUp(t.Context(), in)); err != nil {
			require.ErrorIs(t, err, userpool.InvalidParameter, name)
			continue
		}
		m := k.mail()
		require.Equal(t, "Hello "+name, m.Subject)
		require.Equal(t, "Hello "+name+": "+m.Code+"\n", m.Text)
		require.Equal(t, map[string]int{"p": 1, "b": 1}, tags(t, m.HTML))
	}
}

// tags counts the elements of a text.
func tags(t *testing.T, text string) map[string]int {
	t.Helper()
	out := map[string]int{}
	z := html.NewTokenizer(strings.NewReader(text))
	for kind := z.Next(); kind != html.ErrorToken; kind = z.Next() {
		if token := z.Token(); kind == html.StartTagToken || kind == html.SelfClosingTagToken {
			out[token.Data]++
		}
	}
	return out
}

// leakySender fails in the way of a careless one: with all that it was given.
type leakySender struct {
	mu     sync.Mutex
	sent   []userpool.Message
	panics bool
	ok     bool
}

func (s *leakySender) Send(_ context.Context, m userpool.Message) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sent = append(s.sent, m)
	switch {
	case s.ok:
		return nil
	case s.panics:
		panic(m)
	}
	return fmt.Errorf("the gateway refused %q, that is %+v", strings.ReplaceAll(m.Link, "&", "&amp;"), m)
}

// A message that could not be handed over is reported, or logged, without its code or link. What it belongs to stays, and it is not sent
// again by itself.
func TestH12_FailedDelivery(t *testing.T) {
	for _, panics := range []bool{false, true} {
		s := &leakySender{panics: panics}
		k := newKit(t, func(c *userpool.Config) { linkPool(c); c.Sender = s })
		out, err := k.SignUp(t.Context(), signUp("ada@example.com"))
		require.ErrorIs(t, err, userpool.CodeDeliveryFailure)
		for e := err; e != nil; e = errors.Unwrap(e) {
			require.False(t, containsWord(e.Error(), s.sent[0].Code), "%v", e)
		}
		require.NotEmpty(t, out.Session)
		require.Len(t, s.sent, 1, "not tried again")

		// The sign-up stands; the code of the message that failed would be good, and a new one is.
		u, err := k.AdminGetUser(t.Context(), "ada@example.com")
		require.NoError(t, err)
		require.Equal(t, out.UserSub, u.Sub)
		require.Equal(t, userpool.StatusUnconfirmed, u.Status)
		require.NoError(t, errOf(k.ResendConfirmationCode(t.Context(), userpool.ResendConfirmationCodeInput{Username: "ada@example.com"})))
		k.Wait()
		require.Len(t, s.sent, 2)
		require.NoError(t, errOf(k.ConfirmSignUp(t.Context(), userpool.ConfirmSignUpInput{
			Username: "ada@example.com", ConfirmationCode: s.sent[1].Code, Session: out.Session,
		})))
		require.NoError(t, errOf(k.ForgotPassword(t.Context(), userpool.ForgotPasswordInput{Username: "ada@example.com"})))
		require.NoError(t, errOf(k.InitiateAuth(t.Context(), userpool.InitiateAuthInput{
			AuthFlow: userpool.UserAuth, ClientID: "webapp", Username: "ada@example.com", PreferredChallenge: userpool.ChallengeEmailLink,
		})))
		k.Wait()
		require.Len(t, s.sent, 4)
		log := k.log.String()
		require.Contains(t, log, "[secret]", "the text of the sender is logged, but for these")
		for _, m := range s.sent {
			for _, secret := range []string{m.Code, m.Link} {
				require.False(t, secret != "" && containsWord(log, secret), "%s is in the log", m.Kind)
			}
		}
		_, token, _ := strings.Cut(s.sent[2].Link+s.sent[3].Link, "token=") // either may be the first
		require.Len(t, token, 43)
		require.NotContains(t, log, token)
	}
}

// One request is one message: nothing that is tried again inside sends again.
func TestMessages_OneForEach(t *testing.T) {
	s := &leakySender{ok: true}
	k := newKit(t, func(c *userpool.Config) { c.Sender = s })
	require.NoError(t, errOf(k.SignUp(t.Context(), signUp("ada@example.com"))))
	sent := parallel(50, func(int) error {
		return errOf(k.ResendConfirmationCode(context.Background(), userpool.ResendConfirmationCodeInput{Username: "ada@example.com"}))
	})
	k.Wait()
	require.Len(t, s.sent, 1+sent)
	ids := map[string]bool{}
	for _, m := range s.sent {
		require.Equal(t, "ada@example.com", m.To)
		ids[m.ID] = true
	}
	require.Len(t, ids, len(s.sent))
}
