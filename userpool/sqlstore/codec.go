package sqlstore

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/stepwell/stepwell/internal/sqlkit"
	"github.com/stepwell/stepwell/userpool"
)

// The JSON in columns named *_json. Members may be added; none may change its meaning, since rows of earlier releases hold them.
type (
	identifierJSON struct {
		Kind  string `json:"kind"`
		Value string `json:"value"`
	}
	codeJSON struct {
		Purpose string `json:"purpose"`
		Hash    []byte `json:"hash"`
		Tries   int    `json:"tries"`
		Expires int64  `json:"expires"` // as in the columns of times
	}
)

func encodeUser(u userpool.User) (attributes, identifiers, codes string, err error) {
	ids := make([]identifierJSON, len(u.Identifiers))
	for i, id := range u.Identifiers {
		ids[i] = identifierJSON(id)
	}
	outstanding := make([]codeJSON, len(u.Codes))
	for i, c := range u.Codes {
		outstanding[i] = codeJSON{Purpose: c.Purpose, Hash: c.Hash, Tries: c.Tries, Expires: sqlkit.Micros(c.Expires)}
	}
	attributes, err = encode(u.Attributes, err)
	identifiers, err = encode(ids, err)
	codes, err = encode(outstanding, err)
	return attributes, identifiers, codes, err
}

func decodeUser(u *userpool.User, attributes, identifiers, codes, credentials string) error {
	var ids []identifierJSON
	var outstanding []codeJSON
	err := decode(attributes, &u.Attributes, nil)
	err = decode(identifiers, &ids, err)
	err = decode(codes, &outstanding, err)
	for _, id := range ids {
		u.Identifiers = append(u.Identifiers, userpool.Identifier(id))
	}
	for _, c := range outstanding {
		u.Codes = append(u.Codes, userpool.OneTimeCode{Purpose: c.Purpose, Hash: c.Hash, Tries: c.Tries, Expires: sqlkit.Time(c.Expires)})
	}
	if credentials != "" {
		err = decodeCredentials(u, credentials, err)
	}
	return err
}

func sameIdentifiers(a, b userpool.User) bool { return slices.Equal(a.Identifiers, b.Identifiers) }

// encode returns v as JSON, or the earlier error.
func encode(v any, earlier error) (string, error) {
	if earlier != nil {
		return "", earlier
	}
	b, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("sqlstore: encode: %w", err)
	}
	return string(b), nil
}

// decode is the inverse of encode; null and what is empty leave v as it is.
func decode(text string, v any, earlier error) error {
	if earlier != nil || text == "null" || text == "[]" || text == "{}" {
		return earlier
	}
	if err := json.Unmarshal([]byte(text), v); err != nil {
		return fmt.Errorf("sqlstore: a row holds JSON that cannot be read: %w", err)
	}
	return nil
}
