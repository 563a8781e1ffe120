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
	{"examples of feedback start nothing", func(d *deployed) (broken []string) {
		for _, b := range d.stack.Buckets {
			event := fmt.Sprintf(`{"source":"aws.s3","detail-type":"Object Created","detail":{"bucket":{"name":%q},"object":{"key":"feedback/t/m/day/f"}}}`, b.Name)
			for _, r := range d.stack.Rules {
				if r.Pattern.Match([]byte(event)) {
					broken = append(broken, r.Name+" wants "+event)
				}
			}
		}
		return broken
	}},
	{"nothing but a presigned upload or feedback writes to the uploads bucket, and only the registry removes", func(d *deployed) (broken []string) {
		for _, s := range d.statements() {
			for _, resource := range s.resources {
				i := slices.IndexFunc(s.actions, func(a string) bool { return strings.HasPrefix(a, "s3:") && !reads.MatchString(a) })
				signed := s.owner == "RegistryFunction" && (resource == "${UploadsBucket.Arn}/datasets/*" || resource == "${UploadsBucket.Arn}/feedback/*")
				removed := s.owner == "RegistryFunction" && slices.Equal(s.actions, []string{"s3:DeleteObject"})
				if i >= 0 && strings.HasPrefix(resource, "${UploadsBucket.Arn}") && !signed && !removed {
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
			if _, managed := given(d.property(id, "SqsManagedSseEnabled"), "HasKey"); managed != "true" || text(d.property(id, "MessageRetentionPeriod")) != "1209600" {
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
		for _, m := range machines {
			works := slices.ContainsFunc(s.resources, func(r string) bool { return r == machineARN(m.name) || r == executionARN(m.name) })
			if works && s.owner != m.id && d.function(s.owner).Environment[m.variable] == "" {
				broken = append(broken, s.owner+" works with "+m.id+" and does not know it")
			}
		}
	}
	return broken
}
