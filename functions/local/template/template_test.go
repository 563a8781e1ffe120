package template_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"godwit/functions/local/template"
)

// options for the repository's own template.
func options() template.Options {
	return template.Options{
		Physical: map[string]string{"UploadsBucket": "godwit-uploads", "ModelsBucket": "godwit-models", "Table": "godwit"},
		Handlers: map[string]string{
			"AuthorizerFunction": "authorizer", "PredictFunction": "predict", "RegistryFunction": "model-registry",
			"TrainTriggerFunction": "train-trigger", "TrainerFunction": "trainer", "BatchFunction": "batch",
		},
		Parameters: map[string]string{
			"S3EndpointUrl": "http://127.0.0.1:9000", "DynamoDbEndpointUrl": "http://127.0.0.1:8000", "SfnEndpointUrl": "http://127.0.0.1:8083",
		},
	}
}

// The repository's template is the one the stage runs.
func TestLoad_Repository(t *testing.T) {
	stack, err := template.Load("../../../template.yaml", options())
	if err != nil {
		t.Fatal(err)
	}
	function := func(id string) template.Function {
		t.Helper()
		i := slices.IndexFunc(stack.Functions, func(f template.Function) bool { return f.LogicalID == id })
		if i < 0 {
			t.Fatalf("no function %s", id)
		}
		return stack.Functions[i]
	}
	trainer := function("TrainerFunction")
	if trainer.Handler != "trainer" || trainer.Timeout != 900*time.Second || trainer.MemoryMB < 1024 {
		t.Errorf("trainer = %+v", trainer)
	}
	trigger := function("TrainTriggerFunction")
	wantEnv := map[string]string{
		"GODWIT_TABLE": "godwit", "GODWIT_UPLOADS_BUCKET": "godwit-uploads", "GODWIT_MODELS_BUCKET": "godwit-models",
		"AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9000", "GODWIT_STAGE": "dev",
		"GODWIT_STATE_MACHINE_ARN": "arn:aws:states:us-east-1:000000000000:stateMachine:godwit-training",
	}
	for name, want := range wantEnv {
		if got := trigger.Environment[name]; got != want {
			t.Errorf("train-trigger's %s = %q, want %q", name, got, want)
		}
	}
	if trigger.Retries != 2 || trigger.MaxEventAge != 6*time.Hour || trigger.OnFailure == "" || trigger.LogFormat != "JSON" || trigger.LogLevel != "INFO" {
		t.Errorf("train-trigger = %+v", trigger)
	}
	if _, leaked := trainer.Environment["GODWIT_STATE_MACHINE_ARN"]; leaked {
		t.Error("one function's variable is in another's environment")
	}
	checkDoors(t, stack)
	checkState(t, stack, trainer.ARN)
}

// checkDoors checks the routes, the authorizer and the rules.
func checkDoors(t *testing.T, stack *template.Stack) {
	t.Helper()
	want := []template.Authorizer{{Name: "KeyAuthorizer", Function: "AuthorizerFunction", Header: "Authorization", TTL: time.Minute}}
	if !slices.Equal(stack.Authorizers, want) {
		t.Errorf("authorizers = %+v, want %+v", stack.Authorizers, want)
	}
	routes := map[string]template.Route{}
	for _, r := range stack.Routes {
		routes[r.Method+" "+r.Path] = r
	}
	tests := []struct{ key, function, authorizer string }{
		{"POST /v1/models/{name}/predict", "PredictFunction", "KeyAuthorizer"},
		{"POST /v1/training-jobs", "TrainTriggerFunction", "KeyAuthorizer"},
		{"GET /v2", "PredictFunction", "KeyAuthorizer"},
		{"ANY /v2/{proxy+}", "PredictFunction", "KeyAuthorizer"},
		{"ANY /hf/{proxy+}", "PredictFunction", "KeyAuthorizer"},
		{"GET /ping", "PredictFunction", "KeyAuthorizer"},
		{"POST /invocations", "PredictFunction", "KeyAuthorizer"},
		{"ANY /{proxy+}", "RegistryFunction", "KeyAuthorizer"},
		{"GET /healthz", "RegistryFunction", ""},
		{"GET /console", "RegistryFunction", ""},
		{"GET /console/{proxy+}", "RegistryFunction", ""},
	}
	for _, tc := range tests {
		if r := routes[tc.key]; r.Function != tc.function || r.Authorizer != tc.authorizer || r.Timeout != 30*time.Second {
			t.Errorf("route %s = %+v, want %s with authorizer %q", tc.key, r, tc.function, tc.authorizer)
		}
	}
	events := []struct{ name, event, wantRule string }{
		{"an upload", `{"source":"aws.s3","detail-type":"Object Created","detail":{"bucket":{"name":"godwit-uploads"},"object":{"key":"inbox/t/m/a.csv","size":3}}}`, "TrainTriggerFunctionUploaded"},
		{"another bucket", `{"source":"aws.s3","detail-type":"Object Created","detail":{"bucket":{"name":"godwit-models"},"object":{"key":"inbox/t/m/a.csv"}}}`, ""},
		{"another folder", `{"source":"aws.s3","detail-type":"Object Created","detail":{"bucket":{"name":"godwit-uploads"},"object":{"key":"work/inbox/"}}}`, ""},
		{"an execution that failed", `{"source":"aws.states","detail-type":"Step Functions Execution Status Change","detail":{"status":"FAILED","stateMachineArn":"arn:aws:states:us-east-1:000000000000:stateMachine:godwit-training"}}`, "TrainTriggerFunctionDied"},
		{"an execution that succeeded", `{"source":"aws.states","detail-type":"Step Functions Execution Status Change","detail":{"status":"SUCCEEDED","stateMachineArn":"arn:aws:states:us-east-1:000000000000:stateMachine:godwit-training"}}`, ""},
	}
	for _, tc := range events {
		got := ""
		for _, rule := range stack.Rules {
			if rule.Pattern.Match([]byte(tc.event)) {
				got += rule.Name
			}
			if rule.Function != "TrainTriggerFunction" || rule.DeadLetter == "" || rule.Retries == 0 {
				t.Errorf("rule %s = %+v", rule.Name, rule)
			}
		}
		if got != tc.wantRule {
			t.Errorf("rules for %s = %q, want %q", tc.name, got, tc.wantRule)
		}
	}
}

// checkState checks the state machine, the buckets and the table.
func checkState(t *testing.T, stack *template.Stack, trainer string) {
	t.Helper()
	if len(stack.Machines) != 2 {
		t.Fatalf("machines = %+v, want training and batch", stack.Machines)
	}
	if b := stack.Machines[1]; b.Name != "godwit-batch" || b.Substitutions["ModelsBucketName"] != "godwit-models" {
		t.Errorf("machine = %+v, want that of batch jobs", b)
	}
	m := stack.Machines[0]
	if m.ARN != "arn:aws:states:us-east-1:000000000000:stateMachine:godwit-training" || m.Substitutions["TrainerFunctionArn"] != trainer {
		t.Errorf("machine = %+v, want the trainer's ARN %s as substitution", m, trainer)
	}
	if _, err := os.Stat(m.Definition); err != nil {
		t.Errorf("definition: %v", err)
	}
	wantBuckets := []template.Bucket{
		{LogicalID: "UploadsBucket", Name: "godwit-uploads", Versioned: true, EventBridge: true},
		{LogicalID: "ModelsBucket", Name: "godwit-models", Versioned: true},
	}
	if !slices.Equal(stack.Buckets, wantBuckets) {
		t.Errorf("buckets = %+v, want %+v", stack.Buckets, wantBuckets)
	}
	s := func(name string) template.Attribute { return template.Attribute{Name: name, Type: "S"} }
	wantTable := template.Table{
		LogicalID: "Table", Name: "godwit", Hash: s("pk"), Range: s("sk"), TTLAttribute: "expires_at",
		Indexes: []template.Index{{Name: "gsi1", Hash: s("gsi1pk"), Range: s("gsi1sk"), Projection: "ALL"}},
	}
	if fmt.Sprint(stack.Tables) != fmt.Sprint([]template.Table{wantTable}) {
		t.Errorf("tables = %+v, want %+v", stack.Tables, wantTable)
	}
}

// small returns a template with one function whose variable V has the value,
// in YAML, and more text behind it.
func small(value, more string) string {
	return `Transform: AWS::Serverless-2016-10-31
Parameters:
  Stage: {Type: String, Default: dev, AllowedValues: [dev, prod], AllowedPattern: '[a-z]+'}
  Rate: {Type: Number, Default: 5, MinValue: -1, MaxValue: 7.5}
Conditions:
  IsProd: !Equals [!Ref Stage, prod]
  IsDev: {'Fn::Not': [{'Fn::Equals': [{Ref: Stage}, prod]}]}
  IsBoth: !And [!Condition IsDev, {Condition: IsProd}]
  IsEither: {'Fn::Or': [{Condition: IsProd}, !Condition IsDev]}
Resources:
  Data: {Type: AWS::S3::Bucket}
  F:
    Type: AWS::Serverless::Function
    Properties:
      Environment: {Variables: {V: ` + value + `}}
` + more
}

func parse(text string, parameters map[string]string) (*template.Stack, error) {
	return template.Parse("t.yaml", []byte(text), template.Options{
		Parameters: parameters,
		Physical:   map[string]string{"Data": "data-1"},
		Handlers:   map[string]string{"F": "f"},
	})
}

func TestParse_Values(t *testing.T) {
	const absent = "-"
	tests := []struct{ name, value, want string }{
		{"a string", `plain`, "plain"},
		{"a number", `007`, "007"},
		{"a boolean", `true`, "true"},
		{"a parameter", `!Ref Stage`, "dev"},
		{"a number parameter", `{Ref: Rate}`, "5"},
		{"a pseudo parameter", `!Ref AWS::Region`, "us-east-1"},
		{"a bucket", `!Ref Data`, "data-1"},
		{"a function", `!Ref F`, "godwit-F"},
		{"an attribute", `!GetAtt Data.Arn`, "arn:aws:s3:::data-1"},
		{"an attribute in two parts", `{'Fn::GetAtt': [F, Arn]}`, "arn:aws:lambda:us-east-1:000000000000:function:godwit-F"},
		{"a substitution", `!Sub '${Stage}-${AWS::AccountId}/${Data.Arn}/${!Left}/$x'`, "dev-000000000000/arn:aws:s3:::data-1/${Left}/$x"},
		{"a substitution with names", `!Sub ['${A}/${Stage}', {A: !GetAtt F.Arn, Stage: mine}]`, "arn:aws:lambda:us-east-1:000000000000:function:godwit-F/mine"},
		{"the long form", `{'Fn::Sub': '${Data}'}`, "data-1"},
		{"a choice", `!If [IsProd, a, b]`, "b"},
		{"a choice in a choice", `!If [IsDev, {'Fn::If': [IsProd, x, !Ref Stage]}, b]`, "dev"},
		{"a choice by two conditions", `!If [IsBoth, a, b]`, "b"},
		{"a choice by one of two", `!If [IsEither, a, b]`, "a"},
		{"no value", `!If [IsProd, a, !Ref AWS::NoValue]`, absent},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			stack, err := parse(small(tc.value, ""), nil)
			if err != nil {
				t.Fatal(err)
			}
			got, ok := stack.Functions[0].Environment["V"]
			if !ok {
				got = absent
			}
			if got != tc.want {
				t.Errorf("V: %s = %q, want %q", tc.value, got, tc.want)
			}
		})
	}
}

func TestParse_Refusals(t *testing.T) {
	tests := []struct {
		name, value, more string
		parameters        map[string]string
		want              string // file:line:column: and what must be in the message
	}{
		{"an unknown function", `!Join ['', [a, b]]`, "", nil, "t.yaml:15:36: Fn::Join"},
		{"an unknown function, long", `{'Fn::Select': [0, [a]]}`, "", nil, "t.yaml:15:36: Fn::Select"},
		{"an unknown name", `!Ref Nobody`, "", nil, `t.yaml:15:36: "Nobody"`},
		{"an unknown name in a substitution", `!Sub '${Nobody.Arn}'`, "", nil, `t.yaml:15:36: "Nobody"`},
		{"an unknown attribute", `!GetAtt Data.DomainName`, "", nil, "t.yaml:15:36: the attribute DomainName of Data"},
		{"the Ref of a queue", `!Ref Q`, "  Q: {Type: AWS::SQS::Queue}\n", nil, "t.yaml:15:36: the Ref of Q (AWS::SQS::Queue)"},
		{"an unknown condition", `!If [Maybe, a, b]`, "", nil, `"Maybe" is not a condition`},
		{"a list for a value", `[a]`, "", nil, "t.yaml:15:36: expected a single value"},
		{"an unknown property", `x`, "      Layers: [a]\n", nil, "t.yaml:16:7: F: Layers"},
		{"another runtime", `x`, "      Runtime: python3.13\n", nil, "t.yaml:16:16: Runtime"},
		{"an unknown event", `x`, "      Events: {E: {Type: Schedule}}\n", nil, "t.yaml:16:16: F.E: the event type Schedule"},
		{"an implicit API", `x`, "      Events: {E: {Type: HttpApi, Properties: {Path: /a, Method: get}}}\n", nil, "t.yaml:16:47: F.E: it names no ApiId"},
		{"an operator", `x`, "      Events: {E: {Type: EventBridgeRule, Properties: {Pattern: {a: [{suffix: b}]}}}}\n", nil, "event pattern.a: the operator suffix"},
		{"a rule without a pattern", `x`, "      Events: {E: {Type: EventBridgeRule, Properties: {}}}\n", nil, "it has no Pattern"},
		{"an unknown type", `x`, "  Q: {Type: AWS::Kinesis::Stream}\n", nil, "t.yaml:16:3: Q: the type AWS::Kinesis::Stream"},
		{"an unknown section", `x`, "Mappings: {}\n", nil, "t.yaml:16:1: template: Mappings"},
		{"unknown globals", `x`, "Globals: {Api: {}}\n", nil, "t.yaml:16:11: Globals: Api"},
		{"an unknown bucket", `x`, "  B: {Type: AWS::S3::Bucket}\n", nil, "t.yaml:16:3: B needs a physical name"},
		{"a bucket with a queue", `x`, "  B: {Type: AWS::S3::Bucket, Properties: {NotificationConfiguration: {QueueConfigurations: []}}}\n", nil, "t.yaml:16:71: B.NotificationConfiguration: QueueConfigurations"},
		{"a function without a folder", `x`, "  G: {Type: AWS::Serverless::Function}\n", nil, "t.yaml:16:3: no folder is known for the function G"},
		{"a repeated key", `x`, "  F: {Type: AWS::SNS::Topic}\n", nil, "t.yaml:16:3: the key F is there twice"},
		{"an alias", `&a x`, "Description: *a\n", nil, "t.yaml:16:14: YAML aliases"},
		{"a merge key", `x`, "Outputs: {<<: {a: b}}\n", nil, "t.yaml:16:11: YAML merge keys"},
		{"a value that is not allowed", `x`, "", map[string]string{"Stage": "test"}, `t.yaml:3:3: parameter Stage: "test" is not one of its AllowedValues`},
		{"a number that is too small", `x`, "", map[string]string{"Rate": "-2"}, "t.yaml:4:3: parameter Rate: -2 is below its MinValue -1"},
		{"a number that is too large", `x`, "", map[string]string{"Rate": "8"}, "t.yaml:4:3: parameter Rate: 8 is above its MaxValue 7.5"},
		{"text for a number", `x`, "", map[string]string{"Rate": "fast"}, `t.yaml:4:3: parameter Rate: "fast" is not a number`},
		{"a function in an image", `x`, "  G: {Type: AWS::Lambda::Function, Condition: IsDev}\n", nil, "t.yaml:16:3: G: a function in a container image"},
		{"an unknown parameter", `x`, "", map[string]string{"Stages": "dev"}, "the template has no parameter Stages"},
		{"a table without keys", `x`, "  T: {Type: AWS::DynamoDB::Table}\n", nil, "t.yaml:16:3: T: it has no hash key"},
		{"a machine of the other type", `x`, "  M: {Type: AWS::Serverless::StateMachine, Properties: {Type: EXPRESS, DefinitionUri: a}}\n", nil, `t.yaml:16:63: state machine type "EXPRESS"`},
		{"an authorizer with policies", `x`, "  A: {Type: AWS::Serverless::HttpApi, Properties: {Auth: {Authorizers: {K: {FunctionArn: !GetAtt F.Arn, AuthorizerPayloadFormatVersion: '1.0', Identity: {Headers: [A]}}}}}}\n", nil, "t.yaml:16:73: K: only payload format 2.0"},
		{"an unknown default authorizer", `x`, "  A: {Type: AWS::Serverless::HttpApi, Properties: {Auth: {DefaultAuthorizer: K}}}\n", nil, `"K" is not an authorizer`},
		{"a name about itself", `x`, "  M: {Type: AWS::Serverless::StateMachine, Properties: {Name: !GetAtt M.Name, DefinitionUri: a}}\n", nil, "t.yaml:16:63: the name of M depends on itself"},
		{"cors", `x`, "  A: {Type: AWS::Serverless::HttpApi, Properties: {CorsConfiguration: true}}\n", nil, "t.yaml:16:52: A: CorsConfiguration"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			_, err := parse(small(tc.value, tc.more), tc.parameters)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Fatalf("Parse = %v, want an error with %q", err, tc.want)
			}
			if _, ok := errors.AsType[*template.Error](err); !ok {
				t.Errorf("Parse = %T, want an *Error in it", err)
			}
		})
	}
}

func TestParse_RefusesCircles(t *testing.T) {
	text := "Conditions:\n  A: !Not [!Equals [!If [B, a, b], x]]\n  B: !Equals [!If [A, a, b], x]\nResources:\n  Q: {Type: AWS::SNS::Topic, Condition: A}\n"
	if _, err := template.Parse("t.yaml", []byte(text), template.Options{}); err == nil || !strings.Contains(err.Error(), "t.yaml:3:20: the condition A depends on itself") {
		t.Errorf("Parse = %v, want the circle refused", err)
	}
}

// All mistakes are told at once.
func TestParse_RefusesTogether(t *testing.T) {
	_, err := parse(small(`!Join [a]`, "      Layers: [a]\n  Q: {Type: AWS::X::Y}\n"), nil)
	if got := strings.Count(fmt.Sprint(err), "t.yaml:"); got != 3 {
		t.Errorf("Parse = %v\nwant 3 errors, not %d", err, got)
	}
}

func TestParse_Condition(t *testing.T) {
	text := small(`x`, "  B: {Type: AWS::S3::Bucket, Condition: IsProd, Properties: {VersioningConfiguration: !If [IsProd, {Status: Enabled}, !Ref AWS::NoValue]}}\n")
	opts := template.Options{Physical: map[string]string{"Data": "d", "B": "b"}, Handlers: map[string]string{"F": "f"}}
	for stage, want := range map[string]string{
		"dev":  `[{"LogicalID":"Data","Name":"d","Versioned":false,"EventBridge":false}]`,
		"prod": `[{"LogicalID":"Data","Name":"d","Versioned":false,"EventBridge":false},{"LogicalID":"B","Name":"b","Versioned":true,"EventBridge":false}]`,
	} {
		opts.Parameters = map[string]string{"Stage": stage}
		stack, err := template.Parse("t.yaml", []byte(text), opts)
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := json.Marshal(stack.Buckets); string(got) != want {
			t.Errorf("buckets in %s = %s, want %s", stage, got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(small(`!Sub ['${A}', {A: !GetAtt F.Arn}]`, ""))
	f.Add(small(`!If [IsProd, !Ref AWS::NoValue, x]`, "  T: {Type: AWS::DynamoDB::Table, Properties: {KeySchema: [!If []]}}\n"))
	f.Add("Conditions: {A: !Not [!Equals [!If [A, a, b], x]]}\nResources: {F: {Type: AWS::Serverless::Function, Condition: A}}")
	f.Add("")
	f.Add("Resources: !Ref x")
	if data, err := os.ReadFile("../../../template.yaml"); err == nil {
		f.Add(string(data))
	}
	f.Fuzz(func(t *testing.T, text string) {
		stack, err := parse(text, nil)
		if (stack == nil) == (err == nil) {
			t.Errorf("Parse = %v, %v, want exactly one", stack, err)
		}
	})
}
