package sts

import (
	"fmt"
	"regexp"
	"strings"
)

// Partition is a part of AWS that shares nothing with the others: not even a role can be named across.
type Partition string

// The partitions of AWS that are open to customers.
const (
	Standard Partition = "aws"
	China    Partition = "aws-cn"
	GovCloud Partition = "aws-us-gov"
)

var (
	regionName    = regexp.MustCompile(`^[a-z]{2}(-[a-z]+){1,3}-[0-9]{1,2}$`)
	accountNumber = regexp.MustCompile(`^[0-9]{12}$`)
)

// PartitionOf returns the partition of a region such as "eu-west-1". It refuses names that are no region and regions of the partitions that
// are closed.
func PartitionOf(region string) (Partition, error) {
	if !regionName.MatchString(region) {
		return "", fmt.Errorf("sts: %q is not the name of an AWS region, such as eu-west-1", region)
	}
	switch {
	case strings.HasPrefix(region, "cn-"):
		return China, nil
	case strings.HasPrefix(region, "us-gov-"):
		return GovCloud, nil
	case strings.Contains(region, "-iso"), strings.HasPrefix(region, "eusc-"):
		return "", fmt.Errorf("sts: the partition of the region %q is not known: give the Endpoint", region)
	}
	return Standard, nil
}

// valid reports whether it is one of the partitions above.
func (p Partition) valid() bool { return p == Standard || p == China || p == GovCloud }

// endpoint returns the URL of AWS STS in a region.
func endpoint(region string) (string, error) {
	partition, err := PartitionOf(region)
	if err != nil {
		return "", err
	}
	suffix := "amazonaws.com"
	if partition == China {
		suffix = "amazonaws.com.cn"
	}
	return "https://sts." + region + "." + suffix + "/", nil
}
