package userpool_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// D7: who logs a pool logs no secret of its clients.
func TestD7_PrintedPool(t *testing.T) {
	k := newKit(t, nil)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		text := fmt.Sprintf(verb, k.Pool)
		require.NotContains(t, text, backendSecret, verb)
		require.Contains(t, text, "userpool: default", verb)
	}
}
