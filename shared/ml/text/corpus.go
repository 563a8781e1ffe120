package text

import (
	"context"
	"errors"
	"slices"
	"sync"
)

// ErrTooManyTerms says that the documents hold more distinct terms than a
// corpus can number (2^31) or store (4 GB).
var ErrTooManyTerms = errors.New("text: too many distinct terms")

// Corpus is a collection of documents, tokenised and counted once: for each
// document the numbers of its terms and how often they occur. It does not
// change and is safe for concurrent use. It does not keep the documents.
type Corpus struct {
	recipe Recipe // what was counted
	terms  terms  // by family, then by first occurrence in the documents

	start []int64  // one more than documents; offsets into term and count
	term  []int32  // ascending within a document
	count []uint16 // of each term in the document, at least 1, 65,535 for more
}

// Docs returns how many documents there are.
func (c *Corpus) Docs() int { return len(c.start) - 1 }

// Terms returns how many distinct terms the documents hold.
func (c *Corpus) Terms() int { return c.terms.len() }

// NonZeros returns the number of (document, term) pairs, which bounds the
// non-zeros of any matrix made from the corpus.
func (c *Corpus) NonZeros() int64 { return int64(len(c.term)) }

// row returns the term numbers and counts of a document.
func (c *Corpus) row(i int32) ([]int32, []uint16) {
	low, high := c.start[i], c.start[i+1]
	return c.term[low:high:high], c.count[low:high:high]
}

// Count tokenises and counts documents on `workers` goroutines (below 1 counts
// as 1), for any of the recipes. The result does not depend on workers.
// progress, when not nil, is told now and then how many documents are done;
// it is never called twice at a time. Count fails with the context's error
// when that ends, with ErrTooManyTerms, and when recipes are invalid or want
// n-grams of one family in different lengths.
func Count(ctx context.Context, docs []string, recipes []Recipe, workers int, progress func(done int)) (*Corpus, error) {
	recipe, err := covering(recipes)
	if err != nil {
		return nil, err
	}
	shards := divide(docs, workers)
	tally := &tally{progress: progress}
	var wg sync.WaitGroup
	for i := range shards {
		wg.Go(func() { shards[i].err = shards[i].read(ctx, &recipe, tally) })
	}
	wg.Wait()
	for i := range shards {
		if err := shards[i].err; err != nil {
			return nil, err
		}
	}
	return merge(recipe, shards)
}

// tally adds up the progress of all shards.
type tally struct {
	mu       sync.Mutex
	done     int
	progress func(done int)
}

// add reports n more documents; nothing happens when nobody listens.
func (t *tally) add(n int) {
	if t.progress == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.done += n
	t.progress(t.done)
}

// shard is a run of documents, counted under numbers of its own.
type shard struct {
	docs  []string
	table table
	// As in a Corpus, but by numbers of table, and within a document in the order
	// in which they were met.
	start []int64
	term  []int32
	count []uint16
	err   error // of read
}

// divide cuts the documents into runs of about equal bytes.
func divide(docs []string, workers int) []shard {
	// The one more keeps empty documents from all ending up in one shard.
	total := 0
	for _, d := range docs {
		total += len(d) + 1
	}
	workers = max(1, min(workers, len(docs)))
	shards := make([]shard, workers)
	next, sum := 0, 0
	for w := range shards {
		from := next
		for next < len(docs) && (w == workers-1 || sum < total*(w+1)/workers) {
			sum += len(docs[next]) + 1
			next++
		}
		shards[w].docs = docs[from:next]
	}
	return shards
}

// pause is after how many documents the context is asked and progress told.
const pause = 256

// maxBlob is where the 32-bit offsets into the bytes of all terms end. The
// check comes after a document, which is far smaller than the half left free.
const maxBlob = 1<<32 - 1

// read counts the shard's documents.
func (p *shard) read(ctx context.Context, r *Recipe, t *tally) error {
	// Where in p.term each term was last entered. A place before the current
	// document's first is of another document, so nothing need be cleared.
	var met []int64
	var s Scratch
	p.start = make([]int64, 1, len(p.docs)+1)
	for i, doc := range p.docs {
		if i%pause == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
			t.add(min(i, pause))
		}
		s.tokenize(r, doc)
		begin := int64(len(p.term))
		for _, tok := range s.tokens {
			b := s.bytes(tok)
			id := p.table.number(hash(tok.family, b), tok.family, b)
			if int(id) == len(met) {
				met = append(met, -1)
			}
			if at := met[id]; at >= begin {
				if p.count[at] < 1<<16-1 {
					p.count[at]++
				}
				continue
			}
			met[id] = int64(len(p.term))
			p.term = append(p.term, id)
			p.count = append(p.count, 1)
		}
		p.start = append(p.start, int64(len(p.term)))
		if len(p.table.blob) > maxBlob/2 {
			return ErrTooManyTerms
		}
	}
	t.add((len(p.docs)-1)%pause + 1)
	return nil
}

// merge gives all shards one numbering, by family, then by first occurrence,
// and lines up their rows.
func merge(recipe Recipe, shards []shard) (*Corpus, error) {
	// Joined in the order of the documents, terms get the numbers that one shard of
	// all documents would have given them.
	all := &shards[0].table
	for i := range shards[1:] {
		if err := shards[i+1].join(all); err != nil {
			return nil, err
		}
	}
	all.hash, all.slot = nil, nil // their memory is needed for the rows
	c := &Corpus{recipe: recipe}
	var final []int32
	c.terms, final = all.arrange()
	*all = table{}
	size, rows := 0, 0
	for i := range shards {
		for k, id := range shards[i].term {
			shards[i].term[k] = final[id]
		}
		size += len(shards[i].term)
		rows += len(shards[i].docs)
	}
	c.start = append(make([]int64, 0, rows+1), 0)
	c.term, c.count = make([]int32, 0, size), make([]uint16, 0, size)
	for i := range shards {
		p := &shards[i]
		base := c.start[len(c.start)-1]
		for _, end := range p.start[1:] {
			c.start = append(c.start, base+end)
		}
		c.term = append(c.term, p.term...)
		c.count = append(c.count, p.count...)
		*p = shard{} // freed as it is copied, or both would be held in full
	}
	c.sortRows(len(shards))
	return c, nil
}

// join renumbers the shard's terms into all, where new ones are added, and
// lets go of its own table.
func (p *shard) join(all *table) error {
	t := &p.table
	number := make([]int32, t.len())
	for id := range int32(t.len()) {
		number[id] = all.number(t.hash[id], t.family[id], t.bytes(id))
	}
	for k, id := range p.term {
		p.term[k] = number[id]
	}
	*t = table{}
	if len(all.blob) > maxBlob/2 {
		return ErrTooManyTerms
	}
	return nil
}

// arrange returns the terms by family, and their new numbers.
func (t *terms) arrange() (arranged terms, final []int32) {
	arranged = terms{
		family: make([]Family, 0, t.len()),
		start:  append(make([]uint32, 0, t.len()+1), 0),
		blob:   make([]byte, 0, len(t.blob)),
	}
	final = make([]int32, t.len())
	for f := range Family(Families) {
		for id := range int32(t.len()) {
			if t.family[id] == f {
				final[id] = int32(arranged.len())
				arranged.add(f, t.bytes(id))
			}
		}
	}
	return arranged, final
}

// sortRows puts the terms of every document in ascending order.
func (c *Corpus) sortRows(workers int) {
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			var order []uint64
			for i := c.Docs() * w / workers; i < c.Docs()*(w+1)/workers; i++ {
				term, count := c.row(int32(i))
				// Term and count in one number: a plain sort does it, and no
				// two terms of a row are equal.
				order = order[:0]
				for k, id := range term {
					order = append(order, uint64(id)<<16|uint64(count[k]))
				}
				slices.Sort(order)
				for k, o := range order {
					term[k], count[k] = int32(o>>16), uint16(o)
				}
			}
		})
	}
	wg.Wait()
}
