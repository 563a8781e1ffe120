package api

import (
	"encoding/json"

	"godwit/shared/access"
	"godwit/shared/fault"
)

// shimRoutes answer clients made for other services, each in that service's own
// shapes.
func shimRoutes() []Route {
	model := []Filter{{Name: "model", Doc: "the model, as name, name@alias or name/versions/7; without it the only model the key is for"}}
	return []Route{
		{Method: "POST", Pattern: "/hf/models/{name}", Function: PredictFunction, Scope: access.Predict, Aliased: true,
			Summary: "Classify texts as Hugging Face's inference API does", Noun: "model or alias",
			Request: HFRequest{}, Response: [][]Score{}, Status: 200, serve: hfClassify},
		{Method: "GET", Pattern: "/ping", Function: PredictFunction, Scope: access.Read, Summary: "Whether the service takes requests, as SageMaker asks a container", Noun: "route",
			Status: 200, serve: ping},
		{Method: "POST", Pattern: "/invocations", Function: PredictFunction, Late: true, Scope: access.Predict, Options: model,
			Summary: "Predict as a SageMaker container does", Noun: "model, version or alias",
			Request: Invocation{}, Response: Invoked{}, Or: []json.RawMessage{}, Status: 200, Takes: invocationMedia, Gives: invokedMedia, Failures: []fault.Code{fault.NotFound}, serve: invoke},
	}
}

// HFRequest asks for a text classification as huggingface_hub's InferenceClient
// and @huggingface/inference do. options and other fields are ignored.
type HFRequest struct {
	Inputs     Inputs        `json:"inputs" doc:"a text or an array of texts, at most 128"`
	Parameters *HFParameters `json:"parameters,omitempty" doc:"how to answer; newer clients send its fields beside inputs"`
}

// HFParameters say how to answer.
type HFParameters struct {
	TopK            int    `json:"top_k,omitempty" doc:"labels for each text, best first; default: all, at most 100" min:"1" example:"3"`
	FunctionToApply string `json:"function_to_apply,omitempty" doc:"softmax or absent: scores are calibrated probabilities" enum:"softmax"`
}
