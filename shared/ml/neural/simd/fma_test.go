package simd_test

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"godwit/shared/ml/neural/simd"
)

// exact returns x*y + z as math/big rounds it, once, to float32.
func exact(x, y, z float32) float32 {
	number := func(v float32) *big.Float { return new(big.Float).SetPrec(1000).SetFloat64(float64(v)) }
	sum := number(x)
	sum.Mul(sum, number(y)).Add(sum, number(z))
	out, _ := sum.Float32()
	return out
}

func TestFMA_Edges(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	tiny, largest := float32(math.SmallestNonzeroFloat32), float32(math.MaxFloat32)
	for _, tc := range []struct {
		name    string
		x, y, z float32
		want    float32
	}{
		{"plain", 2, 3, 4, 10},
		{"cancels", 3, 5, -15, 0},
		{"a midpoint and a little more", 1 + 0x1p-12, 1 + 0x1p-12, 0x1p-100, 0x1.002002p+0},
		{"a midpoint and a little less", 1 + 0x1p-12, 1 + 0x1p-12, -0x1p-100, 0x1.002p+0},
		{"a midpoint", 1 + 0x1p-12, 1 + 0x1p-12, 0, 0x1.002p+0},
		{"overflows", largest, 2, 0, inf},
		{"comes back from beyond", largest, 2, -largest, largest},
		{"half of the last place past the largest", largest, 1, 0x1p103, inf},
		{"just less than that", largest, 1, 0x1.fffffep102, largest},
		{"half the smallest", tiny, 0.5, 0, 0},
		{"half the smallest and more", tiny, 0.5, tiny, 2 * tiny},
		{"infinite", inf, 1, 0, inf},
		{"infinite addend", 1, 1, -inf, -inf},
		{"not a number", inf, 0, 1, nan},
		{"infinities that meet", inf, 1, -inf, nan},
		{"a NaN", nan, 1, 1, nan},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := simd.FMA(tc.x, tc.y, tc.z)
			if math.Float32bits(got) != math.Float32bits(tc.want) && !(got != got && tc.want != tc.want) {
				t.Errorf("FMA(%v, %v, %v) = %v, want %v", tc.x, tc.y, tc.z, got, tc.want)
			}
		})
	}
}

// Random bits give every exponent; an addend made from the product itself, moved
// by few bits, gives sums near midpoints and near zero.
func TestFMA_AgreesWithBig(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	finite := func() float32 {
		for {
			if v := math.Float32frombits(r.Uint32()); v-v == 0 {
				return v
			}
		}
	}
	for range 200_000 {
		x, y, z := finite(), finite(), finite()
		if r.IntN(2) == 0 {
			z = -float32(float64(x) * float64(y) * math.Ldexp(1, r.IntN(60)-30))
		}
		if r.IntN(4) == 0 { // few bits: midpoints are frequent
			x = math.Float32frombits(math.Float32bits(x) &^ (1<<12 - 1))
			y = math.Float32frombits(math.Float32bits(y) &^ (1<<11 - 1))
		}
		if z-z != 0 {
			continue
		}
		got, want := simd.FMA(x, y, z), exact(x, y, z)
		if got != want {
			t.Fatalf("FMA(%b, %b, %b) = %b, want %b", x, y, z, got, want)
		}
	}
}

func TestPaths(t *testing.T) {
	paths := simd.Paths()
	if paths[len(paths)-1] != simd.Portable {
		t.Errorf("Paths() = %v, want the portable one last", paths)
	}
	if simd.Best() != paths[0] {
		t.Errorf("Best() = %v, want the first of %v", simd.Best(), paths)
	}
	for path, want := range map[simd.Path]string{simd.Portable: "go", simd.AVX2: "avx2", simd.AVX512: "avx512", simd.NEON: "neon"} {
		if got := path.String(); got != want {
			t.Errorf("Path(%d).String() = %q, want %q", path, got, want)
		}
	}
}

// A tenth is not a float32. What is rounded away by the product is not lost to
// the sum, because the product is not rounded.
func ExampleFMA() {
	tenth := float32(0.1)
	product := float32(tenth * 10)
	fmt.Println(product-1, simd.FMA(tenth, 10, -1))
	// Output: 0 1.4901161e-08
}
