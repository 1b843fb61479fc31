package azuread

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"io"
	"net/url"
	"time"

	"github.com/stepwell/stepwell/federation/oidc"
)

const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// credential is how the application shows who it is: at most one of its fields is
// set.
type credential struct {
	clientID  string
	secret    string
	assertion func(ctx context.Context, tokenEndpoint string) (string, error)
}

// credentialConfig are the fields that Config and SAMLConfig share.
type credentialConfig struct {
	clientID    string
	secret      string
	certificate *x509.Certificate
	key         crypto.Signer
	federated   func(ctx context.Context) (string, error)
	now         func() time.Time
	rand        io.Reader
}

func newCredential(c credentialConfig) (*credential, error) {
	if guid(c.clientID) == "" {
		return nil, fail(InvalidConfig, "the client ID %q is not a GUID; give the Application (client) ID that the app registration's Overview shows", plain(c.clientID))
	}
	ways := 0
	for _, given := range []bool{c.secret != "", c.certificate != nil || c.key != nil, c.federated != nil} {
		if given {
			ways++
		}
	}
	if ways > 1 {
		return nil, fail(InvalidConfig, "ClientSecret, Certificate with Key, and FederatedCredential exclude one another: set one of them")
	}
	out := &credential{clientID: c.clientID, secret: c.secret}
	switch {
	case guid(c.secret) != "":
		return nil, fail(InvalidConfig, "ClientSecret has the form of a secret's ID; give its Value, which the portal shows once, when the secret is made")
	case c.federated != nil:
		out.assertion = federatedAssertion(c.federated)
	case c.certificate != nil || c.key != nil:
		if c.certificate == nil || c.key == nil {
			return nil, fail(InvalidConfig, "Certificate and Key belong together: set both")
		}
		if _, ok := c.key.Public().(*rsa.PublicKey); !ok {
			return nil, fail(InvalidConfig, "Key is not RSA, and the directory knows no other keys of applications")
		}
		assertion, err := oidc.NewClientAssertion(oidc.ClientAssertionConfig{
			ClientID: c.clientID, Key: c.key, Certificate: c.certificate, Algorithm: "PS256", Now: c.now, Rand: c.rand,
		})
		if err != nil {
			return nil, wrapConfig(err)
		}
		out.assertion = assertion
	}
	return out, nil
}

// federatedAssertion hands on a token of another issuer.
func federatedAssertion(token func(ctx context.Context) (string, error)) func(context.Context, string) (string, error) {
	return func(ctx context.Context, _ string) (string, error) {
		value, err := token(ctx)
		switch {
		case err != nil:
			return "", failCause(Unavailable, err, "FederatedCredential")
		case value == "":
			return "", fail(InvalidConfig, "FederatedCredential returned no token")
		}
		return value, nil
	}
}

// usable reports whether there is anything to authenticate with.
func (c *credential) usable() bool { return c.secret != "" || c.assertion != nil }

// addTo adds what authenticates the application at tokenEndpoint.
func (c *credential) addTo(ctx context.Context, form url.Values, tokenEndpoint string) error {
	form.Set("client_id", c.clientID)
	if c.assertion == nil {
		form.Set("client_secret", c.secret)
		return nil
	}
	assertion, err := c.assertion(ctx, tokenEndpoint)
	if err != nil {
		return wrap(err)
	}
	form.Set("client_assertion_type", assertionType)
	form.Set("client_assertion", assertion)
	return nil
}
