package api

import (
	"slices"
	"strconv"
	"strings"

	"godwit/shared/access"
	"godwit/shared/fault"
	"godwit/shared/ml/pipeline"
	"godwit/shared/oip"
	"godwit/shared/registry"
	"godwit/shared/serving"
)

// oipRoutes are the plane of the Open Inference Protocol. Its health routes
// need a key like every other: only /healthz does not.
func oipRoutes() []Route {
	const model, version = "/v2/models/{name}", "/v2/models/{name}/versions/{version}"
	get := func(pattern, summary string, response any, serve func(*exchange) error) Route {
		return Route{Method: "GET", Pattern: pattern, Function: PredictFunction, Scope: access.Read, Aliased: true, Summary: summary,
			Noun: "model, version or alias", Response: response, Status: 200, serve: serve}
	}
	infers := func(pattern, summary string) Route {
		return Route{Method: "POST", Pattern: pattern, Function: PredictFunction, Scope: access.Predict, Aliased: true, Summary: summary,
			Noun: "model, version or alias", Request: InferRequest{}, Response: InferResponse{}, Status: 200,
			Takes: asBytes, Gives: asBytes, serve: infer}
	}
	return []Route{
		get("/v2", "Which server this is and which extensions of the Open Inference Protocol it has", ServerMetadata{}, serverMetadata),
		get("/v2/health/live", "Whether the service answers", ServerHealth{}, serverHealth),
		get("/v2/health/ready", "Whether the service takes requests; models are loaded when they are asked", ServerHealth{}, serverHealth),
		get(model, "What a model takes and answers", ModelMetadata{}, modelMetadata),
		get(version, "What a version takes and answers", ModelMetadata{}, modelMetadata),
		get(model+"/ready", "Whether a model can answer; it is loaded for that", ModelReady{}, modelReady),
		get(version+"/ready", "Whether a version can answer; it is loaded for that", ModelReady{}, modelReady),
		infers(model+"/infer", "Predict by tensors, with the version that serves or with name@alias"),
		infers(version+"/infer", "Predict by tensors, with one version"),
	}
}

// serverMetadata answers what clients ask first.
func serverMetadata(x *exchange) error {
	return x.json(200, ServerMetadata{Name: "godwit", Version: x.Build, Extensions: []string{oip.BinaryExtension}})
}

// serverHealth says that the function runs; like health it asks no dependency.
func serverHealth(x *exchange) error { return x.json(200, ServerHealth{Live: true}) }

// modelReady loads the model.
func modelReady(x *exchange) error {
	if err := x.single(); err != nil {
		return err
	}
	d, err := x.Serving.Describe(x.r.Context(), x.tenant(), x.ref)
	if err != nil {
		return err
	}
	return x.json(200, ModelReady{Name: string(d.Version.Model), Ready: true})
}

// single is pinned for routes whose model may be name@alias: an alias and a
// version together name nothing.
func (x *exchange) single() error {
	if x.ref.Alias != "" && x.r.PathValue("version") != "" {
		return fault.New(fault.NotFound, "")
	}
	return x.pinned()
}

// The names of the tensors.
const (
	textInput         = "text"
	labelOutput       = "label"
	scoreOutput       = "score"
	probabilityOutput = "probabilities"
	valueOutput       = "value"
)

// modelMetadata describes the version and lists its siblings.
func modelMetadata(x *exchange) error {
	if err := x.single(); err != nil {
		return err
	}
	ctx := x.r.Context()
	d, err := x.Serving.Describe(ctx, x.tenant(), x.ref)
	if err != nil {
		return err
	}
	// Newest first and one page: a model of thousands of versions is described as fast.
	page, err := x.Registry.Versions(ctx, x.tenant(), x.ref.Model, registry.PageRequest{Limit: maxLimit})
	if err != nil {
		return err
	}
	out := ModelMetadata{Name: string(x.ref.Model), Platform: platformOf(d), Versions: []string{}}
	for _, v := range slices.Backward(page.Items) {
		out.Versions = append(out.Versions, strconv.Itoa(v.Number))
	}
	add := func(to *[]TensorMetadata, name string, t oip.Datatype, shape ...int) {
		*to = append(*to, TensorMetadata{Name: name, Datatype: string(t), Shape: shape})
	}
	for i, name := range d.Columns {
		add(&out.Inputs, name, datatypeOf(d, i), -1)
	}
	if d.Columns == nil {
		add(&out.Inputs, textInput, oip.Bytes, -1)
	}
	if d.Labels == nil {
		add(&out.Outputs, valueOutput, oip.FP64, -1)
	} else {
		add(&out.Outputs, labelOutput, oip.Bytes, -1)
		add(&out.Outputs, scoreOutput, oip.FP32, -1)
		add(&out.Outputs, probabilityOutput, oip.FP32, -1, len(d.Labels))
	}
	if d.Inputs != nil {
		out.Inputs = graphMetadata(d.Inputs, false)
		own := graphMetadata(d.Outputs, true)
		for _, t := range out.Outputs {
			if !slices.ContainsFunc(own, func(g TensorMetadata) bool { return g.Name == t.Name }) {
				own = append(own, t)
			}
		}
		out.Outputs = own
	}
	return x.json(200, out)
}

// datatypeOf is the datatype of a column: FP64 of numbers, else BYTES. Others
// are taken too, where what they hold can be read.
func datatypeOf(d serving.Description, column int) oip.Datatype {
	if d.Types != nil && d.Types[column] == pipeline.NumberColumn {
		return oip.FP64
	}
	return oip.Bytes
}

// platformOf names what answers, in the protocol's words for graphs that ONNX
// Runtime runs.
func platformOf(d serving.Description) string {
	if d.Version.Runtime != "" {
		return d.Version.Runtime + "_onnx"
	}
	return "godwit_" + strings.ReplaceAll(d.Algorithm, "-", "_")
}
