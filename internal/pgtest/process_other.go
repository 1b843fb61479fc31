//go:build !unix

package pgtest

import "fmt"

// process cannot be made here: the server is held by a shell.
type process struct{}

func launch(string, string, int) (*process, error) {
	return nil, fmt.Errorf("%w: tests start it on Unix only", errNotInstalled)
}

func (*process) end(ending) error { return nil }

func (*process) log() string { return "" }

func giveAway(string) error { return nil }
