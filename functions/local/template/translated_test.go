package template_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// translatedRules hold what the SAM transform makes of the template: roles,
// permissions and the roll-out appear only there.
var translatedRules = []rule{
	{"only the policies of AWS that SAM attaches", func(d *deployed) (broken []string) {
		for _, id := range d.of("AWS::IAM::Role") {
			for _, arn := range texts(d.property(id, "ManagedPolicyArns")) {
				if !slices.Contains(attached[id == "CodeDeployServiceRole"], arn[strings.LastIndex(arn, "/")+1:]) {
					broken = append(broken, id+" has "+arn)
				}
			}
		}
		return broken
	}},
	{"roles name actions and resources", func(d *deployed) (broken []string) {
		for _, id := range d.of("AWS::IAM::Role") {
			for _, policy := range list(d.property(id, "Policies")) {
				for _, s := range cases(at(policy, "PolicyDocument", "Statement")) {
					for _, action := range texts(s, "Action") {
						if !exactAction.MatchString(action) {
							broken = append(broken, id+" allows "+action)
						}
					}
					for _, resource := range texts(s, "Resource") {
						if !exactResource.MatchString(resource) {
							broken = append(broken, id+" reaches "+resource)
						}
					}
				}
			}
		}
		return broken
	}},
	{"every function and machine has the role that is named after it", func(d *deployed) (broken []string) {
		for kind, property := range map[string]string{"AWS::Lambda::Function": "Role", "AWS::StepFunctions::StateMachine": "RoleArn"} {
			for _, id := range d.of(kind) {
				want := "${" + strings.Replace(id, "TrainerImage", "Trainer", 1) + "Role.Arn}"
				if got := text(d.property(id, property)); got != want {
					broken = append(broken, id+" has "+got)
				}
			}
		}
		slices.Sort(broken)
		return broken
	}},
	{"functions are called by the gateway and by rules, each from one place", func(d *deployed) (broken []string) {
		for _, id := range d.of("AWS::Lambda::Permission") {
			caller := text(d.property(id, "Principal"))
			if caller != "apigateway.amazonaws.com" && caller != "events.amazonaws.com" || d.property(id, "SourceArn") == nil {
				broken = append(broken, fmt.Sprintf("%s: %v", id, d.resources[id]))
			}
		}
		return broken
	}},
	{"every path but the public ones asks the authorizer", func(d *deployed) (broken []string) {
		paths := mapping(d.property("HttpApi", "Body"), "paths")
		for _, path := range slices.Sorted(maps.Keys(paths)) {
			for method := range mapping(paths, path) {
				for _, by := range list(paths, path, method, "security") {
					if closed := at(by, "KeyAuthorizer") != nil; closed == slices.Contains(public, strings.ToUpper(method)+" "+path) {
						broken = append(broken, fmt.Sprintf("%s %s: %v", method, path, by))
					}
				}
				if len(list(paths, path, method, "security")) == 0 {
					broken = append(broken, method+" "+path+" is open")
				}
			}
		}
		return broken
	}},
	{"requests reach the version that is live", func(d *deployed) (broken []string) {
		if uri := text(d.property("HttpApi", "Body"), "paths", "/v1/models/{name}/predict", "post", "x-amazon-apigateway-integration", "uri"); !strings.Contains(uri, "${PredictFunctionAliaslive}") {
			broken = append(broken, "predict is called as "+uri)
		}
		group := d.property("PredictFunctionDeploymentGroup", "AutoRollbackConfiguration")
		if text(group, "Enabled") != "true" || !slices.Contains(texts(group, "Events"), "DEPLOYMENT_STOP_ON_ALARM") {
			broken = append(broken, fmt.Sprintf("an alarm puts nothing back: %v", group))
		}
		version := text(d.property("PredictFunctionAliaslive", "FunctionVersion"))
		for _, dimension := range list(d.property("PredictCanaryAlarm", "Dimensions")) {
			if text(dimension, "Name") == "ExecutedVersion" && text(dimension, "Value") == version {
				return broken
			}
		}
		return append(broken, "the canary's alarm is not about "+version)
	}},
	{"nothing is made that costs by the hour", func(d *deployed) (broken []string) {
		for _, id := range slices.Sorted(maps.Keys(d.resources)) {
			kind := text(d.resources[id], "Type")
			if _, known := billed[kind]; !known && !slices.Contains(free, kind) && !slices.Contains(made, kind) {
				broken = append(broken, id+" is a "+kind)
			}
		}
		return broken
	}},
}

// attached are the policies SAM gives functions, and (true) CodeDeploy.
var attached = map[bool][]string{
	false: {"AWSLambdaBasicExecutionRole", "AWSXrayWriteOnlyAccess"},
	true:  {"AWSCodeDeployRoleForLambda"},
}

// made are the types that only the transform makes. None is billed by itself
// but the API, by request, and the machine, by transition.
var made = []string{
	"AWS::ApiGatewayV2::Api", "AWS::ApiGatewayV2::Stage", "AWS::CodeDeploy::Application", "AWS::CodeDeploy::DeploymentGroup", "AWS::Events::Rule",
	"AWS::IAM::Role", "AWS::Lambda::Alias", "AWS::Lambda::EventInvokeConfig", "AWS::Lambda::Permission", "AWS::Lambda::Version", "AWS::StepFunctions::StateMachine",
}

// translatedMutations break a translated template: in is a resource.
var translatedMutations = []mutation{
	{"only the policies of AWS that SAM attaches", "everything", "PredictFunctionRole", "AWSLambdaBasicExecutionRole", "AdministratorAccess"},
	{"roles name actions and resources", "any action", "PredictFunctionRole", `"s3:GetObject"`, `"s3:*"`},
	{"roles name actions and resources", "any object", "PredictFunctionRole", "${ModelsBucket.Arn}/artifacts/*", "*"},
	{"every function and machine has the role that is named after it", "another's", "PredictFunction", "PredictFunctionRole", "TrainerFunctionRole"},
	{"functions are called by the gateway and by rules, each from one place", "any account", "PredictFunctionPredictPermission", `"apigateway.amazonaws.com"`, `"*"`},
	{"every path but the public ones asks the authorizer", "open", "HttpApi", `"KeyAuthorizer": []`, `"NONE": []`},
	{"requests reach the version that is live", "the newest", "HttpApi", "${PredictFunctionAliaslive}", "${PredictFunction.Arn}"},
	{"requests reach the version that is live", "no way back", "PredictFunctionDeploymentGroup", "DEPLOYMENT_STOP_ON_ALARM", "DEPLOYMENT_FAILURE"},
	{"requests reach the version that is live", "another version's alarm", "PredictCanaryAlarm", `"Version"`, `"Arn"`},
	{"nothing is made that costs by the hour", "warm instances", "PredictFunctionAliaslive", "AWS::Lambda::Alias", "AWS::EC2::NatGateway"},
}

// TestTranslated holds translated templates to translatedRules, and the rules
// to their mutations. GODWIT_TRANSLATED lists the files, as .ci/run makes them
// with the SAM translator; without it there are none, for that needs Python.
func TestTranslated(t *testing.T) {
	for _, path := range strings.Fields(os.Getenv("GODWIT_TRANSLATED")) {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range translatedRules {
			t.Run(filepath.Base(path)+"/"+r.name, func(t *testing.T) {
				for _, broken := range r.check(translated(t, data)) {
					t.Error(broken)
				}
				caught := false
				for _, m := range translatedMutations {
					if m.rule != r.name {
						continue
					}
					caught = true
					if len(r.check(translated(t, m.within(t, data)))) == 0 {
						t.Errorf("%q became %q in %s, and the rule does not mind", m.old, m.new, m.in)
					}
				}
				if !caught {
					t.Error("no mutation breaks the rule")
				}
			})
		}
	}
}

// translated reads a template that the transform has been through.
func translated(t *testing.T, data []byte) *deployed {
	t.Helper()
	var top struct{ Resources map[string]any }
	decode(t, data, &top)
	return &deployed{resources: top.Resources}
}

// within returns a translated template with m in it.
func (m mutation) within(t *testing.T, data []byte) []byte {
	t.Helper()
	var top struct{ Resources map[string]json.RawMessage }
	decode(t, data, &top)
	resources := top.Resources
	broken := strings.ReplaceAll(string(resources[m.in]), m.old, m.new)
	if broken == string(resources[m.in]) {
		t.Fatalf("%s does not hold %q: %s", m.in, m.old, broken)
	}
	resources[m.in] = json.RawMessage(broken)
	data, err := json.Marshal(top)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// decode reads JSON.
func decode(t *testing.T, data []byte, to any) {
	t.Helper()
	if err := json.Unmarshal(data, to); err != nil {
		t.Fatal(err)
	}
}
