package dynamodb_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// generator makes random requests for the differential test: mostly sensible
// ones on a handful of items, so that conditions hold about half the time, with
// some mistakes among them.
type generator struct {
	r      *rand.Rand
	names  map[string]string
	values map[string]any
}

func newGenerator(seed uint64) *generator {
	return &generator{r: rand.New(rand.NewPCG(seed, 20120810))}
}

func pick[T any](g *generator, choices ...T) T { return choices[g.r.IntN(len(choices))] }

func (g *generator) chance(percent int) bool { return g.r.IntN(100) < percent }

// next returns one request.
func (g *generator) next() (operation string, body map[string]any) {
	g.names, g.values = map[string]string{}, map[string]any{}
	switch n := g.r.IntN(100); {
	case n < 20:
		return "PutItem", g.finish(g.put())
	case n < 55:
		return "UpdateItem", g.finish(g.update())
	case n < 63:
		return "DeleteItem", g.finish(g.delete())
	case n < 70:
		body := g.finish(g.get())
		delete(body, "ExpressionAttributeValues") // it has none
		return "GetItem", body
	case n < 88:
		return "Query", g.finish(g.query())
	case n < 97:
		return "TransactWriteItems", g.transact()
	}
	return "BatchGetItem", g.batchGet()
}

// finish adds the placeholders the expressions used.
func (g *generator) finish(body map[string]any) map[string]any {
	if g.chance(1) {
		g.value(g.scalar()) // one too many
	}
	if len(g.names) > 0 {
		body["ExpressionAttributeNames"] = g.names
	}
	if len(g.values) > 0 {
		body["ExpressionAttributeValues"] = g.values
	}
	return body
}

func (g *generator) key() map[string]any {
	return map[string]any{"pk": s("p" + pick(g, "0", "1")), "sk": s(pick(g, "a", "ab", "b", "c"))}
}

func s(v string) any               { return map[string]any{"S": v} }
func typed(kind string, v any) any { return map[string]any{kind: v} }
func (g *generator) number() any {
	return typed("N", pick(g, "0", "1", "2", "-3", "10", "1.5", "0.25"))
}
func (g *generator) text() any { return s(pick(g, "a", "ab", "b", "", "é")) }
func (g *generator) attribute() string {
	return pick(g, "n", "n2", "s", "s2", "l", "m", "ss", "ns", "t", "z", "b")
}

func (g *generator) scalar() any {
	return pick(g, g.number(), g.text(), typed("BOOL", true), typed("NULL", true), typed("B", "AAE="))
}

// of returns a value of the type that an attribute usually has.
func (g *generator) of(attribute string) any {
	switch attribute {
	case "n", "n2":
		return g.number()
	case "s", "s2":
		return g.text()
	case "l":
		return typed("L", []any{g.number(), g.text()}[:g.r.IntN(3)])
	case "m":
		return typed("M", map[string]any{"k": g.number(), "j": typed("L", []any{g.text()})})
	case "ss":
		return typed("SS", []string{"a", "b", "c"}[g.r.IntN(2):][:1+g.r.IntN(2)])
	case "ns":
		return typed("NS", []string{"1", "2", "3"}[g.r.IntN(2):][:1+g.r.IntN(2)])
	case "t":
		return typed("BOOL", g.chance(50))
	case "z":
		return typed("NULL", true)
	}
	return typed("B", pick(g, "AAE=", "AA==", "/w=="))
}

// value makes a placeholder.
func (g *generator) value(v any) string {
	name := fmt.Sprintf(":v%d", len(g.values))
	g.values[name] = v
	return name
}

// path writes an attribute or a part of one, at times with a placeholder.
func (g *generator) path() (path, attribute string) {
	attribute = g.attribute()
	if g.chance(1) {
		return pick(g, "name", "Status", "#undefined"), attribute // a mistake
	}
	path = attribute
	if g.chance(20) {
		path = fmt.Sprintf("#n%d", len(g.names))
		g.names[path] = attribute
	}
	switch {
	case attribute == "l" && g.chance(60):
		return path + fmt.Sprintf("[%d]", g.r.IntN(3)), pick(g, "n", "s")
	case attribute == "m" && g.chance(60):
		return path + pick(g, ".k", ".j", ".j[0]", ".other"), pick(g, "n", "s", "l")
	}
	return path, attribute
}

// operand returns a placeholder for a value to compare the attribute with,
// mostly of its type.
func (g *generator) operand(attribute string) string {
	if g.chance(10) {
		return g.value(g.scalar())
	}
	return g.value(g.of(attribute))
}

func (g *generator) condition(depth int) string {
	if depth > 0 && g.chance(50) {
		switch g.r.IntN(3) {
		case 0:
			return g.condition(depth-1) + " AND " + g.condition(depth-1)
		case 1:
			return "(" + g.condition(depth-1) + " OR " + g.condition(depth-1) + ")"
		}
		return "NOT " + g.condition(0)
	}
	p, attribute := g.path()
	switch g.r.IntN(10) {
	case 0:
		return "attribute_exists(" + p + ")"
	case 1:
		return "attribute_not_exists(" + p + ")"
	case 2:
		return "attribute_type(" + p + ", " + g.value(s(pick(g, "S", "N", "L", "M", "SS", "NULL"))) + ")"
	case 3:
		return "begins_with(" + p + ", " + g.value(s(pick(g, "a", "b"))) + ")"
	case 4:
		return "contains(" + p + ", " + g.value(pick(g, s("a"), typed("N", "1"))) + ")"
	case 5:
		if !g.chance(5) {
			p = pick(g, "s", "s2", "l", "m")
		}
		return "size(" + p + ") " + pick(g, "<", ">=", "=") + " " + g.value(typed("N", pick(g, "0", "1", "2")))
	case 6:
		return p + " IN (" + g.operand(attribute) + ", " + g.operand(attribute) + ")"
	case 7:
		if g.chance(5) {
			return p + " BETWEEN " + g.value(s("a")) + " AND " + g.value(typed("N", "2"))
		}
		if attribute == "n" || attribute == "n2" {
			return p + " BETWEEN " + g.value(typed("N", "0")) + " AND " + g.value(typed("N", "2"))
		}
		return p + " BETWEEN " + g.value(s("a")) + " AND " + g.value(s("b"))
	}
	if _, hasOrder := g.of(attribute).(map[string]any)[pick(g, "S", "N", "B")]; hasOrder || g.chance(5) {
		return p + " " + pick(g, "<", "<=", ">", ">=") + " " + g.operand(attribute)
	}
	return p + " " + pick(g, "=", "<>") + " " + g.operand(attribute)
}

func (g *generator) updateExpression() string {
	var sections []string
	if g.chance(70) {
		sections = append(sections, "SET "+g.list(g.assignment))
	}
	if g.chance(30) {
		sections = append(sections, "REMOVE "+g.list(func() string { p, _ := g.path(); return p }))
	}
	if g.chance(20) {
		a := pick(g, "n", "n2", "ss", "ns", "s")
		sections = append(sections, "ADD "+a+" "+g.operand(a))
	}
	if g.chance(15) || len(sections) == 0 {
		a := pick(g, "ss", "ns")
		sections = append(sections, "DELETE "+a+" "+g.operand(a))
	}
	return strings.Join(sections, " ")
}

func (g *generator) list(one func() string) string {
	parts := []string{one()}
	for g.chance(35) {
		parts = append(parts, one())
	}
	return strings.Join(parts, ", ")
}

func (g *generator) assignment() string {
	p, attribute := g.path()
	switch g.r.IntN(6) {
	case 0:
		n := pick(g, "n", "n2")
		return p + " = " + n + pick(g, " + ", " - ") + g.value(g.number())
	case 1:
		return p + " = if_not_exists(" + p + ", " + g.operand(attribute) + ")"
	case 2:
		return p + " = list_append(" + pick(g, "l", "m.j") + ", " + g.value(typed("L", []any{g.number()})) + ")"
	case 3:
		other, _ := g.path()
		return p + " = " + other
	}
	return p + " = " + g.operand(attribute)
}

func (g *generator) withCondition(body map[string]any) map[string]any {
	if g.chance(50) {
		body["ConditionExpression"] = g.condition(2)
		if g.chance(30) {
			body["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
		}
	}
	return body
}

func (g *generator) item() map[string]any {
	item := g.key()
	for range 2 + g.r.IntN(6) {
		a := g.attribute()
		item[a] = g.of(a)
	}
	if g.chance(60) {
		item["gsi1pk"] = s("g" + pick(g, "0", "1"))
		// Unique, because the order of equal index keys is nobody's promise.
		item["gsi1sk"] = s(item["sk"].(map[string]any)["S"].(string) + item["pk"].(map[string]any)["S"].(string))
	}
	return item
}

func (g *generator) put() map[string]any {
	return g.withCondition(map[string]any{"TableName": "things", "Item": g.item(), "ReturnValues": pick(g, "NONE", "ALL_OLD")})
}

func (g *generator) delete() map[string]any {
	return g.withCondition(map[string]any{"TableName": "things", "Key": g.key(), "ReturnValues": pick(g, "NONE", "ALL_OLD")})
}

func (g *generator) update() map[string]any {
	return g.withCondition(map[string]any{
		"TableName": "things", "Key": g.key(), "UpdateExpression": g.updateExpression(),
		"ReturnValues": pick(g, "NONE", "ALL_OLD", "ALL_NEW", "UPDATED_OLD", "UPDATED_NEW"),
	})
}

func (g *generator) get() map[string]any {
	body := map[string]any{"TableName": "things", "Key": g.key(), "ConsistentRead": true}
	if g.chance(60) {
		body["ProjectionExpression"] = g.list(func() string { p, _ := g.path(); return p })
	}
	return body
}

func (g *generator) query() map[string]any {
	body := map[string]any{"TableName": "things", "ScanIndexForward": g.chance(50)}
	hash, sort, hashValue := "pk", "sk", s("p"+pick(g, "0", "1"))
	if g.chance(40) {
		body["IndexName"] = "gsi1"
		hash, sort, hashValue = "gsi1pk", "gsi1sk", s("g"+pick(g, "0", "1"))
	}
	condition := hash + " = " + g.value(hashValue)
	if g.chance(60) {
		switch op := pick(g, "=", "<", "<=", ">", ">=", "between", "begins_with"); op {
		case "between":
			condition += " AND " + sort + " BETWEEN " + g.value(s("a")) + " AND " + g.value(s(pick(g, "ab", "b", "z")))
		case "begins_with":
			condition += " AND begins_with(" + sort + ", " + g.value(s(pick(g, "a", "ab", "z"))) + ")"
		default:
			condition += " AND " + sort + " " + op + " " + g.value(s(pick(g, "a", "ab", "b", "bp0")))
		}
	}
	body["KeyConditionExpression"] = condition
	if g.chance(30) {
		body["FilterExpression"] = g.condition(1)
	}
	if g.chance(25) {
		body["ProjectionExpression"] = g.list(func() string { p, _ := g.path(); return p })
	} else if g.chance(15) {
		body["Select"] = "COUNT"
	}
	if g.chance(40) {
		body["Limit"] = 1 + g.r.IntN(3)
	}
	return body
}

func (g *generator) transact() map[string]any {
	var items []any
	for range 1 + g.r.IntN(3) {
		g.names, g.values = map[string]string{}, map[string]any{}
		var name string
		var body map[string]any
		switch g.r.IntN(4) {
		case 0:
			name, body = "Put", g.withCondition(map[string]any{"Item": g.item()})
		case 1:
			name, body = "Delete", g.withCondition(map[string]any{"Key": g.key()})
		case 2:
			name, body = "Update", g.withCondition(map[string]any{"Key": g.key(), "UpdateExpression": g.updateExpression()})
		case 3:
			name, body = "ConditionCheck", map[string]any{"Key": g.key(), "ConditionExpression": g.condition(1)}
		}
		body["TableName"] = "things"
		items = append(items, map[string]any{name: g.finish(body)})
	}
	return map[string]any{"TransactItems": items}
}

func (g *generator) batchGet() map[string]any {
	var keys []any
	for range 1 + g.r.IntN(4) {
		keys = append(keys, g.key())
	}
	request := map[string]any{"Keys": keys}
	if g.chance(40) {
		request["ProjectionExpression"] = g.list(func() string { p, _ := g.path(); return p })
		request = g.finish(request)
		delete(request, "ExpressionAttributeValues")
	}
	return map[string]any{"RequestItems": map[string]any{"things": request}}
}

// keysOf returns the keys a request writes to.
func keysOf(body map[string]any) (keys []map[string]any) {
	if k, ok := body["Key"].(map[string]any); ok {
		keys = append(keys, k)
	}
	if item, ok := body["Item"].(map[string]any); ok {
		keys = append(keys, map[string]any{"pk": item["pk"], "sk": item["sk"]})
	}
	items, _ := body["TransactItems"].([]any)
	for _, one := range items {
		for _, action := range one.(map[string]any) {
			keys = append(keys, keysOf(action.(map[string]any))...)
		}
	}
	return keys
}

func toJSON(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		return err.Error() // nothing a test makes
	}
	return string(data)
}

// prologue are requests that chance makes too rarely: each of them, or the one
// after it, meets a known difference.
var prologue = []struct {
	operation string
	json      string
}{
	{"PutItem", `{"TableName":"things","Item":{"pk":{"S":"p0"},"sk":{"S":"a"},"n":{"N":"1.5"}}}`},
	{"UpdateItem", `{"TableName":"things","Key":{"pk":{"S":"p0"},"sk":{"S":"a"}},"UpdateExpression":"SET n = n + :v","ExpressionAttributeValues":{":v":{"N":"1.5"}},"ReturnValues":"ALL_NEW"}`},
	{"PutItem", `{"TableName":"things","Item":{"pk":{"S":"p0"},"sk":{"S":"a"},"n":{"N":"0"},"t":{"BOOL":false}}}`},
	{"DeleteItem", `{"TableName":"things","Key":{"pk":{"S":"p0"},"sk":{"S":"a"}},"ConditionExpression":"n BETWEEN :v AND :w","ExpressionAttributeValues":{":v":{"N":"0"},":w":{"N":"2"}}}`},
	{"PutItem", `{"TableName":"things","Item":{"pk":{"S":"p0"},"sk":{"S":"a"},"t":{"BOOL":false}}}`},
	{"DeleteItem", `{"TableName":"things","Key":{"pk":{"S":"p0"},"sk":{"S":"a"}},"ConditionExpression":"t IN (:v)","ExpressionAttributeValues":{":v":{"N":"0"}}}`},
	{"PutItem", `{"TableName":"things","Item":{"pk":{"S":"p0"},"sk":{"S":"a"},"t":{"BOOL":false}},"ExpressionAttributeValues":{":v":{"N":"0"}}}`},
	{"GetItem", `{"TableName":"things","Key":{"pk":{"S":"p0"},"sk":{"S":"a"}},"ProjectionExpression":"#n0[0]","ExpressionAttributeNames":{"#n0":"l"}}`},
}

// prologueBody decodes the body of a prologue request.
func prologueBody(t testing.TB, src string) (body map[string]any) {
	t.Helper()
	if err := json.Unmarshal([]byte(src), &body); err != nil {
		t.Fatal(err)
	}
	return body
}
