package userpool

import (
	"net/netip"
	"strings"
)

// UserContextData says where a request of a person came from. The pool believes it: a program behind a proxy takes the address from what the
// proxy adds, never from what anybody can send.
type UserContextData struct {
	// IPAddress is the address of the person's device. Attempts are counted for its network as well, unless it is the zero Addr.
	IPAddress netip.Addr
	// UserAgent is the header User-Agent, or empty. At most 256 bytes of it are kept.
	UserAgent string
	// Locale is the header Accept-Language, or the language of the page, or empty. Messages are in this language if the user has not set
	// the attribute locale.
	Locale string
}

func (c UserContextData) address() string {
	if !c.IPAddress.IsValid() {
		return ""
	}
	return c.IPAddress.Unmap().WithZone("").String()
}

// agent returns the user agent in a form that can be kept and shown.
func (c UserContextData) agent() string {
	s := strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return -1
		}
		return r
	}, c.UserAgent[:min(len(c.UserAgent), 256)])
	return s
}
