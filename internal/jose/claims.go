package jose

import (
	"encoding/json"
	"strconv"
	"time"
)

// ClockSkew is how far the clocks of two hosts may differ. It is the one
// tolerance for exp, nbf and iat.
const ClockSkew = 30 * time.Second

// maxNumericDate bounds times: 2^40 seconds after 1970 is the year 36812.
const maxNumericDate = 1 << 40

// Numeric returns the claim name as a time (NumericDate, RFC 7519 section 2) in
// UTC and whole seconds: a fraction is cut off. It reports false when the claim
// is missing, is not a json.Number, or is not within [0, 2^40) seconds.
func Numeric(claims map[string]any, name string) (time.Time, bool) {
	number, ok := claims[name].(json.Number)
	if !ok {
		return time.Time{}, false
	}
	// ParseFloat is exact in this range, and takes "1e300" without effort.
	seconds, err := strconv.ParseFloat(string(number), 64)
	if err != nil || !(seconds >= 0 && seconds < maxNumericDate) {
		return time.Time{}, false
	}
	return time.Unix(int64(seconds), 0).UTC(), true
}

func (want *Expected) checkClaims(claims map[string]any) error {
	expected := want.Issuer
	if want.IssuerOf != nil {
		var err error
		if expected, err = want.IssuerOf(claims); err != nil {
			return wrap(ErrClaims, err, "iss is not accepted")
		}
		if expected == "" {
			return refuse(ErrClaims, "iss is not accepted")
		}
	}
	if issuer, ok := claims["iss"].(string); !ok || issuer != expected {
		return refuse(ErrClaims, "iss is not the expected issuer %q", expected)
	}
	if err := want.checkAudience(claims); err != nil {
		return err
	}
	return want.checkTimes(claims)
}

func (want *Expected) checkAudience(claims map[string]any) error {
	value, present := claims["aud"]
	audiences, ok := audiencesOf(value)
	if present && !ok {
		return refuse(ErrClaims, "aud is not a string or an array of strings, none of them empty")
	}
	if want.Audience == "" {
		return nil
	}
	found := false
	for _, audience := range audiences {
		found = found || audience == want.Audience
	}
	if !found {
		return refuse(ErrClaims, "aud does not name %q", want.Audience)
	}
	if azp, _ := claims["azp"].(string); len(audiences) > 1 && azp != want.Audience {
		return refuse(ErrClaims, "aud names several, and azp is not %q", want.Audience)
	}
	return nil
}

func audiencesOf(value any) ([]string, bool) {
	switch value := value.(type) {
	case string:
		return []string{value}, value != ""
	case []any:
		audiences := make([]string, 0, len(value))
		for _, element := range value {
			audience, ok := element.(string)
			if !ok || audience == "" {
				return nil, false
			}
			audiences = append(audiences, audience)
		}
		return audiences, len(audiences) > 0
	default:
		return nil, false
	}
}

// checkTimes: a token is good before exp and not before nbf (RFC 7519 sections
// 4.1.4 and 4.1.5); one that says it was issued in the future is not believed.
func (want *Expected) checkTimes(claims map[string]any) error {
	expires, ok := Numeric(claims, "exp")
	_, present := claims["exp"]
	if !ok && (present || !want.AllowNoExpiry) {
		return refuse(ErrClaims, "exp is missing or not a NumericDate")
	}
	if ok && !want.AllowExpired && !want.Now.Before(expires.Add(ClockSkew)) {
		return refuse(ErrExpired, "token expired at %s", expires.Format(time.RFC3339))
	}
	for _, name := range []string{"nbf", "iat"} {
		if _, present := claims[name]; !present {
			continue
		}
		begin, ok := Numeric(claims, name)
		if !ok {
			return refuse(ErrClaims, "%s is not a NumericDate", name)
		}
		if want.Now.Add(ClockSkew).Before(begin) {
			return refuse(ErrClaims, "%s is in the future: %s", name, begin.Format(time.RFC3339))
		}
	}
	return nil
}
