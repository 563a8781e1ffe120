package suite_test

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"godwit/shared/api"
	"godwit/shared/blob"
)

// RoundTrip answers as the gateway, or on the host of presigned URLs as S3.
func (h *house) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
		r.Body.Close()
	}
	if r.URL.Host == "memblob.invalid" {
		return h.objects(r, body)
	}
	return h.gateway(r, body)
}

// answerOf is a response as a transport returns it.
func answerOf(r *http.Request, status int, header http.Header, body []byte) *http.Response {
	return &http.Response{StatusCode: status, Proto: "HTTP/1.1", Header: header, Body: io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)), Request: r}
}

// gateway puts a request to the authorizer and to the function whose route it is.
func (h *house) gateway(r *http.Request, body []byte) (*http.Response, error) {
	path, _, _ := strings.Cut(r.URL.Path, "?") // it hands on decoded paths
	e := events.APIGatewayV2HTTPRequest{Version: "2.0", RawPath: path, RawQueryString: r.URL.RawQuery, Headers: map[string]string{"host": r.URL.Host}}
	e.RequestContext.HTTP = events.APIGatewayV2HTTPRequestContextHTTPDescription{Method: r.Method, Path: path, SourceIP: "198.51.100.7"}
	for name, values := range r.Header {
		e.Headers[strings.ToLower(name)] = strings.Join(values, ",")
	}
	if e.Body = string(body); !utf8.Valid(body) {
		e.Body, e.IsBase64Encoded = base64.StdEncoding.EncodeToString(body), true
	}
	if r.Method+" "+path != "GET /healthz" {
		key := r.Header.Get("Authorization")
		if key == "" {
			return answerOf(r, 401, http.Header{"Content-Type": {"application/json"}}, []byte(`{"message":"Unauthorized"}`)), nil
		}
		caller, err := h.authorizer.Principal(r.Context(), key)
		if err != nil {
			return nil, err
		}
		e.RequestContext.Authorizer = &events.APIGatewayV2HTTPRequestContextAuthorizerDescription{Lambda: caller.Context()}
	}
	ctx := lambdacontext.NewContext(r.Context(), &lambdacontext.LambdaContext{AwsRequestID: rand.Text()})
	out, err := h.functions[functionOf(r.Method, path)](ctx, e)
	if err != nil {
		return nil, err
	}
	answer := []byte(out.Body)
	if out.IsBase64Encoded {
		if answer, err = base64.StdEncoding.DecodeString(out.Body); err != nil {
			return nil, err
		}
	}
	header := http.Header{}
	for name, value := range out.Headers {
		header.Set(name, value)
	}
	return answerOf(r, out.StatusCode, header, answer), nil
}

// routes finds whose route a request is.
var routes = func() *http.ServeMux {
	mux := http.NewServeMux()
	for _, r := range api.Routes() {
		mux.Handle(r.Method+" "+r.Pattern, named(r.Function))
	}
	return mux
}()

// named is a handler that is only its function's name.
type named api.Function

// ServeHTTP answers nothing: nobody calls it.
func (named) ServeHTTP(http.ResponseWriter, *http.Request) {}

// functionOf is the function that serves a route; what is nobody's is
// model-registry's, as the template's ANY /{proxy+} has it.
func functionOf(method, path string) api.Function {
	r := &http.Request{Method: method, URL: mustPath(path)}
	if h, pattern := routes.Handler(r); pattern != "" {
		if n, ok := h.(named); ok {
			return api.Function(n)
		}
	}
	return api.RegistryFunction
}

// objects takes uploads and hands out files, as presigned URLs allow.
func (h *house) objects(r *http.Request, body []byte) (*http.Response, error) {
	key := strings.TrimPrefix(r.URL.Path, "/")
	if r.Method == http.MethodGet {
		data, err := blob.ReadAll(r.Context(), h.models, key, 64<<20)
		if err != nil {
			return answerOf(r, 404, http.Header{}, nil), nil
		}
		return answerOf(r, 200, http.Header{}, data), nil
	}
	sum := sha256.Sum256(body)
	if r.Header.Get("X-Amz-Checksum-Sha256") != base64.StdEncoding.EncodeToString(sum[:]) {
		return answerOf(r, 400, http.Header{}, []byte("BadDigest")), nil
	}
	info, err := h.uploads.Put(r.Context(), key, bytes.NewReader(body), int64(len(body)), blob.PutOptions{})
	if err != nil {
		return nil, err
	}
	event, err := json.Marshal(map[string]any{
		"source": "aws.s3", "detail-type": "Object Created", "time": time.Now().UTC(),
		"detail": map[string]any{"bucket": map[string]any{"name": uploadsBucket}, "object": map[string]any{"key": key, "size": info.Size, "etag": info.ETag, "version-id": info.VersionID}},
	})
	if err != nil {
		return nil, err
	}
	if err := h.trigger.Handle(r.Context(), event); err != nil {
		return nil, fmt.Errorf("deliver the event: %w", err)
	}
	return answerOf(r, 200, http.Header{}, nil), nil
}

// client is a client of the house.
func (h *house) client(testing.TB) *http.Client { return &http.Client{Transport: h} }
