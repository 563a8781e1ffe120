package runner_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"godwit/shared/ml/onnx"
	"godwit/shared/ml/onnx/runner"
)

// built returns a model of the nodes that make adds, with standard opset 17.
func built(t testing.TB, make func(b *onnx.Builder)) *onnx.Model {
	t.Helper()
	b := onnx.New("test", onnx.Opset{Domain: onnx.Standard, Version: 17}, onnx.Opset{Domain: onnx.Traditional, Version: 3}, onnx.Opset{Domain: onnx.Contributed, Version: 1})
	make(b)
	m, err := b.Model()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// classifier is a small net over two columns with a batch as large as wanted.
func classifier(t testing.TB) *onnx.Model {
	return built(t, func(b *onnx.Builder) {
		x := b.Input("x", onnx.Float, -1, 2)
		half := b.Constant("half", onnx.OfHalves([]uint16{0x3c00, 0x4000, 0xbc00, 0xc000}, 2, 2)) // 1 2 -1 -2
		w := b.Node("Cast", []string{half}, onnx.Int("to", int64(onnx.Float)))
		b.Add(onnx.Node{Operator: "Softmax", Inputs: []string{b.Node("MatMul", []string{x, w})}, Outputs: []string{"scores"}})
		b.Add(onnx.Node{Domain: onnx.Traditional, Operator: "ZipMap", Inputs: []string{"scores"}, Outputs: []string{"map"}, Attributes: []onnx.Attribute{onnx.IntList("classlabels_int64s", 3, 7)}})
		b.Output("map", onnx.Undefined)
	})
}

func compiled(t testing.TB, m *onnx.Model, l runner.Limits) *runner.Program {
	t.Helper()
	p, err := runner.Compile(t.Context(), m, l)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestCompile_tellsTheSignature(t *testing.T) {
	s := compiled(t, classifier(t), runner.Limits{}).Signature()
	if want := []onnx.Dim{{Open: true, Name: "rows"}, {Size: 2}}; !reflect.DeepEqual(s.Inputs[0].Dims, want) || !reflect.DeepEqual(s.Outputs[0].Dims, want) || s.Outputs[0].Type != onnx.Float {
		t.Errorf("input %+v, output %+v, want axes %+v of FLOAT", s.Inputs[0], s.Outputs[0], want)
	}
	if want := []string{"3", "7"}; !slices.Equal(s.Labels, want) {
		t.Errorf("labels %q, want %q", s.Labels, want)
	}
}

// A row that is shorter than the batch ends at its own length.
func TestProgram_Run_ofLengths(t *testing.T) {
	for _, operator := range []string{"GRU", "LSTM"} {
		gates := map[string]int{"GRU": 3, "LSTM": 4}[operator]
		last := func(steps int, length int64) []float32 {
			p := compiled(t, built(t, func(b *onnx.Builder) {
				x := b.Constant("x", onnx.OfFloats(ramp(4, 1, 3).Floats[:3*steps], steps, 1, 3))
				lengths := b.Constant("lengths", onnx.OfInts([]int64{length}))
				b.Add(onnx.Node{Operator: operator, Inputs: []string{x, b.Constant("w", ramp(2, gates*2, 3)), b.Constant("r", ramp(2, gates*2, 2)), "", lengths},
					Outputs: []string{"", "last"}, Attributes: []onnx.Attribute{onnx.Text("direction", "bidirectional"), onnx.Int("hidden_size", 2)}})
				b.Output("last", onnx.Float)
			}), runner.Limits{})
			out, err := p.Run(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			return out[0].Floats
		}
		if got, want := last(4, 2), last(2, 2); !slices.Equal(got, want) {
			t.Errorf("%s: last states of 2 steps of 4 = %v, want those of 2: %v", operator, got, want)
		}
	}
}

// A graph may hand an input through.
func TestProgram_Run_withoutNodes(t *testing.T) {
	p := compiled(t, built(t, func(b *onnx.Builder) { b.Output(b.Input("x", onnx.String, -1), onnx.String, -1) }), runner.Limits{})
	out, err := p.Run(t.Context(), []*onnx.Tensor{onnx.OfStrings([]string{"a"})})
	if err != nil || out[0].Strings[0] != "a" {
		t.Errorf("Run = %v (%v), want the input", out, err)
	}
}

// A graph that is made for one row is told to be.
func TestCompile_ofOneRow(t *testing.T) {
	m := built(t, func(b *onnx.Builder) {
		x := b.Input("x", onnx.Float, -1, 2)
		b.Add(onnx.Node{Operator: "Reshape", Inputs: []string{x, b.Constant("axes", onnx.OfInts([]int64{2}))}, Outputs: []string{"y"}})
		b.Output("y", onnx.Float)
	})
	s := compiled(t, m, runner.Limits{}).Signature()
	if want := (onnx.Dim{Size: 1}); s.Inputs[0].Dims[0] != want {
		t.Errorf("rows %+v, want %+v", s.Inputs[0].Dims[0], want)
	}
}

// Constants that depend on constants are computed once, and what nobody needs
// any more is forgotten.
func TestProgram_Bytes(t *testing.T) {
	if got, want := compiled(t, classifier(t), runner.Limits{}).Bytes(), int64(4*4); got != want {
		t.Errorf("Bytes = %d, want %d: the widened weights alone", got, want)
	}
}

func TestCompile_refuses(t *testing.T) {
	tests := []struct {
		name   string
		change func(m *onnx.Model)
		reason onnx.Reason
		words  []string
	}{
		{"operators nobody runs, all by name", func(m *onnx.Model) {
			m.Graph.Nodes[1].Operator = "Einsum"
			m.Graph.Nodes[3].Operator = "DictVectorizer"
		}, onnx.Unsupported, []string{"Einsum (1 nodes)", "ai.onnx.ml.DictVectorizer"}},
		{"a domain nobody knows", func(m *onnx.Model) { m.Graph.Nodes[1].Domain = "com.acme" }, onnx.Unsupported, []string{"com.acme.MatMul"}},
		{"an old version", func(m *onnx.Model) { m.Opsets[0].Version = 6 }, onnx.Unsupported, []string{"version 6"}},
		{"a version to come", func(m *onnx.Model) { m.Opsets[0].Version = 99 }, onnx.Unsupported, []string{"version 99"}},
		{"no version", func(m *onnx.Model) { m.Opsets = m.Opsets[:1] }, onnx.Corrupt, []string{"ai.onnx.ml"}},
		{"axes that do not fit", func(m *onnx.Model) { m.Graph.Inputs[0].Dims[1].Size = 3 }, onnx.BadInput, []string{"MatMul", "[1 3] and [2 2]"}},
		{"types that do not fit", func(m *onnx.Model) { m.Graph.Inputs[0].Type = onnx.String }, onnx.BadInput, []string{"MatMul", "strings"}},
		{"too few inputs", func(m *onnx.Model) { m.Graph.Nodes[1].Inputs = []string{"x"} }, onnx.Corrupt, []string{"1 inputs"}},
		{"an input left out", func(m *onnx.Model) { m.Graph.Nodes[1].Inputs[0] = "" }, onnx.Corrupt, []string{"left out"}},
		{"an absurd input", func(m *onnx.Model) { m.Graph.Inputs[0].Dims[1].Size = 1 << 30 }, onnx.TooLarge, []string{"axes"}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			m := classifier(t)
			tc.change(m)
			_, err := runner.Compile(t.Context(), m, runner.Limits{})
			e, ok := errors.AsType[*onnx.Error](err)
			if !ok || e.Reason != tc.reason {
				t.Fatalf("Compile = %v, want reason %d", err, tc.reason)
			}
			for _, w := range tc.words {
				if !strings.Contains(err.Error(), w) {
					t.Errorf("Compile = %v, want %q in it", err, w)
				}
			}
		})
	}
}

func TestProgram_Run_refusesInputs(t *testing.T) {
	p := compiled(t, classifier(t), runner.Limits{})
	tests := []struct {
		name   string
		inputs []*onnx.Tensor
		words  string
	}{
		{"none", nil, "0 inputs"},
		{"nil", []*onnx.Tensor{nil}, "missing"},
		{"strings", []*onnx.Tensor{onnx.OfStrings([]string{"a", "b"}, 1, 2)}, "takes FLOAT"},
		{"one axis", []*onnx.Tensor{onnx.OfFloats([]float32{1, 2})}, "2 axes"},
		{"three columns", []*onnx.Tensor{onnx.OfFloats([]float32{1, 2, 3}, 1, 3)}, "axis 1 is 3 long, want 2"},
		{"not whole", []*onnx.Tensor{onnx.OfFloats([]float32{1}, 1, 2)}, "holds 1 elements"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			if _, err := p.Run(t.Context(), tc.inputs); err == nil || !strings.Contains(err.Error(), tc.words) {
				t.Errorf("Run = %v, want an error with %q", err, tc.words)
			}
		})
	}
}

// heavy squares a matrix of n x n many times.
func heavy(t testing.TB, n, times int) *onnx.Model {
	return built(t, func(b *onnx.Builder) {
		x := b.Input("x", onnx.Float, -1, n)
		square := b.Constant("square", onnx.OfFloats(make([]float32, n*n), n, n))
		for range times {
			x = b.Node("MatMul", []string{x, square})
		}
		b.Output(x, onnx.Float, -1, n)
	})
}

func TestProgram_Run_staysWithinLimits(t *testing.T) {
	tests := []struct {
		name   string
		limits runner.Limits
		rows   int
	}{
		{"work", runner.Limits{Work: 1e6}, 100},
		{"memory", runner.Limits{Bytes: 1 << 16}, 100},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			p := compiled(t, heavy(t, 32, 10), tc.limits)
			if _, err := p.Run(t.Context(), []*onnx.Tensor{onnx.OfFloats(make([]float32, 32), 1, 32)}); err != nil {
				t.Fatalf("one row: %v", err)
			}
			_, err := p.Run(t.Context(), []*onnx.Tensor{onnx.OfFloats(make([]float32, tc.rows*32), tc.rows, 32)})
			if e, ok := errors.AsType[*onnx.Error](err); !ok || e.Reason != onnx.TooLarge {
				t.Errorf("%d rows: %v, want reason %d", tc.rows, err, onnx.TooLarge)
			}
		})
	}
}

// A few bytes of graph must not ask for gigabytes or hours.
func TestCompile_withstands(t *testing.T) {
	wide := onnx.OfInts([]int64{1 << 30, 1 << 30})
	tests := []struct {
		name  string
		build func(b *onnx.Builder)
	}{
		{"a constant of absurd axes", func(b *onnx.Builder) {
			b.Output(b.Node("ConstantOfShape", []string{b.Constant("s", wide)}), onnx.Float)
		}},
		{"a stretch to absurd axes", func(b *onnx.Builder) {
			b.Output(b.Node("Expand", []string{b.Constant("x", onnx.OfFloats([]float32{1}, 1, 1)), b.Constant("s", wide)}), onnx.Float)
		}},
		{"padding", func(b *onnx.Builder) {
			b.Output(b.Node("Pad", []string{b.Constant("x", onnx.OfFloats([]float32{1}, 1)), b.Constant("s", onnx.OfInts([]int64{1 << 30, 1 << 30}))}), onnx.Float)
		}},
		{"doubling sixty times", func(b *onnx.Builder) {
			x := b.Constant("x", onnx.OfFloats([]float32{1}, 1))
			for range 60 {
				x = b.Node("Concat", []string{x, x}, onnx.Int("axis", 0))
			}
			b.Output(x, onnx.Float)
		}},
		{"a walk along nothing", func(b *onnx.Builder) {
			x := b.Node("ConstantOfShape", []string{b.Constant("s", onnx.OfInts([]int64{1 << 38, 0}))})
			b.Output(b.Node("Softmax", []string{x}), onnx.Float)
		}},
		{"an outer sum", func(b *onnx.Builder) {
			x := b.Constant("x", onnx.OfFloats(make([]float32, 1<<17), 1<<17, 1))
			y := b.Constant("y", onnx.OfFloats(make([]float32, 1<<17), 1, 1<<17))
			b.Output(b.Node("Add", []string{x, y}), onnx.Float)
		}},
		{"places far away", func(b *onnx.Builder) {
			x := b.Node("TfIdfVectorizer", []string{b.Constant("x", onnx.OfInts([]int64{1}))}, onnx.Text("mode", "TF"), onnx.IntList("pool_int64s", 1),
				onnx.IntList("ngram_counts", 0), onnx.IntList("ngram_indexes", 1<<30), onnx.Int("min_gram_length", 1), onnx.Int("max_gram_length", 1), onnx.Int("max_skip_count", 0))
			b.Output(x, onnx.Float)
		}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			_, err := runner.Compile(t.Context(), built(t, tc.build), runner.Limits{Bytes: 1 << 24})
			if e, ok := errors.AsType[*onnx.Error](err); !ok || e.Reason != onnx.TooLarge {
				t.Errorf("Compile = %v, want reason %d", err, onnx.TooLarge)
			}
		})
	}
}

func TestProgram_Run_endsWithItsContext(t *testing.T) {
	p := compiled(t, heavy(t, 32, 10), runner.Limits{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.Run(ctx, []*onnx.Tensor{onnx.OfFloats(make([]float32, 32), 1, 32)}); !errors.Is(err, context.Canceled) {
		t.Errorf("Run = %v, want %v", err, context.Canceled)
	}
}

// One program answers many at a time, each with its own answer, and leaves
// their inputs alone.
func TestProgram_Run_byManyGoroutines(t *testing.T) {
	p := compiled(t, classifier(t), runner.Limits{})
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			x := onnx.OfFloats([]float32{float32(i), 1}, 1, 2)
			var want string
			for k := range 50 {
				out, err := p.Run(t.Context(), []*onnx.Tensor{x})
				if err != nil {
					t.Error(err)
					return
				}
				got := fmt.Sprint(out[0].Floats, x.Floats)
				if k == 0 {
					want = got
				}
				if got != want {
					t.Errorf("answer %d = %s, want %s", k, got, want)
					return
				}
			}
		})
	}
	group.Wait()
}

// A graph somebody made up either runs or is refused, without a panic beneath.
func FuzzCompile(f *testing.F) {
	f.Add(onnx.Encode(classifier(f)))
	for _, c := range peerCases() {
		f.Add(onnx.Encode(c.model(f)))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := onnx.Decode(data, onnx.Limits{Bytes: 1 << 14, Nodes: 20})
		if err != nil {
			return
		}
		if _, err = runner.Compile(t.Context(), m, runner.Limits{Work: 1e6, Bytes: 1 << 20}); err != nil && strings.Contains(err.Error(), "could not deal with") {
			t.Errorf("a kernel lacks a check: %v", err)
		}
	})
}
