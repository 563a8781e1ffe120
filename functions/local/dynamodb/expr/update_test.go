package expr_test

import (
	"fmt"
	"strings"
	"testing"

	"godwit/functions/local/dynamodb/attr"
	"godwit/functions/local/dynamodb/expr"
)

func TestUpdate_Apply(t *testing.T) {
	const old = `{"n":{"N":"1"},"s":{"S":"x"},"l":{"L":[{"N":"0"},{"N":"1"},{"N":"2"}]},"m":{"M":{"k":{"N":"1"}}},"ss":{"SS":["x","y"]}}`
	tests := []struct{ name, src, want, wantErr string }{
		{"set", "SET n = :two", `"n":{"N":"2"}`, ""},
		{"set new", "SET q = :a", `"q":{"S":"a"}`, ""},
		{"copy", "SET q = m", `"q":{"M":{"k":{"N":"1"}}}`, ""},
		{"swap sees the old item", "SET n = s, s = n", `"n":{"S":"x"},"s":{"N":"1"}`, ""},
		{"nested", "SET m.k = :a, m.j = :b", `"m":{"M":{"j":{"S":"b"},"k":{"S":"a"}}}`, ""},
		{"placeholder with a dot", "SET #dot = :a", `"a.b":{"S":"a"}`, ""},
		{"lower case", "set n = :two remove s", `"n":{"N":"2"},"s":null`, ""},
		{"add", "SET n = n + :two", `"n":{"N":"3"}`, ""},
		{"subtract", "SET n = :ten - n", `"n":{"N":"9"}`, ""},
		{"counter", "SET q = if_not_exists(q, :ten) + :one", `"q":{"N":"11"}`, ""},
		{"counter of what is there", "SET n = if_not_exists(n, :ten) + :one", `"n":{"N":"2"}`, ""},
		{"fallback nested", "SET q = if_not_exists(q, if_not_exists(r, :a))", `"q":{"S":"a"}`, ""},
		{"append", "SET l = list_append(l, :list)", `"l":{"L":[{"N":"0"},{"N":"1"},{"N":"2"},{"N":"1"}]}`, ""},
		{"append to nothing", "SET q = list_append(if_not_exists(q, :list), :list)", `"q":{"L":[{"N":"1"},{"N":"1"}]}`, ""},
		{"element", "SET l[1] = :a", `"l":{"L":[{"N":"0"},{"S":"a"},{"N":"2"}]}`, ""},
		{"elements past the end in order", "SET l[9] = :b, l[5] = :a", `"l":{"L":[{"N":"0"},{"N":"1"},{"N":"2"},{"S":"a"},{"S":"b"}]}`, ""},
		{"remove", "REMOVE n, absent, m.k", `"m":{"M":{}},"n":null`, ""},
		{"remove elements by old places", "REMOVE l[0], l[1]", `"l":{"L":[{"N":"2"}]}`, ""},
		{"remove past the end", "REMOVE l[7]", ``, ""},
		{"add number", "ADD n :two, q :one", `"n":{"N":"3"},"q":{"N":"1"}`, ""},
		{"add to set", "ADD ss :ss", ``, ""},
		{"new set", "ADD q :ss", `"q":{"SS":["x","y"]}`, ""},
		{"delete from set", "DELETE ss :ss", `"ss":null`, ""},
		{"delete from nothing", "DELETE q :ss", ``, ""},
		{"all sections", "DELETE ss :ss ADD n :one SET q = :a REMOVE s", `"n":{"N":"2"},"q":{"S":"a"},"s":null,"ss":null`, ""},
		{"copy of nothing", "SET q = absent", "", "refers to an attribute that does not exist in the item"},
		{"add to text", "SET s = s + :one", "", "incorrect data type"},
		{"append to number", "SET n = list_append(n, :list)", "", "incorrect data type"},
		{"ADD to text", "ADD s :one", "", "incorrect data type"},
		{"ADD set to number", "ADD n :ss", "", "incorrect data type"},
		{"DELETE other set", "DELETE ss :ns", "", "incorrect data type"},
		{"below nothing", "SET q.a = :a", "", "document path provided in the update expression is invalid"},
		{"below a number", "SET n.a = :a", "", "document path provided in the update expression is invalid"},
		{"member of a list", "SET l.a = :a", "", "document path provided in the update expression is invalid"},
		{"element of a map", "SET m[0] = :a", "", "document path provided in the update expression is invalid"},
		{"remove below nothing", "REMOVE q.a", "", "document path provided in the update expression is invalid"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			u, err := expr.ParseUpdate(tc.src, scope(t))
			if err != nil {
				t.Fatalf("ParseUpdate(%q) = %v", tc.src, err)
			}
			before := item(t, old)
			got, err := u.Apply(before)
			if s := string(attr.AppendItem(nil, before)); s != string(attr.AppendItem(nil, item(t, old))) {
				t.Errorf("%s changed the old item to %s", tc.src, s)
			}
			if tc.wantErr != "" {
				if err == nil || !strings.Contains(err.Error(), tc.wantErr) {
					t.Errorf("%s: error %v, want ...%s...", tc.src, err, tc.wantErr)
				}
				return
			}
			want := merged(t, old, tc.want)
			if s := string(attr.AppendItem(nil, got)); err != nil || s != want {
				t.Errorf("%s = %s, %v; want %s", tc.src, s, err, want)
			}
		})
	}
}

// merged returns the item old with the members of changes, null for none.
func merged(t *testing.T, old, changes string) string {
	t.Helper()
	it := item(t, old)
	for _, name := range []string{"n", "s", "m", "ss"} {
		if strings.Contains(changes, `"`+name+`":null`) {
			delete(it, name)
			changes = strings.ReplaceAll(strings.ReplaceAll(changes, `,"`+name+`":null`, ""), `"`+name+`":null`, "")
		}
	}
	for name, v := range item(t, "{"+changes+"}") {
		it[name] = v
	}
	return string(attr.AppendItem(nil, it))
}

func TestParseUpdate_Refused(t *testing.T) {
	tests := []struct{ src, want string }{
		{"", "The expression can not be empty;"},
		{"CHANGE n = :one", `Syntax error; token: "CHANGE"`},
		{"SET", `Syntax error; token: "<EOF>", near: "SET"`},
		{"SET n", `Syntax error; token: "<EOF>"`},
		{"SET n = :one,", `Syntax error; token: "<EOF>"`},
		{"SET n = :one SET s = :a", `The "SET" section can only be used once in an update expression;`},
		{"SET n = :one + :two + :ten", `Syntax error; token: "+"`},
		{"SET n = (:one)", `Syntax error; token: "("`},
		{"SET n = :one * :two", `Syntax error; token: "*"`},
		{"SET VALUE = 1", `reserved keyword: VALUE`},
		{"SET n = 1", `Syntax error; token: "1", near: "= 1"`},
		{"SET n = :a + :one", "operator or function: +, operand type: S"},
		{"SET n = list_append(l, :one)", "operator or function: list_append, operand type: N"},
		{"SET n = list_append(l)", "number of operands: 1"},
		{"SET n = if_not_exists(:a, :b)", "requires a document path; operator or function: if_not_exists"},
		{"SET n = size(l)", "The function is not allowed in an update expression; function: size"},
		{"SET n = lower(l)", "Invalid function name; function: lower"},
		{"SET n = :one, n = :two", "Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [n], path two: [n]"},
		{"SET m = :one REMOVE m.k", "Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [m], path two: [m, k]"},
		{"SET m.k = :one, m[0] = :two", "Two document paths conflict with each other; must remove or rewrite one of these paths; path one: [m, k], path two: [m, [0]]"},
		{"ADD n :a", "operator: ADD, operand type: S"},
		{"ADD n n", `Syntax error; token: "n"`},
		{"ADD m.k :one", "ADD can only be used on top-level attributes"},
		{"DELETE ss :one", "operator: DELETE, operand type: N"},
		{"REMOVE n = :one", `Syntax error; token: "="`},
	}
	for _, tc := range tests {
		_, err := expr.ParseUpdate(tc.src, scope(t))
		if err == nil || !strings.HasPrefix(err.Error(), "Invalid UpdateExpression: ") || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("ParseUpdate(%q) error = %v, want ...%s...", tc.src, err, tc.want)
		}
	}
}

func TestUpdate_Changed(t *testing.T) {
	u, err := expr.ParseUpdate("SET m.k = :one, q = :a REMOVE l[1]", scope(t))
	if err != nil {
		t.Fatal(err)
	}
	got := string(attr.AppendItem(nil, u.Changed(item(t, subject))))
	if want := `{"l":{"L":[{"S":"two"}]},"m":{"M":{"k":{"N":"1"}}}}`; got != want {
		t.Errorf("Changed = %s, want %s", got, want)
	}
	if got, want := fmt.Sprint(u.Attributes()), "[l m q]"; got != want {
		t.Errorf("Attributes() = %s, want %s", got, want)
	}
	if got := u.Changed(nil); len(got) != 0 {
		t.Errorf("Changed(nil) = %v, want nothing", got)
	}
}

func TestProjection(t *testing.T) {
	tests := []struct{ src, want, wantErr string }{
		{"n, t", `{"n":{"N":"1"},"t":{"BOOL":true}}`, ""},
		{"absent", `{}`, ""},
		{"#n", `{"name":{"S":"世界"}}`, ""},
		{"m.k", `{"m":{"M":{"k":{"N":"1"}}}}`, ""},
		{"m.k, m.absent, n.x", `{"m":{"M":{"k":{"N":"1"}}}}`, ""},
		{"m.absent", `{}`, ""},
		{"l[2].k, l[0]", `{"l":{"L":[{"N":"1"},{"M":{"k":{"S":"deep"}}}]}}`, ""},
		{"m.l[0][0], m.k", `{"m":{"M":{"k":{"N":"1"},"l":{"L":[{"L":[{"S":"x"}]}]}}}}`, ""},
		{"", "", "can not be empty"},
		{"n,", "", "Syntax error"},
		{"n t", "", "Syntax error"},
		{":a", "", "Syntax error"},
		{"size(l)", "", "reserved keyword: size"},
		{"m, m.k", "", "overlap"},
		{"m.k, m[1]", "", "conflict"},
		{"key", "", "reserved keyword: key"},
	}
	for _, tc := range tests {
		p, err := expr.ParseProjection(tc.src, scope(t))
		if tc.wantErr != "" {
			if err == nil || !strings.Contains(err.Error(), tc.wantErr) {
				t.Errorf("ParseProjection(%q) error = %v, want ...%s...", tc.src, err, tc.wantErr)
			}
			continue
		}
		if err != nil {
			t.Errorf("ParseProjection(%q) = %v", tc.src, err)
			continue
		}
		if got := string(attr.AppendItem(nil, p.Apply(item(t, subject)))); got != tc.want {
			t.Errorf("projection %s = %s, want %s", tc.src, got, tc.want)
		}
	}
}
