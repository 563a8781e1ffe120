package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"
)

// How training is watched.
const (
	pollEvery    = 100 * time.Millisecond
	jobAppears   = 30 * time.Second // from upload to job, at most
	trainingEnds = 15 * time.Minute // from job to result, at most
)

// job is what is shown of a training job.
type job struct {
	ID       string  `json:"id"`
	Status   string  `json:"status"`
	Progress float64 `json:"progress"`
	Phase    string  `json:"phase"`
	Version  int     `json:"version"`
	Error    *struct {
		Message string `json:"message"`
	} `json:"error"`
	Result *struct {
		Promotion string             `json:"promotion"`
		Reason    string             `json:"reason"`
		Metrics   map[string]float64 `json:"metrics"`
		Rows      struct {
			Trained int64 `json:"trained"`
			HeldOut int64 `json:"held_out"`
		} `json:"rows"`
	} `json:"result"`
}

// step is what is shown of a job's event.
type step struct {
	Seq      int64   `json:"seq"`
	Phase    string  `json:"phase"`
	Message  string  `json:"message"`
	Progress float64 `json:"progress"`
}

// follow waits for the newest job of model and then for its end, telling show
// of every step. The error says why there is no finished job.
func follow(ctx context.Context, c *client, model string, show func(step)) (job, error) {
	j, err := newest(ctx, c, model)
	if err != nil {
		return job{}, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, trainingEnds, fmt.Errorf("training did not end within %v", trainingEnds))
	defer cancel()
	// Below the number of the first step.
	seen := int64(-1)
	for {
		// The job is read before its steps, so that the steps of a finished job are all there.
		if err := c.get(ctx, "/v1/training-jobs/"+url.PathEscape(j.ID), &j); err != nil {
			return job{}, cause(ctx, err)
		}
		if seen, err = steps(ctx, c, j.ID, seen, show); err != nil {
			return job{}, cause(ctx, err)
		}
		switch j.Status {
		case "succeeded":
			return j, nil
		case "failed", "cancelled":
			reason := j.Status
			if j.Error != nil {
				reason = j.Error.Message
			}
			return j, fmt.Errorf("training job %s ended: %s", j.ID, reason)
		}
		if err := wait(ctx, pollEvery); err != nil {
			return job{}, err
		}
	}
}

// newest waits for a job of model.
func newest(ctx context.Context, c *client, model string) (job, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, jobAppears, fmt.Errorf("the upload started no training job within %v", jobAppears))
	defer cancel()
	for {
		var page struct{ Items []job }
		// The newest first: on a stage that has trained before, the upload's own.
		if err := c.get(ctx, "/v1/training-jobs?limit=1&model="+url.QueryEscape(model), &page); err != nil {
			return job{}, cause(ctx, err)
		}
		if len(page.Items) > 0 {
			return page.Items[0], nil
		}
		if err := wait(ctx, pollEvery); err != nil {
			return job{}, err
		}
	}
}

// steps shows the steps of a job after seen and returns the last one.
func steps(ctx context.Context, c *client, id string, seen int64, show func(step)) (int64, error) {
	token := ""
	for {
		var page struct {
			Items []step
			Next  string `json:"next_page_token"`
		}
		path := "/v1/training-jobs/" + url.PathEscape(id) + "/events?limit=200"
		if token != "" {
			path += "&page_token=" + url.QueryEscape(token)
		}
		if err := c.get(ctx, path, &page); err != nil {
			return seen, err
		}
		for _, s := range page.Items {
			// Steps come again from the first with every look.
			if s.Seq > seen {
				seen = s.Seq
				show(s)
			}
		}
		if page.Next == "" {
			return seen, nil
		}
		token = page.Next
	}
}

// wait pauses, or returns why ctx ended.
func wait(ctx context.Context, pause time.Duration) error {
	select {
	case <-time.After(pause):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// cause returns why ctx ended if that is what err is about, and err otherwise.
func cause(ctx context.Context, err error) error {
	if ctx.Err() != nil && (errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)) {
		return context.Cause(ctx)
	}
	return err
}
