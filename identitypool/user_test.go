package identitypool

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestA21_ParsedDocuments: a document is kept by its text alone, what is kept is bounded, and what does not parse is not kept.
func TestA21_ParsedDocuments(t *testing.T) {
	var d parsedDocuments
	text := func(action string) []byte {
		return fmt.Appendf(nil, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"notes:%s","Resource":"*"}}`, action)
	}
	first, err := d.parse(text("Read"))
	require.NoError(t, err)
	again, err := d.parse(text("Read"))
	require.NoError(t, err)
	require.Same(t, first, again)
	other, err := d.parse(text("Write"))
	require.NoError(t, err)
	require.Equal(t, []string{"notes:Write"}, other.Statements()[0].Actions)
	_, err = d.parse([]byte("x"))
	require.Error(t, err)
	require.Len(t, d.of, 2)
	for i := range 1_000 {
		_, err = d.parse(text(strings.Repeat("a", 2_000) + fmt.Sprint(i)))
		require.NoError(t, err)
		size := 0
		for kept := range d.of {
			size += len(kept)
		}
		require.Equal(t, size, d.size)
		require.LessOrEqual(t, size, maxParsed)
	}
	require.Greater(t, d.size, maxParsed/4)
}
