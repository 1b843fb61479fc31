package hostedui_test

import (
	"net/http"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/hostedui"
)

// U8: from one network there are so many failures for all accounts together, where the program says who is where; a header of the browser
// says nothing.
func TestU8_ClientAddress(t *testing.T) {
	proxied := func(r *http.Request) netip.Addr { return netip.MustParseAddr(r.Header.Get("X-Test-Proxy")) }
	s := newSite(t, func(_ *userpool.Config, hc *hostedui.Config) { hc.ClientAddress = proxied })
	s.register(ada)
	try := func(address, password string) *page {
		b := s.browser()
		r := b.request(http.MethodGet, "/auth/login", nil)
		r.Header.Set("X-Test-Proxy", address)
		action, fields := b.do(r).form()
		fields.Set("username", ada)
		fields.Set("password", password)
		r = b.formRequest(action, fields)
		r.Header.Set("X-Test-Proxy", address)
		r.Header.Set("X-Forwarded-For", "203.0.113.99")
		r.Header.Set("User-Agent", "a browser")
		return b.do(r)
	}
	require.Equal(t, http.StatusSeeOther, try("198.51.100.7", password).Status)
	sessions, err := s.pool.AdminListUserSessions(t.Context(), ada)
	require.NoError(t, err)
	require.Equal(t, "198.51.100.7", sessions[0].IPAddress)
	require.Equal(t, "a browser", sessions[0].UserAgent)

	// Strangers lock themselves out, and not the person in the network where they signed in before.
	for range 7 {
		try("192.0.2.1", "a wrong password")
	}
	require.Equal(t, http.StatusTooManyRequests, try("192.0.2.1", password).Status)
	require.Equal(t, http.StatusSeeOther, try("198.51.100.7", password).Status)
}
