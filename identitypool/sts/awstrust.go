package sts

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// AWSTrust says which tokens a role in AWS trusts.
type AWSTrust struct {
	// Issuer is [identitypool.Pool.Issuer]: what the role's account has registered. Required.
	Issuer string
	// PoolID is the ID of the pool: the audience of its tokens. Required.
	PoolID string
	// Account is the number of the AWS account that has the provider and the role, 12 digits. Required.
	Account string
	// Partition is that of the account. The default is [Standard].
	Partition Partition
	// Guests trusts the guests of the pool, and nobody else. The default is those who signed in, and no guest.
	Guests bool
	// SessionTags lets the tokens set principal tags of the sessions. A pool puts them into its tokens where a provider has PrincipalTags.
	SessionTags bool
}

// awsPoolID is the form of a pool's ID: no wildcard and no variable is in it.
var awsPoolID = regexp.MustCompile(`^[a-z0-9-]+:[0-9a-f-]+$`)

// ProviderARN returns the ARN that the issuer has in the account once it is registered there as an IAM OIDC provider.
func (t AWSTrust) ProviderARN() (string, error) {
	if t.Partition == "" {
		t.Partition = Standard
	}
	if !t.Partition.valid() || !accountNumber.MatchString(t.Account) {
		return "", errors.New("sts: AWSTrust needs an Account of 12 digits and a known Partition")
	}
	name, err := awsProviderName(t.Issuer)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("arn:%s:iam::%s:oidc-provider/%s", t.Partition, t.Account, name), nil
}

// AWSTrustPolicy returns the trust policy of a role in AWS, ready to paste: it lets those have the role who bring a token of the pool.
// Both its conditions are needed. Without the audience any pool of the issuer would do, and without the amr any guest.
func AWSTrustPolicy(t AWSTrust) (string, error) {
	provider, err := t.ProviderARN()
	if err != nil {
		return "", err
	}
	if !awsPoolID.MatchString(t.PoolID) {
		return "", fmt.Errorf("sts: AWSTrust.PoolID %q is not of the form region:uuid", t.PoolID)
	}
	_, name, _ := strings.Cut(provider, ":oidc-provider/")
	amr := "authenticated"
	if t.Guests {
		amr = "unauthenticated"
	}
	var actions any = "sts:AssumeRoleWithWebIdentity"
	if t.SessionTags {
		actions = []string{"sts:AssumeRoleWithWebIdentity", "sts:TagSession"}
	}
	type statement struct {
		Effect    string
		Principal map[string]string
		Action    any
		Condition map[string]map[string]string
	}
	document, err := json.MarshalIndent(struct {
		Version   string
		Statement []statement
	}{"2012-10-17", []statement{{
		Effect: "Allow", Principal: map[string]string{"Federated": provider}, Action: actions,
		Condition: map[string]map[string]string{
			"StringEquals":           {name + ":aud": t.PoolID},
			"ForAnyValue:StringLike": {name + ":amr": amr},
		},
	}}}, "", "  ")
	return string(document), err
}

// awsProviderName returns the issuer as AWS names it in ARNs and condition keys: without its scheme.
func awsProviderName(issuer string) (string, error) {
	u, err := parseIssuer(issuer)
	if err != nil {
		return "", err
	}
	if u.Port() != "" {
		return "", fmt.Errorf("sts: the issuer %q has a port, which AWS does not accept", issuer)
	}
	return u.Host + u.Path, nil
}
