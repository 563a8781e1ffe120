package onnxruntime

import (
	"context"
	"unsafe"

	"godwit/shared/ml/onnx"
	"godwit/shared/ml/onnx/runner"
)

// Session is a graph ready to run. Run is safe for concurrent use; Close ends it.
type Session struct {
	runtime     *Runtime
	handle      handle
	signature   runner.Signature
	inputNames  []*byte // ending in a zero, in the order of the signature
	outputNames []*byte
}

// Session makes a session of a graph, which it does not keep, but may write into:
// see onnx.DropZipMaps. It fails with an *onnx.Error: of the reason
// onnx.Unsupported with the operator's name when ONNX Runtime does not have it
// either.
func (r *Runtime) Session(graph []byte) (*Session, error) {
	about, err := onnx.Skim(graph, onnx.Limits{})
	if err != nil {
		return nil, err
	}
	if err := onnx.DropZipMaps(graph); err != nil {
		return nil, err
	}
	if isOwnFormat(graph) {
		return nil, onnx.Errorf(onnx.Unsupported, "the file is of ONNX Runtime's own format; save the model as ONNX")
	}
	var options handle
	if err := r.check(r.api.createOptions(&options)); err != nil {
		return nil, r.refused(err)
	}
	defer r.api.releaseOptions(options)
	for _, err := range []error{
		r.check(r.api.threadsWithin(options, 1)), r.check(r.api.threadsBetween(options, 1)),
		r.check(r.api.noArena(options)), r.check(r.api.noMemoryPattern(options)),
	} {
		if err != nil {
			return nil, r.refused(err)
		}
	}
	s := &Session{runtime: r}
	if err := r.check(r.api.createSession(r.env, unsafe.SliceData(graph), uintptr(len(graph)), options, &s.handle)); err != nil {
		return nil, r.refused(err)
	}
	if err := s.describe(); err != nil {
		s.Close()
		return nil, err
	}
	s.signature.Labels = runner.Labels(&about.Graph) // of the graph with its ZipMaps
	return s, nil
}

// isOwnFormat reports what the library takes for its own format, by the mark of a
// FlatBuffer: a file can be that and ONNX at once, and then Skim would have read
// another graph than the one that runs.
func isOwnFormat(graph []byte) bool {
	const at, mark = 4, "ORTM"
	return len(graph) >= at+len(mark) && string(graph[at:at+len(mark)]) == mark
}

// Close gives the memory back. No run may be under way and none may follow.
func (s *Session) Close() { s.runtime.api.releaseSession(s.handle) }

// Signature says what the graph takes and answers. Outputs that are no tensors
// of types that are read, such as sequences, are left out, and are not computed
// for their own sake; ZipMap's are the scores it takes, as in package runner. It
// must not be changed.
func (s *Session) Signature() runner.Signature { return s.signature }

// Run answers one set of inputs, in the order of the signature. It fails with an
// *onnx.Error, of the reason BadInput or BadValue when the graph cannot take the
// inputs and TooLarge when the answer is larger than can be held, or with the
// context's error: a run is ended between two of its nodes.
func (s *Session) Run(ctx context.Context, inputs []*onnx.Tensor) ([]*onnx.Tensor, error) {
	if err := s.signature.Check(inputs); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	r := s.runtime
	in, out := make([]handle, len(inputs)), make([]handle, len(s.outputNames))
	defer func() {
		for _, v := range append(in, out...) {
			if v != nil {
				r.api.releaseValue(v)
			}
		}
	}()
	for i, t := range inputs {
		if err := r.value(t, &in[i]); err != nil {
			return nil, err
		}
	}
	if err := s.run(ctx, in, out); err != nil {
		return nil, err
	}
	outputs := make([]*onnx.Tensor, len(out))
	for i, v := range out {
		var err error
		if outputs[i], err = r.tensor(v); err != nil {
			return nil, err
		}
	}
	return outputs, nil
}

// run makes out of in, until ctx ends.
func (s *Session) run(ctx context.Context, in, out []handle) error {
	r := s.runtime
	var options handle
	if err := r.check(r.api.createRunOptions(&options)); err != nil {
		return r.failed(err)
	}
	defer r.api.releaseRunOptions(options)
	ended := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(ended)
		r.check(r.api.terminate(options)) // a run that cannot be ended ends by itself
	})
	err := r.check(r.api.run(s.handle, options, unsafe.SliceData(s.inputNames), unsafe.SliceData(in), uintptr(len(in)),
		unsafe.SliceData(s.outputNames), uintptr(len(out)), unsafe.SliceData(out)))
	if !stop() {
		<-ended // before the options are given back
		return ctx.Err()
	}
	if err != nil {
		return r.failed(err)
	}
	return nil
}
