package simd

// Bits of CPUID and XCR0, from Intel's Software Developer's Manual, volume 2A
// (CPUID) and volume 1, section 13.3.
const (
	leaf1FMA      = 1 << 12 // ECX of leaf 1
	leaf1OSXSAVE  = 1 << 27
	leaf1AVX      = 1 << 28
	leaf7AVX2     = 1 << 5 // EBX of leaf 7
	leaf7AVX512F  = 1 << 16
	leaf7AVX512VL = 1 << 31
	// The operating system keeps the YMM registers (bits 1, 2), and the masks
	// and ZMM registers (bits 5, 6, 7), across a switch of threads.
	xcr0YMM = 0x06
	xcr0ZMM = 0xe0
)

// cpuid returns what CPUID answers for a leaf and sub-leaf.
func cpuid(leaf, sub uint32) (a, b, c, d uint32)

// xgetbv returns the low half of XCR0. It may be called only if OSXSAVE is set.
func xgetbv() uint32

func detect() []Path {
	const avx = leaf1FMA | leaf1OSXSAVE | leaf1AVX
	const avx512 = leaf7AVX512F | leaf7AVX512VL
	highest, _, _, _ := cpuid(0, 0)
	_, _, features, _ := cpuid(1, 0)
	if highest < 7 || features&avx != avx {
		return []Path{Portable}
	}
	state := xgetbv()
	_, more, _, _ := cpuid(7, 0)
	switch {
	case state&xcr0YMM != xcr0YMM || more&leaf7AVX2 == 0:
		return []Path{Portable}
	case state&xcr0ZMM != xcr0ZMM || more&avx512 != avx512:
		return []Path{AVX2, Portable}
	}
	return []Path{AVX512, AVX2, Portable}
}
