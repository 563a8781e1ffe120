package pipeline_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"godwit/shared/ml/artifact"
	"godwit/shared/ml/calibrate"
	"godwit/shared/ml/pipeline"
	"godwit/shared/ml/text"
)

// recorded is an answer that a frozen file gave when it was new.
type recorded struct {
	Document string
	Cells    map[string]string
	Scores   []float32
	Value    float64
	Set      []int32   // at a coverage of .8
	Interval []float64 // likewise, of a regression that has any
}

// frozen are the files of testdata, each with its answers beside it. They were
// written when their format was new and are never written again: whatever
// changes, they must load and answer as they did. arm64 may round the last bits
// differently.
var frozen = []struct {
	name    string
	rewrite bool // writing it again changes nothing: it is of the newest version
}{
	{"v1", false},
	{"v2", true},
	{"v2-hashed", true},
	{"table-v1-classes", false},
	{"table-v1-numbers", false},
	{"table-v2-classes", true},
	{"table-v2-numbers", true},
}

func TestOpen_frozen(t *testing.T) {
	for _, tc := range frozen {
		t.Run(tc.name, func(t *testing.T) {
			data, err := os.ReadFile("testdata/" + tc.name + ".safetensors")
			if err != nil {
				t.Fatal(err)
			}
			p, err := pipeline.Open(data)
			if err != nil {
				t.Fatalf("Open = %v", err)
			}
			raw, err := os.ReadFile("testdata/" + tc.name + ".json")
			if err != nil {
				t.Fatal(err)
			}
			var want []recorded
			if err := json.Unmarshal(raw, &want); err != nil || len(want) == 0 {
				t.Fatalf("recorded answers: %d, %v", len(want), err)
			}
			checkRecorded(t, p, want)
			again, err := p.Encode(nil)
			if err != nil || tc.rewrite && !bytes.Equal(again, data) {
				t.Fatalf("writing the file again changes it (%v)", err)
			}
			if p, err = pipeline.Open(again); err != nil {
				t.Fatalf("Open of what was written again = %v", err)
			}
			checkRecorded(t, p, want)
		})
	}
}

// checkRecorded holds a model against recorded answers.
func checkRecorded(t *testing.T, p pipeline.Predictor, want []recorded) {
	t.Helper()
	var s pipeline.Scratch
	for _, w := range want {
		in := pipeline.Input{Text: w.Document, Cells: w.Cells}
		got := p.Scores(&s, in)
		close := func(a, b float32) bool { return math.Abs(float64(a-b)) <= 1e-6 }
		if !slices.EqualFunc(got, w.Scores, close) {
			t.Errorf("Scores(%+v) = %v, want %v", in, got, w.Scores)
		}
		if w.Set != nil {
			if set := p.Set(nil, got, .8); !slices.Equal(set, w.Set) {
				t.Errorf("Set(%+v) = %v, want %v", in, set, w.Set)
			}
		}
		v := p.Value(&s, in)
		if math.Abs(v-w.Value) > 1e-9*max(1, math.Abs(w.Value)) {
			t.Errorf("Value(%+v) = %v, want %v", in, v, w.Value)
		}
		low, high, ok := p.Interval(v, .8)
		if ok != (w.Interval != nil) || ok && math.Abs(low-w.Interval[0])+math.Abs(high-w.Interval[1]) > 1e-9*max(1, math.Abs(w.Value)) {
			t.Errorf("Interval(%v, .8) = %v, %v, %v, want %v", v, low, high, ok, w.Interval)
		}
		checkSum(t, p, in, 0)
	}
}

// Version 1 does not say of how many documents its terms are: none may be told.
func TestTopFeatures_ofV1(t *testing.T) {
	data, err := os.ReadFile("testdata/v1.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	p, err := pipeline.Open(data)
	if err != nil {
		t.Fatalf("Open = %v", err)
	}
	for _, c := range p.TopFeatures(10) {
		if len(c.For)+len(c.Against) != 0 {
			t.Errorf("TopFeatures tells %+v", c)
		}
	}
}

// What version 1 said of its temperature and version 2 does not is checked.
func TestOpen_refusesV1(t *testing.T) {
	data, err := os.ReadFile("testdata/v1.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	for _, temperature := range []string{"0", "-1", "Inf", "NaN", "5e-324", ""} {
		f, err := artifact.Decode(slices.Clone(data), artifact.Limits{})
		if err != nil {
			t.Fatalf("artifact.Decode = %v", err)
		}
		f.Metadata["temperature"] = temperature
		changed, err := artifact.Encode(f.Metadata, f.Tensors())
		if err != nil {
			t.Fatalf("artifact.Encode = %v", err)
		}
		if _, err := pipeline.Open(changed); !errors.Is(err, artifact.ErrCorrupt) {
			t.Errorf("Open with temperature %q = %v, want ErrCorrupt", temperature, err)
		}
	}
}

func FuzzOpen(f *testing.F) {
	for _, tc := range frozen {
		data, err := os.ReadFile("testdata/" + tc.name + ".safetensors")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add(encode(f, fit(f, 30, 2, pipeline.Settings{Recipe: text.Word()})))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := pipeline.Open(data)
		if err != nil {
			return
		}
		// What was accepted must be safe to use and write itself back.
		in := pipeline.Input{Text: "my card is ﬁne 卡片", Cells: map[string]string{}}
		for _, name := range p.Columns() {
			in.Cells[name] = "1e300"
		}
		var s pipeline.Scratch
		p.Set(nil, p.Scores(&s, in), .9)
		p.Interval(p.Value(&s, in), .9)
		p.Explain(&s, in, 0)
		p.TopFeatures(3)
		p.Bytes()
		p.With(calibrate.Calibration{}, calibrate.Conformal{}).Scores(&s, pipeline.Input{})
		if _, err := p.Encode(nil); err != nil && !strings.Contains(err.Error(), "too_large") {
			t.Errorf("Encode of an accepted model = %v", err)
		}
	})
}
