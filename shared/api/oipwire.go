package api

import "encoding/json"

// The wire types of the Open Inference Protocol; see package oip for where it
// is specified. A request may hold more fields and parameters: they are ignored.

// ServerMetadata says which server this is.
type ServerMetadata struct {
	Name       string   `json:"name" doc:"of the server" example:"godwit"`
	Version    string   `json:"version" doc:"which build answers" example:"v0.1.0"`
	Extensions []string `json:"extensions" doc:"of the protocol, that the server has" example:"binary_tensor_data"`
}

// ServerHealth says that the server lives, or is ready.
type ServerHealth struct {
	Live bool `json:"live" doc:"always true: who is not, does not answer" example:"true"`
}

// ModelReady says that a model can answer.
type ModelReady struct {
	Name  string `json:"name" doc:"the model's name" example:"intents"`
	Ready bool   `json:"ready" doc:"always true: a model that is not answers with an error" example:"true"`
}

// ModelMetadata says what a model takes and answers.
type ModelMetadata struct {
	Name     string           `json:"name" doc:"the model's name" example:"intents"`
	Versions []string         `json:"versions" doc:"that may be asked for, at most the 200 newest, oldest first" example:"7"`
	Platform string           `json:"platform" doc:"godwit_ and how the version was trained; onnxruntime_onnx of a graph that runs there" example:"godwit_linear_svm"`
	Inputs   []TensorMetadata `json:"inputs" doc:"a model of texts takes the input text; one of images the input image, a PNG or JPEG file each, as it is or in base64, or its numbers from 0 to 255 in a tensor [N,H,W] or [N,H,W,C] of 1 or 3 channels; one of tables an input for each column, absent ones count as missing, as BYTES or any type of numbers, or BOOL, where it can be read as what the column is: FP64 are numbers; an imported graph its own inputs, or the columns that its signature names"`
	Outputs  []TensorMetadata `json:"outputs" doc:"label, score and probabilities; a regression has value; an imported graph its own outputs before them"`
}

// TensorMetadata describes a tensor.
type TensorMetadata struct {
	Name     string `json:"name" doc:"of the tensor" example:"text"`
	Datatype string `json:"datatype" doc:"of its elements" example:"BYTES"`
	Shape    []int  `json:"shape" doc:"-1 first is one for each row; the columns of probabilities are in the order of the version's labels" example:"-1"`
}

// InferRequest asks for predictions.
type InferRequest struct {
	ID         string           `json:"id,omitempty" doc:"is given back" example:"42"`
	Parameters *InferParameters `json:"parameters,omitempty" doc:"others are ignored"`
	Inputs     []InferInput     `json:"inputs" doc:"one tensor for each column, all with the same rows, at most 128"`
	Outputs    []InferOutput    `json:"outputs,omitempty" doc:"which outputs to answer with; absent: all"`
}

// InferParameters are those of a request that count.
type InferParameters struct {
	BinaryDataOutput bool `json:"binary_data_output,omitempty" doc:"answer with bytes behind the JSON, where an output does not say otherwise" example:"false"`
}

// InferInput is one input tensor.
type InferInput struct {
	Name       string          `json:"name" doc:"of the input" example:"text"`
	Shape      []int           `json:"shape" doc:"[N] or [N,1]; of numbers also with more dimensions, where the model takes them" example:"1"`
	Datatype   string          `json:"datatype" doc:"of its elements" enum:"BYTES,BOOL,INT8,INT16,INT32,INT64,UINT8,UINT16,UINT32,UINT64,FP16,BF16,FP32,FP64"`
	Parameters *InputForm      `json:"parameters,omitempty" doc:"others are ignored"`
	Data       json.RawMessage `json:"data,omitempty" doc:"the elements, flat or nested; null is a missing value. Absent where they follow as bytes"`
}

// InputForm says that a tensor follows as bytes.
type InputForm struct {
	BinaryDataSize int `json:"binary_data_size,omitempty" doc:"how many bytes of the body behind the JSON are this tensor's; then the header Inference-Header-Content-Length says where they begin"`
}

// InferOutput asks for one output.
type InferOutput struct {
	Name       string      `json:"name" doc:"of the output, such as label" example:"label"`
	Parameters *OutputForm `json:"parameters,omitempty" doc:"others are ignored"`
}

// OutputForm says how an output is wanted.
type OutputForm struct {
	BinaryData bool `json:"binary_data,omitempty" doc:"as bytes behind the JSON" example:"false"`
}

// InferResponse is the answer.
type InferResponse struct {
	ModelName    string            `json:"model_name" doc:"the model's name" example:"intents"`
	ModelVersion string            `json:"model_version" doc:"the version that answered" example:"7"`
	ID           string            `json:"id,omitempty" doc:"the request's, where it had one" example:"42"`
	Parameters   map[string]string `json:"parameters" doc:"prediction_id for feedback, the digest of the artifact, the variant, and stale where an older version may have answered"`
	Outputs      []InferTensor     `json:"outputs" doc:"in the order asked for"`
}

// InferTensor is one output tensor.
type InferTensor struct {
	Name       string          `json:"name" doc:"of the output" example:"label"`
	Datatype   string          `json:"datatype" doc:"of its elements" enum:"BYTES,FP32,FP64,INT64,BOOL"`
	Shape      []int           `json:"shape" doc:"rows first" example:"1"`
	Parameters *InputForm      `json:"parameters,omitempty" doc:"where the elements follow as bytes"`
	Data       json.RawMessage `json:"data,omitempty" doc:"the elements, flat"`
}
