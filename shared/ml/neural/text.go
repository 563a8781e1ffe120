package neural

import (
	"slices"
	"unicode/utf8"

	"godwit/shared/ml/artifact"
	"godwit/shared/ml/neural/layer"
	"godwit/shared/ml/neural/weights"
)

// Text is a fitted network that tells the class of a text. It does not change
// and is safe for concurrent use.
type Text struct {
	*Model
	vocabulary *Vocabulary
}

// The tensors of a vocabulary: token i is the bytes from start[i] to start[i+1].
const (
	tensorStart = "vocabulary.start"
	tensorBytes = "vocabulary.bytes"
)

// Text returns the model of the best epoch so far, or of the last step without
// validation rows. It fails with an *InputError if the run is on images.
func (r *Run) Text() (Text, error) {
	data, ok := r.train.(*Texts)
	if !ok {
		return Text{}, invalid("a run on images gives no model of texts")
	}
	m := &Model{net: r.fitted(), manifest: Manifest{
		Format: FormatText, FormatVersion: FormatVersion, Labels: data.Classes, Settings: r.set, Rows: data.Len(),
	}}
	m.manifest.Weights = m.size()
	return Text{m, data.Vocabulary}, nil
}

// Vocabulary returns the tokens the model knows.
func (m Text) Vocabulary() *Vocabulary { return m.vocabulary }

// Margins returns the outputs of the network for documents: for each one
// number per class, before the softmax. The slice belongs to s and holds until
// its next use. Once s is warm nothing is allocated.
func (m Text) Margins(s *Scratch, documents ...string) []float32 {
	net := s.network(m.Model).(*textNet)
	net.batch, s.tokens = net.batch[:0], s.tokens[:0]
	for _, doc := range documents {
		at := len(s.tokens)
		s.tokens = m.vocabulary.Tokens(s.tokens, &s.text, doc, net.most)
		net.add(s.tokens[at:])
	}
	return net.forward(&plain)
}

// Scores returns the probability of each class for documents, which sum to 1
// for each; otherwise it is as Margins.
func (m Text) Scores(s *Scratch, documents ...string) []float32 {
	return m.softmax(m.Margins(s, documents...))
}

// Round returns the model with weights rounded as Encode will then store them.
// It fails with an *InputError.
func (m Text) Round(r weights.Rounding) (Text, error) {
	rounded, err := m.round(r)
	if err != nil {
		return Text{}, err
	}
	return Text{rounded, m.vocabulary}, nil
}

// Encode returns the model as a file, as Image.Encode does.
func (m Text) Encode(extra map[string]string, tensors ...artifact.Tensor) ([]byte, error) {
	start, bytes := []uint32{0}, []byte{}
	for _, t := range m.vocabulary.tokens {
		bytes = append(bytes, t...)
		start = append(start, uint32(len(bytes)))
	}
	own := []artifact.Tensor{artifact.FromUint32s(tensorStart, nil, start), artifact.FromBytes(tensorBytes, nil, bytes)}
	return m.encode(extra, append(own, tensors...))
}

// TextOf reads a model of texts from a file, which it aliases. Everything is
// checked: it fails with an *artifact.Error.
func TextOf(f *artifact.File) (Text, error) {
	manifest, err := manifestOf(f)
	if err != nil {
		return Text{}, err
	}
	if manifest.Format != FormatText {
		return Text{}, corrupt(nil, "format %q is not %q", manifest.Format, FormatText)
	}
	vocabulary, err := readVocabulary(f)
	if err != nil {
		return Text{}, err
	}
	m := &Model{manifest: manifest}
	m.net = newTextNet(manifest.Settings, vocabulary.Len(), len(manifest.Labels), layer.Start{Empty: true})
	if err := m.read(f); err != nil {
		return Text{}, err
	}
	return Text{m, vocabulary}, nil
}

// DecodeText is TextOf on the bytes of a file, which must not change while the
// model lives.
func DecodeText(data []byte) (Text, error) {
	f, err := artifact.Decode(data, artifact.Limits{Bytes: MaxFileBytes})
	if err != nil {
		return Text{}, err
	}
	return TextOf(f)
}

// readVocabulary reads the tokens of a model.
func readVocabulary(f *artifact.File) (*Vocabulary, error) {
	start, err := artifact.Elements(f, tensorStart, artifact.Uint32s)
	if err != nil {
		return nil, err
	}
	bytes, err := artifact.Elements(f, tensorBytes, artifact.Bytes)
	if err != nil {
		return nil, err
	}
	if len(start) < 2 || len(start)-1 > MaxVocabulary || start[0] != 0 || start[1] != 0 ||
		uint64(start[len(start)-1]) != uint64(len(bytes)) || !slices.IsSorted(start) {
		return nil, corrupt(nil, "%s of %d numbers for %d bytes", tensorStart, len(start), len(bytes))
	}
	tokens := make([]string, len(start)-1)
	for i := range tokens {
		tokens[i] = string(bytes[start[i]:start[i+1]])
		if !utf8.ValidString(tokens[i]) || i > 0 && tokens[i] == "" {
			return nil, corrupt(nil, "token %d of the vocabulary is empty or not UTF-8", i)
		}
	}
	v := vocabularyOf(tokens)
	if len(v.number) != len(tokens)-1 {
		return nil, corrupt(nil, "a token is twice in the vocabulary")
	}
	return v, nil
}
