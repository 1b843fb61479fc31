package passkey

import (
	"encoding/base64"
	"fmt"

	"github.com/stepwell/stepwell/userpool"
)

// COSE algorithms (RFC 9053, RFC 8812).
const (
	algES256 = -7
	algEdDSA = -8
	algRS256 = -257
)

// algorithms are those asked for, the one that is liked best first.
var algorithms = []int{algES256, algEdDSA, algRS256}

// binary is written in base64url without padding, as Base64URLString in Level 3, 5.1.
type binary []byte

func (b binary) MarshalText() ([]byte, error) {
	return base64.RawURLEncoding.AppendEncode(nil, b), nil
}

// encoded is the text of a challenge in the client data.
func encoded(challenge []byte) string { return base64.RawURLEncoding.EncodeToString(challenge) }

// creationOptions is PublicKeyCredentialCreationOptionsJSON (Level 3, 5.1.9).
type creationOptions struct {
	RP                     rpEntity               `json:"rp"`
	User                   userEntity             `json:"user"`
	Challenge              binary                 `json:"challenge"`
	PubKeyCredParams       []parameters           `json:"pubKeyCredParams"`
	Timeout                int64                  `json:"timeout"` // milliseconds
	ExcludeCredentials     []descriptor           `json:"excludeCredentials"`
	AuthenticatorSelection authenticatorSelection `json:"authenticatorSelection"`
	Attestation            string                 `json:"attestation"`
}

type rpEntity struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

type userEntity struct {
	ID          binary `json:"id"`
	Name        string `json:"name"`
	DisplayName string `json:"displayName"`
}

type parameters struct {
	Type string `json:"type"`
	Alg  int    `json:"alg"`
}

type authenticatorSelection struct {
	ResidentKey        string `json:"residentKey"`
	RequireResidentKey bool   `json:"requireResidentKey"`
	UserVerification   string `json:"userVerification"`
}

type descriptor struct {
	Type       string   `json:"type"`
	ID         binary   `json:"id"`
	Transports []string `json:"transports,omitempty"`
}

// requestOptions is PublicKeyCredentialRequestOptionsJSON (Level 3, 5.1.10).
type requestOptions struct {
	Challenge        binary       `json:"challenge"`
	Timeout          int64        `json:"timeout"` // milliseconds
	RPID             string       `json:"rpId"`
	AllowCredentials []descriptor `json:"allowCredentials"`
	UserVerification string       `json:"userVerification"`
}

// credentialType is the only type that there is (Level 3, 5.8.2).
const credentialType = "public-key"

// descriptors names passkeys to a browser.
func descriptors(passkeys []userpool.Passkey) ([]descriptor, error) {
	if len(passkeys) > maxPasskeys {
		return nil, fmt.Errorf("passkey: %d passkeys: a ceremony names at most %d", len(passkeys), maxPasskeys)
	}
	out := make([]descriptor, 0, len(passkeys))
	for _, k := range passkeys {
		if len(k.ID) == 0 || len(k.ID) > maxCredentialID {
			return nil, fmt.Errorf("passkey: a credential ID has %d bytes: it must have 1 to %d", len(k.ID), maxCredentialID)
		}
		out = append(out, descriptor{Type: credentialType, ID: k.ID, Transports: k.Transports})
	}
	return out, nil
}
