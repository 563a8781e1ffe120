package serving

import (
	"context"

	"godwit/shared/ml/foreign"
	"godwit/shared/registry"
)

// Description says what a version takes and answers.
type Description struct {
	Version   *registry.Version // not to be changed
	Algorithm string            // such as "linear-svm"
	Columns   []string          // that a model of tables reads, in order; of images ImageColumn; nil: the model takes a text
	// Types says what the cells of each of Columns are, pipeline.NumberColumn and so
	// on; nil where that is not known, and then a column takes any text.
	Types  []string
	Labels []string // in the order of Result.Probabilities; nil: the model answers with a number
	// Inputs and Outputs are the tensors of an imported graph, nil of other models.
	// An input that is a column has the column's name, which is what is taken.
	Inputs, Outputs []foreign.Tensor
}

// Describe loads the version ref means, so that its answer also says that the
// version can serve. Where Predict divides requests among several versions it
// describes one of them. The errors are Predict's for the same reference.
func (s *Server) Describe(ctx context.Context, t registry.Tenant, ref registry.Reference) (Description, error) {
	use, err := s.acquire(ctx, t, ref)
	if err != nil {
		return Description{}, err
	}
	defer s.cache.release(use.slot)
	m := use.slot.model
	d := Description{Version: use.version, Algorithm: m.Algorithm(), Labels: m.Labels()}
	if use.slot.columns != nil {
		d.Columns = m.Columns()
	}
	if table := use.slot.table; table != nil {
		for _, name := range d.Columns {
			d.Types = append(d.Types, table.ColumnType(name))
		}
	}
	if g, imported := m.(*foreign.Model); imported {
		d.Inputs, d.Outputs = g.Takes(), graphOutputs(m)
	}
	if use.slot.shape != nil {
		d.Columns = []string{ImageColumn}
	}
	return d, nil
}
