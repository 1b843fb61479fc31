package jose

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// endless yields bytes without end and counts them.
type endless struct{ read atomic.Int64 }

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	e.read.Add(int64(len(p)))
	return len(p), nil
}

func (e *endless) Close() error { return nil }

// dripping yields one byte a second until its request is given up.
type dripping struct{ ctx context.Context }

func (d dripping) Read(p []byte) (int, error) {
	select {
	case <-time.After(time.Second):
		p[0] = ' '
		return 1, nil
	case <-d.ctx.Done():
		return 0, d.ctx.Err()
	}
}

func TestJ9_HostileEndpoint(t *testing.T) {
	keys := publicKeys(t)
	good, err := MarshalKeySet(keys)
	require.NoError(t, err)
	var many strings.Builder
	for i := range 10_000 {
		many.WriteString("," + jwkWith(t, rfc8037Public, m{"kid": fmt.Sprint(i)}))
	}
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	_, err = z.Write(good)
	require.NoError(t, err)
	require.NoError(t, z.Close())
	text := func(status int, contentType, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", contentType)
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		}
	}
	compressed := func(encoding string, body []byte) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Encoding", encoding)
			_, _ = w.Write(body)
		}
	}
	elsewhere := httptest.NewServer(text(200, "application/json", string(good)))
	defer elsewhere.Close()
	var elsewhereTLS = httptest.NewTLSServer(text(200, "application/json", string(good)))
	defer elsewhereTLS.Close()
	redirect := func(to string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, to, http.StatusFound) }
	}

	for name, handler := range map[string]http.HandlerFunc{
		"10,000 keys":           text(200, "application/json", `{"keys":[`+many.String()[1:]+`]}`),
		"1 GB":                  func(w http.ResponseWriter, _ *http.Request) { flood(w, 1<<30, "") },
		"1 GB announced":        func(w http.ResponseWriter, _ *http.Request) { flood(w, 1<<30, "1073741824") },
		"513 KiB":               text(200, "application/json", string(good)+strings.Repeat(" ", maxKeySet)),
		"500":                   text(500, "application/json", string(good)),
		"404":                   text(404, "application/json", string(good)),
		"204":                   func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) },
		"206":                   text(206, "application/json", string(good)),
		"HTML":                  text(200, "text/html", "<!DOCTYPE html><html>sign in</html>"),
		"HTML as JSON":          text(200, "application/json", "<!DOCTYPE html><html>sign in</html>"),
		"JSON as HTML":          text(200, "text/html; charset=utf-8", string(good)),
		"JSON as text":          text(200, "text/plain", string(good)),
		"content type broken":   text(200, "application/json; =", string(good)),
		"no content type":       text(200, "", string(good)),
		"empty":                 text(200, "application/json", ""),
		"no usable key":         text(200, "application/json", `{"keys":[{"kty":"oct","kid":"a","k":"AAAA"}]}`),
		"no keys":               text(200, "application/json", `{"keys":[]}`),
		"an error":              text(200, "application/json", `{"error":"temporarily_unavailable"}`),
		"truncated":             text(200, "application/json", string(good[:len(good)-1])),
		"gzip not asked for":    compressed("gzip", zipped.Bytes()),
		"gzip bomb":             compressed("gzip", bomb(t)),
		"gzip in name only":     compressed("gzip", good),
		"deflate":               compressed("deflate", zipped.Bytes()),
		"gzip without header":   text(200, "application/json", zipped.String()),
		"redirect to http":      redirect(elsewhere.URL + "/jwks.json"),
		"redirect to another":   redirect(elsewhereTLS.URL + "/jwks.json"),
		"redirect to localhost": redirect("https://localhost/jwks.json"),
		"redirect to file":      redirect("file:///etc/passwd"),
		"redirect loop":         func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path+"/x", http.StatusFound) },
		"connection closed":     func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"cut off": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write(good[:20])
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var hostile atomic.Bool
			hostile.Store(true)
			server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if hostile.Load() {
					handler(w, r)
				} else {
					text(200, "application/jwk-set+json", string(good))(w, r)
				}
			}))
			defer server.Close()
			var offset atomic.Int64
			remote, err := NewRemoteKeys(RemoteKeysConfig{URL: server.URL + "/jwks.json", Client: server.Client(),
				Now: func() time.Time { return testNow.Add(time.Duration(offset.Load())) }})
			require.NoError(t, err)
			requireNoKey(t, remote, keys[0].ID)
			// Once it was good, the last good set stays.
			hostile.Store(false)
			offset.Add(int64(time.Minute))
			requireKey(t, remote, keys[0])
			hostile.Store(true)
			offset.Add(int64(2 * time.Hour))
			requireKey(t, remote, keys[0])
			requireNoKey(t, remote, "unknown")
			require.Error(t, remote.failure)
		})
	}
}

// flood writes n bytes of JSON white space, or as much as is taken.
func flood(w http.ResponseWriter, n int, length string) {
	w.Header().Set("Content-Type", "application/json")
	if length != "" {
		w.Header().Set("Content-Length", length)
	}
	block := bytes.Repeat([]byte(" "), 1<<16)
	for n > 0 {
		if _, err := w.Write(block); err != nil {
			return
		}
		n -= len(block)
	}
}

// bomb returns 64 MiB of white space in gzip.
func bomb(t *testing.T) []byte {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	block := bytes.Repeat([]byte(" "), 1<<20)
	for range 64 {
		_, err := z.Write(block)
		require.NoError(t, err)
	}
	require.NoError(t, z.Close())
	return packed.Bytes()
}

// The bound holds for what is read, and for a transport that decompresses of its own.
func TestJ9_ReadsNoMoreThanTheBound(t *testing.T) {
	body := &endless{}
	e := &endpoint{answer: func(r *http.Request) (*http.Response, error) {
		require.Equal(t, "identity", r.Header.Get("Accept-Encoding"))
		require.Equal(t, http.MethodGet, r.Method)
		return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"application/json"}}, Body: body, ContentLength: -1, Uncompressed: true}, nil
	}}
	requireNoKey(t, newRemote(t, e), "a")
	require.Less(t, body.read.Load(), int64(1<<20))

	body.read.Store(0)
	e.set(nil, func(*http.Request) (*http.Response, error) {
		response := respond(200, "application/json", body)
		response.ContentLength = 1 << 30
		return response, nil
	})
	requireNoKey(t, newRemote(t, e), "a")
	require.Zero(t, body.read.Load())
}

func TestJ9_SlowEndpoint(t *testing.T) {
	for name, answer := range map[string]func(*http.Request) (*http.Response, error){
		"no answer": func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		},
		"dripping body": func(r *http.Request) (*http.Response, error) {
			return respond(200, "application/json", dripping{r.Context()}), nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				keys := publicKeys(t)
				e := &endpoint{keys: keys, answer: answer}
				remote := newRemote(t, e)
				begin := time.Now()
				require.ErrorIs(t, requireNoKey(t, remote, keys[0].ID), context.DeadlineExceeded)
				require.Equal(t, 5*time.Second, time.Since(begin))
				// The next caller does not wait again.
				requireNoKey(t, remote, keys[0].ID)
				require.Equal(t, 5*time.Second, time.Since(begin))

				e.set(keys, nil)
				time.Sleep(time.Minute)
				requireKey(t, remote, keys[0])
				e.set(keys, answer)
				time.Sleep(time.Hour)
				begin = time.Now()
				requireKey(t, remote, keys[0])
				requireKey(t, remote, keys[0])
				require.Equal(t, 5*time.Second, time.Since(begin))
			})
		})
	}
}

func TestFetchAccepts(t *testing.T) {
	keys := publicKeys(t)
	data, err := MarshalKeySet(keys)
	require.NoError(t, err)
	for _, contentType := range []string{"application/json", "application/json; charset=utf-8", "Application/JSON", "application/jwk-set+json",
		"application/jwk-set+json;charset=UTF-8", "application/vnd.oai+json"} {
		e := &endpoint{answer: func(*http.Request) (*http.Response, error) {
			response := respond(200, contentType, bytes.NewReader(data))
			response.Header.Set("Content-Encoding", "Identity")
			return response, nil
		}}
		requireKey(t, newRemote(t, e), keys[0])
	}
}

func TestFetchRedirects(t *testing.T) {
	keys := publicKeys(t)
	data, err := MarshalKeySet(keys)
	require.NoError(t, err)
	mux := http.NewServeMux()
	mux.HandleFunc("/keys", func(w http.ResponseWriter, r *http.Request) {
		if len(r.Cookies()) > 0 {
			w.WriteHeader(400)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(data)
	})
	mux.HandleFunc("/0", func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "a", Value: "b"})
		http.Redirect(w, r, "/keys", http.StatusFound)
	})
	for i := range 3 {
		mux.HandleFunc(fmt.Sprintf("/%d", i+1), func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, fmt.Sprintf("/%d", i), http.StatusTemporaryRedirect)
		})
	}
	server := httptest.NewServer(mux)
	defer server.Close()
	remoteAt := func(path string, client *http.Client) *RemoteKeys {
		remote, err := NewRemoteKeys(RemoteKeysConfig{URL: server.URL + path, Client: client, InsecureAllowHTTP: true})
		require.NoError(t, err)
		return remote
	}
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	for _, path := range []string{"/keys", "/0", "/1", "/2"} {
		requireKey(t, remoteAt(path, nil), keys[0])
		requireKey(t, remoteAt(path, &http.Client{Jar: jar}), keys[0])
	}
	requireNoKey(t, remoteAt("/3", nil), keys[0].ID)
	// The client's own policy may refuse more, and is not changed in the client.
	own := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	requireNoKey(t, remoteAt("/0", own), keys[0].ID)
	requireKey(t, remoteAt("/keys", own), keys[0])
	require.ErrorIs(t, own.CheckRedirect(nil, nil), http.ErrUseLastResponse)
	// Without InsecureAllowHTTP there is no http.
	_, err = NewRemoteKeys(RemoteKeysConfig{URL: server.URL})
	requireReason(t, err, ErrKey)
}

func TestRedirectPolicy(t *testing.T) {
	request := func(url string) *http.Request {
		r, err := http.NewRequest(http.MethodGet, url, nil)
		require.NoError(t, err)
		return r
	}
	policy := redirectPolicy(nil)
	for _, row := range []struct {
		from, to string
		allowed  bool
	}{
		{"https://a.example/x", "https://a.example/y", true},
		{"https://a.example/x", "https://A.example/y", true},
		{"http://a.example/x", "https://a.example/y", true},
		{"http://a.example/x", "http://a.example/y", true},
		{"https://a.example/x", "http://a.example/y", false},
		{"https://a.example/x", "https://b.example/y", false},
		{"https://a.example/x", "https://a.example:8443/y", false},
		{"https://a.example/x", "https://a.example.evil/y", false},
		{"https://a.example/x", "https://sub.a.example/y", false},
		{"http://127.0.0.1:1/x", "http://127.0.0.1:2/y", false},
		{"https://a.example/x", "gopher://a.example/y", false},
	} {
		err := policy(request(row.to), []*http.Request{request(row.from)})
		if row.allowed {
			require.NoError(t, err, row)
		} else {
			requireReason(t, err, ErrKey)
		}
	}
	via := []*http.Request{request("http://a.example/"), request("https://a.example/")}
	require.Error(t, policy(request("http://a.example/"), via), "up to https, and down again")
}

type panicking struct{}

func (panicking) RoundTrip(*http.Request) (*http.Response, error) { panic("boom") }

func TestFetchPanickingTransport(t *testing.T) {
	remote, err := NewRemoteKeys(RemoteKeysConfig{URL: keysURL, Client: &http.Client{Transport: panicking{}}})
	require.NoError(t, err)
	require.ErrorContains(t, requireNoKey(t, remote, "a"), "boom")
}
