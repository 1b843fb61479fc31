package hostedui

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/stepwell/stepwell/userpool"
)

const (
	maxEmail    = 254  // RFC 5321, 4.5.3.1.3
	maxPassword = 256  // characters, as the pool has it
	maxName     = 100  // characters; room for any name that a person types
	maxSession  = 1024 // bytes of a sign-up session
)

// field is one input of a form, with what is wrong with it.
type field struct {
	Name, Label, Type, Value string
	Hint, Error              string
	Autocomplete, InputMode  string
	Optional, ReadOnly       bool
	Code                     bool
	Focus                    bool
}

// DescribedBy lists the elements that explain the input (ARIA 1.2, aria-describedby).
func (f *field) DescribedBy() string {
	var ids []string
	if f.Hint != "" {
		ids = append(ids, f.Name+"-hint")
	}
	if f.Error != "" {
		ids = append(ids, f.Name+"-error")
	}
	return strings.Join(ids, " ")
}

func emailField(value string) *field {
	return &field{
		Name: "username", Label: "E-mail address", Type: "text", InputMode: "email", Autocomplete: "username", Value: value,
	}
}

func nameField(value string) *field {
	return &field{Name: "name", Label: "Your name", Type: "text", Autocomplete: "name", Value: value, Optional: true}
}

func codeField(value string) *field {
	return &field{
		Name: "code", Label: "Code", Type: "text", InputMode: "numeric", Autocomplete: "one-time-code", Value: value, Code: true,
		Hint: "Six digits, valid for ten minutes.",
	}
}

// passwordField never has a value: a password that was typed is not sent back.
func passwordField(name, label, autocomplete, hint string) *field {
	return &field{Name: name, Label: label, Type: "password", Autocomplete: autocomplete, Hint: hint}
}

// form is what a page asks for.
type form struct {
	Fields []*field
	// General is what is wrong with no single field.
	General []string
	// Username and Session are hidden where the person has typed the address already.
	Username, Session string
	status            int
}

// Problems lists what is wrong, for the summary on top.
func (f *form) Problems() []*field {
	var bad []*field
	for _, field := range f.Fields {
		if field.Error != "" {
			bad = append(bad, field)
		}
	}
	return bad
}

func (f *form) failed() bool { return len(f.General) > 0 || len(f.Problems()) > 0 }

func (f *form) field(name string) *field {
	for _, field := range f.Fields {
		if field.Name == name {
			return field
		}
	}
	return nil
}

// focus puts the cursor into the first field that is wrong; else into the first that is empty; else into the last.
func (f *form) focus() {
	var target *field
	for _, field := range f.Fields {
		field.Focus = false
		if target == nil && field.Error != "" {
			target = field
		}
	}
	for _, field := range f.Fields {
		if target == nil && field.Value == "" && !field.Optional && !field.ReadOnly {
			target = field
		}
	}
	if target == nil && len(f.Fields) > 0 {
		target = f.Fields[len(f.Fields)-1]
	}
	if target != nil {
		target.Focus = true
	}
}

// complain takes over what is wrong with a field.
func (f *form) complain(name, message string) {
	if message == "" {
		return
	}
	f.status = http.StatusUnprocessableEntity
	if name == "username" && f.field(name) == nil { // it was hidden, and has to be typed again
		f.Fields = slices.Insert(f.Fields, 0, emailField(f.Username))
		f.Username = ""
	}
	if field := f.field(name); field != nil {
		field.Error, field.ReadOnly = message, false
		return
	}
	f.General = append(f.General, message)
}

// take puts an error of the pool where it belongs: beside the field that is at fault, or above all. It returns the error if no person can
// do anything about it.
func (f *form) take(x *exchange, err error) error {
	e, ok := errors.AsType[*userpool.Error](err)
	if !ok {
		return err
	}
	if e.Code == userpool.ServiceUnavailable {
		x.ui.log.ErrorContext(x.r.Context(), "hostedui: the pool is not available", "page", x.rel, "error", err, "cause", errors.Unwrap(e))
	}
	name := e.Field
	if name == "email" {
		name = "username"
	}
	f.complain(name, e.Message)
	f.status = status(e)
	if f.status == http.StatusInternalServerError {
		return err
	}
	x.retryAfter(e)
	return nil
}

// The checks return what is wrong in a sentence, or "". They find what is wrong with several fields at once; the pool, which decides,
// names one at a time.

func checkEmail(s string) string {
	switch {
	case strings.Trim(s, " ") == "":
		return "Enter your e-mail address."
	case len(s) > maxEmail:
		return "The e-mail address is too long: at most 254 characters are allowed."
	case !printable(s):
		return "The e-mail address has a control character, such as a tab or a line break."
	}
	return ""
}

func checkName(s string) string {
	switch {
	case utf8.RuneCountInString(s) > maxName:
		return "The name is too long: at most 100 characters are allowed."
	case !printable(s):
		return "The name has a control character, such as a tab or a line break."
	}
	return ""
}

func checkCode(s string) string {
	switch {
	case s == "":
		return "Enter the code from the message."
	case !printable(s):
		return "The code has a control character, such as a tab or a line break."
	case len(s) != 6 || strings.ContainsFunc(s, func(r rune) bool { return r < '0' || r > '9' }):
		return "The code has six digits. Please look at the message again."
	}
	return ""
}

func checkPassword(s string) string {
	switch {
	case s == "":
		return "Enter a password."
	case len(s) > 4*maxPassword || utf8.RuneCountInString(s) > maxPassword:
		return "The password is too long: at most 256 characters are allowed."
	case !printable(s):
		return "The password has a control character, such as a tab or a line break."
	}
	return ""
}

// plainCode takes away the spaces and hyphens that people and mail programs put between digits.
func plainCode(s string) string { return strings.NewReplacer(" ", "", "-", "").Replace(s) }

// printable tells whether s is valid UTF-8 without control characters.
func printable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}
