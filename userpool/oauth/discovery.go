package oauth

import (
	"encoding/json"
	"net/http"
	"slices"

	"github.com/stepwell/stepwell/userpool"
)

const (
	// discoveryAge and keysAge are how long a client may keep the answers. The pool publishes a key long before it signs with it.
	discoveryAge = "public, max-age=3600"
	keysAge      = "public, max-age=300"
)

// metadata is what OpenID Connect Discovery section 3, RFC 8414 section 2, RFC 9207 section 3 and RP-Initiated Logout section 2.1 ask
// a provider to tell. It holds what is true of this handler and nothing more.
type metadata struct {
	Issuer                string   `json:"issuer"`
	AuthorizationEndpoint string   `json:"authorization_endpoint"`
	TokenEndpoint         string   `json:"token_endpoint"`
	UserInfoEndpoint      string   `json:"userinfo_endpoint"`
	RevocationEndpoint    string   `json:"revocation_endpoint"`
	EndSessionEndpoint    string   `json:"end_session_endpoint"`
	KeysURI               string   `json:"jwks_uri"`
	Scopes                []string `json:"scopes_supported"`
	Claims                []string `json:"claims_supported"`
	ClaimTypes            []string `json:"claim_types_supported"`
	ResponseTypes         []string `json:"response_types_supported"`
	ResponseModes         []string `json:"response_modes_supported"`
	GrantTypes            []string `json:"grant_types_supported"`
	SubjectTypes          []string `json:"subject_types_supported"`
	SigningAlgorithms     []string `json:"id_token_signing_alg_values_supported"`
	TokenAuthMethods      []string `json:"token_endpoint_auth_methods_supported"`
	RevocationAuthMethods []string `json:"revocation_endpoint_auth_methods_supported"`
	ChallengeMethods      []string `json:"code_challenge_methods_supported"`
	Prompts               []string `json:"prompt_values_supported"`
	ACRValues             []string `json:"acr_values_supported"`
	ResponseIssuer        bool     `json:"authorization_response_iss_parameter_supported"`
	ClaimsParameter       bool     `json:"claims_parameter_supported"`
	RequestParameter      bool     `json:"request_parameter_supported"`
	RequestURIParameter   bool     `json:"request_uri_parameter_supported"`
}

// claimsSupported are the claims of ID tokens and of the UserInfo endpoint.
var claimsSupported = []string{
	"iss", "sub", "aud", "exp", "iat", "auth_time", "acr", "amr", "nonce", "at_hash", "jti", "origin_jti", "event_id", "token_use",
	"email", "email_verified", "phone_number", "phone_number_verified",
	"name", "given_name", "family_name", "middle_name", "nickname", "preferred_username", "profile", "picture", "website", "gender",
	"birthdate", "zoneinfo", "locale",
	"cognito:username", "cognito:groups", "cognito:roles", "cognito:preferred_role", "identities",
}

// discovery tells a client all it needs to know about the provider.
func (h *Handler) discovery(w http.ResponseWriter, r *http.Request) {
	keySet, err := h.pool.KeySet(r.Context())
	if err != nil {
		writeError(w, h.translate(r.Context(), err))
		return
	}
	authMethods := []string{"client_secret_basic", "client_secret_post", "none"}
	body, err := json.Marshal(metadata{
		Issuer:                h.issuer,
		AuthorizationEndpoint: h.issuer + pathAuthorize,
		TokenEndpoint:         h.issuer + pathToken,
		UserInfoEndpoint:      h.issuer + pathUserInfo,
		RevocationEndpoint:    h.issuer + pathRevoke,
		EndSessionEndpoint:    h.issuer + pathLogout,
		KeysURI:               h.issuer + pathKeys,
		Scopes:                h.scopes(),
		Claims:                claimsSupported,
		ClaimTypes:            []string{"normal"},
		ResponseTypes:         []string{"code"},
		ResponseModes:         []string{"query"},
		GrantTypes:            []string{"authorization_code", "refresh_token"},
		SubjectTypes:          []string{"public"},
		SigningAlgorithms:     algorithms(keySet),
		TokenAuthMethods:      authMethods,
		RevocationAuthMethods: authMethods,
		ChallengeMethods:      []string{"S256"},
		Prompts:               []string{"none", "login", "select_account"},
		ACRValues:             h.pool.ACRValues(),
		ResponseIssuer:        true,
	})
	if err != nil {
		panic(err) // contained and logged by ServeHTTP
	}
	writePublic(w, discoveryAge, body)
}

// keys serves the public keys of the pool: RFC 7517 section 5.
func (h *Handler) keys(w http.ResponseWriter, r *http.Request) {
	keySet, err := h.pool.KeySet(r.Context())
	if err != nil {
		writeError(w, h.translate(r.Context(), err))
		return
	}
	writePublic(w, keysAge, keySet)
}

// writePublic sends JSON that is the same for everybody.
func writePublic(w http.ResponseWriter, age string, body []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", age)
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(body)
}

// scopes are those that any client may ask for.
func (h *Handler) scopes() []string {
	scopes := []string{userpool.ScopeOpenID}
	for _, client := range h.pool.Settings().Clients {
		for _, scope := range client.Scopes {
			if !slices.Contains(scopes, scope) {
				scopes = append(scopes, scope)
			}
		}
	}
	slices.Sort(scopes[1:])
	return scopes
}

// algorithms are those of the published keys. The settings do not tell: after a change of algorithm, the key before it still signs for
// a while.
func algorithms(keySet []byte) []string {
	var set struct {
		Keys []struct {
			Algorithm string `json:"alg"`
		} `json:"keys"`
	}
	if err := json.Unmarshal(keySet, &set); err != nil {
		panic(err) // the pool made it; contained and logged by ServeHTTP
	}
	var out []string
	for _, key := range set.Keys {
		if !slices.Contains(out, key.Algorithm) {
			out = append(out, key.Algorithm)
		}
	}
	slices.Sort(out)
	return out
}
