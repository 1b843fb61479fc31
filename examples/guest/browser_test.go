package main

import (
	"fmt"
	"regexp"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/internal/browsertest"
)

// person is somebody at a browser with the pages of this example.
type person struct{ *browsertest.Person }

// newPerson opens a browser. width is that of its window; with script off, pages run no JavaScript.
func newPerson(t *testing.T, a *program, width int64, script bool) *person {
	t.Helper()
	return &person{browsertest.NewPerson(t, "guest", a.base, width, script)}
}

// walk does what a person does, from the first page to the last.
func (p *person) walk() {
	p.Open("/")
	p.Sees("home", "Read as a guest, write as yourself", "Who you are Guest", "public/welcome.txt", "None yet")
	guest := p.identity()
	p.Press("Read a public object GET public/welcome.txt")
	p.Sees("read", "Allowed s3:GetObject", "The statement ReadPublic of the role’s policy allows it", "Everybody may read this, guests too.")
	p.Press("Try something else")
	p.Press("Write a public object PUT public/welcome.txt")
	p.Sees("write-public", "Denied s3:PutObject", "No statement of the role’s policy allows it")
	p.Open("/")
	p.Press("Write the note")
	p.Sees("guest-write", "Denied s3:PutObject", "users/"+guest+"/note.txt", "s3:GetObject is not s3:PutObject", "403", "AccessDenied")
	p.Do("opening the trace", chromedp.Click(chromedp.CSS("summary")))
	p.Sees("guest-trace", "no policy of the caller allows", "ReadPublic")
	p.Open("/command-line")
	p.Sees("command-line-guest", "curl --aws-sigv4", "export AWS_SESSION_TOKEN=", "which is denied to guests")
	p.Open("/mailbox")
	p.Sees("mailbox-empty", "Nothing here yet")

	p.signUp()
	p.Sees("home-user", "Welcome, ada@example.com", "You were this guest before", "Who you are User")
	require.Equal(p.T, guest, p.identity(), "the identity is kept")
	p.asUser(guest)
}

// signUp makes an account with the code from the mailbox, and signs in.
func (p *person) signUp() {
	p.Open("/")
	p.Press("Create an account")
	p.Fill("username", "ada@example.com")
	p.Fill("name", "Ada Lovelace")
	p.Fill("password", password)
	p.Fill("repeat", password)
	p.Press("Create account")
	p.Fill("code", p.Code())
	p.Press("Confirm")
	p.Open("/auth/login")
	p.Fill("username", "ada@example.com")
	p.Fill("password", password)
	p.Press("Sign in")
}

// asUser writes below the own prefix, and tries elsewhere.
func (p *person) asUser(id string) {
	p.Fill("text", "Steps lead down to the water, where it is cool.")
	p.Press("Write the note")
	p.Sees("user-write", "Allowed s3:PutObject", "The statement EverythingBelowMyPrefix of the role’s policy allows it",
		"arn:aws:s3:::shared/users/"+id+"/* takes arn:aws:s3:::shared/users/"+id+"/note.txt")
	p.Open("/")
	p.Sees("home-with-note", "yours note.txt", "47 bytes", "Allowed PUT yours note.txt")
	p.Press("Read note.txt")
	p.Sees("user-read", "where it is cool")
	p.Open("/")
	p.Press("Read another person’s object GET users/" + stranger + "/diary.txt")
	p.Sees("stranger", "Denied s3:GetObject", "arn:aws:s3:::shared/users/"+id+"/* is not arn:aws:s3:::shared/users/"+stranger+"/diary.txt")
	require.NotContains(p.T, p.Text(), "Dear diary")
	p.Press("Try something else")
	p.Press("List all there is LIST without a prefix")
	p.Sees("list", "Denied s3:ListBucket", "s3:prefix not in the request", "StringLike: s3:prefix wants users/"+id+"/*, and is not in the request")
	p.Open("/")
	p.Press("Why: LIST without a prefix")
	p.Sees("list", "Denied s3:ListBucket")
	p.Open("/")
	p.Press("Delete note.txt")
	p.Sees("delete", "Allowed s3:DeleteObject")
	p.Open("/")
	require.NotContains(p.T, p.Text(), "47 bytes")
	require.Contains(p.T, p.Text(), "Allowed DELETE yours note.txt")
	p.Open("/command-line")
	p.Sees("command-line-user", "of the role User")
	p.fillNothing()
}

// fillNothing sends the form with a name that is none.
func (p *person) fillNothing() {
	p.Open("/")
	p.Fill("name", "..")
	p.Press("Write the note")
	p.Sees("refused", "That did not work", "before it asked a policy")
	p.Open("/requests/nothing")
	p.Sees("gone", "not one of yours")
}

// identity returns the identity on the first page.
func (p *person) identity() string {
	p.T.Helper()
	id := regexp.MustCompile(`local-1:[0-9a-f-]{36}`).FindString(p.Text())
	require.NotEmpty(p.T, id)
	return id
}

// A person at a telephone and at a desktop does all there is to do. Pictures of the pages are kept in .ci/artifacts, and axe-core finds
// nothing that would shut anybody out.
func TestBrowser(t *testing.T) {
	t.Parallel()
	for _, width := range []int64{390, 1280} {
		t.Run(fmt.Sprint(width), func(t *testing.T) {
			t.Parallel()
			p := newPerson(t, serve(t), width, true)
			p.UseAxe()
			p.walk()
		})
	}
}

// Everything works with JavaScript switched off.
func TestBrowser_WithoutScript(t *testing.T) {
	t.Parallel()
	newPerson(t, serve(t), 390, false).walk()
}

// Everything can be reached with the keyboard, in the order of the page.
func TestBrowser_Keyboard(t *testing.T) {
	t.Parallel()
	p := newPerson(t, serve(t), 1280, true)
	p.Open("/")
	const focused = `(document.activeElement.innerText || document.activeElement.name || "").replace(/\s+/g, " ").trim()`
	var reached []string
	for range 14 {
		p.Do("pressing Tab", chromedp.KeyEvent("\t"))
		reached = append(reached, browsertest.Ask(p.Person, "looking at the focus", chromedp.Evaluate[string](focused)))
	}
	require.Equal(p.T, []string{
		"S Stepwell guests", "Command line", "Mailbox", "mailbox", "Create an account", "Sign in", "name", "text", "Write the note",
		"Read a public object GET public/welcome.txt", "Write a public object PUT public/welcome.txt",
		"Read another person’s object GET users/" + stranger + "/diary.txt", "List all there is LIST without a prefix",
		"Read public/stepwells.txt",
	}, reached)
}
