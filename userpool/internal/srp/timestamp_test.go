package srp_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool/internal/srp"
)

func TestParseTimestamp(t *testing.T) {
	for text, want := range map[string]time.Time{
		"Tue Sep 5 07:30:00 UTC 2023":  time.Date(2023, 9, 5, 7, 30, 0, 0, time.UTC),
		"Sat Sep 30 23:59:59 UTC 2023": time.Date(2023, 9, 30, 23, 59, 59, 0, time.UTC),
		"Thu Feb 29 00:00:00 UTC 2024": time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC),
		"Thu Jan 1 00:00:00 UTC 1970":  time.Unix(0, 0).UTC(),
	} {
		got, err := srp.ParseTimestamp(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got)
	}
	for name, text := range map[string]string{
		"empty":                       "",
		"day with a leading zero":     "Tue Sep 05 07:30:00 UTC 2023",
		"day with a leading space":    "Tue Sep  5 07:30:00 UTC 2023",
		"another day of the week":     "Mon Sep 5 07:30:00 UTC 2023",
		"hour of one digit":           "Tue Sep 5 7:30:00 UTC 2023",
		"fraction of a second":        "Tue Sep 5 07:30:00.5 UTC 2023",
		"fraction with a comma":       "Tue Sep 5 07:30:00,5 UTC 2023",
		"hour 24":                     "Tue Sep 5 24:00:00 UTC 2023",
		"leap second":                 "Sat Dec 31 23:59:60 UTC 2016",
		"the 31st of September":       "Sun Sep 31 07:30:00 UTC 2023",
		"year of five digits":         "Wed Mar 1 00:00:00 UTC 20230",
		"the 29th of February 2023":   "Wed Feb 29 00:00:00 UTC 2023",
		"another zone":                "Tue Sep 5 07:30:00 GMT 2023",
		"a zone as a number":          "Tue Sep 5 07:30:00 +0000 2023",
		"no zone":                     "Tue Sep 5 07:30:00 2023",
		"lower case":                  "tue sep 5 07:30:00 utc 2023",
		"German":                      "Di Sep 5 07:30:00 UTC 2023",
		"long names":                  "Tuesday September 5 07:30:00 UTC 2023",
		"year of two digits":          "Tue Sep 5 07:30:00 UTC 23",
		"ISO 8601":                    "2023-09-05T07:30:00Z",
		"space before":                " Tue Sep 5 07:30:00 UTC 2023",
		"space after":                 "Tue Sep 5 07:30:00 UTC 2023 ",
		"line break":                  "Tue Sep 5 07:30:00 UTC 2023\n",
		"NUL":                         "Tue Sep 5 07:30:00 UTC 2023\x00",
		"another space":               "Tue\u00a0Sep 5 07:30:00 UTC 2023",
		"AM, where hours have 12":     "Tue Sep 5 07:30:00 AM UTC 2023",
		"long":                        "Tue Sep 5 07:30:00 UTC 2023" + string(make([]byte, 10<<10)),
		"digits of another alphabet":  "Tue Sep ٥ 07:30:00 UTC 2023",
		"a year before Christ":        "Tue Sep 5 07:30:00 UTC -023",
		"day 0":                       "Thu Aug 0 07:30:00 UTC 2023",
		"a number instead of a month": "Tue 9 5 07:30:00 UTC 2023",
	} {
		_, err := srp.ParseTimestamp(text)
		require.ErrorContains(t, err, "TIMESTAMP", name)
	}
}
