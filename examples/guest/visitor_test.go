package main

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A guest keeps the identity from visit to visit, and when signing in. Nobody gets it from then on without the login.
func TestGuestBecomesUser(t *testing.T) {
	p := serve(t)
	p.addUser(t, "ada@example.com")
	ada := p.browser(t)
	guest := ada.identity()
	require.Equal(t, guest, ada.identity(), "the second visit")
	require.NotEqual(t, guest, p.browser(t).identity(), "another browser")

	ada.signIn("ada@example.com")
	require.Equal(t, guest, ada.identity(), "kept")
	_, body := ada.open("/")
	require.Contains(t, body, "You were this guest before")
	require.Contains(t, body, "<dd>User</dd>")

	elsewhere := p.browser(t)
	elsewhere.signIn("ada@example.com")
	require.Equal(t, guest, elsewhere.identity(), "the identity is the login's, in every browser")

	thief := p.browser(t) // has the cookie, but not the login
	at, err := url.Parse(p.base)
	require.NoError(t, err)
	thief.jar.SetCookies(at, []*http.Cookie{{Name: guestCookie, Value: guest, Path: "/"}})
	require.NotEqual(t, guest, thief.identity())
	_, body = thief.open("/")
	require.Contains(t, body, "<dd>Guest</dd>")
}

// Two people at one browser have an identity each, whoever was there before.
func TestA17_SharedBrowser(t *testing.T) {
	p := serve(t)
	p.addUser(t, "ada@example.com")
	p.addUser(t, "bob@example.com")
	b := p.browser(t)
	b.signIn("ada@example.com")
	ada := b.identity()
	b.signOut()
	guest := b.identity()
	require.NotEqual(t, guest, ada)
	b.signIn("ada@example.com")
	require.Equal(t, ada, b.identity(), "hers stays, with what is below its prefix; the guest becomes a part of it")
	require.Equal(t, ada, b.identity(), "and still")
	b.signOut()
	b.signIn("bob@example.com")
	bob := b.identity()
	require.NotEqual(t, ada, bob)
	require.Equal(t, bob, b.identity(), "and keeps it")
	b.signOut()
	after := b.identity()
	require.NotContains(t, []string{ada, bob}, after, "nobody is signed in")
}

// What a browser sends as its guest is not believed.
func TestA17_PlantedGuest(t *testing.T) {
	p := serve(t)
	at, err := url.Parse(p.base)
	require.NoError(t, err)
	for _, value := range []string{"x", stranger, strings.Repeat("local-1:", 300), "eu-west-1:00000000-0000-4000-8000-000000000000", "local-1:../../x"} {
		b := p.browser(t)
		b.jar.SetCookies(at, []*http.Cookie{{Name: guestCookie, Value: value, Path: "/"}})
		id := b.identity()
		require.NotEqual(t, value, id)
		require.Equal(t, id, b.identity(), "a good one has taken its place")
	}
	// One that the attacker signed in with is not the victim's: nothing of theirs goes where the attacker reads.
	p.addUser(t, "mallory@example.com")
	p.addUser(t, "ada@example.com")
	mallory, ada := p.browser(t), p.browser(t)
	planted := mallory.identity()
	mallory.signIn("mallory@example.com")
	require.Equal(t, planted, mallory.identity())
	ada.jar.SetCookies(at, []*http.Cookie{{Name: guestCookie, Value: planted, Path: "/"}})
	ada.signIn("ada@example.com")
	require.NotEqual(t, planted, ada.identity())
}

// The cookie of a guest is out of reach of scripts and of forms elsewhere.
func TestGuestCookie(t *testing.T) {
	p := serve(t)
	response, err := http.Get(p.base + "/")
	require.NoError(t, err)
	response.Body.Close()
	require.Len(t, response.Cookies(), 1)
	c := response.Cookies()[0]
	require.Equal(t, guestCookie, c.Name)
	require.True(t, c.HttpOnly)
	require.Equal(t, http.SameSiteLaxMode, c.SameSite)
}

// Each page is its visitor's alone: never kept, framed, or able to run a script.
func TestPagesArePrivate(t *testing.T) {
	p := serve(t)
	for _, path := range []string{"/", "/command-line", "/mailbox", "/nothing"} {
		response, err := http.Get(p.base + path)
		require.NoError(t, err)
		response.Body.Close()
		require.Equal(t, "no-store", response.Header.Get("Cache-Control"), path)
		require.Contains(t, response.Header.Get("Content-Security-Policy"), "default-src 'none'", path)
		require.Contains(t, response.Header.Get("Content-Security-Policy"), "frame-ancestors 'none'", path)
	}
}

// Requests are sent for nobody from another site.
func TestTry_FromElsewhere(t *testing.T) {
	p := serve(t)
	for name, value := range map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"} {
		r, err := http.NewRequest(http.MethodPost, p.base+"/try", strings.NewReader("do=list"))
		require.NoError(t, err)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set(name, value)
		response, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		response.Body.Close()
		require.Equal(t, http.StatusForbidden, response.StatusCode, name)
	}
}

// What a visitor tries is explained to them, and to nobody else.
func TestTry(t *testing.T) {
	p := serve(t)
	p.addUser(t, "ada@example.com")
	ada := p.browser(t)
	require.NotEmpty(t, ada.identity())
	require.Empty(t, p.logged.String(), "to look at the page is no denial")
	write := url.Values{"do": {"write-own"}, "name": {"note.txt"}, "text": {"<b>Water</b>"}}
	status, body := ada.post("/try", write)
	require.Equal(t, http.StatusOK, status)
	for _, text := range []string{"Denied</span>", "No statement of the role’s policy allows it", "s3:GetObject is not s3:PutObject", "AccessDenied", "ceiling for all guests, must allow as well. It does here"} {
		require.Contains(t, body, text)
	}
	require.Contains(t, p.logged.String(), "access denied")
	ada.signIn("ada@example.com")
	status, body = ada.post("/try", write)
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, body, "The statement EverythingBelowMyPrefix of the role’s policy allows it")
	require.Contains(t, body, "arn:aws:s3:::shared/users/"+ada.identity()+"/* takes arn:aws:s3:::shared/users/"+ada.identity()+"/note.txt")
	_, body = ada.post("/try", url.Values{"do": {"read"}, "key": {"users/" + ada.identity() + "/note.txt"}})
	require.Contains(t, body, "&lt;b&gt;Water&lt;/b&gt;")
	_, body = ada.post("/try", url.Values{"do": {"read"}, "key": {"users/" + stranger + "/diary.txt"}})
	require.Contains(t, body, "Denied</span>")
	require.NotContains(t, body, "Dear diary")
	require.Regexp(t, `<li class="holds">.{0,60}✓</span> <span><strong>Action</strong> s3:\* takes s3:GetObject`, body)
	require.Regexp(t, `<li class="fails">.{0,60}✗</span> <span><strong>Resource</strong> arn:aws:s3:::shared/public/\* is not `, body)
	_, body = ada.post("/try", url.Values{"do": {"list"}})
	require.Contains(t, body, "StringEquals: s3:prefix wants public/, and is not in the request")
	_, body = ada.post("/try", url.Values{"do": {"list"}, "prefix": {"users/"}})
	require.Contains(t, body, "StringEquals: s3:prefix wants public/, and is users/")
	_, body = ada.post("/try", url.Values{"do": {"delete"}, "key": {"users/" + ada.identity() + "/note.txt"}})
	require.Contains(t, body, "Allowed</span>")

	path := "/requests/" + p.decisions.of(ada.identity())[0].id
	status, _ = ada.open(path)
	require.Equal(t, http.StatusOK, status)
	status, body = p.browser(t).open(path)
	require.Equal(t, http.StatusNotFound, status)
	require.NotContains(t, body, "note.txt")
}

// What the bucket refuses before a policy is asked is said in words.
func TestTry_Refused(t *testing.T) {
	p := serve(t)
	b := p.browser(t)
	for _, form := range []url.Values{
		{}, {"do": {"read"}}, {"do": {"nothing"}, "key": {"public/welcome.txt"}}, {"do": {"write-own"}, "name": {""}},
		{"do": {"read"}, "key": {"public/../welcome.txt"}}, {"do": {"read"}, "key": {"public//welcome.txt"}}, {"do": {"read"}, "key": {"public/\x00"}},
		{"do": {"read"}, "key": {"public/*"}}, {"do": {"write"}, "key": {"public/x"}, "text": {strings.Repeat("x", maxObject+1)}},
		{"do": {"write"}, "key": {"public/x"}, "text": {strings.Repeat("x", 3*maxObject)}}, {"do": {"read"}, "key": {"public/\xff"}},
	} {
		status, body := b.post("/try", form)
		require.Equal(t, http.StatusBadRequest, status, "%.200q", form)
		require.Contains(t, body, "That did not work")
	}
}
