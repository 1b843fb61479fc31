package pgtest

// ending tells what becomes of the data when a server is stopped.
type ending string

const (
	keepData   ending = "keep"
	forgetData ending = "forget"
)
