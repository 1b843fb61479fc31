package srpclient

import (
	"encoding/base64"
	"fmt"
	"io"
	"math/big"
)

// Device is a device and its secret, which the client makes and keeps.
type Device struct {
	// Group is the DeviceGroupKey, Key the DeviceKey, as NewDeviceMetadata named them.
	Group  string
	Key    string
	Secret string
}

// NewDevice draws the secret of a device: 40 bytes in base64, as the SDKs have it. The error is that of random.
func NewDevice(random io.Reader, group, key string) (Device, error) {
	raw := make([]byte, 40)
	if _, err := io.ReadFull(random, raw); err != nil {
		return Device{}, fmt.Errorf("srpclient: drawing a device secret: %w", err)
	}
	return Device{Group: group, Key: key, Secret: base64.StdEncoding.EncodeToString(raw)}, nil
}

// Verifier returns the Salt and PasswordVerifier of ConfirmDevice, with a fresh salt from random. The error is that of random.
func (d Device) Verifier(random io.Reader) (salt, passwordVerifier string, err error) {
	raw := make([]byte, 16)
	if _, err := io.ReadFull(random, raw); err != nil {
		return "", "", fmt.Errorf("srpclient: drawing a salt: %w", err)
	}
	s := new(big.Int).SetBytes(raw)
	v := Power(two, privateKey(s, d.Group, d.Key, d.Secret))
	return base64.StdEncoding.EncodeToString(Pad(s)), base64.StdEncoding.EncodeToString(Pad(v)), nil
}
