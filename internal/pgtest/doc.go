// Package pgtest gives tests a real PostgreSQL server, started from the binaries that are installed. It is for tests only.
//
//	db := pgtest.Open(t) // a fresh, empty database; closed and dropped when the test ends
//
// The server is started when the first test of a test binary asks for it, in a temporary directory, on a port of 127.0.0.1, with a
// random password, and without fsync. It is gone, directory and all, when the test binary ends, however that happens: a small shell
// holds the other end of a pipe, and stops the server when the pipe closes.
//
// A test that must stop the server and start it again makes one of its own with New.
//
// Where no server is installed, the test is skipped with a word on what to install. With STEPWELL_TEST_NOSKIP=1 in the environment it
// fails instead, so that no continuous integration goes without.
package pgtest
