package template_test

import (
	"fmt"
	"slices"
	"strconv"
	"time"
)

// engine is the optional function, and invoked its ARN in a role.
const (
	engine  = "OnnxRuntimeFunction"
	invoked = "${OnnxRuntimeFunction.Arn}"
)

// graphRules are about the optional function that runs graphs of others.
var graphRules = []rule{
	// What it runs is somebody's file, in a large library in C++.
	{"the function with ONNX Runtime reads graphs and may nothing else", func(d *deployed) (broken []string) {
		allowed := []string{
			"s3:GetObject ${ModelsBucket.Arn}/artifacts/*", "s3:GetObject ${ModelsBucket.Arn}/work/*/graph.onnx", "s3:ListBucket ${ModelsBucket.Arn}",
			"kms:Decrypt ${KmsKeyArn}", "kms:GenerateDataKey ${KmsKeyArn}",
		}
		for _, s := range d.statements() {
			for _, action := range s.actions {
				for _, resource := range s.resources {
					if s.owner == engine && !slices.Contains(allowed, action+" "+resource) {
						broken = append(broken, fmt.Sprintf("%s allows %s on %s", s.name, action, resource))
					}
				}
			}
		}
		return broken
	}},
	{"the function with ONNX Runtime is there when it is asked for, and only then", func(d *deployed) (broken []string) {
		for _, id := range []string{engine, "OnnxRuntimeLog"} {
			if got := text(d.resources[id], "Condition"); got != "HasOnnxRuntime" {
				broken = append(broken, fmt.Sprintf("%s is there on the condition %q", id, got))
			}
		}
		if d.property(engine, "Events") != nil {
			broken = append(broken, "something else than a function calls it")
		}
		return broken
	}},
	// Otherwise a graph that is too slow for a row would be a failure to try again,
	// and not the row's error.
	{"the function with ONNX Runtime ends before predict does", func(d *deployed) (broken []string) {
		seconds, err := strconv.Atoi(text(d.property(engine, "Timeout")))
		if waits := d.function("PredictFunction").Timeout; err != nil || time.Duration(seconds)*time.Second >= waits {
			broken = append(broken, fmt.Sprintf("it may take %d s, predict %v", seconds, waits))
		}
		return broken
	}},
	{"who runs graphs elsewhere knows the function and may call it", func(d *deployed) (broken []string) {
		callers := []string{"PredictFunction", "TrainerFunction", "BatchFunction"}
		for _, s := range d.statements() {
			if slices.Contains(s.resources, invoked) && (!slices.Contains(callers, s.owner) || !slices.Equal(s.actions, []string{"lambda:InvokeFunction"})) {
				broken = append(broken, s.name+" calls it")
			}
		}
		for _, id := range callers {
			if !slices.ContainsFunc(d.statements(), func(s statement) bool { return s.owner == id && slices.Contains(s.resources, invoked) }) {
				broken = append(broken, id+" may not call it")
			}
		}
		for _, id := range append(callers, "TrainerImageFunction") {
			name := d.property(id, "Environment", "Variables", "GODWIT_ONNX_RUNTIME_FUNCTION")
			if there, absent := given(name, "HasOnnxRuntime"); there != "${"+engine+"}" || absent != "" {
				broken = append(broken, fmt.Sprintf("%s knows it as %v", id, name))
			}
		}
		return broken
	}},
}

// graphMutations break these rules.
var graphMutations = []mutation{
	{"the function with ONNX Runtime reads graphs and may nothing else", "all work", engine, "/work/*/graph.onnx", "/work/*"},
	{"the function with ONNX Runtime reads graphs and may nothing else", "a write", engine, "Action: s3:GetObject\n", "Action: [s3:GetObject, s3:PutObject]\n"},
	{"the function with ONNX Runtime is there when it is asked for, and only then", "another one", engine, "Condition: HasOnnxRuntime", "Condition: HasTrainerImage"},
	{"the function with ONNX Runtime ends before predict does", "a minute", engine, "Timeout: 25", "Timeout: 60"},
	{"who runs graphs elsewhere knows the function and may call it", "another action", "BatchFunction", "Action: lambda:InvokeFunction", "Action: lambda:UpdateFunctionCode"},
	{"who runs graphs elsewhere knows the function and may call it", "not by predict", "PredictFunction", "GODWIT_ONNX_RUNTIME_FUNCTION:", "GODWIT_ALIAS_TTL:"},
	{"who runs graphs elsewhere knows the function and may call it", "not in the image", "TrainerImageFunction", "GODWIT_ONNX_RUNTIME_FUNCTION:", "GODWIT_ALIAS_TTL:"},
}
