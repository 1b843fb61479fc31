package smswebhook

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
)

const testCode = "482913"

var testTime = time.Date(2026, 3, 4, 6, 6, 7, 890, time.FixedZone("", 3600))

func testMessage() userpool.Message {
	return userpool.Message{
		ID: "6XU0iWJbWkyZ8sJj2cQ7pw", Kind: userpool.MessageAuthentication, Medium: userpool.MediumSMS, To: "+4915112345678", Locale: "en",
		Text: "Example: " + testCode + " is your code to sign in, valid for 10 minutes.\n\n@example.com #" + testCode + "\n",
		Code: testCode, Username: "ada",
	}
}

// webhook is a receiver that keeps what it is given.
type webhook struct {
	*httptest.Server
	mu       sync.Mutex
	requests []*http.Request
	bodies   [][]byte
}

// start serves with TLS; answer may be nil for one of 202.
func start(t *testing.T, answer http.HandlerFunc) *webhook {
	t.Helper()
	w := &webhook{}
	w.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.mu.Lock()
		w.requests, w.bodies = append(w.requests, r), append(w.bodies, body)
		w.mu.Unlock()
		if answer != nil {
			answer(out, r)
			return
		}
		out.WriteHeader(http.StatusAccepted)
	}))
	w.Config.ErrorLog = log.New(io.Discard, "", 0)
	w.StartTLS()
	t.Cleanup(w.Close)
	return w
}

func (w *webhook) count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.requests)
}

func (w *webhook) config(t *testing.T) Config {
	return Config{
		URL: w.URL + "/path-canary?key=query-canary", BearerToken: testBearer, SigningSecret: testSecret(t), Client: w.Client(),
		Now: func() time.Time { return testTime },
	}
}

func sender(t *testing.T, c Config) *Sender {
	t.Helper()
	s, err := New(c)
	require.NoError(t, err)
	return s
}

// send sends the test's message and requires that an error has no secret.
func send(t *testing.T, c Config) error {
	t.Helper()
	err := sender(t, c).Send(t.Context(), testMessage())
	requireNoSecret(t, err)
	return err
}

func requireNoSecret(t *testing.T, err error) {
	t.Helper()
	for ; err != nil; err = errors.Unwrap(err) {
		for _, text := range []string{err.Error(), fmt.Sprintf("%+v", err), fmt.Sprintf("%#v", err)} {
			for _, secret := range []string{testCode, "is your code", "canary", testBearer, vectorSecret[6:]} {
				require.NotContains(t, text, secret)
			}
			require.NotContains(t, text, "\n")
			require.Less(t, len(text), 1000)
		}
	}
}

func requireError(t *testing.T, err error, code Code, status int) {
	t.Helper()
	require.ErrorIs(t, err, code)
	var e *Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, status, e.Status, "%v", err)
}

func TestSend(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"both":   func(*Config) {},
		"bearer": func(c *Config) { c.SigningSecret = nil },
		"signed": func(c *Config) { c.BearerToken = "" },
	} {
		t.Run(name, func(t *testing.T) {
			w := start(t, nil)
			c := w.config(t)
			change(&c)
			require.NoError(t, send(t, c))
			require.Equal(t, 1, w.count())
			r, body := w.requests[0], w.bodies[0]
			require.Equal(t, "POST /path-canary?key=query-canary HTTP/1.1", r.Method+" "+r.URL.RequestURI()+" "+r.Proto)
			require.NotNil(t, r.TLS)
			require.True(t, r.Close, "the connection is not kept")
			for header, want := range map[string]string{
				"Content-Type": "application/json", "Idempotency-Key": testMessage().ID, "Webhook-Id": testMessage().ID, "Webhook-Timestamp": "1772600767",
			} {
				require.Equal(t, []string{want}, r.Header.Values(header))
			}
			require.JSONEq(t, `{"type":"sms.send","timestamp":"2026-03-04T05:06:07Z","data":{"id":"6XU0iWJbWkyZ8sJj2cQ7pw","kind":"Authentication",
				"to":"+4915112345678","text":"Example: 482913 is your code to sign in, valid for 10 minutes.\n\n@example.com #482913","locale":"en",
				"code":"482913","username":"ada"}}`, string(body))
			if c.BearerToken != "" {
				require.Equal(t, []string{"Bearer " + testBearer}, r.Header.Values("Authorization"))
			} else {
				require.Empty(t, r.Header.Values("Authorization"))
			}
			if c.SigningSecret != nil {
				require.NoError(t, Verify(r.Header, body, c.SigningSecret, testTime))
				require.ErrorIs(t, Verify(r.Header, body, c.SigningSecret, testTime.Add(6*time.Minute)), InvalidSignature)
			} else {
				require.Empty(t, r.Header.Values("Webhook-Signature"))
			}
		})
	}
}

func TestSend_HTTP(t *testing.T) {
	var got atomic.Int32
	plain := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { got.Add(1) }))
	defer plain.Close()
	require.NoError(t, send(t, Config{URL: plain.URL, BearerToken: testBearer, InsecureAllowHTTP: true}))
	require.EqualValues(t, 1, got.Load())
}

func TestSend_Text(t *testing.T) {
	w := start(t, nil)
	s := sender(t, w.config(t))
	for _, text := range []string{"{{.Code}} %s <b>&\"'\\", "コード 🎉", "a\tb\r\nc", strings.Repeat("界", 480), "\u2028"} {
		m := testMessage()
		m.Text, m.Link, m.Code, m.Locale, m.Username = text, "https://example.com/?a&b", "", "", ""
		require.NoError(t, s.Send(t.Context(), m))
		raw := w.bodies[len(w.bodies)-1]
		var got event
		require.NoError(t, json.Unmarshal(raw, &got))
		require.Equal(t, data{ID: m.ID, Kind: "Authentication", To: m.To, Text: text, Link: m.Link}, got.Data)
		require.NotContains(t, string(raw), `"code"`)
		require.NotContains(t, string(raw), `\u0026`)
		require.NoError(t, Verify(w.requests[len(w.requests)-1].Header, raw, testSecret(t), testTime))
	}
}

func TestSend_InvalidMessage(t *testing.T) {
	w := start(t, nil)
	c := w.config(t)
	c.MaxLength = 100
	s := sender(t, c)
	for want, changes := range map[string][]func(*userpool.Message){
		`Medium is "EMAIL"`: {func(m *userpool.Message) { m.Medium = userpool.MediumEmail }},
		`Medium is ""`:      {func(m *userpool.Message) { m.Medium = "" }},
		"ID must have": {
			func(m *userpool.Message) { m.ID = "" }, func(m *userpool.Message) { m.ID = "a.b" }, func(m *userpool.Message) { m.ID = "a\r\nX: y" },
			func(m *userpool.Message) { m.ID = strings.Repeat("x", 129) }, func(m *userpool.Message) { m.ID = "a\n" },
		},
		"To is not one phone number": {
			func(m *userpool.Message) { m.To = "" }, func(m *userpool.Message) { m.To = "4915112345678" }, func(m *userpool.Message) { m.To = "+0151" },
			func(m *userpool.Message) { m.To = "+4915112345678,+4915112345679" }, func(m *userpool.Message) { m.To = "+49 151" },
			func(m *userpool.Message) { m.To = "+1234567890123456" }, func(m *userpool.Message) { m.To = "+49\n" }, func(m *userpool.Message) { m.To = "ada@example.com" },
			func(m *userpool.Message) { m.To = "+٤٩١٥١" },
		},
		"Text has 0 characters":        {func(m *userpool.Message) { m.Text = "" }, func(m *userpool.Message) { m.Text = "\r\n\n" }},
		"Text has 101 characters":      {func(m *userpool.Message) { m.Text = strings.Repeat("界", 101) }},
		"Text has a control character": {func(m *userpool.Message) { m.Text = "a\x00" }, func(m *userpool.Message) { m.Text = "\x1b[31m" }, func(m *userpool.Message) { m.Text = "\xff" }},
		"more than 65536 bytes":        {func(m *userpool.Message) { m.Username = strings.Repeat("x", 64<<10) }},
	} {
		for _, change := range changes {
			m := testMessage()
			change(&m)
			err := s.Send(t.Context(), m)
			requireError(t, err, InvalidMessage, 0)
			require.ErrorContains(t, err, want)
			requireNoSecret(t, err)
		}
	}
	require.Zero(t, w.count(), "refused before the call")
	require.ErrorContains(t, new(Sender).Send(t.Context(), testMessage()), "not made by New")
	require.ErrorContains(t, (*Sender)(nil).Send(t.Context(), testMessage()), "not made by New")
}

// U33: messages go only to the countries that were named.
func TestU33_Prefixes(t *testing.T) {
	w := start(t, nil)
	c := w.config(t)
	c.Prefixes = []string{"+49", "+1202"}
	s := sender(t, c)
	c.Prefixes[0] = "+8"
	for to, good := range map[string]bool{"+4915112345678": true, "+12025550123": true, "+12035550123": false, "+882161234567": false, "+40": false} {
		m := testMessage()
		m.To = to
		err := s.Send(t.Context(), m)
		if good {
			require.NoError(t, err, to)
			continue
		}
		requireError(t, err, InvalidMessage, 0)
		require.ErrorContains(t, err, "none of Config.Prefixes")
	}
	require.Equal(t, 2, w.count())
}

func TestSend_Refused(t *testing.T) {
	for _, test := range []struct {
		status int
		body   string
		want   string
	}{
		{400, `{"error":"not a mobile number"}`, `smswebhook: Refused: the webhook answered 400: "{\"error\":\"not a mobile number\"}"`},
		{503, "", "smswebhook: Refused: the webhook answered 503"},
		{429, "slow\r\ndown\x1b[31m\x00 \xff", `smswebhook: Refused: the webhook answered 429: "slow down [31m ?"`},
		{300, "x", `smswebhook: Refused: the webhook answered 300: "x"`},
		{500, strings.Repeat("é", 1<<20), `smswebhook: Refused: the webhook answered 500: "` + strings.Repeat("é", 200) + `"`},
		{500, "code " + testCode + " was not sent", "they repeat a secret"},
		{500, "code 482\n913 was not sent", "they repeat a secret"},
		{500, strings.Repeat("x", 3000) + testCode, "they repeat a secret"},
		{500, "you are " + testBearer, "they repeat a secret"},
		{500, "signed with " + vectorSecret, "they repeat a secret"},
		{404, "no /path-canary?key=query-canary here", "they repeat a secret"},
		{404, "no query-canary here", "they repeat a secret"},
		{404, "no service at /path-canary", `"no service at /path-canary"`},
		{500, "text was: is your code to sign in, valid for 10 minutes", "they repeat the message"},
	} {
		w := start(t, func(out http.ResponseWriter, _ *http.Request) {
			out.WriteHeader(test.status)
			_, _ = io.WriteString(out, test.body)
		})
		c := w.config(t)
		if strings.HasSuffix(test.want, `/path-canary"`) {
			c.URL = w.URL + "/sms" // so that it is none
			err := sender(t, c).Send(t.Context(), testMessage())
			require.ErrorContains(t, err, test.want)
			continue
		}
		err := send(t, c)
		requireError(t, err, Refused, test.status)
		require.ErrorContains(t, err, test.want)
		require.Equal(t, 1, w.count(), "nothing is tried again")
	}
}

// Whatever form a password or link has in an answer, it is not quoted.
func TestH12_Forms(t *testing.T) {
	m := testMessage()
	m.Kind, m.Code, m.Link = userpool.MessageAdminCreateUser, `p<a>"ss&w ört/1`, "https://example.com/?token=t0ken&x=y"
	s := sender(t, start(t, nil).config(t))
	for _, words := range []string{
		m.Code, `{"code":"p\u003ca\u003e\"ss\u0026w ört/1"}`, "p&lt;a&gt;&#34;ss&amp;w ört/1", "c=p%3Ca%3E%22ss%26w+%C3%B6rt%2F1", "p%3Ca%3E%22ss&w%20%C3%B6rt%2F1",
		m.Link, `"https://example.com/?token=t0ken\u0026x=y"`, "https://example.com/?token=t0ken&amp;x=y", "u=https%3A%2F%2Fexample.com%2F%3Ftoken%3Dt0ken%26x%3Dy",
	} {
		require.Contains(t, s.quote("before "+words+" after", m), "they repeat a secret", words)
	}
	require.Equal(t, `"before after"`, s.quote("before\nafter", m))
}

func TestSend_Redirect(t *testing.T) {
	for _, status := range []int{301, 302, 303, 307, 308} {
		elsewhere := start(t, nil)
		w := start(t, func(out http.ResponseWriter, r *http.Request) { http.Redirect(out, r, elsewhere.URL, status) })
		c := w.config(t)
		c.Client.CheckRedirect = func(*http.Request, []*http.Request) error { return nil }
		requireError(t, send(t, c), Refused, status)
		require.Equal(t, 1, w.count())
		require.Zero(t, elsewhere.count(), "neither the token nor the code goes elsewhere")
	}
}

func TestSend_TLS(t *testing.T) {
	w := start(t, nil)
	c := w.config(t)
	c.Client = nil
	err := send(t, c)
	requireError(t, err, ConnectFailed, 0)
	require.ErrorContains(t, err, "certificate")

	c = w.config(t)
	c.URL = strings.Replace(c.URL, "127.0.0.1", "localhost", 1)
	requireError(t, send(t, c), ConnectFailed, 0)
	require.Zero(t, w.count())
}

func TestSend_Unreachable(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	c := Config{URL: "https://" + l.Addr().String() + "/path-canary", BearerToken: testBearer}
	err = send(t, c)
	requireError(t, err, ConnectFailed, 0)
	require.ErrorContains(t, err, l.Addr().String()+": ")
	require.ErrorContains(t, err, "refused")
}

func TestSend_Slow(t *testing.T) {
	release := make(chan struct{})
	for name, answer := range map[string]http.HandlerFunc{
		"no answer": func(_ http.ResponseWriter, r *http.Request) { <-release },
		"slow words": func(out http.ResponseWriter, _ *http.Request) {
			out.WriteHeader(500)
			_ = http.NewResponseController(out).Flush()
			<-release
		},
	} {
		w := start(t, answer)
		c := w.config(t)
		c.Timeout = 200 * time.Millisecond
		before := time.Now()
		err := send(t, c)
		require.Less(t, time.Since(before), 5*time.Second)
		if name == "no answer" {
			requireError(t, err, AnswerLost, 0)
			require.ErrorIs(t, err, context.DeadlineExceeded)
		} else {
			requireError(t, err, Refused, 500)
		}
		require.Equal(t, 1, w.count())

		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(100*time.Millisecond, cancel)
		err = sender(t, w.config(t)).Send(ctx, testMessage())
		requireNoSecret(t, err)
		if name == "no answer" {
			requireError(t, err, AnswerLost, 0)
			require.ErrorIs(t, err, context.Canceled)
		}
		require.Equal(t, 2, w.count())
	}
	close(release)

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	w := start(t, nil)
	err := sender(t, w.config(t)).Send(ctx, testMessage())
	require.ErrorIs(t, err, context.Canceled)
	require.Zero(t, w.count())
}

// Of a huge answer only the beginning is read.
func TestSend_Huge(t *testing.T) {
	for _, status := range []int{200, 500} {
		var written atomic.Int64
		w := start(t, func(out http.ResponseWriter, _ *http.Request) {
			out.WriteHeader(status)
			for range 1 << 14 {
				n, err := out.Write(make([]byte, 64<<10))
				written.Add(int64(n))
				if err != nil {
					return
				}
			}
		})
		before := time.Now()
		err := send(t, w.config(t))
		require.Less(t, time.Since(before), 5*time.Second)
		if status == 500 {
			requireError(t, err, Refused, 500)
		} else {
			require.NoError(t, err)
		}
		w.Close() // waits for the handler
		require.Less(t, written.Load(), int64(64<<20))
	}
	w := start(t, func(out http.ResponseWriter, _ *http.Request) { out.Header().Set("X", strings.Repeat("x", 16<<20)) })
	requireError(t, send(t, w.config(t)), AnswerLost, 0)
}

// http.Transport repeats a request with an Idempotency-Key if a connection that was used before is closed without an answer. It must not
// do so here.
func TestSend_Once(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = l.Close() }()
	var posts, connections atomic.Int32
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			connections.Add(1)
			go func() {
				defer func() { _ = conn.Close() }()
				for in := bufio.NewReader(conn); ; {
					r, err := http.ReadRequest(in)
					if err != nil {
						return
					}
					_, _ = io.Copy(io.Discard, r.Body)
					if r.Method == http.MethodPost {
						posts.Add(1)
						return
					}
					_, _ = io.WriteString(conn, "HTTP/1.1 204 No Content\r\n\r\n")
				}
			}()
		}
	}()
	client := &http.Client{Transport: &http.Transport{}}
	url := "http://" + l.Addr().String() + "/sms"
	response, err := client.Get(url)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())

	err = send(t, Config{URL: url, InsecureAllowHTTP: true, BearerToken: testBearer, Client: client})
	requireError(t, err, AnswerLost, 0)
	require.EqualValues(t, 1, posts.Load())
	require.EqualValues(t, 1, connections.Load(), "the connection was one that had been used, or this tests nothing")

	require.Error(t, send(t, Config{URL: url, InsecureAllowHTTP: true, BearerToken: testBearer}))
	require.EqualValues(t, 2, posts.Load())
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// What an application's own Transport does is its own matter, but neither its panics nor its words get out unseen.
func TestSend_Transport(t *testing.T) {
	for want, transport := range map[string]roundTripper{
		`panic: "boom line"`: func(*http.Request) (*http.Response, error) { panic("boom\nline") },
		"they repeat a secret": func(r *http.Request) (*http.Response, error) {
			return nil, fmt.Errorf("could not post with %s", r.Header.Get("Authorization"))
		},
		"example.com: \"no way\"": func(*http.Request) (*http.Response, error) { return nil, errors.New("no\nway") },
		"repeat the message": func(r *http.Request) (*http.Response, error) {
			body, _ := io.ReadAll(r.Body)
			return nil, errors.New(strings.ReplaceAll(string(body), testCode, "x"))
		},
	} {
		err := send(t, Config{URL: "https://example.com/path-canary", BearerToken: testBearer, Client: &http.Client{Transport: transport}})
		requireError(t, err, AnswerLost, 0)
		require.ErrorContains(t, err, want)
	}
}

func TestSend_Parallel(t *testing.T) {
	w := start(t, nil)
	s := sender(t, w.config(t))
	const n = 30
	var wg sync.WaitGroup
	errs := make([]error, n)
	for i := range n {
		wg.Go(func() {
			m := testMessage()
			m.ID = fmt.Sprintf("id-%d", i)
			m.Text = "code for " + m.ID
			errs[i] = s.Send(t.Context(), m)
		})
	}
	wg.Wait()
	require.NoError(t, errors.Join(errs...))
	require.Equal(t, n, w.count())
	for i, r := range w.requests {
		require.NoError(t, Verify(r.Header, w.bodies[i], testSecret(t), testTime))
		require.True(t, bytes.Contains(w.bodies[i], []byte(`"text":"code for `+r.Header.Get("Webhook-Id")+`"`)))
	}
}

func TestSend_HTTP2(t *testing.T) {
	w := &webhook{}
	w.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.requests = append(w.requests, r)
	}))
	w.EnableHTTP2 = true
	w.StartTLS()
	t.Cleanup(w.Close)
	w.Client().Transport.(*http.Transport).TLSClientConfig.MinVersion = tls.VersionTLS13
	for range 2 {
		require.NoError(t, send(t, w.config(t)))
	}
	require.Equal(t, 2, w.count())
	require.Equal(t, "HTTP/2.0", w.requests[1].Proto)
}
