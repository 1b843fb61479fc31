package policy

import (
	"slices"
	"unicode/utf8"

	"github.com/stepwell/stepwell/internal/ascii"
)

const (
	// MaxValues is the most values that one key of a [Context] may hold.
	MaxValues = 256
	// MaxValuesSize is the most bytes that the values of one key of a
	// [Context] may have together; each must be valid UTF-8.
	MaxValuesSize = 4_096
)

// Context holds the condition keys of a request, such as "aws:SourceIp" or
// "cognito-identity.amazonaws.com:sub". Names of keys are compared without
// regard to ASCII case. The zero Context is empty and ready for use; so is a
// nil one, for reading. It may be read by many goroutines, but not while one
// of them sets a key.
//
// A key that has more than [MaxValues] values or [MaxValuesSize] bytes, or a
// value that is not UTF-8, cannot be compared: a condition or variable that
// needs it makes an Allow not match, and a Deny that could match deny.
type Context struct {
	entries []entry
}

// entry is one key. Most have one value, which is kept without a slice.
type entry struct {
	sum      uint64 // of the key in lower case
	key      string // as it was set
	one      string
	many     []string // instead of one, when there are several
	unusable bool     // beyond the limits or not UTF-8
}

// Set gives a key its values and takes away what it had. A key without values
// is absent.
func (c *Context) Set(key string, values ...string) {
	sum := keySum(key)
	at := c.index(sum, key)
	if len(values) == 0 {
		if at >= 0 {
			c.entries = slices.Delete(c.entries, at, at+1)
		}
		return
	}
	e := entry{sum: sum, key: key, unusable: len(values) > MaxValues}
	size := 0
	for _, v := range values {
		if size += len(v); size > MaxValuesSize {
			e.unusable = true
			break
		}
		e.unusable = e.unusable || !utf8.ValidString(v)
	}
	if len(values) == 1 {
		e.one = values[0]
	} else {
		e.many = slices.Clone(values)
	}
	if at >= 0 {
		c.entries[at] = e
		return
	}
	if c.entries == nil {
		c.entries = make([]entry, 0, 24)
	}
	c.entries = append(c.entries, e)
}

// Values returns a copy of what a key holds, and false when it is absent.
func (c *Context) Values(key string) ([]string, bool) {
	e := c.find(keySum(key), key)
	if e == nil {
		return nil, false
	}
	out := make([]string, e.count())
	for i := range out {
		out[i] = e.value(i)
	}
	return out, true
}

func (e *entry) count() int {
	if e.many != nil {
		return len(e.many)
	}
	return 1
}

func (e *entry) value(i int) string {
	if e.many != nil {
		return e.many[i]
	}
	return e.one
}

// find returns the entry of a key, or nil; it does not allocate.
func (c *Context) find(sum uint64, key string) *entry {
	if i := c.index(sum, key); i >= 0 {
		return &c.entries[i]
	}
	return nil
}

func (c *Context) index(sum uint64, key string) int {
	if c == nil {
		return -1
	}
	for i := range c.entries {
		if e := &c.entries[i]; e.sum == sum && ascii.EqualFold(e.key, key) {
			return i
		}
	}
	return -1
}

// keySum is FNV-1a over the key in lower case.
func keySum(key string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(key) {
		h = (h ^ uint64(ascii.LowerByte(key[i]))) * 1099511628211
	}
	return h
}
