// Package boot builds the services of a function from its settings: the one
// place where adapters meet the rooms that need them, and where clock and
// randomness come from.
//
// It does no work and makes no call; whoever wants the first one made during
// the init phase makes it.
package boot

import (
	"crypto/rand"
	"log/slog"
	mathrand "math/rand/v2"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"godwit/shared/dynamo"
	"godwit/shared/registry"
	"godwit/shared/s3blob"
	"godwit/shared/serving"
	"godwit/shared/settings"
	"godwit/shared/telemetry"
	"godwit/shared/usage"
)

// App holds the services every function shares.
type App struct {
	Settings settings.Settings
	Log      *slog.Logger
	Meter    *telemetry.Meter
	Store    *dynamo.Store
	Registry *registry.Registry
	Uploads  *s3blob.Store
	Models   *s3blob.Store
	Secret   *serving.Secret // signs tokens; read from the table on first use
	Usage    *usage.Gatherer // counts; flushed at the end of requests
	Now      func() time.Time
	NewToken func() string
	AWS      aws.Config // of every client of the SDK
}

// New builds the services from the environment.
func New() (*App, error) {
	s, err := settings.Read(os.Getenv)
	if err != nil {
		return nil, err
	}
	config := aws.Config{
		Region:      s.Region,
		Credentials: credentials.NewStaticCredentialsProvider(s.AccessKey, s.SecretKey, s.SessionToken),
		HTTPClient:  httpClient(),
	}
	table := dynamodb.NewFromConfig(config, func(o *dynamodb.Options) { o.BaseEndpoint = Endpoint(s.DDBEndpoint) })
	objects := s3.NewFromConfig(config, func(o *s3.Options) {
		o.BaseEndpoint, o.UsePathStyle = Endpoint(s.S3Endpoint), s.S3PathStyle
	})

	a := &App{
		Settings: s,
		Log:      telemetry.NewLogger(os.Stderr, slog.LevelInfo),
		Meter:    telemetry.NewMeter(os.Stdout, "Godwit", s.Stage, time.Now),
		Store:    dynamo.New(table, s.Table, time.Now),
		Uploads:  s3blob.New(objects, s.UploadsBucket, time.Now),
		Models:   s3blob.New(objects, s.ModelsBucket, time.Now),
		Now:      time.Now,
		NewToken: rand.Text,
		AWS:      config,
	}
	a.Secret = &serving.Secret{Store: a.Store, Random: rand.Reader}
	a.Usage = &usage.Gatherer{Store: a.Store, Now: a.Now, Shard: mathrand.IntN(usage.Shards)}
	a.Registry = &registry.Registry{Store: a.Store, Now: a.Now, NewToken: a.NewToken}
	return a, nil
}

// Endpoint is the address of a service as a client of the SDK takes it: nil, for
// the region's own, where url is empty.
func Endpoint(url string) *string {
	if url == "" {
		return nil
	}
	return &url
}

// Of every connection.
const (
	dialTimeout = 3 * time.Second
	idleTimeout = 90 * time.Second
)

// dialer opens connections.
func dialer() *net.Dialer { return &net.Dialer{Timeout: dialTimeout, KeepAlive: 30 * time.Second} }

// httpClient bounds every wait the SDK leaves open: a service that accepts a
// connection and says nothing would otherwise hold a request to its deadline.
// Bodies have no limit of their own; the request's context bounds them.
func httpClient() *http.Client {
	return &http.Client{Transport: &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           dialer().DialContext,
		TLSHandshakeTimeout:   dialTimeout,
		ResponseHeaderTimeout: 10 * time.Second,
		IdleConnTimeout:       idleTimeout,
		MaxIdleConnsPerHost:   16,
		ForceAttemptHTTP2:     false,
	}}
}
