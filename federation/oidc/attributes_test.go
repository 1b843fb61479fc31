package oidc

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/internal/jose"
)

func claimsFrom(t *testing.T, text string) map[string]any {
	t.Helper()
	claims, err := jose.DecodeObject([]byte(text))
	require.NoError(t, err)
	return claims
}

func TestAttributeForms(t *testing.T) {
	for name, test := range map[string]struct {
		token, info string
		want        map[string][]string
	}{
		"strings as they are": {`{"a":" x ","b":""}`, `{}`, map[string][]string{"a": {" x "}, "b": {""}}},
		"booleans":            {`{"a":true,"b":false}`, `{}`, map[string][]string{"a": {"true"}, "b": {"false"}}},
		"numbers exactly": {`{"a":12345678901234567890123,"b":1.10,"c":1e21,"d":-0}`, `{}`,
			map[string][]string{"a": {"12345678901234567890123"}, "b": {"1.10"}, "c": {"1e21"}, "d": {"-0"}}},
		"arrays of strings": {`{"groups":["b","a","b"]}`, `{}`, map[string][]string{"groups": {"b", "a", "b"}}},
		"left out":          {`{"a":null,"b":{"c":"d"},"c":[],"d":["x",1],"e":[["x"]],"f":[true]}`, `{}`, map[string][]string{}},
		"token claims": {`{"aud":"a","azp":"a","exp":1,"iat":1,"nbf":1,"jti":"j","nonce":"n","at_hash":"h","c_hash":"h","s_hash":"h","sub":"s","acr":"2","amr":["pwd","otp"],"auth_time":7}`, `{}`,
			map[string][]string{"sub": {"s"}, "acr": {"2"}, "amr": {"pwd", "otp"}, "auth_time": {"7"}}},
		"ID token wins":         {`{"name":"token"}`, `{"name":"info","more":"info"}`, map[string][]string{"name": {"token"}, "more": {"info"}}},
		"left out does not win": {`{"name":null}`, `{"name":"info"}`, map[string][]string{"name": {"info"}}},
		"names are exact":       {`{"Email":"a@x.example","EMAIL_VERIFIED":true}`, `{}`, map[string][]string{"Email": {"a@x.example"}, "EMAIL_VERIFIED": {"true"}}},
		"proof without address": {`{"email_verified":true,"phone_number_verified":true}`, `{}`, map[string][]string{}},
		"several addresses":     {`{"email":["a@x.example","b@x.example"],"email_verified":true}`, `{}`, map[string][]string{}},
		"phone": {`{"phone_number":"+15550100"}`, `{"phone_number":"+15550100","phone_number_verified":true}`,
			map[string][]string{"phone_number": {"+15550100"}, "phone_number_verified": {"true"}}},
		"phone of another": {`{"phone_number":"+15550100"}`, `{"phone_number":"+15550199","phone_number_verified":true}`,
			map[string][]string{"phone_number": {"+15550100"}, "phone_number_verified": {"false"}}},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, test.want, attributesOf(claimsFrom(t, test.token), claimsFrom(t, test.info)))
		})
	}
	require.Equal(t, map[string][]string{"sub": {"s"}}, attributesOf(claimsFrom(t, `{"sub":"s"}`), nil))
}
