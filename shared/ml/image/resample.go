package image

import "godwit/shared/ml/xxh64"

// tap is what one line of the result takes from the source: weights of the
// lines from first on. A line is a row or a column of pixels, by the axis.
type tap struct {
	first   int
	weights []uint32
}

// taps returns the taps of one axis and what the weights of each sum to. An
// axis that shrinks takes means over areas: line i is what lies between i and
// i+1 in units of the result. One that grows takes the two nearest lines by
// their distance. Both are symmetric, so mirroring and resampling commute.
func taps(from, to int) (all []tap, sum uint64) {
	all = make([]tap, to)
	weights := make([]uint32, 0, from+2*to) // of all taps
	for i := range all {
		t, begin := &all[i], len(weights)
		if from < to {
			// The centre of line i lies at at/(2 to) of the source's centres.
			at := (2*i+1)*from - to
			switch first, part := at/(2*to), at%(2*to); {
			case at < 0:
				weights = append(weights, uint32(2*to))
			case first >= from-1:
				t.first, weights = from-1, append(weights, uint32(2*to))
			default:
				t.first, weights = first, append(weights, uint32(2*to-part), uint32(part))
			}
		} else {
			// In units of 1/to of a source line, which then is to units wide.
			left, right := i*from, (i+1)*from
			t.first = left / to
			for line := t.first; line*to < right; line++ {
				weights = append(weights, uint32(min(right, (line+1)*to)-max(left, line*to)))
			}
		}
		t.weights = weights[begin:]
	}
	if from < to {
		return all, uint64(2 * to)
	}
	return all, uint64(from)
}

// resample stretches p to width x height, interleaved as p's rows are, and
// hashes its rows: along x first, then along y, by
//
//	out[i][j] = sum over y, x of lines[i][y] * columns[j][x] * p[y][x] / (sumX * sumY)
//
// with no more than one row of the source in memory. Everything is in integers and rounded once: the result is the
// same on every machine. With sides up to longestSide the sums of a row stay
// below 2^24 and those of an image below 2^41.
func resample(p *picture, width, height int) (pixels []uint8, hash uint64) {
	columns, sumX := taps(p.width, width)
	lines, sumY := taps(p.height, height)
	pixels = make([]uint8, 0, width*height*p.channels)
	row := make([]uint8, p.width*p.channels)
	narrow := make([]uint32, width*p.channels) // the row, resampled along x
	total := make([]uint64, width*p.channels)
	for at, next, i := -1, 0, 0; i < height; i++ {
		clear(total)
		for k, w := range lines[i].weights {
			// Neighbouring lines share a row: it is not read again.
			if y := lines[i].first + k; y != at {
				at = y
				p.row(y, row)
				squeeze(narrow, row, columns, p.channels)
				if y == next {
					hash, next = xxh64.Sum(row, hash), y+1
				}
			}
			for x, v := range narrow {
				total[x] += uint64(w) * uint64(v)
			}
		}
		for _, v := range total {
			pixels = append(pixels, uint8((v+sumX*sumY/2)/(sumX*sumY)))
		}
	}
	return pixels, hash
}

// squeeze resamples one row of pixels along x. The sums are not divided yet, so
// that rounding happens once.
func squeeze(dst []uint32, row []uint8, columns []tap, channels int) {
	if channels == 1 {
		for i, t := range columns {
			var sum uint32
			for k, v := range row[t.first:][:len(t.weights)] {
				sum += t.weights[k] * uint32(v)
			}
			dst[i] = sum
		}
		return
	}
	for i, t := range columns {
		var r, g, b uint32
		part := row[3*t.first:]
		for _, w := range t.weights {
			r, g, b = r+w*uint32(part[0]), g+w*uint32(part[1]), b+w*uint32(part[2])
			part = part[3:]
		}
		dst[3*i], dst[3*i+1], dst[3*i+2] = r, g, b
	}
}
