package identitypool_test

import (
	"net/http"
	"testing"
)

// BenchmarkAuthorize is all that a protected request costs: signature, session token and policy.
func BenchmarkAuthorize(b *testing.B) {
	k := newClock()
	p := newPool(b, config(k))
	id, c := credentialsOf(b, p, login("ann"))
	r := signed(b, c, k.now, http.MethodPost, "/notes", "milk")
	body, resource := []byte("milk"), "arn:app:notes:::"+id+"/shopping"
	b.ReportAllocs()
	for b.Loop() {
		if err := p.Authorize(r, body, "notes:Write", resource); err != nil {
			b.Fatal(err)
		}
	}
}
