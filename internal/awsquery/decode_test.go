package awsquery

import (
	"net/url"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func decodeInput(f *form, in *putInput) error {
	parameters, err := compileStruct(reflect.TypeFor[putInput](), shapes)
	if err != nil {
		return err
	}
	return decode(f, parameters, reflect.ValueOf(in).Elem())
}

// What the pipeline lets through to an operation keeps to the constraints.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{"Name=note", "Name=note&Seconds=900&Tags.member.1.Key=a&Tags.member.1.Value=b", "Name=n&Seconds=0", "Name=note&Readers.member.1=x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, encoded string) {
		parsed, err := parseForm(encoded, false)
		if err != nil {
			return
		}
		var in putInput
		if err := decodeInput(parsed, &in); err != nil {
			require.True(t, strings.HasPrefix(err.Error(), "ValidationError: ") || strings.HasPrefix(err.Error(), "InvalidQueryParameter: ") ||
				strings.HasPrefix(err.Error(), "MalformedQueryString: "), err.Error())
			return
		}
		require.Regexp(t, `^[\w-]{2,8}$`, in.Name)
		require.True(t, in.Seconds == 0 || in.Seconds >= 900 && in.Seconds <= 3600)
		require.LessOrEqual(t, len(in.Tags), 3)
		given, err := url.ParseQuery(encoded)
		require.NoError(t, err)
		require.Equal(t, given.Get("Name"), in.Name)
		require.Equal(t, given.Get("Text"), in.Text)
	})
}
