package outbound

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestR16_IsPublic(t *testing.T) {
	for _, private := range []string{
		"0.0.0.0", "0.1.2.3", "10.1.2.3", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.255.255.254", "168.63.129.16", "169.254.169.254",
		"172.16.0.1", "172.31.255.255", "192.0.0.192", "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1", "198.51.100.1", "203.0.113.1",
		"224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255",
		"::", "::1", "::127.0.0.1", "::8.8.8.8", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::ffff:0.0.0.0",
		"64:ff9b::7f00:1", "64:ff9b::808:808", "64:ff9b:1::1", "100::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1",
		"2001::1", "2001:db8::1", "2002:7f00:1::", "2002:808:808::1", "3fff::1", "5f00::1", "2606:4700::1111%eth0",
	} {
		require.False(t, IsPublic(netip.MustParseAddr(private)), private)
	}
	for _, public := range []string{
		"1.1.1.1", "8.8.8.8", "20.190.128.1", "100.63.255.255", "100.128.0.1", "126.255.255.255", "128.0.0.1", "168.63.129.17", "172.15.255.255",
		"172.32.0.1", "192.0.1.1", "223.255.255.255", "::ffff:8.8.8.8", "2606:4700:4700::1111", "2a00:1450:4001::1", "2003::1", "2001:200::1",
	} {
		require.True(t, IsPublic(netip.MustParseAddr(public)), public)
	}
	require.False(t, IsPublic(netip.Addr{}))
}

// The server is there and would answer, under every name it has.
func TestR16_PublicOnly(t *testing.T) {
	reached := false
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	defer server.Close()
	_, port, err := net.SplitHostPort(strings.TrimPrefix(server.URL, "http://"))
	require.NoError(t, err)
	t.Setenv("HTTP_PROXY", server.URL)
	t.Setenv("http_proxy", server.URL)
	client := &http.Client{Transport: PublicOnly()}
	for _, host := range []string{"127.0.0.1", "localhost", "0.0.0.0", "[::1]", "[::]", "[::ffff:127.0.0.1]", "2130706433", "0x7f000001", "127.1", "169.254.169.254"} {
		resp, err := client.Get("http://" + host + ":" + port + "/")
		require.Error(t, err, host)
		require.Nil(t, resp)
		if strings.Contains(host, ".0") || strings.HasPrefix(host, "[") || host == "localhost" {
			require.ErrorIs(t, err, ErrNotPublic, host)
		}
	}
	require.False(t, reached)
}

// A name that named a public address when somebody looked names another when it is dialed.
func TestR16_Rebinding(t *testing.T) {
	reached := false
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	defer server.Close()
	address := strings.TrimPrefix(server.URL, "http://")
	require.ErrorIs(t, control("tcp4", address, nil), ErrNotPublic)
	require.NoError(t, control("tcp4", "8.8.8.8:443", nil))
	require.NoError(t, control("tcp6", "[2606:4700:4700::1111]:443", nil))
	for _, odd := range []string{"", "8.8.8.8", "example.com:443", "8.8.8.8:https"} {
		require.ErrorIs(t, control("tcp4", odd, nil), ErrNotPublic)
	}
	require.ErrorIs(t, control("unix", "8.8.8.8:443", nil), ErrNotPublic)
	_, err := PublicOnly().DialContext(context.Background(), "tcp", address)
	require.ErrorIs(t, err, ErrNotPublic)
	_, err = PublicOnly().DialContext(context.Background(), "unix", "/var/run/docker.sock")
	require.Error(t, err)
	require.False(t, reached)
}
