package serving

import (
	"context"
	"encoding/binary"
	"io"
	"math"
	"strings"
	"time"

	"godwit/shared/fault"
	"godwit/shared/registry"
)

// predictionPurpose keys the signer of prediction ids.
const predictionPurpose = "prediction"

// The first byte of a prediction id's payload says what its answers are. Formats
// 1 and 2 are 3 and 4 without the nonce: two requests answered alike within a
// second had one id, and feedback on the second counted as a repetition. They
// are still read.
const (
	labelFormat1 = 1
	valueFormat1 = 2
	labelFormat  = 3 // a label and a score
	valueFormat  = 4 // the value of a regression
)

// nonceSize is the length in bytes of what makes an id unlike all others: by the
// birthday bound two of a billion answers of one model, version and second agree
// with a chance of three in a hundred.
const nonceSize = 8

// predictionPrefix begins every prediction id.
const predictionPrefix = "pr_"

// Prediction is what a prediction id says.
type Prediction struct {
	Tenant  registry.Tenant
	Model   registry.Name
	Version int
	At      time.Time // to the second, UTC
	// Regression says that the answers are values, not labels.
	Regression bool
	Answers    []Answer // one for each input, in order
}

// Answer is what was answered to one input: a label and a score, or the value
// of a regression. Where the input could not be scored Label is empty, and Value
// not a number.
type Answer struct {
	Label string
	Score float64 // rounded to 1/65535
	Value float64 // exact; 0 beside a label
}

// sealPrediction makes the id of an answer. Its payload is the format's byte and
// the nonce, then tenant and model as length-prefixed strings, version, Unix
// seconds and the number of answers as uvarints, then each answer: a
// length-prefixed label and a little-endian 16-bit score, or a value as a
// little-endian float64. It fails when random does.
func sealPrediction(s *Signer, random io.Reader, t registry.Tenant, r Response, now time.Time) (string, error) {
	b := make([]byte, 0, 96+24*len(r.Results))
	format := byte(labelFormat)
	if r.Regression {
		format = valueFormat
	}
	b = append(b, format)
	b = b[:1+nonceSize]
	if _, err := io.ReadFull(random, b[1:]); err != nil {
		return "", fault.Wrap(fault.Internal, err, "no randomness")
	}
	b = appendText(b, string(t))
	b = appendText(b, string(r.Model))
	b = binary.AppendUvarint(b, uint64(r.Version))
	b = binary.AppendUvarint(b, uint64(now.Unix()))
	b = binary.AppendUvarint(b, uint64(len(r.Results)))
	for i := range r.Results {
		one := &r.Results[i]
		switch {
		case !r.Regression:
			b = appendText(b, one.Label)
			b = binary.LittleEndian.AppendUint16(b, uint16(math.Round(one.Score*math.MaxUint16)))
		case one.Err != nil:
			b = binary.LittleEndian.AppendUint64(b, math.Float64bits(math.NaN()))
		default:
			b = binary.LittleEndian.AppendUint64(b, math.Float64bits(one.Value))
		}
	}
	return predictionPrefix + s.Seal("", b), nil
}

// appendText appends a length-prefixed string.
func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// Prediction reads a prediction id of tenant t; whoever has the secret can, and
// needs no Server. Anything else, another tenant's included, is fault.NotFound.
func (s *Secret) Prediction(ctx context.Context, t registry.Tenant, id string) (Prediction, error) {
	absent := fault.New(fault.NotFound, "no prediction has this id")
	signer, err := s.Signer(ctx, predictionPurpose)
	if err != nil {
		return Prediction{}, err
	}
	sealed, ok := strings.CutPrefix(id, predictionPrefix)
	if !ok {
		return Prediction{}, absent
	}
	payload, err := signer.Open("", sealed)
	if err != nil {
		return Prediction{}, absent
	}
	p, ok := decodePrediction(payload)
	if !ok || p.Tenant != t {
		return Prediction{}, absent
	}
	return p, nil
}

// decodePrediction reads a signed payload. It checks bounds all the same: an
// older build with the same secret may have written another format.
func decodePrediction(payload []byte) (Prediction, bool) {
	d := reader{b: payload}
	var p Prediction
	switch d.byte() {
	case labelFormat1:
	case valueFormat1:
		p.Regression = true
	case labelFormat:
		d.fixed(nonceSize)
	case valueFormat:
		p.Regression = true
		d.fixed(nonceSize)
	default:
		return p, false
	}
	p.Tenant, p.Model, p.Version = registry.Tenant(d.text()), registry.Name(d.text()), int(d.number())
	p.At = time.Unix(int64(d.number()), 0).UTC()
	n := d.number()
	if n > MaxInputs {
		return Prediction{}, false
	}
	for range n {
		var a Answer
		if p.Regression {
			a.Value = math.Float64frombits(d.fixed(8))
		} else {
			a.Label = d.text()
			a.Score = float64(d.fixed(2)) / math.MaxUint16
		}
		p.Answers = append(p.Answers, a)
	}
	return p, !d.short && len(d.b) == 0
}

// reader takes fields off the front of b; short says that one was missing.
type reader struct {
	b     []byte
	short bool
}

func (r *reader) byte() byte {
	if len(r.b) == 0 {
		r.short = true
		return 0
	}
	c := r.b[0]
	r.b = r.b[1:]
	return c
}

// fixed reads a little-endian number of that many bytes.
func (r *reader) fixed(size int) uint64 {
	var v uint64
	for i := range size {
		v |= uint64(r.byte()) << (8 * i)
	}
	return v
}

func (r *reader) number() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.b, r.short = nil, true
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) text() string {
	n := r.number()
	if n > uint64(len(r.b)) {
		r.b, r.short = nil, true
		return ""
	}
	s := string(r.b[:n])
	r.b = r.b[n:]
	return s
}
