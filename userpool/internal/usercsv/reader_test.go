package usercsv

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
)

var columns = []string{"cognito:username", "name", "email", "custom:team"}

func known(column string) bool { return slices.Contains(columns, column) }

// all reads everything, and returns the values of each row, or its fault.
func all(t testing.TB, data string) (rows []string, err error) {
	t.Helper()
	r, err := NewReader(strings.NewReader(data), known)
	if err != nil {
		return nil, err
	}
	for {
		row, err := r.Next()
		if err == io.EOF {
			require.Equal(t, sha256.Sum256([]byte(data)), [32]byte(r.Sum()), "every byte is in the sum")
			return rows, nil
		}
		if err != nil {
			return rows, err
		}
		if row.Fault != nil {
			require.Nil(t, row.Values)
			rows = append(rows, fmt.Sprintf("%d! %s %s", row.Line, row.Fault.Column, row.Fault.Message))
			continue
		}
		text := fmt.Sprintf("%d", row.Line)
		for _, name := range columns {
			if r.Has(name) {
				text += "|" + row.Values[name]
			}
		}
		rows = append(rows, text)
	}
}

func TestReader(t *testing.T) {
	for name, test := range map[string]struct {
		data string
		want []string
	}{
		"one row":              {"cognito:username,name\nada,Ada Lovelace\n", []string{"2|ada|Ada Lovelace"}},
		"columns in any order": {"name,cognito:username\nAda,ada", []string{"2|ada|Ada"}},
		"CRLF":                 {"cognito:username,name\r\nada,Ada\r\nbob,Bob\r\n", []string{"2|ada|Ada", "3|bob|Bob"}},
		"empty lines":          {"name\n\nAda\n\r\n\nBob\n\n", []string{"3|Ada", "6|Bob"}},
		"no rows":              {"name\n", nil},
		"escaped comma":        {"cognito:username,name\nada,Lovelace\\, Ada\n", []string{"2|ada|Lovelace, Ada"}},
		"escaped backslash":    {"cognito:username,name\nCORP\\\\ada,\\\\\\,\n", []string{`2|CORP\ada|\,`}},
		"empty values":         {"cognito:username,name,email\n,,\n", []string{"2|||"}},
		"quote inside":         {"name\nDwayne \"The Rock\"\n", []string{`2|Dwayne "The Rock"`}},
		"beyond ASCII":         {"name\nΆδα 😀\n", []string{"2|Άδα 😀"}},
		"formula stays text":   {"name\n=HYPERLINK(1)\n", []string{"2|=HYPERLINK(1)"}},
		"longest row":          {"name\n" + strings.Repeat("é", MaxRowLength) + "\n", []string{"2|" + strings.Repeat("é", MaxRowLength)}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := all(t, test.data)
			require.NoError(t, err)
			require.Equal(t, test.want, got)
		})
	}
}

// What is wrong with one row says nothing about the next.
func TestReader_FaultsOfRows(t *testing.T) {
	for name, test := range map[string]struct{ row, want string }{
		"quotes":            {`"Lovelace, Ada",x`, "not quoted"},
		"quoted later":      {`x,"Lovelace"`, "not quoted"},
		"too few":           {"x", "has 1 values, and the header 2 columns"},
		"too many":          {"x,y,z", "has 3 values"},
		"comma of a hash":   {"x,$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA", "has 4 values"},
		"unknown escape":    {`x,a\nb`, "backslash"},
		"escape at the end": {`x,y\`, "backslash"},
		"NUL":               {"x,y\x00", "control character"},
		"tab":               {"x,y\tz", "control character"},
		"carriage return":   {"x,y\rz", "control character"},
		"no UTF-8":          {"x,\xff", "UTF-8"},
		"half a surrogate":  {"x,\xed\xa0\x80", "UTF-8"},
		"too long":          {"x," + strings.Repeat("y", MaxRowLength-1), "more than 16000 characters"},
		"17,000":            {"x," + strings.Repeat("y", 17_000), "more than 16000 characters"},
		"1 MiB":             {"x," + strings.Repeat("y", 1<<20), "more than 16000 characters"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := all(t, "cognito:username,name\n"+test.row+"\nada,Ada\n")
			require.NoError(t, err)
			require.Len(t, got, 2)
			require.True(t, strings.HasPrefix(got[0], "2!"), got[0])
			require.Contains(t, got[0], test.want)
			require.NotContains(t, got[0], "c2FsdHNhbHQ")
			require.Equal(t, "3|ada|Ada", got[1])
		})
	}
}

func TestReader_RefusedAsAWhole(t *testing.T) {
	for name, test := range map[string]struct{ data, want string }{
		"nothing":           {"", "empty"},
		"byte order mark":   {"\ufeffcognito:username\nada\n", "byte order mark"},
		"UTF-16":            {"\xff\xfec\x00o\x00", "UTF-8"},
		"no header":         {"ada,Ada Lovelace,ada@example.com\n", `"ada", which is not one`},
		"empty header":      {"\nname\n", `""`},
		"unknown column":    {"cognito:username,passwort\nada,x\n", `"passwort"`},
		"another case":      {"Name\nAda\n", `"Name"`},
		"space in a name":   {"cognito:username, name\nada,Ada\n", `" name"`},
		"column twice":      {"name,email,name\nAda,,Ada\n", `"name" twice`},
		"quoted header":     {"\"name\"\nAda\n", "not quoted"},
		"semicolons":        {"cognito:username;name\nada;Ada\n", "not one of this pool"},
		"endless header":    {strings.Repeat("name,", 5000), "more than 16000 characters"},
		"control in a name": {"na\x00me\n", `"na.me"`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := all(t, test.data)
			var e *FormatError
			require.ErrorAs(t, err, &e)
			require.Equal(t, 1, e.Line)
			require.Contains(t, e.Message, test.want)
			require.Less(t, len(e.Message), 300)
		})
	}
}

// repeated gives a text again and again, n times, without holding all of it.
type repeated struct {
	text string
	n    int
	rest string
}

func (r *repeated) Read(p []byte) (int, error) {
	if r.rest == "" {
		if r.n == 0 {
			return 0, io.EOF
		}
		r.n--
		r.rest = r.text
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

func TestReader_TooMuch(t *testing.T) {
	read := func(data io.Reader) (rows int, err error) {
		r, err := NewReader(io.MultiReader(strings.NewReader("name\n"), data), known)
		require.NoError(t, err)
		for {
			if _, err := r.Next(); err != nil {
				return rows, err
			}
			rows++
		}
	}
	rows, err := read(&repeated{text: strings.Repeat("x\n", 1000), n: 500})
	require.Equal(t, io.EOF, err)
	require.Equal(t, MaxRows, rows)
	var e *FormatError
	rows, err = read(&repeated{text: strings.Repeat("x\n", 1001), n: 500})
	require.ErrorAs(t, err, &e)
	require.Equal(t, MaxRows, rows)
	require.Contains(t, e.Message, "more than 500000 rows")
	_, err = read(&repeated{text: strings.Repeat("x", 10_000), n: 11_000})
	require.ErrorAs(t, err, &e, "one line without an end")
	require.Contains(t, e.Message, "bytes")
}

// Half of the data is not taken for all of it: a line that was read in part, or an end that is a failure, is an error.
func TestReader_Interrupted(t *testing.T) {
	const data = "name\nAda\nGrace\n"
	broken := errors.New("connection lost")
	for n := range len(data) {
		in := io.MultiReader(strings.NewReader(data[:n]), iotest.ErrReader(broken))
		r, err := NewReader(in, known)
		rows := 0
		for err == nil {
			if _, err = r.Next(); err == nil {
				rows++
			}
		}
		require.ErrorIs(t, err, broken)
		require.Equal(t, max(strings.Count(data[:n], "\n")-1, 0), rows, "%q", data[:n])
	}
	wrapped := fmt.Errorf("reset: %w", io.EOF)
	r, err := NewReader(io.MultiReader(strings.NewReader("name\nAda"), iotest.ErrReader(wrapped)), known)
	require.NoError(t, err)
	_, err = r.Next()
	require.Equal(t, wrapped, err)
}

// However the bytes arrive, the rows are the same.
func TestReader_Pieces(t *testing.T) {
	const data = "cognito:username,name\r\nada,Ada\n\nbob,\"x\ncarol,C\\, D"
	want, err := all(t, data)
	require.NoError(t, err)
	require.Len(t, want, 3)
	for _, in := range []io.Reader{
		iotest.OneByteReader(strings.NewReader(data)), iotest.HalfReader(strings.NewReader(data)), iotest.DataErrReader(strings.NewReader(data)),
	} {
		r, err := NewReader(in, known)
		require.NoError(t, err)
		rows := 0
		for ; err == nil; rows++ {
			_, err = r.Next()
		}
		require.Equal(t, io.EOF, err)
		require.Equal(t, len(want)+1, rows)
	}
}

// The sum after each row is that of the lines so far: a copy of the data can be told to begin in the same way.
func TestReader_Sum(t *testing.T) {
	const data = "name\r\nAda\n\nGrace\nlast"
	r, err := NewReader(strings.NewReader(data), known)
	require.NoError(t, err)
	for _, want := range []struct {
		line int
		read string
		text string
	}{{2, "name\r\nAda\n", "Ada"}, {4, "name\r\nAda\n\nGrace\n", "Grace"}, {5, data, "last"}} {
		row, err := r.Next()
		require.NoError(t, err)
		require.Equal(t, want.line, r.Line())
		require.Equal(t, sha256.Sum256([]byte(want.read)), [32]byte(r.Sum()))
		require.Equal(t, sha256.Sum256([]byte(want.text)), row.Sum)
	}
}

func TestValues(t *testing.T) {
	for text, want := range map[string]bool{"TRUE": true, "true": true, "FALSE": false, "False": false, "": false} {
		got, ok := Boolean(text)
		require.True(t, ok, text)
		require.Equal(t, want, got, text)
	}
	for _, text := range []string{"1", "0", "yes", "T", " TRUE", "wahr"} {
		_, ok := Boolean(text)
		require.False(t, ok, text)
	}
	for text, want := range map[string]string{
		"12/31/1990": "1990-12-31", "1/2/2006": "2006-01-02", "02/29/2004": "2004-02-29", "02/29/0000": "0000-02-29",
	} {
		got, ok := Birthdate(text)
		require.True(t, ok, text)
		require.Equal(t, want, got)
	}
	for _, text := range []string{"", "31/12/1990", "1990-12-31", "02/29/2003", "12/31/90", "12.31.1990", "12/31/1990 ", "12/31/19900"} {
		_, ok := Birthdate(text)
		require.False(t, ok, text)
	}
	at, ok := Epoch("1700000000")
	require.True(t, ok)
	require.Equal(t, "2023-11-14T22:13:20Z", at.Format("2006-01-02T15:04:05Z07:00"))
	for _, text := range []string{"", "-1", "1.5", "253402300800", "9223372036854775808", "1e9", "now"} {
		_, ok := Epoch(text)
		require.False(t, ok, text)
	}
}

// format writes values as a row.
func format(values []string) string {
	escape := strings.NewReplacer(`\`, `\\`, `,`, `\,`)
	out := make([]string, len(values))
	for i, value := range values {
		out[i] = escape.Replace(value)
	}
	return strings.Join(out, ",")
}

// Whatever the data is: no panic, bounded rows, and each value that is read is read the same from what it is written as.
func FuzzReader(f *testing.F) {
	for _, seed := range []string{
		"cognito:username,name\nada,Ada\n", "name,email\r\nLovelace\\, Ada,\\\\x\r\n", "name\n\"x\"\n", "\ufeffname\nx", "name\n\x00\n", "name,name\n",
		"name\nx\\", "\n\n", "name\n" + strings.Repeat("y", 17_000), "custom:team,email,cognito:username,name\n,,,\n", "name\r", "name\n\r\n\rx\n\xff",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := NewReader(bytes.NewReader(data), known)
		if err != nil {
			var e *FormatError
			require.ErrorAs(t, err, &e)
			return
		}
		for line := 1; ; {
			row, err := r.Next()
			if err == io.EOF {
				require.Equal(t, sha256.Sum256(data), [32]byte(r.Sum()))
				return
			}
			require.NoError(t, err)
			require.Greater(t, row.Line, line)
			line = row.Line
			require.NotEqual(t, row.Fault == nil, row.Values == nil)
			if row.Fault != nil {
				continue
			}
			values := make([]string, len(r.columns))
			for i, name := range r.columns {
				values[i] = row.Values[name]
			}
			again, fault := split(format(values))
			require.Empty(t, fault)
			require.Equal(t, values, again)
		}
	})
}

func BenchmarkReader(b *testing.B) {
	const row = "ada,Ada Lovelace,ada@example.com,Engines\\, analytical\n"
	b.SetBytes(int64(len(row)))
	r, err := NewReader(io.MultiReader(strings.NewReader(strings.Join(columns, ",")+"\n"), &repeated{text: row, n: b.N + 1_000_000}), known)
	require.NoError(b, err)
	for b.Loop() {
		r.rows, r.bytes = 0, 0
		if _, err := r.Next(); err != nil {
			b.Fatal(err)
		}
	}
}
