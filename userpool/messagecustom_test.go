package userpool

import (
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool/internal/message"
)

// A message of every kind can be written, whatever its sender forgot to say.
func TestMessageKinds(t *testing.T) {
	kinds := []MessageKind{
		MessageSignUp, MessageResendCode, MessageForgotPassword, MessageAccountExists, MessageAdminCreateUser, MessageUpdateUserAttribute,
		MessageVerifyUserAttribute, MessageAuthentication, MessageSignInLink, MessageAccountTakeOverNotification, MessagePasswordChanged,
		MessageAttributeChanged, MessageFactorChanged, MessageWelcome,
	}
	require.Len(t, message.Kinds(), len(kinds))
	now := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	texts, err := Settings{Name: "Example"}.messageTexts()
	require.NoError(t, err)
	p := &Pool{settings: Settings{Name: "Example"}, texts: texts, now: func() time.Time { return now }, codeDomain: "example.com"}
	for _, kind := range kinds {
		require.Contains(t, message.Kinds(), string(kind))
		for _, attribute := range []string{"email", "phone_number"} {
			o := outgoing{kind: kind, attribute: attribute, to: "ada@example.com", code: "123456", link: "https://example.com/?token=x"}
			tag, template := p.text(kind, "de")
			require.Equal(t, "de", tag)
			out, err := message.Render(template, p.messageValues(o, tag, template))
			require.NoError(t, err, kind)
			require.NotEmpty(t, out.Text)
			require.NotEmpty(t, out.SMS)
			if kind == MessageAttributeChanged {
				require.Contains(t, out.Text, map[string]string{"email": "E-Mail-Adresse", "phone_number": "Telefonnummer"}[attribute])
			}
		}
	}
	_, template := p.text(MessagePasswordChanged)
	out, err := message.Render(template, p.messageValues(outgoing{kind: MessagePasswordChanged, context: UserContextData{
		IPAddress: netip.MustParseAddr("203.0.113.7"), UserAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
	}}, "en", template))
	require.NoError(t, err)
	require.Contains(t, out.Text, "Time: 2026-03-04 05:06 UTC\nPlace: 203.0.113.7\nDevice: Firefox, Linux\n")
}

func TestUserContextData_PlaceAndDevice(t *testing.T) {
	for agent, want := range map[string]string{
		"": "",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0": "Edge, Windows",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36":               "Chrome, Windows",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Safari/605.1.15":         "Safari, macOS",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/140.0.0.0 Mobile/15E148": "Chrome, iPhone",
		"Mozilla/5.0 (Linux; Android 15; SM-S931B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 Chrome/130 Mobile Safari": "Samsung Internet, Android",
		"curl/8.5.0": "curl", "Some app (Android 15)": "Android",
		"Go to https://evil.example at once\r\nBcc: eve@example.com": "",
	} {
		require.Equal(t, want, UserContextData{UserAgent: agent}.device(), agent)
	}
	for address, want := range map[string]string{
		"203.0.113.7": "203.0.113.7", "::ffff:203.0.113.7": "203.0.113.7", "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64", "fe80::1%eth0": "fe80::/64",
	} {
		require.Equal(t, want, UserContextData{IPAddress: netip.MustParseAddr(address)}.place(), address)
	}
	require.Empty(t, UserContextData{}.place())
}

// The text of the hook takes the place of the pool's, in the forms that Cognito's triggers have; one that could not be sent, or in which a
// value could become more than text, does not.
func TestU34_CustomMessage(t *testing.T) {
	base, ok := message.BuiltIn(message.SignUp, "en")
	require.True(t, ok)
	link, ok := message.BuiltIn(message.SignInLink, "en")
	require.True(t, ok)
	values := message.Values{
		Language: "en", Code: "123456", Username: "<b>eve", Link: "https://example.com/?a=1&token=x", Validity: time.Minute, Pool: "Example", Domain: "example.com",
	}
	render := func(kind MessageKind, r CustomMessageResult) (message.Rendered, error) {
		template := base
		if kind == MessageSignInLink {
			template = link
		}
		template, err := r.template(kind, "en", template)
		if err != nil {
			return message.Rendered{}, err
		}
		return message.Render(template, values)
	}

	out, err := render(MessageSignUp, CustomMessageResult{EmailSubject: "Hi", EmailMessage: "Hello {username}\r\n\r\nCode {####}", SMSMessage: "Code {####}"})
	require.NoError(t, err)
	require.Equal(t, "Hi", out.Subject)
	require.Equal(t, "Hello <b>eve\n\nCode 123456\n", out.Text)
	require.Equal(t, "Code 123456", out.SMS)
	require.Contains(t, out.HTML, "Hello &lt;b&gt;eve")

	out, err = render(MessageSignUp, CustomMessageResult{
		EmailMessage: "<style>p { color: red }</style><h1>Hello  {username}</h1>\n<p>Your code is\n<b>{####}</b>.<br>Bye</p><table><tr><td>a</td><td>b</td></tr></table>",
	})
	require.NoError(t, err)
	require.Equal(t, "Hello <b>eve\n\nYour code is 123456.\nBye\n\na b\n", out.Text)
	require.Contains(t, out.HTML, "<h1>Hello  &lt;b&gt;eve</h1>\n<p>Your code is\n<b>123456</b>")
	require.Contains(t, out.HTML, "<!DOCTYPE html>")
	require.Equal(t, base.Subject, out.Subject, "what is empty stays")
	require.Contains(t, out.SMS, "@example.com #123456")

	out, err = render(MessageSignInLink, CustomMessageResult{EmailMessage: "<html><body>Please {##Click Here##}</body></html>", SMSMessage: "Open {##Click Here##}"})
	require.NoError(t, err)
	require.Equal(t, `<html><body>Please <a href="https://example.com/?a=1&amp;token=x">Click Here</a></body></html>`, out.HTML)
	require.Equal(t, "Please Click Here: https://example.com/?a=1&token=x\n", out.Text)
	require.Equal(t, "Open https://example.com/?a=1&token=x", out.SMS)

	for name, r := range map[string]CustomMessageResult{
		"no code in the mail":     {EmailMessage: "Hello"},
		"no code in the HTML":     {EmailMessage: "<p>Hello</p>"},
		"code in an attribute":    {EmailMessage: `<p title="{####}">Hello</p>`},
		"no code in the SMS":      {SMSMessage: "Hello"},
		"a name with braces":      {EmailMessage: "Hello {{.Code}} {####}"},
		"a script":                {EmailMessage: "<script>x</script>{####}"},
		"a name that is a tag":    {EmailMessage: "Hello <script>alert(1)</script> {####}"},
		"a name that opens a tag": {EmailMessage: "<p>Hello <img src=x onerror=alert(1)></p><p>{####}</p>"},
		"two lines of subject":    {EmailSubject: "a\r\nBcc: eve@example.com"},
		"no UTF-8":                {EmailMessage: "\xff{####}"},
		"too long":                {SMSMessage: "{####}" + string(make([]byte, 500))},
		"a link":                  {EmailMessage: "{####} {##Click Here##}"},
	} {
		_, err := render(MessageSignUp, r)
		require.Error(t, err, name)
	}
}
