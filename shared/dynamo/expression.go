package dynamo

import (
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// expression collects the names and values an expression text refers to.
// Every attribute goes through a placeholder, since many names are reserved
// words.
type expression struct {
	names  map[string]string
	values map[string]types.AttributeValue
}

// name returns the placeholder of an attribute.
func (e *expression) name(attr string) string {
	if e.names == nil {
		e.names = map[string]string{}
	}
	e.names["#"+attr] = attr
	return "#" + attr
}

// value returns a new placeholder of v.
func (e *expression) value(v types.AttributeValue) string {
	if e.values == nil {
		e.values = map[string]types.AttributeValue{}
	}
	p := ":v" + strconv.Itoa(len(e.values))
	e.values[p] = v
	return p
}

// under holds for a record with revision rev; 0 is one that is absent or expired.
func (e *expression) under(rev, now int64) string {
	if rev == 0 {
		return "attribute_not_exists(" + e.name(attrPartition) + ") OR " + e.name(attrExpires) + " <= " + e.value(number(now))
	}
	// An expired record counts as absent, so its revision matches nothing.
	return e.name(attrRev) + " = " + e.value(number(rev)) + " AND " + e.fresh(now)
}

// fresh holds for a record that has not expired, or is absent.
func (e *expression) fresh(now int64) string {
	x := e.name(attrExpires)
	return "(attribute_not_exists(" + x + ") OR " + x + " > " + e.value(number(now)) + ")"
}
