package azuread

import (
	"errors"
	"regexp"
	"strconv"

	"github.com/stepwell/stepwell/federation/oidc"
	"github.com/stepwell/stepwell/federation/saml"
)

// Explanation says what an error number of the directory means: what it calls
// AADSTS50011.
type Explanation struct {
	// Code is the number after AADSTS.
	Code int
	// Text is what happened.
	Text string
	// WhatToDo says what to change, and where in the Entra admin center
	// (https://entra.microsoft.com).
	WhatToDo string
}

// String returns all of it in one line.
func (e Explanation) String() string {
	if e.Code == 0 {
		return ""
	}
	return "AADSTS" + strconv.Itoa(e.Code) + ": " + e.Text + " " + e.WhatToDo
}

// Explain returns what an error of a Provider or SAMLProvider means and what to
// change, in plain words for an administrator: the explanation of the directory's
// number, or what this package itself has found. It returns "" where it has nothing
// to add to the error's text. Nothing of what it returns is secret or from outside
// but identifiers. It can be the field Explain of diagnostic.Config.
func Explain(err error) string {
	if e, ok := ExplanationOf(err); ok {
		return e.String()
	}
	var ours *Error
	if !errors.As(err, &ours) {
		return ""
	}
	switch ours.Code {
	case TenantNotAllowed:
		return ours.Message + ". Sign in with an account of another organization, or add the tenant ID to AllowedTenants."
	case InvalidConfig, TenantUnknown, InvalidIdentity, GroupsFailed, Unavailable:
		return ours.Message + "."
	}
	return ""
}

// ExplanationOf returns the explanation of the number in the directory's answer that
// err is about. ok is false where there is no number, or one that is not known here.
func ExplanationOf(err error) (explanation Explanation, ok bool) {
	var ours *Error
	if errors.As(err, &ours) && ours.Explanation.Code != 0 {
		return ours.Explanation, true
	}
	var byOIDC *oidc.Error
	if errors.As(err, &byOIDC) {
		return find(byOIDC.ProviderDescription)
	}
	var bySAML *saml.Error
	if errors.As(err, &bySAML) {
		return find(bySAML.ProviderDescription)
	}
	return Explanation{}, false
}

// ExplainText returns the explanation of the first known number in a text that
// somebody copied from a page of the directory, or of a bare number. ok is false
// where there is none.
func ExplainText(text string) (explanation Explanation, ok bool) {
	if len(text) <= maxDigits {
		if e, ok := lookup(text); ok {
			return e, true
		}
	}
	return find(text)
}

const (
	maxDigits   = 7
	maxSearched = 4 << 10
)

var numbered = regexp.MustCompile(`AADSTS([0-9]{5,7})`)

func find(text string) (Explanation, bool) {
	if len(text) > maxSearched {
		text = text[:maxSearched]
	}
	for _, match := range numbered.FindAllStringSubmatch(text, 8) {
		if e, ok := lookup(match[1]); ok {
			return e, true
		}
	}
	return Explanation{}, false
}

func lookup(digits string) (Explanation, bool) {
	code, err := strconv.Atoi(digits)
	meaning, ok := meanings[code]
	if err != nil || !ok {
		return Explanation{}, false
	}
	return Explanation{Code: code, Text: meaning.text, WhatToDo: meaning.change}, true
}
