package azuread

import (
	"net/url"
	"strings"
)

// Cloud is one of Microsoft's clouds. They share nothing: a tenant, its app
// registrations and its people are in one of them. Empty means Public.
type Cloud string

const (
	// Public is the cloud that everybody has who does not know better:
	// login.microsoftonline.com and graph.microsoft.com.
	Public Cloud = "public"
	// USGovernment is Azure Government with Microsoft 365 GCC High:
	// login.microsoftonline.us and graph.microsoft.us. GCC without High is in
	// Public.
	USGovernment Cloud = "us-government"
	// USGovernmentDoD is the same for the Department of Defense, whose Graph is
	// dod-graph.microsoft.us.
	USGovernmentDoD Cloud = "us-government-dod"
	// China is operated by 21Vianet: login.partner.microsoftonline.cn and
	// microsoftgraph.chinacloudapi.cn.
	China Cloud = "china"
)

// Endpoints are the parts of a cloud. Empty fields mean those of Cloud.
type Endpoints struct {
	// LoginURL stands for https://login.microsoftonline.com: what tenants' issuers of
	// version 2.0 and all pages begin with. No slash at the end.
	LoginURL string
	// GraphURL stands for https://graph.microsoft.com. No slash at the end.
	GraphURL string
	// STSURL stands for https://sts.windows.net: what issuers of version 1.0 and
	// SAML entity IDs begin with. It is a name, and is never asked. No slash at the
	// end.
	STSURL string
}

var clouds = map[Cloud]Endpoints{
	"":              {"https://login.microsoftonline.com", "https://graph.microsoft.com", "https://sts.windows.net"},
	Public:          {"https://login.microsoftonline.com", "https://graph.microsoft.com", "https://sts.windows.net"},
	USGovernment:    {"https://login.microsoftonline.us", "https://graph.microsoft.us", "https://sts.windows.net"},
	USGovernmentDoD: {"https://login.microsoftonline.us", "https://dod-graph.microsoft.us", "https://sts.windows.net"},
	China:           {"https://login.partner.microsoftonline.cn", "https://microsoftgraph.chinacloudapi.cn", "https://sts.chinacloudapi.cn"},
}

// endpoints returns where cloud is, with what override replaces.
func endpoints(cloud Cloud, override Endpoints, allowHTTP bool) (Endpoints, error) {
	at, ok := clouds[cloud]
	if !ok {
		return Endpoints{}, fail(InvalidConfig, "Cloud is %q; use Public, USGovernment, USGovernmentDoD or China", plain(string(cloud)))
	}
	for _, part := range []struct {
		name  string
		given string
		to    *string
	}{
		{"LoginURL", override.LoginURL, &at.LoginURL}, {"GraphURL", override.GraphURL, &at.GraphURL}, {"STSURL", override.STSURL, &at.STSURL},
	} {
		if part.given == "" {
			continue
		}
		u, err := url.Parse(part.given)
		switch {
		case err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.HasSuffix(part.given, "/"):
			return Endpoints{}, fail(InvalidConfig, "InsecureEndpoints.%s %q is not a URL without query and slash at the end", part.name, plain(part.given))
		case u.Scheme != "https" && (u.Scheme != "http" || !allowHTTP):
			return Endpoints{}, fail(InvalidConfig, "InsecureEndpoints.%s %q is not https; for a machine of a developer set InsecureAllowHTTP", part.name, plain(part.given))
		}
		*part.to = part.given
	}
	return at, nil
}

// issuer is what the tokens of a tenant name, {tenantid} included.
func (e Endpoints) issuer(tenant string, v1 bool) string {
	if v1 {
		return e.entityID(tenant)
	}
	return e.LoginURL + "/" + tenant + "/v2.0"
}

// entityID is what a tenant is called in SAML, and in tokens of version 1.0.
func (e Endpoints) entityID(tenant string) string { return e.STSURL + "/" + tenant + "/" }

// tenantOf returns the tenant that an issuer of either version belongs to.
func (e Endpoints) tenantOf(issuer string) (tenant string, ok bool) {
	for _, form := range []struct{ before, after string }{{e.LoginURL + "/", "/v2.0"}, {e.STSURL + "/", "/"}} {
		rest, ok1 := strings.CutPrefix(issuer, form.before)
		tenant, ok2 := strings.CutSuffix(rest, form.after)
		if ok1 && ok2 && guid(tenant) == tenant && tenant != "" {
			return tenant, true
		}
	}
	return "", false
}
