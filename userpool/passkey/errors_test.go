package passkey

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestContained(t *testing.T) {
	out, err := contained(func() (int, error) { panic("index \n out of range" + strings.Repeat("x", 5000)) })
	require.Zero(t, out)
	require.ErrorIs(t, err, ErrRefused)
	require.Contains(t, err.Error(), "index out of range")
	require.Less(t, len(err.Error()), 300)
	out, err = contained(func() (int, error) { return 7, errors.New("its own") })
	require.Equal(t, 7, out)
	require.EqualError(t, err, "its own")
	_, err = contained(func() (out struct{ n []int }, err error) { return struct{ n []int }{out.n[:out.n[3]]}, nil })
	require.ErrorIs(t, err, ErrRefused, "a panic of the runtime")
}

func TestError(t *testing.T) {
	err := refuse(ErrExpired, "at %s", "noon")
	require.EqualError(t, err, "passkey: Expired: at noon")
	require.ErrorIs(t, err, ErrExpired)
	require.NotErrorIs(t, err, ErrCloned)
	known, ok := errors.AsType[*Error](err)
	require.True(t, ok)
	require.False(t, known.Cloned())
}
