package states

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"
)

// largestState is how many bytes a state's input or output may have:
// https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
const largestState = 256 << 10

// walk is one way through a machine: the execution's own, or one item of a Map.
type walk struct {
	engine     *Engine
	machine    *Machine
	registered *registered
	execution  *execution
	key        string         // unique within the store: prefix of what Maps below keep
	item       map[string]any // context object's Map, nil outside one
}

// run goes from state to the end and returns the output. saved is called
// before each state is entered.
func (w *walk) run(ctx context.Context, state string, input json.RawMessage, entered int, saved func(state string, input json.RawMessage, entered int) error) (json.RawMessage, error) {
	for {
		s := w.machine.States[state]
		v, err := decodeJSON(input)
		if err != nil {
			return nil, err
		}
		out, next, err := w.enter(ctx, state, s, v, entered)
		if err != nil {
			return nil, err
		}
		data, err := encodeJSON(out)
		if err != nil {
			return nil, err
		}
		if next == "" {
			return data, nil
		}
		state, input, entered = next, data, entered+1
		if err := saved(state, input, entered); err != nil {
			return nil, err
		}
	}
}

// decodeJSON keeps numbers as they are written: what passes through states must
// come out with the same digits.
func decodeJSON(data []byte) (any, error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return nil, &failure{name: "States.Runtime", cause: "not JSON: " + err.Error()}
	}
	return v, nil
}

// encodeJSON is also where the limit on a state's data is held.
func encodeJSON(v any) (json.RawMessage, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode a state's output: %w", err)
	}
	if len(data) > largestState {
		return nil, &failure{name: "States.DataLimitExceeded", cause: fmt.Sprintf("a state's output has %d bytes, at most %d", len(data), largestState)}
	}
	return data, nil
}

// enter runs one state with its retries and catchers, and returns its output
// and the next state, "" at the end.
func (w *walk) enter(ctx context.Context, name string, s *State, input any, entered int) (any, string, error) {
	// Once for all tries: EnteredTime is when the state was first entered.
	object := w.contextObject(name)
	// Each retrier counts for itself, as the language says.
	tried := make([]int, len(s.Retry))
	for {
		out, next, err := w.once(ctx, name, s, input, object, entered)
		if err == nil {
			return out, next, nil
		}
		if ctx.Err() != nil {
			return nil, "", ctx.Err()
		}
		f := asFailure(err)
		// A retrier that is used up does not stop a catcher: first all tries, then Catch.
		again, err := w.wait(ctx, s, f, tried)
		if err != nil {
			return nil, "", err
		}
		if again {
			continue
		}
		for _, c := range s.Catch {
			if f.matches(c.ErrorEquals) {
				// Into the state's input as it came: what InputPath left out is there again.
				out, err := c.ResultPath.put(input, f.output())
				return out, c.Next, err
			}
		}
		return nil, "", f
	}
}

// wait waits as the first retrier that matches says, and reports whether there is one.
func (w *walk) wait(ctx context.Context, s *State, f *failure, tried []int) (bool, error) {
	for i, r := range s.Retry {
		if !f.matches(r.ErrorEquals) {
			continue
		}
		tried[i]++
		d, ok := r.wait(tried[i])
		if !ok {
			return false, nil
		}
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case <-timer.C:
			return true, nil
		case <-ctx.Done():
			return false, ctx.Err()
		}
	}
	return false, nil
}

// contextObject is what "$$" paths read.
func (w *walk) contextObject(state string) map[string]any {
	var input any
	if v, err := decodeJSON([]byte(w.execution.Input)); err == nil {
		input = v
	}
	c := map[string]any{
		"Execution": map[string]any{
			"Id": w.execution.ARN, "Name": w.execution.Name, "Input": input,
			"StartTime": w.execution.StartedAt.Format(time.RFC3339Nano),
		},
		"State":        map[string]any{"Name": state, "EnteredTime": w.engine.opts.Now().UTC().Format(time.RFC3339Nano)},
		"StateMachine": map[string]any{"Id": w.registered.arn, "Name": w.registered.name},
	}
	if w.item != nil {
		c["Map"] = w.item
	}
	return c
}

// once runs one state one time. What a state reads and returns passes these:
//
//	raw input -> InputPath -> Parameters -> the work -> ResultSelector
//	          -> ResultPath, into the raw input -> OutputPath -> output
//
// Choice, Succeed and Fail do no work; they have the paths only.
func (w *walk) once(ctx context.Context, name string, s *State, raw any, object map[string]any, entered int) (out any, next string, err error) {
	input, err := s.InputPath.get(raw, object)
	if err != nil {
		return nil, "", err
	}
	var result any
	switch s.Type {
	case "Succeed":
		out, err := s.OutputPath.get(input, object)
		return out, "", err
	case "Fail":
		return nil, "", &failure{name: s.Error, cause: s.Cause}
	case "Choice":
		next, err := s.choose(input, object)
		if err != nil {
			return nil, "", err
		}
		out, err := s.OutputPath.get(input, object)
		return out, next, err
	case "Pass":
		if result, err = s.arguments(input, object); err == nil && s.Result != nil {
			result = s.Result
		}
	case "Task":
		result, err = w.task(ctx, s, input, object)
	case "Map":
		result, err = w.mapped(ctx, name, s, input, object, fmt.Sprintf("%s/%d", w.key, entered))
	}
	if err != nil {
		return nil, "", err
	}
	if s.ResultSelector != nil {
		if result, err = fill(s.ResultSelector, result, object); err != nil {
			return nil, "", err
		}
	}
	// Into the input as it came, before InputPath.
	if result, err = s.ResultPath.put(raw, result); err != nil {
		return nil, "", err
	}
	out, err = s.OutputPath.get(result, object)
	return out, s.Next, err
}

// mapped runs a Map of either mode; what it keeps is under key.
func (w *walk) mapped(ctx context.Context, name string, s *State, input any, object map[string]any, key string) (any, error) {
	if s.Distributed != nil {
		return w.spread(ctx, name, s, input, object, key)
	}
	return w.each(ctx, s, input, object, key)
}

// arguments is the state's input as its Parameters make it.
func (s *State) arguments(input any, object map[string]any) (any, error) {
	if s.Parameters == nil {
		return input, nil
	}
	return fill(s.Parameters, input, object)
}

// choose returns the target of the first rule that holds.
func (s *State) choose(input any, object map[string]any) (string, error) {
	for _, c := range s.Choices {
		yes, err := c.test(input, object)
		if err != nil {
			return "", err
		}
		if yes {
			return c.Next, nil
		}
	}
	if s.Default == "" {
		return "", &failure{name: "States.NoChoiceMatched", cause: "no rule matched and there is no Default"}
	}
	return s.Default, nil
}

// task calls the function of a lambda:invoke Task.
func (w *walk) task(ctx context.Context, s *State, input any, object map[string]any) (any, error) {
	args, err := s.arguments(input, object)
	if err != nil {
		return nil, err
	}
	m, _ := args.(map[string]any)
	function, ok := m["FunctionName"].(string)
	if !ok {
		return nil, &failure{name: "States.Runtime", cause: "Parameters hold no FunctionName"}
	}
	payload, err := encodeJSON(m["Payload"])
	if err != nil {
		return nil, err
	}
	out, functionError, err := w.invoke(ctx, s, function, payload)
	if err != nil {
		return nil, err
	}
	if functionError != "" {
		return nil, functionFailure(out)
	}
	answer, err := decodeJSON(out)
	if err != nil {
		return nil, err
	}
	// As the service wraps an answer, less the metadata of the HTTP call.
	return map[string]any{"ExecutedVersion": "$LATEST", "Payload": answer, "StatusCode": json.Number("200")}, nil
}

// invoke calls the function within the Task's own time, and names what goes
// wrong as Step Functions does.
func (w *walk) invoke(ctx context.Context, s *State, function string, payload []byte) ([]byte, string, error) {
	call := ctx
	if s.TimeoutSeconds > 0 {
		var cancel context.CancelFunc
		call, cancel = context.WithTimeout(ctx, time.Duration(s.TimeoutSeconds)*time.Second)
		defer cancel()
	}
	out, functionError, err := w.engine.opts.Invoke(call, function, payload)
	switch {
	case err == nil:
		return out, functionError, nil
	// The Task's own time, not the execution's, which ends all of it.
	case ctx.Err() == nil && errors.Is(call.Err(), context.DeadlineExceeded):
		return nil, "", &failure{name: "States.Timeout", cause: fmt.Sprintf("the task took longer than %d s", s.TimeoutSeconds)}
	}
	return nil, "", &failure{name: "Lambda.SdkClientException", cause: err.Error()}
}

// each runs a Map's processor once per item and returns the outputs in order.
// A finished item is kept until the execution ends, as the children of spread are:
// a stage killed before the state after the Map is noted would repeat them all.
// The first failure stops the rest.
func (w *walk) each(ctx context.Context, s *State, input any, object map[string]any, key string) (any, error) {
	found, err := s.ItemsPath.get(input, object)
	if err != nil {
		return nil, err
	}
	items, ok := found.([]any)
	if !ok {
		return nil, &failure{name: "States.Runtime", cause: fmt.Sprintf("%s is not a list", s.ItemsPath)}
	}
	out := make([]any, len(items))
	limit := s.MaxConcurrency
	if limit <= 0 {
		limit = 40 // what Step Functions promises an inline Map without a limit
	}
	err = parallel(ctx, len(items), limit, func(ctx context.Context, i int) error {
		v, err := w.one(ctx, s, input, object, items[i], i, fmt.Sprintf("%s/%d", key, i))
		out[i] = v
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// one runs the processor for one item.
func (w *walk) one(ctx context.Context, s *State, input any, outer map[string]any, item any, i int, key string) (any, error) {
	data, err := w.itemInput(s, input, outer, item, i)
	if err != nil {
		return nil, err
	}
	// It ended before the stage was restarted. With its input in its name it is
	// found for the same work alone: a Map inside an item that is run again may
	// have other items than it had.
	done := fmt.Sprintf("%s#%x", key, sha256.Sum256(data))
	if kept, ok, err := w.engine.item(done); err != nil || ok {
		return kept, err
	}
	inner := &walk{
		engine: w.engine, machine: s.Iterator, execution: w.execution, registered: w.registered, key: key,
		item: mapObject(item, i),
	}
	result, err := inner.run(ctx, s.Iterator.StartAt, data, 0, func(string, json.RawMessage, int) error { return nil })
	if err != nil {
		return nil, err
	}
	if err := w.engine.keepItem(done, result); err != nil {
		return nil, err
	}
	return decodeJSON(result)
}

// parallel calls do for 0 to n-1, at most limit at a time, and returns the
// first error; the others are cancelled then.
func parallel(ctx context.Context, n, limit int, do func(ctx context.Context, i int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	slots := make(chan struct{}, limit)
	var wg sync.WaitGroup
	for i := range n {
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
		}
		if ctx.Err() != nil {
			break
		}
		wg.Go(func() {
			defer func() { <-slots }()
			if err := do(ctx, i); err != nil {
				// Only the first cause counts: what others fail with now is its consequence.
				cancel(err)
			}
		})
	}
	wg.Wait()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}
