package states

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
)

// largestRequest bounds a request: an input of 256 KB and its envelope.
const largestRequest = 1 << 20

// fault is an answer that is an error, by its name on the wire.
type fault struct{ name, message string }

// Handler answers StartExecution, DescribeExecution, StopExecution and
// ListExecutions in AWS JSON 1.0; anything else is UnknownOperationException.
// https://docs.aws.amazon.com/step-functions/latest/apireference/API_Operations.html
func (e *Engine) Handler() http.Handler {
	operations := map[string]func([]byte) (any, *fault){
		"StartExecution": e.startExecution, "DescribeExecution": e.describeExecution,
		"StopExecution": e.stopExecution, "ListExecutions": e.listExecutions,
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, largestRequest))
		name, ok := strings.CutPrefix(r.Header.Get("X-Amz-Target"), "AWSStepFunctions.")
		do := operations[name]
		var answer any
		var f *fault
		switch {
		case err != nil:
			f = &fault{"ValidationException", "the request is too large"}
		case r.Header.Get("Authorization") == "":
			f = &fault{"MissingAuthenticationTokenException", "the request is not signed"}
		case !ok || do == nil:
			f = &fault{"UnknownOperationException", fmt.Sprintf("%q is not an operation of the local stage", r.Header.Get("X-Amz-Target"))}
		default:
			answer, f = do(body)
		}
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		w.Header().Set("X-Amzn-Requestid", e.opts.NewID())
		if f != nil {
			w.WriteHeader(http.StatusBadRequest)
			answer = map[string]string{"__type": "com.amazonaws.swf.service.v2.model#" + f.name, "message": f.message}
		}
		if err := json.NewEncoder(w).Encode(answer); err != nil {
			e.opts.Log.Warn("answer not sent", "operation", name, "error", err)
		}
	})
}

// decode reads a request strictly: a member the stage does not know is refused.
func decode(body []byte, v any) *fault {
	dec := json.NewDecoder(strings.NewReader(string(body)))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return &fault{"ValidationException", err.Error()}
	}
	return nil
}

// validName is what an execution may be called.
var validName = regexp.MustCompile(`^[^\s<>{}\[\]?*"#%\\^|~` + "`" + `$&,;:/\x00-\x1f\x7f-\x9f]{1,80}$`)

// startExecution is idempotent as Step Functions is: the same name and input
// while it runs is the same execution.
func (e *Engine) startExecution(body []byte) (any, *fault) {
	var in struct {
		StateMachineArn, Name, Input string
	}
	if f := decode(body, &in); f != nil {
		return nil, f
	}
	m := e.machine(in.StateMachineArn)
	if m == nil {
		return nil, &fault{"StateMachineDoesNotExist", "no state machine is called " + in.StateMachineArn}
	}
	// The service makes up a name, and takes no input for an empty object.
	in.Name, in.Input = cmp.Or(in.Name, e.opts.NewID()), cmp.Or(in.Input, "{}")
	if !validName.MatchString(in.Name) {
		return nil, &fault{"InvalidName", "an execution's name has 1 to 80 characters and none of the special ones"}
	}
	if len(in.Input) > largestState || !json.Valid([]byte(in.Input)) {
		return nil, &fault{"InvalidExecutionInput", "the input must be JSON of at most 256 KB"}
	}
	ex := &execution{
		Name: in.Name, ARN: strings.Replace(m.arn, ":stateMachine:", ":execution:", 1) + ":" + in.Name, MachineARN: m.arn,
		Input: in.Input, Status: statusRunning, StartedAt: e.opts.Now().UTC(), State: m.machine.StartAt, StateInput: json.RawMessage(in.Input),
	}
	// One transaction decides between two starts of one name.
	there, err := e.create(ex)
	if err != nil {
		return nil, &fault{"InternalFailure", err.Error()}
	}
	if there == nil {
		e.launch(ex, m)
	} else if there.Status != statusRunning || there.Input != in.Input {
		return nil, &fault{"ExecutionAlreadyExists", "Execution Already Exists: '" + ex.ARN + "'"}
	} else {
		ex = there
	}
	return map[string]any{"executionArn": ex.ARN, "startDate": seconds(ex.StartedAt)}, nil
}

// describeExecution leaves out what the execution does not have.
func (e *Engine) describeExecution(body []byte) (any, *fault) {
	var in struct{ ExecutionArn, IncludedData string }
	if f := decode(body, &in); f != nil {
		return nil, f
	}
	ex, f := e.existing(in.ExecutionArn)
	if f != nil {
		return nil, f
	}
	out := map[string]any{
		"executionArn": ex.ARN, "stateMachineArn": ex.MachineARN, "name": ex.Name, "status": ex.Status,
		"startDate": seconds(ex.StartedAt), "input": ex.Input,
	}
	if !ex.StoppedAt.IsZero() {
		out["stopDate"] = seconds(ex.StoppedAt)
	}
	for name, value := range map[string]string{"output": ex.Output, "error": ex.Error, "cause": ex.Cause} {
		if value != "" {
			out[name] = value
		}
	}
	return out, nil
}

// stopExecution writes the end before it stops the work, so that nothing the
// work still does can end it in another way.
func (e *Engine) stopExecution(body []byte) (any, *fault) {
	var in struct{ ExecutionArn, Error, Cause string }
	if f := decode(body, &in); f != nil {
		return nil, f
	}
	ex, f := e.existing(in.ExecutionArn)
	if f != nil {
		return nil, f
	}
	if ex.Status == statusRunning {
		e.mu.Lock()
		// nil where the stage has been restarted and not resumed yet.
		cancel := e.running[ex.ARN]
		e.mu.Unlock()
		ended := *ex
		ended.Status, ended.Error, ended.Cause, ended.StoppedAt = statusAborted, in.Error, in.Cause, e.opts.Now().UTC()
		won, err := e.close(&ended)
		if err != nil {
			return nil, &fault{"InternalFailure", err.Error()}
		}
		if cancel != nil {
			cancel()
		}
		if won {
			e.work.Go(func() { e.emit(&ended) })
			ex = &ended
		} else if ex, f = e.existing(in.ExecutionArn); f != nil {
			return nil, f
		}
	}
	return map[string]any{"stopDate": seconds(ex.StoppedAt)}, nil
}

// listExecutions answers one page of at most 1,000, the newest first.
func (e *Engine) listExecutions(body []byte) (any, *fault) {
	var in struct{ StateMachineArn, StatusFilter string }
	if f := decode(body, &in); f != nil {
		return nil, f
	}
	if e.machine(in.StateMachineArn) == nil {
		return nil, &fault{"StateMachineDoesNotExist", "no state machine is called " + in.StateMachineArn}
	}
	var found []*execution
	err := e.each(func(ex *execution) {
		if ex.MachineARN == in.StateMachineArn && (in.StatusFilter == "" || in.StatusFilter == ex.Status) {
			found = append(found, ex)
		}
	})
	if err != nil {
		return nil, &fault{"InternalFailure", err.Error()}
	}
	slices.SortFunc(found, func(a, b *execution) int { return b.StartedAt.Compare(a.StartedAt) })
	list := make([]map[string]any, 0, len(found))
	// One page, without a token for another: the product never asks for one.
	for _, ex := range found[:min(len(found), 1000)] {
		item := map[string]any{"executionArn": ex.ARN, "stateMachineArn": ex.MachineARN, "name": ex.Name, "status": ex.Status, "startDate": seconds(ex.StartedAt)}
		if !ex.StoppedAt.IsZero() {
			item["stopDate"] = seconds(ex.StoppedAt)
		}
		list = append(list, item)
	}
	return map[string]any{"executions": list}, nil
}

// existing returns an execution, or the fault that there is none.
func (e *Engine) existing(arn string) (*execution, *fault) {
	ex, err := e.find(arn)
	if err != nil {
		return nil, &fault{"InternalFailure", err.Error()}
	}
	if ex == nil {
		return nil, &fault{"ExecutionDoesNotExist", "Execution Does Not Exist: '" + arn + "'"}
	}
	return ex, nil
}

// seconds writes a time as the protocol does: seconds with a fraction.
func seconds(t time.Time) json.Number {
	return json.Number(fmt.Sprintf("%d.%03d", t.Unix(), t.Nanosecond()/1e6))
}
