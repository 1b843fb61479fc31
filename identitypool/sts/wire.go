package sts

import (
	"time"

	"github.com/stepwell/stepwell/identitypool"
	"github.com/stepwell/stepwell/internal/awsquery"
)

// namespace and version are those of AWS: its clients know no others.
const (
	namespace = "https://sts.amazonaws.com/doc/2011-06-15/"
	version   = "2011-06-15"
)

// The results of the operations as they are written and read. An element that is left out was empty.

type credentialsXML struct {
	AccessKeyID     string `xml:"AccessKeyId"`
	SecretAccessKey string
	SessionToken    string
	Expiration      string
}

func writeCredentials(c identitypool.Credentials) credentialsXML {
	return credentialsXML{c.AccessKeyID, c.SecretAccessKey, c.SessionToken, awsquery.Timestamp(c.Expiration)}
}

// read returns the credentials, or false if something of them is missing.
func (c credentialsXML) read() (identitypool.Credentials, bool) {
	expiration, err := time.Parse(time.RFC3339, c.Expiration)
	out := identitypool.Credentials{
		AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken, Expiration: expiration.UTC(),
	}
	return out, err == nil && c.AccessKeyID != "" && c.SecretAccessKey != "" && c.SessionToken != ""
}

type assumedRoleUserXML struct {
	ARN           string `xml:"Arn"`
	AssumedRoleID string `xml:"AssumedRoleId"`
}

type assumeRoleXML struct {
	Credentials      credentialsXML
	AssumedRoleUser  assumedRoleUserXML
	PackedPolicySize int    `xml:",omitempty"`
	SourceIdentity   string `xml:",omitempty"`
}

type webIdentityXML struct {
	Credentials                 credentialsXML
	SubjectFromWebIdentityToken string
	AssumedRoleUser             assumedRoleUserXML
	Provider                    string
	Audience                    string
	PackedPolicySize            int    `xml:",omitempty"`
	SourceIdentity              string `xml:",omitempty"`
}

type samlXML struct {
	Credentials      credentialsXML
	AssumedRoleUser  assumedRoleUserXML
	Subject          string
	SubjectType      string
	Issuer           string
	Audience         string
	NameQualifier    string
	PackedPolicySize int    `xml:",omitempty"`
	SourceIdentity   string `xml:",omitempty"`
}

type sessionTokenXML struct {
	Credentials credentialsXML
}

type callerIdentityXML struct {
	UserID  string `xml:"UserId"`
	Account string
	ARN     string `xml:"Arn"`
}
