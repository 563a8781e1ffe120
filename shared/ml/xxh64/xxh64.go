// Package xxh64 is XXH64 as specified by Y. Collet, "xxHash fast digest
// algorithm", version 0.1.1: fast, and the same on every machine and in every
// version, so that what is stored may rely on it. It is no protection against
// somebody who looks for collisions.
package xxh64

import (
	"encoding/binary"
	"math/bits"
)

// The primes of XXH64: odd, so that multiplying by one loses nothing, and with
// about as many ones as zeros, so that it mixes.
const (
	prime1 uint64 = 0x9E3779B185EBCA87
	prime2 uint64 = 0xC2B2AE3D27D4EB4F
	prime3 uint64 = 0x165667B19E3779F9
	prime4 uint64 = 0x85EBCA77C2B2AE63
	prime5 uint64 = 0x27D4EB2F165667C5
)

// Sum returns the XXH64 of p under a seed. It allocates nothing and is safe for
// concurrent use.
func Sum(p []byte, seed uint64) uint64 {
	n := uint64(len(p))
	h := seed + prime5 // of less than a stripe, which has no lanes
	if len(p) >= 32 {
		// Stripes of 32 bytes go into four lanes that do not wait for each other:
		// that, and not the arithmetic, is where the speed comes from.
		v1, v2, v3, v4 := seed+prime2, seed+prime2, seed, seed
		v1 += prime1 // in two steps: the sum of the constants overflows
		v4 -= prime1
		for ; len(p) >= 32; p = p[32:] {
			v1 = round64(v1, binary.LittleEndian.Uint64(p))
			v2 = round64(v2, binary.LittleEndian.Uint64(p[8:]))
			v3 = round64(v3, binary.LittleEndian.Uint64(p[16:]))
			v4 = round64(v4, binary.LittleEndian.Uint64(p[24:]))
		}
		h = bits.RotateLeft64(v1, 1) + bits.RotateLeft64(v2, 7) + bits.RotateLeft64(v3, 12) + bits.RotateLeft64(v4, 18)
		// The lanes are folded in once more, since a sum alone would not tell
		// which of them a change was in.
		for _, v := range [4]uint64{v1, v2, v3, v4} {
			h = (h^round64(0, v))*prime1 + prime4
		}
	}
	h += n // the length, so that zeros at the end count
	// What is left of the last stripe: by eight bytes, by four, by one.
	for ; len(p) >= 8; p = p[8:] {
		h = bits.RotateLeft64(h^round64(0, binary.LittleEndian.Uint64(p)), 27)*prime1 + prime4
	}
	if len(p) >= 4 {
		h = bits.RotateLeft64(h^uint64(binary.LittleEndian.Uint32(p))*prime1, 23)*prime2 + prime3
		p = p[4:]
	}
	for _, b := range p {
		h = bits.RotateLeft64(h^uint64(b)*prime5, 11) * prime1
	}
	// The avalanche: every bit of the input has by now reached the high bits, and
	// here reaches the low ones, which users of the hash keep.
	h = (h ^ h>>33) * prime2
	h = (h ^ h>>29) * prime3
	return h ^ h>>32
}

// round64 mixes eight bytes into a lane.
func round64(lane, input uint64) uint64 {
	return bits.RotateLeft64(lane+input*prime2, 31) * prime1
}
