package text

import (
	"encoding/binary"
	"math/bits"
)

// Odd constants with mixed bits: the fractional parts of the square roots of
// 2, 3 and 5.
const (
	salt0 = 0x6a09e667f3bcc909
	salt1 = 0xbb67ae8584caa73b
	salt2 = 0x3c6ef372fe94f82b
)

// mix folds the 128-bit product of a and b, which spreads every bit of either
// over the result. The method is Wang Yi's wyhash (public domain).
func mix(a, b uint64) uint64 {
	high, low := bits.Mul64(a, b)
	return high ^ low
}

// hash returns 64 well-spread bits of a term. It has no secret seed: terms
// are compared byte by byte after it, and a document's length bounds what an
// adversary can gain from collisions.
func hash(f Family, b []byte) uint64 {
	n := len(b)
	seed := salt0 ^ mix(uint64(f)+1, salt1)
	var low, high uint64
	switch {
	case n > 16:
		rest := b
		for len(rest) > 16 {
			seed = mix(binary.LittleEndian.Uint64(rest)^salt1, binary.LittleEndian.Uint64(rest[8:])^seed)
			rest = rest[16:]
		}
		// The last 16 bytes overlap what was read, so no tail is left over.
		low = binary.LittleEndian.Uint64(b[n-16:])
		high = binary.LittleEndian.Uint64(b[n-8:])
	case n >= 8:
		low = binary.LittleEndian.Uint64(b)
		high = binary.LittleEndian.Uint64(b[n-8:])
	case n >= 4:
		low = uint64(binary.LittleEndian.Uint32(b))
		high = uint64(binary.LittleEndian.Uint32(b[n-4:]))
	case n > 0:
		low = uint64(b[0])<<16 | uint64(b[n>>1])<<8 | uint64(b[n-1])
	}
	return mix(salt2^uint64(n), mix(low^salt1, high^seed))
}
