package neural_test

import (
	"math"
	"testing"

	"godwit/shared/ml/neural"
)

// TestImageSettings_Scale wants images half as bright to give the same answers
// from a training on them, which without scaling they would not, and the answers
// of a model to be those of its training.
func TestImageSettings_Scale(t *testing.T) {
	bright, held := bars(200, 10, 2, 1), bars(60, 10, 2, 2)
	dim, dimHeld := *bright, *held
	dim.Pixels, dimHeld.Pixels = nil, nil
	for _, of := range []struct{ from, to *neural.Images }{{bright, &dim}, {held, &dimHeld}} {
		for i, v := range of.from.Pixels {
			of.from.Pixels[i] = v &^ 1
			of.to.Pixels = append(of.to.Pixels, v/2)
		}
	}
	for _, architecture := range []neural.Architecture{neural.LeNet, neural.ResNet} {
		set := neural.Settings{Epochs: 1, Batch: 20, Seed: 1, Image: neural.ImageSettings{Architecture: architecture, Scale: true}}
		var models [2]neural.Image
		for i, rows := range [][2]neural.Data{{bright, held}, {&dim, &dimHeld}} {
			r := task{set: set, train: rows[0], validation: rows[1]}.trained(t, 2)
			m, err := r.Image()
			if err != nil {
				t.Fatal(err)
			}
			models[i] = m
			var s neural.Scratch
			data := rows[1].(*neural.Images)
			if got, want := accuracy(m.Scores(&s, data.Pixels), data.Labels), r.History()[0].Validation.Accuracy; got != want {
				t.Errorf("%s: accuracy %g, the training told %g", architecture, got, want)
			}
		}
		var s, z neural.Scratch
		want := models[0].Margins(&s, held.Pixels)
		for i, got := range models[1].Margins(&z, dimHeld.Pixels) {
			if math.Abs(float64(got-want[i])) > 1e-4 {
				t.Fatalf("%s: margin %d = %g of dim images, %g of bright ones", architecture, i, got, want[i])
			}
		}
	}
}

// TestImageSettings_Scale_black wants images of nothing to be trained on all the
// same.
func TestImageSettings_Scale_black(t *testing.T) {
	d := bars(20, 8, 1, 1)
	clear(d.Pixels)
	r := task{set: neural.Settings{Epochs: 1, Batch: 5, Image: neural.ImageSettings{Scale: true}}, train: d}.trained(t, 1)
	if loss := r.History()[0].Loss; math.IsNaN(loss) || math.IsInf(loss, 0) {
		t.Errorf("loss = %g of black images", loss)
	}
}
