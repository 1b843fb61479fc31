package username

// Error is a name that [Canonical] refuses.
type Error struct {
	// Reason is the kind of fault.
	Reason Reason
	// Message is one or more sentences in English for the person who chose the name. It may quote one character of the name, never one
	// that is invisible or turns the direction of text.
	Message string
}

// Error returns the message with the name of the package before it, for a log.
func (e *Error) Error() string { return "username: " + e.Message }

// Is reports whether target is the reason of e.
func (e *Error) Is(target error) bool { return target == e.Reason }

// Reason is the kind of an [Error], for programs that speak other languages than English. It is itself an error, so that
// errors.Is(err, username.MixedScripts) asks for it.
type Reason string

const (
	// Empty is a name of nothing but spaces.
	Empty Reason = "Empty"
	// TooLong is a name of more than [MaxLength] characters.
	TooLong Reason = "TooLong"
	// Malformed is a name that is not UTF-8.
	Malformed Reason = "Malformed"
	// Space is a name with a space or a line break inside.
	Space Reason = "Space"
	// Invisible is a name with a character that cannot be seen: a control or format character, or one without width.
	Invisible Reason = "Invisible"
	// Disallowed is a name with another character that names cannot have, or not at that place: a symbol, or one that is private,
	// unassigned or kept for compatibility.
	Disallowed Reason = "Disallowed"
	// LikeEmail is a name with an at sign.
	LikeEmail Reason = "LikeEmail"
	// LikePhone is a name that could be a phone number.
	LikePhone Reason = "LikePhone"
	// ExcludedScript is a name in a script that no living language is written in (UAX 31, table 4).
	ExcludedScript Reason = "ExcludedScript"
	// MixedScripts is a name with letters of several scripts.
	MixedScripts Reason = "MixedScripts"
	// MixedDigits is a name with digits of several kinds, such as ASCII and Devanagari.
	MixedDigits Reason = "MixedDigits"
	// Marks is a name that begins with a combining mark, has one twice in a row, or more than four.
	Marks Reason = "Marks"
	// Direction is a name whose right-to-left and left-to-right characters would be shown in a misleading order (RFC 5893, 2).
	Direction Reason = "Direction"
)

// Error returns the reason, with the name of the package before it.
func (r Reason) Error() string { return "username: " + string(r) }
