package userpool

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"slices"
)

func (p *Pool) client(id string) (Client, bool) {
	i := slices.IndexFunc(p.settings.Clients, func(c Client) bool { return c.ID == id })
	if i < 0 {
		return Client{}, false
	}
	return p.settings.Clients[i], true
}

// AuthenticateClient returns the client, without its secrets, if the secret is one of them, or, for a public client, if the secret is
// empty. Otherwise the error is InvalidClient, the same for every reason.
func (p *Pool) AuthenticateClient(id, secret string) (Client, error) {
	c, found := p.client(id)
	right := len(c.Secrets) == 0 && secret == ""
	for _, s := range c.Secrets {
		right = right || subtle.ConstantTimeCompare(hashSecret(s), hashSecret(secret)) == 1
	}
	if !found || !right {
		return Client{}, invalidClient()
	}
	return c.public(), nil
}

// proveClient is AuthenticateClient, where SECRET_HASH may stand for the secret: the MAC of the user name, as it was typed, and the ID.
func (p *Pool) proveClient(id, secret, secretHash, username string) (Client, error) {
	if secretHash == "" {
		return p.AuthenticateClient(id, secret)
	}
	c, found := p.client(id)
	right := false
	for _, s := range c.Secrets {
		right = right || subtle.ConstantTimeCompare([]byte(SecretHash(s, username, id)), []byte(secretHash)) == 1
	}
	if !found || !right || secret != "" {
		return Client{}, invalidClient()
	}
	return c.public(), nil
}

// proveOptionalClient is proveClient for operations that the hosted pages do without a client.
func (p *Pool) proveOptionalClient(id, secret, secretHash, username string) error {
	if id == "" && secret == "" && secretHash == "" {
		return nil
	}
	_, err := p.proveClient(id, secret, secretHash, username)
	return err
}

// SecretHash returns the SECRET_HASH by which a confidential client of Cognito proves that it knows its secret, without sending it: the
// base64 of HMAC-SHA256(clientSecret, username + clientID).
func SecretHash(clientSecret, username, clientID string) string {
	mac := hmac.New(sha256.New, []byte(clientSecret))
	mac.Write([]byte(username))
	mac.Write([]byte(clientID))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func invalidClient() error {
	return fail(InvalidClient, "The client is unknown, or did not prove who it is.")
}
