package suite

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// Target is the service under test.
type Target struct {
	URL string // such as http://127.0.0.1:3000, without a slash at the end
	// Key is an API key with admin on all models; empty asks without one, which
	// only the local stage on this machine lets pass.
	Key string
	// Client makes the requests, those to presigned URLs too; nil means a plain
	// one that follows no redirects.
	Client *http.Client
	// Patience bounds what is waited for: the end of a job, a promotion that is
	// seen, a revoked key that is refused. 0 means two minutes.
	Patience time.Duration
}

// Run asks everything and prints a line for each check to out. Checks go on
// after a failure; ctx ends them early.
func Run(ctx context.Context, target Target, out io.Writer) (passed, failed int) {
	if target.Client == nil {
		target.Client = &http.Client{Timeout: time.Minute}
	}
	client := *target.Client
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	target.Client = &client
	if target.Patience == 0 {
		target.Patience = 2 * time.Minute
	}
	target.URL = strings.TrimSuffix(target.URL, "/")
	s := &session{Target: target, ctx: ctx, out: out, seen: map[string]map[int]bool{}}
	// Two runs at once against one service must not meet.
	s.prefix = "test-" + strings.ToLower(rand.Text()[:10])
	s.run()
	return s.passed, s.failed
}

// run makes the checks in an order in which each finds what it needs.
func (s *session) run() {
	if err := s.readPage(); err != nil {
		s.result("the service describes itself", err)
		return
	}
	defer s.cleanUp()
	s.operations()
	s.models()
	s.keys()
	s.data()
	if len(s.versions) < 2 {
		s.result("two versions to go on with", fmt.Errorf("training gave %v", s.versions))
		return
	}
	s.records()
	s.pointers()
	s.predictions()
	s.tensors()
	s.otherClients()
	s.batches()
	s.maintenance()
	s.limitedKeys()
	s.usage()
	s.races()
	s.sweep()
	s.deletions()
	s.revoked()
	s.coverage()
}
