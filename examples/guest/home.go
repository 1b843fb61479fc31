package main

import (
	"cmp"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// shownRequest is a request in a list.
type shownRequest struct {
	ID, Method, Target string
	Verb               string // the method, or LIST
	What               string // the object or prefix that it is about
	Own                bool   // What is below the visitor's prefix, and without it
	Client             string
	At                 time.Time
	Allowed            bool
}

// Verdict is what the policies said.
func (s shownRequest) Verdict() string {
	if s.Allowed {
		return "Allowed"
	}
	return "Denied"
}

// shownObject is a line of the list of objects.
type shownObject struct {
	Key, Name string
	Size      int
	Own       bool
}

// home shows who visits, what they see, and what they can try.
func (a *app) home(w http.ResponseWriter, r *http.Request) (view, error) {
	v, err := a.visitor(w, r)
	if err != nil {
		return view{}, err
	}
	listed, err := a.objectsOf(r.Context(), v)
	if err != nil {
		return view{}, err
	}
	data := struct {
		*visitor
		Stranger string
		Objects  []shownObject
		Requests []shownRequest
		Document policyView
	}{visitor: v, Stranger: "users/" + stranger + "/diary.txt"}
	data.Document, _ = documentOf(v.Policy)
	for _, o := range listed {
		name, own := strings.CutPrefix(o.Key, v.Prefix())
		data.Objects = append(data.Objects, shownObject{Key: o.Key, Name: name, Size: o.Size, Own: own})
	}
	for _, d := range a.decisions.of(v.IdentityID) {
		if data.Requests = append(data.Requests, shown(d)); len(data.Requests) == 6 {
			break
		}
	}
	return view{template: "home", Title: title, Data: data}, nil
}

func shown(d record) shownRequest {
	out := shownRequest{ID: d.id, Method: d.method, Verb: d.method, Client: d.client, At: d.at, Allowed: d.decision.Allowed}
	var err error
	if out.Target, err = url.PathUnescape(d.target); err != nil {
		out.Target = d.target
	}
	own := "users/" + d.identity + "/"
	if d.decision.Action == "s3:ListBucket" {
		out.Verb, out.What = "LIST", cmp.Or(d.query("prefix"), "without a prefix")
		if out.What == own {
			return out
		}
	} else {
		out.What = strings.TrimPrefix(d.decision.Resource, "arn:aws:s3:::"+bucketName+"/")
	}
	out.What, out.Own = strings.CutPrefix(out.What, own)
	return out
}

// commandLine shows the visitor's temporary credentials, and what to do with them. They are made for this page, which is not stored, and
// are those of the person to whom it is shown.
func (a *app) commandLine(w http.ResponseWriter, r *http.Request) (view, error) {
	v, err := a.visitor(w, r)
	if err != nil {
		return view{}, err
	}
	c := v.credentials
	curl := "curl --aws-sigv4 \"aws:amz:" + region + ":s3\" \\\n" +
		"  --user \"$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY\" \\\n" +
		"  --header \"x-amz-security-token: $AWS_SESSION_TOKEN\" \\\n" +
		"  --header \"x-amz-content-sha256: $(printf %s BODY | sha256sum | cut -d ' ' -f 1)\" \\\n  "
	aws := "aws --endpoint-url " + a.base + " s3 "
	own := strings.ReplaceAll(v.Prefix(), ":", "%3A") // as it is signed; curl signs what is written
	return view{template: "commandline", Title: "From the command line", Data: struct {
		*visitor
		Export, Read, Write, List, Copy string
	}{
		visitor: v,
		Export: "export AWS_ACCESS_KEY_ID=" + c.AccessKeyID + "\nexport AWS_SECRET_ACCESS_KEY='" + c.SecretAccessKey + "'\nexport AWS_SESSION_TOKEN='" +
			c.SessionToken + "'\nexport AWS_DEFAULT_REGION=" + region,
		Read:  strings.Replace(curl, "BODY", "''", 1) + a.base + "/shared/public/welcome.txt",
		Write: "body='Written with curl.'\n" + strings.Replace(curl, "BODY", "\"$body\"", 1) + "--request PUT --header 'content-type: text/plain' --data-binary \"$body\" \\\n  " + a.base + "/shared/" + own + "curl.txt",
		List:  aws + "ls s3://shared/public/",
		Copy:  "echo 'Written with the AWS CLI.' | " + aws + "cp - s3://shared/" + v.Prefix() + "cli.txt",
	}}, nil
}
