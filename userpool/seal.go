package userpool

import (
	"context"
	"fmt"
)

// seal encrypts what the pool must be able to read again, under a key of the pool. label must be given again to unseal: it binds the result
// to its place, such as a user and a field.
func (p *Pool) seal(ctx context.Context, plain []byte, label string) ([]byte, error) {
	r, err := p.ring(ctx)
	if err != nil {
		return nil, err
	}
	sealed, err := r.seal.Wrap(plain, p.id+"/"+label)
	if err != nil {
		return nil, fmt.Errorf("userpool: sealing: %w", err)
	}
	return sealed, nil
}

// unseal returns what was sealed with the same label.
func (p *Pool) unseal(ctx context.Context, sealed []byte, label string) ([]byte, error) {
	r, err := p.ring(ctx)
	if err != nil {
		return nil, err
	}
	plain, err := r.seal.Unwrap(sealed, p.id+"/"+label)
	if err != nil {
		return nil, unavailable("opening what is sealed for "+label, err)
	}
	return plain, nil
}
