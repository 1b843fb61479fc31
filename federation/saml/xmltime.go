package saml

import (
	"errors"
	"strconv"
	"strings"
	"time"
)

// parseTime reads an xs:dateTime with a time zone. SAML says it is UTC, "Z"
// (core section 1.3.3); a numeric offset says as much and is accepted.
func parseTime(text string) (time.Time, error) {
	if len(text) < 20 || len(text) > 40 || strings.Contains(text, ",") {
		return time.Time{}, errors.New("not a time")
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return time.Time{}, err
	}
	return t.UTC(), nil
}

func formatTime(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// parseBool reads an xs:boolean.
func parseBool(text string) (bool, error) {
	switch strings.TrimSpace(text) {
	case "true", "1":
		return true, nil
	case "false", "0":
		return false, nil
	}
	return false, errors.New("not a boolean")
}

// parseDuration reads an xs:duration that is not negative. A year has 365 days
// and a month 30: it is about how long to keep a copy.
func parseDuration(text string) (time.Duration, error) {
	bad := errors.New("not a duration")
	rest, ok := strings.CutPrefix(strings.TrimSpace(text), "P")
	if !ok || len(text) > 64 || rest == "" {
		return 0, bad
	}
	const day = 24 * time.Hour
	date, clock, timed := strings.Cut(rest, "T")
	if timed && clock == "" {
		return 0, bad
	}
	var total float64
	for _, part := range []struct {
		text  string
		units string
		sizes []time.Duration
	}{
		{date, "YMD", []time.Duration{365 * day, 30 * day, day}},
		{clock, "HMS", []time.Duration{time.Hour, time.Minute, time.Second}},
	} {
		for at := 0; part.text != ""; {
			i := strings.IndexAny(part.text, "YMDHS")
			if i < 1 {
				return 0, bad
			}
			unit := strings.IndexByte(part.units[at:], part.text[i])
			number := part.text[:i]
			if unit < 0 || strings.Trim(number, "0123456789.") != "" || strings.Contains(number, ".") && part.text[i] != 'S' {
				return 0, bad
			}
			n, err := strconv.ParseFloat(number, 64)
			if err != nil {
				return 0, bad
			}
			total += n * float64(part.sizes[at+unit])
			at += unit + 1
			part.text = part.text[i+1:]
		}
	}
	const most = float64(100 * 365 * day)
	return time.Duration(min(total, most)), nil
}
