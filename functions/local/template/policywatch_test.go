package template_test

import (
	"fmt"
	"slices"
	"strings"
)

// watchRules are about seeing what goes wrong, and about new versions.
var watchRules = []rule{
	{"a new version of predict takes over under its alarms", checkRollout},
	{"alarms tell the topic and end by themselves", func(d *deployed) (broken []string) {
		for _, id := range d.of("AWS::CloudWatch::Alarm") {
			for _, action := range []string{"AlarmActions", "OKActions"} {
				if !slices.Equal(texts(d.property(id, action)), []string{"${AlarmTopic}"}) {
					broken = append(broken, id+" has other "+action)
				}
			}
			if text(d.property(id, "TreatMissingData")) != "notBreaching" || text(d.property(id, "AlarmDescription")) == "" {
				broken = append(broken, fmt.Sprintf("%s = %v", id, d.resources[id]))
			}
		}
		return broken
	}},
	{"what can go wrong has an alarm", func(d *deployed) (broken []string) {
		seen := watched(d)
		for _, want := range wanted {
			if !slices.Contains(seen, want) {
				broken = append(broken, "none for "+want)
			}
		}
		return broken
	}},
	{"predict's failures are counted from what it writes", func(d *deployed) (broken []string) {
		filter := d.property("PredictFailuresFilter", "FilterPattern")
		if text(filter) != "{ $.status >= 500 }" || text(d.property("PredictFailuresFilter", "LogGroupName")) != "${PredictLog}" {
			broken = append(broken, fmt.Sprintf("the filter is %v", d.resources["PredictFailuresFilter"]))
		}
		for _, to := range list(d.property("PredictFailuresFilter", "MetricTransformations")) {
			if text(to, "MetricNamespace") != text(d.property("PredictFailuresAlarm", "Namespace")) || text(to, "MetricName") != text(d.property("PredictFailuresAlarm", "MetricName")) {
				broken = append(broken, fmt.Sprintf("the alarm is about another metric than %v", to))
			}
		}
		return broken
	}},
	{"the dashboard shows every function and machine", func(d *deployed) (broken []string) {
		body := text(d.property("Dashboard", "DashboardBody"))
		for _, id := range append(d.of("AWS::Serverless::Function"), d.of("AWS::Serverless::StateMachine")...) {
			// A reference to a function that is not there would break the stack.
			if text(d.resources[id], "Condition") == "" && !strings.Contains(body, `"${`+id+`}"`) {
				broken = append(broken, id+" is not on it")
			}
		}
		return broken
	}},
	{"the key of one's own encrypts all that is kept", checkKey},
	{"the key of one's own is used through the stores", func(d *deployed) (broken []string) {
		users := map[string]bool{}
		for _, s := range d.statements() {
			with := slices.Contains(s.resources, "${KmsKeyArn}")
			users[s.owner] = users[s.owner] || with
			if with && !slices.Equal(texts(s.conditions, "StringLike", "kms:ViaService"), []string{"dynamodb.*", "s3.*", "sqs.*"}) {
				broken = append(broken, s.name+" uses it for anything")
			}
		}
		// The training machine calls functions and touches no store.
		for _, id := range append(d.of("AWS::Serverless::Function"), "BatchStateMachine") {
			if !users[id] {
				broken = append(broken, id+" may not use it")
			}
		}
		return broken
	}},
	{"X-Ray and reserved concurrency are for the parameters to say", func(d *deployed) (broken []string) {
		if text(d.globals, "Tracing") != "${Tracing}" {
			broken = append(broken, "functions are traced by "+text(d.globals, "Tracing"))
		}
		for id, kind := range map[string]string{"PredictFunction": "Predict", "TrainerFunction": "Trainer", "TrainerImageFunction": "Trainer", "BatchFunction": "Batch"} {
			if yes, no := given(d.property(id, "ReservedConcurrentExecutions"), "Limits"+kind); yes != "${"+kind+"Concurrency}" || no != "" {
				broken = append(broken, id+" reserves something else")
			}
		}
		slices.Sort(broken)
		return broken
	}},
}

// wanted are the metrics that must have an alarm, as watched tells them.
var wanted = []string{
	"Errors Sum of ${PredictFunction}:live", "Errors Sum of ${PredictFunction.Version.Version}", "Duration p99 of ${PredictFunction}:live",
	"Errors Sum of ${RegistryFunction}", "Errors Sum of ${TrainTriggerFunction}", "Errors Sum of ${AuthorizerFunction}",
	"Throttles Sum of ${PredictFunction}", "Throttles Sum of ${RegistryFunction}", "Throttles Sum of ${TrainTriggerFunction}",
	"Throttles Sum of ${AuthorizerFunction}", "Throttles Sum of ${TrainerFunction}", "Throttles Sum of ${BatchFunction}",
	"AsyncEventAge Maximum of ${TrainTriggerFunction}", "ApproximateNumberOfMessagesVisible Maximum of ${DeadLetters.QueueName}",
	"ExecutionsFailed Sum of ${TrainingStateMachine}", "ExecutionsFailed Sum of ${BatchStateMachine}",
	"ExecutionsTimedOut Sum of ${TrainingStateMachine}", "ExecutionsTimedOut Sum of ${BatchStateMachine}",
	"ReadThrottleEvents Sum of ${Table}", "WriteThrottleEvents Sum of ${Table}", "ReadThrottleEvents Sum of gsi1", "WriteThrottleEvents Sum of gsi1",
	"Errors Sum of ${OnnxRuntimeFunction}", "Throttles Sum of ${OnnxRuntimeFunction}",
	"5xx Sum of ${HttpApi}", "PredictFailures Sum of ",
}

// watched returns what the alarms look at: the metric, its statistic, and what
// it is of, which is its last dimension.
func watched(d *deployed) (all []string) {
	tell := func(name, statistic string, dimensions []any) {
		of := ""
		for _, dimension := range dimensions {
			of = text(dimension, "Value")
		}
		all = append(all, name+" "+statistic+" of "+of)
	}
	for _, id := range d.of("AWS::CloudWatch::Alarm") {
		statistic := text(d.property(id, "Statistic")) + text(d.property(id, "ExtendedStatistic"))
		tell(text(d.property(id, "MetricName")), statistic, list(d.property(id, "Dimensions")))
		for _, m := range list(d.property(id, "Metrics")) {
			tell(text(m, "MetricStat", "Metric", "MetricName"), text(m, "MetricStat", "Stat"), list(m, "MetricStat", "Metric", "Dimensions"))
		}
	}
	return all
}

// checkRollout: the alias takes a new version in steps in production, and every
// alarm about predict can put the old one back.
func checkRollout(d *deployed) (broken []string) {
	predict := d.resources["PredictFunction"]
	if text(predict, "Properties", "AutoPublishAlias") != "live" || text(predict, "Properties", "AutoPublishAliasAllProperties") != "true" {
		broken = append(broken, "predict has no alias that moves with every change")
	}
	if yes, no := given(at(predict, "Properties", "DeploymentPreference", "Type"), "IsGradual"); yes != "${Rollout}" || no != "AllAtOnce" {
		broken = append(broken, fmt.Sprintf("it takes over by %q, or %q", yes, no))
	}
	if parts := list(d.conditions["IsGradual"], "Fn::And"); len(parts) != 2 || text(at(parts[0], "Fn::Condition")) != "IsProd" || len(list(parts[1], "Fn::Not")) != 1 {
		broken = append(broken, fmt.Sprintf("IsGradual = %v", d.conditions["IsGradual"]))
	}
	alarms := texts(predict, "Properties", "DeploymentPreference", "Alarms")
	for _, id := range d.of("AWS::CloudWatch::Alarm") {
		if strings.HasPrefix(id, "Predict") && !slices.Contains(alarms, "${"+id+"}") {
			broken = append(broken, id+" stops no roll-out")
		}
	}
	return broken
}

// checkKey: with a key everything that is kept is encrypted with it.
func checkKey(d *deployed) (broken []string) {
	path := map[string][]string{
		"AWS::DynamoDB::Table": {"SSESpecification", "KMSMasterKeyId"}, "AWS::SQS::Queue": {"KmsMasterKeyId"},
		"AWS::Logs::LogGroup": {"KmsKeyId"}, "AWS::SNS::Topic": {"KmsMasterKeyId"},
	}
	for _, kind := range []string{"AWS::DynamoDB::Table", "AWS::SQS::Queue", "AWS::Logs::LogGroup", "AWS::SNS::Topic", "AWS::S3::Bucket"} {
		for _, id := range d.of(kind) {
			by := d.property(id, path[kind]...)
			if kind == "AWS::S3::Bucket" {
				for _, rule := range list(d.property(id, "BucketEncryption", "ServerSideEncryptionConfiguration")) {
					by = at(rule, "ServerSideEncryptionByDefault", "KMSMasterKeyID")
				}
			}
			if yes, no := given(by, "HasKey"); yes != "${KmsKeyArn}" || no != "" {
				broken = append(broken, fmt.Sprintf("%s is encrypted by %v", id, by))
			}
		}
	}
	return broken
}
