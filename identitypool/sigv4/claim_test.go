package sigv4

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestClaimsAreApart: claims are used again, and nothing of one request is in
// the judgement of another, while many are judged at once.
func TestClaimsAreApart(t *testing.T) {
	v := verifierWith(t, func(c *Config) {
		c.AllowPresigned, c.MaxBody = true, 4<<10
		c.Secret = func(_ context.Context, id, token string) (Secret, error) {
			if token != "token of "+id {
				return Secret{}, nil
			}
			return Secret{AccessKey: "secret of " + id, Principal: id}, nil
		}
	})
	type sent struct {
		wire, body string
		want       Signed
		good       bool
	}
	var requests []sent
	for i := range 24 {
		id, body := fmt.Sprintf("KEY%d", i), strings.Repeat("x", i*100)
		r, err := http.NewRequest(http.MethodPost, fmt.Sprintf("https://api.example.com/%d?a=%d&%s", i, i, strings.Repeat("b&", i)), strings.NewReader(body))
		require.NoError(t, err)
		for j := range i {
			r.Header.Set(fmt.Sprintf("X-Amz-Meta-%d", j), id)
		}
		s := sent{body: body, good: i%4 != 3, want: Signed{AccessKeyID: id, SessionToken: "token of " + id, Time: now, Principal: id}}
		credentials := Credentials{id, "secret of " + id, "token of " + id}
		if !s.good {
			credentials.SecretAccessKey = "secret of KEY0"
		}
		if i%2 == 0 {
			require.NoError(t, Sign(r, []byte(body), credentials, "eu-west-1", "execute-api", now))
		} else {
			link, err := Presign(r, []byte(body), credentials, "eu-west-1", "execute-api", now, time.Minute)
			require.NoError(t, err)
			r.URL, err = r.URL.Parse(link)
			require.NoError(t, err)
			s.want.Presigned, s.want.Expires = true, now.Add(time.Minute)
		}
		s.wire = string(wire(t, r))
		requests = append(requests, s)
	}
	var wg sync.WaitGroup
	wrong := make(chan string, 1)
	for worker := range 8 {
		wg.Go(func() {
			for i := range 400 {
				s := &requests[(i*7+worker)%len(requests)]
				r, err := read([]byte(s.wire))
				var got Signed
				if err == nil {
					got, err = v.Verify(r)
				}
				body, _ := io.ReadAll(r.Body)
				if (err == nil) == s.good && (!s.good || got == s.want && string(body) == s.body) {
					continue
				}
				select {
				case wrong <- fmt.Sprintf("%s: %v %v", s.want, got, err):
				default:
				}
			}
		})
	}
	wg.Wait()
	select {
	case text := <-wrong:
		require.Fail(t, text)
	default:
	}
}
