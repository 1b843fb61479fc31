package main

import (
	"encoding/base64"
	"encoding/xml"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

const maxPage = 1000 // keys in one answer

// listing is the answer of ListObjectsV2.
type listing struct {
	XMLName               xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ ListBucketResult"`
	Name                  string
	Prefix                string
	Delimiter             string `xml:",omitempty"`
	StartAfter            string `xml:",omitempty"`
	EncodingType          string `xml:",omitempty"`
	ContinuationToken     string `xml:",omitempty"`
	NextContinuationToken string `xml:",omitempty"`
	KeyCount              int
	MaxKeys               int
	IsTruncated           bool
	Contents              []listedObject
	CommonPrefixes        []listedPrefix
}

type listedObject struct {
	Key          string
	LastModified string
	ETag         string
	Size         int
	StorageClass string
}

type listedPrefix struct{ Prefix string }

// list answers ListObjectsV2. The authorizer has seen the same prefix as the condition key s3:prefix.
func (s *s3API) list(w http.ResponseWriter, r *http.Request) {
	q, err := parameters(r, "list-type", "prefix", "delimiter", "continuation-token", "start-after", "max-keys", "encoding-type", "fetch-owner", "x-id")
	if err != nil {
		refuse(w, r, asS3Error(r, err))
		return
	}
	if q.Get("list-type") != "2" && r.Method != http.MethodHead {
		refuse(w, r, &s3Error{Code: "NotImplemented", Message: "Of the lists, this bucket has ListObjectsV2 (list-type=2)."})
		return
	}
	out, err := s.page(q)
	if err != nil {
		refuse(w, r, asS3Error(r, err))
		return
	}
	writeXML(w, r, http.StatusOK, out)
}

// page makes one answer: keys and common prefixes after where the last answer ended.
func (s *s3API) page(q url.Values) (*listing, error) {
	out := &listing{
		Name: bucketName, Prefix: q.Get("prefix"), Delimiter: q.Get("delimiter"), StartAfter: q.Get("start-after"),
		ContinuationToken: q.Get("continuation-token"), EncodingType: q.Get("encoding-type"), MaxKeys: maxPage,
	}
	if text := q.Get("max-keys"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 {
			return nil, &s3Error{Code: "InvalidArgument", Message: "max-keys is not a number from 0 on."}
		}
		out.MaxKeys = min(n, maxPage)
	}
	if out.EncodingType != "" && out.EncodingType != "url" {
		return nil, &s3Error{Code: "InvalidArgument", Message: "The encoding-type is not url."}
	}
	after := out.StartAfter
	if out.ContinuationToken != "" {
		last, err := base64.RawURLEncoding.DecodeString(out.ContinuationToken)
		if err != nil {
			return nil, &s3Error{Code: "InvalidArgument", Message: "The continuation token provided is incorrect."}
		}
		after = string(last)
	}
	out.fill(s.bucket.list(out.Prefix), after)
	out.encode()
	return out, nil
}

// fill takes what comes after a key or common prefix, up to MaxKeys.
func (l *listing) fill(objects []object, after string) {
	last := after
	for _, o := range objects {
		name, isPrefix := o.key, false
		if rest := strings.TrimPrefix(o.key, l.Prefix); l.Delimiter != "" {
			if before, _, found := strings.Cut(rest, l.Delimiter); found {
				name, isPrefix = l.Prefix+before+l.Delimiter, true
			}
		}
		if name <= last { // seen, or rolled up into the prefix before
			continue
		}
		if l.KeyCount == l.MaxKeys {
			if l.MaxKeys > 0 {
				l.IsTruncated, l.NextContinuationToken = true, base64.RawURLEncoding.EncodeToString([]byte(last))
			}
			return
		}
		last = name
		l.KeyCount++
		if isPrefix {
			l.CommonPrefixes = append(l.CommonPrefixes, listedPrefix{name})
			continue
		}
		l.Contents = append(l.Contents, listedObject{
			Key: name, LastModified: o.modified.Format("2006-01-02T15:04:05.000Z"), ETag: o.etag, Size: len(o.data), StorageClass: "STANDARD",
		})
	}
}

// encode percent-encodes what stands in keys, if the client asked for it: XML cannot hold every character.
func (l *listing) encode() {
	if l.EncodingType != "url" {
		return
	}
	encode := func(s string) string {
		return strings.NewReplacer("+", "%20", "%2F", "/").Replace(url.QueryEscape(s))
	}
	l.Prefix, l.Delimiter, l.StartAfter = encode(l.Prefix), encode(l.Delimiter), encode(l.StartAfter)
	for i := range l.Contents {
		l.Contents[i].Key = encode(l.Contents[i].Key)
	}
	for i := range l.CommonPrefixes {
		l.CommonPrefixes[i].Prefix = encode(l.CommonPrefixes[i].Prefix)
	}
}
