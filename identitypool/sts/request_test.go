package sts_test

import (
	"net/http"
	"net/netip"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssts "github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/identitypool"
	"github.com/stepwell/stepwell/identitypool/sts"
)

// What policies ask about the request itself is known to them when credentials are asked for: a Deny that names a network, or that wants
// TLS, is not passed over for want of the key.
func TestA20_RequestKeys(t *testing.T) {
	const (
		office   = "203.0.113.7"
		fromHere = `{"Version":"2012-10-17","Statement":[
			{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + account + `:user/ann"},"Action":"sts:AssumeRole"},
			{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::` + account + `:oidc-provider/` + provider + `"},
			 "Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{"` + provider + `:aud":"shop"}}},
			{"Effect":"Allow","Principal":{"Federated":"` + samlProvider + `"},
			 "Action":"sts:AssumeRoleWithSAML","Condition":{"StringEquals":{"SAML:aud":"https://app.example.com/saml"}}},
			{"Effect":"Deny","Principal":"*","Action":"sts:*","Condition":{"IpAddressIfExists":{"aws:SourceIp":"198.51.100.0/24"}}},
			{"Effect":"Deny","Principal":"*","Action":"sts:*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}]}`
	)
	var address atomic.Pointer[netip.Addr]
	var secure atomic.Bool
	w := newWorld(t, func(c *identitypool.Config, s *sts.Config) {
		c.Roles = append(c.Roles, identitypool.Role{Name: "Office", Policies: []string{readAll}, TrustPolicy: fromHere})
		s.ClientAddress = func(*http.Request) netip.Addr { return *address.Load() }
		s.SecureTransport = func(*http.Request) bool { return secure.Load() }
	})
	for name, call := range map[string]func() error{
		"AssumeRole": func() error {
			_, err := w.sdk().AssumeRole(t.Context(), &awssts.AssumeRoleInput{RoleArn: aws.String(rolePrefix + "Office"), RoleSessionName: aws.String("ann")})
			return err
		},
		"AssumeRoleWithWebIdentity": func() error {
			_, err := w.sdk().AssumeRoleWithWebIdentity(t.Context(), &awssts.AssumeRoleWithWebIdentityInput{
				RoleArn: aws.String(rolePrefix + "Office"), RoleSessionName: aws.String("ann"), WebIdentityToken: aws.String(idToken(t, "ann")),
			})
			return err
		},
		"AssumeRoleWithSAML": func() error {
			_, err := w.sdk().AssumeRoleWithSAML(t.Context(), &awssts.AssumeRoleWithSAMLInput{
				RoleArn: aws.String(rolePrefix + "Office"), PrincipalArn: aws.String(samlProvider),
				SAMLAssertion: aws.String(assertion(t, map[string]any{"https://aws.amazon.com/SAML/Attributes/Role": rolePrefix + "Office," + samlProvider})),
			})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			for _, from := range []struct {
				address string
				secure  bool
				allowed bool
			}{{office, true, true}, {office, false, false}, {"198.51.100.9", true, false}} {
				at := netip.MustParseAddr(from.address)
				address.Store(&at)
				secure.Store(from.secure)
				err := call()
				if from.allowed {
					require.NoError(t, err)
					continue
				}
				require.ErrorContains(t, err, "AccessDenied", "%+v", from)
			}
		})
	}
}
