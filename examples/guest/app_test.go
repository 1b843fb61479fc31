package main

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/sqlstore"
)

// program is the program's parts on a free port of localhost, with its log.
type program struct {
	*app
	logged *logged
}

// logged is a log that can be read while it is written.
type logged struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logged) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func serve(t *testing.T) *program {
	t.Helper()
	return serveAt(t, t.TempDir())
}

// serveAt does so with the data in a folder.
func serveAt(t *testing.T, dir string) *program {
	t.Helper()
	db, err := sql.Open("sqlite", sqlstore.SQLiteDSN(filepath.Join(dir, "guest.db")))
	require.NoError(t, err)
	t.Cleanup(func() { db.Close() })
	listener, err := net.Listen("tcp", "localhost:0")
	require.NoError(t, err)
	_, port, err := net.SplitHostPort(listener.Addr().String())
	require.NoError(t, err)
	a, err := newApp(t.Context(), "http://localhost:"+port, db, dir)
	require.NoError(t, err)
	p := &program{app: a, logged: &logged{}}
	a.log = slog.New(slog.NewTextHandler(p.logged, nil))
	server := &http.Server{Handler: a, ReadHeaderTimeout: 10 * time.Second}
	go server.Serve(listener)
	t.Cleanup(func() { server.Close() })
	return p
}

const password = "purple otters juggle lanterns"

// addUser makes a confirmed user.
func (p *program) addUser(t *testing.T, email string) {
	t.Helper()
	out, err := p.pool.SignUp(t.Context(), userpool.SignUpInput{Username: email, Password: password})
	require.NoError(t, err)
	p.pool.Wait()
	require.NoError(t, errOf(p.pool.ConfirmSignUp(t.Context(), userpool.ConfirmSignUpInput{
		Username: email, ConfirmationCode: p.mailbox.newest()[0].Code, Session: out.Session,
	})))
}

// browser is one, of a sort: it keeps cookies and follows redirects.
type browser struct {
	t    *testing.T
	p    *program
	jar  *cookiejar.Jar
	http *http.Client
}

func (p *program) browser(t *testing.T) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	return &browser{t, p, jar, &http.Client{Jar: jar}}
}

func (b *browser) open(path string) (status int, body string) {
	b.t.Helper()
	response, err := b.http.Get(b.p.base + path)
	return b.read(response, err)
}

func (b *browser) post(path string, form url.Values) (status int, body string) {
	b.t.Helper()
	response, err := b.http.PostForm(b.p.base+path, form)
	return b.read(response, err)
}

func (b *browser) read(response *http.Response, err error) (int, string) {
	b.t.Helper()
	require.NoError(b.t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(b.t, err)
	return response.StatusCode, string(body)
}

// signIn signs in at the hosted page.
func (b *browser) signIn(email string) {
	b.t.Helper()
	_, body := b.open("/auth/login")
	form := url.Values{"username": {email}, "password": {password}}
	for _, field := range regexp.MustCompile(`name="(csrf|return_to)" value="([^"]*)"`).FindAllStringSubmatch(body, -1) {
		form.Set(field[1], strings.NewReplacer("&amp;", "&", "&#43;", "+", "&#34;", `"`).Replace(field[2]))
	}
	status, body := b.post("/auth/login", form)
	require.Equal(b.t, http.StatusOK, status, body)
	require.Contains(b.t, body, email)
}

// signOut loses the session, as a sign-out does.
func (b *browser) signOut() {
	b.t.Helper()
	at, err := url.Parse(b.p.base)
	require.NoError(b.t, err)
	for _, cookie := range b.jar.Cookies(at) {
		if cookie.Name != guestCookie {
			b.jar.SetCookies(at, []*http.Cookie{{Name: cookie.Name, Path: "/", MaxAge: -1}, {Name: cookie.Name, Path: "/auth", MaxAge: -1}})
		}
	}
}

var identityOnPage = regexp.MustCompile(`<dt>Identity</dt><dd><code>(local-1:[0-9a-f-]{36})</code>`)

// identity returns the identity that the first page shows.
func (b *browser) identity() string {
	b.t.Helper()
	status, body := b.open("/")
	require.Equal(b.t, http.StatusOK, status, body)
	found := identityOnPage.FindStringSubmatch(body)
	require.NotNil(b.t, found, body)
	return found[1]
}

// What goes wrong inside is logged and not shown.
func TestFailureIsNotShown(t *testing.T) {
	w := httptest.NewRecorder()
	page(func(http.ResponseWriter, *http.Request) (view, error) {
		return view{}, errors.New("the disk <is> on fire")
	}).
		ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	require.Equal(t, http.StatusInternalServerError, w.Code)
	require.NotContains(t, w.Body.String(), "fire")
	require.Contains(t, w.Body.String(), "Something went wrong")
}

// By another name than its own, the program shows nothing: not to who typed 127.0.0.1, and not to a page elsewhere that rebinds its name.
func TestO31_OtherNames(t *testing.T) {
	p := serve(t)
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for _, host := range []string{"127.0.0.1:8080", "evil.example", "localhost", "LOCALHOST.evil.example"} {
		for method, want := range map[string]int{http.MethodGet: http.StatusFound, http.MethodPost: http.StatusMisdirectedRequest} {
			r, err := http.NewRequest(method, p.base+"/mailbox?x=1", nil)
			require.NoError(t, err)
			r.Host = host
			response, err := client.Do(r)
			require.NoError(t, err)
			response.Body.Close()
			require.Equal(t, want, response.StatusCode, host)
			require.NotContains(t, response.Header.Get("Location"), "evil")
		}
	}
}

// The mailbox is for one machine: the program refuses to serve it to a network.
func TestLoopbackOnly(t *testing.T) {
	for address, ok := range map[string]bool{"127.0.0.1": true, "::1": true, "0.0.0.0": false, "192.0.2.1": false, "::": false} {
		err := mustBeLoopback(&net.TCPAddr{IP: net.ParseIP(address), Port: 8080})
		require.Equal(t, ok, err == nil, address)
	}
	require.ErrorContains(t, run(t.Context(), "0.0.0.0:0", t.TempDir()), "not a loopback address")
	require.ErrorContains(t, run(t.Context(), "localhost:99999", t.TempDir()), "-listen")
}

// The program starts, serves, and ends cleanly when it is told to. The guests are there at the next start.
func TestRun(t *testing.T) {
	dir := t.TempDir()
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	var ids []string
	for range 2 {
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		address := listener.Addr().String()
		listener.Close()
		go func() { done <- run(ctx, address, dir) }()
		client := &http.Client{Jar: jar}
		require.Eventually(t, func() bool {
			response, err := client.Get("http://" + address + "/")
			if err != nil {
				return false
			}
			body, err := io.ReadAll(response.Body)
			response.Body.Close()
			found := identityOnPage.FindStringSubmatch(string(body))
			if err != nil || found == nil {
				return false
			}
			ids = append(ids, found[1])
			return true
		}, 20*time.Second, 20*time.Millisecond)
		cancel()
		require.NoError(t, <-done)
	}
	require.Equal(t, ids[0], ids[1], "the guest of before")
	for _, name := range []string{"pool.key", "sessions.key", "guest.db"} {
		info, err := os.Stat(filepath.Join(dir, name))
		require.NoError(t, err)
		require.NotZero(t, info.Size())
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "sessions.key"), []byte("short"), 0o600))
	require.ErrorContains(t, run(t.Context(), "localhost:0", dir), "a key has 32")
}
