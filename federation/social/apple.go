package social

import (
	"context"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/pem"
	"maps"
	"net/http"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/stepwell/stepwell/federation"
	"github.com/stepwell/stepwell/federation/oidc"
	"github.com/stepwell/stepwell/internal/jose"
)

const (
	appleIssuer = "https://appleid.apple.com"
	// appleSecretLifetime is short, as a secret is made for each code. Apple allows
	// six months.
	appleSecretLifetime = 5 * time.Minute
	maxApplePrivateKey  = 16 << 10
	maxAppleUser        = 4 << 10
	maxAppleName        = 100
)

// AppleConfig is a Services ID in the Apple developer console, with a key for "Sign in
// with Apple".
type AppleConfig struct {
	// ClientID is the identifier of the Services ID, such as "com.example.shop".
	// Required. For tokens of an iOS application, which VerifyLogin takes, it is
	// that application's bundle ID.
	ClientID string

	// TeamID is the ten characters in the corner of the console. Required.
	TeamID string

	// KeyID is the ID of the key, and PrivateKey the content of its file
	// AuthKey_<KeyID>.p8. Required. The key is a secret; Apple lets it be
	// downloaded once.
	KeyID      string
	PrivateKey []byte

	Options
}

// AppleProvider signs people in with Apple. It is safe for concurrent use.
type AppleProvider struct{ inner *oidc.Provider }

var _ federation.Provider = (*AppleProvider)(nil)

var appleID = regexp.MustCompile(`^[A-Z0-9]{10}$`)

// Apple returns the provider for Apple accounts. It asks for openid, name and email.
//
// The client secret is a token that the key signs, with ES256 and good for five
// minutes; a fresh one is made for each sign-in, so none ever runs out. Apple's
// answer comes as a form (response_mode=form_post).
//
// Attributes: email with email_verified; is_private_email is "true" if the address is
// one of Apple's relay, which forwards only what comes from the addresses that are
// registered with Apple. At the first sign-in also name, given_name and family_name.
func Apple(config AppleConfig) (*AppleProvider, error) {
	if !appleID.MatchString(config.TeamID) || !appleID.MatchString(config.KeyID) {
		return nil, invalid("TeamID and KeyID must be the ten capital letters and digits that Apple's console shows")
	}
	key, err := parseApplePrivateKey(config.PrivateKey)
	if err != nil {
		return nil, err
	}
	signer, err := jose.NewSigner(jose.SignerConfig{Key: key, Algorithm: jose.ES256, KeyID: config.KeyID, Rand: config.Rand})
	if err != nil {
		return nil, invalid("PrivateKey cannot sign for Apple: " + err.Error())
	}
	if len(config.Scopes) == 0 {
		config.Scopes = []string{"openid", "name", "email"}
	}
	parameters := maps.Clone(config.AuthorizationParameters)
	if parameters == nil {
		parameters = make(map[string]string)
	}
	parameters["response_mode"] = "form_post"
	openID := config.openID(appleIssuer, config.ClientID, "")
	openID.AuthorizationParameters = parameters
	openID.SkipUserInfo = true // Apple has no such endpoint, and what Finish says of the address is about the ID token's
	now := config.Now
	if now == nil {
		now = time.Now
	}
	openID.ClientSecretFunc = func(context.Context) (string, error) {
		at := now()
		return signer.Sign("", map[string]any{
			"iss": config.TeamID,
			"sub": config.ClientID,
			"aud": or(config.InsecureEndpoints.Issuer, appleIssuer),
			"iat": at.Unix(),
			"exp": at.Add(appleSecretLifetime).Unix(),
		})
	}
	inner, err := oidc.New(openID)
	if err != nil {
		return nil, err
	}
	return &AppleProvider{inner}, nil
}

// parseApplePrivateKey reads a .p8 file: PKCS #8 in PEM, of an ECDSA key. Its errors
// quote nothing of it.
func parseApplePrivateKey(data []byte) (*ecdsa.PrivateKey, error) {
	if len(data) > maxApplePrivateKey {
		return nil, invalid("PrivateKey is too long for a .p8 file")
	}
	block, rest := pem.Decode(data)
	if block == nil || block.Type != "PRIVATE KEY" || strings.TrimSpace(string(rest)) != "" {
		return nil, invalid("PrivateKey is not the content of a .p8 file: -----BEGIN PRIVATE KEY----- and so on")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	key, ok := parsed.(*ecdsa.PrivateKey)
	if err != nil || !ok {
		return nil, invalid("PrivateKey is damaged, or is not an ECDSA key")
	}
	return key, nil
}

// Issuer returns Apple's issuer identifier.
func (p *AppleProvider) Issuer() string { return p.inner.Issuer() }

// Begin prepares a sign-in as oidc.Provider.Begin does.
func (p *AppleProvider) Begin(ctx context.Context, callbackURL, state string) (next http.Handler, pending []byte, err error) {
	return p.inner.Begin(ctx, callbackURL, state)
}

// BeginHint is Begin with a login hint: see oidc.Hints.
func (p *AppleProvider) BeginHint(ctx context.Context, callbackURL, state, loginHint string) (next http.Handler, pending []byte, err error) {
	return p.inner.BeginHint(ctx, callbackURL, state, loginHint)
}

// Finish takes the form that Apple lets the browser post, as oidc.Provider.Finish
// does. From the form's parameter user, which nobody signed, it takes the name and
// nothing else; what cannot be a name is left out.
func (p *AppleProvider) Finish(r *http.Request, pending []byte) (subject string, attributes map[string][]string, err error) {
	signIn, err := p.inner.FinishSignIn(r, pending)
	if err != nil {
		return "", nil, err
	}
	attributes = signIn.Attributes
	if _, ok := attributes["email"]; ok && signIn.Claims["email_verified"] == "true" {
		attributes["email_verified"] = []string{"true"}
	}
	given, family := appleName(r.PostForm["user"])
	for name, value := range map[string]string{
		"given_name": given, "family_name": family, "name": strings.TrimSpace(given + " " + family),
	} {
		if _, said := attributes[name]; !said && value != "" {
			attributes[name] = []string{value}
		}
	}
	return signIn.Subject, attributes, nil
}

// VerifyLogin verifies an ID token as oidc.Provider.VerifyLogin does. The claims
// email_verified and is_private_email are bools in what it returns, where Apple sent
// them as text.
func (p *AppleProvider) VerifyLogin(ctx context.Context, idToken string) (claims map[string]any, err error) {
	claims, err = p.inner.VerifyLogin(ctx, idToken)
	if err != nil {
		return nil, err
	}
	for _, name := range []string{"email_verified", "is_private_email"} {
		switch claims[name] {
		case "true":
			claims[name] = true
		case "false":
			claims[name] = false
		}
	}
	return claims, nil
}

// appleName reads {"name":{"firstName":"...","lastName":"..."},"email":"..."}.
func appleName(values []string) (given, family string) {
	if len(values) != 1 || len(values[0]) > maxAppleUser {
		return "", ""
	}
	user, err := jose.DecodeObject([]byte(values[0]))
	if err != nil {
		return "", ""
	}
	name, _ := user["name"].(map[string]any)
	return personName(name["firstName"]), personName(name["lastName"])
}

// personName accepts text of one line that a person could be called.
func personName(value any) string {
	name, _ := value.(string)
	name = strings.TrimSpace(name)
	if utf8.RuneCountInString(name) > maxAppleName || strings.IndexFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }) >= 0 {
		return ""
	}
	return name
}
