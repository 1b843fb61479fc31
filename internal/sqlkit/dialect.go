package sqlkit

import (
	"fmt"
	"strconv"
	"strings"
)

// Dialect names a database engine.
type Dialect string

const (
	// SQLite is SQLite 3.35 or newer (for RETURNING), with any driver.
	SQLite Dialect = "sqlite"
	// PostgreSQL is PostgreSQL 12 or newer with the encoding UTF8, with any driver whose errors have SQLState() string.
	PostgreSQL Dialect = "postgresql"
)

func (d Dialect) validate() error {
	switch d {
	case SQLite, PostgreSQL:
		return nil
	}
	return fmt.Errorf("sqlkit: unknown dialect %q: use %q or %q", string(d), string(SQLite), string(PostgreSQL))
}

// numbered rewrites each ? outside of quotes and comments to $1, $2, ...
func numbered(query string) string {
	var b strings.Builder
	b.Grow(len(query) + 16)
	n := 0
	for i := 0; i < len(query); {
		if skip := opaque(query[i:]); skip > 0 {
			b.WriteString(query[i : i+skip])
			i += skip
			continue
		}
		if query[i] == '?' {
			n++
			b.WriteByte('$')
			b.WriteString(strconv.Itoa(n))
		} else {
			b.WriteByte(query[i])
		}
		i++
	}
	return b.String()
}

// opaque returns the length of the quoted text or comment that s begins with, or 0. What has no end lasts to the end of s.
func opaque(s string) int {
	end := func(start int, mark string) int {
		if i := strings.Index(s[start:], mark); i >= 0 {
			return start + i + len(mark)
		}
		return len(s)
	}
	switch {
	case s[0] == '\'' || s[0] == '"': // a doubled quote is two quoted texts side by side
		return end(1, s[:1])
	case strings.HasPrefix(s, "--"):
		return end(2, "\n")
	case strings.HasPrefix(s, "/*"):
		return end(2, "*/")
	}
	return 0
}
