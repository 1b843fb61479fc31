package outbound

import (
	"errors"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestNewClient_Bounds(t *testing.T) {
	own := PublicOnly()
	for _, test := range []struct {
		given     *http.Client
		transport http.RoundTripper
		timeout   time.Duration
	}{
		{nil, http.DefaultTransport, 10 * time.Second},
		{&http.Client{}, http.DefaultTransport, 10 * time.Second},
		{&http.Client{Transport: own}, own, 10 * time.Second},
		{&http.Client{Timeout: time.Second}, http.DefaultTransport, time.Second},
		{&http.Client{Timeout: time.Minute}, http.DefaultTransport, 10 * time.Second},
		{&http.Client{Timeout: -time.Second}, http.DefaultTransport, 10 * time.Second},
	} {
		client := NewClient(test.given, 10*time.Second)
		require.Equal(t, test.timeout, client.Timeout)
		require.Equal(t, test.transport, client.Transport)
	}
}

// What the application's own client allows does not count.
func TestNewClient_NoRedirectNoCookies(t *testing.T) {
	var cookies, followed int
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		cookies += len(r.Cookies())
		if r.URL.Path != "/" {
			followed++
		}
		http.SetCookie(w, &http.Cookie{Name: "who", Value: "somebody"})
		http.Redirect(w, r, "/next", http.StatusFound)
	}))
	defer server.Close()
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	given := &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return nil }}
	client := NewClient(given, 10*time.Second)
	for range 2 {
		resp, err := client.Get(server.URL)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, http.StatusFound, resp.StatusCode)
	}
	require.Zero(t, followed)
	require.Zero(t, cookies)
	require.Same(t, jar, given.Jar)
}

func TestReadAtMost(t *testing.T) {
	for text, want := range map[string]error{"": nil, "1234": nil, "12345": nil, "123456": ErrTooLong, "12345678901": ErrTooLong} {
		data, err := ReadAtMost(strings.NewReader(text), 5)
		require.Equal(t, want, err, text)
		if want == nil {
			require.Equal(t, text, string(data))
		}
	}
	broken := errors.New("broken")
	_, err := ReadAtMost(io.MultiReader(strings.NewReader("123"), iotest.ErrReader(broken)), 5)
	require.Equal(t, broken, err)
	endless := &counter{}
	_, err = ReadAtMost(endless, 1<<20)
	require.Equal(t, ErrTooLong, err)
	require.Equal(t, 1<<20+1, endless.n, "no more is read than shows that it is too long")
}

// counter never ends, and counts what was read.
type counter struct{ n int }

func (c *counter) Read(p []byte) (int, error) {
	c.n += len(p)
	return len(p), nil
}
