package gateway

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// response is what goes back to the client.
type response struct {
	status  int
	headers map[string]string
	cookies []string
	body    []byte
}

// decodeResponse reads a function's answer in format 2.0. Anything without a
// statusCode is the body itself: status 200, application/json; a JSON string
// loses its quotes. Unknown members are ignored, as on AWS, and so is
// multiValueHeaders, which format 2.0 does not have.
func decodeResponse(out []byte) (response, error) {
	out = bytes.TrimSpace(out)
	// A map, not a struct: member names are compared exactly, not folded.
	var members map[string]json.RawMessage
	if len(out) == 0 || out[0] != '{' {
		return inferred(out)
	}
	if err := json.Unmarshal(out, &members); err != nil {
		return response{}, fmt.Errorf("the function's answer: %w", err)
	}
	if _, ok := members["statusCode"]; !ok {
		return inferred(out)
	}
	return formatted(members)
}

// formatted makes a response of an answer that has a statusCode.
func formatted(members map[string]json.RawMessage) (response, error) {
	// Functions in other languages quote the number, which AWS takes too.
	status, err := strconv.Atoi(strings.Trim(string(members["statusCode"]), `"`))
	// 1xx would leave the client waiting for the response proper.
	if err != nil || status < 200 || status > 599 {
		return response{}, fmt.Errorf("the function's statusCode is %.20s", members["statusCode"])
	}
	// The default type is AWS's for an answer in full form without one.
	r := response{status: status, headers: map[string]string{"Content-Type": "text/plain;charset=utf-8"}}
	var headers map[string]json.RawMessage
	var body string
	var isBase64 bool
	for name, target := range map[string]any{"headers": &headers, "cookies": &r.cookies, "body": &body, "isBase64Encoded": &isBase64} {
		if raw, ok := members[name]; ok {
			if err := json.Unmarshal(raw, target); err != nil {
				return response{}, fmt.Errorf("the function's %s: %w", name, err)
			}
		}
	}
	for name, raw := range headers {
		value, ok := headerValue(raw)
		if !ok {
			return response{}, fmt.Errorf("the function's header %.50q is not a string", name)
		}
		// Canonical, so that content-type replaces the default.
		r.headers[http.CanonicalHeaderKey(name)] = value
	}
	r.body = []byte(body)
	if isBase64 {
		if r.body, err = base64.StdEncoding.DecodeString(body); err != nil {
			return response{}, fmt.Errorf("the function's body is not base64: %w", err)
		}
	}
	return r, nil
}

// inferred makes a response of an answer without a statusCode, any JSON value.
// An empty answer is not one.
func inferred(out []byte) (response, error) {
	if !json.Valid(out) {
		return response{}, errors.New("the function's answer is not JSON")
	}
	if out[0] == '"' {
		var text string
		if err := json.Unmarshal(out, &text); err != nil {
			return response{}, err
		}
		out = []byte(text)
	}
	return response{status: http.StatusOK, headers: map[string]string{"Content-Type": "application/json"}, body: out}, nil
}

// headerValue returns a header's value: a string, number or boolean.
func headerValue(raw json.RawMessage) (string, bool) {
	var text string
	if json.Unmarshal(raw, &text) == nil && raw[0] == '"' {
		return text, true
	}
	if raw[0] == '{' || raw[0] == '[' || raw[0] == 'n' {
		return "", false
	}
	return string(raw), true
}

// respond writes r to the client.
func (x *exchange) respond(r response) {
	x.status = r.status
	h := x.w.Header()
	for name, value := range r.headers {
		h.Set(name, value)
	}
	// The one header that may not be joined: a cookie may hold a comma.
	for _, cookie := range r.cookies {
		h.Add("Set-Cookie", cookie)
	}
	// The gateway frames the message itself.
	h.Del("Transfer-Encoding")
	h.Del("Connection")
	h.Set("Content-Length", strconv.Itoa(len(r.body)))
	// These two have no body by definition; net/http would refuse to write it.
	if r.status == http.StatusNoContent || r.status == http.StatusNotModified {
		h.Del("Content-Length")
		r.body = nil
	}
	x.w.WriteHeader(r.status)
	x.w.Write(r.body) // the client may have left; nothing can be told to it then
}
