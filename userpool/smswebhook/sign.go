package smswebhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Headers of the Standard Webhooks specification.
const (
	headerID        = "Webhook-Id"
	headerTimestamp = "Webhook-Timestamp"
	headerSignature = "Webhook-Signature"
)

const (
	tolerance     = 5 * time.Minute
	minSecret     = 24
	maxSecret     = 64
	maxSignatures = 10
	secretPrefix  = "whsec_"
)

// ParseSecret returns the bytes of a signing secret that is written as the Standard Webhooks specification writes it: "whsec_", which may
// be left out, and 24 to 64 bytes in base64. Line breaks, as at the end of a file, do not matter. The error does not hold the text.
func ParseSecret(text string) ([]byte, error) {
	secret, err := base64.StdEncoding.Strict().DecodeString(strings.TrimPrefix(text, secretPrefix))
	if err != nil {
		return nil, errors.New("smswebhook: the secret is not whsec_ and base64")
	}
	if err := checkSigningSecret(secret); err != nil {
		return nil, fmt.Errorf("smswebhook: the secret %w", err)
	}
	return secret, nil
}

func checkSigningSecret(secret []byte) error {
	if len(secret) < minSecret || len(secret) > maxSecret {
		return fmt.Errorf("has %d bytes: it must have %d to %d", len(secret), minSecret, maxSecret)
	}
	return nil
}

// Verify is for the receiving side: it returns nil if a request was signed with the secret, by a Sender or another program that follows
// the Standard Webhooks specification, and is at most 5 minutes from now. header and body are those of the request; bound the body when
// reading it (http.MaxBytesReader), as a Sender's has at most 64 KiB. secret has 24 to 64 bytes. While a secret is replaced by another,
// verify with each.
//
// Otherwise it is an *Error with the code InvalidSignature. What is compared is compared in constant time.
//
// A request that was recorded passes again within the 5 minutes: take each Webhook-Id once.
func Verify(header http.Header, body []byte, secret []byte, now time.Time) error {
	if err := checkSigningSecret(secret); err != nil {
		return unverified("the secret of the receiver " + err.Error())
	}
	id, err := single(header, headerID, 256)
	if err != nil {
		return err
	}
	timestamp, err := single(header, headerTimestamp, 16)
	if err != nil {
		return err
	}
	list, err := single(header, headerSignature, 4096)
	if err != nil {
		return err
	}
	if strings.Contains(id, ".") {
		return unverified(headerID + " has a dot")
	}
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil || strconv.FormatInt(seconds, 10) != timestamp {
		return unverified(headerTimestamp + " is not a number of seconds since 1970")
	}
	if age := now.Sub(time.Unix(seconds, 0)); age > tolerance || age < -tolerance {
		return unverified(fmt.Sprintf("%s is more than %s from the clock of the receiver", headerTimestamp, tolerance))
	}
	signatures := strings.Split(list, " ")
	if len(signatures) > maxSignatures {
		return unverified(fmt.Sprintf("%s has more than %d signatures", headerSignature, maxSignatures))
	}
	want, valid := []byte(sign(secret, id, timestamp, body)), false
	for _, signature := range signatures { // others may be of another version, such as v1a, or by another secret
		valid = hmac.Equal([]byte(signature), want) || valid
	}
	if !valid {
		return unverified("no signature in " + headerSignature + " is valid for this request and secret")
	}
	return nil
}

// single returns a header that is there once.
func single(header http.Header, name string, most int) (string, error) {
	values := header.Values(name)
	switch {
	case len(values) != 1 || values[0] == "":
		return "", unverified(name + " is missing, empty, or there more than once")
	case len(values[0]) > most:
		return "", unverified(fmt.Sprintf("%s has more than %d bytes", name, most))
	}
	return values[0], nil
}

// sign returns the value of Webhook-Signature.
func sign(secret []byte, id, timestamp string, body []byte) string {
	h := hmac.New(sha256.New, secret)
	h.Write([]byte(id + "." + timestamp + "."))
	h.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(h.Sum(nil))
}
