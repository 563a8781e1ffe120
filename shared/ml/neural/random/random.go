// Package random gives random numbers by counter: a number depends on its key
// and its place alone, never on how many were drawn before it or by whom. So
// training draws the same numbers on any number of goroutines, and goes on from
// a checkpoint without a generator to restore.
//
// A Key is split from another by naming what it is for (epoch, step, layer).
// The numbers are those of SplitMix64 at a given place: its generator is a
// counter behind a mixing function (Steele, Lea, Flood, "Fast splittable
// pseudorandom number generators", 2014), so any place costs the same. They are
// not for secrets.
package random

import "math"

// gamma is the odd number SplitMix64 counts by, 2^64 over the golden ratio.
const gamma = 0x9e3779b97f4a7c15

// splitter keeps the keys of parts apart from the numbers of their parent: the
// fractional bits of the square root of 2.
const splitter = 0x6a09e667f3bcc909

// Key names a sequence of random numbers. Keys of different seeds or splits
// give sequences that have nothing to do with each other.
type Key uint64

// FromSeed returns the key that all others of a training are split from.
func FromSeed(seed uint64) Key { return Key(mix(seed + gamma)) }

// Split returns the key of a part of k, by its number. The key is mixed before
// the number joins it: were both treated alike, they could change places.
func (k Key) Split(part uint64) Key { return Key(mix(mix(uint64(k)+splitter) + part*gamma)) }

// Bits returns 64 random bits, those of place i.
func (k Key) Bits(i uint64) uint64 { return mix(uint64(k) + (i+1)*gamma) }

// Float returns a number in [0, 1), a multiple of 2^-24, that of place i.
func (k Key) Float(i uint64) float32 { return float32(k.Bits(i)>>40) * (1.0 / (1 << 24)) }

// Below returns a whole number in [0, n), that of place i. n must be positive.
// The bias of one part in 2^32 does not matter for shuffles of rows.
func (k Key) Below(i uint64, n int) int {
	return int((k.Bits(i) >> 32) * uint64(n) >> 32)
}

// Normal returns a number of the standard normal distribution, that of place
// i: the sum of twelve even numbers less six (Irwin-Hall), which needs no
// logarithm and so has the same bits on every machine. It never leaves [-6, 6].
func (k Key) Normal(i uint64) float32 {
	part := k.Split(i)
	sum := uint64(0)
	for j := range uint64(3) {
		b := part.Bits(j)
		sum += b&0xffff + b>>16&0xffff + b>>32&0xffff + b>>48
	}
	return float32(float64(sum)/0x10000 - 6 + 6.0/0x10000)
}

// Permutation returns the numbers from 0 to n-1 in random order (Fisher and
// Yates). n must be below 2^31.
func (k Key) Permutation(n int) []int32 {
	order := make([]int32, n)
	for i := range order {
		j := k.Below(uint64(i), i+1)
		order[i] = order[j]
		order[j] = int32(i)
	}
	return order
}

// Uniform fills dst with numbers in [-bound, bound).
func (k Key) Uniform(dst []float32, bound float32) {
	for i := range dst {
		dst[i] = (2*k.Float(uint64(i)) - 1) * bound
	}
}

// Bound returns the bound of Uniform that PyTorch's layers begin with, one over
// the square root of the inputs of an output (He et al., 2015, with a=sqrt 5).
func Bound(inputs int) float32 { return float32(1 / math.Sqrt(float64(inputs))) }

// mix is the finalizer of SplitMix64: every bit of z decides every bit of it.
func mix(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}
