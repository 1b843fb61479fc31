package passkey

import (
	"crypto/subtle"
	"slices"
	"strings"

	"github.com/stepwell/stepwell/internal/jose"
)

// clientDataMembers are the members that are judged. Others may be there: "new keys may be added".
var clientDataMembers = []string{"type", "challenge", "origin", "crossOrigin", "topOrigin", "tokenBinding"}

// checkClientData judges the collected client data (Level 3, 5.8.1; steps 5 to 11 of 7.1, 8 to 14 of 7.2): that the browser signed this
// ceremony, on a page of ours. The library does so again; it takes origins with a path in them, and names in the wrong case, for the same.
func (p *RelyingParty) checkClientData(raw []byte, ceremony string, challenge []byte) error {
	data, err := jose.DecodeObject(raw)
	if err != nil {
		return refuse(ErrMalformed, "the client data is not one JSON object: %s", clean(err.Error()))
	}
	for name := range data {
		for _, known := range clientDataMembers {
			if name != known && strings.EqualFold(name, known) {
				return refuse(ErrMalformed, "the client data has %q, which could be taken for %s", name, known)
			}
		}
	}
	if kind, _ := data["type"].(string); kind != ceremony {
		return refuse(ErrRefused, "the client data is for %q, not for %s", clean(kind), ceremony)
	}
	given, _ := data["challenge"].(string)
	if subtle.ConstantTimeCompare([]byte(given), []byte(encoded(challenge))) != 1 {
		return refuse(ErrRefused, "the challenge is not that of this ceremony")
	}
	if origin, _ := data["origin"].(string); !slices.Contains(p.origins, origin) {
		return refuse(ErrOrigin, "the page's origin %q is not among Config.Origins", clean(origin))
	}
	if err := p.checkFrame(data); err != nil {
		return err
	}
	return checkTokenBinding(data)
}

// checkFrame judges whether the page may have been in a frame of another site.
func (p *RelyingParty) checkFrame(data map[string]any) error {
	value, given := data["crossOrigin"]
	cross, ok := value.(bool)
	if given && !ok {
		return refuse(ErrMalformed, "crossOrigin is not a boolean")
	}
	value, given = data["topOrigin"]
	top, ok := value.(string)
	switch {
	case given && !ok:
		return refuse(ErrMalformed, "topOrigin is not a string")
	case given && !cross:
		return refuse(ErrMalformed, "topOrigin is given without crossOrigin")
	case cross && !slices.Contains(p.topOrigins, top):
		return refuse(ErrOrigin, "the page was in a frame of %q, which is not among Config.TopOrigins", clean(top))
	}
	return nil
}

// checkTokenBinding refuses an answer that was given over a connection with Token Binding (Level 2, 5.8.1): no server here has it, so it
// went through another.
func checkTokenBinding(data map[string]any) error {
	value, given := data["tokenBinding"]
	if !given {
		return nil
	}
	object, ok := value.(map[string]any)
	if status, _ := object["status"].(string); !ok || status != "supported" && status != "not-supported" {
		return refuse(ErrRefused, "tokenBinding is not the state of a connection without Token Binding")
	}
	return nil
}
