package neural

import (
	"maps"

	"godwit/shared/ml/artifact"
	"godwit/shared/ml/neural/layer"
	"godwit/shared/ml/neural/weights"
	"godwit/shared/ml/text"
)

// The caps of a model: what a function of small memory can load next to
// others. The working memory of a Scratch comes on top.
const MaxFileBytes = 64 << 20

// Model is what fitted networks of all kinds have in common. It does not
// change and is safe for concurrent use; every goroutine brings its own Scratch.
type Model struct {
	manifest Manifest
	net      network // without gradients; replicas of it answer
}

// Scratch holds what answering takes, for reuse. The zero Scratch is ready for
// any model, and is warm after its first answers from one. It must not be used
// by two goroutines at a time.
type Scratch struct {
	of     *Model
	net    network
	tokens []int32
	text   text.Scratch
}

// network returns s's replica of the model's network.
func (s *Scratch) network(m *Model) network {
	if s.of != m {
		s.of, s.net = m, m.net.replica(false)
	}
	return s.net
}

// Manifest returns the model's description. Its map and slices are the
// model's and must not be changed.
func (m *Model) Manifest() Manifest { return m.manifest }

// Labels returns the names of the classes, in the order of scores. It must
// not be changed.
func (m *Model) Labels() []string { return m.manifest.Labels }

// Bytes returns the memory of the weights. A model that was decoded has those
// that are stored whole in the bytes of its file.
func (m *Model) Bytes() int64 { return 4 * int64(m.manifest.Weights) }

// size counts the parameters.
func (m *Model) size() int {
	n := 0
	for _, p := range m.net.params() {
		n += p.Size()
	}
	return n
}

// tensors returns the tensors of all weights.
func (m *Model) tensors() []artifact.Tensor {
	var all []artifact.Tensor
	for _, p := range m.net.params() {
		all = append(all, weights.Tensors(p, m.manifest.Rounding, isEmbedding(p))...)
	}
	return all
}

// isEmbedding tells the vectors of tokens from other weights. Replicas that
// do not learn have no sparse gradients to tell them by.
func isEmbedding(p *layer.Param) bool { return p.Name == "embedding.weight" }

// encode returns the model as a file, with more tensors.
func (m *Model) encode(extra map[string]string, more []artifact.Tensor) ([]byte, error) {
	metadata, err := m.manifest.metadata(extra)
	if err != nil {
		return nil, err
	}
	data, err := artifact.Encode(metadata, append(m.tensors(), more...))
	if err != nil {
		return nil, err
	}
	if len(data) > MaxFileBytes {
		return nil, &artifact.Error{Kind: artifact.KindTooLarge, Msg: "neural: model over 64 MB: round its weights or use a smaller vocabulary"}
	}
	return data, nil
}

// read sets the weights to those of a file. The file's shapes are checked
// against those that the manifest implies before anything is allocated.
func (m *Model) read(f *artifact.File) error {
	if n := m.size(); n != m.manifest.Weights {
		return corrupt(nil, "%d weights, manifest says %d", n, m.manifest.Weights)
	}
	for _, p := range m.net.params() {
		if err := weights.Read(f, p, m.manifest.Rounding, isEmbedding(p)); err != nil {
			return err
		}
	}
	return nil
}

// round returns the model with weights rounded as they would be stored: what
// it answers is what its file will answer.
func (m *Model) round(r weights.Rounding) (*Model, error) {
	other := &Model{manifest: m.manifest, net: m.net.replica(false)}
	other.manifest.Rounding = r
	other.manifest.Extra = maps.Clone(m.manifest.Extra)
	if err := other.manifest.check(); err != nil {
		return nil, invalid("rounding %q is unknown: use float16 or int8", r)
	}
	for _, p := range other.net.params() {
		data, err := artifact.Encode(nil, weights.Tensors(p, r, isEmbedding(p)))
		if err != nil {
			return nil, err
		}
		f, err := artifact.Decode(data, artifact.Limits{Bytes: int64(len(data))})
		if err != nil {
			return nil, err
		}
		if err := weights.Read(f, p, r, isEmbedding(p)); err != nil {
			return nil, invalid("weights cannot be rounded to %s: %v", r, err)
		}
	}
	return other, nil
}

// softmax turns the margins of rows of classes into scores.
func (m *Model) softmax(margins []float32) []float32 {
	classes := len(m.manifest.Labels)
	for i := 0; i < len(margins); i += classes {
		layer.Softmax(margins[i : i+classes])
	}
	return margins
}
