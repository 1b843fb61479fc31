package pwned_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool/pwned"
)

// corpus is a file with the passwords, each with a count that has as many digits as there are in its place.
func corpus(ending string, passwords ...string) string {
	lines := make([]string, len(passwords))
	for i, password := range passwords {
		lines[i] = hash(password) + ":" + strings.Repeat("1", 1+i%12)
	}
	slices.Sort(lines)
	return strings.Join(lines, ending) + ending
}

func open(t *testing.T, content string) *pwned.File {
	t.Helper()
	file, err := pwned.NewFile(strings.NewReader(content), int64(len(content)))
	require.NoError(t, err)
	return file
}

// Every line of a file is found, and nothing else, for files of all small sizes and all kinds of line ends.
func TestU20_File(t *testing.T) {
	var passwords []string
	for i := range 40 {
		passwords = append(passwords, fmt.Sprintf("password %d", i))
		for _, ending := range []string{"\n", "\r\n"} {
			whole := corpus(ending, passwords...)
			for _, content := range []string{whole, strings.TrimSuffix(whole, ending), strings.ToLower(whole)} {
				file := open(t, content)
				for _, password := range passwords {
					found, err := file.Breached(t.Context(), password)
					require.NoError(t, err)
					require.True(t, found, password)
				}
				for j := range 40 {
					found, err := file.Breached(t.Context(), fmt.Sprintf("other %d", j))
					require.NoError(t, err)
					require.False(t, found)
				}
			}
		}
	}
}

func TestFile_OnDisk(t *testing.T) {
	name := filepath.Join(t.TempDir(), "pwned.txt")
	var passwords []string
	for i := range 20_000 {
		passwords = append(passwords, fmt.Sprint(i))
	}
	require.NoError(t, os.WriteFile(name, []byte(corpus("\r\n", passwords...)), 0o600))
	disk, err := os.Open(name)
	require.NoError(t, err)
	defer disk.Close()
	info, err := disk.Stat()
	require.NoError(t, err)
	counted := &counting{ReaderAt: disk}
	file, err := pwned.NewFile(counted, info.Size())
	require.NoError(t, err)
	for _, password := range []string{"0", "19999", "777", "20000", unknown} {
		counted.reads = 0
		found, err := file.Breached(t.Context(), password)
		require.NoError(t, err)
		require.Equal(t, len(password) <= 5 && password != "20000", found, password)
		require.LessOrEqual(t, counted.reads, 40)
	}
}

type counting struct {
	io.ReaderAt
	reads int
}

func (c *counting) ReadAt(p []byte, at int64) (int, error) {
	c.reads++
	return c.ReaderAt.ReadAt(p, at)
}

func TestFile_CountOfZero(t *testing.T) {
	found, err := open(t, hash(known)+":0\n").Breached(t.Context(), known)
	require.NoError(t, err)
	require.False(t, found)
}

func TestNewFile_Refuses(t *testing.T) {
	line := hash(known) + ":3\r\n"
	for _, content := range []string{
		"<!DOCTYPE html>\n", "\n", line + "\n", "\n" + line, line[1:], line + line[:30], line[5:] + line[5:], // the ranges, not the file
		line + strings.Repeat("0", 40) + ":1\n", // not in order
		"PK\x03\x04" + strings.Repeat("\x00", 1000), strings.Repeat("A", 1000), line + strings.Repeat("A", 1000),
		hash(known) + ":3\r" + hash(known) + ":3\r",
	} {
		_, err := pwned.NewFile(strings.NewReader(content), int64(len(content)))
		require.ErrorIs(t, err, pwned.InvalidResponse, "%.60q", content)
	}
	_, err := pwned.NewFile(nil, 5)
	require.ErrorContains(t, err, "NewFile")
	_, err = pwned.NewFile(strings.NewReader(""), 0)
	require.ErrorContains(t, err, "NewFile")
	_, err = pwned.NewFile(strings.NewReader(line), 1000)
	require.ErrorIs(t, err, pwned.Unavailable)
	require.ErrorIs(t, err, io.EOF)
}

// A file that is damaged where it is read gives an error, and never "not breached".
func TestFile_Damaged(t *testing.T) {
	lines := strings.SplitAfter(corpus("\r\n", "a", "b", "c", "d", "e", "f", "g"), "\n")
	lines[3] = strings.Repeat("x", len(lines[3])-2) + "\r\n"
	content := strings.Join(lines, "")
	_, err := open(t, content).Breached(t.Context(), known)
	require.ErrorIs(t, err, pwned.InvalidResponse)

	failing := errors.New("disk on fire")
	reader := &failingAfter{ReaderAt: strings.NewReader(content), left: 4, err: failing}
	file, err := pwned.NewFile(reader, int64(len(content)))
	require.NoError(t, err)
	reader.left = 0
	_, err = file.Breached(t.Context(), known)
	require.ErrorIs(t, err, pwned.Unavailable)
	require.ErrorIs(t, err, failing)
	require.NotContains(t, err.Error(), knownHash[:5])
}

type failingAfter struct {
	io.ReaderAt
	left int
	err  error
}

func (f *failingAfter) ReadAt(p []byte, at int64) (int, error) {
	if f.left == 0 {
		return 0, f.err
	}
	f.left--
	return f.ReaderAt.ReadAt(p, at)
}

func TestFile_Canceled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := open(t, corpus("\n", "a", "b")).Breached(ctx, known)
	require.ErrorIs(t, err, pwned.Unavailable)
	require.ErrorIs(t, err, context.Canceled)
}

// Whatever a file is like, a question comes to an end, with an answer or an Error.
func FuzzFile(f *testing.F) {
	f.Add([]byte(corpus("\r\n", "a", "b", "c", known)), known)
	f.Add([]byte(corpus("\n", "a", "b", "c")), "x")
	f.Add([]byte(strings.Repeat("0", 40)+":1\n\n\n"+strings.Repeat("F", 40)+":1\n"), "x")
	f.Fuzz(func(t *testing.T, content []byte, password string) {
		file, err := pwned.NewFile(strings.NewReader(string(content)), int64(len(content)))
		if err != nil {
			return
		}
		found, err := file.Breached(t.Context(), password)
		if err != nil {
			_, ok := errors.AsType[*pwned.Error](err)
			require.True(t, ok)
		}
		if found {
			require.Contains(t, strings.ToUpper(string(content)), hash(password)+":")
		}
	})
}
