package dynamodb_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"net/http"
	"net/http/httptest"

	"godwit/functions/local/dynamodb"
)

// One request through the handler, without a socket: an item of about 1 KB
// with an index entry.
func BenchmarkHandler(b *testing.B) {
	db, err := dynamodb.Open(filepath.Join(b.TempDir(), "db"), time.Now)
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	if err := db.EnsureTable(spec); err != nil {
		b.Fatal(err)
	}
	handler := db.Handler()
	run := func(operation, body string) {
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
		r.Header.Set("X-Amz-Target", "DynamoDB_20120810."+operation)
		r.Header.Set("Authorization", signature)
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if w.Code != http.StatusOK {
			b.Fatalf("%s = %d %s", operation, w.Code, w.Body)
		}
	}
	filler := strings.Repeat("x", 900)
	n := 0
	benchmarks := []struct {
		operation string
		body      func() string
	}{
		{"PutItem", func() string {
			return fmt.Sprintf(`{"TableName":"things","Item":{"pk":{"S":"a"},"sk":{"S":"%08d"},"gsi1pk":{"S":"g"},"gsi1sk":{"S":"%d"},"body":{"S":"%s"}}}`, n, n, filler)
		}},
		{"UpdateItem", func() string {
			return fmt.Sprintf(`{"TableName":"things","Key":{"pk":{"S":"a"},"sk":{"S":"%08d"}},"UpdateExpression":"SET rev = if_not_exists(rev, :z) + :one","ConditionExpression":"attribute_exists(pk)","ExpressionAttributeValues":{":one":{"N":"1"},":z":{"N":"0"}}}`, n%100+1)
		}},
		{"GetItem", func() string {
			return fmt.Sprintf(`{"TableName":"things","Key":{"pk":{"S":"a"},"sk":{"S":"%08d"}}}`, n%100+1)
		}},
		{"Query", func() string {
			return `{"TableName":"things","KeyConditionExpression":"pk = :a","Limit":20,"ExpressionAttributeValues":{":a":{"S":"a"}}}`
		}},
	}
	for n = range 200 {
		run("PutItem", benchmarks[0].body())
	}
	for _, bm := range benchmarks {
		b.Run(bm.operation, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				n++
				run(bm.operation, bm.body())
			}
		})
	}
}
