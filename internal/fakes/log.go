package fakes

import (
	"sync"
	"testing"
)

// Log writes to the log of a test, until it is closed: a handler that is still running when the test has ended must not make it panic.
type Log struct {
	t      testing.TB
	mu     sync.Mutex
	closed bool
}

// NewLog returns a log that is closed when the test ends.
func NewLog(t testing.TB) *Log {
	l := &Log{t: t}
	t.Cleanup(l.close)
	return l
}

// Write is that of io.Writer.
func (l *Log) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return len(line), nil
	}
	return l.t.Output().Write(line)
}

func (l *Log) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
}
