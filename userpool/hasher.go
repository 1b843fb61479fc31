package userpool

import (
	"context"
	"fmt"
	"io"

	"golang.org/x/sync/semaphore"

	"github.com/stepwell/stepwell/userpool/internal/passwordhash"
)

// hasher makes and verifies password hashes, a bounded number at a time: each takes 19 MiB, and more of them at once than there are
// processors serve nobody sooner.
type hasher struct {
	slots *semaphore.Weighted
	max   int64
	rand  io.Reader
	// decoy is verified for a user who is not there, so that it takes as long as for one who is.
	decoy passwordhash.Hash
}

// memoryPerSlot is how much memory one slot stands for. An imported hash may take more, and then takes several.
const memoryPerSlot = 64 << 20

func newHasher(slots int, rand io.Reader) (*hasher, error) {
	decoy, err := passwordhash.Decoy(rand)
	if err != nil {
		return nil, fmt.Errorf("userpool: %w", err)
	}
	return &hasher{slots: semaphore.NewWeighted(int64(slots)), max: int64(slots), rand: rand, decoy: decoy}, nil
}

// hash returns the PHC string of a password.
func (h *hasher) hash(ctx context.Context, password string) (string, error) {
	if err := h.slots.Acquire(ctx, 1); err != nil {
		return "", unavailable("waiting to hash a password", err)
	}
	defer h.slots.Release(1)
	encoded, err := passwordhash.New(h.rand, password)
	if err != nil {
		return "", fmt.Errorf("userpool: %w", err)
	}
	return encoded, nil
}

// verify tells whether the password is the one that was hashed, and, if so, whether the hash should be made anew because it came from
// another system or costs less than a new one. An empty or damaged hash takes as long as one of the pool's own, and is never right.
func (h *hasher) verify(ctx context.Context, encoded, password string) (right, old bool, err error) {
	hash, damaged := passwordhash.Parse(encoded)
	if damaged != nil {
		hash = h.decoy
	}
	slots := min(1+int64(hash.Memory())/memoryPerSlot, h.max)
	if err := h.slots.Acquire(ctx, slots); err != nil {
		return false, false, unavailable("waiting to hash a password", err)
	}
	defer h.slots.Release(slots)
	right = hash.Verify(password) && damaged == nil
	return right, right && !hash.Current(), nil
}
