// Package storable says what every store of this module accepts, so that memory, SQLite and PostgreSQL refuse and round the same
// values: text is valid UTF-8 without NUL (PostgreSQL cannot hold NUL, SQLite would hold anything), and an instant has whole
// microseconds, no time zone, and a year that RFC 3339 can write.
package storable

import (
	"strings"
	"time"
	"unicode/utf8"
)

// Text reports whether every one of the strings is valid UTF-8 without NUL.
func Text(s ...string) bool {
	for _, v := range s {
		if !utf8.ValidString(v) || strings.IndexByte(v, 0) >= 0 {
			return false
		}
	}
	return true
}

// Instant reports whether every one of the times lies in the years 1 to 9999 UTC; the zero time does.
func Instant(t ...time.Time) bool {
	for _, v := range t {
		if y := v.UTC().Year(); y < 1 || y > 9999 {
			return false
		}
	}
	return true
}

// Micros returns t as microseconds since 1970-01-01 00:00 UTC, rounded down; negative before. The zero time has a value of its own,
// which sorts before every other and comes back from Time as the zero time. t must satisfy Instant.
func Micros(t time.Time) int64 { return t.UnixMicro() }

// Time is the inverse of Micros; the result is in UTC.
func Time(micros int64) time.Time { return time.UnixMicro(micros).UTC() }

// Round returns t as a store gives it back: the same instant rounded down to the microsecond, in UTC, without a monotonic reading.
func Round(t time.Time) time.Time { return Time(Micros(t)) }
