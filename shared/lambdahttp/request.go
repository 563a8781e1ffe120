package lambdahttp

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strings"

	"github.com/aws/aws-lambda-go/events"

	"godwit/shared/access"
)

// errEvent is an event no HTTP request can be made from.
var errEvent = errors.New("not an HTTP event")

// Request turns an event into a request whose context carries the caller. The
// request keeps parts of event. The error says what about the event is wrong.
//
// What is evened out here:
//
//	             API Gateway               sam local
//	headers      lower case                as they were sent
//	path         decoded as a whole        as it was sent
//	no body      member absent             ""
//	query        rawQueryString            the map, where only that was sent
//	request id   the invocation's own      the same in every event: not read
func Request(ctx context.Context, event *events.APIGatewayV2HTTPRequest) (*http.Request, error) {
	method := event.RequestContext.HTTP.Method
	if !isToken(method) {
		return nil, fmt.Errorf("%w: method %q", errEvent, method)
	}
	body, err := decodeBody(event)
	if err != nil {
		return nil, err
	}
	if a := event.RequestContext.Authorizer; a != nil {
		ctx = access.With(ctx, access.FromAuthorizer(a.Lambda))
	}
	r := (&http.Request{
		Method: method, URL: location(event), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: header(event), ContentLength: int64(len(body)), Body: http.NoBody,
		RemoteAddr: event.RequestContext.HTTP.SourceIP,
	}).WithContext(ctx)
	r.Host = r.Header.Get("Host")
	if r.Host == "" {
		r.Host = event.RequestContext.DomainName
	}
	r.RequestURI = r.URL.RequestURI()
	if body != "" {
		r.Body = io.NopCloser(strings.NewReader(body))
	}
	return r, nil
}

// decodeBody returns the body's bytes; the gateway sends what is not text in base64.
func decodeBody(event *events.APIGatewayV2HTTPRequest) (string, error) {
	if !event.IsBase64Encoded {
		return event.Body, nil
	}
	raw, err := base64.StdEncoding.DecodeString(event.Body)
	if err != nil {
		return "", fmt.Errorf("%w: body: %w", errEvent, err)
	}
	return string(raw), nil
}

// header copies the event's headers into canonical form. One backing array
// holds all values: a header of one value is by far the usual case.
func header(event *events.APIGatewayV2HTTPRequest) http.Header {
	h := make(http.Header, len(event.Headers)+1)
	values := make([]string, 0, len(event.Headers)+1)
	add := func(name, value string) {
		key := textproto.CanonicalMIMEHeaderKey(name)
		if had, twice := h[key]; twice { // "a" and "A" in one event
			h[key] = append(had[:len(had):len(had)], value)
			return
		}
		// Within its capacity, which the number of headers bounds: values never
		// moves, and the slices cut from it stay true.
		values = append(values, value)
		h[key] = values[len(values)-1 : len(values) : len(values)]
	}
	for name, value := range event.Headers {
		add(name, value)
	}
	if len(event.Cookies) > 0 {
		add("Cookie", strings.Join(event.Cookies, "; "))
	}
	return h
}

// location rebuilds the URL. The gateway decodes rawPath, sam local does not:
// each segment is decoded once where that is possible and encoded again, so
// that an encoded slash stays inside its segment for the router.
func location(event *events.APIGatewayV2HTTPRequest) *url.URL {
	raw := event.RawPath
	if raw == "" || raw[0] != '/' {
		raw = "/" + raw
	}
	u := &url.URL{Path: raw, RawQuery: query(event)}
	if strings.IndexByte(raw, '%') < 0 {
		return u
	}
	segments := strings.Split(raw, "/")
	escaped := make([]string, len(segments))
	for i, s := range segments {
		// What does not decode is taken as it is: a gateway that has decoded the
		// path may leave a lone "%" in it.
		if plain, err := url.PathUnescape(s); err == nil {
			segments[i] = plain
		}
		escaped[i] = url.PathEscape(segments[i])
	}
	u.Path, u.RawPath = strings.Join(segments, "/"), strings.Join(escaped, "/")
	return u
}

// query returns the raw query, or rebuilds it in sorted order from the map
// where only that was sent.
func query(event *events.APIGatewayV2HTTPRequest) string {
	if event.RawQueryString != "" || len(event.QueryStringParameters) == 0 {
		return event.RawQueryString
	}
	var q strings.Builder
	for i, name := range slices.Sorted(maps.Keys(event.QueryStringParameters)) {
		if i > 0 {
			q.WriteByte('&')
		}
		q.WriteString(url.QueryEscape(name) + "=" + url.QueryEscape(event.QueryStringParameters[name]))
	}
	return q.String()
}

// isToken reports whether method is one or more upper-case letters, which is
// all the gateway sends.
func isToken(method string) bool {
	for _, c := range []byte(method) {
		if c < 'A' || c > 'Z' {
			return false
		}
	}
	return method != ""
}
