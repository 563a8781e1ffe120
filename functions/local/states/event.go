package states

import (
	"encoding/json"
	"strings"
	"time"
)

// emit offers the execution's status change until it is taken or the engine
// closes; Resume offers it again after that.
func (e *Engine) emit(ex *execution) {
	// Told before a restart.
	if ex.Emitted == ex.Status {
		return
	}
	event, err := e.event(ex)
	if err != nil {
		e.opts.Log.Error("status change not encoded", "execution", ex.Name, "error", err)
		return
	}
	for wait := 100 * time.Millisecond; ; wait = min(2*wait, 10*time.Second) {
		if err = e.opts.Emit(e.ctx, event); err == nil {
			break
		}
		select {
		case <-e.ctx.Done():
			return
		case <-time.After(wait):
		}
	}
	ex.Emitted = ex.Status
	if err := e.taken(ex.ARN, ex.Status); err != nil {
		e.opts.Log.Error("taken status change not noted", "execution", ex.Name, "error", err)
	}
}

// event is a Step Functions Execution Status Change as EventBridge has it:
// https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html
func (e *Engine) event(ex *execution) ([]byte, error) {
	parts := strings.Split(ex.ARN, ":") // arn:aws:states:REGION:ACCOUNT:execution:MACHINE:NAME
	// An event is of the moment of its change: the start, or the end.
	at, stop := ex.StartedAt, any(nil)
	if !ex.StoppedAt.IsZero() {
		at, stop = ex.StoppedAt, ex.StoppedAt.UnixMilli()
	}
	included := map[string]any{"included": true}
	return json.Marshal(map[string]any{
		"version": "0", "id": e.opts.NewID(), "detail-type": "Step Functions Execution Status Change", "source": "aws.states",
		"account": parts[4], "time": at.UTC().Format(time.RFC3339), "region": parts[3], "resources": []string{ex.ARN},
		"detail": map[string]any{
			"executionArn": ex.ARN, "stateMachineArn": ex.MachineARN, "name": ex.Name, "status": ex.Status,
			"startDate": ex.StartedAt.UnixMilli(), "stopDate": stop, "input": ex.Input, "inputDetails": included,
			"output": orNull(ex.Output), "outputDetails": included, "error": orNull(ex.Error), "cause": orNull(ex.Cause),
		},
	})
}

// orNull is null for what an execution does not have, as EventBridge sends it.
func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}
