package userpool

import "slices"

// Record is something that the pool knows by a name, such as a device of a user or an import job.
type Record struct {
	// Kind tells what it is; Key is unique within the kind.
	Kind string
	Key  string
	// Owner is the sub of the user whom the record belongs to and is deleted with, or empty.
	Owner string
	// Data is the pool's; the store does not look into it. It holds no secret in the clear.
	Data []byte
	// Version is counted up by the store with every write.
	Version int64
}

// Clone returns a deep copy.
func (r Record) Clone() Record {
	r.Data = slices.Clone(r.Data)
	return r
}
