package template_test

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"
)

// rules are the security rules of the project that can be read off its
// template. A rule that AWS forces an exception on says so where it makes it.
var rules = slices.Concat(doorRules, roleRules, storeRules, eventRules, runRules)

// doorRules are about who gets in.
var doorRules = []rule{
	{"every route but GET /healthz has the authorizer", func(d *deployed) (broken []string) {
		for _, r := range d.stack.Routes {
			if open := r.Method+" "+r.Path == "GET /healthz"; open != (r.Authorizer == "") {
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
// folder of a bucket, one index of the table, and the training's executions,
// whose names only exist later.
var exactResource = regexp.MustCompile(`^(\$\{\w+\.Arn\}(/index/\w+|/[a-z]+/\*)?|` + regexp.QuoteMeta(machineARN) + `|` + regexp.QuoteMeta(executionARN) + `)$`)

// How the training's state machine is named where a reference to it would be
// circular or, for executions, not there.
const (
	machineARN   = "arn:${AWS::Partition}:states:${AWS::Region}:${AWS::AccountId}:stateMachine:${AWS::StackName}-training"
	executionARN = "arn:${AWS::Partition}:states:${AWS::Region}:${AWS::AccountId}:execution:${AWS::StackName}-training:*"
)

var exactAction = regexp.MustCompile(`^[a-z0-9-]+:[A-Z][A-Za-z]+$`)

// reads are the actions that change nothing.
var reads = regexp.MustCompile(`^[a-z0-9-]+:(Get|BatchGet|Query|List|Describe|Head)`)

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
				if strings.HasPrefix(action, "s3:List") && len(texts(s.conditions, "StringLike", "s3:prefix")) == 0 {
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
			// Predict makes the secret of page tokens once, and counts usage.
			if keys := texts(s.conditions, "ForAllValues:StringLike", "dynamodb:LeadingKeys"); slices.Equal(keys, []string{"SECRET#*", "*#USAGE#*"}) {
				continue
			}
			for _, action := range s.actions {
				if !reads.MatchString(action) {
					broken = append(broken, s.name+" allows "+action)
				}
			}
		}
		return broken
	}},
	{"the state machine may call the trainer and nothing else", func(d *deployed) (broken []string) {
		for _, s := range d.statements() {
			if slices.Contains(d.of("AWS::Serverless::StateMachine"), s.owner) &&
				!(slices.Equal(s.actions, []string{"lambda:InvokeFunction"}) && slices.Equal(s.resources, []string{"${TrainerFunction.Arn}"})) {
				broken = append(broken, fmt.Sprintf("%s allows %q on %q", s.name, s.actions, s.resources))
			}
		}
		return broken
	}},
	// A reference in its own policy would be circular, so it is named.
	{"the state machine has one name everywhere", func(d *deployed) (broken []string) {
		if name := text(d.property("TrainingStateMachine", "Name")); name != "${AWS::StackName}-training" {
			broken = append(broken, "it is called "+name)
		}
		for _, f := range d.stack.Functions {
			if arn, set := f.Environment["GODWIT_STATE_MACHINE_ARN"]; set && arn != d.stack.Machines[0].ARN {
				broken = append(broken, f.LogicalID+" knows it as "+arn)
			}
		}
		for _, s := range d.statements() {
			for _, action := range s.actions {
				want := map[string]string{"states:StartExecution": machineARN, "states:DescribeExecution": executionARN, "states:StopExecution": executionARN}[action]
				if strings.HasPrefix(action, "states:") && !slices.Equal(s.resources, []string{want}) {
					broken = append(broken, fmt.Sprintf("%s allows %s on %q", s.name, action, s.resources))
				}
			}
		}
		return broken
	}},
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

// eventRules are about what starts what.
var eventRules = []rule{
	{"only the uploads bucket announces objects", func(d *deployed) (broken []string) {
		for _, b := range d.stack.Buckets {
			announces := d.property(b.LogicalID, "NotificationConfiguration") != nil
			if want := b.LogicalID == "UploadsBucket"; b.EventBridge != want || announces != want {
				broken = append(broken, fmt.Sprintf("%s: notifications %t, on the event bus %t", b.LogicalID, announces, b.EventBridge))
			}
		}
		return broken
	}},
	{"training output cannot start training", checkOutput},
	{"nothing but a presigned upload writes to the uploads bucket", func(d *deployed) (broken []string) {
		for _, s := range d.statements() {
			for _, resource := range s.resources {
				i := slices.IndexFunc(s.actions, func(a string) bool { return strings.HasPrefix(a, "s3:") && !reads.MatchString(a) })
				signed := s.owner == "RegistryFunction" && resource == "${UploadsBucket.Arn}/datasets/*"
				if i >= 0 && strings.HasPrefix(resource, "${UploadsBucket.Arn}") && !signed {
					broken = append(broken, s.name+" allows "+s.actions[i]+" on "+resource)
				}
			}
		}
		return broken
	}},
	{"every asynchronous function has a destination for failures", func(d *deployed) (broken []string) {
		for _, r := range d.stack.Rules {
			if f := d.function(r.Function); f.OnFailure == "" {
				broken = append(broken, r.Function+" is called by "+r.Name+" and has none")
			}
		}
		return broken
	}},
	// The queue of a rule never sees what the function answered, only events
	// that did not reach it: a rule needs its own besides the function's.
	{"every rule retries with a bound and has a dead-letter queue", func(d *deployed) (broken []string) {
		for _, r := range d.stack.Rules {
			policy := d.property(r.Function, "Events", strings.TrimPrefix(r.Name, r.Function), "Properties", "RetryPolicy")
			if r.DeadLetter == "" || text(policy, "MaximumRetryAttempts") == "" || text(policy, "MaximumEventAgeInSeconds") == "" {
				broken = append(broken, fmt.Sprintf("%s: retries %v, dead letters to %q", r.Name, policy, r.DeadLetter))
			}
		}
		return broken
	}},
	{"the dead-letter queue takes what the rules send", func(d *deployed) (broken []string) {
		var want []string
		for _, r := range d.stack.Rules {
			want = append(want, "${"+r.Name+".Arn}")
		}
		for _, s := range list(d.resources["DeadLettersPolicy"], "Properties", "PolicyDocument", "Statement") {
			got := texts(s, "Condition", "ArnEquals", "aws:SourceArn")
			if text(s, "Action") == "sqs:SendMessage" && text(s, "Principal", "Service") == "events.amazonaws.com" && slices.Equal(got, want) {
				return nil
			}
		}
		return []string{fmt.Sprintf("no statement of its policy allows %q", want)}
	}},
	{"dead letters are encrypted and kept 14 days", func(d *deployed) (broken []string) {
		for _, id := range d.of("AWS::SQS::Queue") {
			if text(d.property(id, "SqsManagedSseEnabled")) != "true" || text(d.property(id, "MessageRetentionPeriod")) != "1209600" {
				broken = append(broken, fmt.Sprintf("%s = %v", id, d.resources[id]))
			}
		}
		return broken
	}},
}

// checkOutput: no rule may want an event of the models bucket, whatever its
// key or type; and a rule about S3 must name its bucket, or another installation's
// would match.
func checkOutput(d *deployed) (broken []string) {
	var uploads, models string
	for _, b := range d.stack.Buckets {
		switch b.LogicalID {
		case "UploadsBucket":
			uploads = b.Name
		case "ModelsBucket":
			models = b.Name
		}
	}
	for _, r := range d.stack.Rules {
		for _, folder := range []string{"inbox", "datasets", "artifacts", "reports", "work"} {
			event := fmt.Sprintf(`{"source":"aws.s3","detail-type":"Object Created","detail":{"bucket":{"name":%q},"object":{"key":"%s/t/m/f"}}}`, models, folder)
			if r.Pattern.Match([]byte(event)) {
				broken = append(broken, r.Name+" wants "+event)
			}
		}
		data, err := json.Marshal(r.Pattern)
		if err != nil {
			return append(broken, err.Error())
		}
		var pattern struct {
			Source []any
			Detail struct{ Bucket struct{ Name []any } }
		}
		if err := json.Unmarshal(data, &pattern); err != nil || len(pattern.Source) != 1 {
			broken = append(broken, fmt.Sprintf("%s is not about one source: %s", r.Name, data))
		} else if pattern.Source[0] != "aws.states" && !slices.Equal(pattern.Detail.Bucket.Name, []any{uploads}) {
			broken = append(broken, fmt.Sprintf("%s is not about the uploads bucket alone: %s", r.Name, data))
		}
	}
	return broken
}

// runRules are about how functions run.
var runRules = []rule{
	// A gateway that gives up first leaves work running for nobody, and hides
	// the function's own answer; the gateway waits 10 s for an authorizer.
	{"functions end before those who wait for them", func(d *deployed) (broken []string) {
		for _, r := range d.stack.Routes {
			if f := d.function(r.Function); f.Timeout >= r.Timeout {
				broken = append(broken, fmt.Sprintf("%s may take %v, %s %s %v", r.Function, f.Timeout, r.Method, r.Path, r.Timeout))
			}
		}
		for _, a := range d.stack.Authorizers {
			if f := d.function(a.Function); f.Timeout >= 10*time.Second {
				broken = append(broken, fmt.Sprintf("%s may take %v", a.Function, f.Timeout))
			}
		}
		return broken
	}},
	{"a training step has the longest time there is", func(d *deployed) (broken []string) {
		if f := d.function("TrainerFunction"); f.Timeout != 900*time.Second {
			broken = append(broken, fmt.Sprintf("the trainer has %v", f.Timeout))
		}
		return broken
	}},
	{"every function logs to a group of its own", func(d *deployed) (broken []string) {
		seen := map[string]bool{}
		for _, id := range d.of("AWS::Serverless::Function") {
			group := strings.Trim(text(d.property(id, "LoggingConfig", "LogGroup")), "${}")
			if seen[group] || text(d.resources[group], "Type") != "AWS::Logs::LogGroup" {
				broken = append(broken, id+" logs to "+group)
			}
			seen[group] = true
		}
		return broken
	}},
	{"log groups end their entries and end with the stack", func(d *deployed) (broken []string) {
		for _, id := range d.of("AWS::Logs::LogGroup") {
			if text(d.property(id, "RetentionInDays")) == "" || text(d.resources[id], "DeletionPolicy") == "" || text(d.resources[id], "UpdateReplacePolicy") == "" {
				broken = append(broken, fmt.Sprintf("%s = %v", id, d.resources[id]))
			}
		}
		return broken
	}},
	{"functions find every setting they need", checkSettings},
	{"functions are built by make for the architecture of the parameter", func(d *deployed) (broken []string) {
		for _, id := range d.of("AWS::Serverless::Function") {
			if method := text(d.resources[id], "Metadata", "BuildMethod"); method != "makefile" {
				broken = append(broken, id+" is built by "+method)
			}
			if d.property(id, "Architectures") != nil || d.property(id, "CodeUri") != nil {
				broken = append(broken, id+" has an architecture or code of its own")
			}
		}
		if !slices.Equal(texts(d.globals, "Architectures"), []string{"${Architecture}"}) || text(d.globals, "CodeUri") != "." {
			broken = append(broken, fmt.Sprintf("globals = %v", d.globals))
		}
		return broken
	}},
}

// checkSettings reads from shared/settings what a function must find in its
// environment and what it looks at; a test there holds that the words are true.
func checkSettings(d *deployed) (broken []string) {
	source, err := os.ReadFile("../../../shared/settings/settings.go")
	if err != nil {
		return []string{err.Error()}
	}
	required := regexp.MustCompile(`// (GODWIT_\w+), required`).FindAllStringSubmatch(string(source), -1)
	if len(required) == 0 {
		return []string{"shared/settings requires nothing"}
	}
	for _, f := range d.stack.Functions {
		for _, m := range required {
			if f.Environment[m[1]] == "" {
				broken = append(broken, f.LogicalID+" has no "+m[1])
			}
		}
		for name := range f.Environment {
			if strings.HasPrefix(name, "GODWIT_") && !strings.Contains(string(source), name) {
				broken = append(broken, f.LogicalID+" has "+name+", which nothing reads")
			}
		}
	}
	for _, s := range d.statements() {
		works := slices.ContainsFunc(s.actions, func(a string) bool { return strings.HasPrefix(a, "states:") })
		if works && d.function(s.owner).Environment["GODWIT_STATE_MACHINE_ARN"] == "" {
			broken = append(broken, s.owner+" works with the state machine and does not know it")
		}
	}
	return broken
}
