package api

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"godwit/shared/access"
	"godwit/shared/blob"
	"godwit/shared/ml/export"
	"godwit/shared/ml/foreign"
	"godwit/shared/ml/pipeline"
	"godwit/shared/registry"
	"godwit/shared/serving"
)

// The formats of exports.
const (
	formatONNX = "onnx"
	formatSafe = "safetensors"
)

// exportRoutes hand versions out for other programs.
func exportRoutes() []Route {
	return []Route{
		{Method: "POST", Pattern: "/v1/models/{name}/versions/{version}/exports", Function: RegistryFunction, Scope: access.Read,
			Summary: "Get a version as a file for other programs; repeating it gives the same file", Noun: "version",
			Request: NewExport{}, Response: Export{}, Status: 200, serve: exportVersion},
	}
}

// exportVersion makes the file on request. It is named after its digest and
// expires, so nothing is remembered: the same version makes the same file again,
// and writing it again only renews its life.
func exportVersion(x *exchange) error {
	v, err := x.named()
	if err != nil {
		return err
	}
	var in NewExport
	if _, err := x.read(&in); err != nil {
		return err
	}
	switch in.Format {
	case formatONNX:
		return x.exportGraph(v)
	case formatSafe:
		return x.exportArtifact(v)
	}
	return invalid("/format", "choose onnx or safetensors")
}

// exportArtifact answers with the artifact, which is safetensors already.
func (x *exchange) exportArtifact(v registry.Version) error {
	signed, err := x.Models.PresignGet(x.r.Context(), v.Artifact.Key, string(v.Model)+".safetensors", artifactLease)
	if err != nil {
		return err
	}
	return x.json(200, Export{
		Model: string(v.Model), Version: v.Number, Format: formatSafe, Digest: string(v.Artifact.Digest), Size: v.Artifact.Size,
		Labels: v.Labels, URL: signed.URL, ExpiresAt: signed.ExpiresAt.UTC(),
	})
}

// exportGraph answers with the model as a graph.
func (x *exchange) exportGraph(v registry.Version) error {
	m, err := serving.Read(x.r.Context(), x.Models, v.Artifact)
	if err != nil {
		return err
	}
	graph, info, err := graphOf(m)
	if err != nil {
		return err
	}
	out := exportOf(v, info)
	file, err := x.keepExport(v, graph, "onnx")
	if err != nil {
		return err
	}
	out.Digest, out.Size, out.URL, out.ExpiresAt = string(file.digest), graph.Size(), file.URL, file.ExpiresAt.UTC()
	if info.Normaliser != "" {
		aside, err := x.keepExport(v, strings.NewReader(export.NormalJS), "js")
		if err != nil {
			return err
		}
		out.Normaliser = &ExportedAside{Name: info.Normaliser, Digest: string(aside.digest), URL: aside.URL}
	}
	return x.json(200, out)
}

// content is a file that can be read more than once.
type content interface {
	io.ReadSeeker
	Size() int64
}

// graphOf returns the graph of a model. One that was imported is one already;
// others are made as they are read, because one of 512 MB, which a model of 64
// can become, has no room in the function beside the model.
func graphOf(m pipeline.Predictor) (content, export.Info, error) {
	if g, imported := m.(*foreign.Model); imported {
		return bytes.NewReader(g.Graph()), g.Info(), nil
	}
	f, info, err := export.Lay(m, export.Limits{})
	if refused, ok := errors.AsType[*export.Error](err); ok {
		e := invalid("/format", "ONNX cannot say this model: "+refused.What+": "+refused.Msg)
		return nil, info, e.WithReason("not_exportable")
	}
	if err != nil {
		return nil, info, err
	}
	return f.Reader(), info, nil
}

// kept is a file in the bucket that can be downloaded.
type kept struct {
	blob.Presigned
	digest blob.Digest
}

// keepExport writes a file under its digest and signs its download.
func (x *exchange) keepExport(v registry.Version, data content, extension string) (kept, error) {
	ctx := x.r.Context()
	digest, err := blob.DigestReader(data)
	if err != nil {
		return kept{}, err
	}
	k := kept{digest: digest}
	key := registry.ExportObject(x.tenant(), v.Model, k.digest, extension)
	if _, err := data.Seek(0, io.SeekStart); err != nil {
		return k, fmt.Errorf("read the export again: %w", err)
	}
	_, err = x.Models.Put(ctx, key, data, data.Size(), blob.PutOptions{ContentType: "application/octet-stream"})
	if err != nil {
		return k, err
	}
	k.Presigned, err = x.Models.PresignGet(ctx, key, string(v.Model)+"."+extension, artifactLease)
	return k, err
}

// exportOf is the wire form of what is known of a graph.
func exportOf(v registry.Version, info export.Info) Export {
	out := Export{
		Model: string(v.Model), Version: v.Number, Format: formatONNX, Domain: info.Domain, Outputs: info.Outputs, Labels: info.Labels, Unicode: info.Unicode,
	}
	for _, o := range info.Opsets {
		out.Opsets = append(out.Opsets, Opset(o))
	}
	for _, in := range info.Inputs {
		out.Inputs = append(out.Inputs, ExportInput(in))
	}
	return out
}
