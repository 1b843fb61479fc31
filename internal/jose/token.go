package jose

import (
	"encoding/base64"
	"strings"
)

const (
	maxToken  = 16 << 10 // characters of a compact token
	maxHeader = 4 << 10  // characters of its first segment
	maxType   = 100      // characters of typ
)

// token is what the gate has let through. Nothing of it is verified.
type token struct {
	algorithm Algorithm
	keyID     string // "" when the header has no kid
	typ       string
	hasType   bool
	input     []byte // what was signed: the first two segments and the dot
	payload   string // the second segment, still encoded
	signature []byte
}

// parseToken is the gate. No parser but DecodeObject sees any part of a token,
// and that one sees only the header, once the form of the whole is right.
func parseToken(compact string) (*token, error) {
	if len(compact) > maxToken {
		return nil, refuse(ErrMalformed, "token of %d bytes is longer than %d", len(compact), maxToken)
	}
	head, rest, _ := strings.Cut(compact, ".")
	payload, tail, _ := strings.Cut(rest, ".")
	if head == "" || payload == "" || tail == "" || strings.Contains(tail, ".") {
		return nil, refuse(ErrMalformed, "token is not a JWS in compact serialization: three segments with dots between them")
	}
	if len(head) > maxHeader {
		return nil, refuse(ErrMalformed, "token header of %d bytes is longer than %d", len(head), maxHeader)
	}
	signature, err := decodeSegment(tail)
	if err != nil {
		return nil, err
	}
	header, err := decodeSegment(head)
	if err != nil {
		return nil, err
	}
	members, err := decodeObject(string(header))
	if err != nil {
		return nil, wrap(ErrMalformed, err, "token header")
	}
	t := &token{
		input:     []byte(compact[:len(head)+1+len(payload)]),
		payload:   payload,
		signature: signature,
	}
	if err := t.readHeader(members); err != nil {
		return nil, err
	}
	return t, nil
}

var strictBase64 = base64.RawURLEncoding.Strict()

// decodeSegment takes base64url in the one form that an encoder produces: no
// padding, unused bits zero, no line breaks, which encoding/base64 would skip.
func decodeSegment(segment string) ([]byte, error) {
	if strings.IndexByte(segment, '\n') >= 0 || strings.IndexByte(segment, '\r') >= 0 {
		return nil, refuse(ErrMalformed, "token segment with a line break")
	}
	data, err := strictBase64.DecodeString(segment)
	if err != nil {
		return nil, refuse(ErrMalformed, "token segment is not canonical base64url without padding")
	}
	return data, nil
}

// readHeader takes the members that are known. The others are refused, not
// ignored: each of those registered changes how the token is to be processed
// or says where to find a key.
func (t *token) readHeader(members map[string]any) error {
	for name, value := range members {
		text, ok := value.(string)
		if !ok {
			return refuse(ErrMalformed, "token header member %.64q is not accepted, or is not a string", name)
		}
		switch name {
		case "alg":
			t.algorithm = Algorithm(text)
		case "kid":
			if text == "" || !validKeyID(text) {
				return refuse(ErrMalformed, "token header: kid %.64q is not printable ASCII of 1 to %d bytes", text, maxKeyID)
			}
			t.keyID = text
		case "typ":
			if len(text) > maxType || !isPrintable(text) {
				return refuse(ErrMalformed, "token header: typ %.64q is not printable ASCII of at most %d bytes", text, maxType)
			}
			t.typ, t.hasType = text, true
		case "x5t", "x5t#S256": // thumbprints of a certificate; Entra ID sends x5t
		default:
			return refuse(ErrMalformed, "token header member %.64q is not accepted", name)
		}
	}
	switch t.algorithm {
	case RS256, RS512, ES256, EdDSA:
		return nil
	default:
		return refuse(ErrMalformed, "token algorithm %.20q is not supported; RS256, RS512, ES256 and EdDSA are", string(t.algorithm))
	}
}
