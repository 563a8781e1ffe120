package neural

import (
	"godwit/shared/ml/artifact"
	"godwit/shared/ml/neural/layer"
	"godwit/shared/ml/neural/weights"
)

// Image is a fitted network that tells the class of an image. It does not
// change and is safe for concurrent use.
type Image struct{ *Model }

func (m *Manifest) shape() layer.Shape {
	return layer.Shape{Channels: m.Channels, Height: m.Height, Width: m.Width}
}

// Image returns the model of the best epoch so far, or of the last step
// without validation rows. It fails with an *InputError if the run is on texts.
func (r *Run) Image() (Image, error) {
	data, ok := r.train.(*Images)
	if !ok {
		return Image{}, invalid("a run on texts gives no model of images")
	}
	net := r.fitted().(*imageNet).fold()
	m := &Model{net: net, manifest: Manifest{
		Format: FormatImage, FormatVersion: FormatVersion, Labels: data.Classes, Settings: r.set,
		Width: data.Width, Height: data.Height, Channels: data.Channels, Rows: data.Len(),
	}}
	m.manifest.Weights = m.size()
	return Image{m}, nil
}

// Size returns how many bytes an image is: width x height x channels.
func (m Image) Size() int { return m.manifest.shape().Size() }

// Margins returns the outputs of the network for images, whose bytes follow
// each other as in Images.Pixels: for each image one number per class, before
// the softmax. The slice belongs to s and holds until its next use. Once s is
// warm nothing is allocated. It panics if pixels is not a multiple of Size.
func (m Image) Margins(s *Scratch, pixels []uint8) []float32 {
	size := m.Size()
	if len(pixels)%size != 0 {
		panic("neural: pixels are not whole images")
	}
	net, n := s.network(m.Model).(*imageNet), len(pixels)/size
	net.resize(n)
	for i := range n {
		net.load(i, pixels[i*size:][:size], &plain)
	}
	return net.forward(n, &plain)
}

// plain is the pass of prediction. It is never written.
var plain layer.Pass

// Scores returns the probability of each class for images, which sum to 1 for
// each; otherwise it is as Margins.
func (m Image) Scores(s *Scratch, pixels []uint8) []float32 { return m.softmax(m.Margins(s, pixels)) }

// Round returns the model with weights rounded as Encode will then store them.
// It fails with an *InputError.
func (m Image) Round(r weights.Rounding) (Image, error) {
	rounded, err := m.round(r)
	if err != nil {
		return Image{}, err
	}
	return Image{rounded}, nil
}

// Encode returns the model as a file (FORMAT.md): equal models and additions
// give equal bytes. extra is added to the manifest, tensors to the file; they
// are the caller's, who must name them unlike this package's. It fails with
// artifact.ErrTooLarge beyond MaxFileBytes and with an *InputError when an
// addition's key is one of the manifest's own.
func (m Image) Encode(extra map[string]string, tensors ...artifact.Tensor) ([]byte, error) {
	return m.encode(extra, tensors)
}

// ImageOf reads a model of images from a file, which it aliases. Everything is
// checked: it fails with an *artifact.Error.
func ImageOf(f *artifact.File) (Image, error) {
	manifest, err := manifestOf(f)
	if err != nil {
		return Image{}, err
	}
	if manifest.Format != FormatImage {
		return Image{}, corrupt(nil, "format %q is not %q", manifest.Format, FormatImage)
	}
	m := &Model{manifest: manifest}
	m.net = newImageNet(manifest.Settings, manifest.shape(), len(manifest.Labels), layer.Start{Empty: true}, true)
	if err := m.read(f); err != nil {
		return Image{}, err
	}
	return Image{m}, nil
}

// DecodeImage is ImageOf on the bytes of a file, which must not change while
// the model lives.
func DecodeImage(data []byte) (Image, error) {
	f, err := artifact.Decode(data, artifact.Limits{Bytes: MaxFileBytes})
	if err != nil {
		return Image{}, err
	}
	return ImageOf(f)
}
