package policy

import (
	"fmt"
	"slices"
	"strings"
)

// comparison is what a condition operator compares.
type comparison uint8

const (
	compareText comparison = iota // by glob
	compareFold                   // by glob, without regard to case
	compareNumber
	compareDate
	compareBool
	compareBinary
	compareIP
	compareARN
	compareNull
)

// relation is how an operator on numbers and dates compares.
type relation uint8

const (
	equal relation = iota
	less
	lessOrEqual
	greater
	greaterOrEqual
)

func (r relation) holds(order int) bool {
	switch r {
	case less:
		return order < 0
	case lessOrEqual:
		return order <= 0
	case greater:
		return order > 0
	case greaterOrEqual:
		return order >= 0
	}
	return order == 0
}

// operator is a condition operator without prefix and suffix.
type operator struct {
	compares comparison
	relation relation
	negated  bool
	syntax   syntax // of its values, in a document of version 2012-10-17
}

var (
	variablesOnly = syntax{variables: true}
	allSyntax     = syntax{wildcards: true, variables: true}
)

// operatorOf finds an operator by its name.
func operatorOf(name string) (operator, bool) {
	switch name {
	case "StringEquals":
		return operator{compares: compareText, syntax: variablesOnly}, true
	case "StringNotEquals":
		return operator{compares: compareText, negated: true, syntax: variablesOnly}, true
	case "StringEqualsIgnoreCase":
		return operator{compares: compareFold, syntax: variablesOnly}, true
	case "StringNotEqualsIgnoreCase":
		return operator{compares: compareFold, negated: true, syntax: variablesOnly}, true
	case "StringLike":
		return operator{compares: compareText, syntax: allSyntax}, true
	case "StringNotLike":
		return operator{compares: compareText, negated: true, syntax: allSyntax}, true
	case "ArnEquals", "ArnLike":
		return operator{compares: compareARN, syntax: allSyntax}, true
	case "ArnNotEquals", "ArnNotLike":
		return operator{compares: compareARN, negated: true, syntax: allSyntax}, true
	case "Bool":
		return operator{compares: compareBool, syntax: variablesOnly}, true
	case "BinaryEquals":
		return operator{compares: compareBinary}, true
	case "IpAddress":
		return operator{compares: compareIP}, true
	case "NotIpAddress":
		return operator{compares: compareIP, negated: true}, true
	case "Null":
		return operator{compares: compareNull}, true
	}
	kind := compareNumber
	rest, ok := strings.CutPrefix(name, "Numeric")
	if !ok {
		kind = compareDate
		if rest, ok = strings.CutPrefix(name, "Date"); !ok {
			return operator{}, false
		}
	}
	switch rest {
	case "Equals":
		return operator{compares: kind}, true
	case "NotEquals":
		return operator{compares: kind, negated: true}, true
	case "LessThan":
		return operator{compares: kind, relation: less}, true
	case "LessThanEquals":
		return operator{compares: kind, relation: lessOrEqual}, true
	case "GreaterThan":
		return operator{compares: kind, relation: greater}, true
	case "GreaterThanEquals":
		return operator{compares: kind, relation: greaterOrEqual}, true
	}
	return operator{}, false
}

// operatorNames are what a condition may be, without prefix and suffix.
var operatorNames = []string{
	"StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", "StringLike", "StringNotLike",
	"NumericEquals", "NumericNotEquals", "NumericLessThan", "NumericLessThanEquals", "NumericGreaterThan", "NumericGreaterThanEquals",
	"DateEquals", "DateNotEquals", "DateLessThan", "DateLessThanEquals", "DateGreaterThan", "DateGreaterThanEquals",
	"Bool", "BinaryEquals", "IpAddress", "NotIpAddress", "ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike", "Null",
}

// quantifier is the prefix of an operator, for keys with several values.
type quantifier uint8

const (
	single   quantifier = iota // the key has one value
	allOf                      // ForAllValues: every value, or none is there
	someOf                     // ForAnyValue: at least one
	forAll   = "ForAllValues:"
	forAny   = "ForAnyValue:"
	ifExists = "IfExists"
)

// parseOperator reads a whole operator, such as
// "ForAnyValue:StringLikeIfExists". It returns what is wrong, or "".
func parseOperator(text string) (op operator, q quantifier, optional bool, problem string) {
	name, found := strings.CutPrefix(text, forAll)
	if found {
		q = allOf
	} else if name, found = strings.CutPrefix(text, forAny); found {
		q = someOf
	}
	name, optional = strings.CutSuffix(name, ifExists)
	op, ok := operatorOf(name)
	switch {
	case ok && op.compares == compareNull && (optional || q != single):
		return op, q, optional, "the operator Null takes neither " + ifExists + " nor a set qualifier"
	case ok:
		return op, q, optional, ""
	}
	i := slices.IndexFunc(operatorNames, func(n string) bool { return strings.EqualFold(n, name) })
	if i >= 0 {
		return op, q, optional, fmt.Sprintf("unknown operator %s; write %s", quote(text), operatorNames[i])
	}
	return op, q, optional, "unknown operator " + quote(text)
}
