package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"log"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

const bucketName = "shared"

// s3API speaks the part of the S3 REST API that is needed to put, get, list and delete small objects, with a path for the bucket. Who may do
// what is decided in front of it, see mountS3.
//
// What it does not know it refuses: a copy whose x-amz-copy-source is ignored would store an empty object.
type s3API struct{ bucket *bucket }

// get answers GetObject and HeadObject.
func (s *s3API) get(w http.ResponseWriter, r *http.Request) {
	if _, err := parameters(r, "x-id"); err != nil {
		refuse(w, r, asS3Error(r, err))
		return
	}
	o, ok := s.bucket.get(r.PathValue("key"))
	if !ok {
		refuse(w, r, &s3Error{Code: "NoSuchKey", Message: "The specified key does not exist."})
		return
	}
	h := w.Header()
	h.Set("Content-Type", o.contentType)
	h.Set("ETag", o.etag)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox") // what users wrote is no page of ours
	for name, value := range o.metadata {
		h.Set(name, value)
	}
	if r.Header.Get("X-Amz-Checksum-Mode") == "ENABLED" && r.Header.Get("Range") == "" {
		o.checksum.set(h)
	}
	http.ServeContent(w, r, "", o.modified, bytes.NewReader(o.data)) // with ranges and conditions
}

// put answers PutObject.
func (s *s3API) put(w http.ResponseWriter, r *http.Request) {
	o, err := s.received(r)
	if err == nil {
		o, err = s.bucket.put(o, precondition(r.Header))
	}
	if err != nil {
		refuse(w, r, asS3Error(r, err))
		return
	}
	w.Header().Set("ETag", o.etag)
	o.checksum.set(w.Header())
	w.WriteHeader(http.StatusOK)
}

// received reads what a client wants to store. The authorizer has bounded the body already.
func (s *s3API) received(r *http.Request) (object, error) {
	if _, err := parameters(r, "x-id"); err != nil {
		return object{}, err
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxObject+1))
	switch {
	case err != nil:
		return object{}, err
	case len(body) > maxObject:
		return object{}, &s3Error{Code: "EntityTooLarge", Message: "An object here has at most 65536 bytes."}
	}
	o := object{key: r.PathValue("key"), data: body, contentType: "binary/octet-stream"}
	if given := r.Header.Get("Content-Type"); given != "" {
		o.contentType = given
	}
	if o.metadata, err = metadata(r.Header); err != nil {
		return object{}, err
	}
	o.checksum, err = checksumOf(r.Header, body)
	return o, err
}

// delete answers DeleteObject, also where there is no such object.
func (s *s3API) delete(w http.ResponseWriter, r *http.Request) {
	if _, err := parameters(r, "x-id"); err != nil {
		refuse(w, r, asS3Error(r, err))
		return
	}
	s.bucket.delete(r.PathValue("key"))
	w.WriteHeader(http.StatusNoContent)
}

// anything allows every object to be there, or none.
func anything(object, bool) error { return nil }

// precondition is what the client wants to be true of the object that is there.
func precondition(h http.Header) func(old object, exists bool) error {
	match, none := h.Get("If-Match"), h.Get("If-None-Match")
	return func(old object, exists bool) error {
		switch {
		case none != "" && none != "*":
			return &s3Error{Code: "NotImplemented", Message: "If-None-Match takes * for a PUT."}
		case none == "*" && exists, match != "" && (!exists || match != old.etag):
			return &s3Error{Code: "PreconditionFailed", Message: "At least one of the pre-conditions you specified did not hold."}
		}
		return nil
	}
}

// knownHeaders are the x-amz-* headers that are understood, here or where the signature is verified.
var knownHeaders = []string{
	"X-Amz-Date", "X-Amz-Content-Sha256", "X-Amz-Security-Token", "X-Amz-User-Agent", "X-Amz-Checksum-Mode", "X-Amz-Checksum-Type",
	"X-Amz-Sdk-Checksum-Algorithm", "X-Amz-Checksum-Algorithm",
}

// parameters returns the query, if it and the headers ask for nothing that is not known here. Each may be given once: what was allowed for
// the first value must not be done for the second.
func parameters(r *http.Request, known ...string) (url.Values, error) {
	q, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, &s3Error{Code: "InvalidArgument", Message: "The query cannot be read."}
	}
	for name, values := range q {
		if !slices.Contains(known, name) {
			return nil, &s3Error{Code: "NotImplemented", Message: "This bucket does not know the parameter " + name + "."}
		}
		if len(values) != 1 {
			return nil, &s3Error{Code: "InvalidArgument", Message: "The parameter " + name + " is given more than once."}
		}
	}
	for name := range r.Header {
		_, sum := checksums[name]
		if strings.HasPrefix(name, "X-Amz-") && !sum && !strings.HasPrefix(name, "X-Amz-Meta-") && !slices.Contains(knownHeaders, name) {
			return nil, &s3Error{Code: "NotImplemented", Message: "This bucket does not know the header " + strings.ToLower(name) + "."}
		}
	}
	return q, nil
}

// metadata returns the headers x-amz-meta-*.
func metadata(h http.Header) (map[string]string, error) {
	out, size := map[string]string{}, 0
	for name, values := range h {
		if strings.HasPrefix(name, "X-Amz-Meta-") {
			value := strings.Join(values, ",")
			out[strings.ToLower(name)] = value
			size += len(name) + len(value)
		}
	}
	if size > maxMetadata {
		return nil, &s3Error{Code: "MetadataTooLarge", Message: "Your metadata headers exceed the maximum allowed metadata size."}
	}
	return out, nil
}

// asS3Error returns the error for the client. What is unknown is logged and not shown.
func asS3Error(r *http.Request, err error) *s3Error {
	if e, ok := errors.AsType[*s3Error](err); ok {
		return e
	}
	log.Printf("%s %s: %v", r.Method, r.URL.Path, err)
	return &s3Error{Code: "InternalError", Message: "We encountered an internal error. Please try again."}
}

type requestIDKey struct{}

// requestID returns the ID of a request to the bucket, which its answer has in the header x-amz-request-id.
func requestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}

// withRequestID gives each request an ID that nobody can guess, and notes how it was answered.
func (a *app) withRequestID(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := rand.Text()
		w.Header().Set("X-Amz-Request-Id", id)
		w.Header().Set("Cache-Control", "no-store")
		answer := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(answer, r.WithContext(context.WithValue(r.Context(), requestIDKey{}, id)))
		a.decisions.answered(id, answer.status)
	})
}

// statusWriter remembers the status of an answer.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap is for http.ResponseController.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
