package template

import (
	"time"

	"gopkg.in/yaml.v3"
)

// readFunction reads a function without its events.
func (r *reader) readFunction(res resource) {
	// Lambda's defaults: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
	f := Function{
		LogicalID:   res.id,
		Name:        r.physical(res.node, res.id),
		ARN:         r.attribute(res.node, res.id, "Arn"),
		Handler:     r.opts.Handlers[res.id],
		Timeout:     3 * time.Second,
		MemoryMB:    128,
		Environment: map[string]string{},
		Retries:     2,
		MaxEventAge: 6 * time.Hour,
		LogFormat:   "Text",
	}
	if f.Handler == "" {
		r.fail(res.node, "no folder is known for the function %s", res.id)
	}
	// SAM merges mappings and lets the function's own values win.
	if r.globals != nil {
		r.readFunctionProperties(r.globals, "Globals.Function", &f)
	}
	if res.properties != nil {
		r.readFunctionProperties(res.properties, res.id, &f)
	}
	r.stack.Functions = append(r.stack.Functions, f)
}

// readFunctionProperties reads what Globals and a function may both say into
// f; what is said last wins, variable by variable. Skipped below are the build
// (the stage builds for this machine), roles, rollout, tags and tracing.
func (r *reader) readFunctionProperties(n *yaml.Node, where string, f *Function) {
	r.each(n, where, skip(map[string]func(*yaml.Node){
		"Timeout":                      r.seconds(&f.Timeout),
		"MemorySize":                   r.number(&f.MemoryMB),
		"ReservedConcurrentExecutions": r.number(&f.MaxConcurrency),
		// The Runtime API host runs executables and nothing else.
		"Runtime":     r.only("Runtime", "provided.al2023", "provided.al2"),
		"Handler":     r.only("Handler", "bootstrap"),
		"PackageType": r.only("PackageType", "Zip"),
		"Environment": func(n *yaml.Node) {
			r.each(n, where+".Environment", map[string]func(*yaml.Node){"Variables": func(n *yaml.Node) {
				// A variable that is AWS::NoValue is unset, not empty.
				for _, m := range r.members(n) {
					if !r.absent(m.value) {
						f.Environment[m.name] = r.str(m.value)
					}
				}
			}})
		},
		"LoggingConfig": func(n *yaml.Node) {
			r.each(n, where+".LoggingConfig", skip(map[string]func(*yaml.Node){
				// These two reach the function as variables; the rest is
				// CloudWatch's business.
				"LogFormat":           r.text(&f.LogFormat),
				"ApplicationLogLevel": r.text(&f.LogLevel),
			}, "LogGroup", "SystemLogLevel"))
		},
		"EventInvokeConfig": func(n *yaml.Node) { r.readInvokeConfig(n, where, f) },
		"Events":            nil, // read when every function and authorizer is known
	}, "Architectures", "AutoPublishAlias", "AutoPublishAliasAllProperties", "CodeUri", "DeploymentPreference", "Description", "EphemeralStorage",
		"Policies", "Role", "Tags", "Tracing"))
}

// readInvokeConfig reads what becomes of failed asynchronous events. OnSuccess
// is refused: the stage would have to send something somewhere.
func (r *reader) readInvokeConfig(n *yaml.Node, where string, f *Function) {
	where += ".EventInvokeConfig"
	r.each(n, where, map[string]func(*yaml.Node){
		"MaximumRetryAttempts":     r.number(&f.Retries),
		"MaximumEventAgeInSeconds": r.seconds(&f.MaxEventAge),
		"DestinationConfig": func(n *yaml.Node) {
			r.each(n, where+".DestinationConfig", map[string]func(*yaml.Node){"OnFailure": func(n *yaml.Node) {
				r.each(n, where+".OnFailure", map[string]func(*yaml.Node){
					"Type":        r.only("destination type", "SQS"),
					"Destination": r.text(&f.OnFailure),
				})
			}})
		},
	})
}

// seconds returns a reader that stores a number of seconds, the unit of every
// time in a template but TimeoutInMillis.
func (r *reader) seconds(to *time.Duration) func(*yaml.Node) {
	return func(n *yaml.Node) {
		v := int(*to / time.Second)
		r.number(&v)(n)
		*to = time.Duration(v) * time.Second
	}
}
