package identitypool_test

import (
	"bytes"
	"encoding/xml"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stretchr/testify/require"

	"github.com/stepwell/stepwell/identitypool"
)

// objects is a small store of objects behind an Authorizer that speaks as S3 does.
type objectStore struct {
	mu   sync.Mutex
	kept map[string][]byte
}

func (o *objectStore) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	defer o.mu.Unlock()
	name := r.PathValue("bucket") + "/" + r.PathValue("key")
	switch r.Method {
	case http.MethodPut:
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		o.kept[name] = body
	case http.MethodDelete:
		delete(o.kept, name)
		w.WriteHeader(http.StatusNoContent)
	default:
		_, _ = w.Write(o.kept[name])
	}
}

// TestRoutes_S3Client: the S3 client of AWS's SDK puts and gets under its own prefix, and is denied another's.
func TestRoutes_S3Client(t *testing.T) {
	k := newRig(t, func(c *identitypool.Config) {
		c.AuthenticatedRole.Policies = []string{`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["s3:GetObject","s3:PutObject"],
			"Resource":"arn:aws:s3:::photos/${cognito-identity.amazonaws.com:sub}/*"}}`}
	})
	k.now = time.Now() // the SDK signs by the clock of this computer
	ann, c := k.user(t, "ann")
	a := rigAuthorizer(t, k.pool, identitypool.AuthorizerConfig{
		Service: "s3", AllowStreaming: true, AllowUnsignedPayload: true, AllowPresigned: true,
		Refuse: func(w http.ResponseWriter, _ *http.Request, err *identitypool.Error) {
			w.Header().Set("Content-Type", "application/xml")
			w.WriteHeader(err.Code.Status())
			_ = xml.NewEncoder(w).Encode(struct {
				XMLName       xml.Name `xml:"Error"`
				Code, Message string
			}{Code: string(err.Code), Message: err.Message})
		},
	})
	store := &objectStore{kept: map[string][]byte{}}
	h, err := a.Routes([]identitypool.Route{
		{Pattern: "GET /{bucket}/{key...}", Action: "s3:GetObject", Resource: "arn:aws:s3:::{bucket}/{key...}", Handler: store},
		{Pattern: "PUT /{bucket}/{key...}", Action: "s3:PutObject", Resource: "arn:aws:s3:::{bucket}/{key...}", Handler: store},
		{Pattern: "DELETE /{bucket}/{key...}", Action: "s3:DeleteObject", Resource: "arn:aws:s3:::{bucket}/{key...}", Handler: store},
	})
	require.NoError(t, err)
	server := httptest.NewServer(h)
	defer server.Close()
	client := s3.New(s3.Options{
		Region: "eu-west-1", BaseEndpoint: aws.String(server.URL), UsePathStyle: true,
		Credentials: credentials.NewStaticCredentialsProvider(c.AccessKeyID, c.SecretAccessKey, c.SessionToken),
	})
	put := func(key, body string) error {
		_, err := client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("photos"), Key: aws.String(key), Body: strings.NewReader(body)})
		return err
	}
	get := func(key string) (string, error) {
		out, err := client.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String("photos"), Key: aws.String(key)})
		if err != nil {
			return "", err
		}
		body, err := io.ReadAll(out.Body)
		return string(body), err
	}
	for _, key := range []string{"/a.jpg", "/folder/a b+c.jpg", "/été/ü=&$@!'()~.jpg", "/a:b"} {
		body := strings.Repeat(key, 10_000)
		require.NoError(t, put(ann+key, body), key)
		got, err := get(ann + key)
		require.NoError(t, err, key)
		require.Equal(t, body, got)
	}
	for _, key := range []string{"bob/a.jpg", ann, ann + "x/a"} {
		err := put(key, "x")
		require.ErrorContains(t, err, "AccessDenied", key)
		require.ErrorContains(t, err, "is not authorized to perform: s3:PutObject on resource: arn:aws:s3:::photos/"+key, key)
		_, err = get(key)
		require.ErrorContains(t, err, "AccessDenied", key)
		require.Contains(t, k.logs.String(), "resource=arn:aws:s3:::photos/"+key)
	}
	require.Contains(t, k.logs.String(), "does not match: Resource")
	require.NotContains(t, k.logs.String(), c.SessionToken)
	_, err = client.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: aws.String("photos"), Key: aws.String(ann + "/a.jpg")})
	require.ErrorContains(t, err, "AccessDenied")
	require.ErrorContains(t, put(ann+"/../bob/a", "x"), "InvalidParameter")

	// A link to one's own, for somebody without credentials.
	link, err := s3.NewPresignClient(client).PresignGetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String("photos"), Key: aws.String(ann + "/a.jpg")})
	require.NoError(t, err)
	answer, err := http.Get(link.URL)
	require.NoError(t, err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, answer.StatusCode, "%s", body)
	require.True(t, bytes.HasPrefix(body, []byte("/a.jpg/a.jpg")))
	other, err := http.Get(strings.Replace(link.URL, "/a.jpg", "/folder/a", 1))
	require.NoError(t, err)
	defer other.Body.Close()
	require.Equal(t, http.StatusForbidden, other.StatusCode)
}
