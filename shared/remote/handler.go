package remote

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"godwit/shared/blob"
	"godwit/shared/ml/foreign"
	"godwit/shared/ml/onnx"
	"godwit/shared/ml/onnx/runner"
	"godwit/shared/ml/pipeline"
)

// Session is a loaded graph.
type Session interface {
	// Signature says what the graph takes and answers.
	Signature() runner.Signature
	// Run answers one row. It fails with an *onnx.Error, or with the context's.
	Run(ctx context.Context, inputs []*onnx.Tensor) ([]*onnx.Tensor, error)
	// Close gives the memory back; nothing runs then or afterwards.
	Close()
}

// Handler answers calls. Its fields are set once; it answers one call at a time,
// as a function's environment gets one at a time.
type Handler struct {
	Models blob.Store
	// Load makes a session of a graph; it fails with an *onnx.Error.
	Load func(graph []byte) (Session, error)
	// KeepBytes bounds the graphs whose sessions are kept, in bytes of their files,
	// which is about what a session takes. 0 keeps only the last one.
	KeepBytes int64
	Log       *slog.Logger

	mu   sync.Mutex
	kept sessions
}

// reserve is how long before its end a call stops taking up rows, so that its
// answer still gets out.
const reserve = 500 * time.Millisecond

// Handle answers the JSON of a Call. An error means that there is no answer, and
// says nothing about the graph: the bucket did not answer, its object is not the
// one asked for, or the call makes no sense.
func (h *Handler) Handle(ctx context.Context, payload json.RawMessage) (Answer, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	answer, err := h.answer(ctx, payload)
	if err != nil {
		h.Log.ErrorContext(ctx, "graph not run", "error", err)
	}
	return answer, err
}

func (h *Handler) answer(ctx context.Context, payload []byte) (Answer, error) {
	call, err := DecodeCall(payload)
	if err != nil {
		return Answer{}, err
	}
	session, err := h.session(ctx, call)
	if refused, judged := errors.AsType[*onnx.Error](err); judged {
		return Answer{Refusal: refusalOf(refused)}, nil
	}
	if err != nil {
		return Answer{}, err
	}
	if call.Op == OpCheck {
		s := session.Signature()
		return Answer{Signature: &s}, nil
	}
	rows, err := run(ctx, session, call.Rows)
	return Answer{Rows: rows}, err
}

// session returns the session of a call's graph, loading it where it is not kept.
func (h *Handler) session(ctx context.Context, call Call) (Session, error) {
	key := sessionKey{call.Key, call.Digest}
	if s := h.kept.get(key); s != nil {
		return s, nil
	}
	data, err := blob.ReadAll(ctx, h.Models, call.Key, pipeline.MaxFileBytes)
	if err != nil {
		return nil, fmt.Errorf("read the graph: %w", err)
	}
	if blob.DigestOf(data) != call.Digest {
		return nil, errors.New("the object is not the graph that was asked for")
	}
	graph := foreign.GraphIn(data)
	// Room first: the largest graph and what is kept together may be too much.
	h.kept.trim(h.KeepBytes - int64(len(graph)))
	s, err := h.Load(graph)
	if err != nil {
		return nil, err
	}
	h.kept.add(key, s, int64(len(graph)))
	return s, nil
}

// run answers rows until time or the size of the answer ends, the first in any case.
func run(ctx context.Context, session Session, rows [][]Tensor) ([]Row, error) {
	short := ctx
	if end, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		short, cancel = context.WithDeadline(ctx, end.Add(-reserve))
		defer cancel()
	}
	var out []Row
	total := 0
	for _, tensors := range rows {
		row, err := runRow(short, session, tensors)
		switch {
		case err == nil:
		case len(out) > 0:
			return out, nil // asked for again, with a whole call's time
		case ctx.Err() == nil: // it had all of it
			row = Row{Refusal: refusalOf(tooLarge("the graph takes more time for this row than a call has"))}
		default:
			return nil, err
		}
		bytes := size(row.Outputs)
		if bytes > MaxBytes {
			row = Row{Refusal: refusalOf(tooLarge("the graph answers this row with %d bytes, at most %d are taken", bytes, MaxBytes))}
			bytes = 0
		}
		if total += bytes; total > MaxBytes {
			return out, nil
		}
		out = append(out, row)
	}
	return out, nil
}

// runRow answers one row; the error is the context's.
func runRow(ctx context.Context, session Session, tensors []Tensor) (Row, error) {
	inputs, err := unpacked(tensors)
	if err == nil {
		var outputs []*onnx.Tensor
		if outputs, err = session.Run(ctx, inputs); err == nil {
			return Row{Outputs: packed(outputs)}, nil
		}
	}
	if refused, judged := errors.AsType[*onnx.Error](err); judged {
		return Row{Refusal: refusalOf(refused)}, nil
	}
	return Row{}, err
}
