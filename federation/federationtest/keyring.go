package federationtest

import "slices"

// maxKeys is how many keys are published: the one that signs and the others.
const maxKeys = 5

// keyRing are the keys that somebody publishes, at most maxKeys. The first one signs. Who has it guards it.
type keyRing[K any] []K

// add publishes a key, without signing with it. In a full ring it takes the place of the last one.
func (r *keyRing[K]) add(key K) {
	*r = append((*r)[:min(len(*r), maxKeys-1)], key)
}

// useNewest signs with the key that was added last; the others stay, in their order.
func (r *keyRing[K]) useNewest() {
	if last := len(*r) - 1; last > 0 {
		*r = slices.Concat((*r)[last:], (*r)[:last])
	}
}

// retire leaves the key that signs and no other.
func (r *keyRing[K]) retire() {
	n := min(1, len(*r))
	*r = (*r)[:n:n]
}
