package sigv4

import (
	"strings"
)

const (
	algorithmV4  = "AWS4-HMAC-SHA256"
	algorithmV4A = "AWS4-ECDSA-P256-SHA256"
	terminator   = "aws4_request"
	serviceS3    = "s3"
	dateFormat   = "20060102T150405Z"
	dayLength    = len("20060102")
	maxHeader    = 8_192 // bytes of an Authorization header
	maxSigned    = 100   // names in SignedHeaders
	maxKeyID     = 128
	hashLength   = 32
	maxSignature = 72 // bytes of an ECDSA signature on P-256, in DER
)

// authorization is what an Authorization header says, or the parameters of a
// query that stand for it.
type authorization struct {
	allowV4A   bool // set before reading
	algorithm  string
	keyID      string
	scope      scope
	signedList string   // SignedHeaders as it is written
	names      []string // in signedList: lower case, sorted, each once
	signed     [maxSignature]byte
	length     int // of the signature in signed
}

// scope is what a signing key is good for. That of SigV4A has no region.
type scope struct {
	day, region, service string
}

// signature returns the bytes of the signature.
func (a *authorization) signature() []byte { return a.signed[:a.length] }

// parseHeader reads an Authorization header strictly: three members, each
// once, in any order, separated by commas.
func (a *authorization) parseHeader(value string) error {
	if len(value) > maxHeader {
		return refuse(IncompleteSignature, "the Authorization header has %d bytes; at most %d are read", len(value), maxHeader)
	}
	scheme, rest, _ := strings.Cut(value, " ")
	if !strings.HasPrefix(scheme, "AWS4-") {
		return refuse(MissingAuthenticationToken, "the Authorization header is not of the scheme %s", algorithmV4)
	}
	var members [3]string
	var found [3]bool
	for more := true; more; {
		var member string
		member, rest, more = strings.Cut(rest, ",")
		name, value, ok := strings.Cut(strings.Trim(member, " "), "=")
		i := 0
		switch {
		case ok && name == "Credential":
		case ok && name == "SignedHeaders":
			i = 1
		case ok && name == "Signature":
			i = 2
		default:
			if err := a.setAlgorithm(scheme); err != nil {
				return err
			}
			return refuse(IncompleteSignature, "the Authorization header has a member other than Credential, SignedHeaders and Signature")
		}
		if found[i] {
			return refuse(IncompleteSignature, "the Authorization header has %s twice", name)
		}
		members[i], found[i] = value, true
	}
	return a.parse(scheme, members[0], members[1], members[2])
}

// parse reads the parts that a header and a query have in common.
func (a *authorization) parse(algorithm, credential, signedHeaders, signature string) error {
	if err := a.setAlgorithm(algorithm); err != nil {
		return err
	}
	if err := a.parseCredential(credential); err != nil {
		return err
	}
	if err := a.parseSignedHeaders(signedHeaders); err != nil {
		return err
	}
	return a.parseSignature(signature)
}

func (a *authorization) setAlgorithm(algorithm string) error {
	if algorithm != algorithmV4 && !(a.allowV4A && algorithm == algorithmV4A) {
		return refuse(UnsupportedSignature, "the algorithm %s is not supported; sign with %s", show(algorithm), algorithmV4)
	}
	a.algorithm = algorithm
	return nil
}

// parseCredential reads KEYID/day/region/service/aws4_request, of SigV4A without
// the region.
func (a *authorization) parseCredential(value string) error {
	const form = "the Credential is not KEYID/YYYYMMDD/REGION/SERVICE/" + terminator + "; that of " + algorithmV4A + " has no REGION"
	var part [4]string
	rest, more := value, true
	for i := range part {
		if i == 2 && a.algorithm == algorithmV4A {
			continue
		}
		if part[i], rest, more = strings.Cut(rest, "/"); !more {
			return refuse(IncompleteSignature, form)
		}
	}
	if rest != terminator {
		return refuse(IncompleteSignature, form)
	}
	keyID, day := part[0], part[1]
	if keyID == "" || len(keyID) > maxKeyID || !onlyAlphanumeric(keyID) {
		return refuse(IncompleteSignature, "the Credential's access key is not 1 to %d letters and digits", maxKeyID)
	}
	if len(day) != dayLength || strings.Trim(day, "0123456789") != "" {
		return refuse(IncompleteSignature, "the Credential's date is not YYYYMMDD")
	}
	a.keyID, a.scope = keyID, scope{day: day, region: part[2], service: part[3]}
	return nil
}

// parseSignedHeaders reads lower-case names, sorted, each once.
func (a *authorization) parseSignedHeaders(value string) error {
	a.signedList, a.names = value, a.names[:0]
	for more := true; more; {
		var name string
		name, value, more = strings.Cut(value, ";")
		switch {
		case len(a.names) == maxSigned || name == "" && !more && len(a.names) == 0:
			return refuse(IncompleteSignature, "SignedHeaders does not name 1 to %d headers", maxSigned)
		case !isHeaderName(name):
			return refuse(IncompleteSignature, "SignedHeaders has %s, which is not a header name in lower case", show(name))
		case len(a.names) > 0 && a.names[len(a.names)-1] >= name:
			return refuse(IncompleteSignature, "SignedHeaders is not sorted, or has %s twice", show(name))
		case name == "authorization":
			return refuse(IncompleteSignature, "SignedHeaders has authorization, which cannot sign itself")
		}
		a.names = append(a.names, name)
	}
	return nil
}

// parseSignature reads hexadecimal digits in lower case.
func (a *authorization) parseSignature(value string) error {
	if a.algorithm == algorithmV4 && len(value) != 2*hashLength {
		return refuse(IncompleteSignature, "the Signature is not 64 lower-case hexadecimal digits")
	}
	var ok bool
	if a.length, ok = decodeHex(a.signed[:], value); !ok {
		return refuse(IncompleteSignature, "the Signature is not lower-case hexadecimal digits")
	}
	return nil
}

// decodeHex reads at most len(out) bytes of pairs of lower-case digits.
func decodeHex(out []byte, digits string) (int, bool) {
	if digits == "" || len(digits)%2 != 0 || len(digits) > 2*len(out) {
		return 0, false
	}
	for i := range len(digits) / 2 {
		high, ok1 := hexDigit(digits[2*i])
		low, ok2 := hexDigit(digits[2*i+1])
		if !ok1 || !ok2 || isCapital(digits[2*i]) || isCapital(digits[2*i+1]) {
			return 0, false
		}
		out[i] = high<<4 | low
	}
	return len(digits) / 2, true
}

func isCapital(c byte) bool { return c >= 'A' && c <= 'Z' }

func onlyAlphanumeric(s string) bool {
	for i := range len(s) {
		b := s[i]
		if (b < '0' || b > '9') && (b < 'A' || b > 'Z') && (b < 'a' || b > 'z') {
			return false
		}
	}
	return true
}

// isHeaderName reports whether s is a token of RFC 9110 without capitals.
func isHeaderName(s string) bool {
	for i := range len(s) {
		b := s[i]
		if (b < '0' || b > '9') && (b < 'a' || b > 'z') && b != '-' && strings.IndexByte("!#$%&'*+.^_`|~", b) < 0 {
			return false
		}
	}
	return s != ""
}
