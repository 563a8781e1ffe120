package neural_test

import (
	"testing"

	"godwit/shared/ml/neural"
)

func TestWork(t *testing.T) {
	images := func(side, channels int) *neural.Images {
		return &neural.Images{Width: side, Height: side, Channels: channels, Pixels: make([]uint8, side*side*channels), Labels: []int32{1}, Classes: []string{"a", "b"}}
	}
	vocabulary := neural.NewVocabulary([]string{"one two", "one three"}, 1, 100)
	texts := &neural.Texts{Vocabulary: vocabulary, Tokens: [][]int32{{1, 2, 3}, {1}}, Labels: []int32{0, 1}, Classes: []string{"a", "b"}}
	for _, tc := range []struct {
		name string
		data neural.Data
		s    neural.Settings
		want float64
	}{
		// By hand: 28x28 pixels of 16 filters of 5x5 and a bias, 14x14 of 32 over 16, 1568 x 128, 128 x 2.
		{"LeNet", images(28, 1), neural.Settings{}, 784*16*26 + 196*32*(16*25+1) + 1569*128 + 129*2},
		// Two tokens a text on average, two directions of 3 gates with 4 units
		// over 5 inputs and 4 units and two biases; 8 to 2 classes.
		{"GRU", texts, neural.Settings{Text: neural.TextSettings{Units: 4, Width: 5}}, 2*2*3*4*(5+4+2) + 9*2},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := neural.Work(tc.s, tc.data)
			if err != nil || got != tc.want {
				t.Errorf("Work() = %v, %v, want %v", got, err, tc.want)
			}
		})
	}
	small, _ := neural.Work(neural.Settings{}, images(40, 3))
	large, _ := neural.Work(neural.Settings{}, images(64, 3))
	if large < 2*small {
		t.Errorf("Work() of a residual network = %v at 64 pixels, %v at 40: want at least twice as much", large, small)
	}
	if _, err := neural.Work(neural.Settings{Dropout: 2}, images(28, 1)); err == nil {
		t.Error("Work() with a dropout of 2 does not fail")
	}
}
