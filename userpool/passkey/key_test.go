package passkey_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/hex"
	"maps"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/fxamacker/cbor/v2"
	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/passkey"
)

// change returns a copy of a COSE key with parameters replaced, or taken away where the value is nil.
func change(key map[int]any, parameters map[int]any) map[int]any {
	out := maps.Clone(key)
	maps.Copy(out, parameters)
	maps.DeleteFunc(out, func(_ int, value any) bool { return value == nil })
	return out
}

// edwards returns an Ed25519 key whose encoding is given in hexadecimal.
func edwards(t *testing.T, text string) map[int]any {
	t.Helper()
	raw, err := hex.DecodeString(text)
	require.NoError(t, err)
	require.Len(t, raw, 32)
	return map[int]any{1: 1, 3: -8, -1: 6, -2: raw}
}

func odd(bits int) []byte {
	n := new(big.Int).Lsh(big.NewInt(1), uint(bits-1))
	return n.Add(n, big.NewInt(12345)).Bytes()
}

// key is a COSE key, in a registration or as it was stored.
type key struct {
	name string
	cose any
	want passkey.Code
}

func keys(t *testing.T) []key {
	t.Helper()
	es, ed, rs := newES256(t).cose, newEdDSA(t).cose, newRS256(t, 2048).cose
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	require.NoError(t, err)
	point, err := p384.PublicKey.Bytes()
	require.NoError(t, err)
	y := es[-3].([]byte)
	off := bytes.Clone(y)
	off[31] ^= 1
	deep := any(1)
	for range 10_000 {
		deep = []any{deep}
	}
	return []key{
		{"ES256", es, ""},
		{"EdDSA", ed, ""},
		{"RS256", rs, ""},
		{"ES256 with the algorithm of EdDSA", change(es, map[int]any{3: -8}), passkey.ErrUnsupported},
		{"ES256 with the algorithm of RS256", change(es, map[int]any{3: -257}), passkey.ErrUnsupported},
		{"ES256 with the algorithm of ES384", change(es, map[int]any{3: -35}), passkey.ErrUnsupported},
		{"ES256 with the algorithm ESP256", change(es, map[int]any{3: -9}), passkey.ErrUnsupported},
		{"ES256 with the algorithm ES256K", change(es, map[int]any{3: -47, -1: 8}), passkey.ErrUnsupported},
		{"ES256 without algorithm", change(es, map[int]any{3: nil}), passkey.ErrUnsupported},
		{"ES256 without curve", change(es, map[int]any{-1: nil}), passkey.ErrUnsupported},
		{"ES256 on P-384", change(es, map[int]any{-1: 2}), passkey.ErrUnsupported},
		{"ES256 with the point of P-384", map[int]any{1: 2, 3: -7, -1: 2, -2: point[1:49], -3: point[49:]}, passkey.ErrUnsupported},
		{"ES384", map[int]any{1: 2, 3: -35, -1: 2, -2: point[1:49], -3: point[49:]}, passkey.ErrUnsupported},
		{"ES256 off the curve", change(es, map[int]any{-3: off}), passkey.ErrUnsupported},
		{"ES256 at 0, 0", change(es, map[int]any{-2: make([]byte, 32), -3: make([]byte, 32)}), passkey.ErrUnsupported},
		{"ES256 compressed", change(es, map[int]any{-3: true}), passkey.ErrUnsupported},
		{"ES256 without y", change(es, map[int]any{-3: nil}), passkey.ErrUnsupported},
		{"ES256 with a short x", change(es, map[int]any{-2: es[-2].([]byte)[1:]}), passkey.ErrUnsupported},
		{"ES256 with a long y", change(es, map[int]any{-3: append([]byte{0}, y...)}), passkey.ErrUnsupported},
		{"ES256 of the type RSA", change(es, map[int]any{1: 3}), passkey.ErrUnsupported},
		{"ES256 of the type OKP", change(es, map[int]any{1: 1}), passkey.ErrUnsupported},
		{"symmetric", map[int]any{1: 4, 3: 5, -1: make([]byte, 32)}, passkey.ErrUnsupported},
		{"ML-DSA", map[int]any{1: 7, 3: -48, -1: make([]byte, 1312)}, passkey.ErrUnsupported},
		{"EdDSA with the algorithm of ES256", change(ed, map[int]any{3: -7}), passkey.ErrUnsupported},
		{"EdDSA with the algorithm Ed25519", change(ed, map[int]any{3: -19}), passkey.ErrUnsupported},
		{"EdDSA on Ed448", change(ed, map[int]any{-1: 7}), passkey.ErrUnsupported},
		{"EdDSA on X25519", change(ed, map[int]any{-1: 4}), passkey.ErrUnsupported},
		{"EdDSA of 31 bytes", change(ed, map[int]any{-2: make([]byte, 31)}), passkey.ErrUnsupported},
		{"EdDSA of order 1", edwards(t, "01"+strings.Repeat("00", 31)), passkey.ErrUnsupported},
		{"EdDSA of order 1, with the sign of 0", edwards(t, "01"+strings.Repeat("00", 30)+"80"), passkey.ErrUnsupported},
		{"EdDSA of order 2", edwards(t, "ec"+strings.Repeat("ff", 30)+"7f"), passkey.ErrUnsupported},
		{"EdDSA of order 4", edwards(t, strings.Repeat("00", 32)), passkey.ErrUnsupported},
		{"EdDSA of order 4, the other", edwards(t, strings.Repeat("00", 31)+"80"), passkey.ErrUnsupported},
		{"EdDSA of order 8", edwards(t, "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), passkey.ErrUnsupported},
		{"EdDSA of order 8, the second", edwards(t, "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85"), passkey.ErrUnsupported},
		{"EdDSA of order 8, the third", edwards(t, "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"), passkey.ErrUnsupported},
		{"EdDSA of order 8, the fourth", edwards(t, "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa"), passkey.ErrUnsupported},
		{"EdDSA of p", edwards(t, "ed"+strings.Repeat("ff", 30)+"7f"), passkey.ErrUnsupported},
		{"EdDSA of p + 1", edwards(t, "ee"+strings.Repeat("ff", 30)+"7f"), passkey.ErrUnsupported},
		{"EdDSA of 2^255 - 1", edwards(t, strings.Repeat("ff", 31)+"7f"), passkey.ErrUnsupported},
		{"EdDSA off the curve", edwards(t, "02"+strings.Repeat("00", 31)), passkey.ErrUnsupported},
		{"EdDSA, the base point", edwards(t, "58"+strings.Repeat("66", 31)), ""},
		{"EdDSA of RFC 8032, 7.1, test 1", edwards(t, "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"), ""},
		{"RS256 of 1,024 bits", newRS256(t, 1024).cose, passkey.ErrUnsupported},
		{"RS256 of 2,047 bits", change(rs, map[int]any{-1: odd(2047)}), passkey.ErrUnsupported},
		{"RS256 of 4,097 bits", change(rs, map[int]any{-1: odd(4097)}), passkey.ErrUnsupported},
		{"RS256 of 100,000 bits", change(rs, map[int]any{-1: odd(100_000)}), passkey.ErrUnsupported},
		{"RS256 even", change(rs, map[int]any{-1: append(odd(2040), 0)}), passkey.ErrUnsupported},
		{"RS256 without modulus", change(rs, map[int]any{-1: nil}), passkey.ErrUnsupported},
		{"RS256 of zeros", change(rs, map[int]any{-1: make([]byte, 256)}), passkey.ErrUnsupported},
		{"RS256 with e=1", change(rs, map[int]any{-2: []byte{1}}), passkey.ErrUnsupported},
		{"RS256 with e=2", change(rs, map[int]any{-2: []byte{2}}), passkey.ErrUnsupported},
		{"RS256 with e=0", change(rs, map[int]any{-2: []byte{0}}), passkey.ErrUnsupported},
		{"RS256 with e=3", change(rs, map[int]any{-2: []byte{3}}), ""},
		{"RS256 with a great e", change(rs, map[int]any{-2: []byte{1, 0, 0, 0, 1}}), passkey.ErrUnsupported},
		{"RS256 with the longest e", change(rs, map[int]any{-2: bytes.Repeat([]byte{255}, 64)}), passkey.ErrUnsupported},
		{"RS256 with the algorithm of ES256", change(rs, map[int]any{3: -7}), passkey.ErrUnsupported},
		{"RS256 with the algorithm RS1", change(rs, map[int]any{3: -65535}), passkey.ErrUnsupported},
		{"RS256 with the algorithm PS256", change(rs, map[int]any{3: -37}), passkey.ErrUnsupported},
		{"no map", []int{1, 2}, ""},
		{"depth 10,000", change(es, map[int]any{-70000: deep}), ""},
	}
}

func TestW7_Keys(t *testing.T) {
	p, _ := newParty(t, nil)
	for _, k := range keys(t) {
		t.Run("create/"+k.name, func(t *testing.T) {
			options, pending, err := p.BeginRegistration(t.Context(), ada())
			require.NoError(t, err)
			d := newDevice(t, nil, nil)
			got, err := p.FinishRegistration(t.Context(), ada(), pending, d.create(t, options, func(a *answer) { a.cose = k.cose }))
			switch k.name {
			case "no map": // the library may say so before this package looks at the key
				require.Error(t, err)
			case "depth 10,000":
				require.ErrorIs(t, err, passkey.ErrRefused)
			default:
				hostile{want: k.want}.check(t, got, err)
			}
		})
		// A key that was stored, perhaps by another program, is looked at too.
		t.Run("get/"+k.name, func(t *testing.T) {
			d := newDevice(t, nil, func([]byte) []byte { return bytes.Repeat([]byte{1}, 64) })
			user := ada()
			user.Passkeys = []userpool.Passkey{{ID: d.id, PublicKey: toCBOR(t, k.cose)}}
			_, err := signIn(t, p, user, d, nil)
			if k.want == "" && !slices.Contains([]string{"no map", "depth 10,000"}, k.name) {
				require.ErrorIs(t, err, passkey.ErrRefused, "the signature is not right")
				return
			}
			require.ErrorIs(t, err, passkey.ErrUnsupported)
		})
	}
}

// Of the key is kept what it must have, in one form.
func TestW7_KeyIsCanonical(t *testing.T) {
	p, _ := newParty(t, nil)
	d := newES256(t)
	user := ada()
	added := register(t, p, &user, d, func(a *answer) {
		a.cose = change(d.cose, map[int]any{2: []byte("kid"), 4: []int{2}, -4: []byte("private")})
	})
	require.Equal(t, toCBOR(t, d.cose), added.PublicKey)
	unsorted := newES256(t)
	added = register(t, p, &user, unsorted, func(a *answer) {
		a.rawKey = []byte{0xa5}
		for _, label := range []int{-3, -2, -1, 3, 1} {
			a.rawKey = append(append(a.rawKey, toCBOR(t, label)...), toCBOR(t, unsorted.cose[label])...)
		}
	})
	require.Equal(t, toCBOR(t, unsorted.cose), added.PublicKey)
	_, err := signIn(t, p, user, unsorted, nil)
	require.NoError(t, err)
}

func TestW7_CBOR(t *testing.T) {
	p, _ := newParty(t, nil)
	long := bytes.Repeat([]byte("i"), 1023)
	nested := append(bytes.Repeat([]byte{0x81}, 10_000), 0x01)
	object := func(change func(o map[string]any)) func(*answer) {
		return func(a *answer) {
			a.attestation = func(raw []byte) []byte {
				var o map[string]any
				require.NoError(t, cbor.Unmarshal(raw, &o))
				change(o)
				return toCBOR(t, o)
			}
		}
	}
	for _, row := range []hostile{
		{"as it is", nil, ""},
		{"credential ID of 1,023 bytes", func(a *answer) { a.id = long }, ""},
		{"credential ID of 1,024 bytes", func(a *answer) { a.id = append(long, 'i') }, passkey.ErrMalformed},
		{"credential ID of no bytes", func(a *answer) { a.id = nil }, passkey.ErrMalformed},
		{"bytes after the key", func(a *answer) { a.tail = []byte{0} }, passkey.ErrRefused},
		{"a second key after the key", func(a *answer) { a.tail = toCBOR(t, a.cose) }, passkey.ErrRefused},
		{"no key", func(a *answer) { a.rawKey = []byte{} }, passkey.ErrRefused},
		{"half a key", func(a *answer) { a.rawKey = toCBOR(t, a.cose)[:40] }, passkey.ErrRefused},
		{"a parameter of the key twice", func(a *answer) {
			a.rawKey = append(append([]byte{0xa6}, toCBOR(t, a.cose)[1:]...), 0x03, 0x26)
		}, passkey.ErrRefused},
		{"key of unknown length", func(a *answer) { a.rawKey = append(append([]byte{0xbf}, toCBOR(t, a.cose)[1:]...), 0xff) }, passkey.ErrRefused},
		{"key with a tag", func(a *answer) { a.rawKey = append([]byte{0xc1}, toCBOR(t, a.cose)...) }, passkey.ErrRefused},
		{"key 10,000 deep", func(a *answer) { a.rawKey = nested }, passkey.ErrRefused},
		{"AT=0", func(a *answer) { a.flags &^= flagAT }, passkey.ErrRefused},
		{"bytes after the attestation object", func(a *answer) {
			a.attestation = func(raw []byte) []byte { return append(raw, 0) }
		}, passkey.ErrRefused},
		{"attestation object twice", func(a *answer) {
			a.attestation = func(raw []byte) []byte { return append(raw, raw...) }
		}, passkey.ErrRefused},
		{"attestation object 10,000 deep", func(a *answer) { a.attestation = func([]byte) []byte { return nested } }, passkey.ErrRefused},
		{"attestation object of a million members", func(a *answer) {
			a.attestation = func([]byte) []byte { return []byte{0xba, 0, 0x0f, 0x42, 0x40} }
		}, passkey.ErrRefused},
		{"attestation object of 2^63 members", func(a *answer) {
			a.attestation = func([]byte) []byte { return []byte{0xbb, 0x7f, 255, 255, 255, 255, 255, 255, 255} }
		}, passkey.ErrRefused},
		{"a text of 2^63 bytes", func(a *answer) {
			a.attestation = func([]byte) []byte { return []byte{0xa1, 0x7b, 0x7f, 255, 255, 255, 255, 255, 255, 255} }
		}, passkey.ErrRefused},
		{"authData missing", object(func(o map[string]any) { delete(o, "authData") }), passkey.ErrRefused},
		{"authData a text", object(func(o map[string]any) { o["authData"] = "x" }), passkey.ErrRefused},
		{"authData short", object(func(o map[string]any) { o["authData"] = o["authData"].([]byte)[:54] }), passkey.ErrRefused},
		{"fmt missing", object(func(o map[string]any) { delete(o, "fmt") }), passkey.ErrMalformed},
		{"attStmt 10,000 deep", func(a *answer) {
			a.statement = cbor.RawMessage(append([]byte{0xa1, 0x61, 'x'}, nested...))
		}, passkey.ErrRefused},
	} {
		t.Run(row.name, func(t *testing.T) {
			options, pending, err := p.BeginRegistration(t.Context(), ada())
			require.NoError(t, err)
			d := newES256(t)
			got, err := p.FinishRegistration(t.Context(), ada(), pending, d.create(t, options, func(a *answer) {
				if row.change != nil {
					row.change(a)
				}
				id := a.id
				a.outer = func(o map[string]any) { o["id"], o["rawId"] = b64(id), b64(id) }
			}))
			row.check(t, got, err)
		})
	}
}

// Attestation is not asked for: what needs certificates is left alone, and a signature with the key itself must be right.
func TestW8_Attestation(t *testing.T) {
	p, _ := newParty(t, nil)
	bomb := make([]any, 1000)
	for i := range bomb {
		bomb[i] = bytes.Repeat([]byte{0x30, 0x82}, 20)
	}
	aaguid := bytes.Repeat([]byte{7}, 16)
	for _, row := range []hostile{
		{"none, with a statement", func(a *answer) { a.statement = map[string]any{"sig": []byte{1}} }, passkey.ErrRefused},
		{"self", func(a *answer) { a.format, a.statement = "packed", nil }, ""},
		{"self, with a wrong signature", func(a *answer) { a.format, a.statement = "packed", map[string]any{"alg": -7, "sig": []byte{1}} }, passkey.ErrRefused},
		{"self, with another algorithm", func(a *answer) { a.format, a.statement = "packed", map[string]any{"alg": -257, "sig": []byte{1}} }, passkey.ErrRefused},
		{"self, empty", func(a *answer) { a.format, a.statement = "packed", map[string]any{} }, passkey.ErrRefused},
		{"1,000 certificates", func(a *answer) {
			a.format, a.statement = "packed", map[string]any{"alg": -7, "sig": []byte{1}, "x5c": bomb}
		}, ""},
		{"certificates that are none", func(a *answer) { a.format, a.statement = "packed", map[string]any{"x5c": "x"} }, ""},
		{"ECDAA", func(a *answer) {
			a.format, a.statement = "packed", map[string]any{"alg": -7, "sig": []byte{1}, "ecdaaKeyId": []byte{1}}
		}, ""},
		{"a format that is not known", func(a *answer) { a.format, a.statement = "from-the-future", map[string]any{"x": 1} }, ""},
		{"TPM of nothing", func(a *answer) { a.format, a.statement = "tpm", map[string]any{} }, ""},
		{"compound of nothing", func(a *answer) { a.format, a.statement = "compound", []any{} }, ""},
		{"compound of a map", func(a *answer) { a.format = "compound" }, passkey.ErrRefused},
	} {
		t.Run(row.name, func(t *testing.T) {
			options, pending, err := p.BeginRegistration(t.Context(), ada())
			require.NoError(t, err)
			got, err := p.FinishRegistration(t.Context(), ada(), pending, newES256(t).create(t, options, func(a *answer) {
				a.aaguid = aaguid
				row.change(a)
			}))
			row.check(t, got, err)
			if row.want == "" {
				require.Equal(t, aaguid, got.AAGUID)
			}
		})
	}
}
