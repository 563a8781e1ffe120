package ops

import (
	"math"
	"slices"

	"godwit/shared/ml/onnx"
)

// makeScaler computes (x - offset)·scale, by column or with one number for all.
func makeScaler(n *onnx.Node, _ int64) (Kernel, error) {
	offset, scale := list(n, "offset").Floats, list(n, "scale").Floats
	if len(offset) == 0 || len(offset) != len(scale) {
		return nil, onnx.Errorf(onnx.Corrupt, "%d offsets and %d scales", len(offset), len(scale))
	}
	return columnwise(len(offset), func(x float32, c int) float32 { return (x - offset[c]) * scale[c] }), nil
}

// columnwise makes a kernel of a function of a number and its column, of which
// there are n parameters, one for each or one for all.
func columnwise(n int, f func(x float32, column int) float32) Kernel {
	return func(r *Run, in []*onnx.Tensor) ([]*onnx.Tensor, error) {
		x, rows, columns, err := table(r, in[0])
		if err != nil {
			return nil, err
		}
		if n != 1 && n != columns {
			return nil, badInput("%d columns, want %d", columns, n)
		}
		out, err := r.floats(in[0].Dims...)
		if err != nil {
			return nil, err
		}
		for i := range rows * columns {
			out.Floats[i] = f(x[i], i%columns%n)
		}
		return one(out, nil)
	}
}

// makeImputer replaces a number, often not-a-number, by column.
func makeImputer(n *onnx.Node, _ int64) (Kernel, error) {
	if ints := list(n, "imputed_value_int64s").Ints; ints != nil {
		return imputeInts(ints, intOf(n, "replaced_value_int64", 0)), nil
	}
	values, from := list(n, "imputed_value_floats").Floats, floatOf(n, "replaced_value_float", 0)
	if len(values) == 0 {
		return nil, onnx.Errorf(onnx.Corrupt, "no value to put in")
	}
	return columnwise(len(values), func(x float32, c int) float32 {
		if x == from || x != x && from != from {
			return values[c]
		}
		return x
	}), nil
}

// imputeInts is the imputer of whole numbers.
func imputeInts(values []int64, from int64) Kernel {
	return func(r *Run, in []*onnx.Tensor) ([]*onnx.Tensor, error) {
		t := in[0]
		if t.Storage() != onnx.Ints || len(t.Dims) == 0 || len(values) != 1 && len(values) != t.Dims[len(t.Dims)-1] {
			return nil, badInput("%s of axes %v for %d values", t.Type, t.Dims, len(values))
		}
		out, err := r.tensor(t.Type, t.Dims)
		if err != nil {
			return nil, err
		}
		for i, v := range t.Ints {
			if out.Ints[i] = v; v == from {
				out.Ints[i] = values[i%len(values)]
			}
		}
		return one(out, nil)
	}
}

// makeBinarizer is 1 above the threshold and 0 elsewhere.
func makeBinarizer(n *onnx.Node, _ int64) (Kernel, error) {
	threshold := floatOf(n, "threshold", 0)
	return unary(func(x float32) float32 {
		if x > threshold {
			return 1
		}
		return 0
	})(n, 0)
}

// makeNormalizer divides rows by their largest number, the sum of their sizes,
// or their length. A row that would be divided by 0 stays.
func makeNormalizer(n *onnx.Node, _ int64) (Kernel, error) {
	norm := textOf(n, "norm", "MAX")
	f, ok := map[string]reducer{"MAX": maxAll, "L1": l1All, "L2": l2All}[norm]
	if !ok {
		return nil, onnx.Errorf(onnx.Corrupt, "norm %q", norm)
	}
	return func(r *Run, in []*onnx.Tensor) ([]*onnx.Tensor, error) {
		x, rows, columns, err := table(r, in[0])
		if err != nil {
			return nil, err
		}
		out, err := r.floats(in[0].Dims...)
		if err != nil {
			return nil, err
		}
		for i := range rows {
			row, by := x[i*columns:(i+1)*columns], f.start
			for _, v := range row {
				by = f.add(by, float64(v))
			}
			if by = f.end(by, columns); by == 0 {
				by = 1
			}
			for k, v := range row {
				out.Floats[i*columns+k] = float32(float64(v) / by)
			}
		}
		return one(out, nil)
	}, nil
}

// makeOneHot adds an axis with a 1 at the place of each category.
func makeOneHot(n *onnx.Node, _ int64) (Kernel, error) {
	texts, ints := list(n, "cats_strings").Strings, list(n, "cats_int64s").Ints
	strict := intOf(n, "zeros", 1) == 0
	byText, byInt := placesOf(texts), placesOf(ints)
	width := max(len(texts), len(ints))
	if width == 0 {
		return nil, onnx.Errorf(onnx.Corrupt, "no categories")
	}
	return func(r *Run, in []*onnx.Tensor) ([]*onnx.Tensor, error) {
		t := in[0]
		if (t.Storage() == onnx.Strings) != (texts != nil) {
			return nil, badInput("%s for categories of strings: %v", t.Type, texts != nil)
		}
		out, err := r.floats(append(slices.Clone(t.Dims), width)...)
		if err != nil {
			return nil, err
		}
		for i := range t.Len() {
			place, known := 0, false
			if texts != nil {
				place, known = byText[t.Strings[i]]
			} else if v, err := intAt(t, i); err != nil {
				return nil, err
			} else {
				place, known = byInt[v]
			}
			if known {
				out.Floats[i*width+place] = 1
			} else if strict {
				return nil, badValue("element %d is none of the %d categories", i, width)
			}
		}
		return one(out, nil)
	}, nil
}

// placesOf returns where each value is, the last of equals.
func placesOf[T comparable](values []T) map[T]int {
	m := make(map[T]int, len(values))
	for i, v := range values {
		m[v] = i
	}
	return m
}

// side is one side of a LabelEncoder's mapping.
func side(n *onnx.Node, name string) *onnx.Tensor {
	if a := n.Attribute(name + "_tensor"); a != nil && a.Tensor != nil {
		return reshaped(a.Tensor, []int{a.Tensor.Len()})
	}
	switch {
	case list(n, name+"_strings").Strings != nil:
		return onnx.OfStrings(list(n, name+"_strings").Strings)
	case list(n, name+"_int64s").Ints != nil:
		return onnx.OfInts(list(n, name+"_int64s").Ints)
	case list(n, name+"_floats").Floats != nil:
		return onnx.OfFloats(list(n, name+"_floats").Floats)
	}
	return nil
}

// mapping is a LabelEncoder.
type mapping struct {
	keys, values, missing *onnx.Tensor
	texts                 map[string]int
	ints                  map[int64]int
	bits                  map[uint32]int // of numbers: not-a-number is no key of a map
}

// makeLabelEncoder maps values to values; in version 1 a list of strings to
// their places, or places to the strings.
func makeLabelEncoder(n *onnx.Node, version int64) (Kernel, error) {
	if names := list(n, "classes_strings").Strings; version == 1 && names != nil {
		places := make([]int64, len(names))
		for i := range places {
			places[i] = int64(i)
		}
		return bothWays(n, names, places)
	}
	m := &mapping{keys: side(n, "keys"), values: side(n, "values"), bits: make(map[uint32]int)}
	if m.keys == nil || m.values == nil || m.keys.Len() != m.values.Len() {
		return nil, onnx.Errorf(onnx.Unsupported, "a mapping without keys and as many values; export with ai.onnx.ml of version 2 at least")
	}
	m.missing = &onnx.Tensor{
		Strings: []string{textOf(n, "default_string", "_Unused")}, Ints: []int64{intOf(n, "default_int64", -1)},
		// The standard's default is the negative zero.
		Floats: []float32{floatOf(n, "default_float", float32(math.Copysign(0, -1)))}, Bools: []bool{false},
	}
	if a := n.Attribute("default_tensor"); a != nil && a.Tensor != nil && a.Tensor.Len() == 1 && a.Tensor.Type == m.values.Type {
		m.missing = a.Tensor
	}
	m.texts, m.ints = placesOf(m.keys.Strings), placesOf(m.keys.Ints)
	for i, v := range m.keys.Floats {
		// Not-a-number finds itself from version 4 on.
		if v == v || version >= 4 {
			m.bits[bitsOf(v)] = i
		}
	}
	return m.run, nil
}

// makeCategoryMapper maps names to numbers, or numbers to names.
func makeCategoryMapper(n *onnx.Node, _ int64) (Kernel, error) {
	names, numbers := list(n, "cats_strings").Strings, list(n, "cats_int64s").Ints
	if len(names) != len(numbers) || len(names) == 0 {
		return nil, onnx.Errorf(onnx.Corrupt, "%d names and %d numbers of categories", len(names), len(numbers))
	}
	return bothWays(n, names, numbers)
}

// bothWays maps in the direction that the type of the input asks for.
func bothWays(n *onnx.Node, names []string, numbers []int64) (Kernel, error) {
	to := &mapping{keys: onnx.OfStrings(names), values: onnx.OfInts(numbers), texts: placesOf(names), missing: &onnx.Tensor{Ints: []int64{intOf(n, "default_int64", -1)}}}
	back := &mapping{keys: to.values, values: to.keys, ints: placesOf(numbers), missing: &onnx.Tensor{Strings: []string{textOf(n, "default_string", "_Unused")}}}
	return func(r *Run, in []*onnx.Tensor) ([]*onnx.Tensor, error) {
		if in[0].Storage() == onnx.Strings {
			return to.run(r, in)
		}
		return back.run(r, in)
	}, nil
}

// run looks every element up.
func (m *mapping) run(r *Run, in []*onnx.Tensor) ([]*onnx.Tensor, error) {
	t := in[0]
	if t.Storage() != m.keys.Storage() {
		return nil, badInput("%s, the keys are %s", t.Type, m.keys.Type)
	}
	index, err := r.index(t.Len())
	if err != nil {
		return nil, err
	}
	for i := range index {
		place, known := 0, false
		switch t.Storage() {
		case onnx.Strings:
			place, known = m.texts[t.Strings[i]]
		case onnx.Ints:
			place, known = m.ints[t.Ints[i]]
		case onnx.Floats:
			place, known = m.bits[bitsOf(t.Floats[i])]
		}
		if index[i] = place; !known {
			index[i] = outside
		}
	}
	return one(r.pick(m.values, t.Dims, index, m.missing))
}

// bitsOf tells numbers apart as keys: all not-a-numbers are one, and so are the
// zeros.
func bitsOf(v float32) uint32 {
	if v != v {
		return math.Float32bits(float32(math.NaN()))
	}
	return math.Float32bits(v + 0)
}

// extractFeatures takes columns of the last axis; one axis is one row.
func extractFeatures(r *Run, in []*onnx.Tensor) ([]*onnx.Tensor, error) {
	t, at := in[0], reshaped(in[1], []int{in[1].Len()})
	if len(t.Dims) == 1 {
		t = reshaped(t, []int{1, t.Dims[0]})
	}
	if len(t.Dims) == 0 || at.Storage() != onnx.Ints {
		return nil, badInput("places are %s", at.Type)
	}
	return one(gather(r, t, at, int64(len(t.Dims)-1)))
}

// joinFeatures joins the columns of all inputs.
func joinFeatures(r *Run, in []*onnx.Tensor) ([]*onnx.Tensor, error) {
	all := make([]*onnx.Tensor, len(in))
	for i, t := range in {
		if t == nil {
			return nil, badInput("input %d is left out", i)
		}
		x, rows, columns, err := table(r, t)
		if err != nil {
			return nil, err
		}
		all[i] = onnx.OfFloats(x, rows, columns)
	}
	return one(concat(r, all, 1))
}
