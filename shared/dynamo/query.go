package dynamo

import (
	"context"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"godwit/shared/registry"
)

// Query returns a page of a partition or of the index.
//
// DynamoDB takes one condition on a sort key and includes the ends of a
// BETWEEN, so what a condition lets through beyond the question is dropped
// here, as are expired records; pages are read until there are enough.
func (s *Store) Query(ctx context.Context, q registry.Query) ([]registry.Record, bool, error) {
	empty, err := registry.CheckQuery(q)
	if err != nil || empty {
		return nil, false, err
	}
	in := s.queryInput(q)
	now := s.now().Unix()
	var found []registry.Record
	for {
		out, err := s.client.Query(ctx, in)
		if err != nil {
			return nil, false, failure(ctx, err)
		}
		for _, raw := range out.Items {
			it, err := decode(raw)
			if err != nil {
				return nil, false, err
			}
			if it.expired(now) || !within(q, it.record) {
				continue
			}
			// One record beyond the limit is the only proof that more follow: a
			// LastEvaluatedKey may come although nothing is behind it.
			if len(found) == q.Limit {
				return found, true, nil
			}
			found = append(found, it.record)
		}
		if len(out.LastEvaluatedKey) == 0 {
			return found, false, nil
		}
		in.ExclusiveStartKey = out.LastEvaluatedKey
	}
}

// queryInput is q as a request; what it cannot express is left to within.
func (s *Store) queryInput(q registry.Query) *dynamodb.QueryInput {
	var e expression
	partition, sort := attrPartition, attrSort
	if q.Index {
		partition, sort = attrIndexPart, attrIndexSort
	}
	cond := e.name(partition) + " = " + e.value(text(q.Partition))
	if low, high := bounds(q); low != "" || high != "" {
		cond += " AND " + e.between(sort, low, high)
	}
	in := &dynamodb.QueryInput{
		TableName:                 &s.table,
		KeyConditionExpression:    &cond,
		ExpressionAttributeNames:  e.names,
		ExpressionAttributeValues: e.values,
		ScanIndexForward:          aws.Bool(!q.Descending),
		// One more tells whether more follow, two are for the included ends.
		Limit: aws.Int32(int32(q.Limit) + 3),
	}
	if q.Index {
		in.IndexName = aws.String(indexName)
	} else {
		// An index cannot be read consistently: asking for it is an error.
		in.ConsistentRead = aws.Bool(true)
	}
	return in
}

// between holds for a sort key from low to high, both included, empty for open.
func (e *expression) between(attr, low, high string) string {
	a := e.name(attr)
	switch {
	case high == "":
		return a + " >= " + e.value(text(low))
	case low == "":
		return a + " <= " + e.value(text(high))
	}
	return a + " BETWEEN " + e.value(text(low)) + " AND " + e.value(text(high))
}

// bounds are the ends between which all answers to q lie; empty is open.
// After lies within the prefix or before its beginning: CheckQuery has
// answered the rest.
func bounds(q registry.Query) (low, high string) {
	low, high = q.Prefix, successor(q.Prefix)
	switch {
	case q.After == "":
	case !q.Descending && q.After > low:
		low = q.After
	case q.Descending && (high == "" || q.After < high):
		high = q.After
	}
	return low, high
}

// successor is the least string above every string with the prefix, or "" when
// there is none. Keys are UTF-8, whose byte order is that of code points.
func successor(prefix string) string {
	for prefix != "" {
		r, size := utf8.DecodeLastRuneInString(prefix)
		prefix = prefix[:len(prefix)-size]
		switch {
		case r == utf8.MaxRune: // carry
		case r == 0xD7FF: // the surrogates after it are no text
			return prefix + "\uE000"
		default:
			return prefix + string(r+1)
		}
	}
	return ""
}

// within reports whether a record answers q, given the right partition.
func within(q registry.Query, r registry.Record) bool {
	sort := r.Key.Sort
	if q.Index {
		sort = r.Index.Sort
	}
	return strings.HasPrefix(sort, q.Prefix) && sort != q.After
}
