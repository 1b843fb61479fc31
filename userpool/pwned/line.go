package pwned

import "strings"

// maxCountDigits bounds the count of a line; a password was not seen more often than people live.
const maxCountDigits = 12

// parseLine takes a line apart, without its end: digits of a hash in hexadecimal, a colon, and how often the password was seen. It returns
// the digits in upper case.
func parseLine(line string, digits int) (name string, count int64, ok bool) {
	name, number, found := strings.Cut(line, ":")
	if !found || len(name) != digits || !isHex(name) || number == "" || len(number) > maxCountDigits {
		return "", 0, false
	}
	for _, c := range []byte(number) {
		if c < '0' || c > '9' {
			return "", 0, false
		}
		count = count*10 + int64(c-'0')
	}
	return strings.ToUpper(name), count, true
}

func isHex(s string) bool {
	for _, c := range []byte(s) {
		if !('0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F') {
			return false
		}
	}
	return true
}

// countIn returns how often the password whose hash ends in suffix was seen, by the lines of an answer; 0 if it is not in them, or is
// only padding. Every line is looked at, wherever the password is. Lines end in LF or CR LF, the last one may end without.
func countIn(answer, suffix string) (int64, error) {
	var out int64
	n := 0
	for line := range strings.Lines(answer) {
		n++
		line = strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r")
		name, count, ok := parseLine(line, suffixDigits)
		if !ok {
			return 0, invalid("line %d is not %d hexadecimal digits, a colon and a number", n, suffixDigits)
		}
		if name == suffix {
			out = max(out, count)
		}
	}
	if n == 0 {
		return 0, invalid("the answer is empty")
	}
	return out, nil
}
