package api

import (
	"encoding/json"
	"time"

	"godwit/shared/blob"
	"godwit/shared/fault"
	"godwit/shared/registry"
)

// Limits of what versions hand out.
const (
	maxReport     = 16 << 20        // bytes of a stored report
	artifactLease = 5 * time.Minute // of a presigned download
)

// listVersions lists a model's versions, newest first unless asked otherwise. The
// aliases are read once for the whole page.
func listVersions(x *exchange) error {
	ctx, t := x.r.Context(), x.tenant()
	p, err := x.page()
	if err != nil {
		return err
	}
	if _, err := x.Registry.Model(ctx, t, x.ref.Model); err != nil {
		return err
	}
	filter, err := x.versionFilter()
	if err != nil {
		return err
	}
	page, err := x.Registry.FindVersions(ctx, t, x.ref.Model, filter, p)
	if err != nil {
		return err
	}
	aliases, err := x.aliases()
	if err != nil {
		return err
	}
	return list(x, page, func(v registry.Version) Version { return versionOf(v, aliases) })
}

// number reads the path's version; one of the wrong form is absent.
func (x *exchange) number() (int, error) {
	number, err := registry.ParseVersion(x.r.PathValue("version"))
	if err != nil {
		return 0, fault.New(fault.NotFound, "")
	}
	return number, nil
}

// named reads the version the path names by number.
func (x *exchange) named() (registry.Version, error) {
	number, err := x.number()
	if err != nil {
		return registry.Version{}, err
	}
	return x.Registry.Version(x.r.Context(), x.tenant(), x.ref.Model, number)
}

// aliases returns the aliases of the path's model.
func (x *exchange) aliases() ([]registry.Alias, error) {
	return x.Registry.Aliases(x.r.Context(), x.tenant(), x.ref.Model)
}

// version answers with one version and its revision as the ETag. It never
// answers 304: the aliases that are shown move without a new revision.
func (x *exchange) version(v registry.Version) error {
	aliases, err := x.aliases()
	if err != nil {
		return err
	}
	x.etag(v.Rev)
	return x.json(200, versionOf(v, aliases))
}

// getVersion answers with one version by number.
func getVersion(x *exchange) error {
	v, err := x.named()
	if err != nil {
		return err
	}
	return x.version(v)
}

// patchVersion changes a version's description and tags, all of it that may
// change, under If-Match.
func patchVersion(x *exchange) error {
	rev, err := x.condition()
	if err != nil {
		return err
	}
	number, err := x.number()
	if err != nil {
		return err
	}
	var in VersionPatch
	if _, err := x.read(&in); err != nil {
		return err
	}
	v, err := x.Registry.UpdateVersion(x.r.Context(), x.tenant(), x.ref.Model, number, rev, func(v *registry.Version) error {
		if in.Description != nil {
			v.Description = *in.Description
		}
		if in.Tags != nil {
			v.Tags = *in.Tags
		}
		return checkWritten(v.Description, v.Tags)
	})
	if err != nil {
		return err
	}
	return x.version(v)
}

// deleteVersion removes a version, under the caller's condition if there is one.
func deleteVersion(x *exchange) error {
	rev, err := x.conditionIfAny()
	if err != nil {
		return err
	}
	number, err := x.number()
	if err != nil {
		return err
	}
	if err := x.Registry.DeleteVersion(x.r.Context(), x.tenant(), x.ref.Model, number, rev); err != nil {
		return err
	}
	return x.send(204, nil)
}

// getMetrics answers with the headline figures and the full report, which is too
// large for the version's record and lives in the models bucket.
func getMetrics(x *exchange) error {
	v, err := x.named()
	if err != nil {
		return err
	}
	out := Metrics{Model: string(v.Model), Version: v.Number, Test: v.Test, CV: v.CV}
	if out.Report, err = x.report(v); err != nil {
		return err
	}
	return x.json(200, out)
}

// report reads a version's full report; nil when it is gone or no JSON, which
// leaves the headline figures of the record.
func (x *exchange) report(v registry.Version) (json.RawMessage, error) {
	if v.ReportKey == "" {
		return nil, nil
	}
	report, err := blob.ReadAll(x.r.Context(), x.Models, v.ReportKey, maxReport)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return nil, err
	}
	if !json.Valid(report) {
		return nil, nil
	}
	return report, nil
}

// getLineage answers with what a version was made from.
func getLineage(x *exchange) error {
	v, err := x.named()
	if err != nil {
		return err
	}
	return x.json(200, lineageOf(v.Lineage))
}

// getSignature answers with what a version takes and gives.
func getSignature(x *exchange) error {
	v, err := x.named()
	if err != nil {
		return err
	}
	return x.json(200, Signature{Model: string(v.Model), Version: v.Number, Signature: v.Signature})
}

// getArtifact redirects to the artifact in the bucket: a function's answer is
// limited to 6 MB, an artifact to 64.
func getArtifact(x *exchange) error {
	v, err := x.named()
	if err != nil {
		return err
	}
	signed, err := x.Models.PresignGet(x.r.Context(), v.Artifact.Key, string(v.Model)+".safetensors", artifactLease)
	if err != nil {
		return err
	}
	x.w.Header().Set("Location", signed.URL)
	return x.send(302, nil)
}

// versionOf is the wire form of a version. aliases are those of its model.
func versionOf(v registry.Version, aliases []registry.Alias) Version {
	out := Version{
		Model: string(v.Model), Version: v.Number, Status: string(v.Status()), Aliases: []string{}, Task: string(v.Task), Algorithm: v.Algorithm, Runtime: v.Runtime,
		Digest: string(v.Artifact.Digest), Size: v.Artifact.Size, Signature: v.Signature, Labels: v.Labels,
		Metrics: Figures{Test: v.Test, CV: v.CV}, Gate: Gate(v.Gate), Lineage: lineageOf(v.Lineage),
		Settings: v.Settings, Description: v.Description, Tags: v.Tags, CreatedAt: v.CreatedAt,
	}
	for _, a := range aliases {
		if a.Version == v.Number {
			out.Aliases = append(out.Aliases, string(a.Name))
		}
	}
	return out
}

// lineageOf is the wire form of a lineage.
func lineageOf(l registry.Lineage) Lineage {
	return Lineage{
		Dataset: l.Dataset, Source: l.Source, SourceVersion: l.SourceVersion, DatasetSHA256: string(l.DatasetSHA256),
		DataTime: l.DataTime, Job: l.Job, Code: l.Code, Seed: l.Seed, Parent: l.Parent,
	}
}
