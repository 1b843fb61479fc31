package srpclient_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"math/big"
	"os"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/userpool/internal/srpclient"
)

// The vectors were computed by another program and by amazon-cognito-identity-js 6; see package srp.
func TestU5_Vectors(t *testing.T) {
	raw, err := os.ReadFile("../srp/testdata/signin.json")
	require.NoError(t, err)
	var vectors []map[string]any
	require.NoError(t, json.Unmarshal(raw, &vectors))
	require.GreaterOrEqual(t, len(vectors), 34)
	for _, v := range vectors {
		of := func(name string) string { return v[name].(string) }
		a, ok := new(big.Int).SetString(of("a"), 16)
		require.True(t, ok)
		c := srpclient.FromExponent(a)
		require.Equal(t, of("A"), c.SRPA(), of("name"))
		got, err := c.AnswerAt(of("group"), of("user"), of("password"), srpclient.Challenge{Salt: of("salt"), B: of("B"), SecretBlock: of("block")}, of("timestamp"))
		require.NoError(t, err)
		require.Equal(t, srpclient.Claim{Signature: of("signature"), SecretBlock: of("block"), Timestamp: of("timestamp")}, got, of("name"))
	}
}

func TestU5_PadVectors(t *testing.T) {
	for number, padded := range map[int64]string{0: "00", 1: "01", 127: "7f", 128: "0080", 255: "00ff", 256: "0100", 32767: "7fff", 32768: "008000"} {
		require.Equal(t, padded, hex.EncodeToString(srpclient.Pad(big.NewInt(number))))
	}
}

func TestTimestamp(t *testing.T) {
	at := time.Date(2023, 9, 5, 9, 30, 0, 999, time.FixedZone("east", 2*60*60))
	require.Equal(t, "Tue Sep 5 07:30:00 UTC 2023", srpclient.Timestamp(at))
}

func TestErrors(t *testing.T) {
	broken := iotest.ErrReader(errors.New("broken"))
	_, err := srpclient.New(broken)
	require.Error(t, err)
	_, err = srpclient.NewDevice(broken, "group", "key")
	require.Error(t, err)
	_, _, err = srpclient.Device{}.Verifier(broken)
	require.Error(t, err)
	c := srpclient.FromExponent(big.NewInt(7))
	for name, given := range map[string]srpclient.Challenge{
		"no salt": {B: "5"}, "no B": {Salt: "5"}, "B of 0": {Salt: "5", B: "0"}, "B of N": {Salt: "5", B: srpclient.N.Text(16)}, "secret block": {Salt: "5", B: "5", SecretBlock: "%"},
	} {
		_, err := c.Answer("group", "user", "password", given, time.Unix(0, 0))
		require.Error(t, err, name)
	}
}

// The verifier of a device is that of its secret.
func TestDevice_Verifier(t *testing.T) {
	entropy := iotest.OneByteReader(zeros{})
	d, err := srpclient.NewDevice(entropy, "-AbCdEfGh", "eu-west-1_key")
	require.NoError(t, err)
	require.Equal(t, base64.StdEncoding.EncodeToString(make([]byte, 40)), d.Secret)
	salt, verifier, err := d.Verifier(entropy)
	require.NoError(t, err)
	require.Equal(t, "AA==", salt)
	inner := sha256.Sum256([]byte("-AbCdEfGheu-west-1_key:" + d.Secret))
	x := sha256.Sum256(append([]byte{0}, inner[:]...))
	require.Equal(t, base64.StdEncoding.EncodeToString(srpclient.Pad(srpclient.Power(big.NewInt(2), new(big.Int).SetBytes(x[:])))), verifier)
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
