package remote

import (
	"context"
	"encoding/json"
	"errors"

	"godwit/shared/blob"
	"godwit/shared/fault"
	"godwit/shared/ml/foreign"
	"godwit/shared/ml/onnx"
	"godwit/shared/ml/onnx/runner"
)

// Invoker asks one function and waits for what it returns.
type Invoker interface {
	// Invoke sends a JSON payload of at most 6 MiB, once. Errors: fault.RateLimited
	// (the function runs as often as it may), fault.Unavailable (no answer, or the
	// function failed), fault.Internal (it is not there, or may not be asked), or
	// the context's.
	Invoke(ctx context.Context, payload []byte) ([]byte, error)
}

// Client is a foreign.Engine that asks a function. It is safe for concurrent use
// when its Invoker is.
type Client struct{ Function Invoker }

var _ foreign.Engine = (*Client)(nil)

// Check implements foreign.Engine. Errors that are no *onnx.Error are the
// Invoker's.
func (c *Client) Check(ctx context.Context, graph foreign.Source) (runner.Signature, error) {
	answer, err := c.ask(ctx, Call{Op: OpCheck, Key: graph.Key, Digest: blob.Digest(graph.Digest)})
	if err != nil {
		return runner.Signature{}, err
	}
	if answer.Signature == nil {
		return runner.Signature{}, nonsense(errors.New("remote: a check without a signature"))
	}
	return *answer.Signature, nil
}

// Run implements foreign.Engine. The errors are Check's.
func (c *Client) Run(ctx context.Context, graph foreign.Source, rows [][]*onnx.Tensor) ([]foreign.Outcome, error) {
	outcomes := make([]foreign.Outcome, 0, len(rows))
	for len(rows) > 0 {
		call := Call{Op: OpRun, Key: graph.Key, Digest: blob.Digest(graph.Digest)}
		for total := 0; len(call.Rows) < min(len(rows), MaxRows); {
			row := packed(rows[len(call.Rows)])
			if total += size(row); total > MaxBytes {
				break
			}
			call.Rows = append(call.Rows, row)
		}
		if len(call.Rows) == 0 {
			outcomes = append(outcomes, foreign.Outcome{Err: tooLarge("the row has more than %d bytes", MaxBytes)})
			rows = rows[1:]
			continue
		}
		answered, err := c.run(ctx, call)
		if err != nil {
			return nil, err
		}
		outcomes, rows = append(outcomes, answered...), rows[len(answered):]
	}
	return outcomes, nil
}

// run makes one call and returns what is known of its first rows.
func (c *Client) run(ctx context.Context, call Call) ([]foreign.Outcome, error) {
	answer, err := c.ask(ctx, call)
	if err != nil {
		return nil, err
	}
	if n := len(answer.Rows); n == 0 || n > len(call.Rows) {
		return nil, nonsense(errors.New("remote: an answer to other rows than were asked for"))
	}
	outcomes := make([]foreign.Outcome, len(answer.Rows))
	for i, row := range answer.Rows {
		if row.Refusal != nil {
			outcomes[i].Err = row.Refusal.err()
			continue
		}
		if outcomes[i].Outputs, err = unpacked(row.Outputs); err != nil {
			return nil, nonsense(err)
		}
	}
	return outcomes, nil
}

// ask makes a call. A refused graph is its *onnx.Error.
func (c *Client) ask(ctx context.Context, call Call) (Answer, error) {
	payload, err := json.Marshal(call)
	if err != nil {
		return Answer{}, fault.Wrap(fault.Internal, err, "the call of the graph cannot be written")
	}
	data, err := c.Function.Invoke(ctx, payload)
	if err != nil {
		return Answer{}, err
	}
	var answer Answer
	if err := decode(data, &answer); err != nil {
		return Answer{}, nonsense(err)
	}
	if answer.Refusal != nil {
		return Answer{}, answer.Refusal.err()
	}
	return answer, nil
}

// nonsense is the failure of a function that does not keep to this package, such
// as one of another build in the minute of a deployment.
func nonsense(err error) error {
	return fault.Wrap(fault.Unavailable, err, "the function that runs this graph gave no answer that can be read; try again")
}

// tooLarge is the error of a row beyond a bound.
func tooLarge(format string, args ...any) *onnx.Error {
	e, _ := onnx.Errorf(onnx.TooLarge, format, args...).(*onnx.Error)
	return e
}
