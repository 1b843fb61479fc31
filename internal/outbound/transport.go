package outbound

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"
)

// ErrNotPublic is why a connection was not made: the address is not one on the public Internet.
var ErrNotPublic = errors.New("the address is not on the public Internet")

const (
	dialTimeout      = 10 * time.Second
	handshakeTimeout = 10 * time.Second
	headerTimeout    = 30 * time.Second
	idleTimeout      = 90 * time.Second
	maxIdle          = 20
	maxHeaders       = 64 << 10
)

// PublicOnly returns a transport that connects to public addresses only; any other fails with ErrNotPublic before a packet is sent. It uses
// no proxy, for a proxy would look the name up itself: the variables HTTPS_PROXY and HTTP_PROXY have no effect. Everything else is as with
// http.DefaultTransport, with fewer idle connections and at most 64 KiB of response headers. Each call returns one of its own.
func PublicOnly() *http.Transport {
	dialer := &net.Dialer{Timeout: dialTimeout, KeepAlive: dialTimeout, Control: control}
	return &http.Transport{
		DialContext:            dialer.DialContext,
		ForceAttemptHTTP2:      true,
		MaxIdleConns:           maxIdle,
		IdleConnTimeout:        idleTimeout,
		TLSHandshakeTimeout:    handshakeTimeout,
		ResponseHeaderTimeout:  headerTimeout,
		ExpectContinueTimeout:  time.Second,
		MaxResponseHeaderBytes: maxHeaders,
	}
}

// control is called with the address that is about to be connected to, after the name was looked up, once for each address of it.
func control(network, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil || network != "tcp4" && network != "tcp6" || !IsPublic(at.Addr()) {
		return fmt.Errorf("%s: %w", address, ErrNotPublic)
	}
	return nil
}
