package gateway

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"
)

// event is payload format 2.0. What a request does not have is left out, as on
// AWS. The same members, but for the body, make an authorizer's event.
type event struct {
	Version        string            `json:"version"`
	RouteKey       string            `json:"routeKey"`
	RawPath        string            `json:"rawPath"`
	RawQuery       string            `json:"rawQueryString"`
	Cookies        []string          `json:"cookies,omitempty"`
	Headers        map[string]string `json:"headers"`
	Query          map[string]string `json:"queryStringParameters,omitempty"`
	RequestContext requestContext    `json:"requestContext"`
	Body           *string           `json:"body,omitempty"`
	PathParameters map[string]string `json:"pathParameters,omitempty"`
	Base64         *bool             `json:"isBase64Encoded,omitempty"`
}

// authorizerEvent is what a REQUEST authorizer is given.
type authorizerEvent struct {
	Type           string   `json:"type"`
	RouteARN       string   `json:"routeArn"`
	IdentitySource []string `json:"identitySource"`
	*event
}

// requestContext has the members every HTTP API sends; authentication (mutual
// TLS) has no meaning here.
type requestContext struct {
	AccountID    string             `json:"accountId"`
	APIID        string             `json:"apiId"`
	Authorizer   *authorizerContext `json:"authorizer,omitempty"`
	DomainName   string             `json:"domainName"`
	DomainPrefix string             `json:"domainPrefix"`
	HTTP         httpContext        `json:"http"`
	RequestID    string             `json:"requestId"`
	RouteKey     string             `json:"routeKey"`
	Stage        string             `json:"stage"`
	Time         string             `json:"time"`      // 12/Mar/2020:19:03:58 +0000
	TimeEpoch    int64              `json:"timeEpoch"` // ms
}

// authorizerContext is the context of a Lambda authorizer's answer, as it came.
type authorizerContext struct {
	Lambda json.RawMessage `json:"lambda"`
}

type httpContext struct {
	Method    string `json:"method"`
	Path      string `json:"path"`
	Protocol  string `json:"protocol"`
	SourceIP  string `json:"sourceIp"`
	UserAgent string `json:"userAgent"`
}

// event returns the event without body and authorizer context.
func (x *exchange) event(path string) *event {
	r, opts := x.r, x.gateway.opts
	domain, port := splitHost(r.Host)
	client, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		client = r.RemoteAddr
	}
	// On AWS the prefix is the API's id, the first label of its domain.
	prefix, _, _ := strings.Cut(domain, ".")
	start := x.start.UTC()
	e := &event{
		Version:        "2.0",
		RouteKey:       x.match.route.key(),
		RawPath:        path,
		RawQuery:       r.URL.RawQuery,
		Cookies:        cookies(r.Header),
		Headers:        headers(r),
		Query:          query(r.URL.RawQuery),
		PathParameters: x.match.values,
		RequestContext: requestContext{
			AccountID:    opts.AccountID,
			APIID:        opts.APIID,
			DomainName:   domain,
			DomainPrefix: prefix,
			HTTP:         httpContext{r.Method, path, r.Proto, client, r.UserAgent()},
			RequestID:    x.id,
			RouteKey:     x.match.route.key(),
			Stage:        opts.Stage,
			Time:         start.Format("02/Jan/2006:15:04:05 -0700"),
			TimeEpoch:    start.UnixMilli(),
		},
	}
	// What the client says about forwarding is overwritten: this is the edge.
	e.Headers["x-forwarded-for"] = client
	e.Headers["x-forwarded-port"] = port
	e.Headers["x-forwarded-proto"] = "http"
	return e
}

// splitHost returns the name and the port of a Host header.
func splitHost(host string) (name, port string) {
	name, port, err := net.SplitHostPort(host)
	if err != nil {
		return host, "80"
	}
	return name, port
}

// decodedPath returns the path as API Gateway hands it on: decoded as a whole,
// so that %2F separates segments, and cut at a decoded question mark (seen in
// captures of the real service; the documentation says only "decodes").
func decodedPath(r *http.Request) string {
	path, _, _ := strings.Cut(r.URL.Path, "?")
	if path == "" {
		return "/"
	}
	return path
}

// headers returns the request's headers, names in lower case, equal names
// joined by a comma. Cookies are not among them.
func headers(r *http.Request) map[string]string {
	h := map[string]string{"host": r.Host}
	for name, values := range r.Header {
		if name != "Cookie" {
			h[strings.ToLower(name)] = strings.Join(values, ",")
		}
	}
	if r.ContentLength > 0 && h["content-length"] == "" {
		h["content-length"] = strconv.FormatInt(r.ContentLength, 10) // HTTP/1 requests have it in Header already
	}
	return h
}

// headerBytes is about the size of the request line and headers on the wire,
// which is what the quota counts; colons and line ends are not.
// A browser on localhost sends the cookies of all ports, so this can be met.
func headerBytes(r *http.Request) int {
	n := len(r.Method) + len(r.RequestURI) + len(r.Proto) + len("Host") + len(r.Host)
	for name, values := range r.Header {
		for _, value := range values {
			n += len(name) + len(value)
		}
	}
	return n
}

// cookies splits all Cookie headers into their pairs.
func cookies(h http.Header) []string {
	var list []string
	for _, line := range h.Values("Cookie") {
		for pair := range strings.SplitSeq(line, ";") {
			if pair = strings.TrimSpace(pair); pair != "" {
				list = append(list, pair)
			}
		}
	}
	return list
}

// query decodes a query string; equal names are joined by a comma in their
// order. What cannot be decoded stays as it is: the function sees what was sent.
func query(raw string) map[string]string {
	if raw == "" {
		return nil
	}
	values := map[string]string{}
	for pair := range strings.SplitSeq(raw, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		name, value = unescape(name), unescape(value)
		if earlier, ok := values[name]; ok {
			value = earlier + "," + value
		}
		values[name] = value
	}
	return values
}

// unescape decodes %XX and +, or returns s when it is not encoded well.
func unescape(s string) string {
	if decoded, err := url.QueryUnescape(s); err == nil {
		return decoded
	}
	return s
}

// setBody reads the request's body into the event, as text or as base64.
func (e *event) setBody(w http.ResponseWriter, r *http.Request) error {
	base64Encoded := false
	e.Base64 = &base64Encoded
	// A declared length is refused before 10 MB are read.
	if r.ContentLength > MaxBody {
		return &refusal{status: http.StatusRequestEntityTooLarge, message: "Request Entity Too Large"}
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxBody))
	if err != nil {
		if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
			return &refusal{status: http.StatusRequestEntityTooLarge, message: "Request Entity Too Large"}
		}
		return &refusal{http.StatusBadRequest, "Bad Request", err}
	}
	// sam local sends "" for no body; AWS leaves the member out.
	if len(body) == 0 {
		return nil
	}
	text := string(body)
	if base64Encoded = !isText(r.Header.Get("Content-Type")) || !utf8.Valid(body); base64Encoded {
		text = base64.StdEncoding.EncodeToString(body)
	}
	e.Body = &text
	return nil
}

// isText reports whether a body of this type is handed on as a string. The
// documentation gives no list; this one was observed on AWS by others: forms
// and bodies without a type are base64 there. That text which is not UTF-8 is
// base64 too is our choice: JSON could not carry it.
func isText(contentType string) bool {
	kind, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		// A broken parameter does not make text binary.
		kind, _, _ = strings.Cut(contentType, ";")
		kind = strings.ToLower(strings.TrimSpace(kind))
	}
	switch kind {
	case "application/json", "application/xml", "application/javascript":
		return true
	}
	return strings.HasPrefix(kind, "text/")
}
