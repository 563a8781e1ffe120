package template_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// tags are what bills are divided by.
var tags = map[string]string{"app": "${AWS::StackName}", "stage": "${Stage}", "cost-center": "${CostCenter}"}

// billed are the types of the template that can cost something, by whether
// they do so while nobody calls. CloudWatch bills alarms and dashboards by the
// month, so they must be possible to leave out. What a table, a bucket or a log
// holds is billed by its size everywhere and by everybody.
var billed = map[string]bool{
	"AWS::CloudWatch::Alarm": true, "AWS::CloudWatch::Dashboard": true,
	"AWS::DynamoDB::Table": false, "AWS::Lambda::Function": false, "AWS::Logs::LogGroup": false, "AWS::S3::Bucket": false,
	"AWS::SNS::Topic": false, "AWS::SQS::Queue": false,
	"AWS::Serverless::Function": false, "AWS::Serverless::HttpApi": false, "AWS::Serverless::StateMachine": false,
}

// free are the types that are never billed by themselves. The metric of a
// filter is billed in hours in which something failed.
var free = []string{"AWS::Logs::MetricFilter", "AWS::S3::BucketPolicy", "AWS::SNS::Subscription", "AWS::SQS::QueuePolicy"}

// byTheHour are properties that make a resource cost something while it waits.
// A function's network costs nothing itself, but its way out of it does.
var byTheHour = []string{"CapacityProviderConfig", "FileSystemConfigs", "ProvisionedConcurrencyConfig", "ProvisionedThroughput", "VpcConfig"}

// watched reports whether a condition holds only where IsWatched does.
func (d *deployed) watched(condition string) bool {
	return condition == "IsWatched" || slices.ContainsFunc(list(d.conditions[condition], "Fn::And"), func(part any) bool {
		return text(at(part, "Fn::Condition")) == "IsWatched"
	})
}

// costRules are about money.
var costRules = []rule{
	{"nothing is billed by the hour", func(d *deployed) (broken []string) {
		for _, id := range slices.Sorted(maps.Keys(d.resources)) {
			kind := text(d.resources[id], "Type")
			waits, known := billed[kind]
			if !known && !slices.Contains(free, kind) {
				broken = append(broken, id+" is a "+kind+", whose price is not known here")
			}
			if waits && !d.watched(text(d.resources[id], "Condition")) {
				broken = append(broken, id+" is billed always")
			}
			for _, property := range byTheHour {
				if d.property(id, property) != nil || strings.HasPrefix(kind, "AWS::Serverless::Function") && at(d.globals, property) != nil {
					broken = append(broken, id+" has "+property)
				}
			}
			if kind == "AWS::DynamoDB::Table" && text(d.property(id, "BillingMode")) != "PAY_PER_REQUEST" {
				broken = append(broken, id+" has a capacity")
			}
		}
		return broken
	}},
	{"alarms and dashboard can be left out", func(d *deployed) (broken []string) {
		if parts := list(d.conditions["IsWatched"], "Fn::Equals"); len(parts) != 2 || text(parts[0]) != "${Alarms}" || text(parts[1]) != "on" {
			broken = append(broken, fmt.Sprintf("IsWatched = %v", d.conditions["IsWatched"]))
		}
		if got := text(d.resources["AlarmMail"], "Condition"); got != "MailsAlarms" {
			broken = append(broken, "mail is sent when "+got)
		}
		return broken
	}},
	{"what is billed carries the tags of the bill", func(d *deployed) (broken []string) {
		for _, id := range slices.Sorted(maps.Keys(d.resources)) {
			kind := text(d.resources[id], "Type")
			// A dashboard takes none.
			if _, costs := billed[kind]; !costs || kind == "AWS::CloudWatch::Dashboard" {
				continue
			}
			got := map[string]string{}
			of := []any{d.property(id, "Tags")}
			if kind == "AWS::Serverless::Function" {
				of = append(of, at(d.globals, "Tags"))
			}
			for _, tagged := range of {
				for name := range mapping(tagged) {
					got[name] = text(tagged, name)
				}
				for _, tag := range list(tagged) {
					got[text(tag, "Key")] = text(tag, "Value")
				}
			}
			if !maps.Equal(got, tags) {
				broken = append(broken, fmt.Sprintf("%s has %v", id, got))
			}
		}
		return broken
	}},
}

// formRules are about what somebody sees who deploys the template.
var formRules = []rule{
	{"every parameter says what it takes and stands in one group", func(d *deployed) (broken []string) {
		grouped := map[string]int{}
		for _, group := range list(d.top, "Metadata", "AWS::CloudFormation::Interface", "ParameterGroups") {
			for _, name := range texts(group, "Parameters") {
				grouped[name]++
			}
		}
		for _, name := range slices.Sorted(maps.Keys(mapping(d.top, "Parameters"))) {
			p := mapping(d.top, "Parameters", name)
			bound := p["AllowedValues"] != nil || p["AllowedPattern"] != nil || p["MinValue"] != nil || strings.HasSuffix(name, "EndpointUrl")
			if p["Default"] == nil || !bound {
				broken = append(broken, fmt.Sprintf("%s takes anything: %v", name, p))
			}
			if grouped[name] != 1 {
				broken = append(broken, fmt.Sprintf("%s is in %d groups", name, grouped[name]))
			}
			delete(grouped, name)
		}
		for name := range grouped {
			broken = append(broken, name+" is in a group and no parameter")
		}
		return broken
	}},
	{"outputs are described and exported under the stack's name", func(d *deployed) (broken []string) {
		for _, name := range slices.Sorted(maps.Keys(mapping(d.top, "Outputs"))) {
			o := at(d.top, "Outputs", name)
			if text(o, "Description") == "" || text(o, "Export", "Name") != "${AWS::StackName}-"+name {
				broken = append(broken, fmt.Sprintf("%s = %v", name, o))
			}
		}
		return broken
	}},
	{"the trainer in an image is the trainer", checkImage},
}

// checkImage: both forms have one role, log, size and settings, and the machine
// calls the one that was chosen.
func checkImage(d *deployed) (broken []string) {
	const zip, image = "TrainerFunction", "TrainerImageFunction"
	for _, name := range []string{"MemorySize", "Timeout", "EphemeralStorage", "ReservedConcurrentExecutions"} {
		if got, want := d.property(image, name), d.property(zip, name); fmt.Sprint(got) != fmt.Sprint(want) {
			broken = append(broken, fmt.Sprintf("%s is %v, and %v in the zip", name, got, want))
		}
	}
	settings := mapping(d.globals, "Environment", "Variables")
	for name := range mapping(d.property(image, "Environment", "Variables")) {
		if got, want := text(d.property(image, "Environment", "Variables", name)), text(settings, name); got != want {
			broken = append(broken, fmt.Sprintf("%s is %q, and %q in the zip", name, got, want))
		}
	}
	for _, name := range []string{"GODWIT_STAGE", "GODWIT_TABLE", "GODWIT_UPLOADS_BUCKET", "GODWIT_MODELS_BUCKET"} {
		if d.property(image, "Environment", "Variables", name) == nil {
			broken = append(broken, "it has no "+name)
		}
	}
	if got := texts(d.property(image, "PackageType")); len(got) != 2 || got[0] != "Image" || got[1] != "Image" {
		broken = append(broken, fmt.Sprintf("it is packed as %q", got))
	}
	for path, want := range map[string]string{"Role": "${TrainerFunctionRole.Arn}", "Code.ImageUri": "${TrainerImageUri}", "LoggingConfig.LogGroup": "${TrainerLog}"} {
		if got := text(d.property(image, strings.Split(path, ".")...)); got != want {
			broken = append(broken, fmt.Sprintf("%s is %q, want %q", path, got, want))
		}
	}
	if !slices.Equal(texts(d.property(image, "Architectures")), []string{"${Architecture}"}) || text(d.resources[image], "Condition") != "HasTrainerImage" {
		broken = append(broken, "its architecture or condition is another")
	}
	called := d.property("TrainingStateMachine", "DefinitionSubstitutions", "TrainerFunctionArn")
	if yes, no := given(called, "HasTrainerImage"); yes != "${"+image+".Arn}" || no != "${"+zip+".Arn}" {
		broken = append(broken, fmt.Sprintf("the machine calls %v", called))
	}
	slices.Sort(broken)
	return broken
}
