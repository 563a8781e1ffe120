// Package floors holds the plan of the house: which room stands on which
// floor, and what a room may import.
//
// A room imports rooms of lower floors only, never of its own or a higher one.
// A room's helpers (a folder below it, such as shared/registry/memory) stand
// with it and may import it. The learning library shared/ml imports nothing of
// the service, and the AWS SDK appears on the doors and above. The test of this
// package reads every file and fails on anything else; a room that is not in
// the plan fails too, so that each new one is placed with thought.
package floors

import "strings"

// plan lists the floors from the top down; the rooms of one floor do not know each other.
var plan = [][]string{
	{"functions/authorizer", "functions/batch", "functions/model-registry", "functions/onnxruntime", "functions/predict", "functions/train-trigger", "functions/trainer"},
	{"shared/boot"},
	{"shared/api", "shared/console", "shared/lambdahttp", "shared/trigger"},
	{"shared/access", "shared/dynamo", "shared/lambdacall", "shared/oip", "shared/s3blob", "shared/settings", "shared/stepfn", "shared/telemetry"},
	{"shared/batch", "shared/report"},
	{"shared/monitor", "shared/serving", "shared/training"},
	{"shared/jobs", "shared/usage"},
	{"shared/registry", "shared/remote"},
	{"shared/blob", "shared/strictjson"},
	{"shared/ml/open"},
	{"shared/ml/foreign"},
	{"shared/ml/doctor", "shared/ml/export", "shared/ml/onnxruntime"},
	{"shared/ml/network"},
	{"shared/ml/pipeline"},
	{"shared/ml/calibrate", "shared/ml/linear", "shared/ml/neural", "shared/ml/tabular", "shared/ml/tune"},
	{"shared/ml/image"},
	{"shared/ml/dataset", "shared/ml/onnx", "shared/ml/text"},
	{"shared/ml/neural/gemm", "shared/ml/neural/vector"},
	{"shared/ml", "shared/ml/artifact", "shared/ml/metric", "shared/ml/neural/simd", "shared/ml/sparse", "shared/fault"},
}

// testOnly are rooms that only tests import; they may import anything.
var testOnly = []string{"shared/apitest", "shared/apitest/suite", "shared/bench", "shared/doctor", "shared/floors", "shared/plan", "shared/soak", "shared/stagetest", "shared/registry/registrytest", "shared/remote/remotetest", "shared/blob/blobtest", "shared/world"}

// libraries says which modules outside the standard library a room and those
// below it in the tree may import, by the longest prefix that fits.
var libraries = map[string][]string{
	"functions":             {"github.com/aws/aws-lambda-go"},
	"shared":                {},
	"shared/access":         {"github.com/aws/aws-lambda-go/events"},
	"shared/api":            {"github.com/aws/aws-lambda-go/lambdacontext"},
	"shared/boot":           {"github.com/aws/aws-sdk-go-v2", "github.com/aws/aws-lambda-go"},
	"shared/dynamo":         {"github.com/aws/aws-sdk-go-v2", "github.com/aws/smithy-go"},
	"shared/lambdacall":     {"github.com/aws/aws-sdk-go-v2"},
	"shared/lambdahttp":     {"github.com/aws/aws-lambda-go"},
	"shared/ml/dataset":     {"golang.org/x/text"},
	"shared/ml/image":       {"golang.org/x/text"},
	"shared/ml/onnx":        {"google.golang.org/protobuf/encoding/protowire"},
	"shared/ml/onnxruntime": {"github.com/ebitengine/purego"},
	"shared/ml/text":        {"golang.org/x/text"},
	"shared/s3blob":         {"github.com/aws/aws-sdk-go-v2", "github.com/aws/smithy-go"},
	"shared/stepfn":         {"github.com/aws/aws-sdk-go-v2", "github.com/aws/smithy-go"},
	"shared/telemetry":      {"github.com/aws/aws-lambda-go/lambdacontext"},
}

// floorOf returns the number of a room's floor, 0 at the top, and the room it
// belongs to; ok is false for a room that is not in the plan.
func floorOf(pkg string) (floor int, room string, ok bool) {
	for i, rooms := range plan {
		for _, r := range rooms {
			if (pkg == r || strings.HasPrefix(pkg, r+"/")) && len(r) > len(room) {
				floor, room, ok = i, r, true
			}
		}
	}
	return floor, room, ok
}

// mayImport reports whether pkg may import another room.
func mayImport(pkg, other string) bool {
	from, room, ok := floorOf(pkg)
	to, otherRoom, known := floorOf(other)
	if !ok || !known {
		return false
	}
	if room == otherRoom {
		return true
	}
	if strings.HasPrefix(room, "shared/ml") && !strings.HasPrefix(otherRoom, "shared/ml") {
		return false
	}
	return to > from
}

// mayUse reports whether pkg may import the module path lib.
func mayUse(pkg, lib string) bool {
	best := ""
	for prefix := range libraries {
		if (pkg == prefix || strings.HasPrefix(pkg, prefix+"/")) && len(prefix) > len(best) {
			best = prefix
		}
	}
	for _, l := range libraries[best] {
		if lib == l || strings.HasPrefix(lib, l+"/") {
			return true
		}
	}
	return false
}
