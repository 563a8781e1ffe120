package dynamodb

// Units of capacity: a read unit is 4 KB read strongly consistent, half a unit
// otherwise; a write unit is 1 KB; a transaction costs twice.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
const (
	readUnit  = 4 << 10
	writeUnit = 1 << 10
)

// readUnits returns the units of reading size bytes; reading nothing costs as
// much as reading one unit.
func readUnits(size int, consistent bool) float64 {
	n := float64(max(ceilDiv(size, readUnit), 1))
	if !consistent {
		n /= 2
	}
	return n
}

// writeUnits returns the units of a write: the larger of the item before and
// after it counts, and at least one.
func writeUnits(sizes ...int) float64 {
	largest := 1
	for _, s := range sizes {
		largest = max(largest, ceilDiv(s, writeUnit))
	}
	return float64(largest)
}

// ceilDiv rounds up: a unit begun is a unit used.
func ceilDiv(n, unit int) int { return (n + unit - 1) / unit }

// capacityChoice reads ReturnConsumedCapacity.
func (m *members) capacityChoice() string {
	return m.choice("ReturnConsumedCapacity", "NONE", "TOTAL", "INDEXES")
}

// consumed returns the ConsumedCapacity member for the choice, or nothing for
// NONE. Units of an index query go under its name; writes to index entries are
// not broken down.
func consumed(choice string, t *table, indexName string, units float64) object {
	if choice == "NONE" {
		return nil
	}
	return object{{"ConsumedCapacity", capacityOf(choice, t, indexName, units)}}
}

// capacityOf returns one ConsumedCapacity; INDEXES adds where the units went.
func capacityOf(choice string, t *table, indexName string, units float64) object {
	out := object{{"TableName", t.Spec.Name}, {"CapacityUnits", units}}
	if choice != "INDEXES" {
		return out
	}
	part := object{{"CapacityUnits", units}}
	if indexName == "" {
		return append(out, member{"Table", part})
	}
	return append(out,
		member{"Table", object{{"CapacityUnits", 0}}},
		member{"GlobalSecondaryIndexes", object{{indexName, part}}})
}
