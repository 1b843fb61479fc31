package main

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"
)

// filled returns a bucket with these keys.
func filled(t *testing.T, keys ...string) *s3API {
	t.Helper()
	b := newBucket()
	for _, key := range keys {
		_, err := b.put(object{key: key}, anything)
		require.NoError(t, err)
	}
	return &s3API{b}
}

// names returns the keys and prefixes of an answer.
func (l *listing) names() (out []string) {
	for _, o := range l.Contents {
		out = append(out, o.Key)
	}
	for _, p := range l.CommonPrefixes {
		out = append(out, p.Prefix)
	}
	return out
}

func TestList(t *testing.T) {
	s := filled(t, "a", "a/1", "a/2/x", "a/2/y", "a/3", "a b+é", "b")
	for _, c := range []struct {
		query string
		want  []string
	}{
		{"", []string{"a", "a b+é", "a/1", "a/2/x", "a/2/y", "a/3", "b"}},
		{"prefix=a/", []string{"a/1", "a/2/x", "a/2/y", "a/3"}},
		{"prefix=a/&delimiter=/", []string{"a/1", "a/3", "a/2/"}},
		{"delimiter=/", []string{"a", "a b+é", "b", "a/"}},
		{"prefix=a&delimiter=2", []string{"a", "a b+é", "a/1", "a/3", "a/2"}},
		{"start-after=a/2/x", []string{"a/2/y", "a/3", "b"}},
		{"start-after=a/2/x&delimiter=/&prefix=a/", []string{"a/3"}},
		{"max-keys=0", nil},
		{"prefix=c", nil},
		{"prefix=a%20b&encoding-type=url", []string{"a%20b%2B%C3%A9"}},
	} {
		q, err := url.ParseQuery(c.query)
		require.NoError(t, err)
		l, err := s.page(q)
		require.NoError(t, err, c.query)
		require.Equal(t, c.want, l.names(), c.query)
		require.Equal(t, len(c.want), l.KeyCount, c.query)
		require.False(t, l.IsTruncated, c.query)
	}
}

// By pages of any size, each key and prefix comes once.
func TestList_Pages(t *testing.T) {
	s := filled(t, "a", "a/1", "a/2/x", "a/2/y", "a/3", "b", "c/1", "c/2")
	for _, delimiter := range []string{"", "/"} {
		all, err := s.page(url.Values{"delimiter": {delimiter}})
		require.NoError(t, err)
		for _, size := range []string{"1", "2", "3", "7"} {
			var got []string
			q := url.Values{"delimiter": {delimiter}, "max-keys": {size}}
			for range 20 {
				l, err := s.page(q)
				require.NoError(t, err)
				got = append(got, l.names()...)
				if !l.IsTruncated {
					break
				}
				q.Set("continuation-token", l.NextContinuationToken)
			}
			require.ElementsMatch(t, all.names(), got, "%q by %s", delimiter, size)
		}
	}
}

func TestCheckKey(t *testing.T) {
	for key, ok := range map[string]bool{
		"a": true, "a/b": true, "a/": true, "é": true, "a..b": true, "": false, "/": false, "/a": false, "a//b": false, "a/../b": false, ".": false,
		"a/.": false, "a\x00": false, "a\nb": false, "\xff": false, string(make([]byte, maxKey+1)): false,
	} {
		require.Equal(t, ok, checkKey(key) == nil, "%q", key)
	}
}
