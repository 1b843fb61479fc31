//go:build unix

package pgtest

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// script makes the data if there is none, runs the server, and waits for its standard input: a line "keep" stops the server, the end
// of the input, which the death of the test binary brings, stops it and deletes everything.
// Arguments: folder of the binaries, directory, port, user.
const script = `
bin=$1 dir=$2 port=$3 user=$4
data=$dir/data
make() {
	"$bin/initdb" -D "$data" -U "$user" --pwfile="$dir/password" -A scram-sha-256 -E UTF8 --no-sync "$@" && touch "$dir/made"
}
if ! [ -e "$dir/made" ]; then
	# A locale that sorts as people do, where there is one: no test may lean on the order of bytes by accident.
	make --locale-provider=icu --icu-locale=en-US --locale=C || { rm -rf "$data"; make --locale=C; } || { echo "` + noData + `"; exit 1; }
fi
"$bin/postgres" -D "$data" -p "$port" -c listen_addresses=127.0.0.1 -c unix_socket_directories= \
	-c fsync=off -c full_page_writes=off -c max_connections=200 -c shared_buffers=32MB -c autovacuum=off -c max_wal_size=256MB &
server=$!
read -r word || word=forget
kill -QUIT "$server"
wait "$server"
[ "$word" = keep ] || rm -rf "$dir"
`

// process is the shell that runs a server.
type process struct {
	cmd  *exec.Cmd
	pipe io.WriteCloser
	logs string
}

// launch starts the server; it does not wait until it answers.
func launch(bin, dir string, port int) (*process, error) {
	logs, err := os.CreateTemp(dir, "log-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = logs.Close() }()

	cmd := exec.Command("/bin/sh", "-c", script, "sh", bin, dir, strconv.Itoa(port), superuser)
	cmd.Dir = dir
	// No output of ours is inherited: "go test" would wait for its end.
	cmd.Stdout, cmd.Stderr = logs, logs
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	// A process group of its own: an interrupt from the keyboard must not stop the shell before it has cleaned up.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if os.Getuid() == 0 {
		if cmd.SysProcAttr.Credential, err = unprivileged(); err != nil {
			return nil, err
		}
	}
	pipe, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the shell that runs the server, in %s: %w", dir, err)
	}
	return &process{cmd: cmd, pipe: pipe, logs: logs.Name()}, nil
}

// end stops the server and waits until it is gone.
func (p *process) end(what ending) error {
	_, err := fmt.Fprintln(p.pipe, what)
	_ = p.pipe.Close()
	timer := time.AfterFunc(startTimeout, func() { _ = p.cmd.Process.Kill() })
	defer timer.Stop()
	var exit *exec.ExitError
	if waitErr := p.cmd.Wait(); waitErr != nil && !errors.As(waitErr, &exit) { // the server's own exit code tells nothing
		err = errors.Join(err, waitErr)
	}
	return err
}

// log returns the end of what initdb and the server wrote.
func (p *process) log() string {
	const most = 4096
	b, err := os.ReadFile(p.logs)
	if err != nil {
		return err.Error()
	}
	return string(b[max(0, len(b)-most):])
}

// giveAway makes a directory belong to the user that the server runs as.
func giveAway(dir string) error {
	if os.Getuid() != 0 {
		return nil
	}
	owner, err := unprivileged()
	if err != nil {
		return err
	}
	return filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, int(owner.Uid), int(owner.Gid))
	})
}

// unprivileged returns whom the server runs as when root runs the test, since it refuses to run as root.
func unprivileged() (*syscall.Credential, error) {
	for _, name := range []string{"postgres", "_postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, uidErr := strconv.ParseUint(u.Uid, 10, 32)
		gid, gidErr := strconv.ParseUint(u.Gid, 10, 32)
		if uidErr == nil && gidErr == nil {
			return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
		}
	}
	return nil, errors.New("PostgreSQL does not run as root, and there is no user postgres or nobody to run it as")
}
