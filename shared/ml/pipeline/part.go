package pipeline

import (
	"encoding/json"
	"fmt"
	"strings"

	"godwit/shared/ml/artifact"
	"godwit/shared/ml/linear"
)

// Part is what training one block of problems came to: of a Trial the margins
// of the held rows, of a Fitting the weights. The parts of all blocks are joined
// to what training at one go gives, to the bit. A Part does not change.
type Part struct {
	block linear.Range
	rows  int // of margins; 0 of a Fitting

	margins [][]float32 // of a Trial: for each cost, rows x problems of the block
	pruned  []thinned   // of a Trial that measures pruning: for each cost

	bias    []float64 // of a Fitting: of each problem
	columns []column  // of a Fitting: of each problem
}

// Block returns the problems the part is of.
func (p *Part) Block() linear.Range { return p.block }

// partFormat marks a file of one part.
const partFormat = "godwit-part-1"

// partHead is what of a part is no tensor.
type partHead struct {
	Block linear.Range `json:"block"`
	Rows  int          `json:"rows"`
	Costs int          `json:"costs"` // with margins
	Tried int          `json:"tried"` // costs with measures of pruning
}

// The tensors of a part; margins, pruned and kept end in a dot and the number
// of the cost.
const (
	partMargins = "margins."       // F32 [rows, problems]
	partPruned  = "pruned."        // F32 [problems, ladder, sampled rows]
	partKept    = "kept."          // I64 [ladder, problems]
	partBias    = "bias"           // F64 [problems]
	partEnd     = "column.end"     // I64 [problems]: where the weights of each end
	partFeature = "column.feature" // I32 [weights]
	partWeight  = "column.weight"  // F32 [weights]
)

// numbered names the tensor of one cost.
func numbered(name string, cost int) string { return fmt.Sprint(name, cost) }

// Encode returns the part as a file for OpenPart. Equal parts give equal bytes.
func (p *Part) Encode() ([]byte, error) {
	head, err := json.Marshal(partHead{p.block, p.rows, len(p.margins), len(p.pruned)})
	if err != nil {
		return nil, fmt.Errorf("pipeline: encode part: %w", err)
	}
	var tensors []artifact.Tensor
	for c, m := range p.margins {
		tensors = append(tensors, artifact.FromFloat32s(numbered(partMargins, c), nil, m))
	}
	for c, t := range p.pruned {
		tensors = append(tensors, artifact.FromFloat32s(numbered(partPruned, c), nil, t.margins),
			artifact.FromInt64s(numbered(partKept, c), nil, t.kept))
	}
	if p.bias != nil {
		var end []int64
		var feature []int32
		var weight []float32
		for _, c := range p.columns {
			feature, weight = append(feature, c.feature...), append(weight, c.weight...)
			end = append(end, int64(len(feature)))
		}
		tensors = append(tensors, artifact.FromFloat64s(partBias, nil, p.bias), artifact.FromInt64s(partEnd, nil, end),
			artifact.FromInt32s(partFeature, nil, feature), artifact.FromFloat32s(partWeight, nil, weight))
	}
	data, err := artifact.Encode(map[string]string{"format": partFormat, "about": string(head)}, tensors)
	if err != nil {
		return nil, fmt.Errorf("pipeline: encode part: %w", err)
	}
	return data, nil
}

// OpenPart reads what Encode wrote, which the part aliases: data must not change
// while it lives. Whether the part is one of a certain Trial or Fitting is for
// its Join to say. It fails with an *artifact.Error.
func OpenPart(data []byte) (*Part, error) {
	f, err := artifact.Decode(data, artifact.Limits{Bytes: max(int64(len(data)), 1)})
	if err != nil {
		return nil, fmt.Errorf("pipeline: open part: %w", err)
	}
	var head partHead
	if f.Metadata["format"] != partFormat {
		return nil, corrupt(nil, "part of format %q", f.Metadata["format"])
	}
	if err := json.Unmarshal([]byte(f.Metadata["about"]), &head); err != nil {
		return nil, corrupt(err, "part")
	}
	p := &Part{block: head.Block, rows: head.Rows}
	if p.block.From < 0 || p.block.Len() < 1 || p.rows < 0 {
		return nil, corrupt(nil, "part of problems %d to %d, %d rows", p.block.From, p.block.To, p.rows)
	}
	if err := p.readMargins(f, head); err != nil {
		return nil, err
	}
	// A part is of a Trial or of a Fitting; only the latter has weights.
	if _, there := f.Tensor(partBias); !there {
		return p, nil
	}
	return p, p.readWeights(f)
}

// readMargins reads the margins of each cost and the measures of pruning.
func (p *Part) readMargins(f *artifact.File, head partHead) error {
	// Each cost has a tensor, which bounds the loops whatever the head claims.
	for c := range head.Costs {
		m, err := artifact.Elements(f, numbered(partMargins, c), artifact.Float32s)
		if err != nil {
			return err
		}
		p.margins = append(p.margins, m)
	}
	for c := range head.Tried {
		margins, err := artifact.Elements(f, numbered(partPruned, c), artifact.Float32s)
		if err != nil {
			return err
		}
		kept, err := artifact.Elements(f, numbered(partKept, c), artifact.Int64s)
		if err != nil {
			return err
		}
		p.pruned = append(p.pruned, thinned{margins, kept})
	}
	return nil
}

// readWeights reads the weights and cuts them into problems.
func (p *Part) readWeights(f *artifact.File) (err error) {
	if p.bias, err = artifact.Elements(f, partBias, artifact.Float64s); err != nil {
		return err
	}
	end, err := artifact.Elements(f, partEnd, artifact.Int64s)
	if err != nil {
		return err
	}
	feature, err := artifact.Elements(f, partFeature, artifact.Int32s)
	if err != nil {
		return err
	}
	weight, err := artifact.Elements(f, partWeight, artifact.Float32s)
	if err != nil {
		return err
	}
	if len(feature) != len(weight) || len(end) != len(p.bias) {
		return corrupt(nil, "part of %d features, %d weights, %d ends, %d biases", len(feature), len(weight), len(end), len(p.bias))
	}
	from := int64(0)
	for _, to := range end {
		if to < from || to > int64(len(feature)) {
			return corrupt(nil, "weights of a part end at %d of %d", to, len(feature))
		}
		p.columns = append(p.columns, column{feature[from:to:to], weight[from:to:to]})
		from = to
	}
	return nil
}

// inOrder verifies that parts, which must ascend, are of all problems and that
// each fits what it is to be joined to. The error lists what was joined before:
// of parts that come from many functions it is the missing one that is asked for.
func inOrder(parts []*Part, problems int, fits func(*Part) bool) error {
	at := 0
	var seen strings.Builder
	for _, p := range parts {
		fmt.Fprintf(&seen, " %d-%d", p.block.From, p.block.To)
		if p.block.From != at || !fits(p) {
			return fmt.Errorf("%w: part %d-%d is not the next of this training, having joined%s", ErrInvalid, p.block.From, p.block.To, &seen)
		}
		at = p.block.To
	}
	if at != problems {
		return fmt.Errorf("%w: parts%s are not all %d problems", ErrInvalid, &seen, problems)
	}
	return nil
}
