package oidc

import (
	"encoding/json"
	"slices"

	"github.com/stepwell/stepwell/federation/internal/signin"
)

// protocolClaims are about the token, not about the person.
var protocolClaims = []string{"aud", "azp", "exp", "iat", "nbf", "jti", "nonce", "at_hash", "c_hash", "s_hash"}

// proofs are the claims that say an address is verified, by the address.
var proofs = map[string]string{"email": "email_verified", "phone_number": "phone_number_verified"}

// attributesOf turns claims into attributes. Claims of the ID token, which the
// provider signed for this sign-in, win over those of userinfo.
func attributesOf(token, info map[string]any) map[string][]string {
	attributes := make(map[string][]string)
	for _, claims := range []map[string]any{info, token} {
		for name, claim := range claims {
			if slices.Contains(protocolClaims, name) {
				continue
			}
			if values := attributeValues(claim); values != nil {
				attributes[name] = values
			}
		}
	}
	for address, proof := range proofs {
		delete(attributes, proof)
		value := attributes[address]
		if len(value) != 1 || address == "email" && !signin.IsOneAddress(value[0]) {
			delete(attributes, address)
			continue
		}
		if verified, said := isVerified(token, info, address, proof, value[0]); said {
			attributes[proof] = []string{boolText(verified)}
		}
	}
	return attributes
}

// attributeValues returns nil for what is no attribute: null, objects, and
// arrays of anything but strings.
func attributeValues(claim any) []string {
	switch v := claim.(type) {
	case string:
		return []string{v}
	case bool:
		return []string{boolText(v)}
	case json.Number:
		return []string{v.String()}
	case []any:
		var values []string
		for _, item := range v {
			text, ok := item.(string)
			if !ok {
				return nil
			}
			values = append(values, text)
		}
		return values
	}
	return nil
}

func boolText(b bool) string {
	if b {
		return "true"
	}
	return "false"
}

// isVerified decides whether the provider vouches for value, which is the
// address that was chosen. A proof counts for the address it came with, and
// only as the JSON value true; anything else that is said, anywhere, is a no.
// So userinfo can neither turn a no of the ID token into a yes, nor vouch for
// an address by having verified another one.
func isVerified(token, info map[string]any, address, proof, value string) (verified, said bool) {
	vouched := false
	for _, claims := range []map[string]any{token, info} {
		claim, present := claims[proof]
		if !present {
			continue
		}
		said = true
		if claim != true {
			return false, true
		}
		vouched = vouched || claims[address] == value
	}
	return vouched, said
}
