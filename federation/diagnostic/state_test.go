package diagnostic_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/federation/diagnostic"
	"github.com/stepwell/stepwell/federation/federationtest"
	"github.com/stepwell/stepwell/federation/oidc"
)

func TestR10_State(t *testing.T) {
	s := newSite(t)
	link := s.link()
	client, other := browser(t), browser(t)
	back := callback(t, client, link, "ada-1815")
	refused := func(client *http.Client, address, want string) {
		t.Helper()
		p := open(t, client, address)
		require.Equal(t, http.StatusBadRequest, p.status)
		require.Contains(t, p.text, want)
		require.NotContains(t, p.source, "ada")
		requireStrict(t, p)
	}
	change := func(name, value string) string {
		u := *back
		q := u.Query()
		q.Set(name, value)
		u.RawQuery = q.Encode()
		return u.String()
	}
	state := back.Query().Get("state")
	require.Len(t, state, 43)
	refused(client, change("state", ""), "not begun in this browser")
	refused(client, change("state", strings.Repeat("A", 43)), "not begun in this browser")
	last := "A"
	if strings.HasSuffix(state, last) {
		last = "E"
	}
	refused(client, change("state", state[:42]+last), "not begun in this browser")
	refused(client, back.String()+"&state="+state, "not begun in this browser")
	refused(client, back.String()+"&RelayState="+state, "not begun in this browser")
	refused(other, back.String(), "not begun in this browser")
	callback(t, other, s.link(), "grace") // the other browser has a cookie of its own now
	refused(other, back.String(), "This test is over")
	refused(&http.Client{}, back.String(), "not begun in this browser")

	require.Contains(t, open(t, client, back.String()).text, "The sign-in works", "none of it hurt the right one")
	refused(client, back.String(), "This test is over")
}

// A cookie that somebody planted beside the right one is not believed.
func TestR10_PlantedCookie(t *testing.T) {
	s := newSite(t)
	client := browser(t)
	back := callback(t, client, s.link(), "ada-1815")
	r, err := http.NewRequest(http.MethodGet, back.String(), nil)
	require.NoError(t, err)
	u, err := url.Parse(s.url)
	require.NoError(t, err)
	cookies := client.Jar.Cookies(u)
	require.Len(t, cookies, 1)
	r.AddCookie(cookies[0])
	r.AddCookie(&http.Cookie{Name: cookies[0].Name, Value: strings.Repeat("A", 43)})
	resp, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	require.Contains(t, read(t, resp).text, "not begun in this browser")
}

func TestOneTestAtATime(t *testing.T) {
	s := newSite(t)
	link := s.link()
	client := browser(t)
	first := callback(t, client, link, "ada-1815")
	second := callback(t, client, link, "grace")
	require.Contains(t, open(t, client, first.String()).text, "another one was begun with the same link since")
	require.Contains(t, open(t, client, second.String()).text, "grace")
	a, b := callback(t, client, s.link(), "ada-1815"), callback(t, client, s.link(), "grace")
	require.Contains(t, open(t, client, a.String()).text, "ada-1815", "two links do not disturb each other")
	require.Contains(t, open(t, client, b.String()).text, "grace")
}

func TestTooLate(t *testing.T) {
	// A Store may forget a test then, and need not.
	keeps := diagnostic.NewMemoryStore(func() time.Time { return time.Time{} })
	for _, store := range []diagnostic.Store{nil, keeps} {
		s := newSite(t, func(c *diagnostic.Config, _ *oidc.Config, _ *diagnostic.Target) { c.Store = store })
		client := browser(t)
		back := callback(t, client, s.link(), "ada-1815")
		s.wait(15 * time.Minute)
		require.Contains(t, open(t, client, back.String()).text, "This test is over")
	}
}

// R18: many tests at once, of one provider, and nobody sees another's.
func TestR18_Parallel(t *testing.T) {
	s := newSite(t)
	var wg sync.WaitGroup
	for i := range 100 {
		subject := []string{"ada-1815", "grace"}[i%2]
		wg.Go(func() {
			client := browser(t)
			link, err := s.Link("Contoso", 0)
			if err != nil {
				t.Error(err)
				return
			}
			back, err := federationtest.SignIn(client, beginOf(link), subject)
			if err != nil {
				t.Error(err)
				return
			}
			resp, err := client.Get(back.String())
			if err != nil {
				t.Error(err)
				return
			}
			defer resp.Body.Close()
			data, _ := io.ReadAll(resp.Body)
			if !strings.Contains(string(data), "<code>"+subject+"</code>") {
				t.Errorf("test %d does not show %s", i, subject)
			}
		})
	}
	wg.Wait()
}

// One answer is shown once, however often it comes.
func TestR10_ParallelReplay(t *testing.T) {
	s := newSite(t)
	client := browser(t)
	back := callback(t, client, s.link(), "ada-1815").String()
	var wg sync.WaitGroup
	var mu sync.Mutex
	shown := 0
	for range 50 {
		wg.Go(func() {
			resp, err := client.Get(back)
			if err != nil {
				t.Error(err)
				return
			}
			defer resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				mu.Lock()
				shown++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	require.Equal(t, 1, shown)
}

// The cookie goes with a POST of another site only over https, and is for this host alone.
func TestCookie(t *testing.T) {
	h, err := diagnostic.New(diagnostic.Config{BaseURL: "https://app.example.com/test/", Key: key, Provider: func(context.Context, string) (diagnostic.Target, error) {
		return diagnostic.Target{Provider: fake{next: http.NotFoundHandler()}}, nil
	}})
	require.NoError(t, err)
	link, err := h.Link("any", 0)
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(link, "https://app.example.com/test/?link="))
	require.Equal(t, "https://app.example.com/test/callback", h.CallbackURL())
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, beginOf(link), nil))
	cookies := w.Result().Cookies()
	require.Len(t, cookies, 1)
	c := cookies[0]
	require.Regexp(t, `^__Host-stepwell-diagnostic-[0-9a-f]{8}$`, c.Name)
	require.True(t, c.Secure && c.HttpOnly && c.SameSite == http.SameSiteNoneMode && c.Path == "/" && c.Domain == "" && c.MaxAge == 900)
}

// A callback URL that the application shares with the test.
func TestCallback_Shared(t *testing.T) {
	s := newSite(t)
	origin := strings.TrimSuffix(s.url, "/test")
	s.target.CallbackURL = origin + "/saml/acs"
	s.target.Provider = fake{next: http.NotFoundHandler(), subject: "shared-subject"}
	var got []string
	shared := s.Callback(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		require.NoError(t, err)
		got = append(got, r.Method+" "+r.URL.RawQuery+" "+string(body))
	}))
	begin := httptest.NewRecorder()
	state := ""
	s.target.Provider = stateful{fake{next: http.NotFoundHandler(), subject: "shared-subject"}, &state}
	s.ServeHTTP(begin, httptest.NewRequest(http.MethodGet, beginOf(s.link()), nil))
	cookie := begin.Result().Cookies()[0]
	send := func(method, query, body string, cookies ...*http.Cookie) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, s.target.CallbackURL+query, strings.NewReader(body))
		if method == http.MethodPost {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		for _, c := range cookies {
			r.AddCookie(c)
		}
		w := httptest.NewRecorder()
		shared.ServeHTTP(w, r)
		return w
	}
	form := "SAMLResponse=PHNhbWw&RelayState="
	send(http.MethodGet, "?state=theirs", "", cookie)
	send(http.MethodPost, "", form+"theirs", cookie)
	send(http.MethodPost, "", form+state)
	long := form + "theirs&x=" + strings.Repeat("y", 2<<20)
	send(http.MethodPost, "", long, cookie)
	require.Equal(t, []string{"GET state=theirs ", "POST  " + form + "theirs", "POST  " + form + state, "POST  " + long}, got, "what is not ours goes on as it came")

	w := send(http.MethodPost, "", form+state, cookie)
	require.Len(t, got, 4)
	require.Contains(t, w.Body.String(), "shared-subject")

	s.target.CallbackURL = "https://elsewhere.example/acs"
	require.Equal(t, http.StatusNotFound, open(t, browser(t), s.link()).status)
}

// stateful remembers the state.
type stateful struct {
	fake
	state *string
}

func (p stateful) Begin(_ context.Context, _, state string) (http.Handler, []byte, error) {
	*p.state = state
	return p.next, nil, nil
}
