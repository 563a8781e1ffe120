package template_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// rules are the security rules of the project that can be read off its
// template. A rule that AWS forces an exception on says so where it makes it.
var rules = slices.Concat(doorRules, roleRules, storeRules, eventRules, runRules, watchRules, costRules, formRules, graphRules)

// public are the routes nobody needs a key for; they hold no data.
var public = []string{"GET /healthz", "GET /console", "GET /console/{proxy+}"}

// doorRules are about who gets in.
var doorRules = []rule{
	{"every route but GET /healthz and the console has the authorizer", func(d *deployed) (broken []string) {
		for _, r := range d.stack.Routes {
			if open := slices.Contains(public, r.Method+" "+r.Path); open != (r.Authorizer == "") {
				broken = append(broken, fmt.Sprintf("%s %s has authorizer %q", r.Method, r.Path, r.Authorizer))
			}
		}
		return broken
	}},
	// The gateway caches one answer for all routes, so the authorizer must not
	// decide by route, and a revoked key lives as long as the cache.
	{"the authorizer's answer is simple and kept 60 s at most", func(d *deployed) (broken []string) {
		if len(d.stack.Authorizers) != 1 {
			return []string{fmt.Sprintf("%d authorizers, want one", len(d.stack.Authorizers))}
		}
		a := d.stack.Authorizers[0]
		if a.TTL > time.Minute || a.Header != "Authorization" || a.Function != "AuthorizerFunction" {
			broken = append(broken, fmt.Sprintf("authorizer = %+v", a))
		}
		if v := text(d.property("HttpApi", "Auth", "Authorizers", a.Name), "EnableSimpleResponses"); v != "true" {
			broken = append(broken, "EnableSimpleResponses = "+v)
		}
		return broken
	}},
	// SAM writes a permission for each into the function's policy of 20 KB.
	{"at most 15 HTTP events a function", func(d *deployed) (broken []string) {
		count := map[string]int{}
		for _, r := range d.stack.Routes {
			if count[r.Function]++; count[r.Function] == 16 {
				broken = append(broken, r.Function+" has more")
			}
		}
		return broken
	}},
	{"requests are throttled", func(d *deployed) (broken []string) {
		for _, name := range []string{"ThrottlingRateLimit", "ThrottlingBurstLimit"} {
			if text(d.property("HttpApi", "DefaultRouteSettings", name)) == "" {
				broken = append(broken, name+" is not set")
			}
		}
		return broken
	}},
	{"the access log holds no header, query or text", func(d *deployed) (broken []string) {
		known := []string{
			"requestId", "requestTimeEpoch", "identity.sourceIp", "authorizer.tenant", "authorizer.key_id", "routeKey",
			"status", "responseLatency", "integrationLatency", "integrationErrorMessage", "responseLength",
		}
		format := text(d.property("HttpApi", "AccessLogSettings", "Format"))
		for _, m := range regexp.MustCompile(`\$([\w.]+)`).FindAllStringSubmatch(format, -1) {
			if name, ok := strings.CutPrefix(m[1], "context."); !ok || !slices.Contains(known, name) {
				broken = append(broken, "it logs "+m[1])
			}
		}
		if format == "" {
			broken = append(broken, "there is none")
		}
		return broken
	}},
}

// Forms a resource of a role may take: something of this stack by its ARN, one
// folder of a bucket or the graphs in one, one index of the table, and the state
// machines and their executions, whose names only exist later.
var exactResource = regexp.MustCompile(`^(\$\{\w+\.Arn\}(/index/\w+|/[a-z]+/\*|/reports/\*-issues\.json|/work/\*/graph\.onnx)?|\$\{KmsKeyArn\}|` +
	regexp.QuoteMeta(statesARN) + `(stateMachine:\$\{AWS::StackName\}-(training|batch)|execution:\$\{AWS::StackName\}-(training|batch):\*))$`)

// statesARN begins the name of a state machine where a reference to it would be
// circular and, for executions, of what is not there.
const statesARN = "arn:${AWS::Partition}:states:${AWS::Region}:${AWS::AccountId}:"

// machines are the state machines: how each is called, the function it calls
// and the variable by which others know it.
var machines = []struct{ id, name, function, variable string }{
	{"TrainingStateMachine", "training", "TrainerFunction", "GODWIT_STATE_MACHINE_ARN"},
	{"BatchStateMachine", "batch", "BatchFunction", "GODWIT_BATCH_MACHINE_ARN"},
}

// machineARN and executionARN are what a role says of a machine.
func machineARN(name string) string { return statesARN + "stateMachine:${AWS::StackName}-" + name }
func executionARN(name string) string {
	return statesARN + "execution:${AWS::StackName}-" + name + ":*"
}

var exactAction = regexp.MustCompile(`^[a-z0-9-]+:[A-Z][A-Za-z]+$`)

// reads are the actions that change nothing. A key changes nothing either.
var reads = regexp.MustCompile(`^([a-z0-9-]+:(Get|BatchGet|Query|List|Describe|Head)|kms:)`)

// roleRules are about who may do what.
var roleRules = []rule{
	{"one role for each function", func(d *deployed) (broken []string) {
		for _, id := range append(d.of("AWS::Serverless::Function"), d.of("AWS::Serverless::StateMachine")...) {
			if d.property(id, "Role") != nil || at(d.globals, "Role") != nil {
				broken = append(broken, id+" takes a role from elsewhere")
			}
			policies := list(d.resources[id], "Properties", "Policies")
			for _, p := range policies {
				if len(list(p, "Statement")) == 0 {
					broken = append(broken, fmt.Sprintf("%s has a policy that is not written out: %v", id, p))
				}
			}
			if len(policies) == 0 {
				broken = append(broken, id+" has no policy of its own")
			}
		}
		for id := range d.resources {
			if kind := text(d.resources[id], "Type"); strings.HasPrefix(kind, "AWS::IAM::") {
				broken = append(broken, id+" is a "+kind)
			}
		}
		return broken
	}},
	{"roles name exact actions", func(d *deployed) (broken []string) {
		for _, s := range d.statements() {
			for _, action := range s.actions {
				if !exactAction.MatchString(action) {
					broken = append(broken, s.name+" allows "+action)
				}
			}
			if s.effect != "Allow" || len(s.actions) == 0 || at(s.raw, "NotAction") != nil {
				broken = append(broken, s.name+" does not say what it allows")
			}
		}
		return broken
	}},
	{"roles name exact resources", func(d *deployed) (broken []string) {
		for _, s := range d.statements() {
			for _, resource := range s.resources {
				if !exactResource.MatchString(resource) {
					broken = append(broken, s.name+" reaches "+resource)
				}
			}
			if len(s.resources) == 0 || at(s.raw, "NotResource") != nil {
				broken = append(broken, s.name+" does not say what it reaches")
			}
		}
		return broken
	}},
	{"nobody outside is allowed anything", func(d *deployed) (broken []string) {
		for _, id := range append(d.of("AWS::S3::BucketPolicy"), d.of("AWS::SQS::QueuePolicy")...) {
			for _, s := range list(d.resources[id], "Properties", "PolicyDocument", "Statement") {
				// A ban may be as wide as it likes: TlsOnly is for all and everything.
				if text(s, "Effect") == "Deny" {
					continue
				}
				if text(s, "Principal", "Service") == "" || len(mapping(s, "Condition")) == 0 || !exactAction.MatchString(text(s, "Action")) {
					broken = append(broken, fmt.Sprintf("%s: %v", id, s))
				}
			}
		}
		return broken
	}},
	// S3 answers 403 for an absent key to those who may not list: "not there
	// yet" would become an internal error.
	{"who reads a bucket may tell absent from forbidden", checkAbsent},
	{"who lists a bucket lists folders only", func(d *deployed) (broken []string) {
		for _, s := range d.statements() {
			for _, action := range s.actions {
				if strings.HasPrefix(action, "s3:ListBucket") && len(texts(s.conditions, "StringLike", "s3:prefix")) == 0 {
					broken = append(broken, s.name+" lists everything")
				}
			}
		}
		return broken
	}},
	{"the authorizer and predict only read", func(d *deployed) (broken []string) {
		for _, s := range d.statements() {
			if s.owner != "AuthorizerFunction" && s.owner != "PredictFunction" {
				continue
			}
			// Predict makes the secret of page tokens once, and counts usage and traffic.
			if keys := texts(s.conditions, "ForAllValues:StringLike", "dynamodb:LeadingKeys"); slices.Equal(keys, []string{"SECRET#*", "*#USAGE#*", "*#TRAFFIC#*"}) {
				continue
			}
			for _, action := range s.actions {
				// A graph that is run elsewhere is not changed there either.
				if !reads.MatchString(action) && !(action == "lambda:InvokeFunction" && slices.Equal(s.resources, []string{invoked})) {
					broken = append(broken, s.name+" allows "+action)
				}
			}
		}
		return broken
	}},
	{"a state machine may call its function, and a Map of it itself, and nothing else", checkMachines},
	{"a state machine with a distributed Map can run it", checkMaps},
	// A reference in its own policy would be circular, so it is named.
	{"a state machine has one name everywhere", checkMachineNames},
}

// checkMachines: a machine calls one function. For its distributed Maps it also
// starts and follows its own executions and reads and writes their work.
func checkMachines(d *deployed) (broken []string) {
	for _, s := range d.statements() {
		for _, m := range machines {
			if m.id != s.owner {
				continue
			}
			allowed := []string{"lambda:InvokeFunction ${" + m.function + ".Arn}"}
			if m.function == "TrainerFunction" { // or the same in an image
				allowed = append(allowed, "lambda:InvokeFunction ${TrainerImageFunction.Arn}")
			}
			allowed = append(allowed, "kms:Decrypt ${KmsKeyArn}", "kms:GenerateDataKey ${KmsKeyArn}", "states:StartExecution "+machineARN(m.name),
				"states:DescribeExecution "+executionARN(m.name), "states:StopExecution "+executionARN(m.name), "s3:ListBucket ${ModelsBucket.Arn}",
				"s3:GetObject ${ModelsBucket.Arn}/work/*", "s3:PutObject ${ModelsBucket.Arn}/work/*",
				"s3:ListMultipartUploadParts ${ModelsBucket.Arn}/work/*", "s3:AbortMultipartUpload ${ModelsBucket.Arn}/work/*")
			for _, action := range s.actions {
				for _, resource := range s.resources {
					if !slices.Contains(allowed, action+" "+resource) {
						broken = append(broken, fmt.Sprintf("%s allows %s on %s", s.name, action, resource))
					}
				}
			}
		}
	}
	return broken
}

func checkMachineNames(d *deployed) (broken []string) {
	for i, m := range machines {
		if name := text(d.property(m.id, "Name")); name != "${AWS::StackName}-"+m.name {
			broken = append(broken, m.id+" is called "+name)
		}
		for _, f := range d.stack.Functions {
			if arn, set := f.Environment[m.variable]; set && arn != d.stack.Machines[i].ARN {
				broken = append(broken, f.LogicalID+" knows "+m.id+" as "+arn)
			}
		}
	}
	for _, s := range d.statements() {
		for _, action := range s.actions {
			if !strings.HasPrefix(action, "states:") {
				continue
			}
			for _, resource := range s.resources {
				known := slices.ContainsFunc(machines, func(m struct{ id, name, function, variable string }) bool {
					if action == "states:StartExecution" {
						return resource == machineARN(m.name)
					}
					return (action == "states:DescribeExecution" || action == "states:StopExecution") && resource == executionARN(m.name)
				})
				if !known {
					broken = append(broken, fmt.Sprintf("%s allows %s on %s", s.name, action, resource))
				}
			}
		}
	}
	return broken
}

func checkAbsent(d *deployed) (broken []string) {
	folder := regexp.MustCompile(`^(\$\{\w+\.Arn\})/([a-z]+/\*)$`)
	lists := func(owner, bucket, prefix string) bool {
		return slices.ContainsFunc(d.statements(), func(s statement) bool {
			return s.owner == owner && slices.Contains(s.actions, "s3:ListBucket") && slices.Contains(s.resources, bucket) &&
				slices.Contains(texts(s.conditions, "StringLike", "s3:prefix"), prefix)
		})
	}
	for _, s := range d.statements() {
		if !slices.Contains(s.actions, "s3:GetObject") {
			continue
		}
		for _, resource := range s.resources {
			if m := folder.FindStringSubmatch(resource); m != nil && !lists(s.owner, m[1], m[2]) {
				broken = append(broken, s.owner+" reads "+resource+" and may not list it")
			}
		}
	}
	return broken
}
