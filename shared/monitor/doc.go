// Package monitor watches models at work: whether they are still as right as
// when they were trained, whether they are asked about other things, and which
// examples a person should look at.
//
// It learns in two ways. Feedback says what was right about an answer (Record):
// the door reads the answer out of the prediction's signed id, so nothing has to
// be looked up, and one answer counts once however often it is judged. What an
// answer was judged, the counts of its day and its place in the review queue
// change in one transaction, so the counts are exact under repetitions,
// corrections and concurrent callers. Traffic, which package usage counts, is
// held against the version's own evaluation (Drift, Accuracy).
//
// What is kept of feedback: the label for 90 days (Window), in which it may be
// corrected; counts, and where the caller sent the input or a comment along the
// input, label and comment, for 400 days (in the bucket's old versions 90 days
// longer). Without that no text is stored.
//
// The package does not decide who may judge or look, knows no HTTP, opens no
// prediction id and reads no environment.
package monitor

import (
	"context"
	"sync"
	"time"

	"godwit/shared/blob"
	"godwit/shared/registry"
)

// Window is how long after a prediction feedback on it is taken: what was said of
// it is remembered no longer, so a repetition would count again.
const Window = 90 * 24 * time.Hour

// kept is how long counts, and examples that were sent along, are kept after the
// prediction. The template lets go of the examples' objects after as long.
const kept = 400 * 24 * time.Hour

// Service records feedback and reads what came of it. Its fields are set once
// before use; all methods are safe for concurrent use and their errors are
// *fault.Error or the context's.
type Service struct {
	Store    registry.Store
	Uploads  blob.Store       // examples, under feedback/
	Now      func() time.Time // dates judgements, decides what has expired
	NewToken func() string    // unique for each call
}

// parallel is how many objects are written or read at the same time.
const parallel = 8

// each calls do for 0 to n-1, several at a time, and returns the error of the
// lowest that failed.
func each(ctx context.Context, n int, do func(ctx context.Context, i int) error) error {
	errs := make([]error, n)
	gate := make(chan struct{}, parallel)
	var wg sync.WaitGroup
	for i := range n {
		gate <- struct{}{}
		wg.Go(func() {
			defer func() { <-gate }()
			errs[i] = do(ctx, i)
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
