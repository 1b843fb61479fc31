package samlxml

import (
	"crypto"
	"encoding/base64"
	"net/url"
	"strings"
)

// The parameters of the redirect binding (SAML 2.0 bindings section 3.4.4.1).
const (
	paramRequest    = "SAMLRequest"
	paramResponse   = "SAMLResponse"
	paramRelayState = "RelayState"
	paramAlgorithm  = "SigAlg"
	paramSignature  = "Signature"
	paramEncoding   = "SAMLEncoding"
	encodingDeflate = "urn:oasis:names:tc:SAML:2.0:bindings:URL-Encoding:DEFLATE"
)

// maxQuery is how long a query may be: three bytes for each of base64.
const maxQuery = 4 * DefaultMaxBytes

// Query is a message of the redirect binding.
type Query struct {
	// Name is "SAMLRequest" or "SAMLResponse".
	Name string
	// Message is the inflated XML, of at most 256 KiB. Parse has not seen it.
	Message []byte
	// RelayState is what came with it, and "" if nothing did.
	RelayState string

	signed    string // the bytes of the query that are signed, as they came
	algorithm string
	signature []byte
}

// ParseQuery reads a query as it came: the part of the URL behind the "?", not
// decoded and not encoded again. Parameters that are not the binding's are passed
// over. It refuses, with an InvalidQuery or TooLarge, a parameter of the binding
// that is given twice or whose name is encoded, a request and a response at once,
// a signature without algorithm and the reverse, another encoding than DEFLATE,
// and what cannot be decoded or inflated.
//
// It does not ask for a signature: see Query.Signed and Query.Verify, or call
// VerifyQuery.
func ParseQuery(rawQuery string) (*Query, error) {
	raw, err := rawParameters(rawQuery)
	if err != nil {
		return nil, err
	}
	q := &Query{Name: paramRequest}
	message, isRequest := raw[paramRequest]
	if response, ok := raw[paramResponse]; ok {
		if isRequest {
			return nil, fail(InvalidQuery, "the query has both a %s and a %s", paramRequest, paramResponse)
		}
		q.Name, message = paramResponse, response
	} else if !isRequest {
		return nil, fail(InvalidQuery, "the query has neither a %s nor a %s", paramRequest, paramResponse)
	}
	if encoding, ok := raw[paramEncoding]; ok {
		if value, err := url.QueryUnescape(encoding); err != nil || value != encodingDeflate {
			return nil, fail(InvalidQuery, "the %s %s is not supported", paramEncoding, quoted(encoding))
		}
	}
	deflated, err := decodeParameter(q.Name, message)
	if err != nil {
		return nil, err
	}
	if q.Message, err = Inflate(deflated, DefaultMaxBytes); err != nil {
		return nil, err
	}
	if q.RelayState, err = url.QueryUnescape(raw[paramRelayState]); err != nil {
		return nil, fail(InvalidQuery, "the %s cannot be decoded", paramRelayState)
	}
	return q, q.readSignature(raw)
}

// rawParameters returns the parameters of the binding, as they came.
func rawParameters(rawQuery string) (map[string]string, error) {
	if len(rawQuery) > maxQuery {
		return nil, fail(TooLarge, "the query is longer than %d bytes", maxQuery)
	}
	raw := map[string]string{}
	for part := range strings.SplitSeq(rawQuery, "&") {
		name, value, _ := strings.Cut(part, "=")
		decoded, err := url.QueryUnescape(name)
		if err != nil || strings.Contains(part, ";") {
			return nil, fail(InvalidQuery, "the query cannot be decoded")
		}
		switch decoded {
		case paramRequest, paramResponse, paramRelayState, paramAlgorithm, paramSignature, paramEncoding:
		default:
			continue
		}
		if name != decoded {
			return nil, fail(InvalidQuery, "the name of parameter %s is encoded", decoded)
		}
		if _, twice := raw[name]; twice {
			return nil, fail(InvalidQuery, "the query has parameter %s twice", name)
		}
		raw[name] = value
	}
	return raw, nil
}

// decodeParameter decodes a parameter that is base64.
func decodeParameter(name, raw string) ([]byte, error) {
	value, err := url.QueryUnescape(raw)
	if err != nil {
		return nil, fail(InvalidQuery, "the %s cannot be decoded", name)
	}
	out, err := base64.StdEncoding.DecodeString(strings.NewReplacer("\r", "", "\n", "").Replace(value))
	if err != nil || len(out) == 0 {
		return nil, fail(InvalidQuery, "the %s is not base64", name)
	}
	return out, nil
}

// readSignature notes the signature and what it is over: the parameters in the
// order of the specification, each as the sender encoded it.
func (q *Query) readSignature(raw map[string]string) error {
	algorithm, hasAlgorithm := raw[paramAlgorithm]
	value, hasValue := raw[paramSignature]
	if hasAlgorithm != hasValue {
		return fail(InvalidQuery, "the query has only one of %s and %s", paramAlgorithm, paramSignature)
	}
	if !hasValue {
		return nil
	}
	var err error
	if q.algorithm, err = url.QueryUnescape(algorithm); err != nil {
		return fail(InvalidQuery, "the %s cannot be decoded", paramAlgorithm)
	}
	if q.signature, err = decodeParameter(paramSignature, value); err != nil {
		return err
	}
	q.signed = q.Name + "=" + raw[q.Name]
	if state, ok := raw[paramRelayState]; ok {
		q.signed += "&" + paramRelayState + "=" + state
	}
	q.signed += "&" + paramAlgorithm + "=" + algorithm
	return nil
}

// Signed reports whether a signature came with the query. It says nothing about
// whether that is worth something.
func (q *Query) Signed() bool { return q.signature != nil }

// Verify checks the signature that came with the query. It covers Name, Message
// and RelayState. Keys and algorithms are as for the function Verify. The error is
// Unsigned if there is no signature, InvalidKey if there are no keys or too many,
// else InvalidSignature.
func (q *Query) Verify(keys []crypto.PublicKey, o VerifyOptions) error {
	if !q.Signed() {
		return fail(Unsigned, "the query is not signed")
	}
	algorithm, err := signatureOf(q.algorithm, o)
	if err != nil {
		return err
	}
	return algorithm.verify(keys, []byte(q.signed), q.signature)
}

// VerifyQuery is ParseQuery and Query.Verify in one: what it returns is signed
// with one of the keys.
func VerifyQuery(rawQuery string, keys []crypto.PublicKey, o VerifyOptions) (*Query, error) {
	q, err := ParseQuery(rawQuery)
	if err != nil {
		return nil, err
	}
	if err := q.Verify(keys, o); err != nil {
		return nil, err
	}
	return q, nil
}

// SignQuery returns the raw query that carries a message by the redirect
// binding: to be put behind a "?", or behind a "&" where the URL has a query. The
// name is "SAMLRequest" or "SAMLResponse"; relayState is left out if it is "";
// the message is not signed if key is nil, and must not have a signature within
// it. The error is InvalidQuery or InvalidKey.
func SignQuery(name string, message []byte, relayState string, key crypto.Signer) (string, error) {
	if name != paramRequest && name != paramResponse {
		return "", fail(InvalidQuery, "a query carries a %s or a %s, not a %s", paramRequest, paramResponse, quoted(name))
	}
	query := name + "=" + url.QueryEscape(base64.StdEncoding.EncodeToString(Deflate(message)))
	if relayState != "" {
		query += "&" + paramRelayState + "=" + url.QueryEscape(relayState)
	}
	if key == nil {
		return query, nil
	}
	algorithm, method, err := algorithmFor(key)
	if err != nil {
		return "", err
	}
	query += "&" + paramAlgorithm + "=" + url.QueryEscape(algorithm)
	value, err := method.sign(key, []byte(query))
	if err != nil {
		return "", err
	}
	return query + "&" + paramSignature + "=" + url.QueryEscape(base64.StdEncoding.EncodeToString(value)), nil
}
