package diagnostic_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/federation/diagnostic"
	"github.com/stepwell/stepwell/federation/federationtest"
	"github.com/stepwell/stepwell/federation/mapping"
	"github.com/stepwell/stepwell/federation/oidc"
	"github.com/stepwell/stepwell/internal/browsertest"
)

// admin is an administrator at a browser.
type admin struct{ *browsertest.Person }

func (a *admin) signInAs(label string) {
	a.T.Helper()
	a.Do("choosing "+label, chromedp.Click(fmt.Sprintf(`//label[contains(., %q)]`, label)))
	a.Press("Sign in")
}

// prettyRules are rules as a customer has them, some of which do not fit.
func prettyRules() mapping.Rules {
	rules := mapping.Standard()
	rules.Attributes = append(rules.Attributes[:5:5], mapping.Attribute{Name: "department", To: "department", From: []string{"Department"}, Default: []string{"unknown"}})
	rules.Grants = []mapping.Grant{
		{Name: "administrators", Group: "admins", If: mapping.Condition{Attribute: "groups", Equals: []string{"0b7f0f4e-8f39-4e0b-9d0c-6c3f2c8d6a10"}}},
		{Role: "auditor", If: mapping.Condition{Attribute: "groups", Equals: []string{"other"}}},
	}
	return rules
}

// An administrator at a telephone and at a desktop, with script and without, tests a provider that works, and one that does not.
func TestBrowser(t *testing.T) {
	t.Parallel()
	for _, width := range []int64{390, 1280} {
		for _, script := range []bool{true, false} {
			t.Run(fmt.Sprint(width, " script ", script), func(t *testing.T) {
				s := newSite(t, withMapping(prettyRules()), func(_ *diagnostic.Config, _ *oidc.Config, target *diagnostic.Target) {
					target.Settings = []diagnostic.Setting{{Label: "Client ID", Value: "app"}}
				})
				a := &admin{browsertest.NewPerson(t, "diagnostic", "", width, script)}
				if script {
					a.UseAxe()
				}
				a.Open(s.link())
				a.Sees("start", "Test the sign-in with Contoso Ltd", "Callback URL", s.url+"/callback")
				a.Press("Begin the test")
				a.signInAs("Ada Lovelace")
				a.Do("opening the rules", chromedp.Click(chromedp.CSS("summary")))
				a.Sees("works", "The sign-in works", "ada@example.com", "administrators made")

				s.idp.SetHooks(federationtest.Hooks{MutateIDToken: func(claims map[string]any) { claims["aud"] = "another-client" }})
				a.Press("Test again")
				a.Press("Begin the test")
				a.signInAs("Ada Lovelace")
				a.Sees("fails", "The sign-in does not work", "The client ID differs", `aud does not name "app"`)

				s.idp.SetHooks(federationtest.Hooks{MutateUserInfo: func(claims map[string]any) {
					claims["access_token"] = "canary"
					claims["http://schemas.example.com/ws/2008/06/identity/claims/a-rather-long-name-of-an-attribute"] = "<script>alert(1)</script>" + strings.Repeat("W", 400)
					claims["Department"], claims["department"] = nil, "Research"
				}})
				a.Press("Test again")
				a.Press("Begin the test")
				a.signInAs("Ada Lovelace")
				a.Sees("hostile", "The sign-in works", "<script>alert(1)</script>", "not shown: it may be a secret", "nearly")
				a.Open(browsertest.Ask(a.Person, "reading the address", chromedp.Location()))
				a.Sees("over", "This test is over")
				require.Equal(t, http.StatusNotFound, open(t, browser(t), s.url+"/nothing").status)
			})
		}
	}
}
