// Package ascii compares names without regard to the case of A to Z, and nothing else: by Unicode's rules the Kelvin sign would be a k, and
// two names that a policy tells apart would be one.
package ascii

// LowerByte lowers A to Z.
func LowerByte(b byte) byte {
	if b >= 'A' && b <= 'Z' {
		return b + ('a' - 'A')
	}
	return b
}

// Lower lowers A to Z. It does not allocate if there are none.
func Lower(s string) string {
	for i := range len(s) {
		if s[i] < 'A' || s[i] > 'Z' {
			continue
		}
		b := []byte(s)
		for ; i < len(b); i++ {
			b[i] = LowerByte(b[i])
		}
		return string(b)
	}
	return s
}

// EqualFold compares without regard to the case of A to Z.
func EqualFold(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	if a == b {
		return true
	}
	for i := range len(a) {
		if a[i] != b[i] && LowerByte(a[i]) != LowerByte(b[i]) {
			return false
		}
	}
	return true
}
