package jose

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/json"
	"reflect"
	"unicode/utf8"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jws"
)

// Sign returns claims as a JWS in compact serialization, with the header
// {"alg","kid","typ"}. An empty typ leaves that member out.
//
// The payload is what encoding/json makes of claims: the same claims give the
// same bytes, in the order of their names, each name once in its object. Claims
// that Verify would not read back are refused with reason ErrClaims: names and
// text that are not UTF-8 or contain NUL, values that are not JSON, a nested
// value that writes a name twice, and a token of more than 16 KiB. Sign adds no
// claim and judges none: exp and the rest are the caller's.
func (k *PrivateKey) Sign(typ string, claims map[string]any) (string, error) {
	header, err := k.header(typ)
	if err != nil {
		return "", err
	}
	payload, err := encodeClaims(claims)
	if err != nil {
		return "", err
	}
	b64 := base64.RawURLEncoding
	input := make([]byte, 0, 2*(len(header)+len(payload))+512)
	input = b64.AppendEncode(input, header)
	input = append(input, '.')
	input = b64.AppendEncode(input, payload)
	signer, err := jws.NewSigner(jwa.SignatureAlgorithm(k.public.Algorithm))
	if err != nil {
		return "", wrap(ErrKey, err, "signing with key %q", k.public.ID)
	}
	signature, err := signer.Sign(input, k.signer)
	if err != nil {
		return "", wrap(ErrKey, err, "signing with key %q", k.public.ID)
	}
	token := b64.AppendEncode(append(input, '.'), signature)
	if len(token) > maxToken {
		return "", refuse(ErrClaims, "token of %d bytes is longer than %d: sign fewer or shorter claims", len(token), maxToken)
	}
	return string(token), nil
}

func (k *PrivateKey) header(typ string) ([]byte, error) {
	if len(typ) > maxType || !isPrintable(typ) {
		return nil, refuse(ErrClaims, "typ %.64q is not printable ASCII of at most %d bytes", typ, maxType)
	}
	header := struct {
		Algorithm Algorithm `json:"alg"`
		KeyID     string    `json:"kid"`
		Type      string    `json:"typ,omitempty"`
	}{k.public.Algorithm, k.public.ID, typ}
	data, err := json.Marshal(header)
	if err != nil {
		return nil, wrap(ErrClaims, err, "header cannot be written")
	}
	return data, nil
}

// encodeClaims writes claims and reads them back, so that nothing is signed
// which a strict reader would refuse or understand in another way.
func encodeClaims(claims map[string]any) ([]byte, error) {
	if claims == nil {
		return nil, refuse(ErrClaims, "no claims to sign")
	}
	if err := checkText(reflect.ValueOf(claims), 1); err != nil {
		return nil, err
	}
	var payload bytes.Buffer
	encoder := json.NewEncoder(&payload)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(claims); err != nil {
		return nil, wrap(ErrClaims, err, "claims cannot be written as JSON")
	}
	data := bytes.TrimSuffix(payload.Bytes(), []byte("\n"))
	if _, err := DecodeObject(data); err != nil {
		return nil, wrap(ErrClaims, err, "claims would not be read back")
	}
	return data, nil
}

// checkText refuses text that is not UTF-8, in values of any type. encoding/json
// would replace it, and with it two names could become one.
func checkText(value reflect.Value, depth int) error {
	if depth > maxJSONDepth {
		return refuse(ErrClaims, "claims are nested more than %d deep", maxJSONDepth)
	}
	switch value.Kind() {
	case reflect.String:
		if !utf8.ValidString(value.String()) {
			return refuse(ErrClaims, "a claim has a name or text that is not UTF-8")
		}
	case reflect.Interface:
		return checkText(value.Elem(), depth)
	case reflect.Pointer:
		return checkText(value.Elem(), depth+1)
	case reflect.Map:
		for name, member := range value.Seq2() {
			if err := cmp.Or(checkText(name, depth), checkText(member, depth+1)); err != nil {
				return err
			}
		}
	case reflect.Slice, reflect.Array:
		for i := range value.Len() {
			if err := checkText(value.Index(i), depth+1); err != nil {
				return err
			}
		}
	case reflect.Struct:
		for i := range value.NumField() {
			if err := checkText(value.Field(i), depth+1); err != nil {
				return err
			}
		}
	}
	return nil
}
