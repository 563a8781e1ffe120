package template

import (
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// intrinsic is a CloudFormation function and its argument.
type intrinsic struct {
	name string // Ref, Sub, GetAtt, ...: without Fn:: or !
	arg  *yaml.Node
}

// intrinsicOf recognises both spellings: !Sub x and {Fn::Sub: x}.
func intrinsicOf(n *yaml.Node) (intrinsic, bool) {
	// "!!str" and its like are YAML's own tags.
	if strings.HasPrefix(n.Tag, "!") && !strings.HasPrefix(n.Tag, "!!") {
		return intrinsic{n.Tag[1:], n}, true
	}
	if n.Kind == yaml.MappingNode && len(n.Content) == 2 {
		name := n.Content[0].Value
		if fn, ok := strings.CutPrefix(name, "Fn::"); ok {
			return intrinsic{fn, n.Content[1]}, true
		}
		if name == "Ref" {
			return intrinsic{name, n.Content[1]}, true
		}
	}
	return intrinsic{}, false
}

// resolve follows Fn::If, so that the node it returns is a list, a mapping, a
// scalar or another intrinsic. It returns nil for AWS::NoValue.
func (r *reader) resolve(n *yaml.Node) *yaml.Node {
	f, ok := intrinsicOf(n)
	switch {
	case ok && f.name == "If":
		if len(f.arg.Content) != 3 || f.arg.Kind != yaml.SequenceNode {
			r.fail(n, "Fn::If needs a condition and two values")
			return nil
		}
		// Only the chosen side is read, so the other may name what is not there.
		if r.condition(f.arg.Content[0], f.arg.Content[0].Value) {
			return r.resolve(f.arg.Content[1])
		}
		return r.resolve(f.arg.Content[2])
	case ok && f.name == "Ref" && f.arg.Value == "AWS::NoValue":
		return nil
	}
	return n
}

// absent reports whether a value is AWS::NoValue: then its member is not there.
func (r *reader) absent(n *yaml.Node) bool { return r.resolve(n) == nil }

// str returns a node's value as a string; the number 5 is "5", and 007 stays
// as it is written. A failure is noted and gives "".
func (r *reader) str(n *yaml.Node) string {
	n = r.resolve(n)
	if n == nil {
		return ""
	}
	f, ok := intrinsicOf(n)
	if !ok {
		if n.Kind != yaml.ScalarNode {
			r.fail(n, "expected a single value here")
			return ""
		}
		return n.Value
	}
	switch f.name {
	case "Ref":
		return r.ref(n, f.arg.Value)
	case "Sub":
		return r.sub(n, f.arg)
	case "GetAtt":
		return r.getAtt(n, f.arg)
	}
	r.fail(n, "Fn::%s is not supported by the local stage", f.name)
	return ""
}

// ref resolves a Ref: a parameter, a pseudo parameter, or the physical name of
// a resource, which for a state machine is its ARN.
func (r *reader) ref(n *yaml.Node, name string) string {
	if v, ok := r.parameters[name]; ok {
		return v
	}
	switch name {
	case "AWS::Region":
		return r.opts.Region
	case "AWS::AccountId":
		return r.opts.AccountID
	case "AWS::Partition":
		return "aws"
	case "AWS::URLSuffix":
		return "amazonaws.com"
	case "AWS::StackName":
		return r.opts.StackName
	}
	res, ok := r.resources[name]
	if !ok {
		r.fail(n, "%q is not a parameter or resource that exists here", name)
		return ""
	}
	switch res.kind {
	case "AWS::Serverless::StateMachine":
		return r.attribute(n, name, "Arn")
	case "AWS::Serverless::Function", "AWS::Serverless::HttpApi", "AWS::S3::Bucket", "AWS::DynamoDB::Table":
		return r.physical(n, name)
	}
	// A queue's Ref is a URL, a topic's an ARN: a name would be wrong unseen.
	r.fail(n, "the Ref of %s (%s) is not known to the local stage", name, res.kind)
	return ""
}

// placeholder is a ${Name} of Fn::Sub; ${!Name} stands for itself.
var placeholder = regexp.MustCompile(`\$\{([^{}]*)\}`)

// sub resolves a Fn::Sub: a string, or a string and a mapping of more names.
func (r *reader) sub(n, arg *yaml.Node) string {
	format, own := arg, (*yaml.Node)(nil)
	if arg.Kind == yaml.SequenceNode {
		if len(arg.Content) != 2 || arg.Content[1].Kind != yaml.MappingNode {
			r.fail(n, "Fn::Sub needs a string, or a string and a mapping")
			return ""
		}
		format, own = arg.Content[0], arg.Content[1]
	}
	if format.Kind != yaml.ScalarNode {
		r.fail(n, "Fn::Sub needs a string")
		return ""
	}
	return placeholder.ReplaceAllStringFunc(format.Value, func(m string) string {
		name := strings.TrimSpace(m[2 : len(m)-1])
		if literal, ok := strings.CutPrefix(name, "!"); ok {
			return "${" + literal + "}"
		}
		// The mapping's names hide the template's, as on CloudFormation.
		if v := get(own, name); v != nil {
			return r.str(v)
		}
		if id, attribute, ok := strings.Cut(name, "."); ok {
			return r.attribute(n, id, attribute)
		}
		return r.ref(n, name)
	})
}

// getAtt resolves a Fn::GetAtt: "Id.Attribute" or [Id, Attribute]. A logical
// id holds no dot, so the first one ends it.
func (r *reader) getAtt(n, arg *yaml.Node) string {
	id, attribute, ok := strings.Cut(arg.Value, ".")
	if arg.Kind == yaml.SequenceNode && len(arg.Content) == 2 {
		id, attribute, ok = arg.Content[0].Value, arg.Content[1].Value, true
	}
	if !ok {
		r.fail(n, "Fn::GetAtt needs a resource and an attribute")
		return ""
	}
	return r.attribute(n, id, attribute)
}

// attribute returns a resource's attribute. Only ARNs can be known without AWS.
func (r *reader) attribute(n *yaml.Node, id, attribute string) string {
	res, ok := r.resources[id]
	if !ok {
		r.fail(n, "%q is not a resource that exists here", id)
		return ""
	}
	if attribute == "Arn" {
		switch res.kind {
		case "AWS::Serverless::Function":
			return r.arn("lambda", "function:"+r.physical(n, id))
		case "AWS::Serverless::StateMachine":
			return r.arn("states", "stateMachine:"+r.machineName(res))
		case "AWS::S3::Bucket":
			// Bucket names are global: no region, no account.
			return "arn:aws:s3:::" + r.physical(n, id)
		case "AWS::DynamoDB::Table":
			return r.arn("dynamodb", "table/"+r.physical(n, id))
		case "AWS::SQS::Queue":
			return r.arn("sqs", r.physical(n, id))
		}
	}
	if attribute == "Name" && res.kind == "AWS::Serverless::StateMachine" {
		return r.machineName(res)
	}
	r.fail(n, "the attribute %s of %s (%s) is not known to the local stage", attribute, id, res.kind)
	return ""
}

// machineName returns a state machine's physical name.
func (r *reader) machineName(res resource) string {
	name := get(res.properties, "Name")
	if name == nil || !r.enter(name, "the name of "+res.id) {
		return r.physical(res.node, res.id)
	}
	defer r.leave()
	if r.absent(name) {
		return r.physical(res.node, res.id)
	}
	return r.str(name)
}

// condition evaluates the condition called name. They are evaluated where they
// are used, each time: there are few, and order does not matter then.
func (r *reader) condition(at *yaml.Node, name string) bool {
	n, ok := r.conditions[name]
	if !ok {
		r.fail(at, "%q is not a condition", name)
		return false
	}
	if !r.enter(at, "the condition "+name) {
		return false
	}
	defer r.leave()
	return r.decide(n)
}

// enter notes that what is being resolved, and refuses what leads back to
// itself. leave must follow when it returns true.
func (r *reader) enter(at *yaml.Node, what string) bool {
	if slices.Contains(r.resolving, what) {
		r.fail(at, "%s depends on itself", what)
		return false
	}
	r.resolving = append(r.resolving, what)
	return true
}

// leave takes back the last enter.
func (r *reader) leave() { r.resolving = r.resolving[:len(r.resolving)-1] }

// decide evaluates a condition function.
func (r *reader) decide(n *yaml.Node) bool {
	if name := get(n, "Condition"); name != nil && len(n.Content) == 2 {
		return r.condition(n, name.Value)
	}
	f, ok := intrinsicOf(n)
	switch {
	case ok && f.name == "Condition" && f.arg.Kind == yaml.ScalarNode:
		return r.condition(n, f.arg.Value)
	case ok && (f.name == "And" || f.name == "Or") && len(f.arg.Content) >= 2 && f.arg.Kind == yaml.SequenceNode:
		// All are read, so that a mistake in any of them is told.
		result := f.name == "And"
		for _, part := range f.arg.Content {
			if yes := r.decide(part); f.name == "And" {
				result = result && yes
			} else {
				result = result || yes
			}
		}
		return result
	case ok && f.name == "Equals" && len(f.arg.Content) == 2:
		return r.str(f.arg.Content[0]) == r.str(f.arg.Content[1])
	case ok && f.name == "Not" && len(f.arg.Content) == 1:
		return !r.decide(f.arg.Content[0])
	case ok:
		r.fail(n, "Fn::%s is not supported here by the local stage", f.name)
	default:
		r.fail(n, "expected a condition function: Fn::Equals, Fn::Not, Fn::And, Fn::Or or Condition")
	}
	return false
}
