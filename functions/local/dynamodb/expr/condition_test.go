package expr_test

import (
	"strings"
	"testing"

	"godwit/functions/local/dynamodb/attr"
	"godwit/functions/local/dynamodb/expr"
)

func item(t testing.TB, src string) attr.Item {
	t.Helper()
	it, err := attr.DecodeItem([]byte(src))
	if err != nil {
		t.Fatalf("item %s: %v", src, err)
	}
	return it
}

// names and values every test may use; tests do not check that all are used
// unless they say so.
var names = map[string]string{"#n": "name", "#dot": "a.b", "#m": "m", "#s": "s"}

const valuesJSON = `{":one":{"N":"1"},":two":{"N":"2"},":ten":{"N":"10.0"},":a":{"S":"a"},":b":{"S":"b"},":ab":{"S":"ab"},
	":t":{"BOOL":true},":null":{"NULL":true},":list":{"L":[{"N":"1"}]},":map":{"M":{"k":{"N":"1"}}},":ss":{"SS":["y","x"]},":x":{"S":"x"},
	":ns":{"NS":["1"]},":bin":{"B":"AAE="},":bin0":{"B":"AA=="},":S":{"S":"S"},":Q":{"S":"Q"},":SSt":{"S":"SS"}}`

func scope(t testing.TB) *expr.Scope {
	t.Helper()
	s, err := expr.NewScope(names, item(t, valuesJSON))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

const subject = `{"n":{"N":"1"},"ten":{"N":"10"},"s":{"S":"abc"},"name":{"S":"世界"},"a.b":{"S":"dotted"},"t":{"BOOL":true},"z":{"NULL":true},
	"l":{"L":[{"N":"1"},{"S":"two"},{"M":{"k":{"S":"deep"}}}]},"m":{"M":{"k":{"N":"1"},"l":{"L":[{"L":[{"S":"x"}]}]}}},
	"ss":{"SS":["x","y"]},"ns":{"NS":["1","2"]},"bs":{"BS":["AA=="]},"b":{"B":"AAEC"}}`

func TestCondition_Holds(t *testing.T) {
	tests := []struct {
		src  string
		want bool
	}{
		{"n = :one", true},
		{":one = n", true},
		{"n <> :one", false},
		{"ten = :ten", true}, // 10 and 10.0
		{"n < ten", true},    // by value, not as text
		{"n >= :two", false},
		{"s > :ab", true},
		{"s < :one", false}, // types without a common order
		{"s >= :one", false},
		{"s <> :one", true},
		{"absent = :one", false},
		{"absent <> :one", true},
		{"absent < :one", false},
		{"NOT absent = :one", true},
		{"ss = :ss", true}, // sets have no order
		{"m = :map", false},
		{"b > :bin", true},
		{"t = :t and z = :null", true},
		{"n BETWEEN :one AND :two", true},
		{"ten BETWEEN :one AND :two", false},
		{":two between n and ten", true},
		{"n IN (:two, :one)", true},
		{"n IN (:a, ten)", false},
		{"absent IN (:a)", false},
		{"attribute_exists(m.k)", true},
		{"attribute_exists(m.l[0][0])", true},
		{"attribute_exists(l[2].k)", true},
		{"attribute_exists(l[3])", false},
		{"attribute_exists(l.k)", false},
		{"attribute_exists(m[0])", false},
		{"attribute_not_exists(m.absent)", true},
		{"attribute_not_exists(z)", false}, // a NULL is there
		{"attribute_type(s, :S)", true},
		{"attribute_type(ss, :S)", false},
		{"attribute_type(ss, :SSt)", true},
		{"attribute_type(absent, :S)", false},
		{"begins_with(s, :ab)", true},
		{"begins_with(s, :b)", false},
		{"begins_with(b, :bin)", true},
		{"begins_with(n, :a)", false},
		{"contains(s, :b)", true},
		{"contains(b, :bin0)", true},
		{"contains(l, :one)", true},
		{"contains(l, :two)", false},
		{"contains(ss, :x)", true},
		{"contains(ss, :a)", false},
		{"contains(ns, :one)", true},
		{"contains(bs, :bin0)", true},
		{"contains(n, :one)", false},
		{"size(#n) = :two", true}, // characters, not bytes
		{"size(b) > :two", true},
		{"size(l) > :two", true},
		{"size(m) = :two", true},
		{"size(ss) = :two", true},
		{"size(n) > :one", false}, // a number has no size
		{"size(absent) < :one", false},
		{"size(l) BETWEEN :one AND :ten", true},
		{"#dot = :a", false},
		{"attribute_exists(#dot)", true},
		{"attribute_exists(a.b)", false},
		{"#m.k = :one", true},
		// Precedence: NOT over AND over OR.
		{"n = :one OR n = :two AND n = :ten", true},
		{"(n = :one OR n = :two) AND n = :ten", false},
		{"NOT n = :two AND n = :one", true},
		{"NOT (n = :two AND n = :one)", true},
		{"NOT NOT n = :one", true},
		{"n = :one AND NOT n = :two OR n = :ten", true},
		{"\tn\n=\r:one ", true},
	}
	it := item(t, subject)
	for _, tc := range tests {
		c, err := expr.ParseCondition("ConditionExpression", tc.src, scope(t))
		if err != nil {
			t.Errorf("ParseCondition(%q) = %v", tc.src, err)
			continue
		}
		if got := c.Holds(it); got != tc.want {
			t.Errorf("%s = %v, want %v", tc.src, got, tc.want)
		}
	}
}

// Messages as AWS words them, as far as they are documented or observed.
func TestParseCondition_Refused(t *testing.T) {
	tests := []struct{ src, want string }{
		{"", "The expression can not be empty;"},
		{"  ", "The expression can not be empty;"},
		{"n", `Syntax error; token: "<EOF>", near: "n"`},
		{"n =", `Syntax error; token: "<EOF>", near: "="`},
		{"n = :one :two", `Syntax error; token: ":two", near: ":one :two"`},
		{"n == :one", `Syntax error; token: "=", near: "== :one"`},
		{"n != :one", `Syntax error; token: "!", near: "n !="`},
		{"_n = :one", `Syntax error; token: "_"`},
		{"1 = :one", `Syntax error; token: "1", near: "1 ="`},
		{"n = 1", `Syntax error; token: "1", near: "= 1"`},
		{"# = :one", `Syntax error; token: "#"`},
		{"n = :one AND", `Syntax error; token: "<EOF>", near: "AND"`},
		{"(n = :one", `Syntax error; token: "<EOF>"`},
		{"n = :one)", `Syntax error; token: ")"`},
		{"((n = :one))", "The expression has redundant parentheses;"},
		{"(n) = :one", "Syntax error"},
		{"n[a] = :one", "Syntax error"},
		{"n[-1] = :one", "Syntax error"},
		{"n[99999999999999999999] = :one", "Syntax error"},
		{"n[9999999] = :one", "List index is not within the allowable range; index: [9999999]"},
		{"n. = :one", "Syntax error"},
		{"name = :one", "Attribute name is a reserved keyword; reserved keyword: name"},
		{"m.Value = :one", "Attribute name is a reserved keyword; reserved keyword: Value"},
		{"n = :undefined", "An expression attribute value used in expression is not defined; attribute value: :undefined"},
		{"#undefined = :one", "An expression attribute name used in the document path is not defined; attribute name: #undefined"},
		{"n = n", "The first operand must be distinct from the remaining operands for this operator or function; operator: =, first operand: [n]"},
		{"contains(m.k, #m.k)", "The first operand must be distinct"},
		{"n < :t", "Incorrect operand type for operator or function; operator or function: <, operand type: BOOL"},
		{"n BETWEEN :a AND :one", "same data type for lower and upper bounds"},
		{"n BETWEEN :two AND :one", "upper bound to be greater than or equal to lower bound"},
		{"n BETWEEN :map AND :one", "operand type: M"},
		{"n BETWEEN :one, :two", "Syntax error"},
		{"n IN ()", "Syntax error"},
		{"n IN (" + strings.Repeat(":one,", 100) + ":two)", "Too many operands for the IN operator; number of operands: 101"},
		{"begins_with(s, :one)", "operator or function: begins_with, operand type: N"},
		{"begins_with(s)", "Incorrect number of operands for operator or function; operator or function: begins_with, number of operands: 1"},
		{"attribute_exists(:a)", "Operator or function requires a document path; operator or function: attribute_exists"},
		{"attribute_type(s, :Q)", "Invalid attribute type name found; type: Q"},
		{"attribute_type(s, :one)", "operand type: N"},
		{"attribute_type(s, n)", "operator or function: attribute_type"},
		{"size(:a) = :one", "Operator or function requires a document path; operator or function: size"},
		{"size(s, n) = :one", "number of operands: 2"},
		{"size(s)", "Syntax error"},
		{"ATTRIBUTE_EXISTS(s)", "Invalid function name; function: ATTRIBUTE_EXISTS"},
		{"exists_at(s)", "Invalid function name; function: exists_at"},
		{"s = lower_case(s)", "Invalid function name; function: lower_case"},
		{"s = contains(s, :a)", "The function is not allowed to be used this way in an expression; function: contains"},
		{"s = if_not_exists(s, :a)", "Invalid function name; function: if_not_exists"},
		{strings.Repeat("n", 4097), "Expression size has exceeded the maximum allowed size; expression size: 4097"},
		{strings.Repeat("NOT ", 301) + "n = :one", "too many operators"},
		{"a" + strings.Repeat(".a", 32) + " = :one", "too many nesting elements; nesting levels: 33"},
	}
	for _, tc := range tests {
		_, err := expr.ParseCondition("ConditionExpression", tc.src, scope(t))
		if err == nil || !strings.HasPrefix(err.Error(), "Invalid ConditionExpression: ") || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("ParseCondition(%.60q) error = %v, want ...%s...", tc.src, err, tc.want)
		}
	}
}

func TestNewScope_Refused(t *testing.T) {
	for key, value := range map[string]string{"n": "a", "#": "a", "#a-b": "a", "#ok": ""} {
		if _, err := expr.NewScope(map[string]string{key: value}, nil); err == nil {
			t.Errorf("NewScope with the name %q: %q is taken, want an error", key, value)
		}
	}
	for _, key := range []string{"v", ":", ":a b", "#v"} {
		if _, err := expr.NewScope(nil, attr.Item{key: {Kind: attr.Null}}); err == nil {
			t.Errorf("NewScope with the value %q is taken, want an error", key)
		}
	}
}

func TestScope_Unused(t *testing.T) {
	s, err := expr.NewScope(map[string]string{"#a": "a", "#b": "b"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := expr.ParseCondition("ConditionExpression", "attribute_exists(#a)", s); err != nil {
		t.Fatal(err)
	}
	if got, want := s.Unused(), "Value provided in ExpressionAttributeNames unused in expressions: keys: {#b}"; got == nil || got.Error() != want {
		t.Errorf("Unused() = %v, want %s", got, want)
	}
	if _, err := expr.ParseProjection("#b", s); err != nil {
		t.Fatal(err)
	}
	if err := s.Unused(); err != nil {
		t.Errorf("Unused() = %v after all are used, want nil", err)
	}
}

// No text makes a parser panic, and what is parsed can be applied.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"n = :one AND (begins_with(s, :a) OR NOT size(l) IN (:one, n))", "SET a.b[0] = if_not_exists(n, :one) + :two REMOVE l[1] ADD n :one DELETE ss :ss",
		"a, l[1].k, #n", "pk = :a AND sk BETWEEN :a AND :b", "SET l = list_append(l, :list)", "((", "#", "a[",
	} {
		f.Add(s)
	}
	it := item(f, subject)
	f.Fuzz(func(t *testing.T, src string) {
		if c, err := expr.ParseCondition("FilterExpression", src, scope(t)); err == nil {
			_ = c.Holds(it)
			_ = c.Holds(nil)
		}
		if p, err := expr.ParseProjection(src, scope(t)); err == nil && p.Apply(it).Size() > it.Size() {
			t.Errorf("projection %q is larger than the item", src)
		}
		if u, err := expr.ParseUpdate(src, scope(t)); err == nil {
			before := string(attr.AppendItem(nil, it))
			if after, err := u.Apply(it); err == nil {
				_ = u.Changed(after)
			}
			if got := string(attr.AppendItem(nil, it)); got != before {
				t.Errorf("update %q changed the old item to %s", src, got)
			}
		}
		_, _ = expr.ParseKeyCondition(src, scope(t), "pk", "sk")
	})
}
