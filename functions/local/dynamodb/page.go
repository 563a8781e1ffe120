package dynamodb

import (
	"bytes"
	"iter"
	"maps"

	"go.etcd.io/bbolt"

	"godwit/functions/local/dynamodb/attr"
)

// queryPage is one page of answers.
type queryPage struct {
	items            []rawItem
	matched, scanned int
	size             int
	last             attr.Item // where the next page starts; nil at the end
}

// run reads one page in tx.
func (q *queryPlan) run(tx *bbolt.Tx) (queryPage, error) {
	page := queryPage{items: []rawItem{}} // "[]" when empty, not "null"
	var last stored
	for data := range q.entries(tx) {
		if q.index != nil {
			data = tx.Bucket(q.table.items).Get(data)
		}
		s := decodeStored(data)
		// A page has one item at least, however large that is.
		if page.scanned > 0 && page.size+s.size > maxPage {
			return page.endAt(q, last)
		}
		last = s
		page.size += s.size
		page.scanned++
		if err := page.take(q, s); err != nil {
			return page, err
		}
		// AWS stops at the limit without looking whether more follows, so a
		// last page can be empty.
		if int64(page.scanned) == q.limit {
			return page.endAt(q, last)
		}
	}
	return page, nil
}

// take adds an item if it passes the filter.
func (p *queryPage) take(q *queryPlan, s stored) error {
	// The index holds the keys alone: items come from the table, and what the
	// projection leaves out is taken away here.
	whole := q.index == nil || q.index.Projection == projectAll
	if q.filter == nil && q.projection == nil && whole {
		p.matched++
		if q.choice != "COUNT" {
			p.items = append(p.items, s.raw())
		}
		return nil
	}
	item, err := s.item()
	if err != nil {
		return err
	}
	if !whole {
		maps.DeleteFunc(item, func(name string, _ attr.Value) bool { return !q.covers(name) })
	}
	if q.filter != nil && !q.filter.Holds(item) {
		return nil
	}
	p.matched++
	if q.projection != nil {
		item = q.projection.Apply(item)
	}
	if q.choice != "COUNT" {
		p.items = append(p.items, attr.AppendItem(nil, item))
	}
	return nil
}

// endAt sets LastEvaluatedKey to the key of the last item looked at.
func (p queryPage) endAt(q *queryPlan, last stored) (queryPage, error) {
	item, err := last.item()
	if err != nil {
		return p, err
	}
	p.last = q.table.keys.of(item)
	if q.index != nil {
		maps.Copy(p.last, q.index.keys.of(item))
	}
	return p, nil
}

// entries walks the values of the range from its start, or from after, in order.
func (q *queryPlan) entries(tx *bbolt.Tx) iter.Seq[[]byte] {
	bucket := q.table.items
	if q.index != nil {
		bucket = q.index.bucket
	}
	return func(yield func([]byte) bool) {
		c := tx.Bucket(bucket).Cursor()
		k, v := q.first(c)
		for k != nil && bytes.Compare(k, q.low) >= 0 && (q.high == nil || bytes.Compare(k, q.high) < 0) {
			if !yield(v) {
				return
			}
			if q.forward {
				k, v = c.Next()
			} else {
				k, v = c.Prev()
			}
		}
	}
}

// first moves the cursor to the first entry of the walk.
func (q *queryPlan) first(c *bbolt.Cursor) (k, v []byte) {
	if q.forward {
		if q.after == nil {
			return c.Seek(q.low)
		}
		// The key to start after may have been deleted since: then Seek stands on
		// the next one already.
		if k, v = c.Seek(q.after); bytes.Equal(k, q.after) {
			return c.Next()
		}
		return k, v
	}
	end := q.high
	if q.after != nil {
		end = q.after
	}
	if end != nil {
		// Seek finds the first entry from end on; the walk begins before it.
		if k, _ = c.Seek(end); k != nil {
			return c.Prev()
		}
	}
	return c.Last() // every entry is below end
}
