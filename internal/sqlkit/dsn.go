package sqlkit

import (
	"net/url"
	"path/filepath"
)

// SQLiteDSN returns a data source name for modernc.org/sqlite and the file at path, with settings that suit a server: write-ahead
// logging with a sync at each commit, waiting up to five seconds for a lock, transactions that take the write lock when they begin, and
// enforced foreign keys. Any character is allowed in path, which must not be empty.
func SQLiteDSN(path string) string {
	u := url.URL{Scheme: "file", Opaque: (&url.URL{Path: filepath.ToSlash(filepath.Clean(path))}).EscapedPath()}
	u.RawQuery = "_txlock=immediate" +
		"&_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)"
	return u.String()
}
