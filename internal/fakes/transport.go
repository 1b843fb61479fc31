// Package fakes has what the fakes of both pools are made of. It is for tests only.
package fakes

import (
	"crypto/tls"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
)

// Transport serves the requests of a client with a handler, whatever their host: no port is opened, and https needs no certificate. A
// handler that panics does so in the goroutine of the request; one that panics with http.ErrAbortHandler gives an error.
type Transport struct {
	// Name begins the text of errors.
	Name    string
	Handler http.Handler
}

// RoundTrip is that of http.RoundTripper.
func (t Transport) RoundTrip(r *http.Request) (_ *http.Response, err error) {
	if r.Body != nil {
		defer r.Body.Close()
	}
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	served := r.Clone(r.Context())
	served.RequestURI = r.URL.RequestURI()
	if served.URL, err = url.ParseRequestURI(served.RequestURI); err != nil {
		return nil, err
	}
	if served.Host == "" {
		served.Host = r.URL.Host
	}
	served.RemoteAddr = "192.0.2.1:1234"
	served.Proto, served.ProtoMajor, served.ProtoMinor = "HTTP/1.1", 1, 1
	if r.URL.Scheme == "https" {
		served.TLS = &tls.ConnectionState{Version: tls.VersionTLS13, HandshakeComplete: true, ServerName: r.URL.Hostname()}
	}
	if served.Body == nil {
		served.Body = http.NoBody
	}
	defer func() {
		if reason := recover(); reason == http.ErrAbortHandler {
			err = errors.New(t.Name + ": the handler aborted the answer")
		} else if reason != nil {
			panic(reason)
		}
	}()
	w := httptest.NewRecorder()
	t.Handler.ServeHTTP(w, served)
	answer := w.Result()
	answer.Request = r
	return answer, nil
}
