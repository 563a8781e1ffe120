package gemm

import (
	"sync"

	"godwit/shared/ml/neural/simd"
)

const (
	// depthBlock is how many k are taken at a time: a panel of the right factor
	// (32 columns for AVX-512) is then 32 KB and stays in the first-level cache
	// while all rows pass by it.
	depthBlock = 256
	// rowBlock is how many rows of the left factor are used at a time: half a
	// megabyte, for the second-level cache. A multiple of every tile's height.
	rowBlock = 504
	// packRows is from how many rows on a panel of the right factor is copied
	// together before it is used: the copy costs about as much as four rows.
	packRows = 48
	// farRows is that number where the rows of the right factor lie farLine
	// numbers apart or more, each on other pages of memory.
	farRows, farLine = 16, 4096
)

// tile is how many rows and columns of the result a kernel holds in registers.
type tile struct {
	rows, cols int
	// ragged kernels take a right factor of fewer columns than the tile has;
	// the others read whole rows of it, so a rest must be packed.
	ragged bool
	// packed kernels take the left factor's elements of one k side by side.
	packed bool
}

// The widths of the tiles: two registers.
const (
	colsAVX512   = 32
	colsAVX2     = 16
	colsNEON     = 8
	colsPortable = 32
	maxCols      = 32
	// rowTiles is how many tiles' columns are computed at once if the result
	// has a single row, to have sums enough to hide the latency of an addition.
	rowTiles = 4
)

func tileOf(p simd.Path) tile {
	switch p {
	case simd.AVX512:
		return tile{rows: 12, cols: colsAVX512, ragged: true}
	case simd.AVX2:
		return tile{rows: 6, cols: colsAVX2}
	case simd.NEON:
		return tile{rows: 8, cols: colsNEON, packed: true}
	}
	return tile{rows: portableRows, cols: colsPortable, ragged: true}
}

// strip is one call of a kernel: rows x cols of the result over depth steps of
// k. There are at most as many columns as the tile has or, if there is one row,
// exactly rowTiles times as many. Distances are in bytes.
type strip struct {
	a      *float32 // element (i, k) is i*aRow + k*aStep from here
	aRow   int
	aStep  int
	aPanel int      // from one tile's first row to the next one's
	b      *float32 // element (k, j) is k*bStep + 4j from here
	bStep  int
	c      *float32 // element (i, j) is i*cRow + 4j from here
	cRow   int
	rows   int
	cols   int
	depth  int
	load   int // 1: sums go on from what c holds; 0: they begin at zero
}

const wordBytes = 4

// workspace holds the packed operands of one goroutine. The left one grows with
// what is packed, to rowBlock x depthBlock at most: a product that reads it where
// it lies, or is small, need not clear half a megabyte when the pool is empty.
type workspace struct {
	a []float32
	b [maxCols * depthBlock]float32
}

// left returns n numbers to pack the left factor into. They hold anything.
func (w *workspace) left(n int) []float32 {
	if cap(w.a) < n {
		w.a = make([]float32, n)
	}
	return w.a[:n]
}

var workspaces = sync.Pool{New: func() any { return new(workspace) }}

// layout says how the operands of one product are read.
type layout struct {
	tile
	packA, packB bool
}

// layout chooses between reading an operand where it lies and packing it.
func (p *product) layout() layout {
	t := tileOf(path)
	rows := p.a.Rows
	return layout{
		tile: t,
		// Elsewhere packing the left factor does not pay: an element is read
		// once for each panel, and spread as it is read.
		packA: p.a.Offsets != nil || t.packed && !p.a.Transposed && rows > 1,
		packB: p.b.Offsets != nil || p.b.Transposed || rows >= packRows || rows >= farRows && p.b.Stride >= farLine,
	}
}

// multiply computes a product that is not empty in one goroutine.
func (p *product) multiply() {
	lay := p.layout()
	rows, depth := p.dst.Rows, p.a.Cols
	var w *workspace
	if lay.packA || lay.packB || !lay.ragged && p.dst.Cols%lay.cols != 0 {
		w = workspaces.Get().(*workspace)
		defer workspaces.Put(w)
	}
	blocks := (depth + depthBlock - 1) / depthBlock
	size := (depth + blocks - 1) / blocks
	for k := 0; k < depth; k += size {
		for i := 0; i < rows; i += rowBlock {
			m, n := min(rowBlock, rows-i), min(size, depth-k)
			part := product{p.dst.rows(i, m), p.a.rows(i, m).cols(k, n), p.b.rows(k, n), p.add || k > 0}
			part.panels(w, lay)
		}
	}
}

// panels computes a product of at most rowBlock rows and depthBlock steps, panel
// after panel of the right factor.
func (p *product) panels(w *workspace, lay layout) {
	rows, depth := p.a.Rows, p.a.Cols
	s := strip{cRow: p.dst.Stride * wordBytes, rows: rows, depth: depth}
	if p.add {
		s.load = 1
	}
	if lay.packA {
		tiles := (rows + lay.rows - 1) / lay.rows
		left := w.left(tiles * lay.rows * depth)
		for r := 0; r < rows; r += lay.rows {
			p.a.rows(r, min(lay.rows, rows-r)).T().pack(left[r*depth:], lay.rows)
		}
		s.a, s.aRow, s.aStep, s.aPanel = &left[0], wordBytes, lay.rows*wordBytes, lay.rows*depth*wordBytes
	} else {
		step := p.a.strides()
		s.a, s.aRow, s.aStep = &p.a.Data[0], step.row*wordBytes, step.col*wordBytes
		s.aPanel = lay.rows * s.aRow
	}
	for j := 0; j < p.dst.Cols; j += s.cols {
		s.cols = min(lay.cols, p.dst.Cols-j)
		if wide := rowTiles * lay.cols; rows == 1 && !lay.packB && p.dst.Cols-j >= wide {
			s.cols = wide
		}
		right := p.b.cols(j, s.cols)
		if lay.packB || s.cols < lay.cols && !lay.ragged {
			width := lay.cols
			if lay.ragged && s.cols <= width/2 {
				width /= 2
			}
			right.pack(w.b[:], width)
			s.b, s.bStep = &w.b[0], width*wordBytes
		} else {
			s.b, s.bStep = &right.Data[0], right.Stride*wordBytes
		}
		s.c = &p.dst.Data[j]
		s.run()
	}
}
