package usercsv

import (
	"bufio"
	"crypto/sha256"
	"fmt"
	"hash"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/stepwell/stepwell/internal/plaintext"
)

const (
	// MaxBytes is the size of the largest data, header included: 100 MiB.
	MaxBytes = 100 << 20
	// MaxRows is how many rows there may be below the header.
	MaxRows = 500_000
	// MaxRowLength is the length of the longest line, in characters.
	MaxRowLength = 16_000

	// maxLine is more than the bytes of MaxRowLength characters with their line end.
	maxLine = 64 << 10
	// maxName bounds how much of a name from outside is shown, in characters.
	maxName = 40
)

// FormatError is data that is refused as a whole, at the line where it is found.
type FormatError struct {
	// Line counts from 1, which is the header.
	Line int
	// Message is a sentence that says what is wrong, and what to do.
	Message string
}

// Error returns the message with the line.
func (e *FormatError) Error() string { return fmt.Sprintf("usercsv: line %d: %s", e.Line, e.Message) }

// Fault is what is wrong with one row.
type Fault struct {
	// Column is the one that is at fault, or empty.
	Column string
	// Message is a sentence that says what is wrong.
	Message string
}

// Row is a line below the header.
type Row struct {
	// Line counts the lines from 1, which is the header, empty ones included.
	Line int
	// Values are by column, each possibly empty; nil if there is a Fault.
	Values map[string]string
	// Fault is nil for a row that could be read.
	Fault *Fault
	// Sum is the SHA-256 of the line, without its end.
	Sum [sha256.Size]byte
}

// Reader reads rows. It is for one goroutine.
type Reader struct {
	in      *bufio.Reader
	columns []string
	read    hash.Hash // of all lines, with their ends
	bytes   int
	rows    int
	line    int
}

// NewReader reads the header from in. known tells which columns there can be. The error is a *FormatError, or that of in.
func NewReader(in io.Reader, known func(column string) bool) (*Reader, error) {
	r := &Reader{in: bufio.NewReaderSize(in, maxLine), read: sha256.New()}
	header, long, err := r.next()
	switch {
	case err == io.EOF:
		return nil, r.refuse("The data is empty: the first line must be the header with the names of the columns.")
	case err != nil:
		return nil, err
	case strings.HasPrefix(header, "\ufeff"):
		return nil, r.refuse(`The data begins with a byte order mark: save it as UTF-8 without one (in some programs "UTF-8", not "UTF-8 with BOM").`)
	case long:
		return nil, r.refuse("The header has more than %d characters.", MaxRowLength)
	case !utf8.ValidString(header):
		return nil, r.refuse("The header is not text in UTF-8.")
	}
	columns, fault := split(header)
	if fault != "" {
		return nil, r.refuse("%s", fault)
	}
	for i, name := range columns {
		switch {
		case !known(name):
			return nil, r.refuse("The header has the column %q, which is not one of this pool: the first line must be the header.", shown(name))
		case slices.Contains(columns[:i], name):
			return nil, r.refuse("The header has the column %q twice.", shown(name))
		}
	}
	r.columns = columns
	return r, nil
}

// Has tells whether the header has a column.
func (r *Reader) Has(column string) bool { return slices.Contains(r.columns, column) }

// Line is the number of lines that were read, the header and empty ones included.
func (r *Reader) Line() int { return r.line }

// Sum returns the SHA-256 of all lines that were read, with their ends.
func (r *Reader) Sum() []byte { return r.read.Sum(nil) }

// Next returns the next row. The error is io.EOF at the end, a *FormatError if there is too much, or that of what is read from: then a line
// that was read in part is no row.
func (r *Reader) Next() (Row, error) {
	for {
		line, long, err := r.next()
		if err != nil {
			return Row{}, err
		}
		if line == "" && !long {
			continue
		}
		if r.rows++; r.rows > MaxRows {
			return Row{}, r.refuse("There are more than %d rows: import them in several jobs.", MaxRows)
		}
		row := Row{Line: r.line, Sum: sha256.Sum256([]byte(line))}
		switch {
		case long:
			row.Fault = &Fault{Message: fmt.Sprintf("The row has more than %d characters.", MaxRowLength)}
		case !utf8.ValidString(line):
			row.Fault = &Fault{Message: "The row is not text in UTF-8."}
		default:
			row.Values, row.Fault = r.values(line)
		}
		return row, nil
	}
}

// values gives each value its column.
func (r *Reader) values(line string) (map[string]string, *Fault) {
	values, fault := split(line)
	switch {
	case fault != "":
		return nil, &Fault{Message: fault}
	case len(values) != len(r.columns):
		return nil, &Fault{Message: fmt.Sprintf(
			`The row has %d values, and the header %d columns. A comma within a value is written "\,".`, len(values), len(r.columns))}
	}
	out := make(map[string]string, len(values))
	for i, value := range values {
		if strings.ContainsFunc(value, unicode.IsControl) {
			return nil, &Fault{Column: r.columns[i], Message: "The value has a control character, such as a tab."}
		}
		out[r.columns[i]] = value
	}
	return out, nil
}

// split cuts a line at its commas, and takes the escapes away.
func split(line string) (values []string, fault string) {
	var b strings.Builder
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case c == ',':
			values = append(values, b.String())
			b.Reset()
		case c == '"' && b.Len() == 0:
			return nil, `A value begins with a quotation mark. Values are not quoted: write a comma within a value as "\,".`
		case c != '\\':
			b.WriteByte(c)
		case i+1 < len(line) && (line[i+1] == ',' || line[i+1] == '\\'):
			i++
			b.WriteByte(line[i])
		default:
			return nil, `A backslash stands before something other than a comma or a backslash: write it as "\\".`
		}
	}
	return append(values, b.String()), ""
}

// next returns a line without its end. Of one that is too long, it returns the beginning.
func (r *Reader) next() (line string, long bool, err error) {
	for begun := false; ; {
		part, err := r.in.ReadSlice('\n')
		r.bytes += len(part)
		r.read.Write(part)
		// Errors that wrap io.EOF are failures: nothing may take half of the data for all of it.
		full, end := err == bufio.ErrBufferFull, err == io.EOF
		if err != nil && !full && !(end && (begun || len(part) > 0)) {
			return "", false, err
		}
		if !begun {
			r.line++
			begun, line = true, string(part)
		}
		switch {
		case r.bytes > MaxBytes:
			return "", false, r.refuse("There are more than %d bytes: import the rest in another job.", MaxBytes)
		case full:
			long = true
			continue
		}
		line = strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r")
		return line, long || utf8.RuneCountInString(line) > MaxRowLength, nil
	}
}

func (r *Reader) refuse(format string, args ...any) error {
	return &FormatError{Line: max(r.line, 1), Message: fmt.Sprintf(format, args...)}
}

// shown makes a name from outside fit to be shown.
func shown(name string) string { return plaintext.Name(name, maxName) }
