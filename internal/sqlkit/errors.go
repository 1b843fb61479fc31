package sqlkit

import (
	"context"
	"database/sql"
	"errors"
	"strings"
)

var (
	// ErrBusy means that other writers kept the database from doing this until the tries were used up. Nothing was changed.
	ErrBusy = errors.New("sqlkit: the database is busy, nothing was changed")
	// ErrOutcomeUnknown means that the answer to COMMIT was lost: the act happened whole or not at all, and nobody can tell which.
	ErrOutcomeUnknown = errors.New("sqlkit: the answer to COMMIT was lost, it may have happened or not")
	// ErrText means that a string argument is not valid UTF-8 or has NUL. The statement was not run.
	ErrText = errors.New("sqlkit: text is not valid UTF-8 or has NUL")
)

// sqlState returns the SQLSTATE that the server answered with, or "".
func sqlState(err error) string {
	var e interface{ SQLState() string }
	if errors.As(err, &e) {
		return e.SQLState()
	}
	return ""
}

// sqliteCode returns the (extended) result code of SQLite, or 0.
func sqliteCode(err error) int {
	var e interface{ Code() int }
	if errors.As(err, &e) {
		return e.Code()
	}
	return 0
}

// answered reports whether err is what the database itself said, so that a failed statement is known not to have happened.
func answered(d Dialect, err error) bool {
	if d == SQLite {
		return true // in the same process: no answer can be lost
	}
	switch state := sqlState(err); {
	case state == "":
		return false
	case strings.HasPrefix(state, "08"), strings.HasPrefix(state, "57P"): // connection exceptions; the server is going down
		return false
	}
	return true
}

// isRetryable reports whether the database undid what it was asked because of others, and asks to try again.
func isRetryable(err error) bool {
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	if state := sqlState(err); state != "" {
		return state == "40001" || state == "40P01"
	}
	switch sqliteCode(err) & 0xff {
	case 5, 6: // SQLITE_BUSY, SQLITE_LOCKED and their extended codes
		return true
	case 0: // drivers that give no code give SQLite's own text
		text := err.Error()
		return strings.Contains(text, "database is locked") || strings.Contains(text, "database table is locked")
	}
	return false
}

// IsUnique reports whether err is the violation of a unique index or a primary key, of either engine.
func IsUnique(err error) bool {
	if err == nil {
		return false
	}
	if state := sqlState(err); state != "" {
		return state == "23505"
	}
	switch sqliteCode(err) {
	case 1555, 2067: // SQLITE_CONSTRAINT_PRIMARYKEY, SQLITE_CONSTRAINT_UNIQUE
		return true
	case 0:
		return strings.Contains(err.Error(), "UNIQUE constraint failed")
	}
	return false
}

// IsNoRows reports whether err says that a row was asked for and none is there.
func IsNoRows(err error) bool { return errors.Is(err, sql.ErrNoRows) }
