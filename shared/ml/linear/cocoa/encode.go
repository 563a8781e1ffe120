package cocoa

import (
	"encoding/json"
	"fmt"

	"godwit/shared/ml/artifact"
)

// The formats of the files that travel between functions, the tensors in them.
const (
	layoutFormat  = "godwit-cocoa-layout-1"
	weightsFormat = "godwit-cocoa-weights-1"
	dualsFormat   = "godwit-cocoa-duals-1"
	updateFormat  = "godwit-cocoa-update-1"

	tensorHolders = "holders" // U16 [columns]
	tensorVector  = "vector"  // F32 [problems, common columns and bias]
	tensorEnd     = "end"     // I64 [problems]: where the numbers of each end
	tensorRow     = "row"     // I32
	tensorBefore  = "before"  // F64 [rows]
	tensorFound   = "found"   // F64 [rows]
	tensorNext    = "next"    // F64 [rows]
	tensorColumn  = "column"  // I32
	tensorMoved   = "moved"   // F32 [columns]
	tensorSums    = "sums"    // F64 [problems, 7]
)

// about is what of a file is no tensor, in its metadata as JSON.
type about struct {
	Shards   int       `json:"shards,omitempty"`   // of a layout: how many
	Shard    int       `json:"shard,omitempty"`    // of an update: whose
	Rounds   int       `json:"rounds,omitempty"`   // reduced before it was made
	C        float64   `json:"c,omitempty"`        // penalty of weights
	Problems []Problem `json:"problems,omitempty"` // of weights
}

// encode writes a file. Its format is in its metadata, so that a file of another
// kind, fetched by a wrong key, is refused and not misread.
func encode(format string, a about, tensors ...artifact.Tensor) ([]byte, error) {
	text, err := json.Marshal(a)
	if err != nil {
		return nil, fmt.Errorf("cocoa: encode: %w", err)
	}
	data, err := artifact.Encode(map[string]string{"format": format, "about": string(text)}, tensors)
	if err != nil {
		return nil, fmt.Errorf("cocoa: encode: %w", err)
	}
	return data, nil
}

// open reads the header of a file.
func open(data []byte, format string) (*artifact.File, about, error) {
	var a about
	// 0 would mean the default limit; the caller has the bytes in hand anyway.
	f, err := artifact.Decode(data, artifact.Limits{Bytes: max(int64(len(data)), 1)})
	if err != nil {
		return nil, a, fmt.Errorf("cocoa: open %s: %w", format, err)
	}
	if f.Metadata["format"] != format {
		return nil, a, corrupt("a file of format %q, want %q", f.Metadata["format"], format)
	}
	if err := json.Unmarshal([]byte(f.Metadata["about"]), &a); err != nil {
		return nil, a, corrupt("%s: %v", format, err)
	}
	if a.Shards < 0 || a.Shard < 0 || a.Rounds < 0 {
		return nil, a, corrupt("%s of %d shards, shard %d, %d rounds", format, a.Shards, a.Shard, a.Rounds)
	}
	return f, a, nil
}

// corrupt returns the error for a file that is whole but makes no sense.
func corrupt(format string, args ...any) error {
	return &artifact.Error{Kind: artifact.KindCorrupt, Msg: "cocoa: " + fmt.Sprintf(format, args...)}
}

// Encode returns the layout as a file. Equal layouts give equal bytes, as with
// all files of this package.
func (l *Layout) Encode() ([]byte, error) {
	return encode(layoutFormat, about{Shards: l.Shards}, artifact.FromUint16s(tensorHolders, nil, l.Holders))
}

// OpenLayout reads what Layout.Encode wrote, and aliases data. As all readers of
// this package it fails with an *artifact.Error.
func OpenLayout(data []byte) (*Layout, error) {
	f, a, err := open(data, layoutFormat)
	if err != nil {
		return nil, err
	}
	holders, err := artifact.Elements(f, tensorHolders, artifact.Uint16s)
	if err != nil {
		return nil, err
	}
	for j, n := range holders {
		if int(n) > a.Shards {
			return nil, corrupt("%d of %d shards have column %d", n, a.Shards, j)
		}
	}
	return &Layout{Shards: a.Shards, Holders: holders, Common: commonOf(holders)}, nil
}

// Encode returns the weights as a file.
func (w *Weights) Encode() ([]byte, error) {
	var all []float32
	for _, v := range w.vector {
		all = append(all, v...)
	}
	return encode(weightsFormat, about{Rounds: w.Rounds, C: w.C, Problems: w.Problems}, artifact.FromFloat32s(tensorVector, nil, all))
}

// OpenWeights reads what Weights.Encode wrote, and aliases data.
func OpenWeights(data []byte) (*Weights, error) {
	f, a, err := open(data, weightsFormat)
	if err != nil {
		return nil, err
	}
	all, err := artifact.Elements(f, tensorVector, artifact.Float32s)
	if err != nil {
		return nil, err
	}
	n := len(a.Problems)
	if n == 0 || len(all) < n || len(all)%n != 0 {
		return nil, corrupt("%d weights of %d problems", len(all), n)
	}
	w := &Weights{Rounds: a.Rounds, C: a.C, Problems: a.Problems}
	for width := len(all) / n; len(all) > 0; all = all[width:] {
		w.vector = append(w.vector, all[:width:width])
	}
	return w, nil
}

// Encode returns the dual variables as a file.
func (d *Duals) Encode() ([]byte, error) {
	var end []int64
	var row []int32
	var before, found, next []float64
	for _, p := range d.problem {
		row, before = append(row, p.row...), append(before, p.before...)
		found, next = append(found, p.found...), append(next, p.next...)
		end = append(end, int64(len(row)))
	}
	return encode(dualsFormat, about{Rounds: d.rounds}, artifact.FromInt64s(tensorEnd, nil, end), artifact.FromInt32s(tensorRow, nil, row),
		artifact.FromFloat64s(tensorBefore, nil, before), artifact.FromFloat64s(tensorFound, nil, found), artifact.FromFloat64s(tensorNext, nil, next))
}

// OpenDuals reads what Duals.Encode wrote, and aliases data.
func OpenDuals(data []byte) (*Duals, error) {
	f, a, err := open(data, dualsFormat)
	if err != nil {
		return nil, err
	}
	end, row, err := lists(f, tensorRow)
	if err != nil {
		return nil, err
	}
	var values [3][]float64
	for k, name := range []string{tensorBefore, tensorFound, tensorNext} {
		if values[k], err = artifact.Elements(f, name, artifact.Float64s); err != nil {
			return nil, err
		}
		if len(values[k]) != len(row) {
			return nil, corrupt("%d rows, %d dual variables in %s", len(row), len(values[k]), name)
		}
	}
	d := &Duals{rounds: a.Rounds}
	from := int64(0)
	for _, to := range end {
		d.problem = append(d.problem, dual{row[from:to:to], values[0][from:to:to], values[1][from:to:to], values[2][from:to:to]})
		from = to
	}
	return d, nil
}

// Encode returns the update as a file.
func (u *Update) Encode() ([]byte, error) {
	var end []int64
	var column []int32
	var moved []float32
	var all []float64
	for i := range u.problem {
		c := &u.problem[i]
		column, moved = append(column, c.column...), append(moved, c.weight...)
		end = append(end, int64(len(column)))
		for _, v := range c.sums.fields() {
			all = append(all, *v)
		}
	}
	return encode(updateFormat, about{Shard: u.shard, Rounds: u.rounds}, artifact.FromInt64s(tensorEnd, nil, end),
		artifact.FromInt32s(tensorColumn, nil, column), artifact.FromFloat32s(tensorMoved, nil, moved), artifact.FromFloat64s(tensorSums, nil, all))
}

// OpenUpdate reads what Update.Encode wrote, and aliases data.
func OpenUpdate(data []byte) (*Update, error) {
	f, a, err := open(data, updateFormat)
	if err != nil {
		return nil, err
	}
	end, column, err := lists(f, tensorColumn)
	if err != nil {
		return nil, err
	}
	moved, err := artifact.Elements(f, tensorMoved, artifact.Float32s)
	if err != nil {
		return nil, err
	}
	all, err := artifact.Elements(f, tensorSums, artifact.Float64s)
	if err != nil {
		return nil, err
	}
	u := &Update{shard: a.Shard, rounds: a.Rounds}
	from := int64(0)
	for _, to := range end {
		var c change
		fields := c.sums.fields() // pointers into c: writing through them fills it
		if len(moved) != len(column) || len(all) != len(end)*len(fields) {
			return nil, corrupt("%d columns, %d changes, %d sums of %d problems", len(column), len(moved), len(all), len(end))
		}
		for k, v := range fields {
			*v = all[len(u.problem)*len(fields)+k]
		}
		c.column, c.weight = column[from:to:to], moved[from:to:to]
		u.problem = append(u.problem, c)
		from = to
	}
	return u, nil
}

// lists reads a tensor of ascending numbers for each problem, and where each ends.
// What it checks, ends that rise and numbers that do, is what a round and Reduce
// index by; their upper bounds depend on the shard and are checked there.
func lists(f *artifact.File, name string) (end []int64, all []int32, err error) {
	if end, err = artifact.Elements(f, tensorEnd, artifact.Int64s); err != nil {
		return nil, nil, err
	}
	if all, err = artifact.Elements(f, name, artifact.Int32s); err != nil {
		return nil, nil, err
	}
	from := int64(0)
	for k, to := range end {
		if to < from || to > int64(len(all)) {
			return nil, nil, corrupt("tensor %s of problem %d ends at %d of %d", name, k, to, len(all))
		}
		last := int32(-1)
		for _, v := range all[from:to] {
			if v <= last {
				return nil, nil, corrupt("tensor %s of problem %d has %d after %d", name, k, v, last)
			}
			last = v
		}
		from = to
	}
	if from != int64(len(all)) {
		return nil, nil, corrupt("tensor %s has %d numbers, %d of them used", name, len(all), from)
	}
	return end, all, nil
}
