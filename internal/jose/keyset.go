package jose

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/json"
	"math/big"

	"github.com/lestrrat-go/jwx/v2/jwk"
)

const (
	maxKeySet     = 512 << 10 // bytes
	maxKeySetKeys = 100
	maxKeyIssuer  = 2048 // bytes
)

// ParseKeySet returns the keys of a JWK set (RFC 7517 section 5) that can verify
// tokens, in their order.
//
// A key that cannot is left out and never used: one of an unknown type, curve or
// algorithm, weak, off its curve, for encryption (use, key_ops), with private or
// secret members, or with an ID that is not printable ASCII. Two usable keys of
// one kid are both left out, since nobody can tell which is meant. A key without
// alg is for RS256, ES256 or EdDSA by its type, an RSA key with the alg RS512 for
// that alone; one without kid has an empty ID.
//
// data that is no JWK set, longer than 512 KiB or of more than 100 keys is an
// error with reason ErrMalformed. A set may turn out to be empty: that is none.
func ParseKeySet(data []byte) ([]PublicKey, error) {
	if len(data) > maxKeySet {
		return nil, refuse(ErrMalformed, "key set of %d bytes is longer than %d", len(data), maxKeySet)
	}
	set, err := DecodeObject(data)
	if err != nil {
		return nil, wrap(ErrMalformed, err, "key set")
	}
	members, ok := set["keys"].([]any)
	if !ok {
		return nil, refuse(ErrMalformed, "key set without an array of keys")
	}
	if len(members) > maxKeySetKeys {
		return nil, refuse(ErrMalformed, "key set of %d keys, more than %d", len(members), maxKeySetKeys)
	}
	keys := make([]PublicKey, 0, len(members))
	count := make(map[string]int)
	for _, member := range members {
		if key, ok := parsePublicJWK(member); ok {
			keys = append(keys, key)
			count[key.ID]++
		}
	}
	unique := keys[:0]
	for _, key := range keys {
		if key.ID == "" || count[key.ID] == 1 {
			unique = append(unique, key)
		}
	}
	return unique, nil
}

// parsePublicJWK reads one key of a set, or reports that it cannot be used.
func parsePublicJWK(value any) (PublicKey, bool) {
	key, ok := value.(map[string]any)
	if !ok || !isForVerification(key) {
		return PublicKey{}, false
	}
	id, _ := key["kid"].(string)
	if kid, present := key["kid"]; present && (kid != id || id == "") {
		return PublicKey{}, false
	}
	alg, public, ok := publicFromJWK(key)
	if !ok {
		return PublicKey{}, false
	}
	if stated, present := key["alg"]; present && stated != string(alg) {
		return PublicKey{}, false
	}
	checked, err := NewPublicKey(id, alg, public)
	if issuer, _ := key["issuer"].(string); len(issuer) <= maxKeyIssuer && isPrintable(issuer) {
		checked.Issuer = issuer
	}
	return checked, err == nil
}

// isForVerification looks at use, key_ops and the members that a public key
// does not have (RFC 7517 sections 4.2, 4.3; RFC 7518 section 6).
func isForVerification(key map[string]any) bool {
	for _, secret := range []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k"} {
		if _, present := key[secret]; present {
			return false
		}
	}
	if use, present := key["use"]; present && use != "sig" {
		return false
	}
	value, present := key["key_ops"]
	if !present {
		return true
	}
	operations, _ := value.([]any)
	for _, operation := range operations {
		if operation == "verify" {
			return true
		}
	}
	return false
}

// publicFromJWK builds the key from members that stand in canonical base64url.
// What it returns is still to be checked by NewPublicKey.
func publicFromJWK(key map[string]any) (Algorithm, any, bool) {
	switch key["kty"] {
	case "RSA":
		n, okN := bytesMember(key, "n")
		e, okE := bytesMember(key, "e")
		if !okN || !okE {
			return "", nil, false
		}
		exponent := new(big.Int).SetBytes(e)
		if !exponent.IsInt64() || exponent.Int64() > maxRSAExponent {
			return "", nil, false
		}
		alg := RS256
		if key["alg"] == string(RS512) {
			alg = RS512
		}
		return alg, &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(exponent.Int64())}, true
	case "EC":
		x, okX := bytesMember(key, "x")
		y, okY := bytesMember(key, "y")
		if !okX || !okY || key["crv"] != "P-256" || len(x) != 32 || len(y) != 32 {
			return "", nil, false
		}
		point := append(append([]byte{4}, x...), y...)
		public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)
		return ES256, public, err == nil
	case "OKP":
		x, ok := bytesMember(key, "x")
		if !ok || key["crv"] != "Ed25519" {
			return "", nil, false
		}
		return EdDSA, ed25519.PublicKey(x), true
	default:
		return "", nil, false
	}
}

func bytesMember(key map[string]any, name string) ([]byte, bool) {
	text, ok := key[name].(string)
	if !ok || text == "" {
		return nil, false
	}
	data, err := decodeSegment(text)
	return data, err == nil
}

// MarshalKeySet returns keys as a JWK set, to be published: {"keys":[...]} with
// kty, use "sig", alg, kid, issuer where there is one, and the public members of each. Keys need an ID each,
// and no two the same; a key that NewPublicKey would refuse is an error with
// reason ErrKey. No keys give an empty array.
func MarshalKeySet(keys []PublicKey) ([]byte, error) {
	set := struct {
		Keys []jwk.Key `json:"keys"`
	}{Keys: make([]jwk.Key, 0, len(keys))}
	seen := make(map[string]bool, len(keys))
	for _, key := range keys {
		if key.ID == "" || seen[key.ID] {
			return nil, refuse(ErrKey, "key ID %.64q is empty or occurs twice in the key set", key.ID)
		}
		seen[key.ID] = true
		checked, err := NewPublicKey(key.ID, key.Algorithm, key.Key)
		if err != nil {
			return nil, err
		}
		member, err := jwkOf(checked.Key, checked)
		if err == nil && key.Issuer != "" {
			err = member.Set("issuer", key.Issuer)
		}
		if err != nil {
			return nil, err
		}
		set.Keys = append(set.Keys, member)
	}
	data, err := json.Marshal(set)
	if err != nil {
		return nil, wrap(ErrKey, err, "key set cannot be written")
	}
	return data, nil
}
