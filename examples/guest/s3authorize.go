package main

import (
	"net/http"
	"strings"
	"time"

	"github.com/stepwell/stepwell/identitypool"
)

// mountS3 protects the bucket: the table says what each request does, and to what; the policies of the caller's role say whether it may.
func (a *app) mountS3() (http.Handler, error) {
	authorizer, err := a.identities.Authorizer(identitypool.AuthorizerConfig{
		Service: "s3", MaxBody: maxObject, Decided: a.decided, Refuse: refuseAsS3,
	})
	if err != nil {
		return nil, err
	}
	const all, one = "arn:aws:s3:::" + bucketName, "arn:aws:s3:::" + bucketName + "/{key...}"
	objects := &s3API{bucket: a.bucket}
	routes, err := authorizer.Routes([]identitypool.Route{
		{Pattern: "GET /shared", Action: "s3:ListBucket", Resource: all, Context: listConditions, Handler: http.HandlerFunc(objects.list)},
		{Pattern: "GET /shared/{$}", Action: "s3:ListBucket", Resource: all, Context: listConditions, Handler: http.HandlerFunc(objects.list)},
		{Pattern: "GET /shared/{key...}", Action: "s3:GetObject", Resource: one, Handler: http.HandlerFunc(objects.get)},
		{Pattern: "PUT /shared/{key...}", Action: "s3:PutObject", Resource: one, Handler: http.HandlerFunc(objects.put)},
		{Pattern: "DELETE /shared/{key...}", Action: "s3:DeleteObject", Resource: one, Handler: http.HandlerFunc(objects.delete)},
	})
	if err != nil {
		return nil, err
	}
	return a.withRequestID(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		onBucket := strings.Trim(strings.TrimPrefix(r.URL.Path, "/"+bucketName), "/") == ""
		switch r.Method {
		case http.MethodGet, http.MethodHead:
		case http.MethodPut, http.MethodDelete:
			if !onBucket {
				break
			}
			fallthrough
		default:
			refuse(w, r, &s3Error{Code: "MethodNotAllowed", Message: "The specified method is not allowed against this resource."})
			return
		}
		routes.ServeHTTP(w, r)
	})), nil
}

// listConditions is what policies can ask about a list. A parameter that is given twice is refused by the handler.
func listConditions(r *http.Request) map[string][]string {
	out := map[string][]string{}
	for name, key := range map[string]string{"prefix": "s3:prefix", "delimiter": "s3:delimiter"} {
		if values := r.URL.Query()[name]; len(values) > 0 {
			out[key] = values
		}
	}
	return out
}

// decided keeps each decision for the page that explains it to whoever asked, and logs those that deny.
func (a *app) decided(r *http.Request, caller identitypool.Caller, d identitypool.Decision) {
	a.decisions.add(record{
		id: requestID(r.Context()), at: time.Now(), identity: caller.IdentityID, guest: caller.Guest(),
		method: r.Method, target: r.RequestURI, client: clientOf(r), decision: d,
	})
	if !d.Allowed {
		a.log.InfoContext(r.Context(), "access denied", "request", requestID(r.Context()), "caller", caller.ARN, "identity", caller.IdentityID,
			"action", d.Action, "resource", d.Resource, "trace", d.Explain().String())
	}
}

// clientOf says in a word what sent a request.
func clientOf(r *http.Request) string {
	name, _, _ := strings.Cut(r.UserAgent(), "/")
	switch {
	case r.UserAgent() == pageAgent:
		return "this page"
	case name == "" || len(name) > 30:
		return "a program"
	}
	return name
}

// s3Codes are what clients of S3 call the reasons of an authorizer. An unknown access key and a wrong signature have one name.
var s3Codes = map[identitypool.Code]string{
	identitypool.AccessDenied: "AccessDenied", identitypool.NotAuthorized: "AccessDenied", identitypool.ReplayedRequest: "AccessDenied",
	identitypool.MissingAuthenticationToken: "AccessDenied", identitypool.InvalidSignature: "SignatureDoesNotMatch",
	identitypool.IncompleteSignature: "AuthorizationHeaderMalformed", identitypool.ExpiredToken: "ExpiredToken",
	identitypool.RequestEntityTooLarge: "EntityTooLarge", identitypool.InvalidParameter: "InvalidRequest",
}

// refuseAsS3 answers what the authorizer does not let through.
func refuseAsS3(w http.ResponseWriter, r *http.Request, e *identitypool.Error) {
	code, ok := s3Codes[e.Code]
	if !ok {
		code = "InternalError"
	}
	refuse(w, r, &s3Error{Code: code, Message: e.Message})
}
