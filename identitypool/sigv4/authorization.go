package sigv4

import (
	"encoding/hex"
	"slices"
	"strings"
)

const (
	algorithm   = "AWS4-HMAC-SHA256"
	terminator  = "aws4_request"
	dateFormat  = "20060102T150405Z"
	dayLength   = len("20060102")
	maxHeader   = 8_192 // bytes of an Authorization header
	maxSigned   = 100   // names in SignedHeaders
	maxKeyID    = 128
	hashLength  = 32
	tokenHeader = "x-amz-security-token"
	dateHeader  = "x-amz-date"
	hashHeader  = "x-amz-content-sha256"
)

// authorization is a parsed Authorization header.
type authorization struct {
	keyID     string
	scope     scope
	signed    []string // lower case, sorted, each once
	signature []byte   // 32 bytes
}

// scope is what a signing key is good for.
type scope struct {
	day, region, service string
}

func (s scope) String() string {
	return s.day + "/" + s.region + "/" + s.service + "/" + terminator
}

// parseAuthorization reads the header's value strictly: three members, each
// once, in any order, separated by commas.
func parseAuthorization(value string) (authorization, error) {
	if len(value) > maxHeader {
		return authorization{}, refuse(IncompleteSignature, "the Authorization header has %d bytes; at most %d are read", len(value), maxHeader)
	}
	scheme, rest, _ := strings.Cut(value, " ")
	if scheme != algorithm {
		if strings.HasPrefix(scheme, "AWS4-") {
			return authorization{}, refuse(UnsupportedSignature, "the algorithm %s is not supported; sign with %s", show(scheme), algorithm)
		}
		return authorization{}, refuse(MissingAuthenticationToken, "the Authorization header is not of the scheme %s", algorithm)
	}
	members := map[string]string{}
	for _, member := range strings.Split(rest, ",") {
		name, value, ok := strings.Cut(strings.Trim(member, " "), "=")
		if !ok || name != "Credential" && name != "SignedHeaders" && name != "Signature" {
			return authorization{}, refuse(IncompleteSignature, "the Authorization header has a member other than Credential, SignedHeaders and Signature")
		}
		if _, doubled := members[name]; doubled {
			return authorization{}, refuse(IncompleteSignature, "the Authorization header has %s twice", name)
		}
		members[name] = value
	}
	var out authorization
	var err error
	if out.keyID, out.scope, err = parseCredential(members["Credential"]); err != nil {
		return authorization{}, err
	}
	if out.signed, err = parseSignedHeaders(members["SignedHeaders"]); err != nil {
		return authorization{}, err
	}
	signature := members["Signature"]
	if out.signature, err = hex.DecodeString(signature); err != nil || len(out.signature) != hashLength || strings.ToLower(signature) != signature {
		return authorization{}, refuse(IncompleteSignature, "the Signature is not 64 lower-case hexadecimal digits")
	}
	return out, nil
}

// parseCredential reads KEYID/day/region/service/aws4_request.
func parseCredential(value string) (string, scope, error) {
	parts := strings.Split(value, "/")
	if len(parts) != 5 || parts[4] != terminator {
		return "", scope{}, refuse(IncompleteSignature, "the Credential is not KEYID/YYYYMMDD/REGION/SERVICE/%s", terminator)
	}
	keyID, day := parts[0], parts[1]
	if keyID == "" || len(keyID) > maxKeyID || !onlyAlphanumeric(keyID) {
		return "", scope{}, refuse(IncompleteSignature, "the Credential's access key is not 1 to %d letters and digits", maxKeyID)
	}
	if len(day) != dayLength || strings.Trim(day, "0123456789") != "" {
		return "", scope{}, refuse(IncompleteSignature, "the Credential's date is not YYYYMMDD")
	}
	return keyID, scope{day: day, region: parts[2], service: parts[3]}, nil
}

// parseSignedHeaders reads lower-case names, sorted, each once.
func parseSignedHeaders(value string) ([]string, error) {
	names := strings.Split(value, ";")
	if value == "" || len(names) > maxSigned {
		return nil, refuse(IncompleteSignature, "SignedHeaders does not name 1 to %d headers", maxSigned)
	}
	for i, name := range names {
		if !isHeaderName(name) {
			return nil, refuse(IncompleteSignature, "SignedHeaders has %s, which is not a header name in lower case", show(name))
		}
		if i > 0 && names[i-1] >= name {
			return nil, refuse(IncompleteSignature, "SignedHeaders is not sorted, or has %s twice", show(name))
		}
	}
	if slices.Contains(names, "authorization") {
		return nil, refuse(IncompleteSignature, "SignedHeaders has authorization, which cannot sign itself")
	}
	return names, nil
}

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
		if (b < '0' || b > '9') && (b < 'a' || b > 'z') && !strings.ContainsRune("!#$%&'*+-.^_`|~", rune(b)) {
			return false
		}
	}
	return s != ""
}
