package simd

import "sync"

// Path is a set of instructions that kernels are written for.
type Path uint8

// The paths. Portable runs everywhere; AVX2 means AVX2 and FMA3, AVX512 means
// AVX-512 F and VL beside them, NEON is what every arm64 processor has.
const (
	Portable Path = iota
	AVX2
	AVX512
	NEON
)

// String returns the name under which a path is reported: "go", "avx2",
// "avx512" or "neon".
func (p Path) String() string {
	switch p {
	case AVX2:
		return "avx2"
	case AVX512:
		return "avx512"
	case NEON:
		return "neon"
	}
	return "go"
}

var paths = sync.OnceValue(detect)

// Paths returns the paths this processor and its operating system can run, the
// fastest first and Portable last. The slice must not be changed. The processor
// is asked once; Paths is safe for concurrent use.
func Paths() []Path { return paths() }

// Best returns the fastest path: the first of Paths.
func Best() Path { return paths()[0] }
