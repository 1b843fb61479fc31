package hostedui_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
)

func TestU1_SignInAnswersAreTheSame(t *testing.T) {
	s := newSite(t)
	s.register(ada)
	s.register("disabled@example.com")
	require.NoError(t, s.pool.AdminDisableUser(t.Context(), "disabled@example.com"))
	_, err := s.pool.SignUp(t.Context(), userpool.SignUpInput{Username: "waiting@example.com", Password: password})
	require.NoError(t, err)
	answers := map[string]string{}
	for email, pw := range map[string]string{
		ada: "wrong " + password, "nobody@example.com": password, "waiting@example.com": "wrong " + password, "disabled@example.com": password,
	} {
		b := s.browser()
		p := b.submit(b.get("/auth/login"), map[string]string{"username": email, "password": pw})
		answers[email] = constant(p, email)
	}
	requireAllEqual(t, answers)
}

func TestU2_OtherAnswersAreTheSame(t *testing.T) {
	s := newSite(t)
	s.register(ada)
	_, err := s.pool.SignUp(t.Context(), userpool.SignUpInput{Username: "waiting@example.com", Password: password})
	require.NoError(t, err)
	emails := []string{ada, "nobody@example.com", "waiting@example.com"}
	for address, values := range map[string]map[string]string{
		"/auth/forgotPassword":        {},
		"/auth/confirmForgotPassword": {"code": "123456", "password": password + "!", "repeat": password + "!"},
		"/auth/confirmUser":           {"code": "123456", "session": "s"},
		"/auth/signup":                {"password": password, "repeat": password},
	} {
		answers := map[string]string{}
		for _, email := range emails {
			b := s.browser()
			values["username"] = email
			p := b.submit(b.get(address), values)
			answers[email] = constant(p, email)
			if p.Status == http.StatusSeeOther {
				answers[email] += constant(b.follow(p), email)
			}
		}
		requireAllEqual(t, answers)
	}
	answers := map[string]string{}
	for _, email := range emails {
		b := s.browser()
		p := b.submit(b.get("/auth/confirmUser"), map[string]string{"username": email, "action": "resend"})
		answers[email] = constant(p, email) + constant(b.follow(p), email)
	}
	requireAllEqual(t, answers)
}

// constant is an answer without what differs between any two: the address that was typed, and random values.
func constant(p *page, email string) string {
	random := regexp.MustCompile(`(name="(csrf|session)" value=)"[^"]*"`)
	var header strings.Builder
	for _, name := range []string{"Location", "Retry-After", "Content-Security-Policy", "Cache-Control", "Referrer-Policy"} {
		header.WriteString(name + ": " + p.Header.Get(name) + "\n")
	}
	resp := http.Response{Header: p.Header}
	for _, c := range resp.Cookies() {
		c.Value = "x"
		header.WriteString(c.String() + "\n")
	}
	return http.StatusText(p.Status) + "\n" + header.String() + strings.ReplaceAll(random.ReplaceAllString(p.Body, "$1"), email, "EMAIL")
}

func requireAllEqual(t *testing.T, answers map[string]string) {
	t.Helper()
	var first string
	for email, answer := range answers {
		if first == "" {
			first = answer
		}
		require.Equal(t, first, answer, email)
	}
}
