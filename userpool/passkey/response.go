package passkey

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"strings"

	"github.com/stepwell/stepwell/internal/jose"
)

// response is what counts of a browser's answer (RegistrationResponseJSON and AuthenticationResponseJSON, Level 3, 5.1.8). All else that
// it may hold, such as the results of extensions that were not asked for, is left behind.
type response struct {
	id                []byte
	clientDataJSON    []byte
	attestationObject []byte   // of a registration
	transports        []string // of a registration
	authenticatorData []byte   // of an authentication
	signature         []byte   // of an authentication
	userHandle        []byte   // of an authentication; nil if there is none
}

// readResponse reads the members that both kinds have, and returns the inner object for the others.
func readResponse(raw []byte) (r response, inner map[string]any, err error) {
	if len(raw) > maxResponse {
		return response{}, nil, refuse(ErrMalformed, "the answer has %d bytes: at most %d are read", len(raw), maxResponse)
	}
	outer, err := jose.DecodeObject(raw)
	if err != nil {
		return response{}, nil, refuse(ErrMalformed, "the answer is not one JSON object: %s", clean(err.Error()))
	}
	inner, ok := outer["response"].(map[string]any)
	if kind, _ := outer["type"].(string); kind != credentialType || !ok {
		return response{}, nil, refuse(ErrMalformed, "the answer has no response of the type %s", credentialType)
	}
	if r.id, err = octets(outer, "id"); err != nil {
		return response{}, nil, err
	}
	rawID, err := octets(outer, "rawId")
	switch {
	case err != nil:
		return response{}, nil, err
	case len(r.id) == 0 || len(r.id) > maxCredentialID || !bytes.Equal(r.id, rawID):
		return response{}, nil, refuse(ErrMalformed, "id has not 1 to %d bytes, or is not rawId", maxCredentialID)
	}
	r.clientDataJSON, err = octets(inner, "clientDataJSON")
	return r, inner, err
}

// readRegistration reads a RegistrationResponseJSON.
func readRegistration(raw []byte) (response, error) {
	r, inner, err := readResponse(raw)
	if err != nil {
		return response{}, err
	}
	if r.attestationObject, err = octets(inner, "attestationObject"); err != nil {
		return response{}, err
	}
	r.transports, err = readTransports(inner)
	return r, err
}

// readAuthentication reads an AuthenticationResponseJSON.
func readAuthentication(raw []byte) (response, error) {
	r, inner, err := readResponse(raw)
	if err != nil {
		return response{}, err
	}
	if r.authenticatorData, err = octets(inner, "authenticatorData"); err != nil {
		return response{}, err
	}
	if r.signature, err = octets(inner, "signature"); err != nil {
		return response{}, err
	}
	// Browsers leave the handle out, or give null, if the authenticator keeps none. None is empty, so "" says the same.
	if value := inner["userHandle"]; value != nil && value != "" {
		if r.userHandle, err = octets(inner, "userHandle"); err != nil {
			return response{}, err
		}
		if len(r.userHandle) > maxHandle {
			return response{}, refuse(ErrMalformed, "userHandle has %d bytes: it has at most %d", len(r.userHandle), maxHandle)
		}
	}
	return r, nil
}

// octets returns a member that is a Base64URLString: one encoding for each value, so no padding, no line breaks, no stray bits.
func octets(object map[string]any, name string) ([]byte, error) {
	text, ok := object[name].(string)
	if !ok {
		return nil, refuse(ErrMalformed, "%s is missing, or not a string", name)
	}
	out, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || strings.ContainsAny(text, "\r\n") {
		return nil, refuse(ErrMalformed, "%s is not base64url without padding", name)
	}
	return out, nil
}

// readTransports reads how the authenticator can be reached. It is a hint, and new words may come: they are kept as they are (Level 3,
// 5.8.4), so just the form is checked.
func readTransports(inner map[string]any) ([]string, error) {
	if inner["transports"] == nil {
		return nil, nil
	}
	values, ok := inner["transports"].([]any)
	if !ok || len(values) > 16 {
		return nil, refuse(ErrMalformed, "transports is not an array of at most 16 words")
	}
	var out []string
	for _, value := range values {
		word, _ := value.(string)
		if word == "" || len(word) > 32 || strings.Trim(word, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			return nil, refuse(ErrMalformed, "transports has a value that is not a word such as internal or smart-card")
		}
		out = append(out, word)
	}
	return out, nil
}

// forLibrary writes the response anew, with nothing in it but what was read: the library never sees what the browser sent otherwise.
func (r response) forLibrary() []byte {
	inner := map[string]any{"clientDataJSON": binary(r.clientDataJSON)}
	if r.attestationObject != nil {
		inner["attestationObject"] = binary(r.attestationObject)
	} else {
		inner["authenticatorData"], inner["signature"] = binary(r.authenticatorData), binary(r.signature)
		if r.userHandle != nil {
			inner["userHandle"] = binary(r.userHandle)
		}
	}
	// Strings and base64url: there is nothing that json.Marshal could fail on.
	out, _ := json.Marshal(map[string]any{"id": binary(r.id), "rawId": binary(r.id), "type": credentialType, "response": inner})
	return out
}
