package weights_test

import (
	"errors"
	"math"
	"slices"
	"testing"

	"godwit/shared/ml/artifact"
	"godwit/shared/ml/neural/gradtest"
	"godwit/shared/ml/neural/layer"
	"godwit/shared/ml/neural/weights"
)

// param returns a parameter with numbers of chance, one column of which is
// zero.
func param(shape ...int) *layer.Param {
	p := layer.Start{}.Param("p", shape...)
	copy(p.Value, gradtest.Numbers(len(p.Value), 1))
	for i := range p.Value {
		if i%shape[len(shape)-1] == 1 {
			p.Value[i] = 0
		}
	}
	return p
}

// file returns a file of tensors.
func file(t testing.TB, tensors []artifact.Tensor) *artifact.File {
	t.Helper()
	data, err := artifact.Encode(nil, tensors)
	if err != nil {
		t.Fatal(err)
	}
	f, err := artifact.Decode(data, artifact.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// TestRead holds that a round trip moves a number by half a step of its
// rounding at most, and a second one not at all.
func TestRead(t *testing.T) {
	tests := []struct {
		name   string
		r      weights.Rounding
		shape  []int
		perRow bool
		most   float64 // a number below 1 may move by
		bytes  int
	}{
		{"whole", weights.Whole, []int{3, 4}, false, 0, 48},
		{"float16", weights.Float16, []int{3, 4}, false, 1.0 / 4096, 24},
		{"int8 by output", weights.Int8, []int{2, 3, 4}, false, .5 / 127, 24 + 16},
		{"int8 by row", weights.Int8, []int{3, 4}, true, .5 / 127, 12 + 12},
		{"biases", weights.Int8, []int{5}, false, 0, 20},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			p := param(tc.shape...)
			tensors := weights.Tensors(p, tc.r, tc.perRow)
			bytes := 0
			for _, tensor := range tensors {
				bytes += len(tensor.Data)
			}
			if bytes != tc.bytes {
				t.Errorf("%d bytes, want %d", bytes, tc.bytes)
			}
			got := p.Replica(false)
			if err := weights.Read(file(t, tensors), got, tc.r, tc.perRow); err != nil {
				t.Fatal(err)
			}
			for i, v := range got.Value {
				if moved := math.Abs(float64(v - p.Value[i])); moved > tc.most+1e-7 {
					t.Errorf("number %d = %g moves by %g, want at most %g", i, p.Value[i], moved, tc.most)
				}
			}
			again := p.Replica(false)
			if err := weights.Read(file(t, weights.Tensors(got, tc.r, tc.perRow)), again, tc.r, tc.perRow); err != nil || !slices.Equal(again.Value, got.Value) {
				t.Errorf("a second round trip moves the numbers (%v)", err)
			}
		})
	}
}

func TestRead_refuses(t *testing.T) {
	p := param(3, 4)
	short := artifact.FromFloat32s("p", []int64{3, 3}, make([]float32, 9))
	infinite := param(3, 4)
	infinite.Value[5] = float32(math.Inf(1))
	tests := []struct {
		name    string
		r       weights.Rounding
		tensors []artifact.Tensor
	}{
		{"nothing there", weights.Whole, nil},
		{"another shape", weights.Whole, []artifact.Tensor{short}},
		{"another type", weights.Whole, weights.Tensors(p, weights.Float16, false)},
		{"whole for float16", weights.Float16, weights.Tensors(p, weights.Whole, false)},
		{"whole for int8", weights.Int8, weights.Tensors(p, weights.Whole, false)},
		{"scales missing", weights.Int8, weights.Tensors(p, weights.Int8, false)[:1]},
		{"scales of the other kind", weights.Int8, weights.Tensors(p, weights.Int8, true)},
		{"infinite", weights.Whole, weights.Tensors(infinite, weights.Whole, false)},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			if err := weights.Read(file(t, tc.tensors), p.Replica(false), tc.r, false); !errors.Is(err, artifact.ErrCorrupt) {
				t.Errorf("Read = %v, want ErrCorrupt", err)
			}
		})
	}
}
