package template_test

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"godwit/functions/local/template"
)

// deployed is a template as the security rules read it: the stack the stage
// would run, and every resource as plain values, also those the stage skips.
type deployed struct {
	stack      *template.Stack
	top        any // the whole file
	conditions map[string]any
	globals    map[string]any // of functions
	resources  map[string]any // by logical id
}

// deploy reads a template. What the stage refuses is an error.
func deploy(text string) (*deployed, error) {
	stack, err := template.Parse("../../../template.yaml", []byte(text), options())
	if err != nil {
		return nil, err
	}
	var document yaml.Node
	if err := yaml.Unmarshal([]byte(text), &document); err != nil {
		return nil, err
	}
	top := plain(document.Content[0])
	return &deployed{
		stack: stack, top: top, conditions: mapping(top, "Conditions"), globals: mapping(top, "Globals", "Function"), resources: mapping(top, "Resources"),
	}, nil
}

// repository returns the repository's template.
func repository(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile("../../../template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// plain turns a node into maps, lists and strings; a function in its short
// form, such as !Ref x, becomes the long one.
func plain(n *yaml.Node) any {
	var v any = n.Value
	switch n.Kind {
	case yaml.MappingNode:
		m := map[string]any{}
		for i := 0; i+1 < len(n.Content); i += 2 {
			m[n.Content[i].Value] = plain(n.Content[i+1])
		}
		v = m
	case yaml.SequenceNode:
		list := []any{}
		for _, item := range n.Content {
			list = append(list, plain(item))
		}
		v = list
	}
	if name, ok := strings.CutPrefix(n.Tag, "!"); ok && !strings.HasPrefix(name, "!") {
		if name != "Ref" {
			name = "Fn::" + name
		}
		return map[string]any{name: v}
	}
	return v
}

// at returns the value under a path of member names, or nil.
func at(v any, path ...string) any {
	for _, name := range path {
		m, _ := v.(map[string]any)
		v = m[name]
	}
	return v
}

// mapping, list and text are at for one kind of value; the wrong kind is none.
func mapping(v any, path ...string) map[string]any {
	m, _ := at(v, path...).(map[string]any)
	return m
}

func list(v any, path ...string) []any {
	l, _ := at(v, path...).([]any)
	return l
}

// text writes a reference as Fn::Sub would: !Ref A is ${A}, !GetAtt A.Arn is ${A.Arn}.
func text(v any, path ...string) string {
	switch v := at(v, path...).(type) {
	case string:
		return v
	case bool: // JSON has them, YAML's nodes are text
		return strconv.FormatBool(v)
	case map[string]any:
		if name, ok := v["Ref"].(string); ok {
			return "${" + name + "}"
		}
		if format, ok := v["Fn::Sub"].(string); ok {
			return format
		}
		if name, ok := v["Fn::GetAtt"].(string); ok {
			return "${" + name + "}"
		}
		if parts := list(v, "Fn::GetAtt"); len(parts) == 2 {
			return fmt.Sprintf("${%v.%v}", parts[0], parts[1])
		}
	}
	return ""
}

// texts returns one value or a list of them, as text writes each.
func texts(v any, path ...string) []string {
	v = at(v, path...)
	if v == nil {
		return nil
	}
	var all []string
	for _, item := range cases(v) {
		all = append(all, text(item))
	}
	return all
}

// cases returns one value or a list of them; of a choice both sides, so that a
// rule holds whatever the parameters are. AWS::NoValue is none.
func cases(v any) (all []any) {
	if text(v) == "${AWS::NoValue}" {
		return nil
	}
	items, ok := v.([]any)
	if choice := list(v, "Fn::If"); len(choice) == 3 {
		items, ok = choice[1:], true
	}
	if !ok {
		return []any{v}
	}
	for _, item := range items {
		all = append(all, cases(item)...)
	}
	return all
}

// given returns what a choice is when the condition holds, and when it does
// not; "" for AWS::NoValue. What is no such choice is neither.
func given(v any, condition string) (yes, no string) {
	choice := list(v, "Fn::If")
	if len(choice) != 3 || choice[0] != condition {
		return "", ""
	}
	return strings.Join(texts(choice[1]), " "), strings.Join(texts(choice[2]), " ")
}

// of returns the logical ids of a type, sorted.
func (d *deployed) of(kind string) []string {
	var ids []string
	for _, id := range slices.Sorted(maps.Keys(d.resources)) {
		if text(d.resources[id], "Type") == kind {
			ids = append(ids, id)
		}
	}
	return ids
}

// property returns a property of a resource, or nil.
func (d *deployed) property(id string, path ...string) any {
	return at(d.resources[id], append([]string{"Properties"}, path...)...)
}

// statement is one statement of a role.
type statement struct {
	owner      string // logical id of the function or state machine
	name       string // for messages
	effect     string
	actions    []string
	resources  []string
	conditions map[string]any
	raw        any
}

// statements returns every statement of the roles of functions and machines.
func (d *deployed) statements() []statement {
	var all []statement
	for _, id := range append(d.of("AWS::Serverless::Function"), d.of("AWS::Serverless::StateMachine")...) {
		for _, policy := range list(d.resources[id], "Properties", "Policies") {
			for i, s := range cases(at(policy, "Statement")) {
				all = append(all, statement{
					owner: id, name: fmt.Sprintf("%s statement %d (%s)", id, i, text(s, "Sid")), effect: text(s, "Effect"),
					actions: texts(s, "Action"), resources: texts(s, "Resource"), conditions: mapping(s, "Condition"), raw: s,
				})
			}
		}
	}
	return all
}

// function returns a function of the stack by logical id.
func (d *deployed) function(id string) template.Function {
	for _, f := range d.stack.Functions {
		if f.LogicalID == id {
			return f
		}
	}
	return template.Function{}
}

// rule is one thing a template must hold. check returns what breaks it.
type rule struct {
	name  string
	check func(d *deployed) []string
}

// TestPolicy holds the repository's template to every rule.
func TestPolicy(t *testing.T) {
	d, err := deploy(repository(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rules {
		t.Run(r.name, func(t *testing.T) {
			for _, broken := range r.check(d) {
				t.Error(broken)
			}
		})
	}
}

// TestPolicy_RulesCatch breaks the template in every way of mutations: the rule
// that forbids it must say so, and every rule must be broken at least once.
func TestPolicy_RulesCatch(t *testing.T) {
	original := repository(t)
	caught := map[string]bool{}
	for _, m := range mutations {
		t.Run(m.rule+"/"+m.name, func(t *testing.T) {
			i := slices.IndexFunc(rules, func(r rule) bool { return r.name == m.rule })
			if i < 0 {
				t.Fatalf("there is no rule %q", m.rule)
			}
			d, err := deploy(m.apply(t, original))
			if err != nil {
				t.Fatalf("the broken template cannot be read: %v", err)
			}
			if len(rules[i].check(d)) == 0 {
				t.Errorf("%q became %q in %s, and the rule does not mind", m.old, m.new, m.in)
			}
			caught[m.rule] = true
		})
	}
	for _, r := range rules {
		if !caught[r.name] {
			t.Errorf("no mutation breaks the rule %q", r.name)
		}
	}
}

// mutation replaces text the first time it is there.
type mutation struct {
	rule, name string
	in         string // resource or top-level section that holds it
	old, new   string
}

// apply returns the template with m in it.
func (m mutation) apply(t *testing.T, original string) string {
	t.Helper()
	head := regexp.MustCompile(`(?m)^(  )?` + m.in + `:\n`).FindStringSubmatchIndex(original)
	if head == nil {
		t.Fatalf("the template has no %s", m.in)
	}
	next := `\n\w` // the next line at the left margin
	if head[2] >= 0 {
		next = `\n {0,2}\w`
	}
	before, part := original[:head[1]], original[head[1]:]
	after := ""
	if end := regexp.MustCompile(next).FindStringIndex(part); end != nil {
		part, after = part[:end[0]], part[end[0]:]
	}
	if !strings.Contains(part, m.old) {
		t.Fatalf("%s does not hold %q any more: change the mutation with the template", m.in, m.old)
	}
	return before + strings.Replace(part, m.old, m.new, 1) + after
}
