package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"syscall"
	"time"
)

const (
	model      = "messages"      // the stage's sample
	trainLimit = 3 * time.Minute // of each version
	killEvery  = 4 * time.Second // a function
	parts      = 4               // of the time; after the first and second the stage is killed
	restarts   = 2
	errorShare = .02 // of the predictions may fail while functions are killed
	seed       = 0x676f64776974
)

// soak is one run.
type soak struct {
	duration time.Duration
	rate     float64
	stage    *stage
	out      io.Writer

	client  *client
	load    load
	scales  scales
	killed  int // functions
	started int // times the stage was started again
	mu      sync.Mutex
	blamed  []string
}

func (s *soak) say(format string, args ...any) { fmt.Fprintf(s.out, format+"\n", args...) }

// blame notes what may not happen.
func (s *soak) blame(why string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.blamed = append(s.blamed, why)
}

// run starts the stage, drives it and reports to out. The error says what did
// not hold.
func (s *soak) run(ctx context.Context, out io.Writer) (err error) {
	s.out = out
	if err := s.stage.start(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.stage.stop()) }()
	s.client = newClient(s.stage.at.API, s.stage.at.APIKey)
	if err := s.prepare(ctx); err != nil {
		return err
	}
	made, pairs := s.drive(ctx)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return s.report(ctx, made, pairs)
}

// prepare trains a second version and asks both what they answer.
func (s *soak) prepare(ctx context.Context) error {
	if err := s.version(ctx, 1); err != nil {
		return err
	}
	var sets struct{ Items []struct{ ID string } }
	if err := s.client.want(ctx, 200, "GET", "/v1/datasets", "", "", &sets); err != nil || len(sets.Items) == 0 {
		return fmt.Errorf("the sample's data set: %d, %w", len(sets.Items), err)
	}
	job := fmt.Sprintf(`{"model":%q,"dataset":%q,"algorithm":"linear-svm","params":{"c":[0.05]},"promote_to":"none","seed":3}`, model, sets.Items[0].ID)
	if err := s.client.want(ctx, 202, "POST", "/v1/training-jobs", "", job, nil); err != nil {
		return err
	}
	if err := s.version(ctx, 2); err != nil {
		return err
	}
	s.load.references, s.load.champion = map[int]reference{}, &champion{}
	for v := 1; v <= 2; v++ {
		r, err := refer(ctx, s.client, v)
		if err != nil {
			return err
		}
		s.load.references[v] = r
	}
	first := s.load.champion.begin(1, 1, time.Now())
	s.load.champion.end(first, answer{status: 200}, time.Now())
	return nil
}

// version waits for a version.
func (s *soak) version(ctx context.Context, number int) error {
	path := fmt.Sprintf("/v1/models/%s/versions/%d", model, number)
	for deadline := time.Now().Add(trainLimit); time.Now().Before(deadline); {
		if s.client.call(ctx, "GET", path, "", "").status == 200 {
			return nil
		}
		if !pause(ctx, 100*time.Millisecond) {
			return ctx.Err()
		}
	}
	return fmt.Errorf("there is no version %d after %v", number, trainLimit)
}

// drive lets load, writers and trouble go on side by side for the duration.
func (s *soak) drive(ctx context.Context) (made created, pairs int) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	writing, done := context.WithCancel(ctx)
	var side sync.WaitGroup
	side.Go(func() { pairs = promote(writing, s.client, s.load.champion, s.blame) })
	side.Go(func() { made = create(writing, s.client) })
	side.Go(func() { s.trouble(ctx, writing) })
	s.load.drive(ctx, s.client, s.rate, s.duration)
	done()
	side.Wait()
	return made, pairs
}

// trouble weighs the functions every second, kills one now and then, and kills
// the stage and starts it again after parts of the time.
func (s *soak) trouble(ctx, writing context.Context) {
	rng := rand.New(rand.NewPCG(seed, uint64(s.duration)))
	began, nextKill := time.Now(), killEvery
	for pause(writing, time.Second) {
		s.scales.weigh(s.stage.cmd.Process.Pid, time.Now())
		since := time.Since(began)
		if part := s.duration / parts; s.started < restarts && since > part*time.Duration(s.started+1) {
			s.started++
			s.load.down.Store(true)
			if err := errors.Join(s.stage.kill(), s.stage.start(ctx)); err != nil && ctx.Err() == nil {
				s.blame(fmt.Sprintf("the stage cannot be started again: %v", err))
				return
			}
			s.load.down.Store(false)
			continue
		}
		// Then nothing more is killed, so that memory can be judged.
		if kids := children(s.stage.cmd.Process.Pid); since > nextKill && len(kids) > 0 && s.started < restarts {
			nextKill = since + killEvery
			if syscall.Kill(kids[rng.IntN(len(kids))], syscall.SIGKILL) == nil {
				s.killed++
			}
		}
	}
}

// report prints what was found and returns what did not hold.
func (s *soak) report(ctx context.Context, made created, pairs int) error {
	l := &s.load
	asked, failed := l.asked.Load(), l.failed.Load()
	s.say("%v at %g a second: %d predictions, %d right, %d wrong, %d failed, %d while the stage was down", s.duration, s.rate, asked, l.right.Load(), l.wrongs, failed, l.cut.Load())
	s.say("latency from when a request was due: %v", &l.latency)
	share := float64(failed) / float64(max(asked-l.cut.Load(), 1))
	s.say("errors %.3f %% of a budget of %g %%; %d functions killed, the stage killed and started again %d times", 100*share, 100*errorShare, s.killed, s.started)
	s.say("writes: %d pairs of promotions and rollbacks, %d acknowledged; %d data sets acknowledged", pairs, len(l.champion.acknowledged())-1, len(made))
	for _, grown := range s.scales.report(s.say) {
		s.blame("memory grows: " + grown)
	}
	for _, lost := range []func(context.Context, *client) ([]string, error){made.lost, l.champion.lost} {
		gone, err := lost(ctx, s.client)
		if err != nil {
			return err
		}
		s.blamed = append(s.blamed, gone...)
	}
	s.blamed = append(s.blamed, l.wrong...)
	if share > errorShare {
		s.blame(fmt.Sprintf("%d of %d predictions failed", failed, asked))
	}
	if l.right.Load() == 0 {
		s.blame("no prediction was right")
	}
	for _, why := range s.blamed {
		s.say("VIOLATION %s", why)
	}
	s.say("%d violations", len(s.blamed))
	if len(s.blamed) > 0 {
		return fmt.Errorf("%d violations", len(s.blamed))
	}
	return nil
}
