package pgtest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestOpen_FreshEachTime(t *testing.T) {
	for range 2 {
		db := Open(t)
		_, err := db.Exec("CREATE TABLE t (v INTEGER)")
		require.NoError(t, err, "each database is empty")
	}
	db := Open(t)
	var encoding, host string
	require.NoError(t, db.QueryRow("SELECT current_setting('server_encoding'), current_setting('listen_addresses')").Scan(&encoding, &host))
	require.Equal(t, "UTF8", encoding)
	require.Equal(t, "127.0.0.1", host, "the server is reachable from this machine only")
}

func TestServer_StopAndStart(t *testing.T) {
	s := New(t)
	db := s.Open(t)
	_, err := db.Exec("CREATE TABLE t (v INTEGER)")
	require.NoError(t, err)
	_, err = db.Exec("INSERT INTO t (v) VALUES (42)")
	require.NoError(t, err)

	open, err := db.BeginTx(context.Background(), nil)
	require.NoError(t, err)
	_, err = open.Exec("INSERT INTO t (v) VALUES (43)")
	require.NoError(t, err)

	s.Stop(t)
	require.Error(t, open.Commit())
	require.Error(t, db.Ping())

	s.Start(t)
	var n, sum int
	require.NoError(t, db.QueryRow("SELECT count(*), sum(v) FROM t").Scan(&n, &sum))
	require.Equal(t, 1, n)
	require.Equal(t, 42, sum)
}

// Where initdb cannot work, the reason is told at once, and nothing is left behind.
func TestServer_InitdbFails(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the server is held by a Unix shell")
	}
	// Not t.TempDir: the user that the server runs as cannot go there.
	temporary, err := os.MkdirTemp("", "stepwell-pgtest-fails-")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(temporary)) })
	bin := filepath.Join(temporary, "bin")
	require.NoError(t, os.Mkdir(bin, 0o755))
	require.NoError(t, os.Chmod(temporary, 0o755))
	for _, name := range []string{"initdb", "postgres"} {
		script := "#!/bin/sh\necho canary: no room for the data\nexit 1\n"
		require.NoError(t, os.WriteFile(filepath.Join(bin, name), []byte(script), 0o755))
	}
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	t.Setenv("TMPDIR", temporary)
	began := time.Now()
	_, err = newServer()
	require.ErrorContains(t, err, "canary: no room for the data")
	require.Less(t, time.Since(began), startTimeout/2)
	left, err := os.ReadDir(temporary)
	require.NoError(t, err)
	require.Len(t, left, 1, "the folder of the test's own binaries only")
}

// TestMain makes the test binary, where holder is set, a program that starts a server and waits to be killed.
func TestMain(m *testing.M) {
	if os.Getenv(holder) == "" {
		os.Exit(m.Run())
	}
	s, err := newServer()
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println(s.dir, s.port)
	select {}
}

const holder = "STEPWELL_TEST_PGTEST_HOLDER"

func TestServer_GoneWithTheTestBinary(t *testing.T) {
	if _, err := binaries(); err != nil {
		skipOrFail(t, err)
	}
	binary := exec.Command(os.Args[0])
	binary.Env = append(os.Environ(), holder+"=1")
	out, err := binary.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, binary.Start())
	var dir string
	var port int
	_, err = fmt.Fscan(out, &dir, &port)
	require.NoError(t, err)
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	conn, err := net.Dial("tcp", address)
	require.NoError(t, err)
	require.NoError(t, conn.Close())
	require.DirExists(t, dir)

	require.NoError(t, binary.Process.Kill())
	require.Error(t, binary.Wait())
	require.Eventually(t, func() bool {
		_, err := os.Stat(dir)
		conn, dialErr := net.Dial("tcp", address)
		if dialErr == nil {
			_ = conn.Close()
		}
		return errors.Is(err, fs.ErrNotExist) && dialErr != nil
	}, 30*time.Second, 50*time.Millisecond)
}

func TestVersion(t *testing.T) {
	require.Equal(t, 15, version("/usr/lib/postgresql/15/bin"))
	require.Equal(t, 9, version("/usr/lib/postgresql/9.6/bin"))
	require.Zero(t, version("/usr/local/pgsql/bin"))
}

// outcome is a test that only notes how it ends.
type outcome struct {
	testing.TB
	skipped, failed string
}

func (o *outcome) Helper()                      {}
func (o *outcome) Skip(args ...any)             { o.skipped = fmt.Sprint(args...) }
func (o *outcome) Fatalf(f string, args ...any) { o.failed = fmt.Sprintf(f, args...) }

func TestSkipOrFail(t *testing.T) {
	elsewhere := places
	t.Cleanup(func() { places = elsewhere })
	places = nil
	t.Setenv("PATH", t.TempDir())
	_, err := newServer()
	require.ErrorIs(t, err, errNotInstalled)

	t.Setenv(noSkip, "")
	var o outcome
	skipOrFail(&o, err)
	require.Contains(t, o.skipped, "apt-get install postgresql")
	t.Setenv(noSkip, "1")
	o = outcome{}
	skipOrFail(&o, err)
	require.Empty(t, o.skipped)
	require.Contains(t, o.failed, "apt-get install postgresql")
	t.Setenv(noSkip, "")
	o = outcome{}
	skipOrFail(&o, errDied)
	require.Empty(t, o.skipped, "a server that is there and does not start is no reason to skip")
	require.NotEmpty(t, o.failed)
}
