package runner

import (
	"context"
	"fmt"

	"godwit/shared/ml/onnx"
	"godwit/shared/ml/onnx/ops"
)

// Limits bound one run, and the folding of constants. A zero field means the
// default named there.
type Limits struct {
	Work  int64 // about one multiplication each, default 20e9: some ten seconds
	Bytes int64 // of all tensors made, default 1 GiB
}

// withDefaults fills the zero fields.
func (l Limits) withDefaults() Limits {
	if l.Work == 0 {
		l.Work = 20e9
	}
	if l.Bytes == 0 {
		l.Bytes = 1 << 30
	}
	return l
}

// Signature says what a program takes and answers.
type Signature struct {
	Inputs  []onnx.Port `json:"inputs"`
	Outputs []onnx.Port `json:"outputs"`
	// Labels are the classes in the order of scores, as the last classifier or
	// ZipMap of the graph lists them; nil when there is none.
	Labels []string `json:"labels,omitempty"`
}

// Program is a graph ready to run. It does not change and is safe for
// concurrent use.
type Program struct {
	limits    Limits
	signature Signature
	steps     []step
	constants []*onnx.Tensor // by value; nil for what is made by a run
	inputs    []int          // values
	outputs   []int
}

// step is a node. Values are numbered; -1 is one that is left out.
type step struct {
	called  string // for errors
	kernel  ops.Kernel
	in, out []int
	free    []int // values that are not used afterwards
}

// Compile makes a program of a model, of which it keeps the tensors: the model
// must not be changed afterwards. It fails with an *onnx.Error, or with the
// error of the context.
func Compile(ctx context.Context, m *onnx.Model, l Limits) (*Program, error) {
	if err := Check(m); err != nil {
		return nil, err
	}
	p := &Program{limits: l.withDefaults()}
	number := make(numbers)
	for _, c := range m.Graph.Constants {
		number.of(c.Name)
		p.constants = append(p.constants, c.Tensor)
	}
	for _, in := range m.Graph.Inputs {
		p.inputs = append(p.inputs, number.of(in.Name))
	}
	p.room(number)
	if err := p.prepare(ctx, m, number); err != nil {
		return nil, err
	}
	for _, out := range m.Graph.Outputs {
		p.outputs = append(p.outputs, number.of(out.Name))
	}
	p.release()
	p.signature = Signature{Inputs: m.Graph.Inputs, Outputs: m.Graph.Outputs, Labels: Labels(&m.Graph)}
	return p, p.probe(ctx)
}

// numbers are the values of a graph by name.
type numbers map[string]int

// of returns the number of a value, -1 for one that is left out.
func (n numbers) of(name string) int {
	if name == "" {
		return -1
	}
	v, known := n[name]
	if !known {
		v = len(n)
		n[name] = v
	}
	return v
}

// all returns the numbers of values.
func (n numbers) all(names []string) []int {
	all := make([]int, len(names))
	for i, name := range names {
		all[i] = n.of(name)
	}
	return all
}

// room makes a place for every value.
func (p *Program) room(number numbers) {
	p.constants = append(p.constants, make([]*onnx.Tensor, len(number)-len(p.constants))...)
}

// prepare makes the steps, and runs those that depend on constants only.
func (p *Program) prepare(ctx context.Context, m *onnx.Model, number numbers) error {
	fold := ops.NewRun(ctx, p.limits.Work, p.limits.Bytes)
	for i := range m.Graph.Nodes {
		n := &m.Graph.Nodes[i]
		kernel, err := ops.Make(n, m.Opset(n.Domain))
		if err != nil {
			return err
		}
		s := step{called: n.Called(), kernel: kernel, in: number.all(n.Inputs), out: number.all(n.Outputs)}
		p.room(number)
		if !p.constant(s) {
			p.steps = append(p.steps, s)
		} else if err := s.run(fold, p.constants); err != nil {
			return err
		}
	}
	return nil
}

// constant reports whether a step depends on constants only.
func (p *Program) constant(s step) bool {
	for _, v := range s.in {
		if v >= 0 && p.constants[v] == nil {
			return false
		}
	}
	return true
}

// release notes for each step which values it is the last to use, so that
// their memory is free while the run goes on. Constants that no step uses any
// more are forgotten.
func (p *Program) release() {
	needed := make([]bool, len(p.constants))
	for _, v := range p.outputs {
		needed[v] = true
	}
	for i := len(p.steps) - 1; i >= 0; i-- {
		s := &p.steps[i]
		for _, v := range append(append([]int(nil), s.in...), s.out...) {
			if v >= 0 && !needed[v] {
				needed[v] = true
				if p.constants[v] == nil {
					s.free = append(s.free, v)
				}
			}
		}
	}
	for v := range p.constants {
		if !needed[v] {
			p.constants[v] = nil
		}
	}
}

// run computes the outputs of a step.
func (s *step) run(r *ops.Run, values []*onnx.Tensor) (err error) {
	in := make([]*onnx.Tensor, len(s.in))
	for i, v := range s.in {
		if v >= 0 {
			in[i] = values[v]
		}
	}
	// The net below the checks of the kernels: a graph somebody made up must
	// not end the process that serves others.
	defer func() {
		if failure := recover(); failure != nil {
			err = onnx.At(s.called, onnx.Errorf(onnx.Corrupt, "%s: %v", panicked, failure))
		}
	}()
	out, err := s.kernel(r, in)
	if err != nil {
		return onnx.At(s.called, err)
	}
	for i, v := range s.out {
		if v >= 0 && i < len(out) {
			values[v] = out[i]
		}
	}
	for _, v := range s.free {
		values[v] = nil
	}
	return nil
}

// panicked marks the error of a kernel that lacks a check.
const panicked = "the operator could not deal with its inputs"

// Signature returns what the program takes and answers. Its slices are the
// program's and must not be changed.
func (p *Program) Signature() Signature { return p.signature }

// Bytes returns about how much memory the program holds: its constants.
func (p *Program) Bytes() int64 {
	n := int64(0)
	for _, t := range p.constants {
		if t == nil {
			continue
		}
		n += int64(4*len(t.Floats) + 8*len(t.Ints) + 16*len(t.Strings) + len(t.Bools) + 2*len(t.Halves))
		for _, s := range t.Strings {
			n += int64(len(s))
		}
	}
	return n
}

// Run answers: one tensor for each output of the signature, for one for each of
// its inputs. Tensors are not changed, and those returned may be constants of
// the program: they must not be changed either. It fails with an *onnx.Error,
// which for inputs of the wrong type or axes has the reason BadInput, or with
// the error of the context.
func (p *Program) Run(ctx context.Context, inputs []*onnx.Tensor) ([]*onnx.Tensor, error) {
	if err := p.signature.Check(inputs); err != nil {
		return nil, err
	}
	return p.run(ctx, inputs)
}

// run is Run without the check.
func (p *Program) run(ctx context.Context, inputs []*onnx.Tensor) ([]*onnx.Tensor, error) {
	values := append([]*onnx.Tensor(nil), p.constants...)
	for i, v := range p.inputs {
		values[v] = inputs[i]
	}
	r := ops.NewRun(ctx, p.limits.Work, p.limits.Bytes)
	for i := range p.steps {
		if err := p.steps[i].run(r, values); err != nil {
			return nil, err
		}
	}
	out := make([]*onnx.Tensor, len(p.outputs))
	for i, v := range p.outputs {
		if out[i] = values[v]; out[i] == nil {
			return nil, onnx.Errorf(onnx.Corrupt, "output %q was not made", p.signature.Outputs[i].Name)
		}
	}
	return out, nil
}

// Check reports, with an *onnx.Error of the reason BadInput, inputs that do not
// fit the signature. Axes of the same name must be of the same size.
func (s *Signature) Check(inputs []*onnx.Tensor) error {
	if len(inputs) != len(s.Inputs) {
		return onnx.Errorf(onnx.BadInput, "%d inputs, the model takes %d", len(inputs), len(s.Inputs))
	}
	named := make(map[string]int)
	for i, p := range s.Inputs {
		t := inputs[i]
		where := fmt.Sprintf("input %q", p.Name)
		if t == nil {
			return onnx.At(where, onnx.Errorf(onnx.BadInput, "it is missing"))
		}
		if err := t.Check(); err != nil {
			return onnx.At(where, err)
		}
		if t.Storage() != p.Type.Storage() || p.Ranked && len(t.Dims) != len(p.Dims) {
			return onnx.At(where, onnx.Errorf(onnx.BadInput, "%s of axes %v; the model takes %s of %d axes", t.Type, t.Dims, p.Type, len(p.Dims)))
		}
		for k, d := range p.Dims {
			size, known := d.Size, !d.Open
			if d.Open && d.Name != "" {
				size, known = named[d.Name]
				named[d.Name] = t.Dims[k]
			}
			if known && size != t.Dims[k] {
				return onnx.At(where, onnx.Errorf(onnx.BadInput, "axis %d is %d long, want %d", k, t.Dims[k], size))
			}
		}
	}
	return nil
}
