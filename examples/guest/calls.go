package main

import (
	"bytes"
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/stepwell/stepwell/identitypool/sigv4"
)

// pageAgent is what the pages call themselves when they ask the bucket.
const pageAgent = "stepwell-guest-page"

// answer is what the bucket answered.
type answer struct {
	id     string // of the request
	status int
	body   []byte
}

// call sends a request to the bucket over HTTP, signed with the visitor's credentials, as a client elsewhere would.
func (a *app) call(ctx context.Context, v *visitor, method, key string, query url.Values, body string) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	target := a.base + (&url.URL{Path: "/" + bucketName, RawQuery: query.Encode()}).String()
	if key != "" {
		target = a.base + (&url.URL{Path: "/" + bucketName + "/" + key}).String()
	}
	r, err := http.NewRequestWithContext(ctx, method, target, bytes.NewReader([]byte(body)))
	if err != nil {
		return answer{}, &problem{Text: "This is no name of an object."}
	}
	r.Header.Set("User-Agent", pageAgent)
	if body != "" {
		r.Header.Set("Content-Type", plainText)
	}
	if err := sigv4.Sign(r, []byte(body), v.credentials, region, "s3", time.Now()); err != nil {
		return answer{}, &problem{Text: "Such a request cannot be signed."}
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(r)
	if err != nil {
		return answer{}, fmt.Errorf("calling the bucket: %w", err)
	}
	defer response.Body.Close()
	out := answer{id: response.Header.Get("X-Amz-Request-Id"), status: response.StatusCode}
	if out.body, err = io.ReadAll(io.LimitReader(response.Body, 1<<20)); err != nil {
		return answer{}, fmt.Errorf("reading the answer of the bucket: %w", err)
	}
	return out, nil
}

// objectsOf returns what the visitor may see, as the bucket lists it for their credentials: a guest has no objects of their own.
func (a *app) objectsOf(ctx context.Context, v *visitor) ([]listedObject, error) {
	prefixes := []string{v.Prefix(), "public/"}
	if v.Guest {
		prefixes = prefixes[1:]
	}
	var out []listedObject
	for _, prefix := range prefixes {
		got, err := a.call(ctx, v, http.MethodGet, "", url.Values{"list-type": {"2"}, "prefix": {prefix}}, "")
		if err != nil {
			return nil, err
		}
		a.decisions.forget(got.id) // this was the page's question, not the visitor's
		var l listing
		if err := xml.Unmarshal(got.body, &l); err != nil || got.status != http.StatusOK {
			return nil, fmt.Errorf("the bucket answered %d to a list: %v", got.status, err)
		}
		out = append(out, l.Contents...)
	}
	return out, nil
}

// try sends the request that a visitor asks for, and leads to the page that explains the answer.
func (a *app) try(w http.ResponseWriter, r *http.Request) (view, error) {
	r.Body = http.MaxBytesReader(w, r.Body, 2*maxObject)
	if err := r.ParseForm(); err != nil {
		return view{}, &problem{Text: "This form cannot be read, or is too long.", Again: "/"}
	}
	v, err := a.visitor(w, r)
	if err != nil {
		return view{}, err
	}
	key, method, body := r.PostForm.Get("key"), "", ""
	var query url.Values
	switch r.PostForm.Get("do") {
	case "read":
		method = http.MethodGet
	case "delete":
		method = http.MethodDelete
	case "write":
		method, body = http.MethodPut, r.PostForm.Get("text")
	case "write-own":
		method, body = http.MethodPut, r.PostForm.Get("text")
		key = v.Prefix() + strings.TrimSpace(r.PostForm.Get("name"))
	case "list":
		method, query, key = http.MethodGet, url.Values{"list-type": {"2"}}, ""
		if prefix := r.PostForm.Get("prefix"); prefix != "" {
			query.Set("prefix", prefix)
		}
	}
	if method == "" || key == "" && query == nil || strings.HasSuffix(key, "/") {
		return view{}, &problem{Text: "An object needs a name.", Again: "/"}
	}
	got, err := a.call(r.Context(), v, method, key, query, body)
	if err != nil {
		return view{}, err
	}
	found := false
	a.decisions.change(got.id, func(r *record) { r.answer, found = text(got.body), true })
	if !found { // refused before a policy was asked
		return view{}, &problem{Text: fmt.Sprintf("The bucket refused this before it asked a policy (status %d): %s", got.status, messageOf(got.body)), Again: "/"}
	}
	return view{next: "/requests/" + got.id}, nil
}

// messageOf returns the message of an error of the bucket.
func messageOf(body []byte) string {
	var e errorDocument
	if xml.Unmarshal(body, &e) != nil || e.Message == "" {
		return "no reason was given."
	}
	return e.Message
}

// text returns what a page can show of a body.
func text(body []byte) string {
	const most = 8 << 10
	switch {
	case !utf8.Valid(body):
		return fmt.Sprintf("%d bytes that are no text", len(body))
	case len(body) > most:
		return strings.ToValidUTF8(string(body[:most]), "") + "…"
	}
	return string(body)
}
