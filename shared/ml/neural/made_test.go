package neural_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"godwit/shared/ml/neural"
	"godwit/shared/ml/neural/optim"
	"godwit/shared/ml/neural/random"
	"godwit/shared/ml/neural/recurrent"
	"godwit/shared/ml/text"
)

// bars makes images of noise with a bright bar: across, upright or none, by
// class.
func bars(rows, side, channels int, seed uint64) *neural.Images {
	chance := random.FromSeed(seed)
	d := &neural.Images{Width: side, Height: side, Channels: channels, Classes: []string{"across", "upright", "none"}}
	for i := range rows {
		key := chance.Split(uint64(i))
		class, at := int32(key.Below(0, 3)), key.Below(1, side)
		for p := range channels * side * side {
			y, x := p/side%side, p%side
			v := 100 * key.Float(uint64(p+2))
			if class == 0 && y == at || class == 1 && x == at {
				v += 150
			}
			d.Pixels = append(d.Pixels, uint8(v))
		}
		d.Labels = append(d.Labels, class)
	}
	return d
}

// orders makes documents of letters in which A comes before B or after it, by
// class: what a network must read in order to tell.
func orders(rows int, seed uint64) (documents []string, labels []int32) {
	chance := random.FromSeed(seed)
	for i := range rows {
		key := chance.Split(uint64(i))
		class, length := key.Below(0, 2), 2+key.Below(1, 6)
		words := make([]string, length)
		for j := range words {
			words[j] = string(rune('c' + key.Below(uint64(j+4), 5)))
		}
		first := key.Below(2, length-1)
		second := first + 1 + key.Below(3, length-1-first)
		words[first], words[second] = "Alpha", "BETA"
		if class == 1 {
			words[first], words[second] = "beta", "alpha"
		}
		documents = append(documents, strings.Join(words, " "))
		labels = append(labels, int32(class))
	}
	return documents, labels
}

// texts makes data of orders.
func texts(rows int, seed uint64, v *neural.Vocabulary) *neural.Texts {
	documents, labels := orders(rows, seed)
	if v == nil {
		v = neural.NewVocabulary(documents, 2, 100)
	}
	d := &neural.Texts{Vocabulary: v, Labels: labels, Classes: []string{"rising", "falling"}}
	var s text.Scratch
	for _, doc := range documents {
		d.Tokens = append(d.Tokens, v.Tokens(nil, &s, doc, 20))
	}
	return d
}

// task is a small training of one kind.
type task struct {
	name              string
	set               neural.Settings
	train, validation neural.Data
}

// tasks are trainings that between them use every kind of layer, optimiser and
// chance.
func tasks() []task {
	v := texts(400, 1, nil)
	return []task{
		{"lenet", neural.Settings{Epochs: 3, Batch: 16, Seed: 1, Dropout: .2, Smoothing: .1, Balance: true,
			Image:     neural.ImageSettings{Flip: true, Shift: 1, Scale: true},
			Optimizer: optim.Settings{Rate: .002, Clip: 5, Schedule: optim.Cosine, WarmUp: 5}},
			bars(300, 12, 1, 1), bars(100, 12, 1, 2)},
		{"resnet", neural.Settings{Epochs: 7, Batch: 20, Shards: 3, Seed: 2, Average: .05,
			Image:     neural.ImageSettings{Architecture: neural.ResNet, Scale: true},
			Optimizer: optim.Settings{Method: optim.SGD, Rate: .05, Momentum: .9, Decay: 1e-4, Schedule: optim.Stairs}},
			bars(160, 8, 3, 1), bars(60, 8, 3, 2)},
		{"gru", neural.Settings{Epochs: 6, Batch: 16, Seed: 3, Dropout: .1,
			Optimizer: optim.Settings{Method: optim.AdamW, Rate: .02, Decay: .01},
			Text:      neural.TextSettings{Units: 12, Width: 8}},
			v, texts(100, 2, v.Vocabulary)},
		{"lstm", neural.Settings{Epochs: 6, Batch: 16, Shards: 2, Seed: 4, Average: .1,
			Optimizer: optim.Settings{Rate: .02, Clip: 1},
			Text:      neural.TextSettings{Cell: recurrent.LSTM, Units: 12, Width: 8, OneWay: true, Pooling: recurrent.Last, Tokens: 8}},
			v, nil},
	}
}

// start begins a task's training.
func (tc task) start(t testing.TB) *neural.Run {
	t.Helper()
	r, err := neural.Start(tc.set, tc.train, tc.validation)
	if err != nil {
		t.Fatalf("Start = %v", err)
	}
	return r
}

// trained returns the finished run of a task.
func (tc task) trained(t testing.TB, workers int) *neural.Run {
	t.Helper()
	r := tc.start(t)
	if err := r.Train(context.Background(), workers, nil); err != nil {
		t.Fatalf("Train = %v", err)
	}
	return r
}

// finished are the runs of all tasks, each trained when it is first asked for.
// They are only looked at.
var finished = func() []func() *neural.Run {
	var all []func() *neural.Run
	for _, tc := range tasks() {
		all = append(all, sync.OnceValue(func() *neural.Run {
			r, err := neural.Start(tc.set, tc.train, tc.validation)
			if err == nil {
				err = r.Train(context.Background(), 2, nil)
			}
			if err != nil {
				panic(err)
			}
			return r
		}))
	}
	return all
}()

// encoded returns the file of a run's model.
func encoded(t testing.TB, r *neural.Run) []byte {
	t.Helper()
	var data []byte
	image, err := r.Image()
	if err == nil {
		data, err = image.Encode(nil)
	} else if words, failed := r.Text(); failed == nil {
		data, err = words.Encode(nil)
	}
	if err != nil {
		t.Fatalf("no model, or none that can be written: %v", err)
	}
	return data
}

// countdown is a context that ends after so many looks at it.
type countdown struct {
	context.Context
	left int
}

var errStopped = errors.New("stopped by the test")

func (c *countdown) Err() error {
	if c.left--; c.left < 0 {
		return errStopped
	}
	return nil
}

// accuracy is the share of rows whose best score is their label's.
func accuracy(scores []float32, labels []int32) float64 {
	classes, right := len(scores)/len(labels), 0
	for i, label := range labels {
		best := 0
		for j := range classes {
			if scores[i*classes+j] > scores[i*classes+best] {
				best = j
			}
		}
		if best == int(label) {
			right++
		}
	}
	return float64(right) / float64(len(labels))
}

// told returns epochs as text, which tells numbers apart to the last bit.
func told(epochs []neural.Epoch) string {
	var b strings.Builder
	for _, e := range epochs {
		fmt.Fprintf(&b, "%d %x %t", e.Epoch, e.Loss, e.Best)
		if e.Validation != nil {
			fmt.Fprintf(&b, " %x %x", e.Validation.Loss, e.Validation.Accuracy)
		}
		b.WriteByte('\n')
	}
	return b.String()
}
