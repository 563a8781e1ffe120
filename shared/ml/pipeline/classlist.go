package pipeline

import "math"

// classList is the list of problem numbers beside the weights, in one byte
// each where that suffices. Exactly one of the slices is used.
type classList struct {
	narrow   []uint8
	wide     []uint16
	problems int
}

// newClassList returns room for the problem numbers of n weights.
func newClassList(problems, n int) classList {
	if problems <= 1<<8 {
		return classList{narrow: make([]uint8, n), problems: problems}
	}
	return classList{wide: make([]uint16, n), problems: problems}
}

// set notes the problem of weight i.
func (l *classList) set(i uint32, problem int) {
	if l.wide != nil {
		l.wide[i] = uint16(problem)
		return
	}
	l.narrow[i] = uint8(problem)
}

// at returns the problem of weight i.
func (l *classList) at(i uint32) int {
	if l.wide != nil {
		return int(l.wide[i])
	}
	return int(l.narrow[i])
}

// bytes returns the memory of the list.
func (l *classList) bytes() int64 { return int64(len(l.narrow)) + 2*int64(len(l.wide)) }

// room returns how many sums add wants. For narrow lists that is one for every
// number a byte can hold, so that the inner loop needs no bounds check.
func (l *classList) room() int {
	if l.wide != nil {
		return l.problems
	}
	return 1 << 8
}

// halfScale makes up for widened, whose results are too small by 2^-112. It
// is applied to the value, so that no product comes near the subnormals.
const halfScale = 1 << 56 * 1 << 56

// widened returns a half-precision number times 2^-112 without a branch: sign,
// exponent and fraction move to their places in a float32, and the difference
// of the two exponent biases, 127-15, is left to halfScale.
func widened(bits uint16) float32 {
	return math.Float32frombits(uint32(int32(int16(bits))<<13) & 0x8fffe000)
}

// add adds value x weight of every feature to the sums of its problems.
func (l *classList) add(sum []float32, start []uint32, weight []uint16, index []int32, value []float32) {
	if l.wide != nil {
		l.addWide(sum, start, weight, index, value)
		return
	}
	into := (*[1 << 8]float32)(sum)
	for k, f := range index {
		low, high := start[f], start[f+1]
		w, x := weight[low:high], value[k]*halfScale
		// Frequent n-grams have a weight for every problem. Their class numbers
		// are then 0, 1, 2 and need not be read, which is nearly twice as fast.
		if len(w) == l.problems {
			addDense(into, w, x)
			continue
		}
		class := l.narrow[low:high]
		// Four at a time saves a tenth.
		for len(class) >= 4 && len(w) >= 4 {
			c0, c1, c2, c3 := class[0], class[1], class[2], class[3]
			into[c0] += x * widened(w[0])
			into[c1] += x * widened(w[1])
			into[c2] += x * widened(w[2])
			into[c3] += x * widened(w[3])
			class, w = class[4:], w[4:]
		}
		w = w[:len(class)]
		for i, c := range class {
			into[c] += x * widened(w[i])
		}
	}
}

// addDense adds x times a weight for each of the first len(w) problems, which
// are at most 256.
func addDense(into *[1 << 8]float32, w []uint16, x float32) {
	sum := into[:len(w)]
	for i, bits := range w {
		sum[i] += x * widened(bits)
	}
}

// addWide is add for class numbers of two bytes.
func (l *classList) addWide(sum []float32, start []uint32, weight []uint16, index []int32, value []float32) {
	for k, f := range index {
		low, high := start[f], start[f+1]
		w, x := weight[low:high], value[k]*halfScale
		for i, c := range l.wide[low:high] {
			sum[c] += x * widened(w[i])
		}
	}
}
