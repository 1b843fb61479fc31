package sts_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/identitypool/sts"
)

func trust() sts.AWSTrust {
	return sts.AWSTrust{
		Issuer: "https://id.example.com/pool", PoolID: "eu-west-1:7d1c5c1e-0b6f-4f0e-9a43-2f1d4c0e8a11", Account: "123456789012",
	}
}

func TestAWSTrustPolicy(t *testing.T) {
	in := trust()
	got, err := sts.AWSTrustPolicy(in)
	require.NoError(t, err)
	require.Equal(t, `{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Principal": {
        "Federated": "arn:aws:iam::123456789012:oidc-provider/id.example.com/pool"
      },
      "Action": "sts:AssumeRoleWithWebIdentity",
      "Condition": {
        "ForAnyValue:StringLike": {
          "id.example.com/pool:amr": "authenticated"
        },
        "StringEquals": {
          "id.example.com/pool:aud": "eu-west-1:7d1c5c1e-0b6f-4f0e-9a43-2f1d4c0e8a11"
        }
      }
    }
  ]
}`, got)
	in.Guests, in.SessionTags, in.Partition = true, true, sts.China
	got, err = sts.AWSTrustPolicy(in)
	require.NoError(t, err)
	require.JSONEq(t, `{"Version":"2012-10-17","Statement":[{
		"Effect":"Allow","Principal":{"Federated":"arn:aws-cn:iam::123456789012:oidc-provider/id.example.com/pool"},
		"Action":["sts:AssumeRoleWithWebIdentity","sts:TagSession"],
		"Condition":{"StringEquals":{"id.example.com/pool:aud":"eu-west-1:7d1c5c1e-0b6f-4f0e-9a43-2f1d4c0e8a11"},
			"ForAnyValue:StringLike":{"id.example.com/pool:amr":"unauthenticated"}}}]}`, got)
	require.True(t, json.Valid([]byte(got)))
}

// TestA16_TrustWithoutConditions: there is no policy that trusts more than was asked for, however odd the input.
func TestA16_TrustWithoutConditions(t *testing.T) {
	for name, change := range map[string]func(*sts.AWSTrust){
		"no issuer":     func(in *sts.AWSTrust) { in.Issuer = "" },
		"http":          func(in *sts.AWSTrust) { in.Issuer = "http://id.example.com" },
		"slash":         func(in *sts.AWSTrust) { in.Issuer = "https://id.example.com/" },
		"port":          func(in *sts.AWSTrust) { in.Issuer = "https://id.example.com:8443" },
		"wildcard":      func(in *sts.AWSTrust) { in.Issuer = "https://*.example.com" },
		"variable":      func(in *sts.AWSTrust) { in.Issuer = "https://id.example.com/${aws:x}" },
		"query":         func(in *sts.AWSTrust) { in.Issuer = "https://id.example.com?x" },
		"upper case":    func(in *sts.AWSTrust) { in.Issuer = "https://ID.example.com" },
		"no pool":       func(in *sts.AWSTrust) { in.PoolID = "" },
		"any pool":      func(in *sts.AWSTrust) { in.PoolID = "*" },
		"pool wildcard": func(in *sts.AWSTrust) { in.PoolID = "eu-west-1:*" },
		"no account":    func(in *sts.AWSTrust) { in.Account = "" },
		"any account":   func(in *sts.AWSTrust) { in.Account = "*" },
		"partition":     func(in *sts.AWSTrust) { in.Partition = "aws-mars" },
	} {
		in := trust()
		change(&in)
		got, err := sts.AWSTrustPolicy(in)
		require.Error(t, err, name)
		require.Empty(t, got, name)
	}
}

func TestPartitionOf(t *testing.T) {
	for region, want := range map[string]sts.Partition{"eu-west-1": sts.Standard, "cn-northwest-1": sts.China, "us-gov-east-1": sts.GovCloud, "mx-central-1": sts.Standard} {
		got, err := sts.PartitionOf(region)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	_, err := sts.PartitionOf("us-iso-west-1")
	require.ErrorContains(t, err, "Endpoint")
}
