package srp

import (
	"errors"
	"time"
)

const timestampLayout = "Mon Jan 2 15:04:05 UTC 2006"

var errTimestamp = errors.New(`srp: TIMESTAMP is not of the form "Tue Sep 5 07:30:00 UTC 2023": English names, UTC, and a day of the ` +
	`month without leading zero or space`)

// ParseTimestamp reads the TIMESTAMP of a claim, such as "Tue Sep 5 07:30:00 UTC 2023". The caller compares it with the clock, and refuses
// what is more than some minutes off.
//
// Only that one spelling is taken, which is what the SDKs of AWS send. Amazon Cognito refuses a day with a leading zero, and the wrong day
// of the week, so that no client that works with it sends them.
func ParseTimestamp(text string) (time.Time, error) {
	if len(text) > len("Wed Sep 30 22:00:00 UTC 2023") {
		return time.Time{}, errTimestamp
	}
	t, err := time.Parse(timestampLayout, text)
	if err != nil || t.Format(timestampLayout) != text {
		return time.Time{}, errTimestamp
	}
	return t, nil
}
