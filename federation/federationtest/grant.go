package federationtest

import (
	"errors"
	"time"
)

// maxGrants bounds the codes and the access tokens that are remembered.
const maxGrants = 10_000

// grant is what a user allowed a client: first as a code, then as the access
// token the code was redeemed for.
type grant struct {
	client      *Client
	user        *User
	redirectURI string
	scope       string
	nonce       string
	challenge   string // of PKCE, "" when the client sent none
	authTime    time.Time
	expires     time.Time
	redeemed    bool
	accessToken string
}

// newCode remembers g under a fresh code.
func (p *Provider) newCode(g *grant) (string, error) {
	g.authTime = p.now()
	g.expires = g.authTime.Add(codeLifetime)
	return p.remember(p.codes, g)
}

func (p *Provider) remember(in map[string]*grant, g *grant) (string, error) {
	value, err := p.random()
	if err != nil {
		return "", err
	}
	now := p.now()
	p.mu.Lock()
	defer p.mu.Unlock()
	for other, old := range in {
		if !now.Before(old.expires) {
			delete(in, other)
		}
	}
	if len(in) >= maxGrants {
		return "", errors.New("federationtest: too many sign-ins at once")
	}
	in[value] = g
	return value, nil
}

// redeem returns what code stands for, once. A code that comes a second time
// was stolen, from one side or the other: the access token of the first time is
// withdrawn (RFC 6749 section 4.1.2).
func (p *Provider) redeem(code string, client *Client) *grant {
	now := p.now()
	p.mu.Lock()
	defer p.mu.Unlock()
	g := p.codes[code]
	if g == nil || !now.Before(g.expires) {
		return nil
	}
	if g.redeemed {
		delete(p.access, g.accessToken)
		return nil
	}
	g.redeemed = true
	if g.client.ID != client.ID {
		return nil
	}
	return g
}

// newAccessToken issues the access token of g.
func (p *Provider) newAccessToken(g *grant) (string, error) {
	token, err := p.remember(p.access, &grant{
		client: g.client, user: g.user, scope: g.scope, expires: p.now().Add(tokenLifetime),
	})
	if err != nil {
		return "", err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	g.accessToken = token
	return token, nil
}

func (p *Provider) byAccessToken(token string) *grant {
	now := p.now()
	p.mu.Lock()
	defer p.mu.Unlock()
	g := p.access[token]
	if g == nil || !now.Before(g.expires) {
		return nil
	}
	return g
}
