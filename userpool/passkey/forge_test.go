package passkey_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"maps"
	"math/big"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"
	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/passkey"
)

// The flags of authenticator data.
const (
	flagUP, flagUV, flagBE, flagBS, flagAT, flagED = 0x01, 0x04, 0x08, 0x10, 0x40, 0x80
)

// clock is a time that the test moves.
type clock struct{ time.Time }

func (c *clock) now() time.Time { return c.Time }

// newParty returns the relying party example.com, with a page on login.example.com, and its clock.
func newParty(t testing.TB, change func(*passkey.Config)) (*passkey.RelyingParty, *clock) {
	t.Helper()
	at := &clock{time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	config := passkey.Config{RPID: "example.com", Origins: []string{"https://login.example.com", "https://example.com:8443"}, Now: at.now}
	if change != nil {
		change(&config)
	}
	p, err := passkey.New(config)
	require.NoError(t, err)
	return p, at
}

func ada() userpool.PasskeyUser {
	return userpool.PasskeyUser{Handle: []byte("handle of ada"), Name: "ada@example.com", DisplayName: "Ada Lovelace"}
}

// device is an authenticator with one key, whose answers can be wrong in every way.
type device struct {
	id   []byte
	cose map[int]any
	sign func(data []byte) []byte
}

func newDevice(t testing.TB, cose map[int]any, sign func([]byte) []byte) *device {
	t.Helper()
	id := make([]byte, 32)
	_, err := rand.Read(id)
	require.NoError(t, err)
	return &device{id: id, cose: cose, sign: sign}
}

func newES256(t testing.TB) *device {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	point, err := key.PublicKey.Bytes()
	require.NoError(t, err)
	return newDevice(t, map[int]any{1: 2, 3: -7, -1: 1, -2: point[1:33], -3: point[33:]}, func(data []byte) []byte {
		sum := sha256.Sum256(data)
		signature, err := ecdsa.SignASN1(rand.Reader, key, sum[:])
		require.NoError(t, err)
		return signature
	})
}

func newEdDSA(t testing.TB) *device {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	return newDevice(t, map[int]any{1: 1, 3: -8, -1: 6, -2: []byte(public)}, func(data []byte) []byte { return ed25519.Sign(private, data) })
}

func newRS256(t testing.TB, bits int) *device {
	t.Helper()
	if bits < 2048 {
		t.Setenv("GODEBUG", "rsa1024min=0")
	}
	key, err := rsa.GenerateKey(rand.Reader, bits)
	require.NoError(t, err)
	return newDevice(t, map[int]any{1: 3, 3: -257, -1: key.N.Bytes(), -2: big.NewInt(int64(key.E)).Bytes()}, func(data []byte) []byte {
		sum := sha256.Sum256(data)
		signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
		require.NoError(t, err)
		return signature
	})
}

// answer is what an authenticator and a browser say. A test changes it before it is signed.
type answer struct {
	clientData  map[string]any
	clientJSON  func([]byte) []byte // changes the JSON of clientData
	rpID        string
	flags       byte
	counter     uint32
	aaguid      []byte
	id          []byte // in the authenticator data
	cose        any
	rawKey      []byte // in the place of cose
	tail        []byte // after the key
	data        []byte // in the place of all authenticator data of an authentication
	format      string
	statement   any
	attestation func([]byte) []byte    // changes the attestation object
	signature   func([]byte) []byte    // changes the signature
	outer       func(o map[string]any) // changes the response
	inner       func(o map[string]any) // changes its member "response"
	raw         func([]byte) []byte    // changes the JSON of the response
}

// newAnswer is a right answer to options, from https://login.example.com.
func (d *device) newAnswer(t testing.TB, kind string, options []byte) answer {
	t.Helper()
	var asked struct{ Challenge string }
	require.NoError(t, json.Unmarshal(options, &asked))
	return answer{
		clientData: map[string]any{"type": kind, "challenge": asked.Challenge, "origin": "https://login.example.com", "crossOrigin": false},
		rpID:       "example.com", flags: flagUP | flagUV, aaguid: make([]byte, 16), id: d.id, cose: maps.Clone(d.cose),
		format: "none", statement: map[string]any{},
	}
}

func (a answer) client(t testing.TB) []byte {
	t.Helper()
	out, err := json.Marshal(a.clientData)
	require.NoError(t, err)
	if a.clientJSON != nil {
		out = a.clientJSON(out)
	}
	return out
}

func (a answer) authenticatorData() []byte {
	hash := sha256.Sum256([]byte(a.rpID))
	return binary.BigEndian.AppendUint32(append(hash[:], a.flags), a.counter)
}

func (a answer) write(t testing.TB, id []byte, inner map[string]any) []byte {
	t.Helper()
	if a.inner != nil {
		a.inner(inner)
	}
	outer := map[string]any{"id": b64(id), "rawId": b64(id), "type": "public-key", "response": inner, "clientExtensionResults": map[string]any{}}
	if a.outer != nil {
		a.outer(outer)
	}
	out, err := json.Marshal(outer)
	require.NoError(t, err)
	if a.raw != nil {
		out = a.raw(out)
	}
	return out
}

// create answers options for a registration.
func (d *device) create(t testing.TB, options []byte, change func(*answer)) []byte {
	t.Helper()
	a := d.newAnswer(t, "webauthn.create", options)
	a.flags |= flagAT
	if change != nil {
		change(&a)
	}
	key := a.rawKey
	if key == nil {
		key = toCBOR(t, a.cose)
	}
	data := append(a.authenticatorData(), a.aaguid...)
	data = binary.BigEndian.AppendUint16(data, uint16(len(a.id)))
	data = append(append(append(data, a.id...), key...), a.tail...)
	client := a.client(t)
	if a.format == "packed" && a.statement == nil {
		hash := sha256.Sum256(client)
		a.statement = map[string]any{"alg": d.cose[3], "sig": d.sign(append(data, hash[:]...))}
	}
	object := toCBOR(t, map[string]any{"fmt": a.format, "attStmt": a.statement, "authData": data})
	if a.attestation != nil {
		object = a.attestation(object)
	}
	return a.write(t, d.id, map[string]any{
		"clientDataJSON": b64(client), "attestationObject": b64(object), "transports": []string{"hybrid", "internal"},
		"authenticatorData": b64(data), "publicKeyAlgorithm": a.clientData["alg"],
	})
}

// get answers options for an authentication.
func (d *device) get(t testing.TB, options []byte, change func(*answer)) []byte {
	t.Helper()
	a := d.newAnswer(t, "webauthn.get", options)
	if change != nil {
		change(&a)
	}
	client, data := a.client(t), append(a.authenticatorData(), a.tail...)
	if a.data != nil {
		data = a.data
	}
	hash := sha256.Sum256(client)
	signature := d.sign(append(data[:len(data):len(data)], hash[:]...))
	if a.signature != nil {
		signature = a.signature(signature)
	}
	return a.write(t, d.id, map[string]any{"clientDataJSON": b64(client), "authenticatorData": b64(data), "signature": b64(signature)})
}

func toCBOR(t testing.TB, v any) []byte {
	t.Helper()
	mode, err := cbor.CTAP2EncOptions().EncMode()
	require.NoError(t, err)
	out, err := mode.Marshal(v)
	require.NoError(t, err)
	return out
}

func b64(raw []byte) string { return base64.RawURLEncoding.EncodeToString(raw) }

// register gives a user the passkey of a device.
func register(t testing.TB, p *passkey.RelyingParty, user *userpool.PasskeyUser, d *device, change func(*answer)) userpool.Passkey {
	t.Helper()
	options, pending, err := p.BeginRegistration(t.Context(), *user)
	require.NoError(t, err)
	out, err := p.FinishRegistration(t.Context(), *user, pending, d.create(t, options, change))
	require.NoError(t, err)
	user.Passkeys = append(user.Passkeys, out)
	return out
}

// signIn begins an authentication with the user's passkeys, has the device answer, and finishes.
func signIn(t testing.TB, p *passkey.RelyingParty, user userpool.PasskeyUser, d *device, change func(*answer)) (userpool.Passkey, error) {
	t.Helper()
	options, pending, err := p.BeginAuthentication(t.Context(), user.Passkeys, false)
	require.NoError(t, err)
	return p.FinishAuthentication(t.Context(), user, pending, d.get(t, options, change))
}
