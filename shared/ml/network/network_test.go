package network_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image/png"
	"math"
	"slices"
	"strings"
	"testing"

	"godwit/shared/ml/artifact"
	"godwit/shared/ml/calibrate"
	"godwit/shared/ml/image"
	"godwit/shared/ml/image/imagetest"
	"godwit/shared/ml/network"
	"godwit/shared/ml/neural"
	"godwit/shared/ml/neural/optim"
	"godwit/shared/ml/neural/weights"
	"godwit/shared/ml/pipeline"
)

// pictures returns n pictures of each shape.
func pictures(t testing.TB, n, side int, seed uint64) network.Rows {
	t.Helper()
	set, err := image.Read(t.Context(), bytes.NewReader(imagetest.Zip(n, side, seed)), image.Options{Width: side, Height: side, Channels: 1})
	if err != nil {
		t.Fatal(err)
	}
	return network.Rows{Shape: set.Shape, Pixels: set.Pixels, Y: set.Y, Labels: set.Labels}
}

// sentences returns n texts of two classes.
func sentences(n int) network.Rows {
	r := network.Rows{Labels: []string{"blame", "praise"}}
	for i := range n {
		words := [][]string{{"bad", "awful"}, {"good", "lovely"}}[i%2]
		r.Texts = append(r.Texts, fmt.Sprintf("the soup was %s and %s", words[i/2%2], []string{"hot", "cold"}[i/4%2]))
		r.Y = append(r.Y, int32(i%2))
	}
	return r
}

// trained trains a network on rows.
func trained(t testing.TB, s neural.Settings, rows network.Rows) network.Model {
	t.Helper()
	run, err := network.Start(s, rows)
	if err != nil {
		t.Fatal(err)
	}
	if err := run.Train(context.Background(), 2, nil); err != nil {
		t.Fatal(err)
	}
	m, err := run.Model()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// input returns a row as a caller sends it.
func input(r network.Rows, i int) pipeline.Input {
	if r.Texts != nil {
		return pipeline.Input{Text: r.Texts[i]}
	}
	size := r.Shape.Size()
	return pipeline.Input{Pixels: r.Pixels[i*size:][:size]}
}

// kinds are a network of each kind and the rows it learned from.
func kinds(t *testing.T) map[string]struct {
	network.Model
	rows network.Rows
} {
	images, texts := pictures(t, 12, 16, 1), sentences(40)
	return map[string]struct {
		network.Model
		rows network.Rows
	}{
		pipeline.CNN: {trained(t, neural.Settings{Epochs: 6, Batch: 8}, images), images},
		pipeline.RNN: {trained(t, neural.Settings{Epochs: 12, Batch: 8, Optimizer: optim.Settings{Rate: .02}, Text: neural.TextSettings{Units: 8, Width: 8}}, texts), texts},
	}
}

// A network is a Predictor: it answers with calibrated scores, and its file
// answers the same.
func TestModel(t *testing.T) {
	for algorithm, k := range kinds(t) {
		t.Run(algorithm, func(t *testing.T) {
			classes := len(k.rows.Labels)
			margins := k.Margins(k.rows, 2)
			if one := k.Margins(k.rows, 1); !slices.Equal(one, margins) {
				t.Error("Margins() depends on the number of goroutines")
			}
			c := calibrate.Calibration{Kind: calibrate.KindTemperature, T: 2}
			m := k.With(c, calibrate.NewConformal(c.ApplyAll(margins, classes), k.rows.Y, classes))
			data, err := m.Encode(map[string]string{"dataset_sha256": "abc"})
			if err != nil {
				t.Fatal(err)
			}
			again, err := network.Open(data)
			if err != nil {
				t.Fatal(err)
			}
			var s, z pipeline.Scratch
			want := make([]float32, classes)
			for i := range k.rows.Y {
				scores := m.Scores(&s, input(k.rows, i))
				if got := again.Scores(&z, input(k.rows, i)); !slices.Equal(got, scores) {
					t.Fatalf("row %d: the file answers %v, the model %v", i, got, scores)
				}
				c.Apply(want, margins[i*classes:(i+1)*classes])
				if !slices.Equal(scores, want) {
					t.Fatalf("row %d: Scores() = %v, want %v, the margins calibrated", i, scores, want)
				}
			}
			about := again.Manifest()
			if about.Algorithm != algorithm || about.Task != m.Task() || about.Temperature != 2 || about.ConformalRows != int64(len(k.rows.Y)) ||
				about.Extra["dataset_sha256"] != "abc" || about.Network == nil || about.Weights == 0 || !slices.Equal(about.Labels, k.rows.Labels) {
				t.Errorf("Manifest() = %+v", about)
			}
			if got := again.Set(nil, want, .9); len(got) == 0 || len(got) > classes {
				t.Errorf("Set() = %v", got)
			}
			if _, _, ok := again.Interval(1, .9); ok || again.Value(&s, pipeline.Input{}) != 0 || again.Columns() != nil || len(again.TopFeatures(3)) != 0 || again.Bytes() == 0 {
				t.Error("a network has intervals, values, columns or top features, or weighs nothing")
			}
		})
	}
}

// One scratch serves models of both kinds in turn.
func TestModel_scratch(t *testing.T) {
	both := kinds(t)
	var s pipeline.Scratch
	for range 2 {
		for algorithm, k := range both {
			var fresh pipeline.Scratch
			want := slices.Clone(k.Scores(&fresh, input(k.rows, 0)))
			if got := k.Scores(&s, input(k.rows, 0)); !slices.Equal(got, want) {
				t.Errorf("%s: Scores() = %v with a used scratch, want %v", algorithm, got, want)
			}
		}
	}
}

func TestModel_Explain(t *testing.T) {
	both := kinds(t)
	in := pipeline.Input{Text: "the soup was lovely and hot"}
	e := both[pipeline.RNN].Explain(nil, in, 1)
	sum, best := e.Baseline+e.Rest, pipeline.Span{}
	for _, s := range e.Spans {
		sum += s.Weight
		if s.Weight > best.Weight {
			best = s
		}
	}
	if math.Abs(sum-e.Margin) > 1e-9*max(1, math.Abs(e.Margin)) || best.Text != "lovely" || e.Method != pipeline.MethodOcclusion {
		t.Errorf("Explain(%q) = %+v, want a sum of %v of which lovely has most", in.Text, e, e.Margin)
	}
	for _, tc := range []struct {
		side   int
		method string
	}{{16, pipeline.MethodOcclusion}, {40, pipeline.MethodGradient}} {
		rows := pictures(t, 2, tc.side, 5)
		m := trained(t, neural.Settings{Epochs: 1}, rows)
		e := m.Explain(nil, input(rows, 0), 2)
		if e.Method != tc.method || e.Image == nil || e.Image.Width != tc.side || e.Image.Height != tc.side {
			t.Fatalf("Explain() of %d pixels = %+v", tc.side, e)
		}
		picture, err := png.Decode(bytes.NewReader(e.Image.PNG))
		if err != nil || picture.Bounds().Dx() != tc.side {
			t.Errorf("the picture is %v, %v", picture, err)
		}
	}
}

// A rounded model answers as its smaller file will.
func TestModel_Round(t *testing.T) {
	for algorithm, k := range kinds(t) {
		whole, err := k.Encode(nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range []weights.Rounding{weights.Float16, weights.Int8} {
			m, err := k.Round(r)
			if err != nil {
				t.Fatal(err)
			}
			data, err := m.Encode(nil)
			if err != nil {
				t.Fatal(err)
			}
			if len(data) >= len(whole) {
				t.Errorf("%s, %s: %d bytes, %d whole", algorithm, r, len(data), len(whole))
			}
			again, err := network.Open(data)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := again.Margins(k.rows, 1), m.Margins(k.rows, 1); !slices.Equal(got, want) || again.Manifest().Rounding != string(r) {
				t.Errorf("%s, %s: the file's margins are not the model's", algorithm, r)
			}
		}
		if _, err := k.Round("int3"); err == nil {
			t.Errorf("%s: Round(int3) does not fail", algorithm)
		}
	}
}

// A run that is stopped and taken up comes to the same bytes.
func TestResume(t *testing.T) {
	rows := sentences(40)
	s := neural.Settings{Epochs: 6, Batch: 8, Text: neural.TextSettings{Units: 8, Width: 8}}
	want, err := trained(t, s, rows).Encode(nil)
	if err != nil {
		t.Fatal(err)
	}
	run, err := network.Start(s, rows)
	if err != nil {
		t.Fatal(err)
	}
	stop := errors.New("stop")
	for !run.Done() {
		ctx, cancel := context.WithCancelCause(t.Context())
		if err := run.Train(ctx, 2, func(neural.Epoch) { cancel(stop) }); err != nil && !errors.Is(err, stop) {
			t.Fatal(err)
		}
		state, err := run.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if run, err = network.Resume(state, s, rows); err != nil {
			t.Fatal(err)
		}
	}
	m, err := run.Model()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := m.Encode(nil); err != nil || !bytes.Equal(got, want) {
		t.Errorf("stopped after each epoch: another model, %v", err)
	}
	state, err := run.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := network.Resume(state, s, sentences(38)); err == nil {
		t.Error("Resume() on other rows does not fail")
	}
}

func TestOpen_refuses(t *testing.T) {
	m := trained(t, neural.Settings{Epochs: 1}, pictures(t, 2, 16, 1))
	good, err := m.Encode(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name string
		data []byte
		want error
	}{
		{"nothing", nil, artifact.ErrTruncated},
		{"cut short", good[:len(good)-9], artifact.ErrTruncated},
		{"another format", []byte(strings.Replace(string(good), neural.FormatImage, "godwit-neural-imagf", 1)), artifact.ErrCorrupt},
		{"another calibration", []byte(strings.Replace(string(good), "calibration", "calibratiox", 1)), artifact.ErrCorrupt},
	} {
		if _, err := network.Open(tc.data); !errors.Is(err, tc.want) {
			t.Errorf("%s: Open() = %v, want %v", tc.name, err, tc.want)
		}
	}
	if _, err := m.With(calibrate.Calibration{T: -1}, calibrate.Conformal{}).Encode(nil); !errors.Is(err, pipeline.ErrInvalid) {
		t.Errorf("Encode() with a temperature of -1 = %v, want ErrInvalid", err)
	}
}

func TestRows_Only(t *testing.T) {
	for _, rows := range []network.Rows{pictures(t, 2, 12, 1), sentences(8)} {
		some := rows.Only([]int32{5, 0})
		if some.Len() != 2 || some.Y[0] != rows.Y[5] || fmt.Sprint(input(some, 1)) != fmt.Sprint(input(rows, 0)) {
			t.Errorf("Only(5, 0) = %+v", some)
		}
	}
}

func TestWork(t *testing.T) {
	few, err := network.Work(neural.Settings{Text: neural.TextSettings{Units: 8}}, sentences(8))
	if err != nil {
		t.Fatal(err)
	}
	many, err := network.Work(neural.Settings{Text: neural.TextSettings{Units: 16}}, sentences(8))
	if err != nil || many <= few {
		t.Errorf("Work() = %v, %v with 16 units, %v with 8", many, err, few)
	}
}
