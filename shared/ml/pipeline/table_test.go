package pipeline_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"testing"

	"godwit/shared/ml/artifact"
	"godwit/shared/ml/dataset"
	"godwit/shared/ml/pipeline"
	"godwit/shared/ml/tabular"
)

// rents makes a table of n flats, the same for the same seed: an area, sometimes
// left out, a town, a storey that tells nothing, and a sentence. The numbers to
// predict follow from the first two, the classes from the area, or from the
// town where there are three. scale multiplies the numbers.
func rents(n, classes int, scale float64, seed uint64) pipeline.TableData {
	random := rand.New(rand.NewPCG(seed, 1))
	towns := []string{"Riga", "Turku", "Gent"}
	words := []string{"a bright flat by the river", "quiet rooms near the old market", "with a garden and the sound of trains"}
	var area, town, storey, about []string
	d := pipeline.TableData{Task: dataset.Regression}
	for range n {
		a, t := 20+100*random.Float64(), random.IntN(len(towns))
		area = append(area, strconv.FormatFloat(a, 'f', 1, 64))
		if random.IntN(10) == 0 {
			area[len(area)-1] = ""
		}
		town = append(town, towns[t])
		storey = append(storey, strconv.Itoa(random.IntN(9)))
		about = append(about, fmt.Sprintf("%s %d", words[random.IntN(len(words))], random.IntN(1000)))
		d.Values = append(d.Values, scale*(10*a+200*float64(t)+5*random.NormFloat64()))
		switch class := int32(t); classes {
		case 2:
			d.Y = append(d.Y, int32(min(1, int(a/70))))
		case 3:
			d.Y = append(d.Y, class)
		}
	}
	d.Table = tabular.Table{Columns: []dataset.Column{
		dataset.NewColumn("area", area...), dataset.NewColumn("town", town...),
		dataset.NewColumn("storey", storey...), dataset.NewColumn("about", about...),
	}}
	if classes > 0 {
		d.Task, d.Values = dataset.Classification, nil
		for i := range classes {
			d.Labels = append(d.Labels, fmt.Sprintf("class_%d", i))
		}
	}
	return d
}

// cells returns a row of a table as an input.
func cells(d pipeline.TableData, row int) pipeline.Input {
	in := pipeline.Input{Cells: map[string]string{}}
	for i := range d.Table.Columns {
		c := &d.Table.Columns[i]
		in.Cells[c.Name] = c.Cell(row)
	}
	return in
}

// fitTable fits all rows of a table.
func fitTable(t testing.TB, d pipeline.TableData, s pipeline.TableSettings) *pipeline.TableModel {
	t.Helper()
	m, err := pipeline.FitTable(context.Background(), d, rows(max(len(d.Y), len(d.Values))), s, 2)
	if err != nil {
		t.Fatalf("FitTable = %v", err)
	}
	return m
}

func TestFitTable_classifies(t *testing.T) {
	for _, classes := range []int{2, 3} {
		for _, learner := range []string{pipeline.SVM, pipeline.Logistic} {
			for _, shape := range []tabular.Shape{tabular.Plain, tabular.Curved, tabular.Binned} {
				t.Run(fmt.Sprintf("%d classes, %s, %s", classes, learner, shape), func(t *testing.T) {
					m := fitTable(t, rents(400, classes, 1, 1), pipeline.TableSettings{Learner: learner, Options: tabular.Options{Shape: shape}})
					d := rents(200, classes, 1, 2)
					var s pipeline.Scratch
					right := 0
					for i := range d.Y {
						if best(m.Scores(&s, cells(d, i))) == int(d.Y[i]) {
							right++
						}
					}
					// Of two classes a tenth of the areas is left out.
					if right < 175 {
						t.Errorf("%d of %d right, want at least 175", right, len(d.Y))
					}
				})
			}
		}
	}
}

// The numbers must come out whatever their size: weights are not halved.
func TestFitTable_predictsNumbers(t *testing.T) {
	for _, scale := range []float64{1e-6, 1, 1e6, 1e12} {
		d := rents(400, 0, scale, 1)
		m := fitTable(t, d, pipeline.TableSettings{})
		test := rents(200, 0, scale, 2)
		var s pipeline.Scratch
		far, there := 0, 0
		for i, want := range test.Values {
			in := cells(test, i)
			if in.Cells["area"] == "" {
				continue
			}
			there++
			if got := m.Value(&s, in); math.Abs(got-want) > 50*scale {
				far++
			}
		}
		if far > there/20 {
			t.Errorf("scale %v: %d of %d numbers are off by more than 50", scale, far, there)
		}
		if m.Scores(&s, cells(test, 0)) != nil || m.Labels() != nil || m.Task() != pipeline.TableRegression || m.Algorithm() != pipeline.RidgeRegression {
			t.Errorf("a regression has scores or labels, or is %q by %q", m.Task(), m.Algorithm())
		}
	}
}

func TestFitTable_doesNotDependOnWorkers(t *testing.T) {
	for _, classes := range []int{0, 3} {
		d := rents(300, classes, 1, 1)
		var want []byte
		for workers := 1; workers <= 4; workers++ {
			m, err := pipeline.FitTable(t.Context(), d, rows(300), pipeline.TableSettings{}, workers)
			if err != nil {
				t.Fatalf("FitTable with %d workers = %v", workers, err)
			}
			got, err := m.Encode(nil)
			if err != nil {
				t.Fatalf("Encode = %v", err)
			}
			if want == nil {
				want = got
			}
			if !bytes.Equal(got, want) {
				t.Errorf("%d classes: FitTable with %d workers gave another file", classes, workers)
			}
		}
	}
}

// Weights of 1 are as no weights, and rows of next to none do not count.
func TestFitTable_weights(t *testing.T) {
	for _, classes := range []int{0, 3} {
		d := rents(100, classes, 1, 1)
		plain, err := fitTable(t, d, pipeline.TableSettings{}).Encode(nil)
		if err != nil {
			t.Fatalf("Encode = %v", err)
		}
		d.Weight = slices.Repeat([]float32{1}, 100)
		ones, err := fitTable(t, d, pipeline.TableSettings{}).Encode(nil)
		if err != nil || !bytes.Equal(plain, ones) {
			t.Errorf("%d classes: weights of 1 gave another model than no weights (%v)", classes, err)
		}
	}
	d := rents(100, 0, 1, 1)
	for i := range d.Values {
		d.Values[i] = float64(i % 2)
	}
	d.Weight = slices.Repeat([]float32{1, 1e-6}, 50)
	var s pipeline.Scratch
	if got := fitTable(t, d, pipeline.TableSettings{}).Value(&s, cells(d, 1)); math.Abs(got) > 1e-3 {
		t.Errorf("Value = %v, want 0, of the heavy rows", got)
	}
}

// The margins of a fold are those of a model fitted on its training rows.
func TestTableMargins_agreeWithFit(t *testing.T) {
	for _, tc := range []struct {
		classes int
		learner string
	}{{0, pipeline.Ridge}, {2, pipeline.SVM}, {3, pipeline.Logistic}} {
		d := rents(200, tc.classes, 1, 1)
		train, held := rows(200)[:150], rows(200)[150:]
		s := pipeline.TableSettings{Learner: tc.learner, Epsilon: 1e-8}
		path := []float64{.1, 1}
		got, err := pipeline.TableMargins(t.Context(), d, train, held, s, path, 2)
		if err != nil || len(got) != len(path) {
			t.Fatalf("TableMargins = %d steps, %v", len(got), err)
		}
		for step, c := range path {
			s.C = c
			m, err := pipeline.FitTable(t.Context(), d, train, s, 1)
			if err != nil {
				t.Fatalf("FitTable = %v", err)
			}
			var scratch pipeline.Scratch
			width := max(1, tc.classes)
			for k, i := range held {
				want := m.Margins(&scratch, cells(d, int(i)))
				if tc.classes == 0 {
					want = []float32{float32(m.Value(&scratch, cells(d, int(i))))}
				}
				for class, w := range want {
					if g := got[step][k*width+class]; math.Abs(float64(g-w)) > 1e-3*(1+math.Abs(float64(w))) {
						t.Errorf("%s, C %v, row %d, class %d: margin %v, model %v", tc.learner, c, i, class, g, w)
					}
				}
			}
		}
	}
}

func TestFitTable_refuses(t *testing.T) {
	tests := []struct {
		name   string
		change func(d *pipeline.TableData, r *[]int32, s *pipeline.TableSettings)
		want   error
	}{
		{"one class among the rows", func(d *pipeline.TableData, r *[]int32, _ *pipeline.TableSettings) {
			*r = slices.DeleteFunc(*r, func(i int32) bool { return d.Y[i] == 0 })
		}, pipeline.ErrOneClass},
		{"no rows", func(_ *pipeline.TableData, r *[]int32, _ *pipeline.TableSettings) { *r = nil }, pipeline.ErrOneClass},
		{"no rows of a regression", func(d *pipeline.TableData, r *[]int32, s *pipeline.TableSettings) {
			*d, *r = rents(20, 0, 1, 1), nil
		}, tabular.ErrInvalid},
		{"unknown task", func(d *pipeline.TableData, _ *[]int32, _ *pipeline.TableSettings) { d.Task = "ranking" }, pipeline.ErrInvalid},
		{"one label", func(d *pipeline.TableData, _ *[]int32, _ *pipeline.TableSettings) { d.Labels = d.Labels[:1] }, pipeline.ErrInvalid},
		{"classes of other length", func(d *pipeline.TableData, _ *[]int32, _ *pipeline.TableSettings) { d.Y = d.Y[:5] }, pipeline.ErrInvalid},
		{"weights of other length", func(d *pipeline.TableData, _ *[]int32, _ *pipeline.TableSettings) { d.Weight = []float32{1} }, pipeline.ErrInvalid},
		{"weights of other length in a regression", func(d *pipeline.TableData, _ *[]int32, _ *pipeline.TableSettings) {
			*d = rents(20, 0, 1, 1)
			d.Weight = []float32{1}
		}, pipeline.ErrInvalid},
		{"row out of range", func(_ *pipeline.TableData, r *[]int32, _ *pipeline.TableSettings) { *r = append(*r, 20) }, pipeline.ErrInvalid},
		{"ridge for classes", func(_ *pipeline.TableData, _ *[]int32, s *pipeline.TableSettings) { s.Learner = pipeline.Ridge }, pipeline.ErrInvalid},
		{"svm for numbers", func(d *pipeline.TableData, _ *[]int32, s *pipeline.TableSettings) {
			*d = rents(20, 0, 1, 1)
			s.Learner = pipeline.SVM
		}, pipeline.ErrInvalid},
		{"balance for numbers", func(d *pipeline.TableData, _ *[]int32, s *pipeline.TableSettings) {
			*d = rents(20, 0, 1, 1)
			s.Balance = pipeline.BalanceSqrt
		}, pipeline.ErrInvalid},
		{"loss of another learner", func(_ *pipeline.TableData, _ *[]int32, s *pipeline.TableSettings) {
			s.Learner, s.Loss = pipeline.Logistic, "hinge"
		}, pipeline.ErrInvalid},
		{"unknown balance", func(_ *pipeline.TableData, _ *[]int32, s *pipeline.TableSettings) { s.Balance = "full" }, pipeline.ErrInvalid},
		{"negative cost", func(_ *pipeline.TableData, _ *[]int32, s *pipeline.TableSettings) { s.C = -1 }, pipeline.ErrInvalid},
		{"negative tolerance", func(_ *pipeline.TableData, _ *[]int32, s *pipeline.TableSettings) { s.Epsilon = -1 }, pipeline.ErrInvalid},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			d, r, s := rents(20, 2, 1, 1), rows(20), pipeline.TableSettings{}
			tc.change(&d, &r, &s)
			if _, err := pipeline.FitTable(t.Context(), d, r, s, 1); !errors.Is(err, tc.want) {
				t.Errorf("FitTable = %v, want %v", err, tc.want)
			}
			if _, err := pipeline.TableMargins(t.Context(), d, r, rows(2), s, []float64{1}, 1); !errors.Is(err, tc.want) {
				t.Errorf("TableMargins = %v, want %v", err, tc.want)
			}
		})
	}
	t.Run("path that falls", func(t *testing.T) {
		for _, path := range [][]float64{nil, {1, .5}, {0, 1}} {
			if _, err := pipeline.TableMargins(t.Context(), rents(20, 0, 1, 1), rows(20), rows(2), pipeline.TableSettings{}, path, 1); !errors.Is(err, pipeline.ErrInvalid) {
				t.Errorf("TableMargins over %v = %v, want ErrInvalid", path, err)
			}
		}
	})
	t.Run("context ended", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := pipeline.FitTable(ctx, rents(20, 0, 1, 1), rows(20), pipeline.TableSettings{}, 1); !errors.Is(err, context.Canceled) {
			t.Errorf("FitTable = %v, want context.Canceled", err)
		}
	})
}

func TestTableModel_allocatesNothingWarm(t *testing.T) {
	for _, classes := range []int{0, 2, 3} {
		d := rents(100, classes, 1, 1)
		m := fitTable(t, d, pipeline.TableSettings{})
		var inputs []pipeline.Input
		for i := range 50 {
			inputs = append(inputs, cells(d, i))
		}
		var s pipeline.Scratch
		set := make([]int32, 0, 3)
		run := func() {
			for _, in := range inputs {
				m.Value(&s, in)
				m.Set(set, m.Scores(&s, in), .9)
			}
		}
		run()
		if got := testing.AllocsPerRun(20, run); got != 0 {
			t.Errorf("%d classes: answers allocate %v times when warm, want 0", classes, got)
		}
	}
}

func TestTableModel_isSafeForConcurrentUse(t *testing.T) {
	d := rents(100, 3, 1, 1)
	m := fitTable(t, d, pipeline.TableSettings{})
	var want [][]float32
	var s pipeline.Scratch
	for i := range d.Y {
		want = append(want, slices.Clone(m.Scores(&s, cells(d, i))))
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			var s pipeline.Scratch
			for i := range d.Y {
				if got := m.Scores(&s, cells(d, i)); !slices.Equal(got, want[i]) {
					t.Errorf("Scores of row %d = %v, want %v", i, got, want[i])
				}
			}
		})
	}
	wg.Wait()
}

// Cells no training row had: what is absurd must not become an answer that is
// no number.
func TestTableModel_strangeCells(t *testing.T) {
	strange := []string{"", "NA", "1e308", "-1e308", "NaN", "inf", "1,5", "Atlantis", "\xff", "  Riga  "}
	for _, classes := range []int{0, 2, 3} {
		for _, shape := range []tabular.Shape{tabular.Plain, tabular.Curved, tabular.Binned} {
			m := fitTable(t, rents(100, classes, 1, 1), pipeline.TableSettings{Options: tabular.Options{Shape: shape}})
			var s pipeline.Scratch
			for _, cell := range strange {
				in := pipeline.Input{Text: "not read", Cells: map[string]string{"area": cell, "town": cell, "unknown": cell}}
				for _, p := range m.Scores(&s, in) {
					if !(p >= 0 && p <= 1) {
						t.Errorf("%s: Scores(%q) hold %v", shape, cell, p)
					}
				}
				if v := m.Value(&s, in); math.IsNaN(v) {
					t.Errorf("%s: Value(%q) = %v", shape, cell, v)
				}
			}
		}
	}
}

func TestTableModel_roundTrip(t *testing.T) {
	for _, classes := range []int{0, 2, 3} {
		d := rents(200, classes, 1, 1)
		m := calibrated(t, d, fitTable(t, d, pipeline.TableSettings{}))
		data, err := m.Encode(map[string]string{"dataset_sha256": "0123"})
		if err != nil {
			t.Fatalf("Encode = %v", err)
		}
		again, err := pipeline.Open(data)
		if err != nil {
			t.Fatalf("Open = %v", err)
		}
		var s, z pipeline.Scratch
		for i := range 50 {
			in := cells(d, i)
			got, want := again.Scores(&s, in), m.Scores(&z, in)
			if !slices.Equal(got, want) || !slices.Equal(again.Set(nil, got, .9), m.Set(nil, want, .9)) || again.Value(&s, in) != m.Value(&z, in) {
				t.Errorf("row %d: %v after a round trip, want %v", i, got, want)
			}
		}
		if want := []string{"area", "town", "storey", "about"}; !slices.Equal(again.Columns(), want) {
			t.Errorf("Columns() = %q, want %q", again.Columns(), want)
		}
		back := again.(*pipeline.TableModel)
		if back.Settings() != fitTable(t, d, pipeline.TableSettings{}).Settings() || back.Encoder().Columns()[1].Kind != tabular.Category {
			t.Errorf("Settings() = %+v, columns %+v", back.Settings(), back.Encoder().Columns())
		}
		if again.Bytes() <= 0 || again.Manifest().Documents != 200 {
			t.Errorf("Bytes() = %d, manifest %+v", again.Bytes(), again.Manifest())
		}
		if rewritten, err := again.Encode(nil); err != nil || !bytes.Equal(rewritten, data) {
			t.Errorf("%d classes: a read model writes another file (%v)", classes, err)
		}
	}
}

func TestOpen_refusesTables(t *testing.T) {
	nan := math.NaN()
	type file struct {
		metadata map[string]string
		tensors  []artifact.Tensor
	}
	put := func(tensor artifact.Tensor) func(*file) {
		return func(f *file) {
			at := slices.IndexFunc(f.tensors, func(t artifact.Tensor) bool { return t.Name == tensor.Name })
			f.tensors[at] = tensor
		}
	}
	set := func(key, value string) func(*file) { return func(f *file) { f.metadata[key] = value } }
	tests := []struct {
		name   string
		change func(*file)
		want   error
	}{
		{"another format", set("format", "pt"), artifact.ErrCorrupt},
		{"the format of texts", set("format", "godwit-linear-text"), artifact.ErrCorrupt},
		{"newer format", set("format_version", "3"), artifact.ErrFuture},
		{"the task of texts", set("task", "text-classification"), artifact.ErrCorrupt},
		{"labels of a regression", set("task", "table-regression"), artifact.ErrCorrupt},
		{"no labels", set("labels", "null"), artifact.ErrCorrupt},
		{"another learner", set("settings", `{"learner":"ridge"}`), artifact.ErrCorrupt},
		{"other options", set("settings", `{"learner":"svm","loss":"hinge","c":1,"epsilon":1}`), artifact.ErrCorrupt},
		{"features wrong", set("features", "7"), artifact.ErrCorrupt},
		{"weights wrong", set("weights", "7"), artifact.ErrCorrupt},
		{"bias missing", put(artifact.FromFloat64s("bias", nil, []float64{0})), artifact.ErrCorrupt},
		{"bias not a number", put(artifact.FromFloat64s("bias", nil, []float64{0, nan, 0})), artifact.ErrCorrupt},
		{"weights of texts", put(artifact.FromFloat16s("weights.value", nil, []uint16{1})), artifact.ErrCorrupt},
		{"weight not a number", func(f *file) { edit(f.tensors, "weights.value", 3, 0x7f); edit(f.tensors, "weights.value", 2, 0x80) }, artifact.ErrCorrupt},
		{"problem out of range", func(f *file) { edit(f.tensors, "weights.class", 0, 3) }, artifact.ErrCorrupt},
		{"counts of rows missing", put(artifact.FromUint32s("features.rows", nil, []uint32{9})), artifact.ErrCorrupt},
		{"columns not JSON", put(artifact.FromBytes("table.columns", nil, []byte("["))), artifact.ErrCorrupt},
		{"calibration of other classes", put(artifact.FromFloat64s("calibration.temperature", nil, []float64{1, 2})), artifact.ErrCorrupt},
	}
	data, err := fitTable(t, rents(100, 3, 1, 1), pipeline.TableSettings{}).Encode(nil)
	if err != nil {
		t.Fatalf("Encode = %v", err)
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			whole, err := artifact.Decode(slices.Clone(data), artifact.Limits{})
			if err != nil {
				t.Fatalf("artifact.Decode = %v", err)
			}
			f := file{whole.Metadata, whole.Tensors()}
			tc.change(&f)
			changed, err := artifact.Encode(f.metadata, f.tensors)
			if err != nil {
				t.Fatalf("artifact.Encode = %v", err)
			}
			p, err := pipeline.Open(changed)
			if !errors.Is(err, tc.want) || p != nil {
				t.Errorf("Open = %v, %v, want nil, %v", p, err, tc.want)
			}
		})
	}
}
