package house

import (
	"net/http"

	"github.com/stepwell/stepwell/federation"
	"github.com/stepwell/stepwell/federation/azuread"
	"github.com/stepwell/stepwell/federation/domain"
	"github.com/stepwell/stepwell/federation/oidc"
	"github.com/stepwell/stepwell/federation/saml"
	"github.com/stepwell/stepwell/federation/social"
	"github.com/stepwell/stepwell/identitypool"
	"github.com/stepwell/stepwell/middleware"
	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/hostedui"
	"github.com/stepwell/stepwell/userpool/oauth"
	"github.com/stepwell/stepwell/userpool/passkey"
	"github.com/stepwell/stepwell/userpool/smtpsender"
)

// The seams that the module documentation lists: no package says that it satisfies the interface of another, so the compiler is asked
// here.
var (
	_ middleware.KeySource      = (*userpool.Pool)(nil)
	_ middleware.KeySource      = (*middleware.RemoteKeys)(nil)
	_ middleware.Revocation     = (*userpool.Pool)(nil)
	_ middleware.Authenticator  = (*hostedui.UI)(nil)
	_ userpool.Sender           = (*smtpsender.Sender)(nil)
	_ userpool.WebAuthn         = (*passkey.RelyingParty)(nil)
	_ userpool.IdentityProvider = (*oidc.Provider)(nil)
	_ userpool.IdentityProvider = federation.Provider(nil)
	_ userpool.IdentityProvider = (*oidc.OAuthProvider)(nil)
	_ userpool.IdentityProvider = (*social.AppleProvider)(nil)
	_ userpool.IdentityProvider = (*saml.Provider)(nil)
	_ userpool.HintedProvider   = (*oidc.Provider)(nil)
	_ userpool.SessionProvider  = (*oidc.Provider)(nil)
	_ userpool.SessionProvider  = (*saml.Provider)(nil)
	_ userpool.HomeRealm        = (*domain.Directory)(nil).ProviderFor
	_ oidc.ReplayStore          = (*userpool.Pool)(nil)
	_ saml.ReplayStore          = (*userpool.Pool)(nil)
	_ oauth.ProviderLogin       = (*hostedui.UI)(nil)

	_ userpool.UnsolicitedProvider = (*saml.Provider)(nil)
	_ userpool.UnsolicitedProvider = (*azuread.SAMLProvider)(nil)

	_ identitypool.LoginVerifier = (*azuread.Provider)(nil)
	_ identitypool.LoginVerifier = (*azuread.SAMLProvider)(nil)
	_ identitypool.LoginVerifier = (*saml.Provider)(nil)
	_ identitypool.LoginVerifier = (*oidc.Provider)(nil)
	_ identitypool.LoginVerifier = identitypool.LoginFunc((*userpool.Pool)(nil).VerifyIDToken)
	_ identitypool.Revoked       = (*userpool.Pool)(nil)

	_ identitypool.SingleUseVerifier = (*saml.Provider)(nil)
	_ identitypool.SingleUseVerifier = (*azuread.SAMLProvider)(nil)

	_ oauth.Login = (*hostedui.UI)(nil)

	_ middleware.Authenticator = (*identitypool.Authorizer)(nil)
	_ middleware.KeySource     = (*identitypool.Pool)(nil)
	_ authorizer               = (*identitypool.Authorizer)(nil)
)

// authorizer is what packages with operations for administrators ask who may call them.
type authorizer interface {
	Authorize(r *http.Request, body []byte, action, resource string) error
}
