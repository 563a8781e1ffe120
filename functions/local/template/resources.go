package template

import (
	"encoding/json"
	"slices"
	"strconv"

	"gopkg.in/yaml.v3"
)

// readAPI reads the HTTP API's authorizers. Skipped are logs and throttling;
// CORS is refused, since a browser would see the difference.
func (r *reader) readAPI(res resource) {
	if r.hasAPI {
		r.fail(res.node, "%s: a second HttpApi is not supported by the local stage", res.id)
		return
	}
	r.hasAPI = true
	r.each(res.properties, res.id, skip(map[string]func(*yaml.Node){
		// Another stage name would become part of every path.
		"StageName": r.only("StageName", "$default"),
		"Auth": func(n *yaml.Node) {
			r.each(n, res.id+".Auth", map[string]func(*yaml.Node){
				"DefaultAuthorizer": r.text(&r.defaultAuthorizer),
				"Authorizers": func(n *yaml.Node) {
					for _, m := range r.members(n) {
						r.readAuthorizer(m)
					}
				},
			})
			// Checked only now: the default may stand before the authorizers.
			r.defaultAuthorizer = r.authorizerOf(n, res.id, "")
		},
	}, "AccessLogSettings", "DefaultRouteSettings", "FailOnWarnings", "Name", "Description", "Tags"))
}

// readAuthorizer reads a Lambda authorizer. One header is all the product
// needs; more identity sources would make a longer cache key.
func (r *reader) readAuthorizer(m member) {
	a, arn := Authorizer{Name: m.name}, ""
	var simple bool
	var version string
	r.each(m.value, m.name, skip(map[string]func(*yaml.Node){
		"AuthorizerPayloadFormatVersion": r.text(&version),
		"EnableSimpleResponses":          r.flag(&simple),
		"FunctionArn":                    r.text(&arn),
		"Identity": func(n *yaml.Node) {
			r.each(n, m.name+".Identity", map[string]func(*yaml.Node){
				"ReauthorizeEvery": r.seconds(&a.TTL),
				"Headers": func(n *yaml.Node) {
					headers := r.items(n)
					if len(headers) != 1 {
						r.fail(n, "%s: exactly one identity header is supported by the local stage", m.name)
						return
					}
					a.Header = r.str(headers[0])
				},
			})
		},
	}, "EnableFunctionDefaultPermissions", "FunctionInvokeRole"))
	// Without simple responses the answer is an IAM policy to be evaluated.
	if version != "2.0" || !simple {
		r.fail(m.key, "%s: only payload format 2.0 with simple responses is supported by the local stage", m.name)
	}
	if a.Header == "" {
		r.fail(m.key, "%s: it has no identity header", m.name)
	}
	var ok bool
	if a.Function, ok = r.function(arn); !ok {
		r.fail(m.key, "%s: %q is not the ARN of one of the functions", m.name, arn)
	}
	r.stack.Authorizers = append(r.stack.Authorizers, a)
}

// readMachine reads a state machine. Its definition stays a file: what is in
// there is judged by who runs it. EXPRESS machines have other guarantees and
// no executions to ask for, so they are refused.
func (r *reader) readMachine(res resource) {
	m := Machine{
		LogicalID:     res.id,
		Name:          r.machineName(res),
		ARN:           r.attribute(res.node, res.id, "Arn"),
		Substitutions: map[string]string{},
	}
	r.each(res.properties, res.id, skip(map[string]func(*yaml.Node){
		"Name":          r.text(&m.Name),
		"Type":          r.only("state machine type", "STANDARD"),
		"DefinitionUri": r.text(&m.Definition),
		"DefinitionSubstitutions": func(n *yaml.Node) {
			for _, s := range r.members(n) {
				m.Substitutions[s.name] = r.str(s.value)
			}
		},
	}, "Logging", "Policies", "Role", "Tags", "Tracing"))
	if m.Definition == "" {
		r.fail(res.node, "%s: it has no DefinitionUri", res.id)
	}
	m.Definition = r.path(m.Definition)
	r.stack.Machines = append(r.stack.Machines, m)
}

// readBucket reads a bucket. Notifications other than to the event bus are
// refused, as nobody would deliver them; lifecycle and encryption are skipped, and so is
// CORS: the stage allows its own console.
func (r *reader) readBucket(res resource) {
	b := Bucket{LogicalID: res.id, Name: r.physical(res.node, res.id)}
	r.each(res.properties, res.id, skip(map[string]func(*yaml.Node){
		"VersioningConfiguration": func(n *yaml.Node) {
			status := ""
			r.each(n, res.id+".VersioningConfiguration", map[string]func(*yaml.Node){"Status": r.text(&status)})
			b.Versioned = status == "Enabled"
		},
		"NotificationConfiguration": func(n *yaml.Node) {
			r.each(n, res.id+".NotificationConfiguration", map[string]func(*yaml.Node){"EventBridgeConfiguration": func(n *yaml.Node) {
				b.EventBridge = true // is the meaning of an empty mapping
				r.each(n, res.id+".EventBridgeConfiguration", map[string]func(*yaml.Node){"EventBridgeEnabled": r.flag(&b.EventBridge)})
			}})
		},
	}, "BucketEncryption", "BucketName", "CorsConfiguration", "LifecycleConfiguration", "OwnershipControls", "PublicAccessBlockConfiguration", "Tags"))
	r.stack.Buckets = append(r.stack.Buckets, b)
}

// readTable reads a table's keys and indexes. Capacity, encryption and backups
// are skipped; streams and local indexes are refused.
func (r *reader) readTable(res resource) {
	t := Table{LogicalID: res.id, Name: r.physical(res.node, res.id)}
	types := r.attributeTypes(res)
	key := func(hash, rng *Attribute) func(*yaml.Node) {
		return func(n *yaml.Node) { r.readKey(n, res.id, types, hash, rng) }
	}
	r.each(res.properties, res.id, skip(map[string]func(*yaml.Node){
		"KeySchema":            key(&t.Hash, &t.Range),
		"AttributeDefinitions": nil, // read before: keys need them
		"GlobalSecondaryIndexes": func(n *yaml.Node) {
			for _, item := range r.items(n) {
				var i Index
				r.each(item, res.id+".GlobalSecondaryIndexes", map[string]func(*yaml.Node){
					"IndexName": r.text(&i.Name),
					"KeySchema": key(&i.Hash, &i.Range),
					"Projection": func(n *yaml.Node) {
						r.each(n, res.id+".Projection", map[string]func(*yaml.Node){"ProjectionType": func(n *yaml.Node) {
							r.only("ProjectionType", "ALL", "KEYS_ONLY")(n)
							i.Projection = r.str(n)
						}})
					},
				})
				t.Indexes = append(t.Indexes, i)
			}
		},
		"TimeToLiveSpecification": func(n *yaml.Node) {
			enabled := false
			r.each(n, res.id+".TimeToLiveSpecification", map[string]func(*yaml.Node){"AttributeName": r.text(&t.TTLAttribute), "Enabled": r.flag(&enabled)})
			// A specification that is off is how a table stops expiring items.
			if !enabled {
				t.TTLAttribute = ""
			}
		},
	}, "BillingMode", "DeletionProtectionEnabled", "PointInTimeRecoverySpecification", "SSESpecification", "TableName", "Tags"))
	if t.Hash.Name == "" {
		r.fail(res.node, "%s: it has no hash key", res.id)
	}
	r.stack.Tables = append(r.stack.Tables, t)
}

// attributeTypes returns the types of a table's AttributeDefinitions by name.
func (r *reader) attributeTypes(res resource) map[string]string {
	types := map[string]string{}
	definitions := get(res.properties, "AttributeDefinitions")
	if definitions == nil {
		return types // a key without its type is refused where it is read
	}
	for _, item := range r.items(definitions) {
		var name, kind string
		r.each(item, res.id+".AttributeDefinitions", map[string]func(*yaml.Node){"AttributeName": r.text(&name), "AttributeType": r.text(&kind)})
		types[name] = kind
	}
	return types
}

// readKey reads a KeySchema into hash and rng, with the types of the table's
// AttributeDefinitions.
func (r *reader) readKey(n *yaml.Node, where string, types map[string]string, hash, rng *Attribute) {
	for _, item := range r.items(n) {
		var name, role string
		r.each(item, where+".KeySchema", map[string]func(*yaml.Node){"AttributeName": r.text(&name), "KeyType": r.text(&role)})
		// An attribute without a definition has the type "", which is refused.
		a := Attribute{name, types[name]}
		if !slices.Contains([]string{"S", "N", "B"}, a.Type) {
			r.fail(item, "%s: the key attribute %q has no AttributeDefinition of type S, N or B", where, name)
		}
		switch role {
		case "HASH":
			*hash = a
		case "RANGE":
			*rng = a
		default:
			r.fail(item, "%s: the KeyType %q is not HASH or RANGE", where, role)
		}
	}
}

// plain resolves a node to what encoding/json would decode: maps, lists,
// strings, numbers as json.Number, booleans and nil. Quoted scalars and
// intrinsics are strings.
func (r *reader) plain(n *yaml.Node) any {
	if n = r.resolve(n); n == nil {
		return nil
	}
	if _, ok := intrinsicOf(n); ok {
		return r.str(n)
	}
	switch n.Kind {
	case yaml.MappingNode:
		object := map[string]any{}
		for _, m := range r.members(n) {
			if !r.absent(m.value) {
				object[m.name] = r.plain(m.value)
			}
		}
		return object
	case yaml.SequenceNode:
		list := []any{}
		for _, item := range n.Content {
			// Also in a list AWS::NoValue leaves no gap.
			if !r.absent(item) {
				list = append(list, r.plain(item))
			}
		}
		return list
	}
	switch n.Tag {
	case "!!int", "!!float":
		return json.Number(n.Value)
	case "!!bool":
		yes, err := strconv.ParseBool(n.Value)
		if err != nil {
			r.fail(n, "%q is not true or false", n.Value)
		}
		return yes
	case "!!null":
		return nil
	}
	return n.Value
}
