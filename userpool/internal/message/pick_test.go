package message

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPick(t *testing.T) {
	for _, test := range []struct {
		wanted []string
		want   string
	}{
		{nil, "en"},
		{[]string{""}, "en"},
		{[]string{"", "de"}, "de"},
		{[]string{"de-CH", "fr"}, "de"},
		{[]string{"de_AT"}, "de"},
		{[]string{"DE"}, "de"},
		{[]string{"sv", "pl"}, "pl"},
		{[]string{"sv"}, "en"},
		{[]string{"sv", "ko, fr;q=0.5, de;q=0.7"}, "de"},
		{[]string{"fr;q=0.1, en;q=0.9, it;q=0"}, "en"},
		{[]string{"it;q=0, es;q=0.1"}, "es"},
		{[]string{"*"}, "en"},
		{[]string{"*", "ja"}, "ja"},
		{[]string{"zh-CN"}, "zh-Hans"},
		{[]string{"zh"}, "zh-Hans"},
		{[]string{"pt-BR"}, "pt"},
		{[]string{"und", "nl"}, "nl"},
		{[]string{"not a tag", "it"}, "it"},
		{[]string{"../../etc/passwd"}, "en"},
		{[]string{"de;q=x", "it"}, "it"},
	} {
		require.Equal(t, test.want, Pick(Languages(), test.wanted...), "%q", test.wanted)
	}
	require.Empty(t, Pick(nil, "de"))
	require.Equal(t, "sv", Pick([]string{"sv", "de"}, "ja"), "without English, the first")
	require.Equal(t, "en", Pick([]string{"sv", "en"}, "ja"))
	require.Equal(t, "sv", Pick([]string{"en", "sv"}, "sv-FI"))
	require.Equal(t, "de-AT", Pick([]string{"en", "de", "de-AT"}, "de-AT"))
	require.Equal(t, "en", Pick([]string{"!", "en"}, "und", "sv"))
}

// H6: what is wanted is bounded, and nothing of it is used as it came.
func TestH6_Bounded(t *testing.T) {
	list := "de" + strings.Repeat(",sv", 1000)
	require.Equal(t, "de", Pick(Languages(), list))
	require.Equal(t, "de", bounded("de,"+strings.Repeat("x", 200)))
	require.Equal(t, "", bounded(strings.Repeat("x", 200)))
	late := strings.Repeat("sv,", 33) + "de"
	require.Equal(t, "en", Pick(Languages(), late), "at byte 100")
	require.Equal(t, "de", Pick(Languages(), late[3:]))
	require.Equal(t, "en", Pick(Languages(), strings.Repeat("sv,", 40)+"de,sv"), "beyond byte 100")
	for _, hostile := range []string{
		strings.Repeat("-", 1<<20), strings.Repeat("a-", 1<<20), strings.Repeat("de-x-", 1<<20), strings.Repeat("en,", 1<<20)[:100], strings.Repeat(",", 1<<20),
		"de" + strings.Repeat("-a", 1<<20), "\x00", "de\x00", strings.Repeat("\xff", 1<<20), "de-" + strings.Repeat("1", 98), "a-b-c-d-e-f-g", "x-y", "i-klingon",
	} {
		got := Pick(Languages(), hostile)
		require.Contains(t, Languages(), got)
		allocs := testing.AllocsPerRun(1, func() { Pick(Languages(), hostile) })
		require.Less(t, allocs, 1000.0)
	}
}

func FuzzPick(f *testing.F) {
	for _, seed := range []string{"de-CH,fr;q=0.8", "*", "x-a", "sl-rozaj-biske-1994", "zh-Hant-HK;q=0.1,,;", "en-u-nu-latn-x-1", "_", "de_DE.UTF-8", "mul;q=1e9"} {
		f.Add(seed, "en")
	}
	f.Fuzz(func(t *testing.T, wanted, available string) {
		require.Contains(t, Languages(), Pick(Languages(), wanted))
		require.Equal(t, available, Pick([]string{available}, wanted))
	})
}
