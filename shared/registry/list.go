package registry

import (
	"context"
	"strings"

	"godwit/shared/fault"
)

// maxScan bounds the records read for one page of a filtered list: a filter
// that nothing passes costs a few reads a page, not the whole partition.
const maxScan = 1000

// ModelFilter narrows and orders a list of models. The zero value is all of
// them by name.
type ModelFilter struct {
	Prefix     string // of the name; empty for any
	Task       Task   // empty for any
	Tag        Tag    // zero for any
	Descending bool   // by name backwards
}

// VersionFilter narrows and orders a list of versions. The zero value is all of
// them, newest first.
type VersionFilter struct {
	Status    Status // empty for any
	Tag       Tag    // zero for any
	Ascending bool   // oldest first
}

// Tag asks for things that bear a tag. The zero value asks for nothing.
type Tag struct {
	Key   string // empty asks for nothing
	Value string // read when Exact
	Exact bool   // the value counts too, not the key alone
}

// ParseTag reads "key" or "key=value". The error is fault.Invalid.
func ParseTag(s string) (Tag, error) {
	key, value, exact := strings.Cut(s, "=")
	if key == "" {
		return Tag{}, fault.New(fault.Invalid, "a tag is asked for as key, or as key=value").WithReason("invalid_filter")
	}
	return Tag{Key: key, Value: value, Exact: exact}, nil
}

// of reports whether tags hold what t asks for.
func (t Tag) of(tags map[string]string) bool {
	value, found := tags[t.Key]
	return t == Tag{} || found && (!t.Exact || value == t.Value)
}

// listing turns the records of a query into a page.
type listing[T any] struct {
	keep   func(*T) bool       // whether an item belongs to the list; nil keeps all
	finish func(*T, Record)    // sets what a body does not hold
	cursor func(Record) string // the After that continues behind a record
}

// page runs q until the page is full, the partition ends or maxScan records
// were read. A page may therefore hold fewer items than its limit and still
// have a Next.
func (l listing[T]) page(ctx context.Context, r *Registry, q Query) (Page[T], error) {
	p := Page[T]{Items: []T{}}
	limit := q.Limit
	for read := 0; ; {
		recs, more, err := r.Store.Query(ctx, q)
		if err != nil {
			return Page[T]{}, err
		}
		for i, rec := range recs {
			v, err := decode[T](rec)
			if err != nil {
				return Page[T]{}, err
			}
			if l.finish(&v, rec); l.keep == nil || l.keep(&v) {
				p.Items = append(p.Items, v)
			}
			// Next is given only where something may follow: a full page can be the last.
			if len(p.Items) == limit && (more || i < len(recs)-1) {
				p.Next = l.cursor(rec)
				return p, nil
			}
		}
		if !more || len(recs) == 0 {
			return p, nil
		}
		last := recs[len(recs)-1]
		if read += len(recs); read >= maxScan {
			p.Next = l.cursor(last)
			return p, nil
		}
		// The first query asked for a page's worth; a filter that lets few
		// pass would take many round trips at that size.
		q.After, q.Limit = last.Key.Sort, maxPage
	}
}
