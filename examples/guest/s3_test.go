package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/identitypool"
	"github.com/stepwell/stepwell/identitypool/sigv4"
	"github.com/stepwell/stepwell/userpool"
)

// credentialsOf gets credentials from the identity pool: for the session of a user, or for a guest ("").
func (p *program) credentialsOf(t *testing.T, session string) (id string, c identitypool.Credentials) {
	t.Helper()
	var logins map[string]string
	if session != "" {
		logins = map[string]string{loginName: session}
	}
	id, err := p.identities.GetID(t.Context(), identitypool.GetIDInput{Logins: logins})
	require.NoError(t, err)
	out, err := p.identities.GetCredentialsForIdentity(t.Context(), identitypool.GetCredentialsForIdentityInput{IdentityID: id, Logins: logins})
	require.NoError(t, err)
	require.Equal(t, id, out.IdentityID)
	return id, out.Credentials
}

// userCredentials makes a user who signs in, and returns their identity with credentials.
func (p *program) userCredentials(t *testing.T, email string) (id string, c identitypool.Credentials) {
	t.Helper()
	p.addUser(t, email)
	out, err := p.pool.InitiateAuth(t.Context(), userpool.InitiateAuthInput{
		AuthFlow: userpool.UserPasswordAuth, Result: userpool.ResultBrowserSession, Username: email, Password: password,
	})
	require.NoError(t, err)
	return p.credentialsOf(t, out.BrowserSession)
}

// client is AWS's own client of S3 with the settings of config.LoadDefaultConfig, but for the address: it computes and checks checksums.
func (p *program) client(c identitypool.Credentials) *s3.Client {
	return s3.NewFromConfig(aws.Config{
		Region: region, BaseEndpoint: aws.String(p.base),
		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenSupported, ResponseChecksumValidation: aws.ResponseChecksumValidationWhenSupported,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken}, nil
		}),
	}, func(o *s3.Options) { o.UsePathStyle = true })
}

func codeOf(t *testing.T, err error) string {
	t.Helper()
	var api smithy.APIError
	require.ErrorAs(t, err, &api)
	return api.ErrorCode()
}

// A user does everything below the own prefix, with AWS's client.
func TestSDK_OwnPrefix(t *testing.T) {
	p := serve(t)
	id, credentials := p.userCredentials(t, "ada@example.com")
	client, ctx := p.client(credentials), t.Context()
	prefix := "users/" + id + "/"
	bucket := aws.String(bucketName)
	large := bytes.Repeat([]byte("0123456789abcdef"), maxObject/16)
	for key, body := range map[string][]byte{
		"note.txt": []byte("Steps lead down to the water."), "empty": {}, "large": large, "a folder/sp ace & é+=.txt": []byte("x"), "~*'()!": nil,
	} {
		if strings.Contains(key, "*") { // a name in a policy cannot have it as itself
			_, err := client.PutObject(ctx, &s3.PutObjectInput{Bucket: bucket, Key: aws.String(prefix + key), Body: strings.NewReader("x")})
			require.Error(t, err, key)
			continue
		}
		put, err := client.PutObject(ctx, &s3.PutObjectInput{
			Bucket: bucket, Key: aws.String(prefix + key), Body: bytes.NewReader(body), ContentType: aws.String("text/x-note"), Metadata: map[string]string{"mood": "calm"},
		})
		require.NoError(t, err, key)
		require.NotEmpty(t, aws.ToString(put.ChecksumCRC32), "what the client computed comes back")
		got, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: bucket, Key: aws.String(prefix + key), ChecksumMode: types.ChecksumModeEnabled})
		require.NoError(t, err, key)
		read, err := io.ReadAll(got.Body) // compares the checksum
		require.NoError(t, err, key)
		require.True(t, bytes.Equal(body, read), key)
		require.Equal(t, "text/x-note", aws.ToString(got.ContentType))
		require.Equal(t, "calm", got.Metadata["mood"])
		require.Equal(t, put.ETag, got.ETag)
		head, err := client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: bucket, Key: aws.String(prefix + key)})
		require.NoError(t, err, key)
		require.EqualValues(t, len(body), aws.ToInt64(head.ContentLength), key)
	}
	bare := s3.New(client.Options(), func(o *s3.Options) { // as it comes without any configuration
		o.RequestChecksumCalculation, o.ResponseChecksumValidation = 0, 0
	})
	_, err := bare.PutObject(ctx, &s3.PutObjectInput{Bucket: bucket, Key: aws.String(prefix + "note.txt"), Body: strings.NewReader("Steps lead down to the water.")})
	require.NoError(t, err)
	require.Equal(t, []string{"a folder/sp ace & é+=.txt", "empty", "large", "note.txt"}, listAll(t, client, prefix, 3))

	part, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: bucket, Key: aws.String(prefix + "note.txt"), Range: aws.String("bytes=6-9")})
	require.NoError(t, err)
	read, err := io.ReadAll(part.Body)
	require.NoError(t, err)
	require.Equal(t, "lead", string(read))

	_, err = client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: bucket, Key: aws.String(prefix + "note.txt")})
	require.NoError(t, err)
	_, err = client.GetObject(ctx, &s3.GetObjectInput{Bucket: bucket, Key: aws.String(prefix + "note.txt")})
	var gone *types.NoSuchKey
	require.ErrorAs(t, err, &gone)
	_, err = client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: bucket, Key: aws.String(prefix + "note.txt")})
	var missing *types.NotFound
	require.ErrorAs(t, err, &missing)
	_, err = client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: bucket, Key: aws.String(prefix + "note.txt")})
	require.NoError(t, err, "there is none")
	require.Empty(t, p.logged.String(), "nothing was denied")
}

// listAll lists by pages, and returns the names behind the prefix.
func listAll(t *testing.T, client *s3.Client, prefix string, size int32) []string {
	t.Helper()
	var out []string
	pages := s3.NewListObjectsV2Paginator(client, &s3.ListObjectsV2Input{Bucket: aws.String(bucketName), Prefix: aws.String(prefix), MaxKeys: aws.Int32(size)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		require.NoError(t, err)
		require.LessOrEqual(t, len(page.Contents), int(size))
		for _, o := range page.Contents {
			name, ok := strings.CutPrefix(aws.ToString(o.Key), prefix)
			require.True(t, ok)
			out = append(out, name)
		}
	}
	return out
}

// What is another person's is denied, and the log has the trace.
func TestSDK_AnotherPrefix(t *testing.T) {
	p := serve(t)
	ada, adas := p.userCredentials(t, "ada@example.com")
	bob, bobs := p.userCredentials(t, "bob@example.com")
	client, ctx, bucket := p.client(bobs), t.Context(), aws.String(bucketName)
	key := "users/" + ada + "/diary.txt"
	_, err := p.client(adas).PutObject(ctx, &s3.PutObjectInput{Bucket: bucket, Key: aws.String(key), Body: strings.NewReader("Dear diary")})
	require.NoError(t, err)
	_, err = client.PutObject(ctx, &s3.PutObjectInput{Bucket: bucket, Key: aws.String(key), Body: strings.NewReader("ha")})
	require.Equal(t, "AccessDenied", codeOf(t, err))
	require.ErrorContains(t, err, "s3:PutObject")
	line := p.logged.String()
	require.Equal(t, 1, strings.Count(line, "\n"), line)
	for _, text := range []string{
		"access denied", "identity=" + bob, "action=s3:PutObject", "resource=arn:aws:s3:::shared/" + key, "trace=",
		"no policy of the caller allows", "EverythingBelowMyPrefix", "does not match: Resource",
	} {
		require.Contains(t, line, text)
	}
	require.NotContains(t, line, bobs.SecretAccessKey)
	require.NotContains(t, line, bobs.SessionToken)

	_, err = client.GetObject(ctx, &s3.GetObjectInput{Bucket: bucket, Key: aws.String(key)})
	require.Equal(t, "AccessDenied", codeOf(t, err))
	_, err = client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: bucket, Key: aws.String(key)})
	require.Equal(t, "Forbidden", codeOf(t, err))
	_, err = client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: bucket, Key: aws.String(key)})
	require.Equal(t, "AccessDenied", codeOf(t, err))
	for _, prefix := range []string{"", "users/", "users/" + ada + "/", "users/" + bob, "public", "public/x"} {
		_, err = client.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: bucket, Prefix: aws.String(prefix)})
		require.Equal(t, "AccessDenied", codeOf(t, err), prefix)
	}
	o, ok := p.bucket.get(key)
	require.True(t, ok)
	require.Equal(t, "Dear diary", string(o.data))
}

// A guest reads what is public, and writes nothing, not even below a prefix of its own.
func TestSDK_Guest(t *testing.T) {
	p := serve(t)
	id, credentials := p.credentialsOf(t, "")
	client, ctx, bucket := p.client(credentials), t.Context(), aws.String(bucketName)
	got, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: bucket, Key: aws.String("public/welcome.txt")})
	require.NoError(t, err)
	read, err := io.ReadAll(got.Body)
	require.NoError(t, err)
	require.Equal(t, seeds["public/welcome.txt"], string(read))
	require.Equal(t, []string{"stepwells.txt", "welcome.txt"}, listAll(t, client, "public/", 1000))
	for _, key := range []string{"public/welcome.txt", "public/new", "users/" + id + "/note.txt", "elsewhere"} {
		_, err := client.PutObject(ctx, &s3.PutObjectInput{Bucket: bucket, Key: aws.String(key), Body: strings.NewReader("x")})
		require.Equal(t, "AccessDenied", codeOf(t, err), key)
		_, err = client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: bucket, Key: aws.String(key)})
		require.Equal(t, "AccessDenied", codeOf(t, err), key)
	}
	_, err = client.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: bucket, Prefix: aws.String("users/" + id + "/")})
	require.Equal(t, "AccessDenied", codeOf(t, err))
	require.Contains(t, p.logged.String(), "assumed-role/Guest")
}

// Credentials on a command line outlive the program.
func TestSDK_AfterRestart(t *testing.T) {
	dir := t.TempDir()
	_, credentials := serveAt(t, dir).credentialsOf(t, "")
	_, err := serveAt(t, dir).client(credentials).GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String(bucketName), Key: aws.String("public/welcome.txt")})
	require.NoError(t, err)
}

// Credentials that were changed, of another region, or long over open nothing.
func TestSDK_OtherCredentials(t *testing.T) {
	p := serve(t)
	_, good := p.credentialsOf(t, "")
	_, other := p.credentialsOf(t, "")
	for name, c := range map[string]identitypool.Credentials{
		"no token":      {AccessKeyID: good.AccessKeyID, SecretAccessKey: good.SecretAccessKey},
		"another token": {AccessKeyID: good.AccessKeyID, SecretAccessKey: good.SecretAccessKey, SessionToken: other.SessionToken},
		"other secret":  {AccessKeyID: good.AccessKeyID, SecretAccessKey: other.SecretAccessKey, SessionToken: good.SessionToken},
		"unknown":       {AccessKeyID: "ASIAAAAAAAAAAAAAAAAA", SecretAccessKey: good.SecretAccessKey, SessionToken: good.SessionToken},
	} {
		_, err := p.client(c).GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String(bucketName), Key: aws.String("public/welcome.txt")})
		require.Equal(t, "SignatureDoesNotMatch", codeOf(t, err), name)
	}
	_, err := s3.New(s3.Options{Region: region, BaseEndpoint: aws.String(p.base), UsePathStyle: true, Credentials: aws.AnonymousCredentials{}}).
		GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String(bucketName), Key: aws.String("public/welcome.txt")})
	require.Equal(t, "AccessDenied", codeOf(t, err))
}

// What this subset of S3 does not know is refused: done in another way than asked, a copy would store nothing.
func TestSDK_NotSupported(t *testing.T) {
	p := serve(t)
	id, credentials := p.userCredentials(t, "ada@example.com")
	client, ctx, bucket := p.client(credentials), t.Context(), aws.String(bucketName)
	key := aws.String("users/" + id + "/x")
	_, err := client.CopyObject(ctx, &s3.CopyObjectInput{Bucket: bucket, Key: key, CopySource: aws.String("shared/users/" + stranger + "/diary.txt")})
	require.Equal(t, "NotImplemented", codeOf(t, err))
	_, err = client.PutObject(ctx, &s3.PutObjectInput{Bucket: bucket, Key: key, ACL: types.ObjectCannedACLPublicRead, Body: strings.NewReader("x")})
	require.Equal(t, "NotImplemented", codeOf(t, err))
	_, err = client.PutObjectTagging(ctx, &s3.PutObjectTaggingInput{Bucket: bucket, Key: key, Tagging: &types.Tagging{TagSet: []types.Tag{{Key: aws.String("a"), Value: aws.String("b")}}}})
	require.Equal(t, "NotImplemented", codeOf(t, err))
	_, err = client.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: bucket, Key: key})
	require.Equal(t, "MethodNotAllowed", codeOf(t, err))
	_, err = client.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: bucket})
	require.Equal(t, "MethodNotAllowed", codeOf(t, err))
	_, err = client.ListObjects(ctx, &s3.ListObjectsInput{Bucket: bucket, Prefix: aws.String("public/")})
	require.Equal(t, "NotImplemented", codeOf(t, err))
	_, err = client.GetObject(ctx, &s3.GetObjectInput{Bucket: bucket, Key: key, VersionId: aws.String("1")})
	require.Equal(t, "NotImplemented", codeOf(t, err))
	_, ok := p.bucket.get(*key)
	require.False(t, ok)
}

// The bucket is of bounded size, for each user and in all.
func TestSDK_Bounds(t *testing.T) {
	p := serve(t)
	id, credentials := p.userCredentials(t, "ada@example.com")
	client, ctx := p.client(credentials), t.Context()
	put := func(name string, size int) error {
		_, err := client.PutObject(ctx, &s3.PutObjectInput{
			Bucket: aws.String(bucketName), Key: aws.String("users/" + id + "/" + name), Body: bytes.NewReader(make([]byte, size)),
		})
		return err
	}
	require.NoError(t, put("most", maxObject))
	require.Equal(t, "EntityTooLarge", codeOf(t, put("too-much", maxObject+1)))
	for i := 1; i < maxPerOwner; i++ {
		require.NoError(t, put(fmt.Sprint(i), 1))
	}
	client = s3.New(client.Options(), func(o *s3.Options) { o.RetryMaxAttempts = 1 })
	require.Equal(t, "ServiceUnavailable", codeOf(t, put("one-more", 1)))
	require.NoError(t, put("1", 2), "in the place of one")
}

// Conditions of a PUT are kept.
func TestSDK_Conditions(t *testing.T) {
	p := serve(t)
	id, credentials := p.userCredentials(t, "ada@example.com")
	client, ctx := p.client(credentials), t.Context()
	in := func() *s3.PutObjectInput {
		return &s3.PutObjectInput{Bucket: aws.String(bucketName), Key: aws.String("users/" + id + "/x"), Body: strings.NewReader("x")}
	}
	create := in()
	create.IfNoneMatch = aws.String("*")
	out, err := client.PutObject(ctx, create)
	require.NoError(t, err)
	create = in()
	create.IfNoneMatch = aws.String("*")
	require.Equal(t, "PreconditionFailed", codeOf(t, errOf(client.PutObject(ctx, create))))
	replace := in()
	replace.IfMatch = aws.String(`"other"`)
	require.Equal(t, "PreconditionFailed", codeOf(t, errOf(client.PutObject(ctx, replace))))
	replace = in()
	replace.IfMatch = out.ETag
	require.NoError(t, errOf(client.PutObject(ctx, replace)))
}

// signed sends a request that no SDK would make.
func (p *program) signed(t *testing.T, c identitypool.Credentials, method, target, body string, header ...string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, p.base+target, strings.NewReader(body))
	require.NoError(t, err)
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	credentials := sigv4.Credentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken}
	require.NoError(t, sigv4.Sign(r, []byte(body), credentials, region, "s3", time.Now()))
	response, err := http.DefaultTransport.RoundTrip(r)
	require.NoError(t, err)
	defer response.Body.Close()
	out, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.NotEmpty(t, response.Header.Get("X-Amz-Request-Id"))
	return response.StatusCode, string(out)
}

// What was allowed is what is done: one prefix, one path, one checksum.
func TestA4_WhatWasAllowedIsDone(t *testing.T) {
	p := serve(t)
	id, c := p.userCredentials(t, "ada@example.com")
	_, guest := p.credentialsOf(t, "")
	own := "/shared/users/" + id + "/"
	for name, try := range map[string]struct {
		c                    identitypool.Credentials
		method, target, body string
		header               []string
		status               int
		code                 string
	}{
		"two prefixes":      {guest, "GET", "/shared?list-type=2&prefix=public%2F&prefix=users%2F", "", nil, 403, "AccessDenied"},
		"two lists":         {guest, "GET", "/shared?list-type=2&list-type=2&prefix=public%2F", "", nil, 400, "InvalidArgument"},
		"up and down":       {c, "GET", own + "../../public/welcome.txt", "", nil, 400, "InvalidRequest"},
		"up, encoded":       {c, "GET", own + "%2E%2E/" + stranger + "/diary.txt", "", nil, 400, "InvalidRequest"},
		"empty segment":     {c, "PUT", "/shared/users//" + id + "/x", "x", nil, 400, "InvalidRequest"},
		"slash, encoded":    {c, "GET", "/shared/users%2F" + stranger + "%2Fdiary.txt", "", nil, 403, "AccessDenied"},
		"wrong checksum":    {c, "PUT", own + "x", "x", []string{"x-amz-checksum-crc32", "AAAAAA=="}, 400, "BadDigest"},
		"two checksums":     {c, "PUT", own + "x", "x", []string{"x-amz-checksum-crc32", "jNyxtw==", "x-amz-checksum-sha1", "EfatjsUqKYSKzEHvUZXKW4lbZeU="}, 400, ""},
		"wrong MD5":         {c, "PUT", own + "x", "x", []string{"content-md5", "AAAAAAAAAAAAAAAAAAAAAA=="}, 400, "BadDigest"},
		"much metadata":     {c, "PUT", own + "x", "x", []string{"x-amz-meta-a", strings.Repeat("x", maxMetadata)}, 400, "MetadataTooLarge"},
		"max-keys":          {guest, "GET", "/shared?list-type=2&max-keys=x&prefix=public%2F", "", nil, 400, "InvalidArgument"},
		"continuation":      {guest, "GET", "/shared?list-type=2&continuation-token=%21&prefix=public%2F", "", nil, 400, "InvalidArgument"},
		"encoding":          {guest, "GET", "/shared?list-type=2&encoding-type=x&prefix=public%2F", "", nil, 400, "InvalidArgument"},
		"delete the bucket": {c, "DELETE", "/shared", "", nil, 405, "MethodNotAllowed"},
		"delete it so":      {c, "DELETE", "/shared/", "", nil, 405, "MethodNotAllowed"},
		"another method":    {c, "PATCH", own + "x", "", nil, 405, "MethodNotAllowed"},
	} {
		status, body := p.signed(t, try.c, try.method, try.target, try.body, try.header...)
		require.Equal(t, try.status, status, "%s: %s", name, body)
		require.Contains(t, body, "<Code>"+try.code, name)
	}
	_, ok := p.bucket.get("users/" + id + "/x")
	require.False(t, ok)
	status, body := p.signed(t, c, "PUT", own+"x", "x", "x-amz-checksum-crc64nvme", digest(checksums["X-Amz-Checksum-Crc64nvme"](), []byte("x")), "content-md5", "ndTkYSaMgDT1yFZOFVxnpg==")
	require.Equal(t, http.StatusOK, status, body)
}
