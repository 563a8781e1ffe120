package vector

import (
	"fmt"

	"godwit/shared/ml/neural/simd"
)

// Axpy adds a*x to dst, each element by one fused multiply-add.
func Axpy(dst, x []float32, a float32) {
	sameLength("Axpy", dst, x)
	for i := axpyLanes(dst, x, a); i < len(dst); i++ {
		dst[i] = simd.FMA(a, x[i], dst[i])
	}
}

// Add adds x to dst.
func Add(dst, x []float32) {
	sameLength("Add", dst, x)
	for i := addLanes(dst, x); i < len(dst); i++ {
		dst[i] += x[i]
	}
}

// Mul multiplies each element of dst by that of x.
func Mul(dst, x []float32) {
	sameLength("Mul", dst, x)
	for i := mulLanes(dst, x); i < len(dst); i++ {
		dst[i] *= x[i]
	}
}

// Scale multiplies dst by a.
func Scale(dst []float32, a float32) {
	for i := scaleLanes(dst, a); i < len(dst); i++ {
		dst[i] *= a
	}
}

// ReLU sets dst to max(x, 0). A NaN stays, and -0 becomes 0.
func ReLU(dst, x []float32) {
	sameLength("ReLU", dst, x)
	for i := reluLanes(dst, x); i < len(dst); i++ {
		if v := x[i]; v > 0 || v != v {
			dst[i] = v
		} else {
			dst[i] = 0
		}
	}
}

// ReLUGrad sets dst to 0 wherever y, the result of ReLU, is not above 0: it
// turns the gradient of ReLU's result into that of its argument.
func ReLUGrad(dst, y []float32) {
	sameLength("ReLUGrad", dst, y)
	for i := reluGradLanes(dst, y); i < len(dst); i++ {
		if !(y[i] > 0) {
			dst[i] = 0
		}
	}
}

func sameLength(name string, dst, x []float32) {
	if len(dst) != len(x) {
		panic(fmt.Sprintf("vector: %s of %d and %d elements", name, len(dst), len(x)))
	}
}
