package saml_test

import (
	"encoding/base64"
	"testing"

	"github.com/stretchr/testify/require"
)

// weakPEM is a certificate of a 1024-bit RSA key.
const weakPEM = `
MIIB+jCCAWOgAwIBAgIUb5RpZEvrMg6BCBqqOJsQaJHNDicwDQYJKoZIhvcNAQELBQAwDzENMAsGA1UEAwwEd2VhazAeFw0yNjEx
MjMxMzM3MzhaFw0zNjExMjAxMzM3MzhaMA8xDTALBgNVBAMMBHdlYWswgZ8wDQYJKoZIhvcNAQEBBQADgY0AMIGJAoGBAMMRY1bO
fneYuFmJajVwLbKw0yOlEOOqL/WG/B38XaWjTbpnHkoGMPyY/fnsZNtReMwjK6SCT0uTILn3PJCvMu8v9GznVuafYSNEHVFkSDbR
gZroZCH9PGS8iuW8ivwibUZ6rfK4t1kIQcPg7vgJUJIfMj9OLwch54Ay3sch0Nd1AgMBAAGjUzBRMB0GA1UdDgQWBBQvAKorQEt1
v+C2VTYLbF5ot2sRqzAfBgNVHSMEGDAWgBQvAKorQEt1v+C2VTYLbF5ot2sRqzAPBgNVHRMBAf8EBTADAQH/MA0GCSqGSIb3DQEB
CwUAA4GBAAYn4YzW2S5nG5CZDLyka7IGSXrwwk2+ZIlaK+pUAYPsawCaGwW6wNzr0vLbv61pFr+U2Vw/B6r9c1n/I3cEOWs4quHe
P0FAmI3Wwibi4MF7x4FlCOmlrzsa05RnTmdDX8K/0tYZzIxCpPsnGd0oKKist/smM2v5a45qitY9d7mk
`

func unbase64(t *testing.T, text string) []byte {
	t.Helper()
	data, err := base64.StdEncoding.DecodeString(text)
	require.NoError(t, err)
	return data
}
