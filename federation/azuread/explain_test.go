package azuread_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/federation/azuread"
	"github.com/stepwell/stepwell/federation/federationtest"
	"github.com/stepwell/stepwell/federation/oidc"
	"github.com/stepwell/stepwell/federation/saml"
)

// usual are the numbers that people meet.
var usual = []int{
	50011, 50020, 50034, 50053, 50055, 50057, 50058, 50076, 50079, 50105, 50126, 50127, 50128, 50129, 50131, 50135, 50140, 50144, 50158, 50194, 50196,
	53000, 53001, 53003, 54005, 65001, 65004, 65005, 70000, 70001, 70008, 7000215, 7000218, 7000222, 70011, 700016, 700027, 700054, 75005, 75011, 75016,
	750054, 90002, 90008, 90072, 90094, 500113, 900144,
}

// Each number, as it arrives at the redirect URI, from the token endpoint and in a SAML status.
func TestExplain_Codes(t *testing.T) {
	k := newKit(t)
	byOIDC, bySAML := k.provider(), k.samlProvider()
	seen := make(map[string]int)
	for _, code := range usual {
		name := "AADSTS" + strconv.Itoa(code)
		want, ok := azuread.ExplainText(strconv.Itoa(code))
		require.True(t, ok, name)
		require.Equal(t, code, want.Code)
		for _, sentence := range []string{want.Text, want.WhatToDo} {
			require.True(t, strings.HasSuffix(sentence, ".") && len(sentence) > 20, "%s: %q", name, sentence)
		}
		seen[want.Text+want.WhatToDo]++
		require.Equal(t, 1, seen[want.Text+want.WhatToDo], "%s says what another one says", name)

		for _, endpoint := range []string{federationtest.EndpointAuthorize, federationtest.EndpointToken} {
			k.SetHooks(federationtest.EntraHooks{Refuse: func(at string, _ *http.Request) *federationtest.EntraError {
				if at != endpoint {
					return nil
				}
				return &federationtest.EntraError{Code: code, Message: "Something happened.", Back: true}
			}})
			_, _, err := k.signIn(byOIDC, "alice@contoso.example")
			e := refused(t, err, azuread.SignInFailed, name)
			require.Equal(t, want, e.Explanation)
			require.Equal(t, want.String(), byOIDC.Explain(err))
			require.Contains(t, err.Error(), want.WhatToDo)
		}
		k.SetHooks(federationtest.EntraHooks{Refuse: func(at string, _ *http.Request) *federationtest.EntraError {
			if at != federationtest.EndpointSAML {
				return nil
			}
			return &federationtest.EntraError{Code: code, Message: "Something happened.", Back: true}
		}})
		_, _, err := k.signIn(bySAML, "alice@contoso.example")
		refused(t, err, azuread.SignInFailed, name)
		require.Equal(t, want.String(), bySAML.Explain(err))
	}
}

// What the directory itself refuses.
func TestExplain_Directory(t *testing.T) {
	k := newKit(t, func(c *federationtest.EntraConfig) { c.Apps[0].AssignmentRequired = true })
	k.SetHooks(federationtest.EntraHooks{Refuse: func(string, *http.Request) *federationtest.EntraError { return nil }})
	p := k.provider()
	start, pending := k.begin(p)
	if r, err := k.SignIn(jar(t), start, "bob@contoso.example"); err == nil {
		_, _, err = p.Finish(r, pending)
		refused(t, err, azuread.SignInFailed, "AADSTS50105")
	} else { // it is shown to the person, who copies it
		explanation, ok := azuread.ExplainText(err.Error())
		require.True(t, ok, err)
		require.Equal(t, 50105, explanation.Code)
	}
	r, err := k.SignIn(jar(t), start, federationtest.Cancel)
	require.NoError(t, err)
	_, _, err = p.Finish(r, pending)
	refused(t, err, oidc.AccessDenied, "AADSTS65004")
}

func TestExplain_Others(t *testing.T) {
	for _, nothing := range []error{nil, errors.New("AADSTS50011"), &oidc.Error{Code: oidc.InvalidResponse, Message: "x"}, &saml.Error{ProviderDescription: "AADSTS99999: new"},
		&azuread.Error{Code: azuread.SignInFailed, Message: "x"}} {
		require.Empty(t, azuread.Explain(nothing))
	}
	err := fmt.Errorf("signing in: %w", &saml.Error{ProviderDescription: "AADSTS12345: no. AADSTS50011: The reply URL <script>"})
	require.True(t, strings.HasPrefix(azuread.Explain(err), "AADSTS50011: "))
	require.NotContains(t, azuread.Explain(err), "script", "nothing from outside is shown")
	for _, text := range []string{"", "AADSTS", "5001", "AADSTS5", "50011000000", strings.Repeat("AADSTS99999 ", 100000) + "AADSTS50011", "sts50011"} {
		_, ok := azuread.ExplainText(text)
		require.False(t, ok, text[:min(20, len(text))])
	}
	require.Empty(t, azuread.Explanation{}.String())
	require.Contains(t, azuread.Explain(&azuread.Error{Code: azuread.TenantUnknown, Message: "no tenant"}), "no tenant")
}

func TestNoRequest(t *testing.T) {
	k := newKit(t)
	p, s := k.provider(), k.samlProvider()
	_, _, err := p.Finish(nil, nil)
	refused(t, err, azuread.SignInFailed, "no request")
	_, _, err = s.Finish(nil, nil)
	refused(t, err, azuread.SignInFailed, "no request")
	refused(t, p.FinishLogout(nil, nil), azuread.SignInFailed, "no request")
	refused(t, s.FinishLogout(nil, nil), azuread.SignInFailed, "no request")
	for _, receive := range []func(*http.Request) (string, []string, func(bool) http.Handler, error){p.ReceiveLogout, s.ReceiveLogout} {
		_, _, answer, err := receive(nil)
		refused(t, err, azuread.SignInFailed, "no request")
		w := httptest.NewRecorder()
		answer(true).ServeHTTP(w, nil)
		require.Equal(t, http.StatusBadRequest, w.Code)
	}
	_, _, err = p.Finish(httptest.NewRequest(http.MethodGet, callbackURL, nil), []byte("x"))
	refused(t, err, oidc.InvalidPending, "")
}

func FuzzExplainText(f *testing.F) {
	f.Add("AADSTS50011: The redirect URI")
	f.Add("50011")
	f.Fuzz(func(t *testing.T, text string) {
		e, ok := azuread.ExplainText(text)
		if ok != (e.Code != 0) || ok && !strings.Contains(text, strconv.Itoa(e.Code)) {
			t.Fatalf("%q: %v", text, e)
		}
	})
}
