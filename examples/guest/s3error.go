package main

import (
	"bytes"
	"encoding/xml"
	"log"
	"net/http"
	"strconv"
)

// s3Error is an error as clients of S3 expect it.
type s3Error struct {
	Code    string
	Message string
}

func (e *s3Error) Error() string { return e.Code + ": " + e.Message }

// s3Statuses are the HTTP statuses of the codes.
var s3Statuses = map[string]int{
	"AccessDenied": http.StatusForbidden, "SignatureDoesNotMatch": http.StatusForbidden, "RequestTimeTooSkewed": http.StatusForbidden,
	"InvalidAccessKeyId": http.StatusForbidden, "ExpiredToken": http.StatusBadRequest, "AuthorizationHeaderMalformed": http.StatusBadRequest,
	"NoSuchKey": http.StatusNotFound, "NoSuchBucket": http.StatusNotFound, "MethodNotAllowed": http.StatusMethodNotAllowed,
	"PreconditionFailed": http.StatusPreconditionFailed, "InvalidRange": http.StatusRequestedRangeNotSatisfiable,
	"EntityTooLarge": http.StatusBadRequest, "KeyTooLongError": http.StatusBadRequest, "MetadataTooLarge": http.StatusBadRequest,
	"InvalidArgument": http.StatusBadRequest, "InvalidRequest": http.StatusBadRequest, "BadDigest": http.StatusBadRequest,
	"NotImplemented": http.StatusNotImplemented, "ServiceUnavailable": http.StatusServiceUnavailable,
	"InternalError": http.StatusInternalServerError,
}

// answer is the document that says what went wrong.
type errorDocument struct {
	XMLName   xml.Name `xml:"Error"`
	Code      string
	Message   string
	Resource  string
	RequestID string `xml:"RequestId"`
}

// refuse answers with an error.
func refuse(w http.ResponseWriter, r *http.Request, e *s3Error) {
	status, ok := s3Statuses[e.Code]
	if !ok {
		status = http.StatusInternalServerError
	}
	writeXML(w, r, status, errorDocument{Code: e.Code, Message: e.Message, Resource: r.URL.Path, RequestID: requestID(r.Context())})
}

// writeXML answers with a document; HEAD gets its headers alone.
func writeXML(w http.ResponseWriter, r *http.Request, status int, document any) {
	var b bytes.Buffer
	b.WriteString(xml.Header)
	if err := xml.NewEncoder(&b).Encode(document); err != nil {
		log.Printf("%s %s: %v", r.Method, r.URL.Path, err)
		http.Error(w, "The answer could not be made.", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/xml")
	h.Set("Content-Length", strconv.Itoa(b.Len()))
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		w.Write(b.Bytes())
	}
}
