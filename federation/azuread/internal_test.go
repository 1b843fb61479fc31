package azuread

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestLife(t *testing.T) {
	for expires, want := range map[any]time.Duration{
		json.Number("3600"): 55 * time.Minute, "3600": 55 * time.Minute, json.Number("300"): 150 * time.Second, json.Number("1"): 500 * time.Millisecond,
		json.Number("0"): 0, json.Number("-5"): 0, json.Number("1e9"): 0, json.Number("999999999"): maxTokenLife - tokenMargin, "": 0, nil: 0, true: 0,
	} {
		require.Equal(t, want, life(expires), "%v", expires)
	}
}

// However many tenants there are, so many tokens are kept and no more; the one that ends first goes first.
func TestAppTokens_Bound(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	a := newAppTokens(nil, Endpoints{}, nil, func() time.Time { return now })
	for i := range maxAppTokens + 10 {
		a.keep(fmt.Sprint(i), appToken{value: "t", until: now.Add(time.Duration(i+1) * time.Minute)})
	}
	require.Len(t, a.tokens, maxAppTokens)
	_, first := a.kept("9")
	_, last := a.kept(fmt.Sprint(maxAppTokens + 9))
	require.True(t, !first && last)
	now = now.Add(500 * time.Minute)
	a.keep("new", appToken{value: "t", until: now.Add(time.Minute)})
	require.Len(t, a.tokens, 511, "those that have ended went")
	a.keep("ended", appToken{value: "t", until: now})
	require.NotContains(t, a.tokens, "ended")
	a.drop("new", "another")
	require.Contains(t, a.tokens, "new")
	a.drop("new", "t")
	require.NotContains(t, a.tokens, "new")
}

func TestIsGuest(t *testing.T) {
	const home, other = "c0470500-0000-4000-8000-000000000001", "fab41ca0-0000-4000-8000-000000000002"
	at := clouds[Public]
	for _, c := range []struct {
		acct, idp, tenant string
		guest, known      bool
	}{
		{"1", "", home, true, true}, {"0", "", home, false, true}, {"0", at.entityID(other), home, false, true},
		{"", at.entityID(other), home, true, true}, {"", at.entityID(home), home, false, true}, {"", at.issuer(home, false), home, false, true},
		{"", "live.com", home, true, true}, {"", "mail", home, true, true}, {"", "", home, true, false}, {"", "http://adfs.contoso.example/adfs/services/trust", home, true, false},
		{"", "live.com", PersonalAccounts, false, false},
	} {
		guest, known := isGuest(at, c.acct, c.idp, c.tenant)
		require.Equal(t, c.known, known, "%v", c)
		require.True(t, !known || guest == c.guest, "%v", c)
	}
}

func TestGUID(t *testing.T) {
	require.Equal(t, "a11ce000-0000-4000-8000-00000000000f", guid("A11CE000-0000-4000-8000-00000000000F"))
	for _, bad := range []string{"", "a11ce000-0000-4000-8000-00000000000", "a11ce000-0000-4000-8000-00000000000g", "a11ce0000000-4000-8000-00000000000-00", "{11ce000-0000-4000-8000-00000000000}",
		"00000000-0000-0000-0000-000000000000", "a11ce000_0000_4000_8000_00000000000f", "\u0661\u0661\u0661\u0661\u0661\u0661\u0661\u0661\u0661\u0661\u0661\u0661\u0661\u0661\u0661\u0661\u0661\u0661"} {
		require.Empty(t, guid(bad), "%q", bad)
	}
	for name, want := range map[string]bool{"contoso.example": true, "contoso": false, "": false, "-a.example": false, "a..example": false, "a.example/": false, "contoso.example.": false} {
		require.Equal(t, want, isDomain(name), name)
	}
}

func TestTenantOf(t *testing.T) {
	const tenant = "c0470500-0000-4000-8000-000000000001"
	at := clouds[Public]
	for issuer, want := range map[string]string{
		at.issuer(tenant, false): tenant, at.entityID(tenant): tenant, at.issuer(strings.ToUpper(tenant), false): "", at.issuer(placeholder, false): "", "": "",
		at.LoginURL + "/" + tenant: "", "https://login.microsoftonline.com.evil.example/" + tenant + "/v2.0": "", at.STSURL + "/" + tenant + "//": "", at.STSURL + "/" + tenant: "",
	} {
		found, _ := at.tenantOf(issuer)
		require.Equal(t, want, found, issuer)
	}
}

// Every meaning is two sentences at least, and none is there twice.
func TestMeanings(t *testing.T) {
	seen := make(map[meaning]int)
	for code, m := range meanings {
		require.True(t, code > 9999 && code < 10_000_000, code)
		for _, sentence := range []string{m.text, m.change} {
			require.True(t, strings.HasSuffix(sentence, ".") && len(sentence) > 15 && plain(sentence) != "" && !strings.Contains(sentence, "  "), "%d: %q", code, sentence)
		}
		seen[m]++
	}
	require.GreaterOrEqual(t, len(seen), 90)
}

func TestError(t *testing.T) {
	require.Equal(t, "TenantUnknown", TenantUnknown.Error())
	require.NoError(t, wrap(nil))
	e := fail(Unavailable, "it")
	require.True(t, e.Temporary())
	require.Equal(t, "azuread: it", wrap(fmt.Errorf("x: %w", e)).Error())
	require.False(t, fail(GroupsFailed, "x").Temporary())
	require.Equal(t, strings.Repeat("é", maxShown)+"...", plain(strings.Repeat("é", maxShown+1)))
	require.Equal(t, "a b", plain("\na\u202eb\x00"))
	var err error
	func() {
		defer recovered(&err)
		panic(errors.New("secret"))
	}()
	require.ErrorIs(t, err, Unavailable)
	require.NotContains(t, err.Error(), "secret")
}
