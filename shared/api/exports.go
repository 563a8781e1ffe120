package api

import (
	"bytes"
	"errors"

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

// maxExport bounds the graph that the registry function makes: the artifact and
// its copy (64 MB each), the index of its terms (32), the graph's tensors and its
// bytes come to at most 416 MB, twice of which, as the collector lets it grow,
// is within the function's 1,024 MB.
const maxExport = 128 << 20

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
	data, info, err := graphOf(m)
	if err != nil {
		return err
	}
	out := exportOf(v, info)
	file, err := x.keepExport(v, data, "onnx")
	if err != nil {
		return err
	}
	out.Digest, out.Size, out.URL, out.ExpiresAt = string(file.digest), int64(len(data)), file.URL, file.ExpiresAt.UTC()
	if info.Normaliser != "" {
		aside, err := x.keepExport(v, []byte(export.NormalJS), "js")
		if err != nil {
			return err
		}
		out.Normaliser = &ExportedAside{Name: info.Normaliser, Digest: string(aside.digest), URL: aside.URL}
	}
	return x.json(200, out)
}

// graphOf makes the graph of a model. One that was imported is one already.
func graphOf(m pipeline.Predictor) ([]byte, export.Info, error) {
	if g, imported := m.(*foreign.Model); imported {
		return g.Graph(), g.Info(), nil
	}
	data, info, err := export.Export(m, export.Limits{Bytes: maxExport})
	if refused, ok := errors.AsType[*export.Error](err); ok {
		e := invalid("/format", "ONNX cannot say this model: "+refused.What+": "+refused.Msg)
		return nil, info, e.WithReason("not_exportable")
	}
	return data, info, err
}

// kept is a file in the bucket that can be downloaded.
type kept struct {
	blob.Presigned
	digest blob.Digest
}

// keepExport writes a file under its digest and signs its download.
func (x *exchange) keepExport(v registry.Version, data []byte, extension string) (kept, error) {
	ctx := x.r.Context()
	k := kept{digest: blob.DigestOf(data)}
	key := registry.ExportObject(x.tenant(), v.Model, k.digest, extension)
	_, err := x.Models.Put(ctx, key, bytes.NewReader(data), int64(len(data)), blob.PutOptions{ContentType: "application/octet-stream"})
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
