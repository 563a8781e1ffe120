package network

import (
	"godwit/shared/ml/image"
	"godwit/shared/ml/neural"
	"godwit/shared/ml/neural/parallel"
	"godwit/shared/ml/text"
)

// The vocabulary of texts: tokens of at least two training rows, at most 20,000
// of them. A network has nothing to learn from a token that comes once.
const (
	leastRows  = 2
	mostTokens = 20_000
)

// Rows are labelled images or texts. They must not change while they are used.
type Rows struct {
	Shape  image.Shape // of the images
	Pixels []uint8     // of all images, one after the other
	Texts  []string    // nil of images
	Y      []int32     // class of each row, a place in Labels
	Labels []string
	Weight []float32 // of each row what it counts when a network learns, above 0; nil: all alike
}

// Len returns the number of rows.
func (r Rows) Len() int { return len(r.Y) }

// Only returns some of the rows, in that order, in memory of their own.
func (r Rows) Only(rows []int32) Rows {
	out := Rows{Shape: r.Shape, Labels: r.Labels, Y: make([]int32, len(rows))}
	size := r.Shape.Size()
	if r.Weight != nil {
		out.Weight = make([]float32, len(rows))
	}
	if r.Texts != nil {
		out.Texts = make([]string, len(rows))
	} else {
		out.Pixels = make([]uint8, 0, len(rows)*size)
	}
	for k, i := range rows {
		out.Y[k] = r.Y[i]
		if r.Weight != nil {
			out.Weight[k] = r.Weight[i]
		}
		if r.Texts != nil {
			out.Texts[k] = r.Texts[i]
			continue
		}
		out.Pixels = append(out.Pixels, r.Pixels[int(i)*size:][:size]...)
	}
	return out
}

// data returns the rows as a network is trained on them; the vocabulary of texts
// comes from these rows alone.
func (r Rows) data(s neural.Settings) neural.Data {
	if r.Texts == nil {
		return &neural.Images{
			Width: r.Shape.Width, Height: r.Shape.Height, Channels: r.Shape.Channels,
			Pixels: r.Pixels, Labels: r.Y, Classes: r.Labels, Weights: r.Weight,
		}
	}
	d := &neural.Texts{Vocabulary: neural.NewVocabulary(r.Texts, leastRows, mostTokens), Labels: r.Y, Classes: r.Labels, Weights: r.Weight}
	d.Tokens = make([][]int32, len(r.Texts))
	most := s.Text.Tokens
	if most <= 0 {
		most = neural.MaxTokens
	}
	var scratch text.Scratch
	for i, doc := range r.Texts {
		d.Tokens[i] = d.Vocabulary.Tokens(nil, &scratch, doc, most)
	}
	return d
}

// Work returns about how many multiplications a row takes on its way through the
// network, see neural.Work.
func Work(s neural.Settings, rows Rows) (float64, error) { return neural.Work(s, rows.data(s)) }

// Run is a training under way. It serves one goroutine.
type Run struct {
	*neural.Run
	images bool
}

// Start begins a training for all of s.Epochs. It fails with a *neural.InputError.
func Start(s neural.Settings, rows Rows) (*Run, error) {
	run, err := neural.Start(s, rows.data(s), nil)
	return &Run{run, rows.Texts == nil}, err
}

// Resume goes on with a run that Encode wrote, on the same rows: what comes of it
// is to the bit what would have come without the stop. s must be its settings. It
// fails with an *artifact.Error for a file that is no run's, and with a
// *neural.InputError for other rows.
func Resume(data []byte, s neural.Settings, rows Rows) (*Run, error) {
	run, err := neural.Resume(data, rows.data(s), nil)
	return &Run{run, rows.Texts == nil}, err
}

// Model returns the model as it is after the last epoch or step, not calibrated.
func (r *Run) Model() (Model, error) {
	if r.images {
		net, err := r.Image()
		return &Image{net: net}, err
	}
	net, err := r.Text()
	return &Text{net: net}, err
}

// piece is how many rows go through a network at a time: as a batch of training,
// and small enough that workers share out even a few hundred rows.
const piece = 64

// inPieces gathers the margins of n rows.
func inPieces(n, classes, workers int, margins func(s *neural.Scratch, from, to int) []float32) []float32 {
	out := make([]float32, n*classes)
	scratches := make([]neural.Scratch, max(workers, 1))
	parallel.Each((n+piece-1)/piece, workers, func(worker, i int) {
		from, to := i*piece, min((i+1)*piece, n)
		copy(out[from*classes:], margins(&scratches[worker], from, to))
	})
	return out
}
