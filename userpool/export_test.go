package userpool

import "context"

// SignForTest signs any claims with the key of the pool that signs now.
func (p *Pool) SignForTest(ctx context.Context, claims map[string]any) (string, error) {
	r, err := p.ring(ctx)
	if err != nil {
		return "", err
	}
	return r.current(p.now()).private.Sign("JWT", claims)
}
