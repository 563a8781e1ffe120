package neural_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"godwit/shared/ml/artifact"
	"godwit/shared/ml/neural"
	"godwit/shared/ml/neural/optim"
)

// TestRun_learns holds that each kind of network learns what it should be able
// to: bars by their direction, words by their order.
func TestRun_learns(t *testing.T) {
	for n, tc := range tasks() {
		t.Run(tc.name, func(t *testing.T) {
			r := finished[n]()
			epochs := r.History()
			if len(epochs) != tc.set.Epochs || !r.Done() {
				t.Fatalf("%d epochs, done: %t; want %d", len(epochs), r.Done(), tc.set.Epochs)
			}
			if first, last := epochs[0].Loss, epochs[len(epochs)-1].Loss; last > first {
				t.Errorf("loss rises from %g to %g", first, last)
			}
			for i, e := range epochs {
				if (e.Validation != nil) != (tc.validation != nil) || i > 0 && tc.validation == nil && e.Best {
					t.Errorf("epoch %d = %+v, want validation where there are rows for it", e.Epoch, e)
				}
			}
			if tc.validation != nil {
				best := 0.0
				for _, e := range epochs {
					best = max(best, e.Validation.Accuracy)
				}
				if best < .9 {
					t.Errorf("best accuracy %g, want at least .9\n%s", best, told(epochs))
				}
			}
		})
	}
}

// TestRun_workers holds the promise of equal bits on any number of goroutines.
func TestRun_workers(t *testing.T) {
	for _, tc := range tasks() {
		t.Run(tc.name, func(t *testing.T) {
			tc.set.Epochs = 2
			var epochs []neural.Epoch
			one, many := tc.trained(t, 1), tc.start(t)
			if err := many.Train(t.Context(), 7, func(e neural.Epoch) { epochs = append(epochs, e) }); err != nil {
				t.Fatal(err)
			}
			if told(epochs) != told(many.History()) {
				t.Errorf("progress tells another story than the history:\n%s%s", told(epochs), told(many.History()))
			}
			if told(one.History()) != told(many.History()) {
				t.Errorf("losses differ:\n%s%s", told(one.History()), told(many.History()))
			}
			if !bytes.Equal(encoded(t, one), encoded(t, many)) {
				t.Error("models differ")
			}
		})
	}
}

// TestRun_resume stops a training at several steps, carries it over as a file
// each time, and wants what comes of one that was never stopped.
func TestRun_resume(t *testing.T) {
	for _, tc := range tasks() {
		t.Run(tc.name, func(t *testing.T) {
			tc.set.Epochs = 2
			whole := tc.trained(t, 2)
			r := tc.start(t)
			stops := 0
			for {
				err := r.Train(&countdown{t.Context(), 7}, 2, nil)
				if err == nil {
					break
				}
				if !errors.Is(err, errStopped) {
					t.Fatalf("Train = %v, want the cause of the context", err)
				}
				stops++
				state, err := r.Encode()
				if err != nil {
					t.Fatal(err)
				}
				if r, err = neural.Resume(state, tc.train, tc.validation); err != nil {
					t.Fatalf("Resume = %v", err)
				}
				again, err := r.Encode()
				if err != nil || !bytes.Equal(again, state) {
					t.Fatalf("the state differs after Resume (%v)", err)
				}
			}
			if stops < 2 {
				t.Fatalf("stopped %d times, want more", stops)
			}
			if told(r.History()) != told(whole.History()) || !bytes.Equal(encoded(t, r), encoded(t, whole)) {
				t.Error("what came of the stopped run differs")
			}
		})
	}
}

// TestRun_patience wants training to end when validation gets worse, and the
// best epoch's model.
func TestRun_patience(t *testing.T) {
	train, validation := bars(60, 8, 1, 1), bars(60, 8, 1, 2)
	for i := range train.Labels {
		train.Labels[i] = int32(i % 3) // nothing to be learned but by heart
	}
	tc := task{"", neural.Settings{Epochs: 60, Batch: 10, Patience: 2, Optimizer: optim.Settings{Rate: .005}}, train, validation}
	r := tc.trained(t, 2)
	history := r.History()
	best := 0
	for i, e := range history {
		if e.Validation.Loss < history[best].Validation.Loss {
			best = i
		}
	}
	if len(history) != best+1+2 || !history[best].Best {
		t.Fatalf("%d epochs, the best is %d, want the end two later:\n%s", len(history), best+1, told(history))
	}
	tc.set.Epochs, tc.set.Patience = best+1, 0
	short := tc.trained(t, 1)
	var s neural.Scratch
	a, _ := r.Image()
	b, _ := short.Image()
	pixels := validation.Pixels[:5*a.Size()]
	want := append([]float32{}, b.Scores(&s, pixels)...)
	for i, got := range a.Scores(&s, pixels) {
		if got != want[i] {
			t.Fatalf("score %d = %g, want %g, that of the best epoch", i, got, want[i])
		}
	}
}

// TestRun_balance holds that rare classes count more.
func TestRun_balance(t *testing.T) {
	d := bars(200, 8, 1, 3)
	for i := range d.Labels { // noise only, one row in ten of class 0
		d.Labels[i] = 1
		if i%10 == 0 {
			d.Labels[i] = 0
		}
	}
	mean := func(balance bool) float64 {
		r := task{"", neural.Settings{Epochs: 2, Balance: balance, Optimizer: optim.Settings{Method: optim.SGD, Rate: .1}}, d, nil}.trained(t, 2)
		m, _ := r.Image()
		var s neural.Scratch
		sum := 0.0
		for i, p := range m.Scores(&s, d.Pixels) {
			if i%3 == 0 {
				sum += float64(p) / float64(d.Len())
			}
		}
		return sum
	}
	if plain, balanced := mean(false), mean(true); plain > .25 || balanced < .35 {
		t.Errorf("mean score of the rare class = %.2f, balanced %.2f; want near .1 and near .5", plain, balanced)
	}
}

func TestStart_refuses(t *testing.T) {
	images := func(change func(d *neural.Images)) *neural.Images {
		d := bars(6, 8, 1, 1)
		change(d)
		return d
	}
	words := func(change func(d *neural.Texts)) *neural.Texts {
		d := texts(20, 1, nil)
		change(d)
		return d
	}
	good := images(func(*neural.Images) {})
	tests := []struct {
		name              string
		set               neural.Settings
		train, validation neural.Data
		want              string // part of the message
	}{
		{"pixels missing", neural.Settings{}, images(func(d *neural.Images) { d.Pixels = d.Pixels[1:] }), nil, "383 bytes of pixels"},
		{"too small", neural.Settings{}, &neural.Images{Width: 4, Height: 9, Channels: 1}, nil, "resize"},
		{"no rows", neural.Settings{}, images(func(d *neural.Images) { d.Pixels, d.Labels = nil, nil }), nil, "no rows"},
		{"one class", neural.Settings{}, images(func(d *neural.Images) { d.Classes = d.Classes[:1] }), nil, "1 classes"},
		{"class twice", neural.Settings{}, images(func(d *neural.Images) { d.Classes = []string{"a", "b", "a"} }), nil, "named twice"},
		{"label out of range", neural.Settings{}, images(func(d *neural.Images) { d.Labels[4] = 3 }), nil, "row 4: label 3"},
		{"token out of range", neural.Settings{}, words(func(d *neural.Texts) { d.Tokens[2][0] = 1000 }), nil, "row 2: token 1000"},
		{"empty text", neural.Settings{}, words(func(d *neural.Texts) { d.Tokens[3] = nil }), nil, "row 3: no tokens"},
		{"no vocabulary", neural.Settings{}, words(func(d *neural.Texts) { d.Vocabulary = nil }), nil, "vocabulary given: false"},
		{"validation bad", neural.Settings{}, good, images(func(d *neural.Images) { d.Labels[0] = -1 }), "validation: "},
		{"validation of another kind", neural.Settings{}, good, texts(20, 1, nil), "other classes"},
		{"epochs", neural.Settings{Epochs: -1}, good, nil, "epochs is -1"},
		{"batch", neural.Settings{Batch: 1 << 20}, good, nil, "batch is"},
		{"dropout", neural.Settings{Dropout: 1}, good, nil, "dropout is 1"},
		{"smoothing", neural.Settings{Smoothing: math.NaN()}, good, nil, "smoothing is NaN"},
		{"average", neural.Settings{Average: 1.5}, good, nil, "average is 1.5"},
		{"architecture", neural.Settings{Image: neural.ImageSettings{Architecture: "vgg"}}, good, nil, `"vgg"`},
		{"cell", neural.Settings{Text: neural.TextSettings{Cell: "rnn"}}, texts(20, 1, nil), nil, `"rnn"`},
		{"pooling", neural.Settings{Text: neural.TextSettings{Pooling: "min"}}, texts(20, 1, nil), nil, `"min"`},
		{"optimizer", neural.Settings{Optimizer: optim.Settings{Method: "lbfgs"}}, good, nil, `"lbfgs"`},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			_, err := neural.Start(tc.set, tc.train, tc.validation)
			if _, ok := errors.AsType[*neural.InputError](err); !ok || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("Start = %v, want an *InputError with %q", err, tc.want)
			}
		})
	}
}

// TestTrain_diverges goes on with weights that have become infinite.
func TestTrain_diverges(t *testing.T) {
	train := bars(200, 8, 1, 1)
	r := task{"", neural.Settings{}, train, nil}.start(t)
	state, err := r.Encode()
	if err != nil {
		t.Fatal(err)
	}
	f, err := artifact.Decode(slices.Clone(state), artifact.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	weights, _ := f.Tensor("value/dense2.weight")
	binary.LittleEndian.PutUint32(weights.Data, math.Float32bits(float32(math.Inf(1))))
	if state, err = artifact.Encode(f.Metadata, f.Tensors()); err != nil {
		t.Fatal(err)
	}
	if r, err = neural.Resume(state, train, nil); err != nil {
		t.Fatal(err)
	}
	err = r.Train(t.Context(), 1, nil)
	if _, ok := errors.AsType[*neural.InputError](err); !ok || !strings.Contains(err.Error(), "rate") {
		t.Errorf("Train = %v, want an *InputError that names the rate", err)
	}
}

func TestResume_refuses(t *testing.T) {
	tc := tasks()[0]
	r := tc.start(t)
	_ = r.Train(&countdown{t.Context(), 10}, 1, nil)
	state, err := r.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := neural.Resume(state, bars(300, 12, 1, 9), tc.validation); err == nil || !strings.Contains(err.Error(), "other rows") {
		t.Errorf("Resume on other rows = %v, want a refusal", err)
	}
	if _, err := neural.Resume(state, tc.train, nil); err == nil {
		t.Error("Resume without the validation rows succeeds")
	}
	for name, data := range map[string][]byte{"nothing": nil, "cut": state[:len(state)-1], "a model": encoded(t, r)} {
		if _, err := neural.Resume(data, tc.train, tc.validation); err == nil {
			t.Errorf("Resume of %s succeeds", name)
		} else if _, ok := errors.AsType[*artifact.Error](err); !ok {
			t.Errorf("Resume of %s = %v, want an *artifact.Error", name, err)
		}
	}
}

// FuzzResume wants an error or a run that goes on, whatever the bytes.
func FuzzResume(f *testing.F) {
	v := texts(12, 1, nil)
	r := task{"", neural.Settings{Epochs: 2, Batch: 4, Text: neural.TextSettings{Units: 2, Width: 2}}, v, v}.start(f)
	for range 3 {
		state, err := r.Encode()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(state)
		_ = r.Train(&countdown{f.Context(), 2}, 1, nil) // two steps on
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := neural.Resume(data, v, v)
		if err != nil {
			return
		}
		_ = r.Train(&countdown{t.Context(), 1}, 1, nil)
		if _, err := r.Encode(); err != nil {
			t.Errorf("Encode of a run that went on = %v", err)
		}
	})
}
