package states

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"
)

// errKilled is the end of a stage right before a state is noted.
var errKilled = errors.New("killed")

// walked is a machine's execution as the engine walks it; invoke is its function.
func walked(t *testing.T, definition string, invoke func(payload []byte) ([]byte, error)) (*walk, *execution) {
	t.Helper()
	e, err := New(Options{
		Dir: t.TempDir(), Now: time.Now, NewID: func() string { return "id" }, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Emit: func(context.Context, []byte) error { return nil },
		Invoke: func(_ context.Context, _ string, payload []byte) ([]byte, string, error) {
			out, err := invoke(payload)
			return out, "", err
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	m, err := ParseMachine([]byte(definition))
	if err != nil {
		t.Fatal(err)
	}
	ex := &execution{ARN: "arn:aws:states:us-east-1:000000000000:execution:test:x", Name: "x", Status: statusRunning, StartedAt: time.Now(), State: m.StartAt}
	if _, err := e.create(ex); err != nil {
		t.Fatal(err)
	}
	return &walk{engine: e, machine: m, execution: ex, registered: &registered{name: "test", arn: "arn:test", machine: m}, key: ex.ARN}, ex
}

// each is a Map over path; call a Task that hands its input on.
func each(path, start, states string) string {
	return `{"Type":"Map","ItemsPath":"` + path + `","ItemProcessor":{"ProcessorConfig":{"Mode":"INLINE"},"StartAt":"` + start + `","States":{` + states + `}}`
}

const call = `{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Parameters":{"FunctionName":"f","Payload.$":"$"},"OutputPath":"$.Payload",`

// A stage that is killed when an inline Map is over, and the state after it is not
// noted yet, goes on with the Map: none of its items is run again. When the
// execution is over nothing of them is left.
func TestWalk_inlineMapKilledAtItsEnd(t *testing.T) {
	var calls atomic.Int64
	w, ex := walked(t, `{"StartAt":"Each","States":{"Each":`+each("$", "One", `"One":`+call+`"End":true}`)+`,"Next":"Then"},"Then":{"Type":"Pass","End":true}}}`,
		func(payload []byte) ([]byte, error) { calls.Add(1); return payload, nil })
	for _, tc := range []struct {
		name string
		end  error // of noting the state after the Map
		want string
	}{{"killed", errKilled, ""}, {"begun again", nil, `[1,2,3]`}} {
		out, err := w.run(t.Context(), ex.State, json.RawMessage(`[1,2,3]`), 0, func(string, json.RawMessage, int) error { return tc.end })
		if !errors.Is(err, tc.end) || string(out) != tc.want || calls.Load() != 3 {
			t.Errorf("%s: %s, %v, after %d calls, want %s after one for each item", tc.name, out, err, calls.Load(), tc.want)
		}
	}
	if !w.engine.finish(ex, statusSucceeded, nil, &failure{}) {
		t.Fatal("the execution was not ended")
	}
	err := w.engine.db.View(func(tx *bolt.Tx) error {
		if n := tx.Bucket(itemsBucket).Stats().KeyN; n != 0 {
			t.Errorf("%d items are kept after the end, want none", n)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// A Map inside an item that is run again may have other items than it had: what
// is kept of the old ones does not stand for them.
func TestWalk_inlineMapWithOtherItems(t *testing.T) {
	var parts atomic.Int64
	lists := []string{`[1,2]`, `[3,4]`}
	down := true
	w, ex := walked(t, `{"StartAt":"Each","States":{"Each":`+each("$", "Ask",
		`"Ask":`+call+`"Next":"Parts"},"Parts":`+each("$", "Part", `"Part":`+call+`"End":true}`)+`,"Next":"Last"},"Last":`+call+`"End":true}`)+`,"End":true}}}`,
		func(payload []byte) ([]byte, error) {
			switch string(payload) {
			case `"ask"`:
				list := lists[0]
				lists = lists[1:]
				return []byte(list), nil
			case `1`, `2`, `3`, `4`:
				parts.Add(1)
			default: // Last
				if down {
					down = false
					return nil, errKilled
				}
			}
			return payload, nil
		})
	for _, want := range []string{"", `[[3,4]]`} {
		out, err := w.run(t.Context(), ex.State, json.RawMessage(`["ask"]`), 0, func(string, json.RawMessage, int) error { return nil })
		if (err == nil) != (want != "") || string(out) != want {
			t.Errorf("the item = %s, %v, want %q", out, err, want)
		}
	}
	if parts.Load() != 4 {
		t.Errorf("%d parts were run, want the two of each list", parts.Load())
	}
}
