package main

import (
	"crypto/md5" // as S3 makes its ETag; nothing is trusted for it
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// What the bucket takes, so that nobody fills the memory.
const (
	maxObject   = 64 << 10 // bytes
	maxObjects  = 1000
	maxPerOwner = 50 // objects below users/OWNER/
	maxKey      = 1024
	maxMetadata = 2 << 10 // bytes of names and values
)

// object is one object of the bucket. It is never changed after it was put.
type object struct {
	key         string
	data        []byte
	contentType string
	etag        string // with its quotes
	modified    time.Time
	checksum    checksum
	metadata    map[string]string // the headers x-amz-meta-*, by their lower-case names
}

// bucket keeps objects in memory, and forgets all when the program ends. It is safe for concurrent use.
type bucket struct {
	mu      sync.RWMutex
	objects map[string]object
	now     func() time.Time
}

func newBucket() *bucket { return &bucket{objects: map[string]object{}, now: time.Now} }

// get returns the object with this key.
func (b *bucket) get(key string) (object, bool) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	o, ok := b.objects[key]
	return o, ok
}

// put stores an object in the place of the one with its key, and returns it as it is stored. Unless allow agrees to what is there, nothing
// happens.
func (b *bucket) put(o object, allow func(old object, exists bool) error) (object, error) {
	if err := checkKey(o.key); err != nil {
		return object{}, err
	}
	sum := md5.Sum(o.data)
	o.etag = `"` + hex.EncodeToString(sum[:]) + `"`
	o.modified = b.now().UTC().Truncate(time.Second) // as exact as Last-Modified
	b.mu.Lock()
	defer b.mu.Unlock()
	old, exists := b.objects[o.key]
	if err := allow(old, exists); err != nil {
		return object{}, err
	}
	if !exists {
		if len(b.objects) >= maxObjects {
			return object{}, &s3Error{Code: "ServiceUnavailable", Message: fmt.Sprintf("The bucket is full: it has %d objects.", maxObjects)}
		}
		owner := ownerPrefix(o.key)
		if owner != "" && b.count(owner) >= maxPerOwner {
			return object{}, &s3Error{Code: "ServiceUnavailable", Message: fmt.Sprintf("There are %d objects below %s; delete one first.", maxPerOwner, owner)}
		}
	}
	b.objects[o.key] = o
	return o, nil
}

// delete removes the object with this key, if there is one.
func (b *bucket) delete(key string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.objects, key)
}

// list returns the objects whose keys begin with prefix, in the order of their keys.
func (b *bucket) list(prefix string) []object {
	b.mu.RLock()
	defer b.mu.RUnlock()
	var out []object
	for _, key := range slices.Sorted(maps.Keys(b.objects)) {
		if strings.HasPrefix(key, prefix) {
			out = append(out, b.objects[key])
		}
	}
	return out
}

// count is for those who hold the lock.
func (b *bucket) count(prefix string) int {
	n := 0
	for key := range b.objects {
		if strings.HasPrefix(key, prefix) {
			n++
		}
	}
	return n
}

// ownerPrefix returns "users/OWNER/" of a key below it, and "" of others.
func ownerPrefix(key string) string {
	rest, ok := strings.CutPrefix(key, "users/")
	owner, _, below := strings.Cut(rest, "/")
	if !ok || !below {
		return ""
	}
	return "users/" + owner + "/"
}

// checkKey refuses keys that name different things to different readers: those with segments that paths leave out, and with control
// characters.
func checkKey(key string) error {
	switch {
	case key == "" || len(key) > maxKey || !utf8.ValidString(key):
		return &s3Error{Code: "KeyTooLongError", Message: fmt.Sprintf("A key is 1 to %d bytes of UTF-8.", maxKey)}
	case strings.ContainsFunc(key, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return &s3Error{Code: "InvalidArgument", Message: "A key here has no control characters."}
	}
	for _, segment := range strings.Split(strings.TrimSuffix(key, "/"), "/") {
		if segment == "" || segment == "." || segment == ".." {
			return &s3Error{Code: "InvalidArgument", Message: "A key here has no segment that is empty, . or .."}
		}
	}
	return nil
}
