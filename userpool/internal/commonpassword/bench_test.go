package commonpassword

import (
	"crypto/sha512"
	"fmt"
	"strings"
	"testing"
)

// longest is a password of 256 characters with many places where a common one could begin and end.
var longest = strings.Repeat("z", 64) + fmt.Sprintf("%x", sha512.Sum512([]byte("1"))) + strings.Repeat("x", 64)

func BenchmarkContains(b *testing.B) {
	for _, test := range []struct{ name, password string }{
		{"Common", "P@ssw0rd1!"},
		{"Random", "vK8#qLw2zR5tYx9b"},
		{"Passphrase", "seven purple boats sail to the northern harbour"},
		{"Cyrillic", "корабли плывут на север"},
		{"Longest", longest},
	} {
		b.Run(test.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Contains(test.password)
			}
		})
	}
}

func BenchmarkContainsWord(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		ContainsWord("seven purple boats sail north", "alice.smith", "Alice", "Stepwell")
	}
}
