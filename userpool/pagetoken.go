package userpool

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
)

// maxPageToken bounds a token for the next page, in bytes. A cursor of the store has at most 2,000.
const maxPageToken = 8 << 10

// page is what a token for the next page says.
type page struct {
	// List is the operation and all of its input but the token and the limit: a token continues nothing else.
	List  []string
	After string
}

// pageToken returns the token for the page after a cursor, or "" after the last one. It is sealed: what the store's cursor holds, such as a
// user's address, is for the pool only, and nobody makes up a token.
func (p *Pool) pageToken(ctx context.Context, after string, list ...string) (string, error) {
	if after == "" {
		return "", nil
	}
	raw, err := json.Marshal(page{List: list, After: after})
	if err != nil {
		return "", fmt.Errorf("userpool: encoding a page token: %w", err)
	}
	sealed, err := p.seal(ctx, raw, "page")
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(sealed), nil
}

// pageAfter returns the cursor of a token, "" for the empty one. The error is InvalidParameter for a token that is not of this list.
func (p *Pool) pageAfter(ctx context.Context, token string, list ...string) (string, error) {
	if token == "" {
		return "", nil
	}
	bad := failField(InvalidParameter, "paginationToken", "The pagination token is not one of this list: begin again without it.")
	if len(token) > maxPageToken {
		return "", bad
	}
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil {
		return "", bad
	}
	r, err := p.ring(ctx)
	if err != nil {
		return "", err
	}
	raw, err := r.seal.Unwrap(sealed, p.id+"/page")
	if err != nil {
		return "", bad
	}
	var got page
	if err := json.Unmarshal(raw, &got); err != nil || fmt.Sprintf("%q", got.List) != fmt.Sprintf("%q", list) {
		return "", bad
	}
	return got.After, nil
}

// pageLimit checks how many results are wanted; 0 means the most that Cognito gives.
func pageLimit(n int) (int, error) {
	const most = 60
	switch {
	case n == 0:
		return most, nil
	case n < 0 || n > most:
		return 0, failField(InvalidParameter, "limit", "The limit is %d; it must be from 1 to %d.", n, most)
	}
	return n, nil
}
