package identitypool_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/identitypool"
	"github.com/stepwell/stepwell/identitypool/sigv4"
)

// tenStatements is a policy whose last statement decides.
func tenStatements() string {
	var b strings.Builder
	for i := range 9 {
		effect := map[bool]string{true: "Deny", false: "Allow"}[i%3 == 0]
		fmt.Fprintf(&b, `{"Effect":"%s","Action":["notes:Op%d","notes:List%d*"],"Resource":"arn:app:notes:::shared%d/*"},`, effect, i, i, i)
	}
	return `{"Version":"2012-10-17","Statement":[` + b.String() +
		`{"Effect":"Allow","Action":"notes:*","Resource":"arn:app:notes:::${cognito-identity.amazonaws.com:sub}/*","Condition":{"IpAddress":{"aws:SourceIp":"192.0.2.0/24"}}}]}`
}

// hashFloor is the hashing that nobody can leave out: SHA-256 of the body and of the canonical request, and the five HMACs of key
// derivation and signature.
func hashFloor(body, canonical []byte) {
	sha256.Sum256(body)
	sum := sha256.Sum256(canonical)
	key := sum[:]
	for range 5 {
		h := hmac.New(sha256.New, key)
		h.Write(sum[:])
		key = h.Sum(nil)
	}
}

// timesFloor measures both by turns, so that a busy computer slows down both, and compares the lower quartiles.
func timesFloor(b *testing.B, canonical []byte, do func() error) float64 {
	var took, floor []time.Duration
	for range 400 {
		start := time.Now()
		for range 20 {
			if err := do(); err != nil {
				b.Fatal(err)
			}
		}
		took = append(took, time.Since(start))
		start = time.Now()
		for range 20 {
			hashFloor(nil, canonical)
		}
		floor = append(floor, time.Since(start))
	}
	slices.Sort(took)
	slices.Sort(floor)
	return float64(took[len(took)/4]) / float64(floor[len(floor)/4])
}

// discard is a ResponseWriter that allocates nothing.
type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) Write(b []byte) (int, error) { return len(b), nil }
func (d discard) WriteHeader(status int)      { panic(status) }

// BenchmarkProtectedRequest is all that a protected request costs, a signed GET whose role has a policy of ten statements. x-floor is how
// many times as long it takes as hashFloor in the same run. The parts: verify is package sigv4 alone, with a secret that is at hand;
// caller opens the session token and judges the session as well; handler also evaluates the policies; routes also routes.
func BenchmarkProtectedRequest(b *testing.B) {
	k := newRig(b, func(c *identitypool.Config) { c.AuthenticatedRole.Policies = []string{tenStatements()} })
	id, c := k.user(b, "ann")
	r := httptest.NewRequest("GET", "/notes/"+id+"/shopping?x=1", nil)
	r.Header.Set("User-Agent", "bench/1")
	require.NoError(b, sigv4.Sign(r, nil, c, "eu-west-1", "execute-api", k.now))
	verifier, err := sigv4.New(sigv4.Config{Region: "eu-west-1", Service: "execute-api", Now: func() time.Time { return k.now }, Secret: bareSecret(c)})
	require.NoError(b, err)

	delayed := k.config
	delayed.RevocationDelay = time.Minute
	late := rigAuthorizer(b, rigPool(b, delayed), identitypool.AuthorizerConfig{})
	resource := "arn:app:notes:::" + id + "/shopping"
	nothing := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	handler := func(a *identitypool.Authorizer) http.Handler {
		return a.Handler("notes:Read", func(*http.Request) string { return resource }, nothing)
	}
	routes := k.routes(b, identitypool.Route{
		Pattern: "GET /notes/{owner}/{note}", Action: "notes:Read", Resource: "arn:app:notes:::{owner}/{note}", Handler: nothing,
	})
	w := discard{http.Header{}}
	// The text that is signed: method, path, query, three headers with their names, and the hash of the body.
	canonical := []byte("GET\n" + r.URL.Path + "\nx=1\nhost:example.com\nx-amz-date:20260304T050607Z\nx-amz-security-token:" + c.SessionToken +
		"\n\nhost;x-amz-date;x-amz-security-token\n" + strings.Repeat("0", 64))
	for _, part := range []struct {
		name string
		do   func() error
	}{
		{"verify", func() error { _, err := verifier.Verify(r); return err }},
		{"caller", func() error { _, err := k.Caller(r); return err }},
		{"caller, RevocationDelay", func() error { _, err := late.Caller(r); return err }},
		{"handler", func() error { handler(k.Authorizer).ServeHTTP(w, r); return nil }},
		{"handler, RevocationDelay", func() error { handler(late).ServeHTTP(w, r); return nil }},
		{"routes", func() error { routes.ServeHTTP(w, r); return nil }},
	} {
		b.Run(part.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := part.do(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(timesFloor(b, canonical, part.do), "x-floor")
		})
	}
}
