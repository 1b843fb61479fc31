package main

import (
	"bufio"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The README prints this program, and main is as short as it says.
func TestReadme(t *testing.T) {
	source, err := os.ReadFile("main.go")
	require.NoError(t, err)
	readme, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	require.NoError(t, err)
	require.Contains(t, string(readme), "```go\n"+string(source[strings.Index(string(source), "package main"):])+"```\n")

	files := token.NewFileSet()
	file, err := parser.ParseFile(files, "main.go", source, 0)
	require.NoError(t, err)
	for _, d := range file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Name.Name == "main" {
			lines := files.Position(f.Body.Rbrace).Line - files.Position(f.Body.Lbrace).Line - 1
			require.LessOrEqual(t, lines, 20)
			return
		}
	}
	t.Fatal("there is no main")
}

// start runs the program, on another port, in an empty folder. The log comes line by line.
func start(t *testing.T) (base string, log <-chan string) {
	t.Helper()
	listener, err := net.Listen("tcp", "localhost:0")
	require.NoError(t, err)
	address := "localhost:" + strings.TrimPrefix(listener.Addr().String()[strings.LastIndex(listener.Addr().String(), ":"):], ":")
	require.NoError(t, listener.Close())

	dir := t.TempDir()
	source, err := os.ReadFile("main.go")
	require.NoError(t, err)
	other := filepath.Join(dir, "main.go")
	require.NoError(t, os.WriteFile(other, []byte(strings.ReplaceAll(string(source), "localhost:8080", address)), 0o600))
	original, err := filepath.Abs("main.go")
	require.NoError(t, err)
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{original: other}})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "overlay.json"), overlay, 0o600))
	binary := filepath.Join(dir, "hello.exe")
	out, err := exec.CommandContext(t.Context(), "go", "build", "-overlay", filepath.Join(dir, "overlay.json"), "-o", binary, ".").CombinedOutput()
	require.NoError(t, err, string(out))

	program := exec.Command(binary)
	program.Dir = dir
	stderr, err := program.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, program.Start())
	t.Cleanup(func() {
		_ = program.Process.Kill()
		_ = program.Wait()
	})
	lines := make(chan string, 1000)
	go func() {
		defer close(lines)
		for scanner := bufio.NewScanner(stderr); scanner.Scan(); {
			lines <- scanner.Text()
		}
	}()
	base = "http://" + address
	require.Eventually(t, func() bool {
		response, err := http.Get(base + "/auth/login")
		if err == nil {
			response.Body.Close()
		}
		return err == nil
	}, 30*time.Second, 20*time.Millisecond)
	return base, lines
}

// person is a browser without JavaScript.
type person struct {
	t    *testing.T
	base string
	http http.Client
	page string
	at   *url.URL
}

func (p *person) read(response *http.Response, err error) {
	p.t.Helper()
	require.NoError(p.t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(p.t, err)
	p.page, p.at = string(body), response.Request.URL
	require.Less(p.t, response.StatusCode, 400, p.page)
}

func (p *person) send(method, address string, body io.Reader) {
	p.t.Helper()
	request, err := http.NewRequest(method, address, body)
	require.NoError(p.t, err)
	request.Header.Set("Accept", "text/html")
	if body != nil {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	p.read(p.http.Do(request))
}

func (p *person) open(path string) { p.send(http.MethodGet, p.base+path, nil) }

var (
	formPattern  = regexp.MustCompile(`(?s)<form[^>]*action="([^"]*)".*?</form>`)
	inputPattern = regexp.MustCompile(`<input[^>]*>`)
	attribute    = func(name string) *regexp.Regexp { return regexp.MustCompile(`\s` + name + `="([^"]*)"`) }
)

// submit fills in the first form of the page that has all these fields.
func (p *person) submit(values map[string]string) {
	p.t.Helper()
	for _, form := range formPattern.FindAllStringSubmatch(p.page, -1) {
		fields, known := url.Values{}, 0
		for _, input := range inputPattern.FindAllString(form[0], -1) {
			name := attribute("name").FindStringSubmatch(input)
			if name == nil {
				continue
			}
			if value, ok := values[name[1]]; ok {
				fields.Set(name[1], value)
				known++
			} else if value := attribute("value").FindStringSubmatch(input); value != nil {
				fields.Set(name[1], value[1])
			}
		}
		if known == len(values) {
			action, err := p.at.Parse(strings.ReplaceAll(form[1], "&amp;", "&"))
			require.NoError(p.t, err)
			p.send(http.MethodPost, action.String(), strings.NewReader(fields.Encode()))
			return
		}
	}
	p.t.Fatalf("no form has the fields %v:\n%s", values, p.page)
}

// code waits for the next code in the log.
func code(t *testing.T, log <-chan string) string {
	t.Helper()
	timeout := time.After(10 * time.Second)
	for {
		select {
		case line := <-log:
			if found := regexp.MustCompile(`^\s*(\d{6})\s*$`).FindStringSubmatch(line); found != nil {
				return found[1]
			}
		case <-timeout:
			t.Fatal("no code was sent")
		}
	}
}

// The twenty lines do what the README says: sign up, confirm, sign in, the protected page, and a new password.
func TestHello(t *testing.T) {
	base, log := start(t)
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	p := &person{t: t, base: base, http: http.Client{Jar: jar}}
	p.open("/")
	require.Equal(t, "/auth/login", p.at.Path, "the page is protected")
	p.open("/auth/signup")
	p.submit(map[string]string{"username": "ada@example.com", "password": "purple otters juggle lanterns", "repeat": "purple otters juggle lanterns"})
	p.submit(map[string]string{"code": code(t, log)})
	if !strings.Contains(p.page, "Hello, ada@example.com") {
		p.open("/")
		p.submit(map[string]string{"username": "ada@example.com", "password": "purple otters juggle lanterns"})
	}
	require.Equal(t, "Hello, ada@example.com\n", p.page)

	stranger := &person{t: t, base: base}
	stranger.http.Jar, err = cookiejar.New(nil)
	require.NoError(t, err)
	stranger.open("/auth/forgotPassword")
	stranger.submit(map[string]string{"username": "ada@example.com"})
	stranger.submit(map[string]string{"code": code(t, log), "password": "another password of words", "repeat": "another password of words"})
	p.open("/")
	require.Equal(t, "/auth/login", p.at.Path, "a new password ends all sessions")
	p.submit(map[string]string{"username": "ada@example.com", "password": "another password of words"})
	require.Equal(t, "Hello, ada@example.com\n", p.page)
}
