package smswebhook

import (
	"encoding/base64"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The vector is the one of the reference libraries of Standard Webhooks.
const (
	vectorSecret    = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	vectorID        = "msg_p5jXN8AQM9LWM0D4loKWxJek"
	vectorTimestamp = "1614265330"
	vectorBody      = `{"test": 2432232314}`
	vectorSignature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
)

var vectorTime = time.Unix(1614265330, 0)

func vectorHeader() http.Header {
	return http.Header{"Webhook-Id": {vectorID}, "Webhook-Timestamp": {vectorTimestamp}, "Webhook-Signature": {vectorSignature}}
}

func testSecret(t *testing.T) []byte {
	t.Helper()
	secret, err := ParseSecret(vectorSecret)
	require.NoError(t, err)
	return secret
}

func TestSign_Vector(t *testing.T) {
	require.Equal(t, vectorSignature, sign(testSecret(t), vectorID, vectorTimestamp, []byte(vectorBody)))
	require.NoError(t, Verify(vectorHeader(), []byte(vectorBody), testSecret(t), vectorTime))
}

func TestVerify(t *testing.T) {
	other := "v1," + base64.StdEncoding.EncodeToString(make([]byte, 32))
	set := func(name string, values ...string) func(http.Header) {
		return func(h http.Header) { h[name] = values }
	}
	for _, test := range []struct {
		change func(http.Header)
		want   string // "" if it is right
	}{
		{set("Webhook-Signature", other+" "+vectorSignature), ""},
		{set("Webhook-Signature", vectorSignature+" "+other), ""},
		{set("Webhook-Signature", "v1a,"+strings.Repeat("A", 86)+" v2,x "+vectorSignature), ""},
		{set("Webhook-Signature", other), "no signature"},
		{set("Webhook-Signature", vectorSignature[:len(vectorSignature)-1]), "no signature"},
		{set("Webhook-Signature", vectorSignature+"="), "no signature"},
		{set("Webhook-Signature", strings.ToUpper(vectorSignature)), "no signature"},
		{set("Webhook-Signature", vectorSignature[3:]), "no signature"},
		{set("Webhook-Signature", "v2,"+vectorSignature[3:]), "no signature"},
		{set("Webhook-Signature", "v1,"), "no signature"},
		{set("Webhook-Signature", strings.Replace(vectorSignature, "OE=", "OF=", 1)), "no signature"}, // other bits that are padding
		{set("Webhook-Signature", "v1,\n"+vectorSignature[3:]), "no signature"},
		{set("Webhook-Signature", strings.Repeat(other+" ", 10)+vectorSignature), "more than 10 signatures"},
		{set("Webhook-Signature", strings.Repeat("x", 5000)), "more than 4096 bytes"},
		{set("Webhook-Signature", vectorSignature, vectorSignature), "more than once"},
		{set("Webhook-Signature"), "Webhook-Signature is missing"},
		{set("Webhook-Signature", ""), "Webhook-Signature is missing"},
		{set("Webhook-Id", vectorID, vectorID), "more than once"},
		{set("Webhook-Id"), "Webhook-Id is missing"},
		{set("Webhook-Id", vectorID+"x"), "no signature"},
		{set("Webhook-Id", "a.b"), "has a dot"},
		{set("Webhook-Id", strings.Repeat("x", 257)), "more than 256 bytes"},
		{set("Webhook-Timestamp"), "Webhook-Timestamp is missing"},
		{set("Webhook-Timestamp", "1614265331"), "no signature"},
		{set("Webhook-Timestamp", "+1614265330"), "not a number of seconds"},
		{set("Webhook-Timestamp", "01614265330"), "not a number of seconds"},
		{set("Webhook-Timestamp", " 1614265330"), "not a number of seconds"},
		{set("Webhook-Timestamp", "1614265330.0"), "not a number of seconds"},
		{set("Webhook-Timestamp", "0x60381a72"), "not a number of seconds"},
		{set("Webhook-Timestamp", "16142653300000000"), "more than 16 bytes"},
		{set("Webhook-Timestamp", "9223372036854775"), "more than 5m0s"},
		{set("Webhook-Timestamp", "-999999999999999"), "more than 5m0s"},
	} {
		h := vectorHeader()
		test.change(h)
		err := Verify(h, []byte(vectorBody), testSecret(t), vectorTime)
		if test.want == "" {
			require.NoError(t, err)
			continue
		}
		require.ErrorIs(t, err, InvalidSignature)
		require.ErrorContains(t, err, test.want)
		require.NotContains(t, err.Error(), "g0hM9SsE")
	}
}

func TestVerify_Time(t *testing.T) {
	for age, good := range map[time.Duration]bool{
		0: true, 5 * time.Minute: true, -5 * time.Minute: true, 5*time.Minute + 1: false, -5*time.Minute - 1: false, time.Hour: false,
		1 << 62: false, -1 << 62: false,
	} {
		err := Verify(vectorHeader(), []byte(vectorBody), testSecret(t), vectorTime.Add(age))
		require.Equal(t, good, err == nil, "%s: %v", age, err)
	}
	require.ErrorContains(t, Verify(vectorHeader(), []byte(vectorBody), testSecret(t), time.Time{}), "5m0s")
}

func TestVerify_BodyAndSecret(t *testing.T) {
	for i := range vectorBody {
		body := []byte(vectorBody)
		body[i] ^= 1
		require.ErrorIs(t, Verify(vectorHeader(), body, testSecret(t), vectorTime), InvalidSignature)
	}
	for _, body := range []string{"", vectorBody + "\n", " " + vectorBody} {
		require.ErrorIs(t, Verify(vectorHeader(), []byte(body), testSecret(t), vectorTime), InvalidSignature)
	}
	for _, secret := range [][]byte{nil, {}, testSecret(t)[:23], make([]byte, 65)} {
		h := vectorHeader()
		h.Set("Webhook-Signature", sign(secret, vectorID, vectorTimestamp, []byte(vectorBody)))
		require.ErrorContains(t, Verify(h, []byte(vectorBody), secret, vectorTime), "it must have 24 to 64", "not even if it is right")
	}
	other := slices.Clone(testSecret(t))
	other[0] ^= 1
	require.ErrorContains(t, Verify(vectorHeader(), []byte(vectorBody), other, vectorTime), "no signature")
}

func TestParseSecret(t *testing.T) {
	without, err := ParseSecret("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	require.NoError(t, err)
	require.Equal(t, testSecret(t), without)
	require.Len(t, without, 24)
	line, err := ParseSecret(vectorSecret + "\n")
	require.NoError(t, err)
	require.Equal(t, without, line)
	for _, bad := range []string{"", "whsec_", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2La", "whsec_!!!!", "whsk_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", vectorSecret + " ", "x" + strings.Repeat("AAAA", 22)} {
		secret, err := ParseSecret(bad)
		require.Error(t, err, bad)
		require.Nil(t, secret)
		require.NotContains(t, err.Error(), "MfKQ")
	}
}

func FuzzVerify(f *testing.F) {
	f.Add(vectorID, vectorTimestamp, vectorSignature, vectorBody)
	f.Add("", "", "", "")
	f.Add("a", "1614265330", "v1, v1,= v1a,x", "x")
	f.Add("a.1614265330", "1614265330", "v1,AAAA", "\xff")
	secret, err := ParseSecret(vectorSecret)
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, id, timestamp, signature, body string) {
		h := http.Header{"Webhook-Id": {id}, "Webhook-Timestamp": {timestamp}, "Webhook-Signature": {signature}}
		err := Verify(h, []byte(body), secret, vectorTime)
		if err == nil {
			require.Contains(t, " "+signature+" ", " "+sign(secret, id, timestamp, []byte(body))+" ")
			return
		}
		require.ErrorIs(t, err, InvalidSignature)
		require.Less(t, len(err.Error()), 300)
	})
}
