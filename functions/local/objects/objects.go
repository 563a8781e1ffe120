// Package objects is the S3 of the local stage: versitygw, a real S3 server,
// run inside the stage's process with its objects as plain files.
//
// Start opens the folder, makes the buckets, switches their versioning on and
// serves the S3 protocol with signatures, checksums, presigned URLs and
// conditional writes. Whoever creates an object is answered only after
// Options.OnCreated has returned, so a notification written down there is not
// lost to a crash; one lost between the write and the call is found again by
// Versions.
//
// versitygw changes the working directory of the process and keeps state in
// package variables. So only one Server runs in a process at a time, and every
// path elsewhere in that process must be absolute.
//
// What AWS has and this does not: lifecycle rules, encryption, keys `a` and
// `a/b` side by side. Data is not flushed to the disk before an answer: it
// survives a killed process, not a power cut.
package objects

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/versity/versitygw/auth"
	"github.com/versity/versitygw/backend"
	"github.com/versity/versitygw/s3api"
	"github.com/versity/versitygw/s3api/middlewares"
	"github.com/versity/versitygw/s3api/utils"
)

// Region is the only region the server answers for.
const Region = "us-east-1"

// Limits of the server. Clients past them are answered 503 and retry.
const (
	maxConnections = 4096
	maxRequests    = 2048
	maxParts       = 10_000  // of one multipart upload, as on AWS
	maxCopy        = 5 << 30 // bytes of one copy, as on AWS
	bindAttempts   = 8
	startTimeout   = 10 * time.Second
	closeTimeout   = 2 * time.Second
)

// ErrRunning is returned by Start while another Server of this process runs.
var ErrRunning = errors.New("objects: another server runs in this process")

// running guards what versitygw holds once per process: the working directory.
var running atomic.Bool

// Options say what to serve. AllowOrigins and OnCreated may be left out.
type Options struct {
	Dir       string   // absolute; made when absent, readable by its owner only
	Addr      string   // host:port; port 0 picks a free one
	AccessKey string   // of the only account, which may do everything
	SecretKey string   // of that account
	Buckets   []string // made when absent, with versioning enabled
	// AllowOrigins are the web origins whose pages may upload with presigned
	// URLs, such as http://127.0.0.1:3000. Empty: none.
	AllowOrigins []string
	// OnCreated is called for every object created, before its creator is
	// answered, from many goroutines. Nil: nobody is told.
	OnCreated func(Created)
}

// Created tells of one object that came to be.
type Created struct {
	Bucket    string    // by name
	Key       string    // as stored, not URL-encoded
	VersionID string    // empty for a folder marker, a key that ends in "/"
	ETag      string    // without quotes
	Size      int64     // bytes
	Time      time.Time // UTC, when it was created
	Reason    string    // what AWS calls it: PutObject, CopyObject or CompleteMultipartUpload
}

// Server is a running S3 server. Its methods are safe for concurrent use.
type Server struct {
	addr    string
	store   backend.Backend
	api     *s3api.S3ApiServer
	served  chan error // receives the end of serving, once
	workDir string     // to go back to
	close   sync.Once
}

// Start serves until Close. A port in use is an error that wraps
// syscall.EADDRINUSE, a second Server in the process is ErrRunning.
func Start(ctx context.Context, opts Options) (*Server, error) {
	if !running.CompareAndSwap(false, true) {
		return nil, ErrRunning
	}
	s, err := start(ctx, opts)
	if err != nil {
		running.Store(false)
		return nil, err
	}
	return s, nil
}

// start does the work of Start and leaves nothing running when it fails.
func start(ctx context.Context, opts Options) (*Server, error) {
	// A relative one would be looked for where versitygw has moved the process.
	if !filepath.IsAbs(opts.Dir) {
		return nil, fmt.Errorf("objects: folder %q is not absolute", opts.Dir)
	}
	workDir, err := os.Getwd()
	if err != nil {
		return nil, fmt.Errorf("objects: working directory: %w", err)
	}
	files, err := openFiles(opts.Dir)
	if err != nil {
		return nil, err
	}
	s := &Server{store: &notifier{Backend: files, created: opts.OnCreated}, workDir: workDir}
	if err := s.listen(opts); err != nil {
		s.release()
		return nil, err
	}
	if err := makeBuckets(ctx, s, opts); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// listen serves on opts.Addr. versitygw binds by itself and does not tell the
// port it got, so port 0 is resolved by probing, again if somebody else was faster.
func (s *Server) listen(opts Options) error {
	for attempt := 1; ; attempt++ {
		addr, picked, err := resolve(opts.Addr)
		if err != nil {
			return err
		}
		err = s.serve(addr, opts)
		if picked && attempt < bindAttempts && errors.Is(err, syscall.EADDRINUSE) {
			continue
		}
		return err
	}
}

// resolve returns addr with a port that was free a moment ago, and whether it was picked.
func resolve(addr string) (string, bool, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return "", false, fmt.Errorf("objects: address: %w", err)
	}
	if port != "0" {
		return addr, false, nil
	}
	probe, err := net.Listen("tcp", net.JoinHostPort(host, port))
	if err != nil {
		return "", false, fmt.Errorf("objects: address: %w", err)
	}
	defer probe.Close()
	return probe.Addr().String(), true, nil
}

// serve starts one API server on addr and waits until it listens or failed to.
func (s *Server) serve(addr string, opts Options) error {
	listening := make(chan struct{})
	root := middlewares.RootUserConfig{Access: opts.AccessKey, Secret: opts.SecretKey}
	account := auth.Account{Access: opts.AccessKey, Secret: opts.SecretKey, Role: auth.RoleAdmin}
	// AWS's rules for names: what works here must work there.
	utils.SetBucketNameValidationStrict(true)
	with := []s3api.Option{
		s3api.WithConcurrencyLimiter(maxConnections, maxRequests),
		s3api.WithMpMaxParts(maxParts),
		s3api.WithQuiet(),
		s3api.WithKeepAlive(),
		s3api.WithOnListen(func() { close(listening) }),
	}
	api, err := s3api.New(s.store, root, Region, auth.NewIAMServiceSingle(account), nil, nil, nil, nil, with...)
	if err != nil {
		return fmt.Errorf("objects: %w", err)
	}
	// Room for one: the goroutine ends also when nobody waits for it any more.
	served := make(chan error, 1)
	go func() { served <- api.ServeMultiPort([]string{addr}) }()
	select {
	case <-listening:
		s.addr, s.api, s.served = addr, api, served
		return nil
	case err := <-served:
		return fmt.Errorf("objects: %w", err)
	case <-time.After(startTimeout):
		return fmt.Errorf("objects: the S3 server did not listen on %s within %v", addr, startTimeout)
	}
}

// Addr returns the host:port the server listens on.
func (s *Server) Addr() string { return s.addr }

// URL returns the endpoint for S3 clients; they must use path-style addressing.
func (s *Server) URL() string { return "http://" + s.addr }

// Close stops serving, waits for requests under way, at most two seconds, and
// returns to the working directory the process had before Start. Further calls
// do nothing.
func (s *Server) Close() error {
	var err error
	s.close.Do(func() {
		ended := make(chan error, 1)
		go func() { ended <- s.api.ShutDown() }()
		select {
		case err = <-ended:
		case <-time.After(closeTimeout):
			// versitygw waits ten seconds for connections a client opened and
			// never used, as HTTP clients do when they dial in parallel.
			// Nothing is to come on them: the listener is closed.
		}
		<-s.served // reports only that the listener was closed
		s.release()
		running.Store(false)
	})
	return err
}

// release gives back what is held beside the API server.
func (s *Server) release() {
	s.store.Shutdown()
	// The old directory may be gone by now; then there is nothing to go back to.
	_ = os.Chdir(s.workDir)
}
