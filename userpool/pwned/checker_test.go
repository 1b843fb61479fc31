package pwned_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/pwned"
)

var (
	_ userpool.BreachChecker = (*pwned.Checker)(nil)
	_ userpool.BreachChecker = (*pwned.File)(nil)
)

// known is a password in the corpus of the fake service. The hash of "password" is in the documentation of the real one.
const (
	known     = "password"
	knownHash = "5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8"
	unknown   = "seven purple boats sail north"
)

func hash(password string) string {
	sum := sha1.Sum([]byte(password))
	return strings.ToUpper(hex.EncodeToString(sum[:]))
}

// filler are lines of a range, none of which is a password in these tests.
func filler(n, count int) string {
	var out strings.Builder
	for i := range n {
		fmt.Fprintf(&out, "%035X:%d\r\n", i, count)
	}
	return out.String()
}

// text answers with a status and a body.
func text(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// service is a TLS server with one handler, and a Checker that asks it.
func service(t *testing.T, handler http.Handler, change ...func(*pwned.Config)) *pwned.Checker {
	t.Helper()
	server := httptest.NewUnstartedServer(handler)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	config := pwned.Config{URL: server.URL, Client: server.Client(), Timeout: 10 * time.Second}
	for _, c := range change {
		c(&config)
	}
	checker, err := pwned.New(config)
	require.NoError(t, err)
	return checker
}

func TestDigestOfDocumentation(t *testing.T) {
	require.Equal(t, knownHash, hash(known))
}

// What is sent: five digits, no cookie, nothing else.
func TestU20_OnlyThePrefixLeaves(t *testing.T) {
	var seen []*http.Request
	var bodies []string
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	checker := service(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		seen, bodies = append(seen, r), append(bodies, string(body))
		_, _ = io.WriteString(w, filler(900, 3)+knownHash[5:]+":52579\r\n"+filler(3, 0))
	}), func(c *pwned.Config) {
		c.Client.Jar = jar
		address, err := url.Parse(c.URL)
		require.NoError(t, err)
		jar.SetCookies(address, []*http.Cookie{{Name: "a", Value: "b"}})
		c.URL += "/mirror/"
	})
	found, err := checker.Breached(t.Context(), known)
	require.NoError(t, err)
	require.True(t, found)
	found, err = checker.Breached(t.Context(), unknown)
	require.NoError(t, err)
	require.False(t, found)

	require.Len(t, seen, 2)
	for i, password := range []string{known, unknown} {
		r := seen[i]
		require.Equal(t, "GET", r.Method)
		require.Equal(t, "/mirror/range/"+hash(password)[:5], r.RequestURI)
		require.Equal(t, http.Header{"Add-Padding": {"true"}, "User-Agent": {"stepwell"}, "Accept-Encoding": {"identity"}}, r.Header)
		require.Empty(t, bodies[i])
	}
}

func TestU20_Answers(t *testing.T) {
	for _, test := range []struct {
		name, body string
		minCount   int
		want       bool
	}{
		{name: "alone", body: knownHash[5:] + ":1", want: true},
		{name: "first", body: knownHash[5:] + ":7\r\n" + filler(20, 1), want: true},
		{name: "line feeds", body: filler(2, 1) + knownHash[5:] + ":7\n", want: true},
		{name: "lower case", body: strings.ToLower(filler(20, 1) + knownHash[5:] + ":7"), want: true},
		{name: "absent", body: filler(900, 3)},
		{name: "all padding", body: filler(900, 0)},
		{name: "itself padding", body: filler(20, 1) + knownHash[5:] + ":0\r\n"},
		{name: "real beside padding", body: knownHash[5:] + ":2\r\n" + knownHash[5:] + ":0", want: true},
		{name: "too rare", body: knownHash[5:] + ":99\r\n", minCount: 100},
		{name: "often enough", body: knownHash[5:] + ":100\r\n", minCount: 100, want: true},
		{name: "most", body: knownHash[5:] + ":999999999999\r\n", want: true},
		{name: "other prefix", body: knownHash[:35] + ":9\r\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			checker := service(t, text(200, test.body), func(c *pwned.Config) { c.MinCount = test.minCount })
			found, err := checker.Breached(t.Context(), known)
			require.NoError(t, err)
			require.Equal(t, test.want, found)
		})
	}
}

// An answer that is not whole and right is never an answer, not even if the password stands in it.
func TestU20_J9_HostileService(t *testing.T) {
	hit := knownHash[5:] + ":9\r\n"
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	_, err := io.WriteString(z, strings.Repeat(hit, 500_000))
	require.NoError(t, err)
	require.NoError(t, z.Close())
	header := func(status int, name, value string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set(name, value)
			w.WriteHeader(status)
		}
	}
	elsewhere := httptest.NewTLSServer(text(200, hit))
	defer elsewhere.Close()
	plain := httptest.NewServer(text(200, hit))
	defer plain.Close()
	redirect := func(to string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, to+r.URL.Path, http.StatusFound) }
	}
	for _, test := range []struct {
		name    string
		handler http.HandlerFunc
		code    pwned.Code
		says    string
		status  int
		retry   time.Duration
	}{
		{name: "400", handler: text(400, hit), code: pwned.Unavailable, status: 400},
		{name: "404", handler: text(404, ""), code: pwned.Unavailable, status: 404},
		{name: "204", handler: text(204, ""), code: pwned.Unavailable, status: 204},
		{name: "429", handler: text(429, hit), code: pwned.RateLimited, status: 429},
		{name: "429 for 2 s", handler: header(429, "Retry-After", "2"), code: pwned.RateLimited, status: 429, retry: 2 * time.Second},
		{name: "429 for ages", handler: header(429, "Retry-After", "4294967295"), code: pwned.RateLimited, status: 429, retry: 24 * time.Hour},
		{name: "429 for more", handler: header(429, "Retry-After", "99999999999999999999"), code: pwned.RateLimited, status: 429},
		{name: "429 for less", handler: header(429, "Retry-After", "-5"), code: pwned.RateLimited, status: 429},
		{name: "503", handler: header(503, "Retry-After", "60"), code: pwned.Unavailable, status: 503, retry: time.Minute},
		{name: "503 until", handler: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Date", "Mon, 02 Mar 2026 10:00:00 GMT")
			w.Header().Set("Retry-After", "Mon, 02 Mar 2026 10:01:30 GMT")
			w.WriteHeader(503)
		}, code: pwned.Unavailable, status: 503, retry: 90 * time.Second},
		{name: "503 until long ago", handler: header(503, "Retry-After", "Mon, 02 Mar 2015 10:01:30 GMT"), code: pwned.Unavailable, status: 503},
		{name: "HTML", handler: text(200, "<!DOCTYPE html>\n<html><body>Please log in</body></html>"), code: pwned.InvalidResponse, says: "line 1"},
		{name: "empty", handler: text(200, ""), code: pwned.InvalidResponse, says: "empty"},
		{name: "empty line", handler: text(200, hit+"\r\n"), code: pwned.InvalidResponse, says: "line 2"},
		{name: "cut in the hash", handler: text(200, hit+hit[:20]), code: pwned.InvalidResponse, says: "line 2"},
		{name: "cut after the hash", handler: text(200, hit+hit[:35]), code: pwned.InvalidResponse, says: "line 2"},
		{name: "cut before the count", handler: text(200, hit+hit[:36]), code: pwned.InvalidResponse, says: "line 2"},
		{name: "short hash", handler: text(200, hit+hit[1:]), code: pwned.InvalidResponse, says: "line 2"},
		{name: "whole hash", handler: text(200, hit+knownHash+":1"), code: pwned.InvalidResponse, says: "line 2"},
		{name: "no hash", handler: text(200, hit+strings.Repeat("G", 35)+":1"), code: pwned.InvalidResponse, says: "line 2"},
		{name: "negative", handler: text(200, hit+knownHash[5:]+":-1"), code: pwned.InvalidResponse, says: "line 2"},
		{name: "too many", handler: text(200, hit+knownHash[5:]+":1000000000000"), code: pwned.InvalidResponse, says: "line 2"},
		{name: "blank", handler: text(200, hit+knownHash[5:]+": 1"), code: pwned.InvalidResponse, says: "line 2"},
		{name: "10 MB", handler: text(200, strings.Repeat(hit, 10<<20/len(hit))), code: pwned.InvalidResponse, says: "longer than"},
		{name: "10 MB with length", handler: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "10485760")
			_, _ = io.WriteString(w, strings.Repeat(hit, 1000))
		}, code: pwned.InvalidResponse, says: "longer than"},
		{name: "gzip bomb", handler: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(zipped.Bytes())
		}, code: pwned.InvalidResponse, says: "compressed"},
		{name: "gzip unsaid", handler: func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(zipped.Bytes()) }, code: pwned.InvalidResponse},
		{name: "shorter than said", handler: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "500")
			_, _ = io.WriteString(w, hit)
		}, code: pwned.Unavailable, says: "broke off"},
		{name: "connection lost", handler: func(w http.ResponseWriter, _ *http.Request) { panic(http.ErrAbortHandler) }, code: pwned.Unavailable},
		{name: "lost in the body", handler: func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, strings.Repeat(hit, 1000))
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}, code: pwned.Unavailable, says: "broke off"},
		{name: "redirect to another host", handler: redirect(elsewhere.URL), code: pwned.Unavailable, says: "another host"},
		{name: "redirect to http", handler: redirect(plain.URL), code: pwned.Unavailable, says: "from https to http"},
		{name: "redirect in a circle", handler: redirect(""), code: pwned.Unavailable, says: "more than 3 redirects"},
		{name: "redirect to nowhere", handler: header(302, "X-Nothing", "1"), code: pwned.Unavailable, status: 302},
	} {
		t.Run(test.name, func(t *testing.T) {
			checker := service(t, test.handler)
			found, err := checker.Breached(t.Context(), known)
			require.False(t, found)
			require.ErrorIs(t, err, test.code)
			require.ErrorContains(t, err, test.says)
			e, ok := errors.AsType[*pwned.Error](err)
			require.True(t, ok)
			require.Equal(t, test.status, e.Status)
			require.Equal(t, test.retry, e.RetryAfter)
			require.Less(t, len(err.Error()), 500)
			for _, secret := range []string{known, knownHash[:5], knownHash[5:]} {
				require.NotContains(t, strings.ToUpper(err.Error()), strings.ToUpper(secret))
			}
		})
	}
}

func TestRedirectOnTheSameHost(t *testing.T) {
	var asked atomic.Int32
	mux := http.NewServeMux()
	mux.HandleFunc("GET /range/{prefix}", func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		http.Redirect(w, r, "/v3/range/"+r.PathValue("prefix"), http.StatusMovedPermanently)
	})
	mux.HandleFunc("GET /v3/range/{prefix}", text(200, knownHash[5:]+":9"))
	checker := service(t, mux)
	found, err := checker.Breached(t.Context(), known)
	require.NoError(t, err)
	require.True(t, found)

	own := errors.New("no redirects here")
	checker = service(t, mux, func(c *pwned.Config) {
		c.Client.CheckRedirect = func(*http.Request, []*http.Request) error { return own }
	})
	_, err = checker.Breached(t.Context(), known)
	require.ErrorIs(t, err, own)
}

func TestU20_Down(t *testing.T) {
	server := httptest.NewTLSServer(text(200, ""))
	checker, err := pwned.New(pwned.Config{URL: server.URL, Client: server.Client()})
	require.NoError(t, err)
	server.Close()
	found, err := checker.Breached(t.Context(), known)
	require.False(t, found)
	require.ErrorIs(t, err, pwned.Unavailable)
	require.NotContains(t, err.Error(), knownHash[:5])
}

// A certificate that nobody vouches for is not believed.
func TestUntrustedCertificate(t *testing.T) {
	checker := service(t, text(200, knownHash[5:]+":9"), func(c *pwned.Config) { c.Client = nil })
	_, err := checker.Breached(t.Context(), known)
	require.ErrorIs(t, err, pwned.Unavailable)
	require.ErrorContains(t, err, "certificate")
}

// A service that does not answer, or answers a byte at a time, costs Timeout, and less if the caller goes away.
func TestU20_Slow(t *testing.T) {
	slow := func(w http.ResponseWriter, r *http.Request) {
		for i := range 600 {
			if _, err := fmt.Fprintf(w, "%035X:1\r\n", i); err != nil {
				return
			}
			_ = http.NewResponseController(w).Flush()
			select {
			case <-r.Context().Done():
				return
			case <-time.After(100 * time.Millisecond):
			}
		}
	}
	silent := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	for name, handler := range map[string]http.HandlerFunc{"drips": slow, "silent": silent} {
		t.Run(name, func(t *testing.T) {
			checker := service(t, handler, func(c *pwned.Config) { c.Timeout = 300 * time.Millisecond })
			begin := time.Now()
			_, err := checker.Breached(t.Context(), known)
			require.ErrorIs(t, err, pwned.Unavailable)
			require.ErrorIs(t, err, context.DeadlineExceeded)
			require.Less(t, time.Since(begin), 5*time.Second)

			checker = service(t, handler, func(c *pwned.Config) { c.Timeout = time.Minute })
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(200*time.Millisecond, cancel)
			begin = time.Now()
			_, err = checker.Breached(ctx, known)
			require.ErrorIs(t, err, context.Canceled)
			require.Less(t, time.Since(begin), 5*time.Second)
		})
	}
}

// An answer that ends in good form, but only because the question was given up, is no answer.
func TestU20_EndedByGivingUp(t *testing.T) {
	for name, give := range map[string]func(context.Context, context.CancelFunc){
		"canceled":          func(_ context.Context, cancel context.CancelFunc) { cancel() },
		"timeout":           func(ctx context.Context, _ context.CancelFunc) { <-ctx.Done() },
		"timeout of client": func(ctx context.Context, _ context.CancelFunc) { <-ctx.Done() },
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			config := pwned.Config{Timeout: 50 * time.Millisecond}
			config.Client = &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
				give(r.Context(), cancel)
				return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(filler(9, 1))), ContentLength: -1}, nil
			})}
			if name == "timeout of client" {
				config.Timeout, config.Client.Timeout = time.Minute, config.Timeout
			}
			checker, err := pwned.New(config)
			require.NoError(t, err)
			_, err = checker.Breached(ctx, known)
			require.ErrorIs(t, err, pwned.Unavailable)
		})
	}
}

// endless is an answer that never ends; it counts what is read of it.
type endless struct {
	line string
	read atomic.Int64
}

func (e *endless) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		n += copy(p[n:], e.line)
	}
	e.read.Add(int64(n))
	return n, nil
}

func (e *endless) Close() error { return nil }

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestJ9_AnswerIsBounded(t *testing.T) {
	body := &endless{line: strings.Repeat(knownHash[5:]+":9\r\n", 100)}
	client := &http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Header: http.Header{}, Body: body, ContentLength: -1}, nil
	})}
	checker, err := pwned.New(pwned.Config{Client: client})
	require.NoError(t, err)
	_, err = checker.Breached(t.Context(), known)
	require.ErrorIs(t, err, pwned.InvalidResponse)
	require.Less(t, body.read.Load(), int64(2<<20))

	// A header of many megabytes is given up early, by the client that is used when none is given.
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Long", strings.Repeat("x", 1<<20))
	}))
	defer server.Close()
	checker, err = pwned.New(pwned.Config{URL: server.URL, InsecureAllowHTTP: true})
	require.NoError(t, err)
	_, err = checker.Breached(t.Context(), known)
	require.ErrorIs(t, err, pwned.Unavailable)
	require.ErrorContains(t, err, "header")
}

// The service cannot tell by when the connection is done whether the password was found: the answer is read to its end either way.
func TestAnswerIsReadToItsEnd(t *testing.T) {
	for _, first := range []string{knownHash[5:] + ":9\r\n", filler(1, 9)} {
		body := strings.NewReader(first + filler(1000, 1))
		client := &http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(body), ContentLength: -1}, nil
		})}
		checker, err := pwned.New(pwned.Config{Client: client})
		require.NoError(t, err)
		_, err = checker.Breached(t.Context(), known)
		require.NoError(t, err)
		require.Zero(t, body.Len())
	}
}

func TestDefaults(t *testing.T) {
	var asked string
	client := &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		asked = r.URL.String()
		deadline, ok := r.Context().Deadline()
		require.True(t, ok)
		require.InDelta(t, 2, time.Until(deadline).Seconds(), 1)
		return nil, errors.New("no network")
	})}
	checker, err := pwned.New(pwned.Config{Client: client})
	require.NoError(t, err)
	_, err = checker.Breached(t.Context(), known)
	require.ErrorContains(t, err, "no network")
	require.Equal(t, "https://api.pwnedpasswords.com/range/5BAA6", asked)
}

func TestNew_Refuses(t *testing.T) {
	for _, test := range []struct {
		config pwned.Config
		says   string
	}{
		{pwned.Config{URL: "api.pwnedpasswords.com"}, "not an absolute address"},
		{pwned.Config{URL: "https://"}, "not an absolute address"},
		{pwned.Config{URL: "https://:443"}, "not an absolute address"},
		{pwned.Config{URL: "https://user:secret@example.com"}, "not an absolute address"},
		{pwned.Config{URL: "https://example.com/?a=b"}, "not an absolute address"},
		{pwned.Config{URL: "https://example.com/#a"}, "not an absolute address"},
		{pwned.Config{URL: "https://example.com/\x00"}, "not an absolute address"},
		{pwned.Config{URL: "ftp://example.com/"}, "use https"},
		{pwned.Config{URL: "http://example.com/"}, "InsecureAllowHTTP"},
		{pwned.Config{Timeout: -1}, "Timeout"},
		{pwned.Config{MinCount: -1}, "MinCount"},
		{pwned.Config{UserAgent: "a\r\nCookie: b"}, "UserAgent"},
		{pwned.Config{UserAgent: "a\u00a0b"}, "UserAgent"},
		{pwned.Config{UserAgent: strings.Repeat("a", 201)}, "UserAgent"},
	} {
		_, err := pwned.New(test.config)
		require.ErrorContains(t, err, test.says, "%+v", test.config)
		require.NotContains(t, err.Error(), "secret")
	}
	_, err := pwned.New(pwned.Config{URL: "http://127.0.0.1:8080", InsecureAllowHTTP: true})
	require.NoError(t, err)
}
