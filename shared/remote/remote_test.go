package remote_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"godwit/shared/blob/memblob"
	"godwit/shared/fault"
	"godwit/shared/ml/foreign"
	"godwit/shared/ml/onnx"
	"godwit/shared/ml/onnx/runner"
	"godwit/shared/remote"
	"godwit/shared/remote/remotetest"
)

// The engine in memory; functions/onnxruntime holds the real one to the same.
func TestClient_Handler(t *testing.T) { remotetest.Run(t, remotetest.Load) }

// answering is an Invoker with one answer.
type answering struct {
	answer string
	err    error
}

func (a answering) Invoke(context.Context, []byte) ([]byte, error) { return []byte(a.answer), a.err }

var (
	source = foreign.Source{Key: "work/acme/tj_1/graph.onnx", Digest: "sha256:" + strings.Repeat("0a", 32)}
	row    = []*onnx.Tensor{onnx.OfFloats([]float32{1, 2}, 1, 2)}
)

// An answer that cannot be right is the function's failure, not the graph's.
func TestClient_refusesNonsense(t *testing.T) {
	for name, answer := range map[string]string{
		"no JSON":             "",
		"more than an answer": `{"rows":[]} {}`,
		"an unknown field":    `{"result":1}`,
		"no row":              `{}`,
		"too many rows":       `{"rows":[{},{}]}`,
		"half a number":       `{"rows":[{"outputs":[{"type":1,"dims":[1],"data":"AAA="}]}]}`,
		"a type of tomorrow":  `{"rows":[{"outputs":[{"type":99,"dims":[0],"data":""}]}]}`,
	} {
		c := &remote.Client{Function: answering{answer: answer}}
		if _, err := c.Run(t.Context(), source, [][]*onnx.Tensor{row}); !fault.Is(err, fault.Unavailable) {
			t.Errorf("%s: Run = %v, want unavailable", name, err)
		}
		if _, err := c.Check(t.Context(), source); !fault.Is(err, fault.Unavailable) {
			t.Errorf("%s: Check = %v, want unavailable", name, err)
		}
	}
	busy := fault.New(fault.RateLimited, "busy")
	c := &remote.Client{Function: answering{err: busy}}
	if _, err := c.Run(t.Context(), source, [][]*onnx.Tensor{row}); !errors.Is(err, busy) {
		t.Errorf("Run = %v, want the Invoker's error as it is", err)
	}
}

// A row that no call can hold is that row's error, and nothing is sent for it.
func TestClient_Run_ofARowTooLarge(t *testing.T) {
	large := []*onnx.Tensor{{Type: onnx.Float, Dims: []int{1, 1<<20 + 1}, Floats: make([]float32, 1<<20+1)}}
	c := &remote.Client{Function: answering{answer: `{"rows":[{"outputs":[]}]}`}}
	got, err := c.Run(t.Context(), source, [][]*onnx.Tensor{row, large, row})
	if err != nil || len(got) != 3 || got[0].Err != nil || got[1].Err == nil || got[1].Err.Reason != onnx.TooLarge || got[2].Err != nil {
		t.Errorf("Run = %+v, %v, want the second refused", got, err)
	}
}

// script is a Session that does as it is told.
type script struct {
	run    func(ctx context.Context) ([]*onnx.Tensor, error)
	closed *[]string
	name   string
}

func (s script) Signature() runner.Signature { return runner.Signature{} }
func (s script) Close()                      { *s.closed = append(*s.closed, s.name) }
func (s script) Run(ctx context.Context, _ []*onnx.Tensor) ([]*onnx.Tensor, error) {
	return s.run(ctx)
}

// calls makes the JSON of a run of n rows.
func calls(t *testing.T, at foreign.Source, n int) json.RawMessage {
	t.Helper()
	one := `[{"type":1,"dims":[1],"data":"AAAAAA=="}]`
	return json.RawMessage(fmt.Sprintf(`{"op":"run","key":%q,"digest":%q,"rows":[%s]}`, at.Key, at.Digest, strings.TrimSuffix(strings.Repeat(one+",", n), ",")))
}

// What does not fit one answer, in bytes or in time, is left for the next; a row
// that fits none is refused.
func TestHandler_answersTheFirstRows(t *testing.T) {
	wide := func(n int) func(context.Context) ([]*onnx.Tensor, error) {
		return func(context.Context) ([]*onnx.Tensor, error) {
			return []*onnx.Tensor{{Type: onnx.Bool, Dims: []int{n}, Bools: make([]bool, n)}}, nil
		}
	}
	late := func(context.Context) ([]*onnx.Tensor, error) { return nil, context.DeadlineExceeded }
	times := 0
	for _, tc := range []struct {
		name    string
		run     func(context.Context) ([]*onnx.Tensor, error)
		rows    int // answered, of five
		refused onnx.Reason
	}{
		{"small", wide(8), 5, 0},
		{"two fit", wide(remote.MaxBytes/2 - 1), 2, 0},
		{"one row is too large", wide(remote.MaxBytes + 1), 5, onnx.TooLarge},
		{"one row takes all the time", late, 1, onnx.TooLarge},
		{"the third is late", func(ctx context.Context) ([]*onnx.Tensor, error) {
			if times++; times == 3 {
				return late(ctx)
			}
			return wide(1)(ctx)
		}, 2, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			models := memblob.New(time.Now)
			at := remotetest.Put(t, models, "work/acme/tj_1/graph.onnx", []byte("graph"))
			var closed []string
			h := &remote.Handler{Models: models, Log: slog.New(slog.DiscardHandler), Load: func([]byte) (remote.Session, error) {
				return script{run: tc.run, closed: &closed}, nil
			}}
			got, err := h.Handle(t.Context(), calls(t, at, 5))
			if err != nil || len(got.Rows) != tc.rows {
				t.Fatalf("Handle = %d rows, %v, want %d", len(got.Rows), err, tc.rows)
			}
			for i, r := range got.Rows {
				if refused := r.Refusal != nil; refused != (tc.refused != 0) || refused && r.Refusal.Reason != tc.refused {
					t.Errorf("row %d: %+v, want reason %d", i, r.Refusal, tc.refused)
				}
			}
		})
	}
}

// Sessions are kept up to the bound, the ones not asked for longest go first, and
// room is made before a graph is loaded.
func TestHandler_keepsSessions(t *testing.T) {
	models := memblob.New(time.Now)
	var loaded, closed []string
	h := &remote.Handler{Models: models, KeepBytes: 250, Log: slog.New(slog.DiscardHandler), Load: func(graph []byte) (remote.Session, error) {
		name := string(graph[:1])
		loaded = append(loaded, name)
		return script{closed: &closed, name: name}, nil
	}}
	for _, name := range []string{"a", "b", "a", "c", "a", "b"} {
		at := remotetest.Put(t, models, "work/acme/"+name, []byte(strings.Repeat(name, 100)))
		if _, err := h.Handle(t.Context(), json.RawMessage(fmt.Sprintf(`{"op":"check","key":%q,"digest":%q}`, at.Key, at.Digest))); err != nil {
			t.Fatal(err)
		}
	}
	if got := fmt.Sprint(loaded, closed); got != "[a b c b] [b c]" {
		t.Errorf("loaded and closed = %s, want [a b c b] [b c]", got)
	}
}

func TestDecodeCall_refuses(t *testing.T) {
	good := string(calls(t, source, 1))
	if c, err := remote.DecodeCall([]byte(good)); err != nil || c.Op != remote.OpRun || len(c.Rows) != 1 || string(c.Digest) != source.Digest {
		t.Fatalf("DecodeCall = %+v, %v", c, err)
	}
	for name, bad := range map[string]string{
		"nothing":         "",
		"an operation":    strings.Replace(good, `"run"`, `"train"`, 1),
		"rows to check":   strings.Replace(good, `"run"`, `"check"`, 1),
		"no rows to run":  string(calls(t, source, 0)),
		"too many rows":   string(calls(t, source, remote.MaxRows+1)),
		"no key":          strings.Replace(good, source.Key, "", 1),
		"no digest":       strings.Replace(good, source.Digest, "sha256:", 1),
		"an unknown name": strings.Replace(good, `"op"`, `"path":"/etc/passwd","op"`, 1),
		"two calls":       good + good,
	} {
		if c, err := remote.DecodeCall([]byte(bad)); err == nil {
			t.Errorf("%s: DecodeCall = %+v, want an error", name, c)
		}
	}
}

// Whatever comes, a handler answers or fails; it does not panic.
func FuzzHandler_Handle(f *testing.F) {
	models := memblob.New(time.Now)
	graph := remotetest.Put(f, models, "work/acme/tj_1/graph.onnx", remotetest.Graph(f))
	h := &remote.Handler{Models: models, Load: remotetest.Load, Log: slog.New(slog.DiscardHandler)}
	f.Add([]byte(fmt.Sprintf(`{"op":"check","key":%q,"digest":%q}`, graph.Key, graph.Digest)))
	f.Add([]byte(fmt.Sprintf(`{"op":"run","key":%q,"digest":%q,"rows":[[{"type":1,"dims":[1,2],"data":"AAAAAAAAAAA="}],[{"type":8,"dims":[1],"data":"AQAAAGE="}]]}`, graph.Key, graph.Digest)))
	f.Add([]byte(`{"op":"run","rows":[[{"dims":[-1]}]]}`))
	f.Fuzz(func(t *testing.T, payload []byte) {
		answer, err := h.Handle(t.Context(), payload)
		if err == nil && answer.Refusal == nil && answer.Signature == nil && len(answer.Rows) == 0 {
			t.Errorf("Handle(%s) answers nothing", payload)
		}
	})
}
