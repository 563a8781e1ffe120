package api

import "time"

// NewExport asks for a version in another format.
type NewExport struct {
	Format string `json:"format" doc:"onnx, or safetensors: the artifact as it is" enum:"onnx,safetensors" example:"onnx"`
}

// Export is a version as a file for other programs.
type Export struct {
	Model      string         `json:"model" doc:"the model's name" example:"intents"`
	Version    int            `json:"version" doc:"the version" example:"7"`
	Format     string         `json:"format" doc:"of the file" enum:"onnx,safetensors" example:"onnx"`
	Digest     string         `json:"digest" doc:"SHA-256 of the file: the same version has the same" example:"sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"`
	Size       int64          `json:"size" doc:"of the file, in bytes" example:"1048576"`
	Domain     string         `json:"domain,omitempty" doc:"what a graph reads: normal-text, texts that the normaliser was applied to; columns, a tensor for each column; absent: the imported graph says" example:"normal-text"`
	Opsets     []Opset        `json:"opsets,omitempty" doc:"versions of the operators a graph uses"`
	Inputs     []ExportInput  `json:"inputs,omitempty" doc:"what a graph reads, in its order"`
	Outputs    []string       `json:"outputs,omitempty" doc:"what a graph answers, in its order" example:"label"`
	Labels     []string       `json:"labels,omitempty" doc:"in the order of the scores; absent for regression" example:"card_arrival"`
	Unicode    string         `json:"unicode,omitempty" doc:"versions of the Unicode tables texts are read with" example:"15.0.0/15.0.0"`
	URL        string         `json:"url" doc:"where to download the file, without a key" example:"https://models.s3.amazonaws.com/exports/..."`
	ExpiresAt  time.Time      `json:"expires_at" doc:"until when the URLs work; ask again for new ones"`
	Normaliser *ExportedAside `json:"normaliser,omitempty" doc:"what has to be applied to texts first: a CommonJS module of one function"`
}

// Opset is the version of the operators of a domain.
type Opset struct {
	Domain  string `json:"domain" doc:"empty: ONNX's own" example:"ai.onnx.ml"`
	Version int64  `json:"version" doc:"of the domain's operators" example:"17"`
}

// ExportInput is an input of a graph.
type ExportInput struct {
	Name   string `json:"name" doc:"of the tensor" example:"text"`
	Column string `json:"column,omitempty" doc:"of the table, that it holds" example:"age"`
	Type   string `json:"type" doc:"of ONNX" example:"STRING"`
	Rule   string `json:"rule" doc:"how a value is written" example:"a number, not-a-number for an empty cell"`
}

// ExportedAside is a file that belongs to an export.
type ExportedAside struct {
	Name   string `json:"name" doc:"of the file" example:"normal.js"`
	Digest string `json:"digest" doc:"SHA-256 of the file" example:"sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"`
	URL    string `json:"url" doc:"where to download it" example:"https://models.s3.amazonaws.com/exports/..."`
}
