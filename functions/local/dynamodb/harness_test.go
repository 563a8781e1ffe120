package dynamodb_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"

	"godwit/functions/local/dynamodb"
)

// clock is a settable time.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// stage is an open database with its server and the real SDK client.
type stage struct {
	db     *dynamodb.DB
	url    string
	client *sdk.Client
	clock  *clock

	failedUpdate bool // of the differential test: the last request was one
}

// spec is the table most tests use: the product's, with a second index that
// holds only some attributes.
var spec = dynamodb.TableSpec{
	Name:  "things",
	Hash:  dynamodb.Attribute{Name: "pk", Type: "S"},
	Range: dynamodb.Attribute{Name: "sk", Type: "S"},
	Indexes: []dynamodb.IndexSpec{
		{Name: "gsi1", Hash: dynamodb.Attribute{Name: "gsi1pk", Type: "S"}, Range: dynamodb.Attribute{Name: "gsi1sk", Type: "S"}},
		{Name: "small", Hash: dynamodb.Attribute{Name: "gsi1pk", Type: "S"}, Projection: "INCLUDE", NonKey: []string{"kept"}},
	},
}

func open(t testing.TB) *stage {
	t.Helper()
	s := &stage{clock: &clock{at: time.Unix(1_700_000_000, 0)}}
	db, err := dynamodb.Open(filepath.Join(t.TempDir(), "db"), s.clock.now)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(db.Handler())
	t.Cleanup(func() {
		server.Close()
		if err := db.Close(); err != nil {
			t.Errorf("Close() = %v", err)
		}
	})
	if err := db.EnsureTable(spec); err != nil {
		t.Fatal(err)
	}
	s.db, s.url, s.client = db, server.URL, newClient(server.URL)
	return s
}

func newClient(url string) *sdk.Client {
	return sdk.New(sdk.Options{
		Region:       "us-east-1",
		BaseEndpoint: aws.String(url),
		Credentials:  credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", ""),
	})
}

const signature = "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0"

// send posts one operation and returns status and body.
func send(ctx context.Context, url, operation, body string) (int, string, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	r.Header.Set("X-Amz-Target", "DynamoDB_20120810."+operation)
	r.Header.Set("Content-Type", "application/x-amz-json-1.0")
	r.Header.Set("Authorization", signature)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(answer), err
}

// do posts one operation and fails the test unless it is answered 200.
func (s *stage) do(t testing.TB, operation, body string) string {
	t.Helper()
	status, answer, err := send(t.Context(), s.url, operation, body)
	if err != nil || status != http.StatusOK {
		t.Fatalf("%s %s = %d %s, %v; want 200", operation, body, status, answer, err)
	}
	return answer
}

// refused posts one operation and returns the error's type and message.
func (s *stage) refused(t testing.TB, operation, body string) (code, message string) {
	t.Helper()
	status, answer, err := send(t.Context(), s.url, operation, body)
	if err != nil || status == http.StatusOK {
		t.Fatalf("%s %s = %d %s, %v; want an error answer", operation, body, status, answer, err)
	}
	var e struct {
		Type    string `json:"__type"`
		Message string `json:"message"`
	}
	if err := json.Unmarshal([]byte(answer), &e); err != nil {
		t.Fatalf("%s: answer %s: %v", operation, answer, err)
	}
	_, code, _ = strings.Cut(e.Type, "#")
	return code, e.Message
}

func text(s string) types.AttributeValue   { return &types.AttributeValueMemberS{Value: s} }
func number(s string) types.AttributeValue { return &types.AttributeValueMemberN{Value: s} }

func key(pk, sk string) map[string]types.AttributeValue {
	return map[string]types.AttributeValue{"pk": text(pk), "sk": text(sk)}
}

func (s *stage) put(t testing.TB, item map[string]types.AttributeValue) {
	t.Helper()
	if _, err := s.client.PutItem(t.Context(), &sdk.PutItemInput{TableName: &spec.Name, Item: item}); err != nil {
		t.Fatalf("PutItem(%v) = %v", item, err)
	}
}

// codeOf returns the service's error code, "" for no error.
func codeOf(err error) string {
	if e, ok := errors.AsType[smithy.APIError](err); ok {
		return e.ErrorCode()
	}
	if err != nil {
		return err.Error()
	}
	return ""
}
