package userpool

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"io"
	"strconv"
	"strings"

	"golang.org/x/crypto/argon2"
	"golang.org/x/sync/semaphore"
)

// The cost of a new password hash: argon2id with OWASP's first choice. What is stored names its own cost, so that these can change.
const (
	argonMemory  = 19 * 1024 // KiB
	argonTime    = 2
	argonThreads = 1
	argonSalt    = 16
	argonKey     = 32
)

// hasher makes and verifies password hashes, a bounded number at a time: each takes 19 MiB, and more of them at once than there are
// processors serve nobody sooner.
type hasher struct {
	slots *semaphore.Weighted
	rand  io.Reader
	// decoy is verified for a user who is not there, so that it takes as long as for one who is.
	decoy string
}

func newHasher(slots int, rand io.Reader) (*hasher, error) {
	h := &hasher{slots: semaphore.NewWeighted(int64(slots)), rand: rand}
	salt := make([]byte, argonSalt+argonKey)
	if _, err := io.ReadFull(rand, salt); err != nil {
		return nil, fmt.Errorf("userpool: reading random bytes: %w", err)
	}
	h.decoy = formatPHC(salt[:argonSalt], salt[argonSalt:])
	return h, nil
}

// hash returns the PHC string of a password.
func (h *hasher) hash(ctx context.Context, password string) (string, error) {
	salt := make([]byte, argonSalt)
	if _, err := io.ReadFull(h.rand, salt); err != nil {
		return "", fmt.Errorf("userpool: reading random bytes: %w", err)
	}
	if err := h.slots.Acquire(ctx, 1); err != nil {
		return "", unavailable("waiting to hash a password", err)
	}
	defer h.slots.Release(1)
	return formatPHC(salt, argon2.IDKey([]byte(password), salt, argonTime, argonMemory, argonThreads, argonKey)), nil
}

// verify tells whether the password is the one that was hashed. An empty or damaged hash takes as long as any other, and is never right.
func (h *hasher) verify(ctx context.Context, phc, password string) (bool, error) {
	params, usable := parsePHC(phc)
	if !usable {
		params, _ = parsePHC(h.decoy)
	}
	if err := h.slots.Acquire(ctx, 1); err != nil {
		return false, unavailable("waiting to hash a password", err)
	}
	defer h.slots.Release(1)
	got := argon2.IDKey([]byte(password), params.salt, params.time, params.memory, params.threads, uint32(len(params.key)))
	return subtle.ConstantTimeCompare(got, params.key) == 1 && usable, nil
}

// phc is a parsed argon2id hash in the PHC string format.
type phc struct {
	memory, time uint32
	threads      uint8
	salt, key    []byte
}

func formatPHC(salt, key []byte) string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemory, argonTime, argonThreads,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(key))
}

// parsePHC refuses every string but an argon2id hash of bearable cost: a hash that came from elsewhere must not be able to take all
// memory or time.
func parsePHC(s string) (phc, bool) {
	var out phc
	parts := strings.Split(s, "$")
	if len(s) > 512 || len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != "v="+strconv.Itoa(argon2.Version) {
		return out, false
	}
	cost := strings.Split(parts[3], ",")
	if len(cost) != 3 {
		return out, false
	}
	memory, ok1 := costParameter(cost[0], "m=", 8, 256*1024)
	rounds, ok2 := costParameter(cost[1], "t=", 1, 16)
	threads, ok3 := costParameter(cost[2], "p=", 1, 16)
	salt, err1 := base64.RawStdEncoding.Strict().DecodeString(parts[4])
	key, err2 := base64.RawStdEncoding.Strict().DecodeString(parts[5])
	if !ok1 || !ok2 || !ok3 || err1 != nil || err2 != nil || memory < 8*threads {
		return out, false
	}
	if len(salt) < 8 || len(salt) > 64 || len(key) < 16 || len(key) > 64 {
		return out, false
	}
	return phc{memory: memory, time: rounds, threads: uint8(threads), salt: salt, key: key}, true
}

func costParameter(s, prefix string, least, most uint64) (uint32, bool) {
	digits, found := strings.CutPrefix(s, prefix)
	n, err := strconv.ParseUint(digits, 10, 32)
	if !found || err != nil || n < least || n > most || strconv.FormatUint(n, 10) != digits {
		return 0, false
	}
	return uint32(n), true
}
