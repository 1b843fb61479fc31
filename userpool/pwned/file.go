package pwned

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
)

// maxLine bounds a line of a file, with its end.
const maxLine = digestDigits + 1 + maxCountDigits + 2

// File looks passwords up in a copy of the corpus: the one text file that the downloader of Have I Been Pwned writes, whose lines are the
// SHA-1 of a password in hexadecimal, a colon, and how often it was seen, in the order of the hashes. It is a userpool.BreachChecker, and
// safe for concurrent use if its reader is, as an *os.File is.
type File struct {
	reader io.ReaderAt
	size   int64
}

// NewFile returns a File that reads from r, which has size bytes and must not change. The first and the last line are read, and there is an
// [*Error] if they are not of that form and order; the lines between them are believed to be in order.
func NewFile(r io.ReaderAt, size int64) (*File, error) {
	if r == nil || size <= 0 {
		return nil, errors.New("pwned: NewFile wants a file that is not empty, and its size")
	}
	f := &File{reader: r, size: size}
	first, _, err := f.lineAt(0)
	if err != nil {
		return nil, err
	}
	last, err := f.lastLine()
	if err != nil {
		return nil, err
	}
	if last.name < first.name {
		return nil, invalid("the file is not in the order of the hashes: its last line comes before its first")
	}
	return f, nil
}

// Breached reports whether a password, in the form in which it will be hashed, is in the file with a count of at least 1. It reads some
// forty times from the file, and stops between two reads when ctx is done. Where there is an error, an [*Error], the answer is not known.
func (f *File) Breached(ctx context.Context, password string) (bool, error) {
	wanted := digest(password)
	// The line is one of those that begin from low on and before high; low is the beginning of a line.
	low, high := int64(0), f.size
	for low < high {
		if err := ctx.Err(); err != nil {
			return false, unavailable(err, "")
		}
		begin, err := f.beginOfLine(low + (high-low)/2)
		if err != nil {
			return false, err
		}
		line, next, err := f.lineAt(begin)
		if err != nil {
			return false, err
		}
		switch strings.Compare(line.name, wanted) {
		case 0:
			return line.count > 0, nil
		case -1:
			low = next
		case 1:
			high = begin
		}
	}
	return false, nil
}

type fileLine struct {
	name  string
	count int64
}

// lineAt reads the line that begins at an offset, and returns where the next one begins.
func (f *File) lineAt(begin int64) (line fileLine, next int64, err error) {
	window, err := f.read(begin, min(begin+maxLine, f.size))
	if err != nil {
		return fileLine{}, 0, err
	}
	end := bytes.IndexByte(window, '\n')
	next = begin + int64(end) + 1
	if end < 0 { // the last line, whose end is missing; or no line, but something longer
		end, next = len(window), begin+int64(len(window))
	}
	name, count, ok := parseLine(strings.TrimSuffix(string(window[:end]), "\r"), digestDigits)
	if !ok {
		return fileLine{}, 0, invalid("what is at byte %d of the file is not %d hexadecimal digits, a colon and a number", begin, digestDigits)
	}
	return fileLine{name: name, count: count}, next, nil
}

// beginOfLine returns where the line begins that byte at of the file belongs to.
func (f *File) beginOfLine(at int64) (int64, error) {
	from := max(at-maxLine, 0)
	window, err := f.read(from, at)
	if err != nil {
		return 0, err
	}
	if i := bytes.LastIndexByte(window, '\n'); i >= 0 {
		return from + int64(i) + 1, nil
	}
	if from > 0 {
		return 0, invalid("the line at byte %d of the file is longer than %d bytes", at, maxLine)
	}
	return 0, nil
}

func (f *File) lastLine() (fileLine, error) {
	begin, err := f.beginOfLine(f.size - 1)
	if err != nil {
		return fileLine{}, err
	}
	line, _, err := f.lineAt(begin)
	return line, err
}

// read returns the bytes of the file from one offset to before another.
func (f *File) read(from, to int64) ([]byte, error) {
	out := make([]byte, to-from)
	n, err := f.reader.ReadAt(out, from)
	if n == len(out) {
		return out, nil // io.EOF may come with the last bytes
	}
	return nil, unavailable(err, fmt.Sprintf("reading byte %d of the file", from))
}
