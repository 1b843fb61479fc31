package pwned_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"time"

	"github.com/stepwell/stepwell/userpool"
	"github.com/stepwell/stepwell/userpool/memstore"
	"github.com/stepwell/stepwell/userpool/pwned"
)

// How does a pool refuse passwords that are known from a breach?
func Example() {
	// Stands for the real service, which has all ranges. It knows "correct horse battery staple".
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/range/ABF7A" {
			_, _ = io.WriteString(w, "AD6438836DBE526AA231ABDE2D0EEF74D42:384\r\n")
			return
		}
		_, _ = io.WriteString(w, "0018A45C4D1DEF81644B54AB7F969B88D65:0\r\n")
	}))
	defer service.Close()

	checker, err := pwned.New(pwned.Config{URL: service.URL, InsecureAllowHTTP: true}) // pwned.Config{} asks the real one
	if err != nil {
		log.Fatal(err)
	}
	pool, err := userpool.New(userpool.Config{
		Issuer:        "https://id.example.com",
		Store:         memstore.New(),
		Sender:        userpool.SenderFunc(func(context.Context, userpool.Message) error { return nil }), // such as one of package smtpsender
		BreachChecker: checker,
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, password := range []string{"correct horse battery staple", "seven purple boats sail north"} {
		_, err := pool.SignUp(context.Background(), userpool.SignUpInput{Username: "ada@example.com", Password: password})
		fmt.Println(errors.Is(err, userpool.InvalidPassword))
	}
	// Output:
	// true
	// false
}

// How do I use the corpus that I downloaded?
func ExampleNewFile() {
	corpus, err := os.Open("pwnedpasswords.txt")
	if err != nil {
		log.Print("there is no corpus here")
		return
	}
	info, err := corpus.Stat()
	if err != nil {
		log.Fatal(err)
	}
	checker, err := pwned.NewFile(corpus, info.Size())
	if err != nil {
		log.Fatal(err)
	}
	_ = userpool.Config{BreachChecker: checker}
}

// How do I ask a mirror in my own network, and wait for it no longer than half a second?
func ExampleNew_mirror() {
	checker, err := pwned.New(pwned.Config{URL: "https://pwned.internal.example.com", Timeout: 500 * time.Millisecond})
	if err != nil {
		log.Fatal(err)
	}
	_ = userpool.Config{BreachChecker: checker}
}

// How do I ask for one password?
func ExampleChecker_Breached() {
	// Stands for the real service, which has all ranges.
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Println("asked for", r.URL.Path)
		_, _ = io.WriteString(w, "1E4C9B93F3F0682250B6CF8331B7EE68FD8:52579\r\n0018A45C4D1DEF81644B54AB7F969B88D65:0\r\n")
	}))
	defer service.Close()
	checker, err := pwned.New(pwned.Config{URL: service.URL, InsecureAllowHTTP: true})
	if err != nil {
		log.Fatal(err)
	}
	for _, password := range []string{"password", "seven purple boats sail north"} {
		breached, err := checker.Breached(context.Background(), password)
		fmt.Println(breached, err)
	}
	// Output:
	// asked for /range/5BAA6
	// true <nil>
	// asked for /range/165D2
	// false <nil>
}

// How do I tell what went wrong?
func ExampleError() {
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "30")
		w.WriteHeader(http.StatusTooManyRequests)
	}))
	defer service.Close()
	checker, err := pwned.New(pwned.Config{URL: service.URL, InsecureAllowHTTP: true})
	if err != nil {
		log.Fatal(err)
	}
	_, err = checker.Breached(context.Background(), "password")
	fmt.Println(err)
	if e, ok := errors.AsType[*pwned.Error](err); ok && errors.Is(err, pwned.RateLimited) {
		fmt.Println("ask again in", e.RetryAfter)
	}
	// Output:
	// pwned: RateLimited: the service answered with status 429
	// ask again in 30s
}

// A password may also be looked up in a reader of one's own.
func ExampleFile_Breached() {
	const corpus = "000000005AD76BD555C1D6D771DE417A4B87E4B4:10\r\n" +
		"5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8:52579\r\n"
	checker, err := pwned.NewFile(strings.NewReader(corpus), int64(len(corpus)))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(checker.Breached(context.Background(), "password"))
	fmt.Println(checker.Breached(context.Background(), "seven purple boats sail north"))
	// Output:
	// true <nil>
	// false <nil>
}
