package usercsv

import (
	"strconv"
	"strings"
	"time"
)

// Boolean reads TRUE or FALSE, in capitals or small letters; the empty value is FALSE. It returns false for ok if it is something else.
func Boolean(value string) (b, ok bool) {
	switch strings.ToUpper(value) {
	case "TRUE":
		return true, true
	case "FALSE", "":
		return false, true
	}
	return false, false
}

// Birthdate reads a date in the form mm/dd/yyyy, and returns it in that of OpenID Connect, yyyy-mm-dd. The year 0000 stands for none. It
// returns false if the value is no such date.
func Birthdate(value string) (string, bool) {
	t, err := time.Parse("1/2/2006", value)
	if err != nil {
		return "", false
	}
	return t.Format("2006-01-02"), true
}

// Epoch reads a whole number of seconds since 1970, up to the year 9999. It returns false if the value is none.
func Epoch(value string) (time.Time, bool) {
	const end = 253402300799 // 9999-12-31T23:59:59Z
	n, err := strconv.ParseInt(value, 10, 64)
	if err != nil || n < 0 || n > end {
		return time.Time{}, false
	}
	return time.Unix(n, 0).UTC(), true
}
