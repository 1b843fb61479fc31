package awsquery

import (
	"bytes"
	"encoding/xml"
	"net/http"
	"strconv"
	"time"
)

// Timestamp is how times are written: RFC 3339, UTC, to the second.
func Timestamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

// encodeResult returns the answer of an operation.
func encodeResult(namespace, action, id string, result any) ([]byte, error) {
	var out bytes.Buffer
	open(&out, action+"Response", namespace)
	if result != nil {
		if err := xml.NewEncoder(&out).EncodeElement(result, xml.StartElement{Name: xml.Name{Local: action + "Result"}}); err != nil {
			return nil, err
		}
	}
	out.WriteString("<ResponseMetadata>")
	element(&out, "RequestId", id)
	out.WriteString("</ResponseMetadata></" + action + "Response>\n")
	return out.Bytes(), nil
}

// encodeFault returns the answer that tells of a fault.
func encodeFault(namespace, id string, fault *Fault) []byte {
	var out bytes.Buffer
	open(&out, "ErrorResponse", namespace)
	out.WriteString("<Error>")
	element(&out, "Type", fault.sender())
	element(&out, "Code", fault.Code)
	element(&out, "Message", fault.Message)
	out.WriteString("</Error>")
	element(&out, "RequestId", id)
	out.WriteString("</ErrorResponse>\n")
	return out.Bytes()
}

func open(out *bytes.Buffer, name, namespace string) {
	out.WriteString("<" + name + ` xmlns="`)
	_ = xml.EscapeText(out, []byte(namespace)) // a bytes.Buffer takes everything
	out.WriteString(`">`)
}

func element(out *bytes.Buffer, name, text string) {
	out.WriteString("<" + name + ">")
	_ = xml.EscapeText(out, []byte(text))
	out.WriteString("</" + name + ">")
}

// write sends an answer.
func write(w http.ResponseWriter, status int, id string, body []byte) {
	h := w.Header()
	h.Set("Content-Type", "text/xml; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Amzn-Requestid", id)
	if status == http.StatusMethodNotAllowed {
		h.Set("Allow", "POST")
	}
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client is gone otherwise
}
