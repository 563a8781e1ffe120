package dynamo_test

import (
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"godwit/shared/dynamo"
	"godwit/shared/registry"
	"godwit/shared/registry/registrytest"
	"godwit/shared/stagetest"
)

// service is a DynamoDB to test against.
type service struct {
	name, url, accessKey, secretKey string
	transport                       http.RoundTripper // nil means a plain one
}

// services starts what this machine can offer: always the local stage, and
// moto where GODWIT_MOTO names it.
func services(tb testing.TB) []service {
	tb.Helper()
	at := stagetest.Start(tb)
	out := []service{{name: "stage", url: at.DynamoDB, accessKey: at.AccessKey, secretKey: at.SecretKey}}
	if url, ok := stagetest.Moto(tb); ok {
		out = append(out, service{"moto", url, "test", "test", &stagetest.Serial{}})
	}
	return out
}

var tables atomic.Int64

// open returns a Store on a table of its own; transport may be nil.
func (s service) open(tb testing.TB, transport http.RoundTripper) *dynamo.Store {
	tb.Helper()
	table := fmt.Sprintf("test-%d-%d", time.Now().UnixNano(), tables.Add(1))
	stagetest.Table(tb, stagetest.DynamoDB(stagetest.Config(s.url, s.accessKey, s.secretKey, nil)), table)
	client := stagetest.DynamoDB(stagetest.Config(s.url, s.accessKey, s.secretKey, transport))
	return dynamo.New(client, table, time.Now)
}

func TestStore(t *testing.T) {
	for _, s := range services(t) {
		t.Run(s.name, func(t *testing.T) {
			registrytest.Run(t, func(tb testing.TB) registry.Store { return s.open(tb, s.transport) })
		})
	}
}
