package training

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"godwit/shared/blob"
	"godwit/shared/fault"
	"godwit/shared/ml/artifact"
	"godwit/shared/ml/network"
	"godwit/shared/ml/neural"
)

// Epoch is how a network stood after one pass over its rows.
type Epoch struct {
	Epoch int     `json:"epoch"` // from 1
	Loss  float64 `json:"loss"`  // mean cross-entropy of the rows it learns from, each before its own step
	// Of held rows, by the network as it is after the epoch; absent without any.
	Validation float64 `json:"validation_loss,omitempty"`
	Accuracy   float64 `json:"validation_accuracy,omitempty"`
}

// course is a training of a network that may go over several functions.
type course struct {
	folder string // of what is kept, in the job's work
	what   string // for people
	set    neural.Settings
	train  network.Rows
	held   network.Rows // none when nothing is to be judged
	path   []float64    // epochs after which the margins of the held rows are wanted
	begun  func()       // called when no earlier function has begun; may be nil
	told   func(Epoch)

	run     *network.Run
	reached reached
	failed  error // in a call back of the run
}

// reached is what epochs have come to so far.
type reached struct {
	epochs  []Epoch
	margins map[int][]float32 // of the held rows, by epochs of the path
}

const (
	stateFile   = "state.safetensors"
	reachedFile = "reached.safetensors"
	// keepEvery is after how long a training leaves its state for the case that
	// its function dies. It changes no result.
	keepEvery = 30 * time.Second
)

// errOver ends a run whose function has no time left.
var errOver = errors.New("the function's time is over")

// follow takes a network through its epochs, from where an earlier function left
// it. With more the rest is for the next function: it goes on with the same bits,
// between two steps of an epoch if need be.
func (s *Steps) follow(ctx context.Context, job Job, c *course) (more bool, err error) {
	if err := s.takeUp(ctx, job, c); err != nil {
		return false, err
	}
	limited, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if deadline, ok := ctx.Deadline(); ok {
		// Where no time is left at the start one epoch is done all the same.
		if left := deadline.Sub(s.Jobs.Now()) - reserve; left > 0 {
			timer := time.AfterFunc(left, func() { cancel(errOver) })
			defer timer.Stop()
		}
	}
	began := s.Jobs.Now()
	kept := began
	err = c.run.Train(limited, s.Workers, func(e neural.Epoch) {
		c.failed = c.note(e, s.Workers)
		now := s.Jobs.Now()
		if c.failed == nil && !c.run.Done() && s.short(ctx, now.Sub(began)) {
			cancel(errOver)
		}
		if c.failed == nil && now.Sub(kept) > keepEvery {
			kept, c.failed = now, s.leave(ctx, job, c)
		}
		if c.failed != nil {
			cancel(c.failed)
		}
		began = now
	})
	switch {
	case c.failed != nil:
		return false, c.failed
	case errors.Is(err, errOver):
		return true, s.leave(ctx, job, c)
	}
	if wrong, is := errors.AsType[*neural.InputError](err); is {
		return false, s.refuse(ctx, job, fault.Wrap(fault.Invalid, wrong, "%s cannot be trained: %s; try a smaller params.learning_rate", c.what, wrong.Msg), nil)
	}
	return false, err
}

// note measures an epoch that is over.
func (c *course) note(e neural.Epoch, workers int) error {
	done := Epoch{Epoch: e.Epoch, Loss: e.Loss}
	if c.held.Len() > 0 {
		m, err := c.run.Model()
		if err != nil {
			return err
		}
		margins := m.Margins(c.held, workers)
		done.Validation, done.Accuracy = crossEntropy(margins, c.held.Y, len(c.held.Labels)), tallyClasses(margins, c.held.Y, len(c.held.Labels)).score("accuracy")
		if slices.Contains(c.path, float64(e.Epoch)) {
			c.reached.margins[e.Epoch] = margins
		}
	}
	c.reached.epochs = append(c.reached.epochs, done)
	if c.told != nil {
		c.told(done)
	}
	return nil
}

// crossEntropy is the mean of -log of the true class's probability.
func crossEntropy(margins []float32, truth []int32, classes int) float64 {
	sum := 0.0
	for i, want := range truth {
		row := margins[i*classes : (i+1)*classes]
		most := float64(slices.Max(row))
		all := 0.0
		for _, m := range row {
			all += math.Exp(float64(m) - most)
		}
		sum += math.Log(all) + most - float64(row[want])
	}
	return sum / float64(max(1, len(truth)))
}

// takeUp goes on where an earlier function stopped, or begins.
func (s *Steps) takeUp(ctx context.Context, job Job, c *course) error {
	c.reached = reached{margins: map[int][]float32{}}
	state, err := blob.ReadAll(ctx, s.Models, workKey(job, c.folder+"/"+stateFile), workLimit)
	if err == nil {
		if c.run, err = network.Resume(state, c.set, c.train); err == nil {
			err = s.recall(ctx, job, c)
		}
		if err == nil {
			return nil
		}
		s.Log.Warn("the state of a network cannot be read and it is trained again", "job", job.ID, "error", err)
		c.reached = reached{margins: map[int][]float32{}}
	} else if !fault.Is(err, fault.NotFound) {
		return err
	}
	if c.begun != nil {
		c.begun()
	}
	if c.run, err = network.Start(c.set, c.train); err != nil {
		return s.refuse(ctx, job, fault.Wrap(fault.Invalid, err, "%s cannot be trained: %v", c.what, err), nil)
	}
	return nil
}

// leave keeps the state of a training. What its epochs came to is written first:
// what is there beyond the state is made again, to the same bits.
func (s *Steps) leave(ctx context.Context, job Job, c *course) error {
	about, err := json.Marshal(c.reached.epochs)
	if err != nil {
		return fmt.Errorf("encode epochs: %w", err)
	}
	var tensors []artifact.Tensor
	for _, at := range c.path {
		if m, there := c.reached.margins[int(at)]; there {
			tensors = append(tensors, artifact.FromFloat32s(fmt.Sprint("margins.", int(at)), nil, m))
		}
	}
	data, err := artifact.Encode(map[string]string{"format": "godwit-epochs-1", "epochs": string(about)}, tensors)
	if err != nil {
		return fmt.Errorf("encode epochs: %w", err)
	}
	if err := s.putWork(ctx, workKey(job, c.folder+"/"+reachedFile), data); err != nil {
		return err
	}
	if data, err = c.run.Encode(); err != nil {
		return fmt.Errorf("encode the state of a network: %w", err)
	}
	return s.putWork(ctx, workKey(job, c.folder+"/"+stateFile), data)
}

// recall reads what the epochs of a resumed run came to.
func (s *Steps) recall(ctx context.Context, job Job, c *course) error {
	data, err := blob.ReadAll(ctx, s.Models, workKey(job, c.folder+"/"+reachedFile), workLimit)
	if err != nil {
		return err
	}
	f, err := artifact.Decode(data, artifact.Limits{Bytes: workLimit})
	if err != nil {
		return err
	}
	if err := json.Unmarshal([]byte(f.Metadata["epochs"]), &c.reached.epochs); err != nil {
		return fmt.Errorf("decode epochs: %w", err)
	}
	done := len(c.run.History())
	if len(c.reached.epochs) < done {
		return fmt.Errorf("%d epochs are told, the state has %d", len(c.reached.epochs), done)
	}
	c.reached.epochs = c.reached.epochs[:done]
	for _, at := range c.path {
		if int(at) > done || c.held.Len() == 0 {
			continue
		}
		var margins []float32
		if err := view(f, fmt.Sprint("margins.", int(at)), artifact.Float32s, &margins); err != nil {
			return err
		}
		if len(margins) != c.held.Len()*len(c.held.Labels) {
			return fmt.Errorf("margins of epoch %g are of other rows", at)
		}
		c.reached.margins[int(at)] = margins
	}
	return nil
}
