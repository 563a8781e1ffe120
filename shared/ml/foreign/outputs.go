package foreign

import (
	"slices"
	"strings"

	"godwit/shared/ml/export"
	"godwit/shared/ml/onnx"
	"godwit/shared/ml/pipeline"
)

// The bounds of labels, as those of training.
const (
	maxLabels     = 2000
	maxLabelBytes = 1000
)

// readOutputs finds the task: labels with scores for each, or one number. The
// graph's own label output is not used: it is the label of the highest score, but
// for classifiers of two classes that decide by the sign of one, and there the
// scores are what is shown and compared.
func (m *Model) readOutputs(parsed *onnx.Model) error {
	s := m.signature
	// Whoever wrote a note knows better than a node in the middle of the graph.
	labels, err := listNote(parsed, "godwit.labels")
	if err == nil && labels == nil {
		labels, err = listNote(parsed, NoteLabels)
	}
	if err != nil {
		return err
	}
	if labels == nil {
		labels = s.Labels
	}
	want := []int{1}
	m.task = pipeline.TableRegression
	if labels != nil {
		if err := checkLabels(labels); err != nil {
			return err
		}
		m.task, want = pipeline.TableClassification, []int{len(labels)}
		if m.domain == export.DomainText {
			m.task = pipeline.TextClassification
		}
		if len(labels) == 2 {
			want = append(want, 1) // one probability says both
		}
	}
	m.labels = labels
	for _, n := range want {
		// The first that fits: converters put scores before what they add to them.
		m.output = slices.IndexFunc(s.Outputs, func(p onnx.Port) bool { return holds(p, n) })
		if m.output >= 0 {
			return nil
		}
	}
	return unanswered(labels, s.Outputs)
}

// holds reports whether an output may be n numbers a row.
func holds(p onnx.Port, n int) bool {
	// A sequence of maps, as ZipMap declares, has no type; the scores come through
	// it as they are.
	if s := p.Type.Storage(); s != onnx.Floats && s != onnx.Nothing {
		return false
	}
	if !p.Ranked || len(p.Dims) == 0 {
		return true // known when a row has been answered
	}
	size := 1
	for _, d := range p.Dims[1:] {
		if d.Open {
			return true
		}
		size *= d.Size
	}
	return size == n
}

// unanswered says what is missing for a task.
func unanswered(labels []string, outputs []onnx.Port) error {
	names := make([]string, len(outputs))
	for i, p := range outputs {
		names[i] = p.Name
	}
	list := strings.Join(names, ", ")
	if labels != nil {
		return onnx.Errorf(onnx.Unsupported, "none of the outputs (%.200s) holds a FLOAT score for each of the %d labels", list, len(labels))
	}
	return onnx.Errorf(onnx.Unsupported, "none of the outputs (%.200s) is one FLOAT a row, and nothing says what the labels are: add the metadata %q, a JSON list in the order of the scores", list, NoteLabels)
}

// checkLabels refuses labels that cannot be told apart or shown.
func checkLabels(labels []string) error {
	if n := len(labels); n < 2 || n > maxLabels {
		return onnx.Errorf(onnx.Unsupported, "%d labels; 2 to %d are served", n, maxLabels)
	}
	sorted := slices.Sorted(slices.Values(labels))
	for i, l := range sorted {
		if l == "" || len(l) > maxLabelBytes || i > 0 && l == sorted[i-1] {
			return onnx.Errorf(onnx.Unsupported, "the label %.80q is empty, too long or there twice", l)
		}
	}
	return nil
}
