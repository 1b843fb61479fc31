package main

const (
	region    = "local-1"
	poolID    = region + ":5b3f0a94-6c5e-4c0e-9a0b-8d0d1c7f2e64"
	loginName = "guest-example-users"

	// stranger is an identity that nobody has. Its diary is there to be refused.
	stranger = region + ":00000000-0000-4000-8000-000000000000"
)

// What guests and users may do. One policy serves all users: its variable is the identity of whoever asks.
const (
	guestPolicy = `{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "ReadPublic",
      "Effect": "Allow",
      "Action": "s3:GetObject",
      "Resource": "arn:aws:s3:::shared/public/*"
    },
    {
      "Sid": "ListPublic",
      "Effect": "Allow",
      "Action": "s3:ListBucket",
      "Resource": "arn:aws:s3:::shared",
      "Condition": {"StringEquals": {"s3:prefix": "public/"}}
    }
  ]
}`
	userPolicy = `{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "ReadPublic",
      "Effect": "Allow",
      "Action": "s3:GetObject",
      "Resource": "arn:aws:s3:::shared/public/*"
    },
    {
      "Sid": "ListPublic",
      "Effect": "Allow",
      "Action": "s3:ListBucket",
      "Resource": "arn:aws:s3:::shared",
      "Condition": {"StringEquals": {"s3:prefix": "public/"}}
    },
    {
      "Sid": "EverythingBelowMyPrefix",
      "Effect": "Allow",
      "Action": "s3:*",
      "Resource": "arn:aws:s3:::shared/users/${cognito-identity.amazonaws.com:sub}/*"
    },
    {
      "Sid": "ListMyPrefix",
      "Effect": "Allow",
      "Action": "s3:ListBucket",
      "Resource": "arn:aws:s3:::shared",
      "Condition": {
        "StringLike": {"s3:prefix": "users/${cognito-identity.amazonaws.com:sub}/*"}
      }
    }
  ]
}`
)

// The objects that are there from the start.
var seeds = map[string]string{
	"public/welcome.txt":               "Everybody may read this, guests too.\n",
	"public/stepwells.txt":             "A stepwell is a pool that people reach by steps.\n",
	"users/" + stranger + "/diary.txt": "Dear diary, nobody else reads this.\n",
}
