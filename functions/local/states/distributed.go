package states

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"
)

// distributed is what a Map of mode DISTRIBUTED has besides an inline one:
// https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html
// Of it these parts are interpreted: a JSON array in S3 as items, batches of so
// many items as the input says, standard child executions, no tolerated failure,
// and their outcomes written to S3.
type distributed struct {
	Label   string
	Reader  any      // payload template of the ItemReader: Bucket and Key
	Batcher *batcher // nil: a child for each item
	Writer  any      // payload template of the ResultWriter: Bucket and Prefix
}

// batcher gathers items into the input of one child:
// https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itembatcher.html
type batcher struct {
	MaxItemsPerBatchPath *path // to how many, in the state's input
	BatchInput           any   // payload template of what each batch is given besides; nil: nothing
}

// onlyDistributed are fields that mean nothing to an inline Map.
var onlyDistributed = []string{"Label", "ItemReader", "ItemBatcher", "ResultWriter", "ToleratedFailurePercentage"}

// refuseDistributed refuses them there.
func refuseDistributed(raw map[string]json.RawMessage, executionType, at string) error {
	for _, name := range onlyDistributed {
		if _, there := raw[name]; there {
			return fmt.Errorf("%s: %q belongs to a Map of mode DISTRIBUTED", at, name)
		}
	}
	if executionType != "" {
		return fmt.Errorf("%s: ExecutionType belongs to a Map of mode DISTRIBUTED", at)
	}
	return nil
}

// parseDistributed reads and checks the fields of a distributed Map.
func (s *State) parseDistributed(raw map[string]json.RawMessage, executionType, at string) error {
	refused := func(what string) error { return fmt.Errorf("%s: %s is not interpreted by the local stage", at, what) }
	var label string
	var tolerated *float64
	var reader struct {
		Resource     string
		ReaderConfig struct{ InputType string }
		Parameters   any
	}
	var writer struct {
		Resource   string
		Parameters any
	}
	var batches *batcher
	if err := errors.Join(read(raw, "Label", &label), read(raw, "ItemBatcher", &batches), read(raw, "ToleratedFailurePercentage", &tolerated),
		read(raw, "ItemReader", &reader), read(raw, "ResultWriter", &writer)); err != nil {
		return fmt.Errorf("%s: %w", at, err)
	}
	switch {
	case executionType != "STANDARD":
		return refused(fmt.Sprintf("the ExecutionType %q", executionType))
	case tolerated != nil && *tolerated != 0:
		return refused("a ToleratedFailurePercentage above 0")
	case raw["ItemsPath"] != nil:
		return refused("a distributed Map with ItemsPath")
	case reader.Resource != "arn:aws:states:::s3:getObject" || reader.ReaderConfig.InputType != "JSON":
		return refused("an ItemReader of anything but s3:getObject and InputType JSON")
	case batches != nil && (batches.MaxItemsPerBatchPath == nil || batches.MaxItemsPerBatchPath.none):
		return refused("an ItemBatcher without MaxItemsPerBatchPath")
	case writer.Resource != "arn:aws:states:::s3:putObject":
		return refused("a ResultWriter of anything but s3:putObject")
	case len(label) > 40:
		return fmt.Errorf("%s: a Label has at most 40 characters", at)
	}
	if err := errors.Join(checkTemplate(reader.Parameters), checkTemplate(writer.Parameters)); err != nil {
		return fmt.Errorf("%s: %w", at, err)
	}
	if batches != nil {
		if err := checkTemplate(batches.BatchInput); err != nil {
			return fmt.Errorf("%s: %w", at, err)
		}
	}
	s.Distributed = &distributed{Label: label, Reader: reader.Parameters, Batcher: batches, Writer: writer.Parameters}
	return nil
}

// distributes reports whether a Map of the machine is distributed.
func (m *Machine) distributes() bool {
	for _, s := range m.States {
		if s.Distributed != nil || s.Iterator != nil && s.Iterator.distributes() {
			return true
		}
	}
	return false
}

// child is what is kept of one child execution: like an execution it is written
// before each state it enters, and at its end.
type child struct {
	ID         string          `json:"id"`
	Input      json.RawMessage `json:"input"`
	State      string          `json:"state"` // to enter, or under way
	StateInput json.RawMessage `json:"state_input"`
	Entered    int             `json:"entered"`
	StartedAt  time.Time       `json:"started_at"`
	StoppedAt  time.Time       `json:"stopped_at,omitzero"`
	Status     string          `json:"status"`
	Output     json.RawMessage `json:"output,omitempty"`
	Error      string          `json:"error,omitempty"`
	Cause      string          `json:"cause,omitempty"`
}

// spread runs a distributed Map: a child execution for each item of the object, or
// for each batch of them, kept with every state it completes, so that a restart goes on where each was.
// The first child that fails stops the others and fails the Map.
func (w *walk) spread(ctx context.Context, name string, s *State, input any, object map[string]any, key string) (any, error) {
	// Read again after a restart: the list is an object that nobody changes.
	items, err := w.items(ctx, s, input, object)
	if err != nil {
		return nil, err
	}
	size := 1
	if s.Distributed.Batcher != nil {
		if size, err = s.Distributed.Batcher.size(input, object); err != nil {
			return nil, err
		}
	}
	children := (len(items) + size - 1) / size
	label := s.Distributed.Label
	if label == "" {
		label = name // where the service would make up a unique one
	}
	run := strings.Replace(w.registered.arn, ":stateMachine:", ":mapRun:", 1) + "/" + label + ":" + w.execution.Name
	limit := s.MaxConcurrency
	if limit <= 0 {
		limit = children // what Step Functions would do, up to 10,000
	}
	failed := parallel(ctx, children, max(limit, 1), func(ctx context.Context, i int) error {
		return w.child(ctx, s, label, fmt.Sprintf("%s/%010d", key, i), func() (json.RawMessage, error) {
			if s.Distributed.Batcher == nil {
				return w.itemInput(s, input, object, items[i], i)
			}
			return w.batchInput(s, input, object, items, i*size, min((i+1)*size, len(items)))
		})
	})
	if ctx.Err() != nil { // stopped from outside: a restart or StopExecution decides
		return nil, ctx.Err()
	}
	// Also when a child failed: Step Functions writes what there is.
	details, err := w.outcomes(ctx, s, input, object, run, label, children, key)
	if err != nil {
		return nil, err
	}
	if f, ok := errors.AsType[*failure](failed); ok {
		return nil, &failure{name: "States.ExceedToleratedFailureThreshold", cause: "a child execution failed, and none may: " + f.Error()}
	}
	if failed != nil { // the stage's own: a child could not be kept
		return nil, failed
	}
	// The children are kept until the execution ends: were they forgotten here, a
	// stage killed before the next state is noted would run them all again.
	return map[string]any{"MapRunArn": run, "ResultWriterDetails": details}, nil
}

// items reads the list of items.
func (w *walk) items(ctx context.Context, s *State, input any, object map[string]any) ([]any, error) {
	bucket, key, err := place(s.Distributed.Reader, "Key", input, object)
	if err != nil {
		return nil, err
	}
	unread := func(cause string) error { return &failure{name: "States.ItemReaderFailed", cause: cause} }
	data, err := w.engine.opts.Objects.Get(ctx, bucket, key)
	if err != nil {
		return nil, unread(err.Error())
	}
	v, err := decodeJSON(data)
	if err != nil {
		return nil, unread(err.Error())
	}
	items, ok := v.([]any)
	if !ok {
		return nil, unread(key + " does not hold a JSON array")
	}
	return items, nil
}

// place fills a template of Bucket and one other name.
func place(template any, name string, input any, object map[string]any) (bucket, value string, err error) {
	filled, err := fill(template, input, object)
	if err != nil {
		return "", "", err
	}
	m, _ := filled.(map[string]any)
	bucket, okBucket := m["Bucket"].(string)
	value, okValue := m[name].(string)
	if !okBucket || !okValue || len(m) != 2 {
		return "", "", &failure{name: "States.Runtime", cause: "Parameters need Bucket and " + name + ", as texts, and nothing else"}
	}
	return bucket, value, nil
}

// child takes one child execution from where it was to its end. start makes its
// input. The error is that of the child.
func (w *walk) child(ctx context.Context, s *State, label, key string, start func() (json.RawMessage, error)) error {
	c, err := w.engine.keptChild(key)
	if err != nil {
		return err
	}
	// Kept before it runs, with its name: a restart goes on under the same one.
	if c == nil {
		first, err := start()
		if err != nil {
			return err
		}
		c = &child{ID: w.engine.opts.NewID(), Input: first, State: s.Iterator.StartAt, StateInput: first, StartedAt: w.engine.opts.Now().UTC(), Status: statusRunning}
		if err := w.engine.keepChild(key, c); err != nil {
			return err
		}
	}
	if c.Status == statusSucceeded {
		return nil
	}
	inner := &walk{
		engine: w.engine, machine: s.Iterator, key: key,
		registered: &registered{name: w.registered.name + "/" + label, arn: w.registered.arn + "/" + label},
		execution:  &execution{ARN: w.childARN(label, c.ID), Name: c.ID, Input: string(c.Input), StartedAt: c.StartedAt},
	}
	out, err := inner.run(ctx, c.State, c.StateInput, c.Entered, func(state string, input json.RawMessage, entered int) error {
		c.State, c.StateInput, c.Entered = state, input, entered
		return w.engine.keepChild(key, c)
	})
	if err != nil && ctx.Err() != nil {
		return ctx.Err() // it did not end: a restart goes on with it
	}
	c.StoppedAt, c.Status, c.Output = w.engine.opts.Now().UTC(), statusSucceeded, out
	if err != nil {
		f := asFailure(err)
		c.Status, c.Error, c.Cause = statusFailed, f.name, f.cause
		err = f
	}
	return errors.Join(err, w.engine.keepChild(key, c))
}

// childARN is named as Step Functions names a Map run's children.
func (w *walk) childARN(label, id string) string {
	return strings.Replace(w.registered.arn, ":stateMachine:", ":execution:", 1) + "/" + label + ":" + id
}

// itemInput is the input of an item's run, of either kind of Map.
func (w *walk) itemInput(s *State, input any, outer map[string]any, item any, i int) (json.RawMessage, error) {
	if s.ItemSelector == nil {
		return encodeJSON(item)
	}
	object := maps.Clone(outer)
	object["Map"] = mapObject(item, i)
	start, err := fill(s.ItemSelector, input, object)
	if err != nil {
		return nil, err
	}
	return encodeJSON(start)
}

// mapObject is the context object's Map for one item.
func mapObject(item any, i int) map[string]any {
	return map[string]any{"Item": map[string]any{"Index": json.Number(fmt.Sprint(i)), "Value": item}}
}

// size is how many items a batch takes.
func (b *batcher) size(input any, object map[string]any) (int, error) {
	v, err := b.MaxItemsPerBatchPath.get(input, object)
	if err != nil {
		return 0, err
	}
	if number, ok := v.(json.Number); ok {
		if n, err := strconv.Atoi(number.String()); err == nil && n > 0 {
			return n, nil
		}
	}
	return 0, &failure{name: "States.Runtime", cause: fmt.Sprintf("%s is not a whole number above 0", b.MaxItemsPerBatchPath)}
}

// batchInput is the input of the child that takes items from to to, to excluded:
// each as it would be alone, and what the batch is given besides.
func (w *walk) batchInput(s *State, input any, outer map[string]any, items []any, from, to int) (json.RawMessage, error) {
	batch := map[string]any{}
	if s.Distributed.Batcher.BatchInput != nil {
		given, err := fill(s.Distributed.Batcher.BatchInput, input, outer)
		if err != nil {
			return nil, err
		}
		batch["BatchInput"] = given
	}
	taken := make([]json.RawMessage, 0, to-from)
	for i := from; i < to; i++ {
		one, err := w.itemInput(s, input, outer, items[i], i)
		if err != nil {
			return nil, err
		}
		taken = append(taken, one)
	}
	batch["Items"] = taken
	return encodeJSON(batch)
}
