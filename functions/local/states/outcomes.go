package states

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// outcome is one child in a file of the ResultWriter:
// https://docs.aws.amazon.com/step-functions/latest/dg/input-output-resultwriter.html
type outcome struct {
	ExecutionArn    string
	Input           string
	InputDetails    included
	Name            string
	Output          string    `json:",omitempty"`
	OutputDetails   *included `json:",omitempty"`
	Error           string    `json:",omitempty"`
	Cause           string    `json:",omitempty"`
	StartDate       time.Time
	StateMachineArn string
	Status          string
	StopDate        time.Time `json:",omitzero"`
}

// included says that a value is written in full, which here it always is.
type included struct{ Included bool }

// outcomes writes what became of the children as the ResultWriter does: a file
// for those that succeeded and one for those that failed, a list of the files,
// and in the state's output the place of that list.
func (w *walk) outcomes(ctx context.Context, s *State, input any, object map[string]any, run, label string, n int, key string) (any, error) {
	bucket, prefix, err := place(s.Distributed.Writer, "Prefix", input, object)
	if err != nil {
		return nil, err
	}
	// PREFIX/ID OF THE RUN/{SUCCEEDED_0,FAILED_0,manifest}.json
	folder := strings.TrimSuffix(prefix, "/") + "/" + run[strings.LastIndexByte(run, ':')+1:]
	byStatus := map[string][]outcome{}
	for i := range n {
		c, err := w.engine.keptChild(fmt.Sprintf("%s/%010d", key, i))
		if err != nil {
			return nil, err
		}
		// Children that were stopped with the Map, or never begun, are in no file.
		if c != nil && c.Status != statusRunning {
			byStatus[c.Status] = append(byStatus[c.Status], w.outcome(c, label))
		}
	}
	type file struct {
		Key  string
		Size int
	}
	// All three are listed, also empty ones, and none is null.
	files := map[string][]file{"FAILED": {}, "PENDING": {}, "SUCCEEDED": {}}
	for _, status := range []string{statusFailed, statusSucceeded} {
		if byStatus[status] == nil {
			continue
		}
		size, err := w.write(ctx, bucket, fmt.Sprintf("%s/%s_0.json", folder, status), byStatus[status])
		if err != nil {
			return nil, err
		}
		files[status] = append(files[status], file{fmt.Sprintf("%s/%s_0.json", folder, status), size})
	}
	manifest := folder + "/manifest.json"
	if _, err := w.write(ctx, bucket, manifest, map[string]any{"DestinationBucket": bucket, "MapRunArn": run, "ResultFiles": files}); err != nil {
		return nil, err
	}
	return map[string]any{"Bucket": bucket, "Key": manifest}, nil
}

// outcome is what the ResultWriter says of one child.
func (w *walk) outcome(c *child, label string) outcome {
	o := outcome{
		ExecutionArn: w.childARN(label, c.ID), Input: string(c.Input), InputDetails: included{true}, Name: c.ID, Error: c.Error, Cause: c.Cause,
		StartDate: c.StartedAt, StateMachineArn: w.registered.arn + "/" + label, Status: c.Status, StopDate: c.StoppedAt,
	}
	if c.Status == statusSucceeded {
		o.Output, o.OutputDetails = string(c.Output), &included{true}
	}
	return o
}

// write stores v and returns its size.
func (w *walk) write(ctx context.Context, bucket, key string, v any) (int, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return 0, fmt.Errorf("encode the outcome of a Map: %w", err)
	}
	if err := w.engine.opts.Objects.Put(ctx, bucket, key, data); err != nil {
		return 0, &failure{name: "States.ResultWriterFailed", cause: err.Error()}
	}
	return len(data), nil
}
