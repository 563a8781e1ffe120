package gemm

import (
	"sync"
	"sync/atomic"
)

const (
	// chunkWork is how many multiply-adds a goroutine should get at least: some
	// ten microseconds, long against the cost of starting one.
	chunkWork = 1 << 19
	// chunksEach is how many pieces a product has for each goroutine, so that
	// one that is held up leaves its share to the others.
	chunksEach = 2
	// chunkAlign keeps pieces whole tiles wide, and apart by cache lines.
	chunkAlign = 96
)

// product is dst = a·b, or dst += a·b.
type product struct {
	dst, a, b Matrix
	add       bool
}

// job is a product that several goroutines compute, piece by piece.
type job struct {
	product
	byRows bool
	size   int // rows or columns of a piece
	pieces int
	next   atomic.Int64
	done   sync.WaitGroup
	work   func() // made once: a closure for each call would be allocated
}

var jobs = sync.Pool{New: func() any {
	j := new(job)
	j.work = func() {
		j.compute()
		j.done.Done()
	}
	return j
}}

// multiply computes p with at most the given number of goroutines. The longer
// side of the result is cut, so that the smaller factor is packed repeatedly.
func multiply(p product, workers int) {
	work := p.dst.Rows * p.dst.Cols * p.a.Cols
	workers = min(workers, work/chunkWork)
	side := max(p.dst.Rows, p.dst.Cols)
	if workers < 2 || side < 2*chunkAlign {
		p.multiply()
		return
	}
	j := jobs.Get().(*job)
	defer jobs.Put(j)
	j.product, j.byRows = p, p.dst.Rows >= p.dst.Cols
	pieces := min(workers*chunksEach, work/chunkWork)
	j.size = (side + pieces - 1) / pieces
	j.size = (j.size + chunkAlign - 1) / chunkAlign * chunkAlign
	j.pieces = (side + j.size - 1) / j.size
	j.next.Store(0)
	others := min(workers, j.pieces) - 1
	j.done.Add(others)
	for range others {
		go j.work()
	}
	j.compute()
	j.done.Wait()
	j.product = product{} // the pool must not hold the caller's numbers
}

// compute takes pieces until there are none.
func (j *job) compute() {
	for n := int(j.next.Add(1)) - 1; n < j.pieces; n = int(j.next.Add(1)) - 1 {
		p := j.product
		from := n * j.size
		if j.byRows {
			rows := min(j.size, p.dst.Rows-from)
			p.dst, p.a = p.dst.rows(from, rows), p.a.rows(from, rows)
		} else {
			cols := min(j.size, p.dst.Cols-from)
			p.dst, p.b = p.dst.cols(from, cols), p.b.cols(from, cols)
		}
		p.multiply()
	}
}
