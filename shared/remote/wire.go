// Package remote runs imported graphs in another function, whose runtime has
// operators that the runner in Go does not.
//
// Client is the side that asks: a foreign.Engine over an Invoker, the port to one
// function. Handler is the side that answers: it reads the graph from the bucket
// of models, holds it against the digest that is asked for, keeps sessions up to
// a bound of bytes, and runs row by row. Both speak the JSON of this file, which
// is not kept anywhere: caller and function are of one deployment.
//
// What travels is bounded on both sides. Many rows are sent in several calls, and
// a function answers the first rows of a call where all do not fit its time or the
// size of an answer; the rest is asked for again. Nothing is tried twice.
package remote

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"godwit/shared/blob"
	"godwit/shared/ml/onnx"
	"godwit/shared/ml/onnx/runner"
)

// The operations of a Call.
const (
	OpCheck = "check" // load the graph and tell its signature
	OpRun   = "run"   // answer rows
)

// The bounds of a call. Lambda takes 6 MiB each way, and base64 makes 4 bytes of 3.
const (
	// MaxBytes is how many bytes of elements go into one call or answer.
	MaxBytes = 4 << 20
	// MaxRows is how many rows go into one call.
	MaxRows = 1024
)

// Call is what a function is asked.
type Call struct {
	Op     string      `json:"op"`             // OpCheck or OpRun
	Key    string      `json:"key"`            // of the object in the bucket of models
	Digest blob.Digest `json:"digest"`         // of the object
	Rows   [][]Tensor  `json:"rows,omitempty"` // of OpRun: for each row a tensor for each input
}

// Tensor is a tensor on its way.
type Tensor struct {
	Type onnx.Type `json:"type"` // as TensorProto.DataType counts
	Dims []int     `json:"dims"`
	Data []byte    `json:"data"` // as onnx.Tensor.Raw gives it; base64 in JSON
}

// Answer is what a function says.
type Answer struct {
	Signature *runner.Signature `json:"signature,omitempty"` // of OpCheck
	Rows      []Row             `json:"rows,omitempty"`      // of OpRun: the first of the rows asked for, at least one
	Refusal   *Refusal          `json:"refusal,omitempty"`   // of the graph; then there is nothing else
}

// Row is the answer to one row.
type Row struct {
	Outputs []Tensor `json:"outputs,omitempty"`
	Refusal *Refusal `json:"refusal,omitempty"` // of this row; then there are no outputs
}

// Refusal is an *onnx.Error on its way, without its cause.
type Refusal struct {
	Reason  onnx.Reason `json:"reason"`
	Where   string      `json:"where,omitempty"`
	Message string      `json:"message"`
}

// refusalOf writes an error.
func refusalOf(e *onnx.Error) *Refusal {
	return &Refusal{Reason: e.Reason, Where: e.Where, Message: e.Msg}
}

// err reads it.
func (r *Refusal) err() *onnx.Error {
	return &onnx.Error{Reason: r.Reason, Where: r.Where, Msg: r.Message}
}

// packed are tensors as they travel.
func packed(tensors []*onnx.Tensor) []Tensor {
	out := make([]Tensor, len(tensors))
	for i, t := range tensors {
		dims := t.Dims
		if dims == nil {
			dims = []int{} // a list, and not null
		}
		out[i] = Tensor{Type: t.Type, Dims: dims, Data: t.Raw()}
	}
	return out
}

// unpacked reads tensors. It fails with an *onnx.Error.
func unpacked(tensors []Tensor) ([]*onnx.Tensor, error) {
	out := make([]*onnx.Tensor, len(tensors))
	for i, t := range tensors {
		var err error
		if out[i], err = onnx.OfRaw(t.Type, t.Dims, t.Data); err != nil {
			return nil, onnx.At(fmt.Sprintf("tensor %d", i), err)
		}
	}
	return out, nil
}

// size is how many bytes of elements tensors hold.
func size(tensors []Tensor) int {
	n := 0
	for _, t := range tensors {
		n += len(t.Data)
	}
	return n
}

// DecodeCall reads a call and checks its form. The error is for the log: only
// this package writes calls.
func DecodeCall(payload []byte) (Call, error) {
	var c Call
	if err := decode(payload, &c); err != nil {
		return Call{}, fmt.Errorf("remote: read the call: %w", err)
	}
	if _, err := blob.ParseDigest(string(c.Digest)); err != nil || c.Key == "" {
		return Call{}, errors.New("remote: the call names no graph by key and digest")
	}
	switch {
	case c.Op == OpCheck && len(c.Rows) == 0:
	case c.Op == OpRun && len(c.Rows) > 0 && len(c.Rows) <= MaxRows:
	default:
		return Call{}, fmt.Errorf("remote: the call is %.20q with %d rows", c.Op, len(c.Rows))
	}
	return c, nil
}

// decode reads one JSON value and nothing after it.
func decode(data []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("something follows the JSON")
	}
	return nil
}
