package neural

import (
	"encoding/binary"
	"fmt"

	"godwit/shared/ml/neural/layer"
	"godwit/shared/ml/xxh64"
)

// The bounds of an image. MaxSide keeps one image of the largest kind to a
// megabyte, MinSide leaves something after two pools.
const (
	MinSide     = 8
	MaxSide     = 512
	MaxChannels = 4
	MaxClasses  = 10_000
)

// Data is labelled rows to train on or to validate with: *Images or *Texts. It
// must not change while a Run has it.
type Data interface {
	// Len returns the number of rows.
	Len() int

	labels() []int32
	weights() []float32 // of the rows, nil when all count alike
	classes() []string
	side() int    // of images the longer one, 0 of texts
	check() error // says what is wrong, as an *InputError
	digest() uint64
	// network returns a new network for such data.
	network(s Settings, start layer.Start) network
	// tokens returns all tokens of rows, up to so many of each; nil of images.
	tokens(rows []int32, most int) []int32
	// forward runs a network of this data's kind on rows.
	forward(n network, rows []int32, p *layer.Pass) []float32
}

// network is one replica of what is trained, for one goroutine.
type network interface {
	params() []*layer.Param
	// replica returns the network with the same weights.
	replica(learn bool) network
	// backward adds gradients, given those by what forward returned.
	backward(dy []float32)
}

// Images are labelled images of one size.
type Images struct {
	Width, Height, Channels int
	// Pixels holds the images one after the other, each channel by channel
	// and line by line, 0 for none of a colour and 255 for all of it.
	Pixels  []uint8
	Labels  []int32   // of each image a place in Classes
	Classes []string  // names of the classes
	Weights []float32 // of each image what it counts, above 0; nil: all alike
}

// Texts are labelled texts as numbers of tokens.
type Texts struct {
	Vocabulary *Vocabulary
	Tokens     [][]int32 // of each text, as Vocabulary.Tokens gives them
	Labels     []int32   // of each text a place in Classes
	Classes    []string  // names of the classes
	Weights    []float32 // of each text what it counts, above 0; nil: all alike
}

// Len returns the number of images.
func (d *Images) Len() int { return len(d.Labels) }

func (d *Images) labels() []int32    { return d.Labels }
func (d *Images) weights() []float32 { return uneven(d.Weights) }
func (d *Images) classes() []string  { return d.Classes }
func (d *Images) side() int          { return max(d.Width, d.Height) }
func (d *Images) shape() layer.Shape {
	return layer.Shape{Channels: d.Channels, Height: d.Height, Width: d.Width}
}

func (d *Images) check() error {
	if err := checkShape(d.shape()); err != nil {
		return err
	}
	if got, want := len(d.Pixels), len(d.Labels)*d.shape().Size(); got != want {
		return invalid("%d bytes of pixels: %d images of %d x %d x %d have %d", got, len(d.Labels), d.Width, d.Height, d.Channels, want)
	}
	if err := checkWeights(d.Weights, len(d.Labels)); err != nil {
		return err
	}
	return checkLabels(d.Labels, d.Classes)
}

// checkShape says what is wrong with the size of images.
func checkShape(s layer.Shape) error {
	if min(s.Width, s.Height) < MinSide || max(s.Width, s.Height) > MaxSide || s.Channels < 1 || s.Channels > MaxChannels {
		return invalid("images of %d x %d x %d: sides must be from %d to %d pixels, channels from 1 to %d: resize them",
			s.Width, s.Height, s.Channels, MinSide, MaxSide, MaxChannels)
	}
	return nil
}

func (d *Images) digest() uint64 {
	h := digestWeights(digestOf(d.Labels, d.Classes), d.weights())
	return xxh64.Sum(d.Pixels, h^uint64(d.Width)<<32^uint64(d.Height)<<16^uint64(d.Channels))
}

func (d *Images) tokens([]int32, int) []int32 { return nil }

func (d *Images) network(s Settings, start layer.Start) network {
	n := newImageNet(s, d.shape(), len(d.Classes), start, false)
	if s.Image.Scale && !start.Empty {
		n.scale = unitScale(d.Pixels)
	}
	return n
}

func (d *Images) forward(n network, rows []int32, p *layer.Pass) []float32 {
	net := n.(*imageNet)
	size := d.shape().Size()
	net.resize(len(rows))
	for i, row := range rows {
		net.load(i, d.Pixels[int(row)*size:][:size], p)
	}
	return net.forward(len(rows), p)
}

// Len returns the number of texts.
func (d *Texts) Len() int { return len(d.Labels) }

func (d *Texts) labels() []int32    { return d.Labels }
func (d *Texts) weights() []float32 { return uneven(d.Weights) }
func (d *Texts) classes() []string  { return d.Classes }
func (d *Texts) side() int          { return 0 }

func (d *Texts) check() error {
	if d.Vocabulary == nil || len(d.Tokens) != len(d.Labels) {
		return invalid("%d texts for %d labels, vocabulary given: %t", len(d.Tokens), len(d.Labels), d.Vocabulary != nil)
	}
	for i, tokens := range d.Tokens {
		if len(tokens) == 0 {
			return &InputError{Row: i, Msg: "no tokens: give an empty text the token Unknown"}
		}
		for _, t := range tokens {
			if t < 0 || int(t) >= d.Vocabulary.Len() {
				return &InputError{Row: i, Msg: fmt.Sprintf("token %d is not in the vocabulary of %d", t, d.Vocabulary.Len())}
			}
		}
	}
	if err := checkWeights(d.Weights, len(d.Labels)); err != nil {
		return err
	}
	return checkLabels(d.Labels, d.Classes)
}

func (d *Texts) digest() uint64 {
	h := digestWeights(digestOf(d.Labels, d.Classes), d.weights())
	for i := range d.Vocabulary.Len() {
		h = xxh64.Sum([]byte(d.Vocabulary.Token(int32(i))), h)
	}
	for _, tokens := range d.Tokens {
		h = digestOf(tokens, nil) ^ h*31
	}
	return h
}

func (d *Texts) tokens(rows []int32, most int) []int32 {
	var all []int32
	for _, row := range rows {
		all = append(all, d.Tokens[row][:min(most, len(d.Tokens[row]))]...)
	}
	return all
}

func (d *Texts) network(s Settings, start layer.Start) network {
	return newTextNet(s, d.Vocabulary.Len(), len(d.Classes), start)
}

func (d *Texts) forward(n network, rows []int32, p *layer.Pass) []float32 {
	net := n.(*textNet)
	net.batch = net.batch[:0]
	for _, row := range rows {
		net.add(d.Tokens[row])
	}
	return net.forward(p)
}

// checkLabels says what is wrong with labels and the names of their classes.
func checkLabels(labels []int32, classes []string) error {
	if len(classes) < 2 || len(classes) > MaxClasses {
		return invalid("%d classes: there must be from 2 to %d", len(classes), MaxClasses)
	}
	seen := make(map[string]bool, len(classes))
	for _, c := range classes {
		if seen[c] {
			return invalid("class %q is named twice", c)
		}
		seen[c] = true
	}
	if len(labels) == 0 {
		return invalid("no rows")
	}
	for i, l := range labels {
		if l < 0 || int(l) >= len(classes) {
			return &InputError{Row: i, Msg: fmt.Sprintf("label %d of %d classes", l, len(classes))}
		}
	}
	return nil
}

// digestOf returns a number that differs when numbers or names do.
func digestOf(numbers []int32, names []string) uint64 {
	b := make([]byte, 0, 4*len(numbers)+8)
	b = binary.LittleEndian.AppendUint64(b, uint64(len(numbers)))
	for _, n := range numbers {
		b = binary.LittleEndian.AppendUint32(b, uint32(n))
	}
	h := xxh64.Sum(b, 0)
	for _, name := range names {
		h = xxh64.Sum([]byte(name), h)
	}
	return h
}
