package identitypooltest

import (
	"context"
	"fmt"
	"io"
	"testing"
)

// ExampleT stands for the *testing.T that an Example does not have:
//
//	pool := identitypooltest.New(identitypooltest.ExampleT{})
//
// What would end a test panics, with the sentence that says why. The log of the pool is thrown away, and what is left to be done when a
// test ends is not done: nothing but memory is left. The methods that are not listed here are those of TB, which is nil.
type ExampleT struct{ testing.TB }

// Helper does nothing.
func (ExampleT) Helper() {}

// Cleanup does nothing: an Example does not say when it ends.
func (ExampleT) Cleanup(func()) {}

// Output throws away what is written to it.
func (ExampleT) Output() io.Writer { return io.Discard }

// Context returns one that does not end.
func (ExampleT) Context() context.Context { return context.Background() }

// Fatal panics.
func (ExampleT) Fatal(args ...any) { panic(fmt.Sprint(args...)) }

// Fatalf panics.
func (ExampleT) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }
