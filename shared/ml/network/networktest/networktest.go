// Package networktest makes small trained networks for tests of what stores,
// serves and exports them. Each is made once in a test binary.
package networktest

import (
	"bytes"
	"context"
	"fmt"
	"sync"

	"godwit/shared/ml/image"
	"godwit/shared/ml/image/imagetest"
	"godwit/shared/ml/network"
	"godwit/shared/ml/neural"
	"godwit/shared/ml/neural/optim"
)

// Side is the width and height of the images that Image reads, in one channel.
const Side = 16

// Image returns the file of a network that tells imagetest's figures apart, most
// of the time.
var Image = sync.OnceValues(func() ([]byte, error) {
	set, err := image.Read(context.Background(), bytes.NewReader(imagetest.Zip(20, Side, 1)), image.Options{Width: Side, Height: Side, Channels: 1})
	if err != nil {
		return nil, err
	}
	return file(neural.Settings{Epochs: 10, Batch: 8}, network.Rows{Shape: set.Shape, Pixels: set.Pixels, Y: set.Y, Labels: set.Labels})
})

// Text returns the file of a network that tells "good" and "lovely" from "bad" and
// "awful", labelled praise and blame.
var Text = sync.OnceValues(func() ([]byte, error) {
	rows := network.Rows{Labels: []string{"blame", "praise"}}
	for i := range 40 {
		word := [][]string{{"bad", "awful"}, {"good", "lovely"}}[i%2][i/2%2]
		rows.Texts = append(rows.Texts, fmt.Sprintf("the soup was %s and %s", word, []string{"hot", "cold"}[i/4%2]))
		rows.Y = append(rows.Y, int32(i%2))
	}
	s := neural.Settings{Epochs: 12, Batch: 8, Optimizer: optim.Settings{Rate: .02}, Text: neural.TextSettings{Units: 8, Width: 8}}
	return file(s, rows)
})

// file trains a network and returns its file.
func file(s neural.Settings, rows network.Rows) ([]byte, error) {
	run, err := network.Start(s, rows)
	if err != nil {
		return nil, err
	}
	if err := run.Train(context.Background(), 1, nil); err != nil {
		return nil, err
	}
	m, err := run.Model()
	if err != nil {
		return nil, err
	}
	return m.Encode(nil)
}
