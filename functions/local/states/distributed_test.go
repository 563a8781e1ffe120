package states_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"godwit/functions/local/states"
)

// folder is states.Objects in a folder, which outlives an engine.
type folder string

func objectsOf(dir string) folder { return folder(filepath.Join(dir, "objects")) }

func (f folder) Get(_ context.Context, bucket, key string) ([]byte, error) {
	return os.ReadFile(filepath.Join(string(f), bucket, key))
}

func (f folder) Put(_ context.Context, bucket, key string, data []byte) error {
	path := filepath.Join(string(f), bucket, key)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return os.WriteFile(path, data, 0o600)
}

// spread is a distributed Map whose children run two tasks.
func spread(change ...string) string {
	text := `{"StartAt":"M","States":{"M":{"Type":"Map","Label":"Each",
		"ItemReader":{"Resource":"arn:aws:states:::s3:getObject","ReaderConfig":{"InputType":"JSON"},"Parameters":{"Bucket":"b","Key.$":"$.items"}},
		"ItemSelector":{"n.$":"$$.Map.Item.Value.n","i.$":"$$.Map.Item.Index","k.$":"$.k"},
		"MaxConcurrency":3,"ToleratedFailurePercentage":0,
		"ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},"StartAt":"T","States":{"T":` + task(`,"Next":"U"`) + `,"U":` + task(`,"End":true`) + `}},
		"ResultWriter":{"Resource":"arn:aws:states:::s3:putObject","Parameters":{"Bucket":"b","Prefix.$":"$.to"}},
		"ResultPath":"$.map","End":true}}}`
	return strings.NewReplacer(change...).Replace(text)
}

const spreadInput = `{"items":"in/items.json","to":"out","k":9}`

// put stores the items of a test.
func put(t *testing.T, dir, items string) {
	t.Helper()
	if err := objectsOf(dir).Put(t.Context(), "b", "in/items.json", []byte(items)); err != nil {
		t.Fatal(err)
	}
}

// written reads an object as JSON.
func written(t *testing.T, dir, key string, v any) {
	t.Helper()
	data, err := objectsOf(dir).Get(t.Context(), "b", key)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, v); err != nil {
		t.Fatalf("%s holds %s: %v", key, data, err)
	}
}

// manifest is what the ResultWriter lists.
type manifest struct {
	DestinationBucket, MapRunArn string
	ResultFiles                  map[string][]struct {
		Key  string
		Size int
	}
}

func TestEngine_DistributedMap(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, `[{"n":"a"},{"n":"b"},{"n":"c"},{"n":"d"}]`)
	var busy, most atomic.Int64
	s := open(t, dir, spread(), func(_ context.Context, in map[string]any) (any, string, error) {
		for now := busy.Add(1); ; {
			if m := most.Load(); now <= m || most.CompareAndSwap(m, now) {
				break
			}
		}
		time.Sleep(5 * time.Millisecond)
		busy.Add(-1)
		return in, "", nil
	})
	defer s.Close()
	got := s.end(t, "x", spreadInput)
	want := `{"items":"in/items.json","k":9,"map":{"MapRunArn":"arn:aws:states:us-east-1:000000000000:mapRun:test/Each:x","ResultWriterDetails":{"Bucket":"b","Key":"out/x/manifest.json"}},"to":"out"}`
	if got["status"] != "SUCCEEDED" || got["output"] != want {
		t.Fatalf("execution = %v, want %s", got, want)
	}
	if most.Load() > 3 {
		t.Errorf("%d children at once, want at most 3", most.Load())
	}
	var m manifest
	written(t, dir, "out/x/manifest.json", &m)
	files := m.ResultFiles["SUCCEEDED"]
	if m.DestinationBucket != "b" || len(files) != 1 || len(m.ResultFiles["FAILED"]) != 0 {
		t.Fatalf("manifest = %+v, want one file of successes", m)
	}
	var children []map[string]any
	written(t, dir, files[0].Key, &children)
	if len(children) != 4 {
		t.Fatalf("%d children, want 4", len(children))
	}
	for i, c := range children {
		want := fmt.Sprintf(`{"i":%d,"k":9,"n":"%c"}`, i, 'a'+i)
		arn := fmt.Sprintf("arn:aws:states:us-east-1:000000000000:execution:test/Each:%s", c["Name"])
		if c["Status"] != "SUCCEEDED" || c["Input"] != want || c["Output"] != want || c["ExecutionArn"] != arn {
			t.Errorf("child %d = %v, want input and output %s", i, c, want)
		}
	}
}

// Batches hold items as they would be alone, in order, and the last may be
// smaller; each is one child.
func TestEngine_DistributedMap_batches(t *testing.T) {
	const batcher = `"ItemBatcher":{"MaxItemsPerBatchPath":"$.size","BatchInput":{"k.$":"$.k"}},"MaxConcurrency":3`
	for _, tc := range []struct {
		name, definition string
		size             int
		want             []string // inputs of the children
	}{
		{"two and one", spread(`"MaxConcurrency":3`, batcher), 2, []string{
			`{"BatchInput":{"k":9},"Items":[{"i":0,"k":9,"n":"a"},{"i":1,"k":9,"n":"b"}]}`, `{"BatchInput":{"k":9},"Items":[{"i":2,"k":9,"n":"c"}]}`}},
		{"one each", spread(`"MaxConcurrency":3`, batcher), 1, []string{
			`{"BatchInput":{"k":9},"Items":[{"i":0,"k":9,"n":"a"}]}`, `{"BatchInput":{"k":9},"Items":[{"i":1,"k":9,"n":"b"}]}`, `{"BatchInput":{"k":9},"Items":[{"i":2,"k":9,"n":"c"}]}`}},
		{"all, as they are, and nothing besides", spread(`"MaxConcurrency":3`, `"ItemBatcher":{"MaxItemsPerBatchPath":"$.size"},"MaxConcurrency":3`,
			`"ItemSelector":{"n.$":"$$.Map.Item.Value.n","i.$":"$$.Map.Item.Index","k.$":"$.k"},`, ""), 9, []string{`{"Items":[{"n":"a"},{"n":"b"},{"n":"c"}]}`}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dir := t.TempDir()
			put(t, dir, `[{"n":"a"},{"n":"b"},{"n":"c"}]`)
			s := open(t, dir, tc.definition, echo)
			defer s.Close()
			if got := s.end(t, "x", fmt.Sprintf(`{"items":"in/items.json","to":"out","k":9,"size":%d}`, tc.size)); got["status"] != "SUCCEEDED" {
				t.Fatalf("execution = %v, want it succeeded", got)
			}
			var m manifest
			written(t, dir, "out/x/manifest.json", &m)
			var children []struct{ Input string }
			written(t, dir, m.ResultFiles["SUCCEEDED"][0].Key, &children)
			if len(children) != len(tc.want) {
				t.Fatalf("%d children, want %d", len(children), len(tc.want))
			}
			for i, c := range children {
				if c.Input != tc.want[i] {
					t.Errorf("child %d = %s, want %s", i, c.Input, tc.want[i])
				}
			}
		})
	}
}

func TestEngine_DistributedMap_failures(t *testing.T) {
	boom := func(_ context.Context, in map[string]any) (any, string, error) {
		if in["n"] == "b" {
			return map[string]any{"errorType": "Boom", "errorMessage": "m"}, "Unhandled", nil
		}
		return in, "", nil
	}
	for _, tc := range []struct {
		name, items, definition, want string
		f                             function
	}{
		{"a failing child", `[{"n":"a"},{"n":"b"}]`, spread(), "States.ExceedToleratedFailureThreshold", boom},
		{"no object", "", spread(), "States.ItemReaderFailed", echo},
		{"no array", `{"n":1}`, spread(), "States.ItemReaderFailed", echo},
		{"no JSON", `[`, spread(), "States.ItemReaderFailed", echo},
		{"a batch of nothing", `[{"n":"a"}]`, spread(`"MaxConcurrency":3`, `"ItemBatcher":{"MaxItemsPerBatchPath":"$.to"}`), "States.Runtime", echo},
		{"a key that is none", `[]`, spread(`"$.items"`, `"$.k"`), "States.Runtime", echo},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dir := t.TempDir()
			if tc.items != "" {
				put(t, dir, tc.items)
			}
			s := open(t, dir, tc.definition, tc.f)
			defer s.Close()
			got := s.end(t, "x", spreadInput)
			if got["status"] != "FAILED" || got["error"] != tc.want {
				t.Fatalf("execution = %v, want it failed with %s", got, tc.want)
			}
			if tc.want != "States.ExceedToleratedFailureThreshold" {
				return
			}
			var m manifest
			written(t, dir, "out/x/manifest.json", &m)
			var failed []map[string]any
			written(t, dir, m.ResultFiles["FAILED"][0].Key, &failed)
			if len(failed) != 1 || failed[0]["Error"] != "Boom" || failed[0]["Output"] != nil {
				t.Errorf("failed children = %v, want one with Boom", failed)
			}
		})
	}
}

// A restart repeats no state that a child has completed, and loses none.
func TestEngine_DistributedMap_survivesRestarts(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, `[{"n":"a"},{"n":"b"},{"n":"c"},{"n":"d"},{"n":"e"},{"n":"f"}]`)
	var mu sync.Mutex
	done := map[string]int{} // completed calls by child
	calls := 0
	stop := make(chan struct{}, 100)
	f := func(ctx context.Context, in map[string]any) (any, string, error) {
		mu.Lock()
		defer mu.Unlock()
		if calls++; calls%4 == 0 { // the stage dies at every fourth call
			stop <- struct{}{}
			return nil, "", context.Canceled
		}
		done[in["n"].(string)]++
		return in, "", nil
	}
	retry := spread(`"OutputPath":"$.Payload"`, `"Retry":[{"ErrorEquals":["States.ALL"],"IntervalSeconds":60,"MaxAttempts":1}],"OutputPath":"$.Payload"`)
	s := open(t, dir, retry, f)
	arn, status := s.call(t, "StartExecution", map[string]string{"stateMachineArn": machineARN, "name": "x", "input": spreadInput})
	if status != 200 {
		t.Fatalf("StartExecution = %v", arn)
	}
	for restarts := 0; ; restarts++ {
		select {
		case <-stop: // the retry waits a minute: the restart comes before it
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			for len(stop) > 0 {
				<-stop
			}
			s = open(t, dir, retry, f)
			if err := s.Resume(); err != nil {
				t.Fatal(err)
			}
			continue
		case <-time.After(20 * time.Millisecond):
		}
		if got, _ := s.call(t, "DescribeExecution", map[string]string{"executionArn": arn["executionArn"].(string)}); got["status"] != "RUNNING" {
			if got["status"] != "SUCCEEDED" || restarts == 0 {
				t.Fatalf("after %d restarts: %v", restarts, got)
			}
			break
		}
	}
	defer s.Close()
	for n, times := range done {
		if times != 2 {
			t.Errorf("child %s completed %d calls, want its two states", n, times)
		}
	}
	if len(done) != 6 {
		t.Errorf("%d children, want 6", len(done))
	}
}

func TestParseMachine_DistributedRefusals(t *testing.T) {
	for _, tc := range []struct {
		name, was, is, want string
	}{
		{"express children", `"STANDARD"`, `"EXPRESS"`, "EXPRESS"},
		{"tolerated failures", `"ToleratedFailurePercentage":0`, `"ToleratedFailurePercentage":5`, "ToleratedFailurePercentage"},
		{"counted tolerance", `"ToleratedFailurePercentage":0`, `"ToleratedFailureCount":0`, "ToleratedFailureCount"},
		{"batches of a fixed size", `"MaxConcurrency":3`, `"ItemBatcher":{"MaxItemsPerBatch":2}`, "MaxItemsPerBatch"},
		{"batches by bytes", `"MaxConcurrency":3`, `"ItemBatcher":{"MaxInputBytesPerBatchPath":"$.k"}`, "MaxInputBytesPerBatchPath"},
		{"batches of any size", `"MaxConcurrency":3`, `"ItemBatcher":{"BatchInput":{}}`, "ItemBatcher"},
		{"CSV items", `"InputType":"JSON"`, `"InputType":"CSV"`, "InputType"},
		{"a limit of items", `"InputType":"JSON"`, `"InputType":"JSON","MaxItems":3`, "MaxItems"},
		{"a list of objects", `s3:getObject`, `s3:listObjectsV2`, "ItemReader"},
		{"a writer's form", `"Parameters":{"Bucket":"b","Prefix.$":"$.to"}`, `"WriterConfig":{"OutputType":"JSONL"}`, "WriterConfig"},
		{"items from the input", `"MaxConcurrency":3`, `"ItemsPath":"$.l"`, "ItemsPath"},
		{"no writer", `"ResultWriter"`, `"Comment":"x","X"`, "X"},
		{"a label too long", `"Each"`, `"` + strings.Repeat("x", 41) + `"`, "Label"},
		{"fields of a distributed Map inline", `"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"`, `"Mode":"INLINE"`, "Label"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := states.ParseMachine([]byte(spread(tc.was, tc.is)))
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("ParseMachine = %v, want an error that names %s", err, tc.want)
			}
		})
	}
	e, err := states.New(states.Options{Dir: t.TempDir(), Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if err := e.Register("test", machineARN, []byte(spread())); err == nil || !strings.Contains(err.Error(), "objects") {
		t.Errorf("Register without objects = %v, want it refused", err)
	}
}
