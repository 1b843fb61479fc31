package userpool

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"
)

// auditChainVersion is the first thing that is hashed: another layout would have another one.
const auditChainVersion = "stepwell userpool audit 1"

// AuditHash returns the Hash that chains a record to the one before: the SHA-256 of a version ("stepwell userpool audit 1"), the ID of the
// pool, Serial, Time, Sub, Event and the Hash of the record before. Each part is preceded by its length in bytes, as 8 bytes with the most
// significant first; Serial and Time, in microseconds since 1970, are 8 such bytes themselves. The record before the first has 32 bytes of
// zero for its Hash.
func AuditHash(pool string, r AuditRecord, previous []byte) []byte {
	h := sha256.New()
	number := func(n int64) []byte { return binary.BigEndian.AppendUint64(nil, uint64(n)) }
	for _, part := range [][]byte{
		[]byte(auditChainVersion), []byte(pool), number(r.Serial), number(r.Time.UnixMicro()), []byte(r.Sub), r.Event, previous,
	} {
		h.Write(number(int64(len(part))))
		h.Write(part)
	}
	return h.Sum(nil)
}

// noAudit is the Hash before the first record.
var noAudit = make([]byte, sha256.Size)

// AuditHead is how far a trail went at some time: who keeps it elsewhere finds out later whether the end of the trail was cut off, or all
// of it was made anew.
type AuditHead struct {
	Serial int64
	Hash   []byte
}

// String returns the serial, a colon and the hash in hexadecimal, as the command verifyaudit takes it.
func (h AuditHead) String() string {
	return strconv.FormatInt(h.Serial, 10) + ":" + hex.EncodeToString(h.Hash)
}

// AuditVerification is what is known of a trail after it was verified.
type AuditVerification struct {
	// First and Last are the serials of the first and the last record that were verified, and Count is their number; all 0 if there are none.
	First, Last, Count int64
	// LastHash is the Hash of the record Last.
	LastHash []byte
	// Anchored is true if the first record is that of serial 1, or if the trail itself says what came before it, as the pool makes it say
	// when it deletes old records (Settings.AuditRetention). Otherwise the first record is only as good as what follows it.
	Anchored bool
	// Broken is the serial of the first record that is missing, out of place, or changed, or 0. Reason then says what is wrong with it.
	Broken int64
	Reason string
}

// Head returns the head of the trail.
func (v AuditVerification) Head() AuditHead { return AuditHead{Serial: v.Last, Hash: v.LastHash} }

// AuditVerifier verifies records one after the other. Make one with [NewAuditVerifier].
type AuditVerifier struct {
	pool  string
	head  *AuditHead
	first AuditRecord
	v     AuditVerification
	found bool // the head was met
}

// NewAuditVerifier returns a verifier for the trail of a pool. head, or nil, is what was known of the trail before: a record with this
// serial and hash must be there.
func NewAuditVerifier(pool string, head *AuditHead) *AuditVerifier {
	return &AuditVerifier{pool: pool, head: head}
}

// Add verifies the next record. It returns false once the chain is broken: what follows proves nothing.
func (a *AuditVerifier) Add(r AuditRecord) bool {
	if a.v.Broken != 0 {
		return false
	}
	if a.v.Count == 0 {
		return a.begin(r)
	}
	switch want := a.v.Last + 1; {
	case r.Serial > want:
		return a.broken(want, fmt.Sprintf("it is missing: record %d follows record %d", r.Serial, a.v.Last))
	case r.Serial < want:
		return a.broken(want, fmt.Sprintf("record %d stands in its place", r.Serial))
	case !hmac.Equal(r.Hash, AuditHash(a.pool, r, a.v.LastHash)):
		return a.broken(r.Serial, "it does not fit its hash and the record before: one of the two was changed")
	}
	return a.accept(r)
}

// begin takes the first record. What is before it is not known, unless it is the first of all.
func (a *AuditVerifier) begin(r AuditRecord) bool {
	a.first, a.v.First = r.Clone(), r.Serial
	switch {
	case r.Serial < 1:
		return a.broken(1, fmt.Sprintf("the first record has the serial %d", r.Serial))
	case r.Serial == 1 && !hmac.Equal(r.Hash, AuditHash(a.pool, r, noAudit)):
		return a.broken(1, "it does not fit its hash")
	}
	a.v.Anchored = r.Serial == 1
	return a.accept(r)
}

// accept takes a record that fits, and looks at what it says of itself.
func (a *AuditVerifier) accept(r AuditRecord) bool {
	a.v.Last, a.v.LastHash = r.Serial, slices.Clone(r.Hash)
	a.v.Count++
	if a.head != nil && r.Serial == a.head.Serial {
		a.found = true
		if !hmac.Equal(r.Hash, a.head.Hash) {
			return a.broken(r.Serial, "its hash is not the one that was known before: the trail was made anew up to here")
		}
	}
	var e AuditEvent
	if !a.v.Anchored && json.Unmarshal(r.Event, &e) == nil && e.Type == EventAuditPurge && e.Details["through"] == strconv.FormatInt(a.first.Serial-1, 10) {
		previous, err := hex.DecodeString(e.Details["hash"])
		if err != nil || !hmac.Equal(a.first.Hash, AuditHash(a.pool, a.first, previous)) {
			return a.broken(a.first.Serial, fmt.Sprintf("it does not fit what record %d says of the one before it", r.Serial))
		}
		a.v.Anchored = true
	}
	return true
}

func (a *AuditVerifier) broken(serial int64, reason string) bool {
	a.v.Broken, a.v.Reason = serial, reason
	return false
}

// Result returns what was found, once all records were added.
func (a *AuditVerifier) Result() AuditVerification {
	v := a.v
	if v.Broken != 0 || a.head == nil || a.found {
		return v
	}
	switch {
	case v.Last < a.head.Serial:
		v.Broken, v.Reason = v.Last+1, fmt.Sprintf("it is missing: the trail once went as far as record %d", a.head.Serial)
	default:
		v.Broken, v.Reason = a.head.Serial, "it was known before, and is among those that were deleted: give a newer head"
	}
	return v
}

// VerifyAudit verifies all records of a pool in a store. head may be nil; see [NewAuditVerifier]. An error means that the store could not
// be read; a trail that is broken is no error.
func VerifyAudit(ctx context.Context, store AuditStore, pool string, head *AuditHead) (AuditVerification, error) {
	v := NewAuditVerifier(pool, head)
	err := eachAudit(ctx, store, pool, func(r AuditRecord) (bool, error) { return v.Add(r), nil })
	return v.Result(), err
}

// eachAudit calls do for each record in order, until it returns false.
func eachAudit(ctx context.Context, store AuditStore, pool string, do func(AuditRecord) (bool, error)) error {
	const batch = 500
	for after := int64(0); ; {
		records, err := store.ListAudit(ctx, pool, AuditQuery{After: after, Limit: batch})
		if err != nil {
			return unavailable("reading the audit trail", err)
		}
		for _, r := range records {
			if more, err := do(r); err != nil || !more {
				return err
			}
			after = r.Serial
		}
		if len(records) < batch {
			return nil
		}
	}
}

// VerifyAuditTrail verifies the audit trail of the pool: that no record was changed, taken out or put elsewhere since it was written.
// Whoever can write to the store can make the whole trail anew; to find that out, or that its end was cut off, give the head of an earlier
// verification, which was kept elsewhere. Run writes the head to the log every 15 minutes. head may be nil.
func (p *Pool) VerifyAuditTrail(ctx context.Context, head *AuditHead) (AuditVerification, error) {
	return VerifyAudit(ctx, p.store, p.id, head)
}

// exportedAudit is a line of ExportAudit.
type exportedAudit struct {
	Pool   string `json:"pool"`
	Serial int64  `json:"serial"`
	// Time is in microseconds since 1970, as it is hashed.
	Time  int64           `json:"time"`
	Sub   string          `json:"sub"`
	Event json.RawMessage `json:"event"`
	Hash  string          `json:"hash"`
}

// ExportAudit writes the audit trail of the pool to w, from the first record to the last, one JSON object on a line: pool, serial, time (in
// microseconds since 1970), sub, event as it was hashed, and hash in hexadecimal. The command verifyaudit verifies such a file.
func (p *Pool) ExportAudit(ctx context.Context, w io.Writer) error {
	return eachAudit(ctx, p.store, p.id, func(r AuditRecord) (bool, error) {
		line, err := json.Marshal(exportedAudit{
			Pool: p.id, Serial: r.Serial, Time: r.Time.UnixMicro(), Sub: r.Sub, Event: r.Event, Hash: hex.EncodeToString(r.Hash),
		})
		if err != nil {
			return false, fmt.Errorf("userpool: audit record %d is no JSON; VerifyAuditTrail tells whether it was changed: %w", r.Serial, err)
		}
		if _, err := w.Write(append(line, '\n')); err != nil {
			return false, fmt.Errorf("userpool: writing the audit trail: %w", err)
		}
		return true, nil
	})
}

// ParseAuditLine returns the record of a line that ExportAudit wrote, and the pool that it is of.
func ParseAuditLine(line []byte) (pool string, r AuditRecord, err error) {
	var e exportedAudit
	if err := json.Unmarshal(line, &e); err != nil {
		return "", AuditRecord{}, fmt.Errorf("userpool: the line is no exported audit record: %w", err)
	}
	r = AuditRecord{Serial: e.Serial, Time: time.UnixMicro(e.Time).UTC(), Sub: e.Sub, Event: e.Event}
	if r.Hash, err = hex.DecodeString(e.Hash); err != nil {
		return "", AuditRecord{}, fmt.Errorf("userpool: the hash of record %d is not in hexadecimal", e.Serial)
	}
	return e.Pool, r, nil
}
