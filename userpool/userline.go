package userpool

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/stepwell/stepwell/internal/jose"
)

// The lines of an export; see ImportUsersInput for what they mean. Names are compared exactly.
type (
	groupLine struct {
		Type        string    `json:"type"`
		Name        string    `json:"name"`
		Description string    `json:"description,omitempty"`
		RoleARN     string    `json:"role_arn,omitempty"`
		Precedence  *int32    `json:"precedence,omitempty"`
		Created     time.Time `json:"created,omitzero"`
	}

	userLine struct {
		Type     string     `json:"type"`
		Sub      string     `json:"sub,omitempty"`
		Username string     `json:"username,omitempty"`
		Status   UserStatus `json:"status,omitempty"`
		Enabled  *bool      `json:"enabled,omitempty"`
		// SignInWith are the addresses that the user is found by, verified or not; nil for the usual.
		SignInWith        []string                 `json:"sign_in_with,omitzero"`
		Attributes        map[string]lineAttribute `json:"attributes,omitempty"`
		PendingAttributes map[string]lineAttribute `json:"pending_attributes,omitempty"`
		PasswordHash      string                   `json:"password_hash,omitempty"`
		FirebasePassword  *firebaseLine            `json:"firebase_password,omitempty"`
		PasswordHistory   []string                 `json:"password_history,omitempty"`
		PasswordChanged   time.Time                `json:"password_changed,omitzero"`
		PasswordExpires   time.Time                `json:"password_expires,omitzero"`
		SRPVerifier       *srpLine                 `json:"srp_verifier,omitempty"`
		SoftwareToken     *softwareTokenLine       `json:"software_token,omitempty"`
		MFA               []ChallengeName          `json:"mfa,omitempty"`
		PreferredMFA      ChallengeName            `json:"preferred_mfa,omitempty"`
		Passkeys          []passkeyLine            `json:"passkeys,omitempty"`
		Identities        []identityLine           `json:"identities,omitempty"`
		Groups            []string                 `json:"groups,omitempty"`
		Created           time.Time                `json:"created,omitzero"`
		Modified          time.Time                `json:"modified,omitzero"`
	}

	firebaseLine struct {
		Hash string `json:"hash"`
		Salt string `json:"salt"`
	}

	srpLine struct {
		Pool     string `json:"pool"`
		Salt     string `json:"salt"`
		Verifier string `json:"verifier"`
	}

	softwareTokenLine struct {
		Secret   string    `json:"secret"`
		Name     string    `json:"name,omitempty"`
		LastStep int64     `json:"last_step,omitempty"`
		Created  time.Time `json:"created,omitzero"`
	}

	passkeyLine struct {
		ID             []byte    `json:"id"`
		PublicKey      []byte    `json:"public_key"`
		SignCount      uint32    `json:"sign_count,omitempty"`
		AAGUID         []byte    `json:"aaguid,omitempty"`
		Transports     []string  `json:"transports,omitempty"`
		UserVerified   bool      `json:"user_verified,omitempty"`
		BackupEligible bool      `json:"backup_eligible,omitempty"`
		BackedUp       bool      `json:"backed_up,omitempty"`
		Name           string    `json:"name,omitempty"`
		Created        time.Time `json:"created,omitzero"`
		LastUsed       time.Time `json:"last_used,omitzero"`
	}

	identityLine struct {
		Provider string    `json:"provider"`
		Subject  string    `json:"subject"`
		Linked   time.Time `json:"linked,omitzero"`
	}
)

// lineAttribute is the value of an attribute: a string, or true, false or a number, as other systems write them.
type lineAttribute string

// UnmarshalJSON implements json.Unmarshaler.
func (a *lineAttribute) UnmarshalJSON(raw []byte) error {
	var value any
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if err := d.Decode(&value); err != nil {
		return err
	}
	switch value := value.(type) {
	case string:
		*a = lineAttribute(value)
	case bool:
		*a = lineAttribute(fmt.Sprint(value))
	case json.Number:
		*a = lineAttribute(value)
	case nil:
		*a = ""
	default:
		return errors.New("the value of an attribute is an object or a list")
	}
	return nil
}

// lineFault is a line that cannot be read; it says why, and in which field.
func lineFault(field, format string, args ...any) error {
	return failField(InvalidParameter, field, format, args...)
}

// parseLine reads a line strictly: into a *userLine or a *groupLine.
func parseLine(raw []byte) (any, error) {
	object, err := jose.DecodeObject(raw)
	if err != nil {
		// Its errors tell the offset, never the content.
		return nil, lineFault("", "The line is not one JSON object: %s.", strings.TrimPrefix(err.Error(), "jose: "))
	}
	var line any
	switch kind, ok := object["type"].(string); {
	case kind == "user" || object["type"] == nil:
		line = &userLine{}
	case kind == "group":
		line = &groupLine{}
	case ok:
		return nil, lineFault("type", "The type %q is not one of group, user.", printable(kind))
	default:
		return nil, lineFault("type", "The type is not a string.")
	}
	if name := unknownName(object, reflect.TypeOf(line).Elem()); name != "" {
		return nil, lineFault(printable(name), "There is no field %q.", printable(name))
	}
	if err := json.Unmarshal(raw, line); err != nil {
		if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
			return nil, lineFault(printable(e.Field), "The field %q has a value of another type than it should.", printable(e.Field))
		}
		return nil, lineFault("", "The line has a value that is not of its type: a time is written 2006-01-02T15:04:05Z, and bytes in base64; the value of an attribute is a string, a number, true or false.")
	}
	return line, nil
}

// unknownName returns the name of a member that a type does not have, or "": encoding/json would take "Sub" for "sub".
func unknownName(value any, t reflect.Type) string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	list, isList := value.([]any)
	object, isObject := value.(map[string]any)
	switch {
	case isList && t.Kind() == reflect.Slice:
		for _, element := range list {
			if name := unknownName(element, t.Elem()); name != "" {
				return name
			}
		}
	case isObject && t.Kind() == reflect.Struct && t != reflect.TypeFor[time.Time]():
		fields := map[string]reflect.Type{}
		for i := range t.NumField() {
			name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
			fields[name] = t.Field(i).Type
		}
		for _, name := range sortedKeys(object) {
			field, known := fields[name]
			if !known {
				return name
			}
			if inner := unknownName(object[name], field); inner != "" {
				return name + "." + inner
			}
		}
	}
	return ""
}

func sortedKeys[V any](m map[string]V) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
