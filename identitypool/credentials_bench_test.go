package identitypool

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/chacha20poly1305"
)

// benchPool is a pool without a store: what is measured needs none.
func benchPool(b testing.TB) *Pool {
	b.Helper()
	p, err := New(Config{
		ID: "eu-west-1:7d1c5c1e-0b6f-4f0e-9a43-2f1d4c0e8a11", Store: struct{ Store }{}, SessionKey: make([]byte, sessionKeySize),
		Providers: map[string]Provider{"id.example.com": {
			Verifier: LoginFunc(func(context.Context, string) (map[string]any, error) { return nil, nil }), DefaultPrincipalTags: true,
		}},
		AuthenticatedRole: Role{Name: "User", Policies: []string{`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"notes:*","Resource":"*"}}`}},
		RevocationDelay:   time.Minute, Logger: slog.New(slog.DiscardHandler),
	})
	require.NoError(b, err)
	return p
}

func benchLogins(p *Pool) []verified {
	return []verified{{
		Login: Login{"id.example.com", "0b6f4f0e-9a43-2f1d"}, provider: p.providers["id.example.com"],
		Claims: map[string]any{"sub": "0b6f4f0e-9a43-2f1d", "aud": "client"},
	}}
}

// BenchmarkCredentialIssue is what an issue of credentials costs once the login is verified and the identity found: the choice of the
// role, principal tags, the trust policy, and the sealed token. open is what each request pays for the token; principal finds the secret
// by it. Beside it, in the same run, what nobody can leave out: 24+40 random bytes, and sealing as many bytes; and one HMAC.
func BenchmarkCredentialIssue(b *testing.B) {
	p := benchPool(b)
	logins := benchLogins(p)
	id := "eu-west-1:00000000-0b6f-4f0e-9a43-2f1d4c0e8a11"
	issue := func() (*session, Credentials) {
		s, err := p.identitySession(b.Context(), id, logins, "")
		if err != nil {
			b.Fatal(err)
		}
		s.issued = p.now().UnixMicro()
		c, err := p.issue(s, time.Hour)
		if err != nil {
			b.Fatal(err)
		}
		return s, c
	}
	s, c := issue()
	plain := s.encode(nil)
	b.Run("issue", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			issue()
		}
		b.ReportMetric(float64(len(c.SessionToken)), "token-bytes")
	})
	b.Run("open", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, ok := p.seal.open(c.SessionToken); !ok {
				b.Fatal("not opened")
			}
		}
	})
	b.Run("principal", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, _, ok, err := p.principal(b.Context(), c.AccessKeyID, c.SessionToken); !ok || err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("judge", func(b *testing.B) {
		p.revoked.asOf, p.revoked.delay = p.now(), time.Hour // the store is not asked
		_, caller, _, _ := p.principal(b.Context(), c.AccessKeyID, c.SessionToken)
		b.ReportAllocs()
		for b.Loop() {
			if err := p.judge(b.Context(), caller); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("raw-seal", func(b *testing.B) {
		aead, err := chacha20poly1305.NewX(make([]byte, chacha20poly1305.KeySize))
		require.NoError(b, err)
		out := make([]byte, 0, 4_096)
		var random [chacha20poly1305.NonceSizeX + 40]byte
		b.ReportAllocs()
		for b.Loop() {
			_, _ = io.ReadFull(rand.Reader, random[:])
			out = aead.Seal(out[:0], random[:chacha20poly1305.NonceSizeX], plain, nil)
		}
	})
	b.Run("raw-hmac", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			h := hmac.New(sha256.New, plain[:32])
			h.Write(plain)
			h.Sum(nil)
		}
	})
}
