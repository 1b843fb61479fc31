package oauth

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/stepwell/stepwell/internal/jose"
	"github.com/stepwell/stepwell/userpool"
)

// A request with prompt=login or max_age leads to the sign-in page although somebody is signed in, and then comes back as it was. The
// parameter renewal, which we add to the address to come back to, tells the second visit from the first: it says when the request was
// sent to sign-in, and which sign-in was there at that time. The request is satisfied by another sign-in, after that moment.
//
// The parameter is not authenticated, since that would protect nothing: whoever can write it could also leave prompt and max_age out.
// An application that relies on them must check auth_time in the ID token (OpenID Connect Core section 3.1.2.1). It is bounded, so that
// a forged one can not do more than let a sign-in count that is at most renewalAge old.
const (
	renewalName = "renewal"
	// renewalAge is how long the person may take to sign in before the request asks once more.
	renewalAge = 15 * time.Minute
)

// newRenewal returns the parameter for a request that is sent to sign-in while session, which may be nil, is there.
func newRenewal(session *userpool.BrowserSession, now time.Time) string {
	return strconv.FormatInt(now.Unix(), 10) + "." + sessionMark(session)
}

// renewed tells whether the session comes from the new sign-in that the parameter waits for.
func renewed(renewal string, session *userpool.BrowserSession, now time.Time) bool {
	seconds, mark, ok := strings.Cut(renewal, ".")
	if !ok || len(seconds) > 12 {
		return false
	}
	unix, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil {
		return false
	}
	asked := time.Unix(unix, 0)
	if now.Sub(asked) > renewalAge || session.AuthTime.Before(asked.Add(-jose.ClockSkew)) {
		return false
	}
	return subtle.ConstantTimeCompare([]byte(mark), []byte(sessionMark(session))) == 0
}

// sessionMark names one sign-in in a URL without telling the ID of its session. A browser that signs in anew may keep the ID of its
// session, but not the time.
func sessionMark(session *userpool.BrowserSession) string {
	if session == nil {
		return "none"
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "renewal:%s:%d", session.ID, session.AuthTime.UnixMicro()))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}
