package network_test

import (
	"testing"

	"godwit/shared/ml/network"
	"godwit/shared/ml/neural"
	"godwit/shared/ml/pipeline"
)

// FuzzOpen wants no file to make Open or what it returns panic.
func FuzzOpen(f *testing.F) {
	for _, rows := range []network.Rows{sentences(8), pictures(f, 2, 8, 1)} {
		data, err := trained(f, neural.Settings{Epochs: 1, Text: neural.TextSettings{Units: 2, Width: 2}}, rows).Encode(nil)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := network.Open(data)
		if err != nil {
			return
		}
		var s pipeline.Scratch
		in := pipeline.Input{Text: "the soup"}
		if images, ok := m.(*network.Image); ok {
			in = pipeline.Input{Pixels: make([]uint8, images.Shape().Size())}
		}
		if got := m.Scores(&s, in); len(got) != len(m.Labels()) {
			t.Errorf("%d scores for %d labels", len(got), len(m.Labels()))
		}
	})
}
