package samlxml

import (
	"crypto"
	"encoding/base64"
	"io"
	"net/url"
	"strings"
	"testing"

	"compress/flate"

	dsig "github.com/russellhaering/goxmldsig"
	"github.com/stretchr/testify/require"
)

func TestQuery(t *testing.T) {
	for _, i := range []identity{provider(), p256(), p384(), p521()} {
		for _, state := range []string{"", "a b&c=d+e/ä"} {
			raw, err := SignQuery("SAMLResponse", []byte(authnRequest), state, i.key)
			require.NoError(t, err)
			q, err := VerifyQuery(raw, i.public(), VerifyOptions{})
			require.NoError(t, err)
			require.Equal(t, authnRequest, string(q.Message))
			require.Equal(t, "SAMLResponse", q.Name)
			require.Equal(t, state, q.RelayState)
			require.True(t, q.Signed())

			// It reads as any query does.
			values, err := url.ParseQuery(raw)
			require.NoError(t, err)
			require.Equal(t, state, values.Get("RelayState"))
			deflated, err := base64.StdEncoding.DecodeString(values.Get("SAMLResponse"))
			require.NoError(t, err)
			message, err := io.ReadAll(flate.NewReader(strings.NewReader(string(deflated))))
			require.NoError(t, err)
			require.Equal(t, authnRequest, string(message))
		}
	}
	raw, err := SignQuery("SAMLRequest", []byte(authnRequest), "s", nil)
	require.NoError(t, err)
	q, err := ParseQuery(raw)
	require.NoError(t, err)
	require.False(t, q.Signed())
	_, err = VerifyQuery(raw, provider().public(), VerifyOptions{})
	require.ErrorIs(t, err, Unsigned)
}

// The signature is of the bytes that came, whatever the sender encoded how: this
// is how .NET does, in lower case, and in another order.
func TestQuery_AsEncoded(t *testing.T) {
	message := url.QueryEscape(base64.StdEncoding.EncodeToString(Deflate([]byte(authnRequest))))
	lower := strings.NewReplacer("%2B", "%2b", "%2F", "%2f", "%3D", "%3d", "%3A", "%3a").Replace
	signed := "SAMLRequest=" + lower(message) + "&RelayState=%61%2Bb+c" + "&SigAlg=" + lower(url.QueryEscape(algRSASHA256))
	value, err := signatureAlgorithms[algRSASHA256].sign(provider().key, []byte(signed))
	require.NoError(t, err)
	signature := "&Signature=" + lower(url.QueryEscape(base64.StdEncoding.EncodeToString(value)))
	parts := strings.Split(signed, "&")
	for _, raw := range []string{
		signed + signature, "tenant=1&" + signed + signature + "&x=%zz1"[:4], parts[2] + signature + "&" + parts[1] + "&" + parts[0],
		signed + "&SAMLEncoding=" + url.QueryEscape(encodingDeflate) + signature,
	} {
		q, err := VerifyQuery(raw, provider().public(), VerifyOptions{})
		require.NoError(t, err, raw)
		require.Equal(t, "a+b c", q.RelayState)
	}
	// Encoded again, it is not what was signed.
	values, err := url.ParseQuery(signed + signature)
	require.NoError(t, err)
	_, err = VerifyQuery(values.Encode(), provider().public(), VerifyOptions{})
	require.ErrorIs(t, err, InvalidSignature)
	// An empty RelayState that came was signed as that.
	signed = "SAMLRequest=" + message + "&RelayState=&SigAlg=" + url.QueryEscape(algRSASHA256)
	value, err = signatureAlgorithms[algRSASHA256].sign(provider().key, []byte(signed))
	require.NoError(t, err)
	signature = "&Signature=" + url.QueryEscape(base64.StdEncoding.EncodeToString(value))
	_, err = VerifyQuery(signed+signature, provider().public(), VerifyOptions{})
	require.NoError(t, err)
	_, err = VerifyQuery(strings.Replace(signed, "RelayState=&", "", 1)+signature, provider().public(), VerifyOptions{})
	require.ErrorIs(t, err, InvalidSignature)
}

func TestS20_RedirectSignature(t *testing.T) {
	raw, err := SignQuery("SAMLRequest", []byte(authnRequest), "state", provider().key)
	require.NoError(t, err)
	other, err := SignQuery("SAMLRequest", []byte(strings.Replace(authnRequest, "sp.example", "evil.example", 1)), "state", nil)
	require.NoError(t, err)
	message, _, _ := strings.Cut(raw, "&")
	otherMessage, _, _ := strings.Cut(other, "&")
	signature := raw[strings.Index(raw, "&Signature="):]
	algorithm := "&SigAlg=" + url.QueryEscape(algRSASHA256)
	for name, test := range map[string]struct {
		raw  string
		code Code
	}{
		"signature stripped":           {strings.Replace(raw, signature, "", 1), InvalidQuery},
		"signature and SigAlg gone":    {strings.Replace(strings.Replace(raw, signature, "", 1), algorithm, "", 1), Unsigned},
		"SigAlg stripped":              {strings.Replace(raw, algorithm, "", 1), InvalidQuery},
		"RelayState stripped":          {strings.Replace(raw, "&RelayState=state", "", 1), InvalidSignature},
		"RelayState emptied":           {strings.Replace(raw, "=state", "=", 1), InvalidSignature},
		"RelayState changed":           {strings.Replace(raw, "=state", "=statf", 1), InvalidSignature},
		"RelayState encoded again":     {strings.Replace(raw, "=state", "=%73tate", 1), InvalidSignature},
		"message replaced":             {strings.Replace(raw, message, otherMessage, 1), InvalidSignature},
		"message renamed":              {strings.Replace(raw, "SAMLRequest", "SAMLResponse", 1), InvalidSignature},
		"second message":               {raw + "&" + otherMessage, InvalidQuery},
		"second message first":         {otherMessage + "&" + raw, InvalidQuery},
		"same message twice":           {raw + "&" + message, InvalidQuery},
		"second message, encoded name": {raw + "&" + strings.Replace(otherMessage, "SAMLRequest", "SAMLRe%71uest", 1), InvalidQuery},
		"request and response":         {raw + "&" + strings.Replace(otherMessage, "SAMLRequest", "SAMLResponse", 1), InvalidQuery},
		"second RelayState":            {raw + "&RelayState=other", InvalidQuery},
		"second RelayState, encoded":   {raw + "&Relay%53tate=other", InvalidQuery},
		"second Signature":             {raw + signature, InvalidQuery},
		"second SigAlg":                {raw + algorithm, InvalidQuery},
		"second SAMLEncoding":          {raw + "&SAMLEncoding=" + url.QueryEscape(encodingDeflate) + "&SAMLEncoding=x", InvalidQuery},
		"other SAMLEncoding":           {raw + "&SAMLEncoding=urn:x", InvalidQuery},
		"semicolon":                    {raw + ";RelayState=other", InvalidQuery},
		"SigAlg other":                 {strings.Replace(raw, "rsa-sha256", "rsa-sha512", 1), InvalidSignature},
		"SigAlg of an HMAC":            {strings.Replace(raw, "rsa-sha256", "hmac-sha256", 1), InvalidSignature},
		"SigAlg empty":                 {strings.Replace(raw, algorithm, "&SigAlg=", 1), InvalidSignature},
		"Signature empty":              {strings.Replace(raw, signature, "&Signature=", 1), InvalidQuery},
		"Signature junk":               {strings.Replace(raw, signature, "&Signature=%2", 1), InvalidQuery},
		"Signature short":              {strings.Replace(raw, signature, "&Signature=AAAA", 1), InvalidSignature},
		"Signature not base64":         {strings.Replace(raw, signature, "&Signature=A_A", 1), InvalidQuery},
		"message empty":                {strings.Replace(raw, message, "SAMLRequest=", 1), InvalidQuery},
		"message junk":                 {strings.Replace(raw, message, "SAMLRequest=AAAA", 1), InvalidQuery},
		"message badly encoded":        {strings.Replace(raw, message, "SAMLRequest=%zz", 1), InvalidQuery},
		"nothing":                      {"", InvalidQuery},
		"no message":                   {"RelayState=a", InvalidQuery},
		"RelayState badly encoded":     {strings.Replace(raw, "=state", "=%", 1), InvalidQuery},
		"SigAlg badly encoded":         {strings.Replace(raw, algorithm, "&SigAlg=%", 1), InvalidQuery},
		"name badly encoded":           {raw + "&%zz=1", InvalidQuery},
		"10 MB":                        {raw + "&a=" + strings.Repeat("a", 10<<20), TooLarge},
	} {
		q, err := VerifyQuery(test.raw, provider().public(), VerifyOptions{AllowSHA1: true})
		require.ErrorIs(t, err, test.code, name)
		require.Nil(t, q, name)
	}
	_, err = ParseQuery(other + ";x")
	require.ErrorIs(t, err, InvalidQuery)
	_, err = VerifyQuery(raw, attacker().public(), VerifyOptions{})
	require.ErrorIs(t, err, InvalidSignature)
	_, err = VerifyQuery(raw, nil, VerifyOptions{})
	require.ErrorIs(t, err, InvalidKey)
	_, err = VerifyQuery(raw, provider().public(), VerifyOptions{})
	require.NoError(t, err)
}

// S9: SHA-1 only where it was allowed. The signer is goxmldsig's.
func TestS9_QueryAlgorithms(t *testing.T) {
	for method, weak := range map[string]bool{dsig.RSASHA1SignatureMethod: true, dsig.RSASHA256SignatureMethod: false, dsig.RSASHA512SignatureMethod: false} {
		raw, err := SignQuery("SAMLRequest", []byte(authnRequest), "", nil)
		require.NoError(t, err)
		raw += "&SigAlg=" + url.QueryEscape(method)
		context := signer(t, provider())
		require.NoError(t, context.SetSignatureMethod(method))
		value, err := context.SignString(raw)
		require.NoError(t, err)
		raw += "&Signature=" + url.QueryEscape(base64.StdEncoding.EncodeToString(value))
		_, err = VerifyQuery(raw, provider().public(), VerifyOptions{})
		if weak {
			require.ErrorContains(t, err, "SHA-1")
			_, err = VerifyQuery(raw, provider().public(), VerifyOptions{AllowSHA1: true})
		}
		require.NoError(t, err)
	}
}

func TestSignQuery_Refused(t *testing.T) {
	_, err := SignQuery("SAMLart", nil, "", nil)
	require.ErrorIs(t, err, InvalidQuery)
	for _, key := range []crypto.Signer{
		weak().key, odd{p256().key, []byte("junk"), nil}, odd{p256().key, []byte{0x30, 6, 2, 1, 0, 2, 1, 0}, nil},
	} {
		_, err = SignQuery("SAMLRequest", []byte(authnRequest), "", key)
		require.ErrorIs(t, err, InvalidKey)
	}
}

func TestInflate(t *testing.T) {
	for _, message := range []string{"", "a", authnRequest, strings.Repeat("a", DefaultMaxBytes)} {
		out, err := Inflate(Deflate([]byte(message)), 0)
		require.NoError(t, err)
		require.Equal(t, message, string(out))
	}
	whole := Deflate([]byte(authnRequest))
	for name, deflated := range map[string][]byte{
		"empty": {}, "truncated": whole[:len(whole)-3], "something behind": append(whole[:len(whole):len(whole)], 0), "not deflated": []byte(authnRequest),
		"zlib": append([]byte{0x78, 0x9c}, whole...),
	} {
		_, err := Inflate(deflated, 0)
		require.ErrorIs(t, err, InvalidQuery, name)
	}
	_, err := Inflate(Deflate([]byte("12345")), 4)
	require.ErrorIs(t, err, TooLarge)
}

func TestS21_DeflateBomb(t *testing.T) {
	bomb := Deflate(make([]byte, 64<<20))
	require.Less(t, len(bomb), DefaultMaxBytes)
	requireCheap(t, "bomb", func() {
		_, err := Inflate(bomb, 0)
		require.ErrorIs(t, err, TooLarge)
	})
	query := "SAMLRequest=" + url.QueryEscape(base64.StdEncoding.EncodeToString(bomb))
	requireCheap(t, "bomb in a query", func() {
		_, err := ParseQuery(query)
		require.ErrorIs(t, err, TooLarge)
	})
	large := strings.Repeat("PGE+", 10<<20/4)
	requireCheap(t, "10 MB in a form", func() {
		_, err := DecodeBase64(large, 0)
		require.ErrorIs(t, err, TooLarge)
	})
	many := "SAMLRequest=AAAA" + strings.Repeat("&a", maxQuery/2-10)
	requireCheap(t, "many parameters", func() {
		_, err := ParseQuery(many)
		require.ErrorIs(t, err, InvalidQuery)
	})
}

func TestDecodeBase64(t *testing.T) {
	for field, want := range map[string]string{"": "", "PGEvPg==": "<a/>", " PGE\r\nvPg\t==\n": "<a/>"} {
		out, err := DecodeBase64(field, 0)
		require.NoError(t, err)
		require.Equal(t, want, string(out))
	}
	for _, field := range []string{"PGEvPg", "PGEvPg==x", "PGE_", "PGEvPg==PGEvPg==", "<a/>", "PGEv\x00"} {
		_, err := DecodeBase64(field, 0)
		require.ErrorIs(t, err, InvalidXML, field)
	}
	_, err := DecodeBase64("PGEvPg==", 3)
	require.ErrorIs(t, err, TooLarge)
	lines := strings.TrimSpace(strings.Repeat(strings.Repeat("PGEv", 16)+"\r\n", 1024))
	_, err = DecodeBase64(lines, 48<<10)
	require.NoError(t, err)
}
