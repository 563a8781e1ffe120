package template

import "gopkg.in/yaml.v3"

// skipped are the resource types that have no meaning on one machine: who may
// do what, where logs go and who is told of what.
var skipped = map[string]bool{
	"AWS::CloudWatch::Alarm":     true,
	"AWS::CloudWatch::Dashboard": true,
	"AWS::IAM::ManagedPolicy":    true,
	"AWS::IAM::Role":             true,
	"AWS::Lambda::Permission":    true,
	"AWS::Logs::LogGroup":        true,
	"AWS::Logs::MetricFilter":    true,
	"AWS::S3::BucketPolicy":      true,
	"AWS::SNS::Subscription":     true,
	"AWS::SNS::Topic":            true,
	"AWS::SQS::Queue":            true, // the stage keeps dead letters in a folder
	"AWS::SQS::QueuePolicy":      true,
}

// skip adds names whose members are known and have no meaning here. What is
// below them is not read at all, so it may use any function there is.
func skip(known map[string]func(*yaml.Node), names ...string) map[string]func(*yaml.Node) {
	for _, name := range names {
		known[name] = nil
	}
	return known
}

// template reads the top level. Parameters and conditions come first: all else
// may refer to them.
func (r *reader) template(n *yaml.Node) {
	r.each(n, "template", skip(map[string]func(*yaml.Node){
		"Transform":  r.only("Transform", "AWS::Serverless-2016-10-31"),
		"Parameters": r.readParameters,
		"Conditions": func(n *yaml.Node) {
			for _, m := range r.members(n) {
				r.conditions[m.name] = m.value
			}
		},
		"Globals": func(n *yaml.Node) {
			r.each(n, "Globals", map[string]func(*yaml.Node){"Function": func(n *yaml.Node) { r.globals = n }})
		},
		"Resources": nil, // below
	}, "AWSTemplateFormatVersion", "Description", "Metadata", "Outputs"))
	// A mistyped override would otherwise be an endpoint that is not used.
	for name := range r.opts.Parameters {
		if _, ok := r.parameters[name]; !ok {
			r.fail(n, "the template has no parameter %s", name)
		}
	}
	resources := get(n, "Resources")
	if resources == nil {
		r.fail(n, "the template has no Resources")
		return
	}
	// Every resource is known by name before any is read, since references may
	// point forwards.
	order := r.index(resources)
	// Functions first: authorizers and machines name them by ARN.
	r.pass(order, map[string]func(resource){"AWS::Serverless::Function": r.readFunction})
	r.pass(order, map[string]func(resource){
		"AWS::Serverless::HttpApi":      r.readAPI,
		"AWS::Serverless::StateMachine": r.readMachine,
		"AWS::S3::Bucket":               r.readBucket,
		"AWS::DynamoDB::Table":          r.readTable,
	})
	r.pass(order, map[string]func(resource){"AWS::Serverless::Function": r.readEvents})
}

// pass calls read for each resource of the given types.
func (r *reader) pass(order []resource, read map[string]func(resource)) {
	for _, res := range order {
		if f := read[res.kind]; f != nil {
			f(res)
		}
	}
}

// index notes the resources that exist under their conditions, in order, and
// refuses types that are neither interpreted nor skipped.
func (r *reader) index(n *yaml.Node) []resource {
	var order []resource
	for _, m := range r.members(n) {
		res, exists := resource{id: m.name, node: m.key}, true
		r.each(m.value, m.name, skip(map[string]func(*yaml.Node){
			// Not resolved: CloudFormation allows no functions here either.
			"Type":       func(n *yaml.Node) { res.kind = n.Value },
			"Properties": func(n *yaml.Node) { res.properties = n },
			"Condition":  func(n *yaml.Node) { exists = r.condition(n, n.Value) },
		}, "DeletionPolicy", "DependsOn", "Metadata", "UpdateReplacePolicy"))
		switch res.kind {
		case "AWS::Serverless::Function", "AWS::Serverless::HttpApi", "AWS::Serverless::StateMachine", "AWS::S3::Bucket", "AWS::DynamoDB::Table":
		case "AWS::Lambda::Function":
			// The trainer's other form. Chosen, it would stand in for a function
			// that the stage runs, so it is not skipped.
			if exists {
				r.fail(m.key, "%s: a function in a container image is not supported by the local stage: leave its image's parameter empty", m.name)
			}
		default:
			if !skipped[res.kind] {
				r.fail(m.key, "%s: the type %s is not supported by the local stage", m.name, res.kind)
			}
		}
		// A type is judged even where its condition is false, so that the
		// template is refused alike under all parameters.
		if exists {
			r.resources[m.name] = res
			order = append(order, res)
		}
	}
	return order
}
