package optim_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"godwit/shared/ml/neural/gradtest"
	"godwit/shared/ml/neural/layer"
	"godwit/shared/ml/neural/optim"
	"godwit/shared/ml/neural/random"
)

// start makes parameters that are all zero.
var start = layer.Start{Chance: random.FromSeed(1)}

// dense returns a parameter with values of chance.
func dense(name string, n int, seed uint64) *layer.Param {
	p := start.Param(name, n)
	copy(p.Value, gradtest.Numbers(n, seed))
	p.Decay = true
	return p
}

// by computes one step of one number in double precision from the formulas of
// the papers: w, m and v before, g the gradient, t the step from 1.
func by(s optim.Settings, w, m, v, g, t float64) (w2, m2, v2 float64) {
	if s.Method != optim.AdamW {
		g += s.Decay * w
	}
	if s.Method == optim.SGD {
		m = s.Momentum*m + g
		return w - s.Rate*m, m, 0
	}
	if s.Method == optim.AdamW {
		w -= s.Rate * s.Decay * w
	}
	m, v = .9*m+.1*g, .999*v+.001*g*g
	return w - s.Rate*(m/(1-math.Pow(.9, t)))/(math.Sqrt(v/(1-math.Pow(.999, t)))+1e-8), m, v
}

func TestOptimizer_Step(t *testing.T) {
	tests := []struct {
		name string
		set  optim.Settings
	}{
		{"sgd", optim.Settings{Method: optim.SGD, Rate: .1}},
		{"sgd with momentum and decay", optim.Settings{Method: optim.SGD, Rate: .1, Momentum: .9, Decay: .01}},
		{"adam", optim.Settings{}},
		{"adam with decay", optim.Settings{Rate: .01, Decay: .1}},
		{"adamw", optim.Settings{Method: optim.AdamW, Rate: .01, Decay: .1}},
		{"clipped", optim.Settings{Rate: .01, Clip: .5}},
	}
	const n = 20_000 // more than a piece
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			s := tc.set.WithDefaults()
			p := dense("p", n, 1)
			other := p.Replica(true)
			o := optim.New(s, 10, []*layer.Param{p}, []*layer.Param{other})
			w := gradtest.Widen(p.Value)
			m, v := make([]float64, n), make([]float64, n)
			for step := range 5 {
				first, second := gradtest.Numbers(n, uint64(10+step)), gradtest.Numbers(n, uint64(20+step))
				copy(p.Grad, first)
				copy(other.Grad, second)
				norm := 0.0
				for i := range first {
					norm += math.Pow(float64(first[i])+float64(second[i]), 2)
				}
				factor := 1.0
				if norm = math.Sqrt(norm); s.Clip > 0 {
					factor = s.Clip / norm
				}
				for i := range w {
					w[i], m[i], v[i] = by(s, w[i], m[i], v[i], (float64(first[i])+float64(second[i]))*factor, float64(step+1))
				}
				o.Step(step, 1, 2)
				gradtest.Near(t, "value", p.Value, w)
				if slices.ContainsFunc(append(p.Grad, other.Grad...), func(g float32) bool { return g != 0 }) {
					t.Fatal("gradients are left after a step")
				}
			}
		})
	}
}

// TestOptimizer_Step_workers holds that goroutines do not show.
func TestOptimizer_Step_workers(t *testing.T) {
	var want []float32
	for _, workers := range []int{1, 2, 5} {
		p := dense("p", 50_000, 1)
		o := optim.New(optim.Settings{Clip: 1}.WithDefaults(), 10, []*layer.Param{p})
		for step := range 3 {
			copy(p.Grad, gradtest.Numbers(len(p.Grad), uint64(step)))
			o.Step(step, 1, workers)
		}
		if want == nil {
			want = p.Value
		}
		if !slices.Equal(p.Value, want) {
			t.Errorf("%d workers give other bits than one", workers)
		}
	}
}

// TestOptimizer_Step_sparse holds that only touched rows move, and as a dense
// parameter of the same numbers would.
func TestOptimizer_Step_sparse(t *testing.T) {
	const rows, width = 6, 4
	sparse := start.Param("s", rows, width)
	copy(sparse.Value, gradtest.Numbers(rows*width, 1))
	sparse.Rows = new([]int32)
	other := sparse.Replica(true)
	plain := dense("d", rows*width, 1)
	before := slices.Clone(sparse.Value)
	o := optim.New(optim.Settings{}.WithDefaults(), 10, []*layer.Param{sparse}, []*layer.Param{other})
	d := optim.New(optim.Settings{}.WithDefaults(), 10, []*layer.Param{plain})
	touch := func(p *layer.Param, row int, g float32) {
		*p.Rows = append(*p.Rows, int32(row))
		for j := range width {
			p.Grad[row*width+j] += g
			plain.Grad[row*width+j] += g
		}
	}
	touch(sparse, 4, 1)
	touch(sparse, 1, 2)
	touch(other, 1, -5)
	touch(other, 0, 3)
	o.Step(0, 1, 1)
	d.Step(0, 1, 1)
	if !slices.Equal(sparse.Value, plain.Value) {
		t.Errorf("values = %v, want those of a dense parameter %v", sparse.Value, plain.Value)
	}
	if len(*sparse.Rows) > 0 || len(*other.Rows) > 0 || slices.Max(other.Grad) != 0 || slices.Min(sparse.Grad) != 0 {
		t.Error("gradients are left after a step")
	}
	touch(other, 3, 1)
	after := slices.Clone(sparse.Value)
	o.Step(1, 1, 1)
	for i, v := range sparse.Value {
		if moved := v != after[i]; moved != (i/width == 3) {
			t.Errorf("number %d of row %d moved: %t", i, i/width, moved)
		}
	}
	if !slices.Equal(before[2*width:3*width], sparse.Value[2*width:3*width]) {
		t.Error("a row that was never touched moved")
	}
}

// TestOptimizer_CatchUp holds that rows which were left alone go where a dense
// optimiser would have moved them, whatever its method and schedule.
func TestOptimizer_CatchUp(t *testing.T) {
	const rows, width, steps = 5, 3, 60
	for name, s := range map[string]optim.Settings{
		"adam":     {Rate: .01},
		"adamw":    {Method: optim.AdamW, Rate: .01, Decay: .1, Schedule: optim.Cosine, WarmUp: 10},
		"momentum": {Method: optim.SGD, Rate: .1, Momentum: .8, Schedule: optim.Stairs},
		"sgd":      {Method: optim.SGD},
	} {
		t.Run(name, func(t *testing.T) {
			s = s.WithDefaults()
			sparse, plain := start.Param("s", rows, width), start.Param("d", rows, width)
			sparse.Rows = new([]int32)
			copy(sparse.Value, gradtest.Numbers(rows*width, 1))
			copy(plain.Value, sparse.Value)
			o, d := optim.New(s, steps, []*layer.Param{sparse}), optim.New(s, steps, []*layer.Param{plain})
			for step := range steps {
				row := []int32{0, 3, 3, 1, 0, 3, 2}[step%7]
				if step > 7 && step < 45 {
					row = 3 // the others wait
				}
				o.CatchUp(step, 0, []int32{row, row})
				*sparse.Rows = append(*sparse.Rows, row)
				for j, g := range gradtest.Numbers(width, uint64(step)) {
					sparse.Grad[int(row)*width+j], plain.Grad[int(row)*width+j] = g, g
				}
				lo := int(row) * width
				gradtest.Near(t, "row before its step", sparse.Value[lo:lo+width], gradtest.Widen(plain.Value[lo:lo+width]))
				o.Step(step, 1, 1)
				d.Step(step, 1, 1)
			}
			gradtest.Near(t, "copy", o.Values(steps, 0), gradtest.Widen(plain.Value))
			o.Flush(steps)
			gradtest.Near(t, "value", sparse.Value, gradtest.Widen(plain.Value))
			if slices.Min(o.At(0)) != steps {
				t.Errorf("rows stand before steps %v, want %d", o.At(0), steps)
			}
		})
	}
}

// TestOptimizer_Step_running holds that statistics follow their mean over the
// rows of the batch.
func TestOptimizer_Step_running(t *testing.T) {
	p := start.Param("mean", 1)
	p.Running, p.Value[0] = true, 1
	other := p.Replica(true)
	o := optim.New(optim.Settings{Clip: 1e-9}.WithDefaults(), 10, []*layer.Param{p}, []*layer.Param{other})
	p.Grad[0], other.Grad[0] = 3*2, 1*4 // three rows of mean 2, one of 4
	o.Step(0, 4, 1)
	if got, want := float64(p.Value[0]), .9*1+.1*2.5; math.Abs(got-want) > 1e-6 {
		t.Errorf("running mean = %g, want %g", got, want)
	}
	if o.Moments()[0].First != nil {
		t.Error("a running mean has moments")
	}
}

func TestSettings_RateAt(t *testing.T) {
	tests := []struct {
		set  optim.Settings
		step int
		want float64
	}{
		{optim.Settings{Rate: 1}, 99, 1},
		{optim.Settings{Rate: 1, WarmUp: 4}, 0, .25},
		{optim.Settings{Rate: 1, WarmUp: 4}, 4, 1},
		{optim.Settings{Rate: 1, Schedule: optim.Cosine}, 0, 1},
		{optim.Settings{Rate: 1, Schedule: optim.Cosine}, 50, .5},
		{optim.Settings{Rate: 1, Schedule: optim.Cosine}, 100, 0},
		{optim.Settings{Rate: 1, Schedule: optim.Stairs}, 49, 1},
		{optim.Settings{Rate: 1, Schedule: optim.Stairs}, 50, .1},
		{optim.Settings{Rate: 1, Schedule: optim.Stairs}, 75, .01},
	}
	for _, tc := range tests {
		if got := tc.set.RateAt(tc.step, 100); math.Abs(got-tc.want) > 1e-12 {
			t.Errorf("%+v: RateAt(%d, 100) = %g, want %g", tc.set, tc.step, got, tc.want)
		}
	}
}

func TestSettings_Check(t *testing.T) {
	tests := []struct {
		set  optim.Settings
		want string // part of the message, "" for none
	}{
		{optim.Settings{}, ""},
		{optim.Settings{Method: optim.SGD, Momentum: .9, Schedule: optim.Cosine, WarmUp: 3, Clip: 1}, ""},
		{optim.Settings{Method: "adagrad"}, "adagrad"},
		{optim.Settings{Schedule: "linear"}, "linear"},
		{optim.Settings{Rate: -1}, "rate -1"},
		{optim.Settings{Rate: math.NaN()}, "rate NaN"},
		{optim.Settings{Momentum: 1}, "momentum 1"},
		{optim.Settings{Rate: 1, Decay: 1}, "decay 1"},
		{optim.Settings{Clip: math.Inf(1)}, "clip"},
		{optim.Settings{WarmUp: -1}, "warm_up -1"},
	}
	for _, tc := range tests {
		err := tc.set.WithDefaults().Check()
		if tc.want == "" && err != nil || tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
			t.Errorf("%+v: Check() = %v, want an error with %q", tc.set, err, tc.want)
		}
	}
}
