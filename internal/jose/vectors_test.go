package jose

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Keys and tokens of RFC 7515 appendix A.2 and A.3, RFC 8037 appendix A.
const (
	rfc7515RSA = `{"kty":"RSA","e":"AQAB","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"}`

	rfc7515RSAPrivate = `{"kty":"RSA","kid":"a2","alg":"RS256","e":"AQAB","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ",` +
		`"d":"Eq5xpGnNCivDflJsRQBXHx1hdR1k6Ulwe2JZD50LpXyWPEAeP88vLNO97IjlA7_GQ5sLKMgvfTeXZx9SE-7YwVol2NXOoAJe46sui395IW_GO-pWJ1O0BkTGoVEn2bKVRUCgu-GjBVaYLU6f3l9kJfFNS3E0QbVdxzubSu3Mkqzjkn439X0M_V51gfpRLI9JYanrC4D4qAdGcopV_0ZHHzQlBjudU2QvXt4ehNYTCBr6XCLQUShb1juUO1ZdiYoFaFQT5Tw8bGUl_x_jTj3ccPDVZFD9pIuhLhBOneufuBiB4cS98l2SR_RQyGWSeWjnczT0QU91p1DhOVRuOopznQ",` +
		`"p":"4BzEEOtIpmVdVEZNCqS7baC4crd0pqnRH_5IB3jw3bcxGn6QLvnEtfdUdiYrqBdss1l58BQ3KhooKeQTa9AB0Hw_Py5PJdTJNPY8cQn7ouZ2KKDcmnPGBY5t7yLc1QlQ5xHdwW1VhvKn-nXqhJTBgIPgtldC-KDV5z-y2XDwGUc",` +
		`"q":"uQPEfgmVtjL0Uyyx88GZFF1fOunH3-7cepKmtH4pxhtCoHqpWmT8YAmZxaewHgHAjLYsp1ZSe7zFYHj7C6ul7TjeLQeZD_YwD66t62wDmpe_HlB-TnBA-njbglfIsRLtXlnDzQkv5dTltRJ11BKBBypeeF6689rjcJIDEz9RWdc"}`

	rfc7515RSAToken = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ." +
		"cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"

	// The payload of A.2, signed with its key by "openssl dgst -sha512 -sign".
	opensslRS512Token = "eyJhbGciOiJSUzUxMiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ." +
		"ZatQfsb2gyCu3y9cDuz59a-IKm4bkqtT0HuT8BpNlPCmA3Y2eH91CVSI0TbkPqI9v2jaXuWvPcoJGNRtTpUXafTAbqzxWSMjqx8SkJRTuUz6imaHBctra42j2AvJ1t7qJwf2NN49y9PZbkYn3ejhU-iCmKJ3J-_GLsYp5VlximYm-o3sMul0tyCMvHUdmuWvadnVEaio-jix3pXYWfyFC8tp19zZrTaofxTAzCqlqundx22tfsuqchto_zVnZk_ZBr1R5lr29Qle5JgLmRkfDNbVSQZFdwg6mSlODL8BrOiM_vreMaPCO8U_JGezKUob0ONv7DA7XDfpbaXaFsHipQ"

	rfc7515EC        = `{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}`
	rfc7515ECPrivate = `{"kty":"EC","crv":"P-256","kid":"a3","alg":"ES256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0","d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"}`
	rfc7515ECToken   = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ." +
		"DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"

	rfc8037Private = `{"kty":"OKP","crv":"Ed25519","kid":"a1","alg":"EdDSA","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`
	rfc8037Public  = `{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`
	rfc8037Token   = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc." +
		"hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"

	rfc7638Key = `{"kty":"RSA","e":"AQAB","alg":"RS256","kid":"2011-04-29","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"}`
)

func parseOne(t testing.TB, key string) PublicKey {
	t.Helper()
	keys, err := ParseKeySet([]byte(`{"keys":[` + key + `]}`))
	require.NoError(t, err)
	require.Len(t, keys, 1)
	return keys[0]
}

func TestRFC7515_A2_A3(t *testing.T) {
	want := Expected{Issuer: "joe", Now: time.Unix(1300819380, 0).Add(-time.Minute)}
	for name, vector := range map[string]struct{ key, token string }{
		"A.2 RS256": {rfc7515RSA, rfc7515RSAToken},
		"A.2 RS512": {jwkWith(t, rfc7515RSA, m{"alg": "RS512"}), opensslRS512Token},
		"A.3 ES256": {rfc7515EC, rfc7515ECToken},
	} {
		t.Run(name, func(t *testing.T) {
			keys := &keyMap{keys: map[string]PublicKey{"": parseOne(t, vector.key)}}
			claims := requireAccepted(t, vector.token, keys, want)
			require.Equal(t, map[string]any{"iss": "joe", "exp": json.Number("1300819380"), "http://example.com/is_root": true}, claims)
			for i := range []byte(vector.token) {
				changed := []byte(vector.token)
				changed[i] = map[bool]byte{true: 'B', false: 'A'}[changed[i] == 'A']
				_, err := Verify(context.Background(), string(changed), keys, want)
				require.Error(t, err, "byte %d", i)
			}
		})
	}
}

// The RSA signature is deterministic: the same input gives the signature of the RFC.
func TestRFC7515_A2_Sign(t *testing.T) {
	key, err := ParsePrivateKey([]byte(rfc7515RSAPrivate))
	require.NoError(t, err)
	at := bytes.LastIndexByte([]byte(rfc7515RSAToken), '.')
	require.Equal(t, rfc7515RSAToken[at+1:], encode(string(rawSign(t, key, rfc7515RSAToken[:at]))))
}

func TestRS512_Sign(t *testing.T) {
	key, err := ParsePrivateKey([]byte(strings.Replace(rfc7515RSAPrivate, "RS256", "RS512", 1)))
	require.NoError(t, err)
	at := strings.LastIndexByte(opensslRS512Token, '.')
	require.Equal(t, opensslRS512Token[at+1:], encode(string(rawSign(t, key, opensslRS512Token[:at]))))
}

// One RSA key is for the one algorithm that it was published or made for, whatever the token says.
func TestJ5_RS256AndRS512(t *testing.T) {
	want := Expected{Issuer: "joe", Now: time.Unix(1300819380, 0).Add(-time.Minute)}
	for published, token := range map[string]string{"": opensslRS512Token, "RS256": opensslRS512Token, "RS512": rfc7515RSAToken} {
		key := rfc7515RSA
		if published != "" {
			key = jwkWith(t, key, m{"alg": published})
		}
		requireRefused(t, token, &keyMap{keys: map[string]PublicKey{"": parseOne(t, key)}}, want, ErrKey)
	}
	swapped := strings.Replace(opensslRS512Token, opensslRS512Token[:20], rfc7515RSAToken[:20], 1)
	requireRefused(t, swapped, &keyMap{keys: map[string]PublicKey{"": parseOne(t, rfc7515RSA)}}, want, ErrSignature)
}

// The payload of appendix A.4 is not JSON, so Verify refuses it after the signature.
func TestRFC8037_A4(t *testing.T) {
	key, err := ParsePrivateKey([]byte(rfc8037Private))
	require.NoError(t, err)
	parsed, err := parseToken(rfc8037Token)
	require.NoError(t, err)
	require.Equal(t, parsed.signature, rawSign(t, key, string(parsed.input)))
	public := parseOne(t, rfc8037Public)
	require.NoError(t, verifySignature(EdDSA, public.Key, parsed.input, parsed.signature))
	parsed.signature[0] ^= 1
	require.ErrorIs(t, verifySignature(EdDSA, public.Key, parsed.input, parsed.signature), ErrSignature)

	keys := &keyMap{keys: map[string]PublicKey{"": public}}
	requireRefused(t, rfc8037Token, keys, expected(), ErrMalformed)
}

func TestThumbprintVectors(t *testing.T) {
	for name, vector := range map[string]struct{ key, thumbprint string }{
		"RFC 7638 section 3.1":  {rfc7638Key, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"},
		"RFC 8037 appendix A.3": {rfc8037Public, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := thumbprint(parseOne(t, vector.key).Key)
			require.NoError(t, err)
			require.Equal(t, vector.thumbprint, got)
		})
	}
}

func TestConstants(t *testing.T) {
	require.Len(t, orderP256, 32)
	for _, y := range smallOrder {
		require.Len(t, y, 32)
	}
}
